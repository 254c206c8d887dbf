"""How do raw instances become the input of a torch module?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch

from underglass.errors import ModelError
from underglass.models.inputs import Prepared, batched
from underglass.models.nested import mapped

PLAINEST = "underglass.models.to_tensor makes (channels, height, width) floats from 0 to 1"


def prepare(
    raw: Sequence[Any], preprocess: Callable[[Any], Any] | None, collate: Callable[[list[Any]], Any] | None, net: Any
) -> Prepared:
    """Preprocess instance by instance, collate, and put on the module's device; the module itself never moves.

    Floats take the type of the module's parameters (float32 for float64 input of a float32 module, and so on).

    Raises
    ------
    ModelError
        ``preprocess`` fails, gives nothing usable, or gives shapes that cannot be stacked.
    """
    batch = batched(raw, preprocess, collate, part=_tensor, stack=torch.stack, plainest=PLAINEST)
    device, kind = home(net)

    def place(part: Any) -> Any:
        if not isinstance(part, torch.Tensor):
            return part
        return part.to(device, kind) if part.is_floating_point() else part.to(device)

    return Prepared(mapped(batch, place, lists=True), len(raw))


def home(net: Any) -> tuple[Any, Any]:
    """Device and float type of a module, taken from its first floating parameter or buffer; CPU and float32 without."""
    for tensor in chain(net.parameters(), net.buffers()):
        if tensor.is_floating_point():
            return tensor.device, tensor.dtype
    return torch.device("cpu"), torch.float32


def laid_out(inputs: Any) -> Any:
    """The same values, with images' channels last in memory: convolutions of a CPU then need no reordering in between."""
    return mapped(inputs, lambda one: one.contiguous(memory_format=torch.channels_last) if getattr(one, "ndim", 0) == 4 else one)


def _tensor(value: Any) -> Any:
    """An array, number or PIL image as a tensor."""
    if isinstance(value, torch.Tensor):
        return value
    try:
        return torch.as_tensor(np.require(value, requirements=["W"]))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"preprocess gives {type(value).__name__}; it must give a tensor, an array, or a tuple or dict of them."
        ) from error
