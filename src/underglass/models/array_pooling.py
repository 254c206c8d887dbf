"""How does a layer's output array become one number a unit? As for torch, in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from underglass.models.layer_axes import Axes
from underglass.models.model import Array


def pool(value: Array, axes: Axes, pooling: Sequence[str]) -> dict[str, Array]:
    """Reduce all axes but batch and channels.

    Parameters
    ----------
    value : array
        The layer's output, as it is given.
    axes : Axes
        Where its axes are.
    pooling : of ``max, mean, std, min``
        std is the population's, 0 where there is one position. Sums are made in double precision.

    Returns
    -------
    pooling → (n, units) float32.
    """
    value, batch, channels, space = axes.unfolded(value)
    if not space:
        pooled = {name: np.zeros_like(value) if name == "std" else value for name in pooling}
    else:
        pooled = {name: _reduced(value, space, name) for name in pooling}
    swapped = batch > channels
    return {name: np.array(one.T if swapped else one, np.float32) for name, one in pooled.items()}


def maps(value: Array, axes: Axes, unit: int | None) -> Array:
    """The whole output with instances first and channels second, (n, units, …space) float32; of one unit (n, 1, …space)."""
    value, batch, channels, space = axes.unfolded(value)
    moved = value.transpose(batch, channels, *space)
    chosen = moved if unit is None else moved[:, unit : unit + 1]
    return np.array(chosen, np.float32, order="C")


def _reduced(value: Array, space: tuple[int, ...], name: str) -> Array:
    if name == "max":
        found: Array = value.max(space)
    elif name == "min":
        found = value.min(space)
    elif name == "mean":
        found = value.mean(space, dtype=np.float64)
    else:
        found = value.std(space, dtype=np.float64)
    return found
