"""Would another metric have pointed at other labels?

Metrics of association rank labels differently; some favour rare labels, some frequent ones. The report says which labels each
metric puts on top, how the metrics agree, and which follow the labels' frequency.

Source: Aka, Burke, Bäuerle, Greer, Mitchell 2021, "Measuring model biases in the absence of ground truth", section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.association_metrics import METRICS
from underglass.analyses.associations import Associations
from underglass.analyses.group_tables import nullable
from underglass.errors import DataError

Floats = NDArray[np.float64]

SIDES = ("either", "a", "b")
BIASED = 0.5
DIGITS = 12


@dataclass(frozen=True)
class Stability:
    """How the ten metrics' rankings of labels by gap compare.

    Attributes
    ----------
    metrics : tuple of str
        Names of rows and columns below.
    top : pyarrow.Table
        For each metric and side ("either": largest gap, "a": most towards a, "b": most towards b): ``metric``, ``side``,
        ``labels`` (how many are listed, at most k), and least, median and most count of the label, of the label with a, and
        with b: ``count_min``, ``count_median``, ``count_max``, ``count_a_min`` … ``count_b_max``.
    spearman, kendall : (metrics, metrics)
        Rank correlation of the gaps, over the labels that have both; NaN with fewer than three.
    overlap : (sides, metrics, metrics)
        Share of the labels on top that two metrics have in common, in the order of SIDES.
    frequency : (metrics,)
        Rank correlation of the size of the gap with the label's count: positive favours frequent labels, negative rare ones.
    biased : tuple of str
        Metrics whose size of gap follows the count by 0.5 or more, either way.
    """

    metrics: tuple[str, ...]
    top: pa.Table
    spearman: Floats
    kendall: Floats
    overlap: Floats
    frequency: Floats
    biased: tuple[str, ...]


def stability(associations: Associations, a: int | str, b: int | str, *, k: int = 100) -> Stability:
    """Compare the rankings that the metrics give.

    Parameters
    ----------
    associations : Associations
        Of `associate`.
    a, b : int or str
        Identities, as for `Associations.gap`.
    k : int
        How many labels make the top.

    Raises
    ------
    DataError
        If `k` is not positive or an identity is unknown.
    """
    if k < 1:
        raise DataError(f"k must be at least 1; got {k}.")
    from scipy.stats import kendalltau, spearmanr

    gaps = {metric: associations.gap(metric, a, b).round(DIGITS) for metric in METRICS}  # equal gaps must not differ by rounding
    counts = associations.label_count.astype(np.float64)
    tops = {metric: _top(gap, k) for metric, gap in gaps.items()}
    size = len(METRICS)
    spearman, kendall = np.eye(size), np.eye(size)
    overlap = np.ones((len(SIDES), size, size))
    for i, one in enumerate(METRICS):
        for j, other in enumerate(METRICS[:i]):
            both = ~np.isnan(gaps[one]) & ~np.isnan(gaps[other])
            enough = both.sum() >= 3
            x, y = gaps[one][both], gaps[other][both]
            spearman[i, j] = spearman[j, i] = _correlation(spearmanr, x, y) if enough else np.nan
            kendall[i, j] = kendall[j, i] = _correlation(kendalltau, x, y) if enough else np.nan
            for side in range(len(SIDES)):
                mine, theirs = tops[one][side], tops[other][side]
                most = max(len(mine), len(theirs))
                overlap[side, i, j] = overlap[side, j, i] = len(np.intersect1d(mine, theirs)) / most if most else np.nan
    frequency = np.full(size, np.nan)
    for i, metric in enumerate(METRICS):
        known = ~np.isnan(gaps[metric])
        if known.sum() >= 3:
            frequency[i] = _correlation(spearmanr, np.abs(gaps[metric][known]), counts[known])
    biased = tuple(metric for metric, along in zip(METRICS, frequency, strict=True) if abs(along) >= BIASED)
    return Stability(METRICS, _summary(associations, a, b, tops), spearman, kendall, overlap, frequency, biased)


def _top(gap: Floats, k: int) -> tuple[NDArray[np.intp], ...]:
    """Positions of the k largest gaps by size, towards a, and towards b."""
    known = np.flatnonzero(~np.isnan(gap))
    return tuple(known[np.argsort(-key[known], kind="stable")][:k] for key in (np.abs(gap), gap, -gap))


def _correlation(measure: Any, x: Floats, y: Floats) -> float:
    if (x == x[0]).all() or (y == y[0]).all():
        return np.nan
    return float(measure(x, y).statistic)


def _summary(associations: Associations, a: int | str, b: int | str, tops: dict[str, tuple[NDArray[np.intp], ...]]) -> pa.Table:
    first, others = associations.sides(a, b)
    counted = {
        "count": associations.label_count.astype(np.float64),
        "count_a": associations.joint[first].astype(np.float64),
        "count_b": associations.joint[others].mean(axis=0),
    }
    columns: dict[str, Any] = {"metric": [], "side": [], "labels": []}
    numbers: dict[str, list[float]] = {f"{name}_{part}": [] for name in counted for part in ("min", "median", "max")}
    for metric, sides in tops.items():
        for side, rows in zip(SIDES, sides, strict=True):
            columns["metric"].append(metric)
            columns["side"].append(side)
            columns["labels"].append(len(rows))
            for name, values in counted.items():
                for part, reduce in (("min", np.min), ("median", np.median), ("max", np.max)):
                    numbers[f"{name}_{part}"].append(float(reduce(values[rows])) if len(rows) else np.nan)
    return pa.table(columns | {name: nullable(np.array(values)) for name, values in numbers.items()})
