"""Does this group lack data?

Two curves over the group's size. `size_curve` asks whether there are enough people in the group to judge the score at all; it
needs no model. `training_curve` asks whether the score would do better for the group had there been more of it to learn from;
it fits a model anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from underglass.analyses.confusion import METRICS, SMOOTHING, quantiles, rate
from underglass.analyses.coordinates import Coordinates
from underglass.analyses.feature_codes import Features, as_table, encode
from underglass.analyses.group_tables import nullable
from underglass.analyses.outcomes import Column, cell_of, check_share, flagged, same_length, truth
from underglass.errors import DataError, unknown

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Scores: TypeAlias = Callable[[Rows], Floats]
Fit: TypeAlias = Callable[[Rows], Scores]
Progress: TypeAlias = Callable[[int, int, str], None]

STEPS = 12
SMALLEST = 10
FARTHEST = 16  # times the group's own size
HELD_OUT = 0.3
REST = 20_000  # instances of the others to learn from


@dataclass(frozen=True)
class SizeCurve:
    """How sure a metric of a group would be, had the group another size.

    Attributes
    ----------
    table : pyarrow.Table
        ``size``, ``mean``, ``low``, ``high`` (middle of the sub-samples in which the metric is defined), ``defined`` (their
        share), and ``beyond`` (whether the size is more than the group has).
    size : int
        Of the group.
    value, rest : float
        The metric in the group and among all others, NaN if 0/0.
    enough : int or None
        The smallest size from which on the middle of the sub-samples excludes the value of the others; None if none does.
    """

    table: pa.Table
    size: int
    value: float
    rest: float
    enough: int | None


def size_curve(
    y_true: Column,
    y_score: Column,
    member: ArrayLike,
    *,
    metric: str = "accuracy",
    threshold: float | ArrayLike = 0.5,
    positive: Any = None,
    sizes: Sequence[int] | None = None,
    repeats: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> SizeCurve:
    """Sub-sample a group to smaller and larger sizes and watch the metric settle.

    Parameters
    ----------
    y_true, y_score, threshold, positive
        As for `group_metrics`.
    member : (instances,) bool
        Who is in the group.
    metric : str
        One of METRICS.
    sizes : sequence of int, optional
        Sizes to try [12 from 10 to 16 times the group, and the group's own].
    repeats : int
        Sub-samples of each size, drawn with replacement, so that the group's own size shows the uncertainty there is.
    confidence : float
        Share of the sub-samples between ``low`` and ``high``.
    seed : int
        Of the draws.

    Raises
    ------
    DataError
        As `group_metrics`; or if the group is empty, or a size is not positive.
    """
    if metric not in METRICS:
        raise DataError(unknown("metric", metric, METRICS))
    check_share(confidence, "confidence")
    positives, flags = truth(y_true, positive=positive), flagged(y_score, threshold=threshold)
    inside = np.asarray(member)
    same_length(y_true=len(positives), y_score=len(flags), member=len(inside))
    inside = _mask(inside)
    outcome = cell_of(positives, flags)
    cells, others = np.bincount(outcome[inside], minlength=4), np.bincount(outcome[~inside], minlength=4)
    own = int(cells.sum())
    tried = sorted({*_sizes(own), own} if sizes is None else {int(size) for size in sizes})
    if tried[0] < 1:
        raise DataError(f"a sub-sample holds at least one instance; got size {tried[0]}.")
    rng = np.random.default_rng(seed)
    share = (cells + SMOOTHING) / (own + 4 * SMOOTHING)
    drawn = np.column_stack([rate(rng.multinomial(size, share, size=repeats), metric) for size in tried])
    low, high = quantiles(drawn, confidence)
    defined = np.count_nonzero(~np.isnan(drawn), axis=0)
    with np.errstate(invalid="ignore"):
        average = np.nan_to_num(drawn).sum(axis=0) / defined
    value, rest = float(rate(cells, metric)), float(rate(others, metric))
    apart = (low > rest) | (high < rest)
    last_within = int(np.max(np.flatnonzero(~apart), initial=-1))
    enough = tried[last_within + 1] if last_within + 1 < len(tried) else None
    table = pa.table(
        {
            "size": pa.array(tried, pa.int64()),
            "mean": nullable(average),
            "low": nullable(low),
            "high": nullable(high),
            "defined": pa.array(defined / repeats),
            "beyond": pa.array([size > own for size in tried]),
        }
    )
    return SizeCurve(table, own, value, rest, enough)


def training_curve(
    y_true: Column,
    features: Features,
    member: ArrayLike,
    *,
    metric: str = "accuracy",
    threshold: float = 0.5,
    positive: Any = None,
    sizes: Sequence[int] | None = None,
    repeats: int = 5,
    fit: Fit | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> pa.Table:
    """Learn from ever more of a group, and judge by members that were held out.

    Parameters
    ----------
    y_true, threshold, positive
        As for `group_metrics`.
    features : mapping, Arrow table or data frame of (instances,) columns
        What the stand-in model learns from.
    member : (instances,) bool
        Who is in the group.
    metric : str
        One of METRICS.
    sizes : sequence of int, optional
        How many members to learn from [0 and 6 more, up to the 70 % that are not held out].
    repeats : int
        Fits for each size, each with its own sub-sample and held-out instances.
    fit : callable, optional
        Takes rows to learn from (at most 20,000 others among them), returns a function from rows to scores 0..1 [logistic
        regression on one-hot features, with at most 20,000 rows of the others].
    seed : int
        Of all sub-samples.
    progress : callable, optional
        Told done, total and stage after each fit.

    Returns
    -------
    pyarrow.Table
        A row for each size: ``size``; ``mean``, ``low`` and ``high`` (least and most of the repeats) of the metric among
        held-out members, ``rest`` (mean among held-out others). Null where 0/0.

    Raises
    ------
    DataError
        As `group_metrics`; or if fewer than ten members or others exist, or a size is too large.
    """
    if metric not in METRICS:
        raise DataError(unknown("metric", metric, METRICS))
    positives, inside, table = truth(y_true, positive=positive), np.asarray(member), as_table(features)
    same_length(y_true=len(positives), member=len(inside), features=table.num_rows)
    inside = _mask(inside)
    own, others = np.flatnonzero(inside), np.flatnonzero(~inside)
    if min(len(own), len(others)) < SMALLEST:
        raise DataError(f"a curve needs {SMALLEST} members and {SMALLEST} others; there are {len(own):,} and {len(others):,}.")
    most = len(own) - max(1, round(HELD_OUT * len(own)))
    default = [0, *np.unique(np.geomspace(min(SMALLEST, most), most, 6).round().astype(int)).tolist()]
    tried = default if sizes is None else sorted({int(size) for size in sizes})
    if tried[0] < 0 or tried[-1] > most:
        raise DataError(
            f"sizes must lie between 0 and {most:,}, the members that are not held out; got {tried[0]:,} to {tried[-1]:,}."
        )
    learn = fit or _logistic(table, positives)
    values = np.full((repeats, len(tried), 2), np.nan)
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        own_order, other_order = rng.permutation(own), rng.permutation(others)
        held = max(1, round(HELD_OUT * len(others)))
        base, judged = other_order[held:][:REST], (own_order[most:], other_order[:held][:REST])
        for step, size in enumerate(tried):
            score = learn(np.concatenate([own_order[:size], base]))
            for side, rows in enumerate(judged):
                outcome = cell_of(positives[rows], np.asarray(score(rows)) >= threshold)
                values[repeat, step, side] = rate(np.bincount(outcome, minlength=4), metric)
            if progress is not None:
                progress(repeat * len(tried) + step + 1, repeats * len(tried), "learning")
    low, high = np.fmin.reduce(values[..., 0]), np.fmax.reduce(values[..., 0])
    known = np.count_nonzero(~np.isnan(values), axis=0)
    with np.errstate(invalid="ignore"):
        average = np.nan_to_num(values).sum(axis=0) / known
    columns = {"mean": average[:, 0], "low": low, "high": high, "rest": average[:, 1]}
    return pa.table({"size": pa.array(tried, pa.int64())} | {name: nullable(column) for name, column in columns.items()})


def _mask(member: NDArray[Any]) -> NDArray[np.bool_]:
    if member.dtype != bool or member.ndim != 1:
        raise DataError(f"member must hold True or False for each instance, not {member.dtype}.")
    if not member.any():
        raise DataError("the group is empty.")
    return member


def _sizes(own: int) -> list[int]:
    ends = min(SMALLEST, own), max(SMALLEST, own) * FARTHEST
    return [int(size) for size in np.unique(np.geomspace(*ends, STEPS).round())]


def _logistic(table: pa.Table, positives: NDArray[np.bool_]) -> Fit:
    from sklearn.linear_model import LogisticRegression

    columns = encode(table)
    if not columns:
        raise DataError("no feature to learn from.")
    points = Coordinates(table, columns)

    def fit(rows: Rows) -> Scores:
        known = positives[rows]
        if known.all() or not known.any():
            return lambda asked: np.full(len(asked), float(known[0]))
        model = LogisticRegression(max_iter=200).fit(points.take(rows), known)
        return lambda asked: np.asarray(model.predict_proba(points.take(asked))[:, 1], dtype=np.float64)

    return fit
