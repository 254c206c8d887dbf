"""How does a classifier of many classes do in every group?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.confusion import CELLS, METRICS, quantiles, rate
from underglass.analyses.feature_codes import Bins, Features, crossing, encode
from underglass.analyses.group_tables import cell_columns, check_names, defining, group_columns, margins, nullable
from underglass.analyses.intervals import wilson
from underglass.analyses.outcomes import Column, as_array, check_share, same_length
from underglass.errors import DataError, unknown

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MACRO = tuple(metric for metric in METRICS if metric not in ("base_rate", "selection_rate", "accuracy"))
SPREAD = 2.0  # instances spread evenly over all cells before redrawing; for two classes the half count of `confusion.resample`
SPREAD_CLASSES = 100  # with more classes only the cells that occur are redrawn


@dataclass(frozen=True)
class ClassMetrics:
    """Outcomes of every group, class by class and averaged.

    Attributes
    ----------
    per_class : pyarrow.Table
        A row for each group and class, the class against the rest: the features, ``class``, then the columns of `group_metrics`.
    macro : pyarrow.Table
        A row for each group: the features, ``size``, ``correct``, ``accuracy`` (share of right classes, Wilson), and of each
        other metric the mean over the classes that have it, ``<metric>_low``, ``<metric>_high`` (bootstrap over the cells) and
        ``<metric>_classes``, how many classes these are.
    classes : tuple of str
        In the order of their codes.
    """

    per_class: pa.Table
    macro: pa.Table
    classes: tuple[Any, ...]


def group_class_metrics(
    y_true: Column,
    y_pred: Any,
    features: Features,
    *,
    by: str | Sequence[str],
    classes: Sequence[Any] | None = None,
    marginals: bool = False,
    bins: Bins | None = None,
    confidence: float = 0.95,
    replicates: int = 200,
    seed: int = 0,
) -> ClassMetrics:
    """Count outcomes of many classes in every non-empty intersection of features.

    Parameters
    ----------
    y_true : (instances,)
        True classes, any values; with `y_pred` of probabilities and no `classes`, their positions.
    y_pred : (instances,) or (instances, classes)
        Predicted classes, or probabilities of which the highest counts.
    features, by, marginals, bins, confidence
        As for `group_metrics`.
    classes : sequence, optional
        All classes, in the order of the probabilities [those that occur, sorted].
    replicates, seed : int
        Of the bootstrap over the cells behind the intervals of the averages.

    Raises
    ------
    DataError
        As `group_metrics`, or if a value is not among `classes`.

    Notes
    -----
    A class that a group lacks has no recall there; it is left out of the mean, and the mean says over how many classes it goes.
    scikit-learn's ``zero_division=nan`` does the same, its default counts 0.
    """
    names = [by] if isinstance(by, str) else list(by)
    check_names(names, ("class", "correct", "size", *CELLS, *METRICS))
    check_share(confidence, "confidence")
    known, true, predicted = _codes(y_true, y_pred, classes)
    columns = encode(features, names, bins=bins)
    same_length(y_true=len(true), y_pred=len(predicted), features=len(columns[0].codes))
    groups, group = crossing(columns)
    size = len(known)
    key, times = np.unique((group * size + true) * size + predicted, return_counts=True)
    cell = np.column_stack([key // (size * size), key // size % size, key % size])  # group, true class, predicted class
    used = None
    if marginals:
        groups, rows, used = margins(groups)
        cell, times = np.concatenate([np.column_stack([row[cell[:, 0]], cell[:, 1:]]) for row in rows]), np.tile(times, len(rows))
    per_class = _per_class(cell, times, len(groups), size)
    averages = _averages(cell, times, per_class, confidence=confidence, replicates=replicates, seed=seed)
    macro = group_columns(columns, groups) | averages | defining(names, used)
    value = pa.array(known).take(pa.array(np.tile(np.arange(size), len(groups))))
    each = np.repeat(np.arange(len(groups)), size)
    measures = cell_columns(per_class.reshape(-1, len(CELLS)), confidence=confidence, replicates=replicates, seed=seed)
    one_vs_rest = group_columns(columns, groups[each]) | {"class": value} | measures
    return ClassMetrics(pa.table(one_vs_rest | defining(names, used and [used[row] for row in each])), pa.table(macro), known)


def _codes(
    y_true: Column, y_pred: Any, classes: Sequence[Any] | None
) -> tuple[tuple[Any, ...], NDArray[np.intp], NDArray[np.intp]]:
    if np.ndim(y_pred) == 2:
        probabilities = np.asarray(y_pred)
        if np.isnan(probabilities).any():
            raise DataError("y_pred holds probabilities that are missing; leave these instances out.")
        known = tuple(range(probabilities.shape[1])) if classes is None else tuple(classes)
        if len(known) != probabilities.shape[1]:
            raise DataError(f"y_pred has {probabilities.shape[1]} columns for {len(known)} classes.")
        return known, _positions(as_array(y_true, "y_true"), known, "y_true"), probabilities.argmax(axis=1)
    true, predicted = as_array(y_true, "y_true"), as_array(y_pred, "y_pred")
    known = tuple(np.union1d(true, predicted).tolist()) if classes is None else tuple(classes)
    return known, _positions(true, known, "y_true"), _positions(predicted, known, "y_pred")


def _positions(values: NDArray[Any], classes: tuple[Any, ...], name: str) -> NDArray[np.intp]:
    present, code = np.unique(values, return_inverse=True)
    place = {value: position for position, value in enumerate(classes)}
    for value in present.tolist():
        if value not in place:
            raise DataError(f"{name}: " + unknown("class", str(value), map(str, classes)))
    return np.array([place[value] for value in present.tolist()], np.intp)[code.reshape(-1)]


def _per_class(cell: Integers, times: Integers, groups: int, classes: int) -> Integers:
    """Confusion matrix (groups, classes, 4) of each class against the rest."""
    hit = cell[:, 1] == cell[:, 2]

    def total(place: NDArray[np.intp], weight: Integers) -> Integers:
        return (
            np.bincount(cell[:, 0] * classes + place, weights=weight, minlength=groups * classes)
            .reshape(groups, classes)
            .astype(np.int64)
        )

    tp = total(cell[:, 1], times * hit)
    fn, fp = total(cell[:, 1], times) - tp, total(cell[:, 2], times) - tp
    size = np.bincount(cell[:, 0], weights=times, minlength=groups).astype(np.int64)[:, None]
    return np.stack([tp, fp, size - tp - fp - fn, fn], axis=-1)


def _averages(
    cell: Integers, times: Integers, per_class: Integers, *, confidence: float, replicates: int, seed: int
) -> dict[str, pa.Array]:
    groups, classes = per_class.shape[:2]
    size, correct = per_class[:, 0].sum(axis=1), per_class[..., 0].sum(axis=1)
    low, high = wilson(correct, size, confidence=confidence)
    accuracy = {"accuracy": correct / size, "accuracy_low": low, "accuracy_high": high}
    columns = {"size": pa.array(size), "correct": pa.array(correct)} | {
        name: nullable(values) for name, values in accuracy.items()
    }
    drawn = {metric: np.empty((replicates, groups)) for metric in MACRO}
    order = np.argsort(cell[:, 0], kind="stable")
    rng = np.random.default_rng(seed)
    for group, rows in enumerate(np.split(order, np.cumsum(np.bincount(cell[:, 0], minlength=groups))[:-1])):
        redrawn = _redraw(cell[rows, 1:], times[rows], classes, replicates, rng)
        for metric in MACRO:
            drawn[metric][:, group] = _mean(rate(redrawn, metric))
    for metric in MACRO:
        of_class = rate(per_class, metric)
        value, ends = _mean(of_class), quantiles(drawn[metric], confidence)
        columns[metric] = nullable(value)
        columns[f"{metric}_low"] = nullable(np.where(np.isnan(value), np.nan, np.fmin(ends[0], value)))
        columns[f"{metric}_high"] = nullable(np.where(np.isnan(value), np.nan, np.fmax(ends[1], value)))
        columns[f"{metric}_classes"] = pa.array(np.count_nonzero(~np.isnan(of_class), axis=-1))
    return columns


def _redraw(cell: Integers, times: Integers, classes: int, replicates: int, rng: np.random.Generator) -> Floats:
    """Bootstrap one group's matrices (replicates, classes, 4), each class against the rest."""
    if classes <= SPREAD_CLASSES:
        weight = np.full(classes * classes, SPREAD / classes**2)
        np.add.at(weight, cell[:, 0] * classes + cell[:, 1], times)
        true, predicted = np.divmod(np.arange(classes * classes), classes)
    else:
        weight, (true, predicted) = times.astype(np.float64), cell.T
    size = int(times.sum())
    drawn = rng.multinomial(size, weight / weight.sum(), size=replicates)
    member = np.arange(classes)
    of_true, of_predicted = (true[:, None] == member).astype(np.float64), (predicted[:, None] == member).astype(np.float64)
    tp = drawn @ (of_true * of_predicted)
    fn, fp = drawn @ of_true - tp, drawn @ of_predicted - tp
    return np.stack([tp, fp, size - tp - fp - fn, fn], axis=-1)


def _mean(of_class: Floats) -> Floats:
    known = ~np.isnan(of_class)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, of_class, 0).sum(axis=-1) / known.sum(axis=-1))
