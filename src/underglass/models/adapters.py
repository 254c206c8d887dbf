"""How does a person hand over a model?"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from underglass.errors import ModelError, NotInstalled, needs
from underglass.models.settings import Settings, check

if TYPE_CHECKING:
    from underglass.models.keras_model import KerasModel
    from underglass.models.onnx_model import OnnxModel
    from underglass.models.torch_model import TorchModel


def torch(net: Any, *, channels_last: bool = False, **settings: Unpack[Settings]) -> TorchModel:
    """Look into a torch module.

    Parameters
    ----------
    net : torch.nn.Module
        Stays as it is: never moved, its mode restored, outputs unchanged to the last bit.
    channels_last : bool
        Lay images out with their channels last in memory. Often faster for convolutions on a CPU; outputs then agree with
        the module's own up to rounding, no longer to the last bit. The module itself stays as it is.
    preprocess, collate, classes, output, accuracy, name
        See `Settings`.

    Raises
    ------
    NotInstalled
        There is no torch.
    ModelError
        ``net`` is no module, or a setting is impossible.
    """
    try:
        from torch import nn

        from underglass.models.torch_model import TorchModel
    except ImportError as error:
        raise needs("torch", "torch") from error
    check(settings, ("channels_last",))
    _check_kind(net, nn.Module, "torch.nn.Module")
    return TorchModel(net, settings, channels_last=channels_last)


def onnx(source: Any, *, providers: Sequence[str] = ("CPUExecutionProvider",), **settings: Unpack[Settings]) -> OnnxModel:
    """Look into an ONNX file, run by onnxruntime. It gives no gradients: what needs them says so.

    onnxruntime and torch in one process both keep threads of their own and take time from each other.

    Parameters
    ----------
    source : path, bytes or onnx.ModelProto
        Only read.
    providers : names
        What onnxruntime computes on, best first.
    preprocess, collate, classes, output, accuracy, name
        See `Settings`.

    Raises
    ------
    NotInstalled
        There is no onnx or onnxruntime.
    ModelError
        It is no ONNX model, or a setting is impossible.
    """
    try:
        from underglass.models.onnx_model import OnnxModel
    except ImportError as error:
        raise needs(error.name or "onnxruntime", "onnx") from error
    check(settings, ("providers",))
    return OnnxModel(source, settings, providers=providers)


def keras(net: Any, **settings: Unpack[Settings]) -> KerasModel:
    """Look into a Keras 3 model: functional, sequential, nested or subclassed, on any backend.

    Parameters
    ----------
    net : keras.Model, or the path of a ``.keras`` or ``.h5`` file
        Stays as it is; called with ``training=False``.
    preprocess, collate, classes, output, accuracy, name
        See `Settings`.

    Raises
    ------
    NotInstalled
        There is no keras, or none of its backends.
    ModelError
        ``net`` is no Keras model, has no weights yet, or a setting is impossible.
    """
    found = import_keras()
    check(settings)
    if isinstance(net, str | Path):
        settings["name"] = settings.get("name") or Path(net).stem
        net = open_keras(net)
    _check_kind(net, found.Model, "keras.Model")
    if not net.built:
        raise ModelError(f"{net.name} has no weights yet; call it once, or net.build(input_shape).")
    from underglass.models.keras_model import KerasModel

    return KerasModel(net, settings)


def open_keras(path: str | Path) -> Any:
    """The Keras model in a ``.keras`` or ``.h5`` file; code inside it is not run.

    Raises
    ------
    ModelError
        It is no such file, holds weights alone, or needs code that is not there.
    """
    found = import_keras()
    if not Path(path).is_file():
        raise ModelError(f"{str(path)!r} is {'a folder' if Path(path).is_dir() else 'not there'}; a Keras file was meant.")
    try:
        return found.saving.load_model(str(path), compile=False)
    except Exception as error:  # Keras raises whatever its archive, its layers or h5py do
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        hint = " Make it in a function of your own: file.py:make." if "egister" in str(error) or "Lambda" in str(error) else ""
        raise ModelError(f"{str(path)!r} cannot be read as a Keras model: {first[:300]}{hint}") from error


def import_keras() -> Any:
    """Keras, on the backend that is chosen; on torch or jax if none is chosen and TensorFlow is not there.

    Raises
    ------
    NotInstalled
    """
    if "keras" in sys.modules:
        return sys.modules["keras"]
    chosen = os.environ.get("KERAS_BACKEND")
    if chosen is None and find_spec("tensorflow") is None:
        there = next((one for one in ("torch", "jax") if find_spec(one) is not None), None)
        if there is not None:
            os.environ["KERAS_BACKEND"] = there
    try:
        return import_module("keras")
    except ImportError as error:
        if find_spec("keras") is None or error.name is None:
            raise needs("keras", "keras") from error
        sys.modules.pop("keras", None)
        raise NotInstalled(
            f"Keras is set to a backend that needs {error.name}, which is not installed: install it, or say KERAS_BACKEND=torch."
        ) from error
    finally:
        if chosen is None:
            os.environ.pop("KERAS_BACKEND", None)


def _check_kind(net: Any, kind: type, called: str) -> None:
    if isinstance(net, kind):
        return
    given, hint = (net.__name__, " Give an instance of it.") if isinstance(net, type) else (type(net).__name__, "")
    raise ModelError(f"net is {given}, not a {called}.{hint}")


def to_tensor(image: np.ndarray[Any, Any]) -> Any:
    """The plainest preprocessing of a picture: bytes 0 to 255 become floats 0 to 1, channels come first.

    Parameters
    ----------
    image : (H, W) or (H, W, C), any number type
        Only bytes are scaled.

    Returns
    -------
    (C, H, W) float32 tensor; C is 1 for (H, W).
    """
    try:
        import torch
    except ImportError as error:
        raise needs("torch", "torch") from error
    tensor = torch.as_tensor(np.require(image, requirements=["C", "W"]))
    tensor = tensor.float() / 255.0 if image.dtype == np.uint8 else tensor.float()
    return tensor.unsqueeze(0) if tensor.ndim == 2 else tensor.permute(2, 0, 1).contiguous()
