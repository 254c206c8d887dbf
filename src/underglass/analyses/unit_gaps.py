"""Which units are active for one subset and not for another, beyond what chance sets apart?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class UnitGaps:
    """How far two subsets differ in each unit, beside what shuffled memberships give.

    Attributes
    ----------
    gap : (units,) float64
        Share of A's instances in which the unit is among the most active, less B's share; −1..1.
    chance : (units,) float64
        The widest gap, without its sign, that any shuffle gave this unit.
    apart : (units,) bool
        Whether the gap is wider than that.
    by_chance : (draws,) int64
        For each shuffle, how many units it sets wider apart than every other shuffle does: what `apart.sum()` is compared with.
    p_value : float
        Share of shuffles, counting these subsets, that set as many units apart.
    """

    gap: Floats
    chance: Floats
    apart: NDArray[np.bool_]
    by_chance: Ints
    p_value: float


def unit_gaps(counts: tuple[ArrayLike, ArrayLike], sizes: tuple[int, int], shuffled: tuple[ArrayLike, ArrayLike]) -> UnitGaps:
    """Compare how often units are among the most active.

    Parameters
    ----------
    counts : two of (units,)
        From `aggregate_activations`, of A and of B.
    sizes : two counts
        Instances of A and of B, each at least 1.
    shuffled : two of (draws, units)
        The same for memberships of the same sizes handed to other instances, as `shuffled_labels.shuffle` gives them; at
        least two draws.

    Raises
    ------
    DataError
        If a subset is empty, there are fewer than two draws, or units do not fit.

    Source: a permutation test per unit; that the subsets and their shuffles can be exchanged makes the comparison of numbers of
    units exact, however the units depend on each other (Westfall and Young 1993).

    Examples
    --------
    >>> found = unit_gaps(([9, 5], [0, 5]), (10, 10), ([[4, 5], [5, 4]], [[5, 5], [4, 6]]))
    >>> found.gap.tolist(), found.apart.tolist()
    ([0.9, 0.0], [True, False])
    """
    if min(sizes) < 1:
        raise DataError("a gap is between two subsets, and one of them is empty.")
    a, b = (np.asarray(one, np.float64) for one in counts)
    chance_a, chance_b = (np.atleast_2d(np.asarray(one, np.float64)) for one in shuffled)
    if a.shape != b.shape or chance_a.shape != chance_b.shape or chance_a.shape[1:] != a.shape:
        raise DataError(f"the two subsets and their shuffles must have the same units: {a.shape}, {b.shape}, {chance_a.shape}.")
    if len(chance_a) < 2:
        raise DataError(f"chance needs at least 2 shuffles; got {len(chance_a)}.")
    gap = a / sizes[0] - b / sizes[1]
    wide = np.abs(chance_a / sizes[0] - chance_b / sizes[1])
    ordered = np.sort(wide, axis=0)
    widest, second = ordered[-1], ordered[-2]
    apart = np.abs(gap) > widest + 1e-12
    by_chance = ((wide >= widest) & (widest > second + 1e-12)).sum(axis=1)
    p_value = float((1 + (by_chance >= apart.sum()).sum()) / (1 + len(by_chance)))
    return UnitGaps(gap, widest, apart, by_chance, p_value)
