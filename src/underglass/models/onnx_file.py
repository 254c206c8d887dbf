"""How is an ONNX file read, and what does it ask for? Checked before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from underglass.errors import ModelError
from underglass.models.array_inputs import Spec
from underglass.models.inputs import said

SMALL = 4096
"""Constants of at most so many numbers are looked at for the shapes they say; larger ones are weights."""
LARGEST = 2**31 - 1


def read_file(source: Any) -> Any:
    """The model, with its outside data, and without initialisers among its inputs.

    Parameters
    ----------
    source : path, bytes, or onnx.ModelProto
        A ModelProto stays as it is: what comes back is a copy.

    Raises
    ------
    ModelError
        It is no ONNX model, its outside data is missing, or it holds no operation.
    """
    model = onnx.ModelProto()
    called = f"{str(source)!r}" if isinstance(source, str | Path) else "the model"
    try:
        if isinstance(source, onnx.ModelProto):
            model.CopyFrom(source)
        elif isinstance(source, bytes):
            model.ParseFromString(source)
        else:
            if not Path(source).is_file():
                raise ModelError(f"{called} is {'a folder' if Path(source).is_dir() else 'not there'}; an ONNX file was meant.")
            model = onnx.load(str(source))
    except DecodeError:
        raise ModelError(f"{called} cannot be read as ONNX: it is damaged, cut short, or of another format.") from None
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise ModelError(f"{called} cannot be read: {said(error)}") from error
    if not model.graph.node:
        raise ModelError(f"{called} cannot be read as ONNX: it holds no operation.")
    weights = {one.name for one in model.graph.initializer} | {one.values.name for one in model.graph.sparse_initializer}
    plain = [one for one in model.graph.input if one.name not in weights]
    if len(plain) < len(model.graph.input):
        del model.graph.input[:]
        model.graph.input.extend(plain)
        model.ir_version = max(model.ir_version, 4)  # before it, every initialiser had to be an input as well
    _check_order(model, called)
    return model


def inputs_of(model: Any) -> tuple[Spec, ...]:
    """What the model is called with; sizes that may vary are the words the file gives them, or None."""
    found = []
    for one in model.graph.input:
        tensor = one.type.tensor_type
        found.append(Spec(one.name, shape_of(tensor), kind_of(tensor.elem_type)))
    return tuple(found)


def shape_of(tensor: Any) -> tuple[int | str | None, ...]:
    """Sizes of a tensor's type; None where the file says nothing."""
    return tuple(
        one.dim_value if one.HasField("dim_value") and one.dim_value > 0 else (one.dim_param or None) for one in tensor.shape.dim
    )


def kind_of(element: int) -> str:
    """Type of numbers, in numpy's words; float32 where it is not known."""
    if element == onnx.TensorProto.UNDEFINED:
        return "float32"
    return str(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(element)))


def attributes(node: Any) -> dict[str, Any]:
    """A node's attributes by name, numbers, words and lists as Python's own."""
    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def bodies(node: Any) -> list[tuple[str, Any]]:
    """The graphs inside a node, as of ``If`` and ``Loop``, each with the attribute that holds it."""
    found = [(one.name, one.g) for one in node.attribute if one.type == onnx.AttributeProto.GRAPH]
    return found + [(one.name, graph) for one in node.attribute for graph in one.graphs]


def taken_by(node: Any) -> list[str]:
    """Every tensor a node takes, also those that graphs inside it take from outside."""
    return list(
        dict.fromkeys([name for name in node.input if name] + [name for _, body in bodies(node) for name in _outside(body)])
    )


def serialized(model: Any) -> bytes:
    """The bytes of a model.

    Raises
    ------
    ModelError
        Above 2 GB, which the format cannot hold in one piece.
    """
    try:
        data: bytes = model.SerializeToString()
    except ValueError:
        data = b""
    if not data or len(data) > LARGEST:
        raise ModelError("the model and its weights are above 2 GB, which cannot be run from memory in one piece.")
    return data


def _outside(body: Any) -> list[str]:
    known = {one.name for one in (*body.input, *body.initializer)}
    found = []
    for node in body.node:
        found += [name for name in taken_by(node) if name not in known]
        known.update(node.output)
    return [*found, *(one.name for one in body.output if one.name not in known)]


def _check_order(model: Any, called: str) -> None:
    graph = model.graph
    known = {one.name for one in (*graph.input, *graph.initializer)} | {one.values.name for one in graph.sparse_initializer}
    for node in graph.node:
        for name in taken_by(node):
            if name not in known:
                raise ModelError(
                    f"{called} is broken: {node.op_type} {node.name or node.output[0]!r} takes {name!r}, "
                    "which no input, weight or operation before it gives."
                )
        known.update(name for name in node.output if name)
    for one in graph.output:
        if one.name not in known:
            raise ModelError(f"{called} is broken: nothing gives its output {one.name!r}.")
