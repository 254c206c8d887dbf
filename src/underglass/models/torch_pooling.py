"""How does a layer's output become one number a unit, where it is a tensor?"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt
from typing import Any

import torch

from underglass.models import pooling as pieces
from underglass.models.layer_axes import Axes

HALVES = (torch.float16, torch.bfloat16)


def pool(value: Any, axes: Axes, pooling: Sequence[str]) -> dict[str, Any]:
    """`pooling.pool` in torch, float32, on the tensor's device."""
    pooled = pieces.pool(value, axes, pooling, reduce=_reduce, join=torch.cat)
    return {name: one.float() for name, one in pooled.items()}


def maps(value: Any, axes: Axes, unit: int | None) -> Any:
    """The whole output with instances first and channels second, (n, units, …space) float32; of one unit (n, 1, …space)."""
    moved = axes.in_order(value)
    return (moved if unit is None else moved[:, unit : unit + 1]).float().clone(memory_format=torch.contiguous_format)


def _reduce(value: Any, space: tuple[int, ...], pooling: Sequence[str]) -> dict[str, Any]:
    if not space:
        return {name: torch.zeros_like(value) if name == "std" else value.clone() for name in pooling}
    found: dict[str, Any] = {}
    if value.dtype in HALVES:
        value = value.float()
    images = space == (2, 3) and not value.is_contiguous() and value.is_contiguous(memory_format=torch.channels_last)
    if "max" in pooling:
        found["max"] = _over_images(torch.max_pool2d, value) if images else value.amax(space)
    if "min" in pooling:
        found["min"] = value.amin(space)
    if "mean" in pooling:
        found["mean"] = _over_images(torch.nn.functional.avg_pool2d, value) if images else value.mean(space)
    if "std" in pooling:
        # torch.std over the last axes takes one value at a time, ten times as long as this
        count = prod(value.shape[axis] for axis in space)
        found["std"] = torch.linalg.vector_norm(value - value.mean(space, keepdim=True), dim=space) / sqrt(count)
    return found


def _over_images(pooling: Any, value: Any) -> Any:
    """Pool whole maps whose channels lie last in memory: torch's pooling layers then take half the time of its reductions."""
    return pooling(value, value.shape[2:]).flatten(1)
