"""Does a group differ from the others, or is it chance?

Divergence is the published measure: a group's value minus everyone's. Its t is published too, but compares a group with a whole
that contains it and leans on a normal tail; the p-values here compare the group with the rest, exactly where the outcome is yes
or no.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def beta_t(count: Integers, of: Integers, all_count: int, all_of: int) -> Floats:
    """t of the divergence of a share, with the sign of the divergence.

    Parameters
    ----------
    count, of : (groups,)
        Hits, and instances they were counted in.
    all_count, all_of : int
        The same of everyone.

    Source: Pastor, de Alfaro, Baralis 2021, "Looking for trouble", with Beta(hits + 1, misses + 1) for each share.
    """
    mean, variance = _beta(count, of - count)
    whole, whole_variance = _beta(np.array(all_count), np.array(all_of - all_count))
    return np.asarray((mean - whole) / np.sqrt(variance + whole_variance))


def _beta(hits: NDArray[np.integer], misses: NDArray[np.integer]) -> tuple[Floats, Floats]:
    a, b = hits + 1.0, misses + 1.0
    return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))


def welch(sums: Floats, whole: Floats) -> Floats:
    """Welch's t of the divergence of a mean from everyone's, as published.

    Parameters
    ----------
    sums : (groups, 3)
        Number, sum, sum of squares.
    whole : (3,)
        The same of everyone.
    """
    mean, variance = _moments(sums)
    centre, spread = _moments(whole)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((mean - centre) / np.sqrt(variance / sums[:, 0] + spread / whole[0]))


def welch_p(sums: Floats, whole: Floats) -> Floats:
    """Two-sided p of Welch's test of a group against the rest; 1 where either holds fewer than two instances.

    Parameters
    ----------
    sums : (groups, 3)
        Number, sum, sum of squares.
    whole : (3,)
        The same of everyone.
    """
    rest = whole - sums
    n, m = sums[:, 0], rest[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, variance = _moments(sums)
        other, spread = _moments(rest)
        a, b = variance / (n - 1), spread / (m - 1)
        freedom = (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))
        p = 2 * stdtr(freedom, -np.abs(mean - other) / np.sqrt(a + b))
    p = np.where((a + b == 0) & (mean != other), 0.0, p)
    return np.where((n < 2) | (m < 2) | np.isnan(p), 1.0, p)


def _moments(sums: Floats) -> tuple[Floats, Floats]:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums[..., 1] / sums[..., 0]
        return mean, np.maximum(sums[..., 2] / sums[..., 0] - mean**2, 0.0)


def false_discovery(p: Floats) -> Floats:
    """Benjamini and Hochberg's q of each p; NaN, where nothing was tested, stays and does not count as a test."""
    q = np.full(len(p), np.nan)
    order = np.argsort(p)[: np.count_nonzero(~np.isnan(p))]  # NaN sorts last
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q
