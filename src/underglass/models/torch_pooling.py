"""How does a layer's output become one number a unit?"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt
from typing import Any

import torch

from underglass.models.layer_axes import Axes

HALVES = (torch.float16, torch.bfloat16)
PIECE = 1 << 20
"""Values that are looked at together, once for each pooling: four megabytes, which the caches still hold the second time."""


def pool(value: Any, axes: Axes, pooling: Sequence[str]) -> dict[str, Any]:
    """Reduce all axes but batch and channels.

    Parameters
    ----------
    value : tensor
        The module's output, as it is given.
    axes : Axes
        Where its axes are.
    pooling : of ``max, mean, std, min``
        std is the population's, 0 where there is one position.

    Returns
    -------
    pooling → (n, units) float32.
    """
    value, batch, channels, space = axes.unfolded(value)
    swapped = batch > channels
    if not space:
        pooled = _single(value, pooling)
    elif value.numel() <= PIECE:
        pooled = _reduce(value, space, pooling)
    else:
        some = max(1, PIECE * value.shape[batch] // value.numel())
        parts = [_reduce(piece, space, pooling) for piece in value.split(some, batch)]
        pooled = {name: torch.cat([part[name] for part in parts], int(swapped)) for name in parts[0]}
    if swapped:
        pooled = {name: one.t() for name, one in pooled.items()}
    return {name: one.float() for name, one in pooled.items()}


def _single(value: Any, pooling: Sequence[str]) -> dict[str, Any]:
    """One position a unit: the value itself, copied, for a later in-place operation would change it."""
    return {name: torch.zeros_like(value) if name == "std" else value.clone() for name in pooling}


def _reduce(value: Any, space: tuple[int, ...], pooling: Sequence[str]) -> dict[str, Any]:
    """Two axes are left, batch and channels, in the order they had."""
    result: dict[str, Any] = {}
    if value.dtype in HALVES:
        value = value.float()
    images = space == (2, 3) and not value.is_contiguous() and value.is_contiguous(memory_format=torch.channels_last)
    if "max" in pooling:
        result["max"] = _over_images(torch.max_pool2d, value) if images else value.amax(space)
    if "min" in pooling:
        result["min"] = value.amin(space)
    if "mean" in pooling:
        result["mean"] = _over_images(torch.nn.functional.avg_pool2d, value) if images else value.mean(space)
    if "std" in pooling:
        # torch.std over the last axes takes one value at a time, ten times as long as this
        count = prod(value.shape[axis] for axis in space)
        result["std"] = torch.linalg.vector_norm(value - value.mean(space, keepdim=True), dim=space) / sqrt(count)
    return result


def _over_images(pooling: Any, value: Any) -> Any:
    """Pool whole maps whose channels lie last in memory: torch's pooling layers then take half the time of its reductions."""
    return pooling(value, value.shape[2:]).flatten(1)
