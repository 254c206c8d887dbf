"""How strongly does each unit respond to each group of instances?"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from underglass.errors import DataError

Array = np.ndarray[Any, Any]
UNITS_AT_ONCE = 64


@dataclass(frozen=True)
class UnitStatistics:
    """What a box plot of every unit over every group draws; each array is (groups, units) float32, NaN for an empty group.

    Attributes
    ----------
    groups : (groups,) int64
        The labels, ascending (−1, noise, first where it occurs), or the columns of the membership matrix.
    n : (groups,) int64
        Instances of each group; groups of a membership matrix may overlap.
    mean, minimum, first_quartile, median, third_quartile, maximum
        Quartiles by linear interpolation, as ``numpy.quantile``.
    lower, upper
        Whiskers: 1.5 interquartile ranges beyond the quartiles, but not beyond the extremes.
    """

    groups: Array
    n: Array
    mean: Array
    minimum: Array
    first_quartile: Array
    median: Array
    third_quartile: Array
    maximum: Array
    lower: Array
    upper: Array


def statistics(activations: Array, groups: Array) -> UnitStatistics:
    """Summarise every unit within every group, exactly.

    Parameters
    ----------
    activations : (instances, units)
        Any float type, finite. Summed in float64, sorted as float32.
    groups : (instances,) int or (instances, groups) bool
        A label for each instance, as of ``Patterns.labels`` with −1 for noise; or a membership matrix, in which groups may
        overlap and be empty.

    Raises
    ------
    DataError
        If the two do not have the same instances, or groups are neither whole numbers nor booleans.

    Source: the unit statistics of Bäuerle et al. 2022, "Neural Activation Patterns", but with exact quartiles (there: the mean of
    the quartiles of chunks).

    Examples
    --------
    >>> summary = statistics(np.array([[1.0], [2.0], [4.0], [7.0]]), np.array([0, 0, 0, 1]))
    >>> summary.median[:, 0].tolist(), summary.n.tolist()
    ([2.0, 7.0], [3, 1])
    """
    activations, groups = np.asarray(activations), np.asarray(groups)
    if activations.ndim != 2:
        raise DataError(f"activations must be (instances, units); got shape {activations.shape}.")
    if len(groups) != len(activations):
        raise DataError(f"groups are of {len(groups):,} instances, activations of {len(activations):,}.")
    names, order, start = _members(groups)
    n = np.diff(start)
    units = activations.shape[1]
    out = np.full((8, len(names), units), np.nan, np.float32)

    def summarise(first: int) -> None:
        part = slice(first, first + UNITS_AT_ONCE)
        block = np.asarray(activations[:, part].T, np.float32, order="C")[:, order]
        for group in np.flatnonzero(n):
            out[:, group, part] = _five_numbers(block[:, start[group] : start[group + 1]])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(summarise, range(0, units, UNITS_AT_ONCE)))
    return UnitStatistics(names, n, *out)


def _members(groups: Array) -> tuple[Array, Array, Array]:
    """Names of the groups; rows, group after group; and where each group starts in them."""
    if groups.ndim == 2 and groups.dtype == bool:
        group, order = np.nonzero(groups.T)
        sizes = np.bincount(group, minlength=groups.shape[1])
        names = np.arange(groups.shape[1])
    elif groups.ndim == 1 and groups.dtype.kind in "iub":
        names, code = np.unique(groups, return_inverse=True)
        order = np.argsort(code, kind="stable")
        sizes = np.bincount(code, minlength=len(names))
        names = names.astype(np.int64)
    else:
        given = f"{groups.dtype} {groups.shape}"
        raise DataError(f"groups must be one whole number per instance, or booleans (instances, groups); got {given}.")
    return names, order, np.concatenate([[0], np.cumsum(sizes)])


def _five_numbers(values: Array) -> Array:
    """Mean, minimum, quartiles, maximum and whiskers of each row of values (units, members ≥ 1), (8, units)."""
    ordered = np.sort(values, axis=1)
    count = ordered.shape[1]
    position = np.array([0.25, 0.5, 0.75]) * (count - 1)
    below = np.floor(position).astype(int)
    above = np.minimum(below + 1, count - 1)
    low, high = ordered[:, below].astype(np.float64), ordered[:, above].astype(np.float64)
    first, median, third = (low + (high - low) * (position - below)).T
    least, most = ordered[:, 0], ordered[:, -1]
    reach = 1.5 * (third - first)
    mean = values.mean(1, dtype=np.float64)
    return np.stack([mean, least, first, median, third, most, np.maximum(first - reach, least), np.minimum(third + reach, most)])
