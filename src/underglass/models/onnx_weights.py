"""Which initialisers and constants does an operation of an ONNX graph hold?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import numpy_helper

from underglass.architecture.graph import Operation
from underglass.models.model import Array
from underglass.models.onnx_constants import Analysis
from underglass.models.onnx_file import kind_of
from underglass.models.onnx_names import name_nodes
from underglass.models.weights import Weight

Reader = tuple[tuple[int, ...], str, Callable[[], Array | None]]


def weights_in(model: Any, analysis: Analysis, operations: Sequence[Operation]) -> list[Weight]:
    """Weights of operations, each once, at the first that holds it.

    Parameters
    ----------
    model : onnx.ModelProto
        Only read.
    analysis : of it.
    operations : of its graph.
    """
    wanted = {one.id for one in operations}
    inputs = {one.name for one in model.graph.input}
    readers: dict[str, Reader] | None = None
    found: dict[str, Weight] = {}
    for node, named in zip(analysis.nodes, name_nodes(analysis), strict=True):
        name = named.name if named.name not in inputs else f"{named.name} ({node.op_type})"
        if name not in wanted:
            continue
        for weight, count in analysis.parameters_of(node).items():
            readers = readers if readers is not None else _readers(model, analysis)
            shape, kind, read = readers.get(weight, ((count,), "float32", lambda: None))
            found.setdefault(weight, Weight(weight, name, shape, kind, None, read))
    return list(found.values())


def _readers(model: Any, analysis: Analysis) -> dict[str, Reader]:
    """Every tensor that the file holds, by name; those in graphs inside an operation are not read."""
    found: dict[str, Reader] = {one.name: _reader(one) for one in model.graph.initializer}
    for node in model.graph.node:
        value = next((one for one in node.attribute if one.name == "value"), None)
        if node.op_type == "Constant" and value is not None:
            found[node.output[0]] = _reader(value.t)
        elif node.op_type == "ConstantOfShape":
            fill = numpy_helper.to_array(value.t).reshape(-1)[0] if value is not None else np.float32(0)
            constant = analysis.constants.get(node.output[0])
            if constant is not None and all(isinstance(size, int) for size in constant.shape):
                shape = tuple(int(size) for size in constant.shape)
                found[node.output[0]] = shape, constant.kind, _filled(shape, fill)
    return found


def _reader(tensor: Any) -> Reader:
    return tuple(tensor.dims), kind_of(tensor.data_type), lambda: _numbers(tensor)


def _filled(shape: tuple[int, ...], fill: Any) -> Callable[[], Array]:
    return lambda: np.broadcast_to(fill, shape)


def _numbers(tensor: Any) -> Array | None:
    """In a type that numpy has: halves and quarters of ONNX's own become float32."""
    values = np.asarray(numpy_helper.to_array(tensor))
    if values.dtype.kind in "biuf":
        return values
    try:
        return values.astype(np.float32) if values.dtype.kind != "c" else None
    except (TypeError, ValueError):
        return None
