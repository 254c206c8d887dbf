"""How does a layer's output become one number a unit, where it is an array?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from underglass.models import pooling as pieces
from underglass.models.layer_axes import Axes
from underglass.models.model import Array


def pool(value: Array, axes: Axes, pooling: Sequence[str]) -> dict[str, Array]:
    """`pooling.pool` in numpy, float32; sums are made in double precision."""
    pooled = pieces.pool(value, axes, pooling, reduce=_reduce, join=np.concatenate)
    return {name: np.ascontiguousarray(one, np.float32) for name, one in pooled.items()}


def maps(value: Array, axes: Axes, unit: int | None) -> Array:
    """The whole output with instances first and channels second, (n, units, …space) float32; of one unit (n, 1, …space)."""
    moved = axes.in_order(value)
    chosen = moved if unit is None else moved[:, unit : unit + 1]
    return np.array(chosen, np.float32, order="C")


def _reduce(value: Array, space: tuple[int, ...], pooling: Sequence[str]) -> dict[str, Array]:
    if not space:
        return {name: np.zeros_like(value) if name == "std" else value.copy() for name in pooling}
    found: dict[str, Array] = {}
    if "max" in pooling:
        found["max"] = value.max(space)
    if "min" in pooling:
        found["min"] = value.min(space)
    if "mean" in pooling:
        found["mean"] = value.mean(space, dtype=np.float64)
    if "std" in pooling:
        found["std"] = value.std(space, dtype=np.float64)
    return found
