"""How does a table with true values and scores, and no model, become instances with their scores?

The way in for an auditor: one column holds what was true, one (or one for each class) what was predicted. Nothing is guessed
that could turn a finding round: which class is positive is asked for unless the labels say it themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from underglass.datasets.columns import RESERVED, to_arrow
from underglass.datasets.dataset import Instances
from underglass.datasets.instances import instance_table
from underglass.errors import DataError, unknown

Task = Literal["two classes", "classes", "numbers"]

YES = ("1", "1.0", "true", "yes", "y", "t", "positive", "pos")
MANY = 20
"""Numbers of more different values are a quantity, not classes."""
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


def scored(
    table: pa.Table | Mapping[str, Any],
    *,
    label: str,
    score: str | Sequence[str] | None = None,
    prediction: str | None = None,
    positive: Any = None,
    threshold: float = 0.5,
    task: Task | None = None,
    id: str | None = None,
    split: str | None = None,
    title: str | None = None,
) -> tuple[Instances, Scores]:
    """Read instances with their scores.

    Parameters
    ----------
    table : table or mapping of columns
        One row an instance.
    label : name of a column
        What was true: classes, or numbers of more than 20 different values.
    score : name or names of columns
        Probability of the positive class, 0..1; or one column for each class; or the predicted number.
    prediction : name of a column
        Predicted classes, where there is no score.
    positive : optional
        The label that counts as positive [1, true, yes].
    threshold : float
        A score of at least this counts as positive.
    task : optional
        What sort of prediction it is [seen from the columns].
    id, split : names of columns, optional
    title : optional
        What the data are called.

    Raises
    ------
    DataError
        An unknown column (names the nearest), scores outside 0..1 (names the row), a positive class that is not there.
    """
    columns = {str(name): to_arrow(str(name), values) for name, values in _items(table)}
    wanted = [score] if isinstance(score, str) else list(score or ())
    for name in [label, *wanted, *(one for one in (prediction, id, split) if one is not None)]:
        if name not in columns:
            raise DataError(unknown("column", name, columns))
    if not wanted and prediction is None:
        raise DataError("say where the scores are: a column of scores, one column for each class, or a column of predictions.")
    if label in wanted or label == prediction:
        raise DataError(f"column {label!r} is the label; it cannot be the score too: everything would look right.")
    if not 0 <= threshold <= 1 and task != "numbers":
        raise DataError(f"a threshold lies between 0 and 1; got {threshold:g}.")
    truth = columns[label]
    chosen = task or _task(truth, wanted, positive)
    used = (label, *wanted, *((prediction,) if prediction else ()))
    if chosen == "numbers":
        found, codes = _numbers(columns, label, wanted, used), None
    else:
        names, codes = _classes(truth, label)
        if len(wanted) == 1 and prediction is None:
            found, codes = _two(
                columns[wanted[0]], wanted[0], names, codes, positive=positive, threshold=threshold, used=used, label=label
            )
        elif wanted:
            found, codes = _many(columns, wanted, names, codes, used=used, label=label)
        else:
            assert prediction is not None
            found, codes = _predicted(columns[prediction], prediction, names, codes, positive=positive, used=used)
    keep_label = chosen == "numbers" or len(found.classes) != _distinct(truth)
    taken = {name for name in (id, split, None if keep_label else label) if name is not None}
    metadata = {free_name(name, columns): values for name, values in columns.items() if name not in taken}
    count = len(truth)
    found = _with_columns(found, {name: free_name(name, columns) for name in columns}, taken)
    instances = instance_table(
        count,
        ids=None if id is None else columns[id],
        labels=pa.nulls(count, pa.int32()) if codes is None else codes,
        split=None if split is None else columns[split].cast(pa.string()),
        metadata=metadata,
    )
    description: dict[str, Any] = {"reader": "scores", "columns": list(columns)} | ({"title": title} if title else {})
    return (
        Instances(
            kind="row",
            classes=found.classes,
            table=instances,
            description=description,
            identity=lambda: _identity(instances),
            source=lambda row: {name: values[row].as_py() for name, values in metadata.items()},
            show=lambda row: None,
        ),
        found,
    )


def _items(table: Any) -> list[tuple[str, Any]]:
    if isinstance(table, Mapping):
        return list(table.items())
    if isinstance(table, pa.Table):
        return [(name, table[name]) for name in table.column_names]
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return [(str(name), table[name]) for name in table.columns]
    raise DataError(f"data is {type(table).__name__}; give a path, a mapping of columns, or pandas, polars or Arrow.")


def _distinct(column: pa.Array) -> int:
    """How many values a column takes, missing ones not counted."""
    return 0 if pa.types.is_null(column.type) else int(pc.count_distinct(column, mode="only_valid").as_py())


def _task(truth: pa.Array, wanted: Sequence[str], positive: Any) -> Task:
    distinct = _distinct(truth)
    number = pa.types.is_floating(truth.type) or pa.types.is_integer(truth.type)
    if number and len(wanted) == 1 and positive is None and distinct > MANY:
        return "numbers"
    return "two classes" if len(wanted) == 1 else "classes"


def _classes(truth: pa.Array, label: str) -> tuple[list[str], pa.Array]:
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


def _two(
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
    score = _shares(column, name)
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
            "scores; say of which value: --positive NAME. Or give a column of scores for each value."
        )
    raise DataError(f"say which label counts as positive: {' or '.join(f'--positive {name!r}' for name in names)}.")


def _many(
    columns: Mapping[str, pa.Array],
    wanted: Sequence[str],
    names: list[str],
    codes: pa.Array,
    *,
    used: tuple[str, ...],
    label: str,
) -> tuple[Scores, pa.Array]:
    order = _match(wanted, names, label)
    classes = [*order.values()]
    notes: list[str] = []
    shares = np.column_stack([_shares(columns[name], name) for name in order])
    missing = np.asarray(np.isnan(shares).any(axis=1))
    sums = shares[~missing].sum(axis=1)
    if sums.size and np.abs(sums - 1).max() > 0.02:
        row = int(np.flatnonzero(~missing)[np.abs(sums - 1).argmax()])
        notes.append(
            f"The scores of a row do not always sum to 1 (row {row + 1:,}: {shares[row].sum():.3g}); the highest counts."
        )
    predictions = np.where(missing, -1, np.nan_to_num(shares).argmax(axis=1)).astype(np.int32)
    moved = pa.array([classes.index(name) for name in names], pa.int32())
    codes = moved.take(codes)
    _count_missing(notes, missing, "the scores")
    shares[missing] = np.nan
    empty = np.empty(0)
    return (
        Scores("classes", tuple(classes), empty, empty, shares.astype(np.float32), predictions, None, 0.5, used, tuple(notes)),
        codes,
    )


def _match(wanted: Sequence[str], names: list[str], label: str) -> dict[str, str]:
    """Which column holds the scores of which class: by its name or its ending, else by order."""
    found: dict[str, str] = {}
    for column in wanted:
        ending = [name for name in names if column.lower() == name.lower() or column.lower().endswith(name.lower())]
        if ending:
            found[column] = max(ending, key=len)
    if len(found) == len(wanted) and len(set(found.values())) == len(wanted) >= len(names):
        return found
    if len(set(found.values())) == len(names) and len(wanted) > len(names):
        return {column: found.get(column, column) for column in wanted}
    if len(wanted) == len(names) and not found:
        return dict(zip(wanted, names, strict=True))
    lacking = [name for name in names if name not in found.values()]
    raise DataError(
        f"{len(wanted)} columns of scores for the {len(names)} values of {label!r}; no column ends in {', '.join(lacking[:5])}. "
        "Name each column by its class, such as p_cat and p_dog."
    )


def _predicted(
    column: pa.Array, name: str, names: list[str], codes: pa.Array, *, positive: Any, used: tuple[str, ...]
) -> tuple[Scores, pa.Array]:
    said, predicted = _classes(column, name)
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


def _numbers(columns: Mapping[str, pa.Array], label: str, wanted: Sequence[str], used: tuple[str, ...]) -> Scores:
    if len(wanted) != 1:
        raise DataError("a regression predicts one number: give one column of scores.")
    truth, score = _finite(columns[label], label), _finite(columns[wanted[0]], wanted[0])
    notes: list[str] = []
    _count_missing(notes, np.isnan(score), wanted[0])
    count = len(score)
    return Scores(
        "numbers", (), score, truth, np.empty((count, 0), np.float32), np.full(count, -1, np.int32), None, 0.5, used, tuple(notes)
    )


def _finite(column: pa.Array, name: str) -> NDArray[np.float64]:
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataError(f"column {name!r} holds {column.type}, not numbers.")
    values = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if np.isinf(values).any():
        raise DataError(f"column {name!r} is infinite in row {int(np.isinf(values).argmax()) + 1:,}.")
    return values


def _shares(column: pa.Array, name: str) -> NDArray[np.float64]:
    """Scores in 0..1, NaN where they are missing."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        shown = next((str(value) for value in column.to_pylist() if value is not None), "")
        raise DataError(
            f"column {name!r} holds {column.type} such as {shown[:40]!r}, not scores; scores are numbers from 0 to 1."
        )
    values = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False)).copy()
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        row = int(wrong.argmax())
        hint = (
            "percentages need a division by 100"
            if np.nanmin(values) >= 0 and np.nanmax(values) <= 100
            else "logits need a sigmoid"
        )
        raise DataError(
            f"{int(wrong.sum()):,} scores of {name!r} lie outside 0 to 1, the first in row {row + 1:,}: {values[row]:g}. "
            f"Scores are probabilities; {hint}."
        )
    return values


def _count_missing(notes: list[str], missing: NDArray[Any], name: str) -> None:
    if missing.all():
        raise DataError(f"{name} is missing in every row; there is nothing to judge.")
    if missing.any():
        notes.append(f"{int(missing.sum()):,} of {missing.size:,} rows have no score; they are shown, and counted nowhere.")


def free_name(name: str, columns: Mapping[str, Any]) -> str:
    """What a column is called in the case: a name that means something there gets the ending ``_given``."""
    free = name
    while free.lower() in RESERVED or (free != name and free in columns):
        free = f"{free}_given"
    return free


def _with_columns(found: Scores, names: Mapping[str, str], taken: set[str]) -> Scores:
    """The scores with their columns called as the case calls them, without those it takes away."""
    return replace(found, columns=tuple(names[name] for name in found.columns if name not in taken))


def _identity(table: pa.Table) -> str:
    """32 hexadecimal digits over all columns but the labels."""
    digest = hashlib.blake2b(digest_size=16)
    for name in table.column_names:
        if name in ("row", "label"):
            continue
        digest.update(f"{name}:{table[name].type}".encode())
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, pa.schema([(name, table[name].type)])) as writer:
            writer.write_table(table.select([name]))
        digest.update(sink.getvalue())
    return digest.hexdigest()
