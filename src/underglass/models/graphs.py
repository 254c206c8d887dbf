"""Which framework is a model of, and what is its graph? One question for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from underglass.architecture.graph import ModelGraph
from underglass.errors import ModelError, needs
from underglass.models.adapters import import_keras, open_keras
from underglass.models.files import ENDINGS, is_model_file


def framework_of(model: Any) -> str:
    """``"torch"``, ``"keras"`` or ``"onnx"``; torch for what is none of them, whose reader then says so.

    Parameters
    ----------
    model : a module, a Keras model, a ModelProto, the path or bytes of a file, or what `underglass.models` makes of one.
    """
    known = getattr(model, "framework", None)
    if isinstance(known, str) and known in ("torch", "keras", "onnx"):
        return known
    if isinstance(model, str | Path):
        return ENDINGS.get(Path(model).suffix.lower(), "torch")
    origins = {one.__module__.split(".")[0] for one in (model if isinstance(model, type) else type(model)).__mro__}
    if isinstance(model, bytes) or "onnx" in origins:
        return "onnx"
    return "keras" if "keras" in origins else "torch"


def read_graph(model: Any, input_shape: Sequence[Any] | Mapping[str, Any] | None = None, *, inputs: Any = None) -> ModelGraph:
    """The graph of a model of any framework.

    Parameters
    ----------
    model : see `framework_of`
        Neither moved nor changed.
    input_shape : with the batch axis
        Needed for torch; in place of the model's own for Keras and ONNX.
    inputs : tensors in place of shapes, for torch.

    Raises
    ------
    ModelError
        The model cannot be read, or does not take that input.
    NotInstalled
        Its framework is missing.
    """
    if isinstance(model, str | Path) and not is_model_file(model):
        raise ModelError(f"{str(model)!r} does not end as a model file does: {', '.join(ENDINGS)}.")
    kind = framework_of(model)
    if inputs is not None and kind != "torch":
        raise ModelError(f"inputs= is for torch modules; a model of {kind} is read from its shapes: input_shape=….")
    if kind == "onnx":
        try:
            from underglass.models.onnx_graph import read_graph as read_onnx
        except ImportError as error:
            raise needs(error.name or "onnx", "onnx") from error
        return read_onnx(getattr(model, "file", model), input_shape)
    if kind == "keras":
        import_keras()
        from underglass.models.keras_graph import read_graph as read_keras

        net = open_keras(model) if isinstance(model, str | Path) else getattr(model, "net", model)
        return read_keras(net, input_shape)
    try:
        from underglass.models.torch_graph import read_graph as read_torch
    except ModuleNotFoundError as error:
        raise needs("torch", "torch") from error
    return read_torch(getattr(model, "net", model), input_shape, inputs=inputs)
