"""For how many instances of a subset is a unit among those that carry the layer? (Summit's activation aggregation)"""

from __future__ import annotations

from typing import Any, Literal

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.analyses.membership import Blocked, Membership, as_membership, in_blocks
from underglass.analyses.row_blocks import Progress
from underglass.errors import DataError

Ints = NDArray[np.integer[Any]]
Negative = Literal["relu", "shift", "abs"]

NEGATIVE = ("relu", "shift", "abs")
ROUNDING = 1e-10
KEPT_SORTED = 96
"""Up to this many units are kept sorted while a row is read; sorting the whole row is faster for more."""


def aggregate_activations(
    activations: ArrayLike | Blocked,
    membership: Membership,
    *,
    mass: float = 0.03,
    negative: Negative = "relu",
    progress: Progress | None = None,
) -> Ints:
    """Count, for each subset and unit, the instances in which the unit is among the most active.

    For each instance the units are taken in falling order of activation, the lower number first among equals, until their sum
    reaches ``mass`` of the layer's: the smallest such set, never more than ``ceil(mass · units)`` of them. Each of its units
    gains one.

    Parameters
    ----------
    activations : (instances, units), array or Blocked
        Maximum over space of each unit's map. Read in blocks; float16 is computed in float32 and summed in float64.
    membership : (instances, subsets) bool, or (instances,) subset numbers
        See `membership.as_membership`; overlap is normal.
    mass : float
        Share of the layer's activation to be explained, above 0, at most 1 [.03, as Summit last used].
    negative : {"relu", "shift", "abs"}
        What a negative activation is worth: nothing; all are shifted so that the instance's least is 0; its magnitude. To be
        stated wherever the counts are shown.
    progress : callable, optional
        Called with instances done, instances, and the stage; may raise to cancel.

    Returns
    -------
    (subsets, units) int64
        An instance without positive mass counts for nothing. A subset without instances is a row of zeros.

    Raises
    ------
    DataError
        If shapes do not fit, an activation is NaN or infinite, or an option is not one.

    Source: Hohman et al. 2019, "Summit", section 6.1, and its notebooks.

    Examples
    --------
    >>> aggregate_activations([[3.0, 2.0, 1.0], [0.0, 0.0, 5.0]], [[True], [True]], mass=0.6)
    array([[1, 1, 1]])
    """
    if negative not in NEGATIVE:
        raise DataError(f"negative must be one of {', '.join(NEGATIVE)}, not {negative!r}.")
    if not 0 < mass <= 1:
        raise DataError(f"mass is a share above 0 and at most 1, not {mass}.")
    (count, units), blocks = in_blocks(activations)
    inside = as_membership(membership, count)
    counts = np.zeros((inside.shape[1], units), np.int64)
    most = max(1, min(units, int(np.ceil(mass * units - 1e-9))))
    pointers, subsets = inside.indptr.astype(np.int64), inside.indices.astype(np.int64)
    for rows, block in blocks:
        broken = _count(block, pointers[rows.start : rows.stop + 1], subsets, mass, NEGATIVE.index(negative), most, counts)
        if broken >= 0:
            raise DataError(f"instance {rows.start + broken} has an activation that is NaN or infinite.")
        if progress is not None:
            progress(rows.stop, count, "activation aggregation")
    return counts


@numba.njit(cache=True, nogil=True)
def _count(block, pointers, subsets, mass, negative, most, counts):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Add the units of each row to the counts of the row's subsets; the first row that is not finite, or −1."""
    rows, units = block.shape
    value = np.empty(units, np.float32)
    best = np.empty(most, np.float32)
    unit = np.empty(most, np.int64)
    for row in range(rows):
        begin, end = pointers[row], pointers[row + 1]
        if begin == end:
            continue
        source = block[row]
        total = 0.0
        if negative == 0:
            for j in range(units):
                value[j] = source[j] if not source[j] < 0 else np.float32(0)
        elif negative == 1:
            least = source.min()
            for j in range(units):
                value[j] = source[j] - least
        else:
            for j in range(units):
                value[j] = abs(source[j])
        for j in range(units):
            total += value[j]
        if not np.isfinite(total):
            return row
        if total <= 0:
            continue
        enough = mass * total * (1 - ROUNDING)
        if most <= KEPT_SORTED:
            _largest(value, best, unit)
        else:
            unit = np.argsort(-value, kind="mergesort")
        reached = 0.0
        for rank in range(most):
            reached += value[unit[rank]]
            for at in range(begin, end):
                counts[subsets[at], unit[rank]] += 1
            if reached >= enough:
                break
    return -1


@numba.njit(cache=True, nogil=True)
def _largest(value, best, unit):  # type: ignore[no-untyped-def]
    """The largest values in falling order, the lower position first among equals."""
    most = len(best)
    filled = 0
    for j in range(len(value)):
        here = value[j]
        if filled == most and not here > best[most - 1]:
            continue
        at = filled if filled < most else most - 1
        while at > 0 and best[at - 1] < here:
            best[at] = best[at - 1]
            unit[at] = unit[at - 1]
            at -= 1
        best[at] = here
        unit[at] = j
        filled = min(filled + 1, most)
