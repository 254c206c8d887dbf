"""How does a layer's output become one number a unit?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import torch

from underglass.errors import LayerError, unknown
from underglass.models.model import POOLINGS

PIECE = 1 << 18
"""Values that are looked at together where it takes two passes: a megabyte."""


@dataclass(frozen=True)
class Axes:
    """Where the axes of a module's output are.

    Parameters
    ----------
    batch : the axis that grows with the batch.
    channels : the axis whose entries are the units.
    fold : how many entries of the batch axis belong to one instance (windows folded into the batch), usually 1.
    ndim : count of axes of the output as the module gives it.
    """

    batch: int
    channels: int
    fold: int
    ndim: int

    def unfolded(self, value: Any) -> tuple[Any, int, int, tuple[int, ...]]:
        """The value with one entry of the batch axis an instance; its batch axis, its channel axis, and all others."""
        batch, channels = self.batch, self.channels
        if self.fold > 1:
            value = value.unflatten(batch, (-1, self.fold))
            channels += channels > batch
        return value, batch, channels, tuple(axis for axis in range(value.ndim) if axis not in (batch, channels))


def check_pooling(pooling: Sequence[str]) -> tuple[str, ...]:
    """The poolings asked for, once each.

    Raises
    ------
    LayerError
        One that does not exist; the message names the nearest.
    """
    for one in pooling:
        if one not in POOLINGS:
            raise LayerError(unknown("pooling", one, POOLINGS))
    return tuple(dict.fromkeys(pooling))


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
    pooled = _reduce(value, batch, space, pooling) if space else _single(value, pooling)
    if batch > channels:
        pooled = {name: one.t() for name, one in pooled.items()}
    return {name: one.float() for name, one in pooled.items()}


def _single(value: Any, pooling: Sequence[str]) -> dict[str, Any]:
    """One position a unit: the value itself, copied, for a later in-place operation would change it."""
    return {name: torch.zeros_like(value) if name == "std" else value.clone() for name in pooling}


def _reduce(value: Any, batch: int, space: tuple[int, ...], pooling: Sequence[str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if value.dtype in (torch.float16, torch.bfloat16) and {"mean", "std"} & set(pooling):
        value = value.float()
    if "max" in pooling:
        result["max"] = value.amax(space)
    if "min" in pooling:
        result["min"] = value.amin(space)
    if {"mean", "std"} & set(pooling):
        mean = value.mean(space, keepdim=True)
        if "mean" in pooling:
            result["mean"] = mean.squeeze(space)
        if "std" in pooling:
            result["std"] = _deviation(value, mean, space, batch)
    return result


def _deviation(value: Any, mean: Any, space: tuple[int, ...], batch: int) -> Any:
    """The population's standard deviation, in two passes and in pieces that stay in the caches.

    ``torch.std_mean`` over the last axes takes one value at a time, ten times as long.
    """
    count = prod(value.shape[axis] for axis in space)
    piece = max(1, PIECE // max(1, value.select(batch, 0).numel()))
    parts = [
        torch.linalg.vector_norm(some - its_mean, dim=space)
        for some, its_mean in zip(value.split(piece, batch), mean.split(piece, batch), strict=True)
    ]
    channels_before = sum(axis < batch for axis in range(value.ndim) if axis not in (*space, batch))
    return torch.cat(parts, channels_before) / sqrt(count)
