"""Which features give the label away?

A feature that says the label (a case number given out after the decision, a copy, a later event) makes a model look better than
it is, and groups by it say nothing. Label and score themselves are never features.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.feature_codes import Feature, Features, as_table, encode_column, is_number, numbers
from underglass.analyses.group_tables import nullable
from underglass.analyses.outcomes import Column, as_array, same_length
from underglass.errors import DataError

Codes = NDArray[np.int32]

BINS = 32
EACH = 5  # a feature of so few instances for each value is not called a copy because all its values are pure
MOST_CLASSES = 20  # numbers of more different values are a quantity
SURE = 0.8


def feature_leaks(
    y_true: Column, features: Features, *, y_score: Column | None = None, threshold: float = SURE, folds: int = 5, seed: int = 0
) -> pa.Table:
    """Say how much each feature alone tells about the label, on instances it has not seen.

    Parameters
    ----------
    y_true : (instances,)
        True classes, any values; numbers with more than 20 different values are a quantity to predict.
    features : mapping, Arrow table or data frame of (instances,) columns
        Numbers are put into 32 bins of equal count.
    y_score : (instances,), optional
        Scores; a feature in the same order is a copy.
    threshold : float
        Told share from which a feature is flagged, 0..1. Telling 0.8 of a balanced yes-no label is guessing right for 97 in 100.
    folds : int
        Each part of the instances is judged by the others.
    seed : int
        Of the parts.

    Returns
    -------
    pyarrow.Table
        A row for each feature, most telling first: ``feature``, ``told`` (share of the label's entropy, or of its variance,
        that is gone once the feature is known; below 0 if it misleads), ``values`` (how many it takes), ``reason`` (why it is
        flagged, or null).

    Raises
    ------
    DataError
        If columns differ in length, labels are missing, or there is one class only.
    """
    label = as_array(y_true, "y_true")
    table = as_table(features)
    instances = same_length(y_true=len(label), **{"features": table.num_rows} if table.num_columns else {})
    if not 2 <= folds <= instances:
        raise DataError(f"folds must be between 2 and the {instances:,} instances; got {folds}.")
    values, classes = np.unique(label, return_inverse=True)
    if len(values) < 2:
        raise DataError(f"y_true holds {values.tolist()[0]!r} only; nothing can be told about it.")
    quantity = label.dtype.kind == "f" and len(values) > MOST_CLASSES
    fold = np.random.default_rng(seed).permutation(instances) % folds
    score = None if y_score is None else as_array(y_score, "y_score")
    rows = []
    for name in table.column_names:
        column = table.column(name)
        feature = encode_column(name, column)
        distinct = len(feature)
        if is_number(column) and distinct > BINS:
            feature = encode_column(name, column, bins=BINS)
        told = _told_number(feature, label, fold) if quantity else _told_class(feature, classes.reshape(-1), fold)
        reason = copied(feature, column, classes.reshape(-1), score) or (
            f"tells {told:.0%} of the label" if told >= threshold else None
        )
        rows.append((name, told, distinct, reason))
    rows.sort(key=lambda row: (row[3] is None, -row[1]))
    names, told_all, distinct_all, reasons = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "feature": pa.array(names, pa.string()),
            "told": nullable(np.array(told_all)),
            "values": pa.array(distinct_all, pa.int64()),
            "reason": pa.array(reasons, pa.string()),
        }
    )


def copied(feature: Feature, column: Any, classes: NDArray[np.intp], score: NDArray[Any] | None) -> str | None:
    """Why a feature is a copy of the label or the score, or None.

    Parameters
    ----------
    feature : Feature
        The column, binned if it is a number of many values.
    column : Arrow array
        The column itself.
    classes : (instances,)
        Label of each instance as a number from 0.
    score : (instances,), optional
        Score of each instance.
    """
    few = len(feature) <= BINS + 1 and len(feature) * EACH <= len(classes)
    if few and classes.max(initial=0) > 0 and _pure(feature, classes):
        return "says the label"
    if score is None:
        return None
    marks, rank = np.unique(score, return_inverse=True)
    if len(marks) == 2 and len(feature) == 2 and _pure(feature, rank.reshape(-1)):
        return "says the prediction"
    if len(marks) > 2 and is_number(column):
        x = numbers(feature.name, column)
        if not np.isnan(x).any():
            theirs = np.unique(x, return_inverse=True)[1].reshape(-1)
            if np.array_equal(theirs, rank.reshape(-1)) or np.array_equal(len(marks) - 1 - theirs, rank.reshape(-1)):
                return "says the score"
    return None


def _pure(feature: Feature, classes: NDArray[np.intp]) -> bool:
    """Whether every value goes with one class alone."""
    size = int(classes.max(initial=0)) + 1
    table = np.bincount(feature.codes.astype(np.intp) * size + classes, minlength=len(feature) * size).reshape(-1, size)
    return bool((np.count_nonzero(table, axis=1) <= 1).all())


def _told_class(feature: Feature, classes: NDArray[np.intp], fold: NDArray[np.intp]) -> float:
    """Share of the entropy that is gone, with probabilities of each value counted in the other folds."""
    size, values, folds = int(classes.max()) + 1, len(feature), int(fold.max()) + 1
    key = (fold * values + feature.codes) * size + classes
    inside = np.bincount(key, minlength=folds * values * size).reshape(folds, values, size)
    outside = inside.sum(axis=0) - inside
    prior = (outside.sum(axis=1, keepdims=True) + 1) / (outside.sum(axis=(1, 2), keepdims=True) + size)
    guess = (outside + prior) / (outside.sum(axis=2, keepdims=True) + 1)  # one imagined instance of the usual mixture
    entropy = -np.sum(inside * np.log(prior))
    return float(1 + np.sum(inside * np.log(guess)) / entropy)


def _told_number(feature: Feature, label: NDArray[np.float64], fold: NDArray[np.intp]) -> float:
    """Share of the variance that is gone, with means of each value from the other folds."""
    values, folds = len(feature), int(fold.max()) + 1
    key = fold * values + feature.codes
    counted = np.bincount(key, minlength=folds * values).reshape(folds, values)
    summed = np.bincount(key, weights=label, minlength=folds * values).reshape(folds, values)
    n, total = counted.sum(axis=0) - counted, summed.sum(axis=0) - summed
    usual = total.sum(axis=1, keepdims=True) / n.sum(axis=1, keepdims=True)
    guess = (total + usual) / (n + 1)
    left = np.sum((label - guess[fold, feature.codes]) ** 2)
    return float(1 - left / np.sum((label - usual[fold, 0]) ** 2))
