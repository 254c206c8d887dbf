"""How do a score's errors change with the threshold, in each group?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri

from underglass.analyses.confusion import CELLS, rate
from underglass.analyses.feature_codes import Bins, Features, crossing, encode
from underglass.analyses.group_tables import check_names, group_columns, nullable
from underglass.analyses.outcomes import Column, check_share, same_length, scores, truth
from underglass.errors import DataError

Floats = NDArray[np.float64]

SHOWN = ("recall", "fpr", "precision", "selection_rate")
AREAS = ("size", "positives", "negatives", "auc", "auc_low", "auc_high", "average_precision")
HALVINGS = 60


@dataclass(frozen=True)
class GroupCurves:
    """ROC and precision-recall curves of groups.

    Attributes
    ----------
    areas : pyarrow.Table
        A row for each group: the features, ``size``, ``positives``, ``negatives``, ``auc`` with ``auc_low`` and ``auc_high``
        (null without both classes), ``average_precision`` (null without positives).
    points : pyarrow.Table
        ``group`` (row of `areas`), ``threshold``, ``tp``, ``fp``, ``tn``, ``fn``, ``recall``, ``fpr``, ``precision``,
        ``selection_rate``. The same thresholds for every group, descending, from infinity, which selects nobody.
    """

    areas: pa.Table
    points: pa.Table


def group_curves(
    y_true: Column,
    y_score: Column,
    features: Features,
    *,
    by: str | Sequence[str],
    points: int = 200,
    positive: Any = None,
    bins: Bins | None = None,
    confidence: float = 0.95,
) -> GroupCurves:
    """Follow every group's confusion matrix along the threshold.

    Parameters
    ----------
    y_true, y_score, features, by, positive, bins
        As for `group_metrics`.
    points : int
        At most so many thresholds: all distinct scores if there are no more, else scores at equal steps of rank.
    confidence : float
        Of the interval of the area, fraction.

    Raises
    ------
    DataError
        As `group_metrics`, or with fewer than 2 points.

    Source: area and ties by Mann and Whitney; interval by Newcombe 2006, "Confidence intervals for an effect size measure based
    on the Mann-Whitney statistic", method 5, which also holds where the area is 0 or 1.
    """
    names = [by] if isinstance(by, str) else list(by)
    check_names(names, AREAS)
    check_share(confidence, "confidence")
    if points < 2:
        raise DataError(f"{points} points do not make a curve; ask for at least 2.")
    positives, score = truth(y_true, positive=positive), np.asarray(scores(y_score), dtype=np.float64)
    columns = encode(features, names, bins=bins)
    same_length(y_true=len(positives), y_score=len(score), features=len(columns[0].codes))
    groups, group = crossing(columns)
    measured = [_areas(positives[rows], score[rows], confidence) for rows in _members(group, len(groups))]
    areas = group_columns(columns, groups) | {
        name: pa.array([int(row[i]) for row in measured]) if i < 3 else nullable(np.array([row[i] for row in measured]))
        for i, name in enumerate(AREAS)
    }
    return GroupCurves(pa.table(areas), _points(positives, score, group, len(groups), points))


def _members(group: NDArray[np.intp], groups: int) -> list[NDArray[np.intp]]:
    order = np.argsort(group, kind="stable")
    return np.split(order, np.cumsum(np.bincount(group, minlength=groups))[:-1])


def _points(positives: NDArray[np.bool_], score: Floats, group: NDArray[np.intp], groups: int, points: int) -> pa.Table:
    grid = np.unique(score)
    if len(grid) > points:
        grid = np.unique(np.quantile(score, np.linspace(0, 1, points), method="lower"))
    steps = len(grid)
    bucket = np.searchsorted(grid, score, side="right") - 1  # the highest threshold that still selects the instance
    counted = np.bincount((group * 2 + positives) * steps + bucket, minlength=groups * 2 * steps).reshape(groups, 2, steps)
    selected = np.zeros((groups, 2, steps + 1), np.int64)
    selected[..., 1:] = np.cumsum(counted[..., ::-1], axis=-1)  # threshold infinity first
    everyone = selected[..., -1:]
    cells = np.stack([selected[:, 1], selected[:, 0], everyone[:, 0] - selected[:, 0], everyone[:, 1] - selected[:, 1]], axis=-1)
    flat = cells.reshape(-1, len(CELLS))
    thresholds = np.concatenate([[np.inf], grid[::-1]])
    return pa.table(
        {
            "group": pa.array(np.repeat(np.arange(groups, dtype=np.int32), steps + 1)),
            "threshold": pa.array(np.tile(thresholds, groups)),
        }
        | {name: pa.array(flat[:, i]) for i, name in enumerate(CELLS)}
        | {metric: nullable(rate(flat, metric)) for metric in SHOWN}
    )


def _areas(positives: NDArray[np.bool_], score: Floats, confidence: float) -> tuple[float, ...]:
    """Size, positives, negatives, area with interval, average precision of one group."""
    size, m = len(score), int(positives.sum())
    n = size - m
    values, step = np.unique(score, return_inverse=True)
    hits = np.bincount(step.reshape(-1), weights=positives, minlength=len(values))
    misses = np.bincount(step.reshape(-1), weights=~positives, minlength=len(values))
    precision_at = np.cumsum(hits[::-1]) / np.cumsum((hits + misses)[::-1])
    average = float(precision_at @ hits[::-1] / m) if m else np.nan
    if not m or not n:
        return size, m, n, np.nan, np.nan, np.nan, average
    below = np.cumsum(misses) - misses / 2
    area = float(hits @ below / (m * n))
    return size, m, n, area, *_area_interval(area, m, n, confidence), average


def _area_interval(area: float, m: int, n: int, confidence: float) -> tuple[float, float]:
    z2 = float(ndtri((1 + confidence) / 2)) ** 2
    other = (m + n) / 2 - 1

    def inside(truth: float) -> bool:
        variance = truth * (1 - truth) / (m * n) * (1 + other * (1 - truth) / (2 - truth) + other * truth / (1 + truth))
        return (area - truth) ** 2 <= z2 * variance

    ends = []
    for far in (0.0, 1.0):
        outer, inner = far, area
        for _ in range(HALVINGS):
            middle = (outer + inner) / 2
            outer, inner = (outer, middle) if inside(middle) else (middle, inner)
        ends.append(inner)
    return ends[0], ends[1]
