"""What do the four cells of a confusion matrix say, and how surely?

Every rate is a quotient of sums of cells. Where the denominator is zero there is no rate: NaN here, null in tables, never 0.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from underglass.analyses.intervals import wilson

Floats = NDArray[np.float64]
Cells = NDArray[np.int64]

CELLS = ("tp", "fp", "tn", "fn")

# metric -> (cells counted, cells counted over). f1 counts true positives twice.
_PARTS: dict[str, tuple[tuple[int, int, int, int], tuple[int, int, int, int]]] = {
    "base_rate": ((1, 0, 0, 1), (1, 1, 1, 1)),
    "selection_rate": ((1, 1, 0, 0), (1, 1, 1, 1)),
    "accuracy": ((1, 0, 1, 0), (1, 1, 1, 1)),
    "precision": ((1, 0, 0, 0), (1, 1, 0, 0)),
    "recall": ((1, 0, 0, 0), (1, 0, 0, 1)),
    "specificity": ((0, 0, 1, 0), (0, 1, 1, 0)),
    "npv": ((0, 0, 1, 0), (0, 0, 1, 1)),
    "fnr": ((0, 0, 0, 1), (1, 0, 0, 1)),
    "fpr": ((0, 1, 0, 0), (0, 1, 1, 0)),
    "fdr": ((0, 1, 0, 0), (1, 1, 0, 0)),
    "for": ((0, 0, 0, 1), (0, 0, 1, 1)),
    "f1": ((2, 0, 0, 0), (2, 1, 0, 1)),
}
PARTS = MappingProxyType({name: (np.array(top), np.array(bottom)) for name, (top, bottom) in _PARTS.items()})

METRICS = tuple(PARTS)

# +1: higher is better, -1: lower is better, 0: neither, a group may differ in it without being served worse.
_NEITHER, _LOWER = ("base_rate", "selection_rate"), ("fnr", "fpr", "fdr", "for")
DIRECTIONS = MappingProxyType({name: 0 if name in _NEITHER else -1 if name in _LOWER else 1 for name in METRICS})

REPLICATES = 1000
SMOOTHING = 0.5
MOST_AT_ONCE = 2_000_000  # numbers drawn before they are reduced to quantiles: 16 MB


def counts(cells: NDArray[np.generic], metric: str) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """What a metric counts, and over how many.

    Parameters
    ----------
    cells : (..., 4)
        tp, fp, tn, fn.
    metric : str
        One of METRICS.

    Returns
    -------
    (...), (...)
        Numerator and denominator. Those of ``f1`` count a true positive twice.
    """
    top, bottom = PARTS[metric]
    return cells @ top.astype(cells.dtype), cells @ bottom.astype(cells.dtype)


def rate(cells: NDArray[np.generic], metric: str) -> Floats:
    """One metric of each confusion matrix, a fraction 0..1, NaN where it is 0/0.

    Parameters
    ----------
    cells : (..., 4)
        tp, fp, tn, fn.
    metric : str
        One of METRICS.

    Examples
    --------
    >>> rate(np.array([[3, 1, 5, 1], [0, 0, 4, 0]]), "recall").tolist()
    [0.75, nan]
    """
    top, bottom = counts(cells, metric)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.true_divide(top, bottom), dtype=np.float64)


def rate_interval(
    cells: Cells, metric: str, *, confidence: float = 0.95, replicates: int = REPLICATES, seed: int = 0
) -> tuple[Floats, Floats]:
    """Where the metric of each confusion matrix may truly lie.

    Wilson's interval for the rates; for ``f1``, which is no proportion of instances, the quantiles of `resample`.

    Parameters
    ----------
    cells : (groups, 4)
        tp, fp, tn, fn.
    metric : str
        One of METRICS.
    confidence : float
        Fraction, between 0 and 1.
    replicates, seed : int
        Of the bootstrap, for ``f1``.

    Returns
    -------
    (groups,), (groups,)
        Lower and upper end, fractions; NaN where the rate is 0/0.
    """
    if metric != "f1":
        top, bottom = counts(cells, metric)
        return wilson(top, bottom, confidence=confidence)
    value = rate(cells, metric)
    low, high = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    alike, group = np.unique(cells, axis=0, return_inverse=True)  # equal cells have equal intervals: drawn once
    group = group.reshape(-1)
    low_of, high_of = np.full(len(alike), np.nan), np.full(len(alike), np.nan)
    step = max(1, MOST_AT_ONCE // (4 * replicates))
    rng = np.random.default_rng(seed)
    for start in range(0, len(alike), step):
        part = slice(start, start + step)
        drawn = rate(resample(alike[part], replicates=replicates, rng=rng), metric)
        low_of[part], high_of[part] = quantiles(drawn, confidence)
    known = ~np.isnan(value)
    low[known], high[known] = np.minimum(low_of[group], value)[known], np.maximum(high_of[group], value)[known]
    return low, high


def resample(cells: Cells, *, replicates: int = REPLICATES, rng: np.random.Generator) -> Floats:
    """Bootstrap confusion matrices without touching an instance.

    Drawing a group's instances with replacement and counting is drawing its cells from a multinomial. Half a count is added to
    every cell first: without it a group with 0 errors of 20 could never show one, and its interval would be the single point 0.

    Parameters
    ----------
    cells : (groups, 4)
        tp, fp, tn, fn.
    replicates : int
        How many.
    rng : numpy Generator
        Source of chance.

    Returns
    -------
    (replicates, groups, 4)
        Redrawn cells; each group keeps its size.
    """
    size = cells.sum(axis=1)
    share = (cells + SMOOTHING) / (size + 4 * SMOOTHING)[:, None]
    return rng.multinomial(size, share, size=(replicates, len(cells))).astype(np.float64)


def quantiles(drawn: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Ends of the middle `confidence` of replicates, NaN where no replicate is defined.

    Parameters
    ----------
    drawn : (replicates, ...)
        A statistic of each replicate; NaN where it is 0/0 there, which does not count.
    confidence : float
        Fraction, between 0 and 1.
    """
    ordered = np.sort(drawn, axis=0)  # NaN last
    known = np.count_nonzero(~np.isnan(ordered), axis=0)
    ends = []
    for at in ((1 - confidence) / 2, (1 + confidence) / 2):
        place = at * np.maximum(known - 1, 0)
        below = np.floor(place).astype(np.intp)
        above = np.minimum(below + 1, np.maximum(known - 1, 0))
        low = np.take_along_axis(ordered, below[None], axis=0)[0]
        high = np.take_along_axis(ordered, above[None], axis=0)[0]
        ends.append(np.where(known > 0, low + (place - below) * (high - low), np.nan))
    return ends[0], ends[1]
