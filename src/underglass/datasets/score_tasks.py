"""What was predicted, by each sort of prediction: a score of one class, scores of all, classes alone, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from underglass.datasets.score_columns import finite, matched, shares
from underglass.errors import DataError, unknown

Task = Literal["two classes", "classes", "numbers"]

YES = ("1", "1.0", "true", "yes", "y", "t", "positive", "pos")
MOST_CLASSES = 1000


@dataclass(frozen=True)
class Scores:
    """What was predicted for each instance.

    Parameters
    ----------
    task : "two classes" (a score and a threshold), "classes" (the most probable of many), "numbers" (a regression).
    classes : the labels' names; empty for numbers.
    score : (instances,) float64
        Of the positive class, 0..1; the predicted number; empty where whole classes were predicted. NaN where it is missing.
    truth : (instances,) float64
        The true number of a regression, else empty. NaN where it is missing.
    probabilities : (instances, classes) float32
        NaN where there is none.
    predictions : (instances,) int32
        Class that counts as predicted, -1 where there is none.
    positive : place of the positive class, or None.
    threshold : a score of at least this counts as positive.
    columns : names of the columns the scores came from, and of the label's.
    notes : what a person should know, in sentences.
    """

    task: Task
    classes: tuple[str, ...]
    score: NDArray[np.float64]
    truth: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    predictions: NDArray[np.int32]
    positive: int | None
    threshold: float
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


def label_classes(truth: pa.Array, label: str) -> tuple[list[str], pa.Array]:
    """The values of a column of labels in order, and each row's place among them."""
    if pa.types.is_floating(truth.type):
        whole = truth.to_numpy(zero_copy_only=False)
        truth = truth.cast(pa.int64()) if np.equal(np.mod(whole[~np.isnan(whole)], 1), 0).all() else truth
    if pa.types.is_boolean(truth.type) or pa.types.is_integer(truth.type) or pa.types.is_floating(truth.type):
        order = pc.unique(truth.drop_null())
        names = [str(value).lower() if isinstance(value, bool) else str(value) for value in sorted(order.to_pylist())]
        codes = pc.index_in(truth, pa.array(sorted(order.to_pylist()), truth.type))
    elif pa.types.is_string(truth.type):
        names = sorted(pc.unique(truth.drop_null()).to_pylist())
        codes = pc.index_in(truth, pa.array(names, pa.string()))
    elif pa.types.is_null(truth.type):
        names, codes = [], pa.nulls(len(truth), pa.int32())
    else:
        raise DataError(f"column {label!r} holds {truth.type}; labels are words, whole numbers or true and false.")
    if not names:
        raise DataError(f"column {label!r} holds no value at all; there is nothing to judge the scores by.")
    if len(names) > MOST_CLASSES:
        raise DataError(
            f"column {label!r} holds {len(names):,} different values; is it the label? Numbers are predicted by a score in "
            "their own unit."
        )
    return names, pc.if_else(pc.is_null(truth), pa.scalar(None, pa.int32()), codes)


def by_one_score(
    column: pa.Array,
    name: str,
    names: list[str],
    codes: pa.Array,
    *,
    positive: Any,
    threshold: float,
    used: tuple[str, ...],
    label: str,
) -> tuple[Scores, pa.Array]:
    """A score of the positive class and a threshold."""
    notes: list[str] = []
    chosen = _positive(names, positive, label, notes)
    if len(names) > 2:
        other = f"not {chosen}"
        codes = pc.if_else(pc.is_null(codes), pa.scalar(None, pa.int32()), pc.equal(codes, names.index(chosen)).cast(pa.int32()))
        notes.append(f"{label} holds {len(names)} values; all but {chosen!r} count as {other!r}.")
        names = [other, chosen]
    elif chosen not in names or len(names) == 1:
        if chosen in names:
            names = [f"not {chosen}", chosen]
            codes = pc.add(codes, 1)
            notes.append(f"Every label is {chosen!r}: what needs the other class (false positive rate …) cannot be known.")
        else:
            names = [names[0], chosen]
            notes.append(f"No label is {chosen!r}: what needs it (recall, precision …) cannot be known.")
    place = names.index(chosen)
    score = shares(column, name)
    missing = np.asarray(np.isnan(score), bool)
    flags = score >= threshold
    predictions = np.where(missing, -1, np.where(flags, place, 1 - place)).astype(np.int32)
    probabilities = np.empty((len(score), 2), np.float32)
    probabilities[:, place], probabilities[:, 1 - place] = score, 1 - score
    _count_missing(notes, missing, name)
    empty = np.empty(0)
    return Scores(
        "two classes", tuple(names), score, empty, probabilities, predictions, place, threshold, used, tuple(notes)
    ), codes


def _positive(names: list[str], positive: Any, label: str, notes: list[str]) -> str:
    if positive is not None:
        asked = str(positive).lower() if isinstance(positive, bool) else str(positive)
        near = next((name for name in names if name == asked or name.lower() == asked.lower()), None)
        if near is None and len(names) > 1:
            raise DataError(f"the positive class: {unknown('label', asked, names)}")
        return near or asked
    known = [name for name in names if name.lower() in YES]
    if len(known) == 1 and len(names) <= 2:
        return known[0]
    if names == ["0"]:
        return "1"
    if len(names) > 2:
        shown = ", ".join(names[:6])
        raise DataError(
            f"column {label!r} holds {len(names)} values ({shown}{' …' if len(names) > 6 else ''}) and there is one column of "
            "scores; say of which value (--positive NAME). Or give a column of scores for each value."
        )
    raise DataError(f"say which label counts as positive: {' or '.join(map(repr, names))} (--positive NAME).")


def by_scores_of_classes(
    columns: Mapping[str, pa.Array],
    wanted: Sequence[str],
    names: list[str],
    codes: pa.Array,
    *,
    used: tuple[str, ...],
    label: str,
) -> tuple[Scores, pa.Array]:
    """A score of each class; the highest is predicted."""
    order = matched(wanted, names, label)
    classes = [*order.values()]
    notes: list[str] = []
    chances = np.column_stack([shares(columns[name], name) for name in order])
    missing = np.asarray(np.isnan(chances).any(axis=1))
    sums = chances[~missing].sum(axis=1)
    if sums.size and np.abs(sums - 1).max() > 0.02:
        row = int(np.flatnonzero(~missing)[np.abs(sums - 1).argmax()])
        notes.append(
            f"The scores of a row do not always sum to 1 (row {row + 1:,}: {chances[row].sum():.3g}); the highest counts."
        )
    predictions = np.where(missing, -1, np.nan_to_num(chances).argmax(axis=1)).astype(np.int32)
    moved = pa.array([classes.index(name) for name in names], pa.int32())
    codes = moved.take(codes)
    _count_missing(notes, missing, "the scores")
    chances[missing] = np.nan
    empty = np.empty(0)
    return (
        Scores("classes", tuple(classes), empty, empty, chances.astype(np.float32), predictions, None, 0.5, used, tuple(notes)),
        codes,
    )


def by_classes(
    column: pa.Array, name: str, names: list[str], codes: pa.Array, *, positive: Any, used: tuple[str, ...]
) -> tuple[Scores, pa.Array]:
    """Predicted classes, without a score."""
    said, predicted = label_classes(column, name)
    strange = [one for one in said if one not in names]
    classes = [*names, *strange]
    notes = [f"{name!r} also predicts {', '.join(strange[:4])}, which no label is."] if strange else []
    place = None
    if len(classes) <= 2:
        chosen = _positive(classes, positive, name, notes)
        classes = classes if chosen in classes else [*classes, chosen]
        place = classes.index(chosen)
    moved = pa.array([classes.index(one) for one in said], pa.int32())
    predictions = moved.take(predicted).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    _count_missing(notes, predictions < 0, name)
    unknown_shares = np.full((len(predictions), len(classes)), np.nan, np.float32)
    empty = np.empty(0)
    return (
        Scores("classes", tuple(classes), empty, empty, unknown_shares, predictions, place, 0.5, used, tuple(notes)),
        codes,
    )


def by_numbers(columns: Mapping[str, pa.Array], label: str, wanted: Sequence[str], used: tuple[str, ...]) -> Scores:
    """A predicted number for a true one."""
    if len(wanted) != 1:
        raise DataError("a regression predicts one number: give one column of scores.")
    truth, score = finite(columns[label], label), finite(columns[wanted[0]], wanted[0])
    notes: list[str] = []
    _count_missing(notes, np.isnan(score), wanted[0])
    count = len(score)
    return Scores(
        "numbers", (), score, truth, np.empty((count, 0), np.float32), np.full(count, -1, np.int32), None, 0.5, used, tuple(notes)
    )


def _count_missing(notes: list[str], missing: NDArray[Any], name: str) -> None:
    if missing.all():
        raise DataError(f"{name} is missing in every row; there is nothing to judge.")
    if missing.any():
        notes.append(f"{int(missing.sum()):,} of {missing.size:,} rows have no score; they are shown, and counted nowhere.")
