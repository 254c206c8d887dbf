"""Which tensors of an ONNX graph depend on no input, what shapes do the others have, and which numbers are weights?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from underglass.architecture.graph import Shape
from underglass.errors import ModelError
from underglass.models.inputs import said
from underglass.models.model import Array
from underglass.models.onnx_file import SMALL, attributes, bodies, kind_of, taken_by

ROUNDS = 4
RANDOM = ("RandomNormal", "RandomUniform", "Multinomial", "Bernoulli")
SETTINGS = (
    *(
        "Clip",
        "Dropout",
        "Expand",
        "NonMaxSuppression",
        "OneHot",
        "Pad",
        "QuantizeLinear",
        "DequantizeLinear",
        "Range",
        "Reshape",
    ),
    *("Resize", "RoiAlign", "Slice", "Split", "Squeeze", "Tile", "TopK", "Unsqueeze", "Upsample", "CumSum", "Trilu", "Pow"),
)
"""Operations whose inputs after the first are settings rather than weights."""


@dataclass(frozen=True)
class Constant:
    """A tensor that no input goes into.

    Parameters
    ----------
    shape, kind : of it; sizes are words where they come from a size that may vary.
    value : None where it is large or follows from sizes that may vary.
    weights : name → count of the numbers it was made from that a training may have set.
    """

    shape: Shape
    kind: str
    value: Array | None = None
    weights: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Analysis:
    """An ONNX graph without what follows from constants and sizes alone.

    Parameters
    ----------
    nodes : the others, sources before targets.
    constants : by tensor name.
    shapes, kinds : of every tensor whose shape is known, by name.
    folded : how many nodes are left out.
    weights : name → count of every weight of the file.
    """

    nodes: tuple[Any, ...]
    constants: Mapping[str, Constant]
    shapes: Mapping[str, Shape]
    kinds: Mapping[str, str]
    folded: int
    weights: Mapping[str, int]

    def parameters_of(self, node: Any) -> dict[str, int]:
        """The weights that a node takes, also those in graphs inside it: name → count."""
        found: dict[str, int] = {}
        for place, name in enumerate(taken_by(node)):
            constant = self.constants.get(name)
            setting = place > 0 and (node.op_type in SETTINGS or node.op_type.startswith("Reduce"))
            if constant is not None and not setting:
                found.update(constant.weights)
        for attribute, body in bodies(node):
            found.update({f"{node.output[0]}/{attribute}/{name}": count for name, count in _weights_of(body).items()})
        return found


def analyse(model: Any, sizes: Mapping[str, Sequence[int]] | None = None) -> Analysis:
    """Infer all shapes and fold constants, by turns until nothing more is known.

    Parameters
    ----------
    model : onnx.ModelProto, from `read_file`
        Stays as it is.
    sizes : shapes of inputs by name, in place of those of the file.

    Raises
    ------
    ModelError
        The sizes do not fit the model.
    """
    copy = _hollow(model)
    if sizes:
        _check_sizes(copy, sizes)
        _resize(copy, sizes)
    known: dict[str, Constant] = {one.name: _initial(one) for one in model.graph.initializer}
    known |= {
        one.values.name: Constant(tuple(one.dims), "float32", weights={one.values.name: prod(one.dims)})
        for one in model.graph.sparse_initializer
    }
    weights = {name: n for one in known.values() for name, n in one.weights.items()}
    constants, values = known, -1
    shapes: dict[str, Shape] = {}
    kinds: dict[str, str] = {}
    for _ in range(ROUNDS):
        shapes, kinds = _inferred(copy)
        constants = _fold(model.graph.node, known, shapes, kinds, {one.domain: one.version for one in model.opset_import})
        found = [name for name, one in constants.items() if one.value is not None and name not in known]
        if len(found) == values:
            break
        values = len(found)
        _replace(copy, constants)
    nodes = tuple(node for node in model.graph.node if not all(name in constants for name in node.output if name))
    shapes |= {name: one.shape for name, one in constants.items()}
    weights |= {name: n for one in constants.values() for name, n in one.weights.items()}
    return Analysis(nodes, constants, shapes, kinds, len(model.graph.node) - len(nodes), weights)


def _fold(
    nodes: Sequence[Any],
    known: Mapping[str, Constant],
    shapes: Mapping[str, Shape],
    kinds: Mapping[str, str],
    versions: Mapping[str, int],
) -> dict[str, Constant]:
    """Every tensor that depends on no input but by its sizes."""
    found = dict(known)
    for node in nodes:
        if node.op_type.startswith(RANDOM) or bodies(node) or all(name in found for name in node.output if name):
            continue
        taken = [found.get(name) for name in node.input if name]
        if node.op_type in ("Shape", "Size") and node.input[0] not in found:
            shape = shapes.get(node.input[0])
            value = None
            if shape is not None and all(isinstance(size, int) for size in shape):
                mine = attributes(node)
                sizes = shape[mine.get("start", 0) : mine.get("end", len(shape))]
                value = np.asarray(sizes if node.op_type == "Shape" else prod(shape), np.int64)
            size = (len(shape),) if shape is not None and node.op_type == "Shape" else ()
            found[node.output[0]] = Constant(size if value is None else value.shape, "int64", value)
        elif node.op_type == "Constant":
            found[node.output[0]] = _written(node)
        elif taken and all(one is not None for one in taken):
            for name, constant in _computed(node, [one for one in taken if one is not None], shapes, kinds, versions).items():
                found[name] = constant
    return found


def _computed(
    node: Any, taken: Sequence[Constant], shapes: Mapping[str, Shape], kinds: Mapping[str, str], versions: Mapping[str, int]
) -> dict[str, Constant]:
    weights = {name: count for one in taken for name, count in one.weights.items()}
    outputs = [name for name in node.output if name]
    values: list[Any] = [None] * len(outputs)
    if node.op_type == "ConstantOfShape" and taken[0].value is not None:
        shape = tuple(int(size) for size in taken[0].value)
        fill = next((numpy_helper.to_array(one.t) for one in node.attribute if one.name == "value"), np.zeros(1, np.float32))
        if prod(shape) > SMALL:
            return {outputs[0]: Constant(shape, str(fill.dtype), weights=_counted(outputs[0], shape, str(fill.dtype)))}
        values = [np.full(shape, fill.reshape(-1)[0], fill.dtype)]
        weights = dict(_counted(outputs[0], shape, str(fill.dtype)))
    elif all(one.value is not None and one.value.size <= SMALL for one in taken):
        values = _evaluated(node, [one.value for one in taken], versions) or values
    made = {}
    for name, value in zip(outputs, values, strict=False):
        if value is not None and value.size <= SMALL:
            made[name] = Constant(tuple(value.shape), str(value.dtype), value, weights)
        else:
            made[name] = Constant(shapes.get(name, ("?",)), kinds.get(name, "float32"), None, weights)
    return made


def _evaluated(node: Any, values: Sequence[Any], versions: Mapping[str, int]) -> list[Any] | None:
    """What one node makes of known values, by ONNX's own reference; None for what it does not know."""
    names = [name for name in node.input if name]
    given = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(one.dtype), one.shape)
        for name, one in zip(names, values, strict=True)
    ]
    made = [onnx.ValueInfoProto(name=name) for name in node.output if name]
    opsets = [onnx.helper.make_opsetid(domain, version) for domain, version in versions.items()]
    try:
        single = onnx.helper.make_model(onnx.helper.make_graph([node], "one", given, made), opset_imports=opsets)
        results = ReferenceEvaluator(single).run(None, dict(zip(names, values, strict=True)))
    except Exception:  # noqa: BLE001 (a foreign operation, or one the reference cannot compute: its value stays unknown)
        return None
    return [np.asarray(one) for one in results]


def _written(node: Any) -> Constant:
    """A ``Constant`` node's tensor."""
    mine = attributes(node)
    for name in ("value", "sparse_value"):
        if name in mine:
            tensor = mine[name].values if name == "sparse_value" else mine[name]
            shape, kind = tuple(tensor.dims), kind_of(tensor.data_type)
            value = numpy_helper.to_array(tensor) if prod(shape) <= SMALL and name == "value" else None
            return Constant(shape, kind, value, _counted(node.output[0], shape, kind) if prod(shape) > 1 else {})
    value = np.asarray(next(iter(mine.values())))
    return Constant(tuple(value.shape), str(value.dtype), value if value.dtype.kind in "biuf" else None)


def _initial(tensor: Any) -> Constant:
    shape, kind = tuple(tensor.dims), kind_of(tensor.data_type)
    small = prod(shape) <= SMALL and not tensor.external_data
    return Constant(shape, kind, numpy_helper.to_array(tensor) if small else None, _counted(tensor.name, shape, kind))


def _counted(name: str, shape: Sequence[int], kind: str) -> dict[str, int]:
    """As a weight, unless it is a single number without axes, or counts and shapes."""
    trained = "float" in kind or kind in ("int8", "uint8", "int4", "uint4")
    return {name: prod(shape)} if trained and shape else {}


def _weights_of(body: Any) -> dict[str, int]:
    found = {name: n for one in body.initializer for name, n in _initial(one).weights.items()}
    for node in body.node:
        for _, inner in bodies(node):
            found |= _weights_of(inner)
    return found


def _hollow(model: Any) -> Any:
    """A copy without the numbers of large weights: shapes do not depend on them."""
    copy = onnx.ModelProto(ir_version=model.ir_version)
    copy.opset_import.extend(model.opset_import)
    copy.functions.extend(model.functions)
    graph = copy.graph
    graph.name = model.graph.name or "graph"
    graph.node.extend(model.graph.node)
    graph.input.extend(model.graph.input)
    graph.output.extend(onnx.ValueInfoProto(name=one.name) for one in model.graph.output)
    for one in model.graph.initializer:
        tensor = graph.initializer.add()
        if prod(one.dims) <= SMALL and not one.external_data:
            tensor.CopyFrom(one)
        else:
            tensor.name, tensor.data_type = one.name, one.data_type
            tensor.dims.extend(one.dims)
    return copy


def _inferred(model: Any) -> tuple[dict[str, Shape], dict[str, str]]:
    try:
        graph = shape_inference.infer_shapes(model, check_type=False, strict_mode=False, data_prop=True).graph
    except Exception:  # noqa: BLE001 (what ONNX cannot infer stays unknown, and is written so)
        graph = model.graph
    shapes: dict[str, Shape] = {one.name: tuple(one.dims) for one in model.graph.initializer}
    kinds: dict[str, str] = {}
    for one in (*graph.input, *graph.value_info, *graph.output):
        tensor = one.type.tensor_type
        if one.type.HasField("tensor_type") and tensor.HasField("shape"):
            shapes[one.name] = tuple(
                size.dim_value if size.HasField("dim_value") else (_word(size.dim_param)) for size in tensor.shape.dim
            )
        if one.type.HasField("tensor_type"):
            kinds[one.name] = kind_of(tensor.elem_type)
    return shapes, kinds


def _word(name: str) -> str:
    """The file's own word for a size; ``?`` for none, and for those that shape inference makes up."""
    return "?" if not name or name.startswith("unk__") else name


def _replace(model: Any, constants: Mapping[str, Constant]) -> None:
    """Put constants whose values are known in place of the nodes that make them."""
    graph = model.graph
    have = {one.name for one in graph.initializer}
    kept = []
    for node in graph.node:
        values = {name: constants[name].value for name in node.output if name in constants}
        if len(values) == len([name for name in node.output if name]) and all(one is not None for one in values.values()):
            graph.initializer.extend(numpy_helper.from_array(one, name) for name, one in values.items() if name not in have)
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def _check_sizes(model: Any, sizes: Mapping[str, Sequence[int]]) -> None:
    names = [one.name for one in model.graph.input]
    for name, shape in sizes.items():
        if name not in names:
            raise ModelError(f"the model has no input named {name!r}; its inputs are {', '.join(names)}.")
        asked = next(one for one in model.graph.input if one.name == name).type.tensor_type
        if asked.HasField("shape") and len(asked.shape.dim) != len(shape):
            raise ModelError(f"input {name!r} has {len(asked.shape.dim)} axes, and the shape {tuple(shape)} has {len(shape)}.")


def _resize(model: Any, sizes: Mapping[str, Sequence[int]]) -> None:
    """Give inputs other sizes; what no longer fits inside is said by ONNX's own inference, where the file's sizes fitted."""
    before = _misfit(model)
    for one in model.graph.input:
        if one.name in sizes:
            kind = one.type.tensor_type.elem_type
            one.CopyFrom(onnx.helper.make_tensor_value_info(one.name, kind, list(sizes[one.name])))
    after = _misfit(model)
    if after and not before:
        shapes = ", ".join(str(tuple(shape)) for shape in sizes.values())
        raise ModelError(f"the model does not fit an input of {shapes}: {after}")


def _misfit(model: Any) -> str:
    try:
        shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except shape_inference.InferenceError as error:
        lines = [line.strip() for line in str(error).splitlines() if "[" in line]
        return lines[-1] if lines else said(error)
    return ""
