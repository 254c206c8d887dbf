"""How does a table with true values and scores, and no model, become instances with their scores?

The way in for an auditor: one column holds what was true, one (or one for each class) what was predicted. Nothing is guessed
that could turn a finding round: which class is positive is asked for unless the labels say it themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from underglass.datasets.columns import columns_of, free_name, to_arrow
from underglass.datasets.dataset import Instances
from underglass.datasets.instances import instance_table
from underglass.datasets.score_tasks import (
    Scores,
    Task,
    by_classes,
    by_numbers,
    by_one_score,
    by_scores_of_classes,
    label_classes,
)
from underglass.errors import DataError, unknown

MANY = 20
"""Numbers of more different values are a quantity, not classes."""


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
    given = columns_of(table)
    if given is None:
        raise DataError(f"data is {type(table).__name__}; give a path, a mapping of columns, or pandas, polars or Arrow.")
    columns = {name: to_arrow(name, values) for name, values in given.items()}
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
        found, codes = by_numbers(columns, label, wanted, used), None
    else:
        names, codes = label_classes(truth, label)
        if len(wanted) == 1 and prediction is None:
            found, codes = by_one_score(
                columns[wanted[0]], wanted[0], names, codes, positive=positive, threshold=threshold, used=used, label=label
            )
        elif wanted:
            found, codes = by_scores_of_classes(columns, wanted, names, codes, used=used, label=label)
        else:
            assert prediction is not None
            found, codes = by_classes(columns[prediction], prediction, names, codes, positive=positive, used=used)
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


def _distinct(column: pa.Array) -> int:
    """How many values a column takes, missing ones not counted."""
    return 0 if pa.types.is_null(column.type) else int(pc.count_distinct(column, mode="only_valid").as_py())


def _task(truth: pa.Array, wanted: Sequence[str], positive: Any) -> Task:
    distinct = _distinct(truth)
    number = pa.types.is_floating(truth.type) or pa.types.is_integer(truth.type)
    if number and len(wanted) == 1 and positive is None and distinct > MANY:
        return "numbers"
    return "two classes" if len(wanted) == 1 else "classes"


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
