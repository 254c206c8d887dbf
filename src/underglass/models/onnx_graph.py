"""Which operations does an ONNX model hold, on which shapes?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from underglass.architecture.graph import Connection, ModelGraph, Operation, Shape
from underglass.errors import ModelError
from underglass.models.onnx_axes import Axes, axes_of_input, axes_of_output
from underglass.models.onnx_constants import Analysis, analyse
from underglass.models.onnx_counts import multiply_adds
from underglass.models.onnx_file import attributes, bodies, inputs_of, read_file, taken_by
from underglass.models.onnx_names import module_classes, name_nodes

SHOWN = (
    *("kernel_shape", "strides", "pads", "dilations", "group", "epsilon", "axis", "axes", "perm", "mode", "num_heads", "alpha"),
    *("hidden_size", "direction", "equation", "to", "blocksize", "ceil_mode", "auto_pad"),
)


def read_graph(source: Any, input_shape: Sequence[Any] | Mapping[str, Any] | None = None) -> ModelGraph:
    """The graph of an ONNX model; it is not run.

    Parameters
    ----------
    source : path, bytes or onnx.ModelProto
        Stays as it is.
    input_shape : sizes with the batch axis, in place of those of the file
        Several for several inputs, a mapping by name. Without, sizes that may vary are written as the file's own words.

    Raises
    ------
    ModelError
        It is no ONNX model, or the shape does not fit it.
    """
    model = read_file(source)
    analysis = analyse(model, _sizes(model, input_shape))
    if not analysis.nodes:
        raise ModelError(f"nothing in {model.graph.name or 'the model'} is computed from its input.")
    names = name_nodes(analysis)
    operations, axes, maker = _inputs(model, analysis)
    taken_ids = {one.id for one in operations}
    connections: list[Connection] = []
    counted: set[str] = set()
    used = {one for node in analysis.nodes for one in taken_by(node)} | {one.name for one in model.graph.output}
    for node, named in zip(analysis.nodes, names, strict=True):
        name = named.name if named.name not in taken_ids else f"{named.name} ({node.op_type})"
        fed = [one for one in taken_by(node) if one in maker]
        came = [(analysis.shapes.get(one, ("?",)), axes[one]) for one in fed]
        weights = analysis.parameters_of(node)
        _check_channels(node, named.name, analysis)
        given = [one for place, one in enumerate(node.output) if one and (not place or one in used)]
        shapes: tuple[Shape, ...] = tuple(analysis.shapes.get(one, ("?",)) for one in given) or (("?",),)
        mine = attributes(node)
        table = bool(analysis.parameters_of(node))
        where = axes_of_output(node.op_type, shapes[0], came, mine, table=table) if shapes[0] != ("?",) else (0, None)
        batch, features = where
        fresh = {one: count for one, count in weights.items() if one not in counted}
        counted.update(fresh)
        details = _details(node, mine)
        if weights and not fresh:
            details["weights"] = f"shared: {', '.join(list(weights)[:3])}"
        operations.append(
            Operation(
                name,
                node.op_type,
                named.path,
                shapes,
                shapes[0][features] if features is not None else None,
                _extent(shapes[0], batch, features),
                sum(fresh.values()),
                multiply_adds(node.op_type, [analysis.shapes.get(one) if one else None for one in node.input], shapes[0], mine),
                named.line,
                details,
                True,
            )
        )
        seen = dict.fromkeys((maker[one], analysis.shapes.get(one, ("?",))) for one in fed)
        connections += [Connection(before, name, shape) for before, shape in seen]
        for output in node.output:
            if output:
                maker[output] = name
                axes[output] = where
    outputs = tuple(dict.fromkeys(maker[one.name] for one in model.graph.output if one.name in maker))
    total = sum(analysis.weights.values())
    return ModelGraph(
        model.graph.name or "model",
        tuple(operations),
        tuple(connections),
        outputs,
        total,
        module_classes(analysis.nodes, [one.path for one in names]),
        "read from the file",
        "",
        _notes(analysis, operations, total),
    )


def _inputs(model: Any, analysis: Analysis) -> tuple[list[Operation], dict[str, Axes], dict[str, str]]:
    operations, axes, maker = [], {}, {}
    for spec in inputs_of(model):
        shape: Shape = analysis.shapes.get(spec.name, tuple("?" if size is None else size for size in spec.shape))
        batch, features = axes_of_input(shape, whole_numbers="int" in spec.kind and spec.kind != "uint8")
        width = shape[features] if features is not None else None
        operations.append(Operation(spec.name, "Input", "", (shape,), width, _extent(shape, batch, features)))
        axes[spec.name] = batch, features
        maker[spec.name] = spec.name
    return operations, axes, maker


def _check_channels(node: Any, name: str, analysis: Analysis) -> None:
    """ONNX's own inference does not look whether a kernel fits what comes in."""
    given = analysis.shapes.get(node.output[0], ())
    if "Conv" in node.op_type or "Pool" in node.op_type:
        came = next((analysis.shapes.get(one, ()) for one in node.input if one not in analysis.constants), ())
        if any(isinstance(size, int) and size <= 0 for size in given):
            raise ModelError(f"{name!r} leaves nothing of {came}: the model does not fit its input.")
    if node.op_type not in ("Conv", "ConvTranspose"):
        return
    source, kernel = (analysis.shapes.get(one, ()) for one in node.input[:2])
    if len(source) < 3 or len(kernel) < 3:
        return
    wanted = kernel[1] if node.op_type == "Conv" else kernel[0]
    if node.op_type == "Conv" and isinstance(wanted, int):
        wanted *= attributes(node).get("group", 1)
    if isinstance(wanted, int) and isinstance(source[1], int) and wanted != source[1]:
        first = next((analysis.shapes[one] for one in node.input if one not in analysis.constants), source)
        raise ModelError(f"{name!r} takes {wanted} channels, and {first} come in: the model does not fit its input.")


def _extent(shape: Shape, batch: int, features: int | None) -> Shape:
    return tuple(size for axis, size in enumerate(shape) if axis not in (batch, features)) if shape != ("?",) else ()


def _details(node: Any, mine: Mapping[str, Any]) -> dict[str, str]:
    details = {name: _written(mine[name]) for name in SHOWN if name in mine}
    for name, body in bodies(node):
        details[name] = f"{body.name or 'graph'}, {len(body.node)} operation{'s' if len(body.node) != 1 else ''}"
    if node.domain not in ("", "ai.onnx"):
        details["domain"] = node.domain
    return details


def _written(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return f"({', '.join(f'{one:g}' for one in value)})" if isinstance(value, list | tuple) else f"{value:g}"


def _notes(analysis: Analysis, operations: Sequence[Operation], total: int) -> tuple[str, ...]:
    notes = []
    unused = total - sum(one.parameters for one in operations)
    if unused:
        notes.append(f"{unused:,} parameters are used by no operation")
    words = {size for one in operations for shape in one.shapes for size in shape if isinstance(size, str)}
    if words:
        notes.append(f"sizes that may vary ({', '.join(sorted(words))}) count as 1 in multiply-adds")
    if any(one.shapes[0] == ("?",) for one in operations):
        notes.append("the shapes of some operations are not known")
    return tuple(notes)


def _sizes(model: Any, input_shape: Any) -> dict[str, tuple[int, ...]] | None:
    if input_shape is None:
        return None
    specs = inputs_of(model)
    if isinstance(input_shape, Mapping):
        given = dict(input_shape)
    else:
        several = bool(input_shape) and all(isinstance(one, list | tuple) for one in input_shape)
        shapes = list(input_shape) if several else [input_shape]
        if len(shapes) != len(specs):
            raise ModelError(f"{len(shapes)} shapes for {len(specs)} inputs: {', '.join(str(one) for one in specs)}.")
        given = {spec.name: shape for spec, shape in zip(specs, shapes, strict=True)}
    for shape in given.values():
        if not isinstance(shape, list | tuple) or not all(
            (isinstance(n, int) and not isinstance(n, bool) and n > 0) or isinstance(n, str) for n in shape
        ):
            raise ModelError(
                f"{shape!r} is no shape; give whole numbers above 0 with the batch axis first, such as (1, 3, 224, 224)."
            )
    return {name: tuple(shape) for name, shape in given.items()}
