"""How does a layer's output become one number a unit? The same for every framework, with its own arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from underglass.models.layer_axes import Axes

PIECE = 1 << 20
"""Values that are looked at together, once for each pooling: four megabytes, which the caches still hold the second time."""

Reduce = Callable[[Any, tuple[int, ...], Sequence[str]], dict[str, Any]]
"""A value (n, units, …space) and its axes of space → pooling → (n, units)."""


def pool(value: Any, axes: Axes, pooling: Sequence[str], *, reduce: Reduce, join: Callable[[list[Any]], Any]) -> dict[str, Any]:
    """Reduce all axes but batch and channels, a few instances at a time: nothing of the size of the whole is made beside it.

    Parameters
    ----------
    value : tensor or array
        The layer's output, as it is given.
    axes : Axes
        Where its axes are.
    pooling : of ``max, mean, std, min``
        std is the population's, 0 where there is one position.
    reduce : the framework's reductions; without axes of space it copies, for a later operation may change the value.
    join : puts pieces together.

    Returns
    -------
    pooling → (n, units).
    """
    value = axes.in_order(value)
    count, size, space = len(value), prod(value.shape), tuple(range(2, value.ndim))
    some = max(1, PIECE * count // size) if space and size > PIECE else max(1, count)
    parts = [reduce(value[at : at + some], space, pooling) for at in range(0, count, some)]
    return parts[0] if len(parts) == 1 else {name: join([part[name] for part in parts]) for name in parts[0]}
