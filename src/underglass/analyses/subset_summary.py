"""What do the units of a layer do on each subset? (the rows of the neuron activation matrix)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.analyses.membership import Blocked, Membership, as_membership, in_blocks
from underglass.analyses.row_blocks import Progress

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

DENSE = 1 / 16
"""With more of the membership true than this, a matrix product is faster than adding row by row."""
CENTRE = 256
"""So many rows say around where to sum."""


@dataclass(frozen=True)
class SubsetSummary:
    """Each subset's count, and the mean and spread of every unit over it.

    Attributes
    ----------
    count : (subsets,) int64
        Instances.
    mean : (subsets, units) float32
        NaN for a subset without instances: empty is not zero.
    deviation : (subsets, units) float32
        Standard deviation over the subset as it is (divided by n); 0 for one instance, NaN for none.
    """

    count: Ints
    mean: Floats
    deviation: Floats


def summarize(activations: ArrayLike | Blocked, membership: Membership, *, progress: Progress | None = None) -> SubsetSummary:
    """Mean and standard deviation of each unit over each subset.

    Parameters
    ----------
    activations : (instances, units), array or Blocked
        Pooled output of one layer. Read in blocks; rows that belong to no subset are not looked at.
    membership : (instances, subsets) bool, or (instances,) subset numbers
        See `membership.as_membership`; overlap is normal.
    progress : callable, optional
        Called with instances done, instances, and the stage; may raise to cancel.

    Raises
    ------
    DataError
        If shapes do not fit.

    Source: Kahng et al. 2017, "ActiVis", section 5: ``normalise(Sᵀ A)``; sums are taken in float64 around the mean of the first
    rows.

    Examples
    --------
    >>> found = summarize([[1.0, 0.0], [3.0, 4.0]], [[True, False], [True, False]])
    >>> found.count.tolist(), found.mean.tolist()
    ([2, 0], [[2.0, 2.0], [nan, nan]])
    """
    (instances, units), blocks = in_blocks(activations)
    inside = as_membership(membership, instances)
    used = np.diff(inside.indptr) > 0
    if isinstance(activations, np.ndarray) and 2 * used.sum() < instances:
        return summarize(activations[used], inside[used], progress=progress)
    subsets = inside.shape[1]
    first, second = np.zeros((subsets, units)), np.zeros((subsets, units))
    count = np.bincount(inside.indices, minlength=subsets)
    pointers, columns = inside.indptr.astype(np.int64), inside.indices.astype(np.int64)
    dense = inside.nnz > DENSE * max(1, instances * subsets) and subsets > 2
    centre: Floats | None = None
    for rows, block in blocks:
        bounds = pointers[rows.start : rows.stop + 1]
        if bounds[0] < bounds[-1]:
            if centre is None:
                centre = np.ascontiguousarray(block[:CENTRE].mean(0, dtype=np.float64), np.float32)
            if dense:
                here = np.zeros((subsets, len(block)), np.float32)
                here[columns[bounds[0] : bounds[-1]], np.repeat(np.arange(len(block)), np.diff(bounds))] = 1
                values = block - centre
                first += here @ values
                second += here @ np.square(values, out=values)
            else:
                _add(block, centre, bounds, columns, first, second)
        if progress is not None:
            progress(rows.stop, instances, "subset means")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = first / count[:, None]
        spread = np.sqrt(np.maximum(second / count[:, None] - mean**2, 0))
    spread[count == 1] = 0
    offset = np.zeros(units, np.float32) if centre is None else centre
    return SubsetSummary(count, (mean + offset).astype(np.float32), spread.astype(np.float32))


@numba.njit(cache=True, nogil=True)
def _add(block, centre, pointers, subsets, first, second):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Add each row, and its square, around the centre, to the sums of its subsets."""
    for row in range(len(block)):
        for at in range(pointers[row], pointers[row + 1]):
            one, two = first[subsets[at]], second[subsets[at]]
            for unit in range(block.shape[1]):
                value = block[row, unit] - centre[unit]
                one[unit] += value
                two[unit] += value * value
