"""How does a person hand over a model?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import ModelError, needs, unknown
from underglass.models.model import Output

if TYPE_CHECKING:
    from underglass.models.torch_model import TorchModel

OUTPUTS = ("logits", "probabilities")


def torch(
    net: Any,
    *,
    preprocess: Callable[[Any], Any] | None = None,
    classes: Sequence[str] | None = None,
    output: Output = "logits",
    accuracy: float | None = None,
    name: str | None = None,
    collate: Callable[[list[Any]], Any] | None = None,
    channels_last: bool = False,
) -> TorchModel:
    """Look into a torch module.

    Parameters
    ----------
    net : torch.nn.Module
        Stays as it is: never moved, its mode restored, outputs unchanged to the last bit.
    preprocess : callable
        One raw instance → a tensor, or a tuple or dict of tensors, without batch axis. Not needed if instances already
        are what the module takes.
    classes : names
        In the order of the outputs; the data set's without them.
    output : "logits" or "probabilities"
        What the module gives.
    accuracy : share, 0 to 1
        What you know it to reach. Shown beside what capture finds: a gap is the first sign of wrong preprocessing.
    name : word
        What to call it; the module's class without it.
    collate : callable
        List of preprocessed instances → the module's input, where stacking will not do (padding of texts).
    channels_last : bool
        Lay images out with their channels last in memory. Often faster for convolutions on a CPU; outputs then agree with
        the module's own up to rounding, no longer to the last bit. The module itself stays as it is.

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
    if not isinstance(net, nn.Module):
        hint = " Give an instance of it." if isinstance(net, type) else ""
        raise ModelError(f"net is {net.__name__ if isinstance(net, type) else type(net).__name__}, not a torch.nn.Module.{hint}")
    if output not in OUTPUTS:
        raise ModelError(unknown("output", output, OUTPUTS))
    if accuracy is not None and not 0 <= accuracy <= 1:
        raise ModelError(f"accuracy is {accuracy:g}; it is a share from 0 to 1 (write .89 for 89 %).")
    return TorchModel(
        net,
        preprocess=preprocess,
        collate=collate,
        channels_last=channels_last,
        classes=tuple(str(one) for one in classes or ()),
        output=output,
        accuracy=accuracy,
        name=name or type(net).__name__.lower(),
    )


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
