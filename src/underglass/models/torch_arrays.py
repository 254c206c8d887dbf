"""How do the numbers of a tensor come out as an array, and its bits?"""

from __future__ import annotations

from typing import Any

import torch

from underglass.models.model import Array


def to_array(tensor: Any) -> Array:
    """A tensor as a float32 array, wherever it lies."""
    array: Array = tensor.detach().float().cpu().numpy()
    return array


def bits(tensor: Any) -> tuple[str, Array]:
    """Type and shape in a word, and all bytes; also of types that numpy has not."""
    whole = tensor.detach().cpu().contiguous()
    return f"{whole.dtype}{tuple(whole.shape)}", whole.reshape(-1).view(torch.uint8).numpy()
