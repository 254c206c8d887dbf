"""Which units of a layer never do anything, and which do the same?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.analyses.membership import Blocked, in_blocks
from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

ALIKE = 0.999
"""Correlation from which two units count as the same."""
SAMPLE = 4096
"""So many instances, evenly spread, say which pairs may be alike; those are then looked at on all."""


@dataclass(frozen=True)
class UnitCensus:
    """Range of every unit, and who is dead or a twin.

    Attributes
    ----------
    low, high, mean, deviation : (units,) float32
        Over all finite instances; NaN if there is none.
    dead : (units,) bool
        Never above 0, or the same on every instance: it tells no two instances apart where a rectifier follows, or at all.
    twin_of : (units,) int32
        The first unit of a live group whose activations are alike; −1 for a unit that is like no earlier one.
    finite : (instances,) bool
        Which instances have activations; the others could not be read.
    """

    low: Floats
    high: Floats
    mean: Floats
    deviation: Floats
    dead: NDArray[np.bool_]
    twin_of: Ints
    finite: NDArray[np.bool_]


def census(activations: ArrayLike | Blocked) -> UnitCensus:
    """Look at every unit of a layer once.

    Parameters
    ----------
    activations : (instances, units), array or Blocked
        Pooled output of one layer; a row with a NaN stands for an instance that could not be read.

    Raises
    ------
    DataError
        If there is no instance.

    Examples
    --------
    >>> found = census([[0.0, 1.0, 2.0, 5.0], [0.0, 2.0, 4.0, 5.0], [0.0, 4.0, 8.0, 5.0]])
    >>> found.dead.tolist(), found.twin_of.tolist()
    ([True, False, False, True], [-1, -1, 1, -1])
    """
    (instances, units), blocks = in_blocks(activations)
    if not instances:
        raise DataError("a census of units needs instances, and there is none.")
    low, high = np.full(units, np.inf, np.float32), np.full(units, -np.inf, np.float32)
    first, second = np.zeros(units), np.zeros(units)
    finite = np.zeros(instances, bool)
    step = max(1, instances // SAMPLE)
    some = []
    for rows, block in blocks:
        sound = np.isfinite(block).all(axis=1)
        finite[rows] = sound
        values = block if sound.all() else block[sound]
        if not len(values):
            continue
        low, high = np.minimum(low, values.min(0)), np.maximum(high, values.max(0))
        first += values.sum(0, dtype=np.float64)
        second += np.einsum("iu,iu->u", values, values, dtype=np.float64)
        some.append(values[(-rows.start) % step :: step])
    count = int(finite.sum())
    if not count:
        nothing = np.full(units, np.nan, np.float32)
        return UnitCensus(nothing, nothing, nothing, nothing, np.ones(units, bool), np.full(units, -1, np.int32), finite)
    mean = first / count
    deviation = np.sqrt(np.maximum(second / count - mean**2, 0))
    constant = high == low
    dead = (high <= 0) | constant
    return UnitCensus(
        low, high, mean.astype(np.float32), deviation.astype(np.float32), dead, _twins(np.concatenate(some), ~dead), finite
    )


def _twins(sample: Floats, live: NDArray[np.bool_]) -> Ints:
    """The first live unit that each is like."""
    twin = np.full(sample.shape[1], -1, np.int32)
    index = np.flatnonzero(live)
    if len(index) < 2 or len(sample) < 3:
        return twin
    values = sample[:, index].astype(np.float32)
    values = values - values.mean(0, dtype=np.float64).astype(np.float32)
    size = np.sqrt(np.einsum("iu,iu->u", values, values, dtype=np.float64)).astype(np.float32)
    values /= np.where(size > 0, size, 1)
    for place in range(1, len(index)):
        alike = np.flatnonzero(values[:, :place].T @ values[:, place] > ALIKE)
        if len(alike) and size[place] > 0:
            one = int(index[alike[0]])
            twin[index[place]] = twin[one] if twin[one] >= 0 else one
    return twin
