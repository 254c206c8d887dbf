"""How does the table of instances become the served one? Codes become names, NaN becomes missing, times become UTC."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from underglass.filters import quote_name, quote_text

MARK = "_edited_now"
"""A column that is there for a moment, to mark the rows that an edit is about."""
OURS = (
    "row",
    "id",
    "label",
    "prediction",
    "confidence",
    "correct",
    "split",
    "excluded",
    "confirmed",
    "flagged",
    "tags",
    "note",
    MARK,
)
"""Columns with a meaning of ours; the engine does not tell upper from lower case."""

RESULT = re.compile(r"(pattern|stability|outlier|x|y)\.", re.IGNORECASE)
MOST_CATEGORIES = 256
"""A text column with no more different values, each twice on average, is a category."""


@dataclass(frozen=True)
class ModelColumns:
    """What a model says of each instance.

    Parameters
    ----------
    name
        Of the model.
    classes
        Its classes.
    prediction
        ``(instances,)`` class index, −1 where there is none.
    confidence
        ``(instances,)`` in 0…1, NaN where there is none.
    """

    name: str
    classes: tuple[str, ...]
    prediction: np.ndarray[tuple[int], np.dtype[np.int32]]
    confidence: np.ndarray[tuple[int], np.dtype[np.float32]]


def distinct_names(names: Sequence[str]) -> tuple[str, ...]:
    """Class names made different: ImageNet has two cranes.

    Examples
    --------
    >>> distinct_names(["crane", "missile", "crane"])
    ('crane', 'missile', 'crane (2)')
    """
    seen: set[str] = set()
    found = []
    for index, name in enumerate(names):
        new = name
        while new in seen:
            new = f"{new} ({index})"
        seen.add(new)
        found.append(new)
    return tuple(found)


def served_names(names: Sequence[str]) -> dict[str, str]:
    """What a person's own columns are called when served; a name that means something else gets `` (data)``.

    Examples
    --------
    >>> served_names(["age", "AGE", "Prediction", "x.conv1", "width"])
    {'age': 'age', 'AGE': 'AGE (data)', 'Prediction': 'Prediction (data)', 'x.conv1': 'x.conv1 (data)', 'width': 'width'}
    """
    taken = set(OURS)
    served = {}
    for name in names:
        new = f"{name} (data)" if "@" in name or RESULT.match(name) else name
        while new.lower() in taken:
            new += " (data)"
        taken.add(new.lower())
        served[name] = new
    return served


def load(
    connection: duckdb.DuckDBPyConnection, instances: pa.Table, classes: Sequence[str], models: Sequence[ModelColumns]
) -> None:
    """Make the table ``instances``; the first model is the active one, the others' columns end in ``@name``.

    Parameters
    ----------
    connection
        Not locked yet.
    instances
        ``row``, ``id``, ``label`` (class index, null unlabelled), ``split``, and a person's own columns.
    classes
        Names of the labels, all different.
    models
        What models say.
    """
    source: dict[str, pa.Array | pa.ChunkedArray] = {}
    selected: list[str] = []

    def serve(name: str, values: pa.Array | pa.ChunkedArray, expression: str = "{}") -> None:
        source[f"c{len(source)}"] = values
        selected.append(f"{expression.format(f'c{len(source) - 1}')} AS {quote_name(name)}")

    own = [name for name in instances.column_names if name not in ("row", "id", "label", "split")]
    create_enum(connection, "class_1", classes)
    serve("row", instances["row"].cast(pa.int32()))
    serve("id", plain(instances["id"]))
    serve("label", instances["label"].cast(pa.int32()), coded("class_1"))
    for position, model in enumerate(models):
        end = "" if position == 0 else f"@{model.name}"
        enum = "class_1" if tuple(model.classes) == tuple(classes) else f"class_of_model_{position}"
        if enum != "class_1":
            create_enum(connection, enum, model.classes)
        serve(f"prediction{end}", pa.array(model.prediction.astype(np.int32)), coded(enum))
        serve(f"confidence{end}", plain(pa.chunked_array([model.confidence.astype(np.float32)])))
        selected.append(f"CAST(NULL AS BOOLEAN) AS {quote_name(f'correct{end}')}")
    for number, (name, new) in enumerate({"split": "split", **served_names(own)}.items()):
        values = plain(instances[name])
        found = categories(values)
        if found is not None:
            create_enum(connection, f"category_{number}", found)
        serve(new, values, "{}" if found is None else f"CAST({{}} AS category_{number})")
    selected += [f"false AS {name}" for name in ("excluded", "confirmed", "flagged")]
    selected += ["CAST([] AS VARCHAR[]) AS tags", "CAST(NULL AS VARCHAR) AS note"]
    connection.register("loading", pa.table(source))
    try:
        connection.execute(f"CREATE TABLE instances AS SELECT {', '.join(selected)} FROM loading")
    finally:
        connection.unregister("loading")
    for position, model in enumerate(models):
        mark_correct(connection, "" if position == 0 else f"@{model.name}", "TRUE")


def add_model(connection: duckdb.DuckDBPyConnection, model: ModelColumns, end: str, enum: str) -> None:
    """Serve what a further model says, in columns that end in `end`; `enum` is the type of its classes."""
    names = [quote_name(f"{column}{end}") for column in ("prediction", "confidence", "correct")]
    for name, kind in zip(names, (enum, "FLOAT", "BOOLEAN"), strict=True):
        connection.execute(f"ALTER TABLE instances ADD COLUMN {name} {kind}")
    said = {
        "row": pa.array(np.arange(len(model.prediction), dtype=np.int32)),
        "code": pa.array(model.prediction.astype(np.int32)),
        "confidence": plain(pa.chunked_array([model.confidence.astype(np.float32)])),
    }
    connection.register("added", pa.table(said))
    try:
        connection.execute(
            f"UPDATE instances SET {names[0]} = {coded(enum).format('added.code')}, {names[1]} = added.confidence "
            'FROM added WHERE added."row" = instances."row"'
        )
    finally:
        connection.unregister("added")
    mark_correct(connection, end, "TRUE")


def mark_correct(connection: duckdb.DuckDBPyConnection, end: str, where: str) -> None:
    """Compare labels with a model's predictions; without the one or the other there is no answer."""
    correct, prediction = quote_name(f"correct{end}"), quote_name(f"prediction{end}")
    connection.execute(f"UPDATE instances SET {correct} = (label = {prediction}) WHERE {where}")


def create_enum(connection: duckdb.DuckDBPyConnection, name: str, values: Sequence[str]) -> None:
    """A type whose values are these names."""
    connection.execute(f"CREATE TYPE {name} AS ENUM ({', '.join(map(quote_text, values))})")


def coded(enum: str) -> str:
    """An expression that turns a code from 0 into its name; −1 and null have none."""
    return f"CAST(enum_range(CAST(NULL AS {enum}))[nullif({{0}}, -1) + 1] AS {enum})"


def plain(values: pa.ChunkedArray) -> pa.Array:
    """A column in one of the served types: whole and other numbers, truth values, times in UTC, texts, lists of texts."""
    array = values.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # an empty column stays chunked
        array = pa.array([], values.type)
    kind = array.type
    if pa.types.is_dictionary(kind):
        return plain(pa.chunked_array([array.dictionary_decode()]))
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = array.cast(pa.float64() if pa.types.is_decimal(kind) or kind == pa.float64() else pa.float32())
        return pc.if_else(pc.is_nan(numbers), pa.scalar(None, numbers.type), numbers)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return array
    if pa.types.is_date(kind):
        return array.cast(pa.date32()).cast(pa.timestamp("us"))
    if pa.types.is_timestamp(kind):
        return array.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.timestamp("us"))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return array.cast(pa.list_(pa.string()))
    return array.cast(pa.string())


def categories(values: pa.Array) -> list[str] | None:
    """The values of a text column if they are few, sorted; None otherwise."""
    if not pa.types.is_string(values.type):
        return None
    found = pc.unique(values.drop_null())
    if not 0 < len(found) <= min(MOST_CATEGORIES, (len(values) - values.null_count) // 2):
        return None
    return sorted(found.to_pylist())
