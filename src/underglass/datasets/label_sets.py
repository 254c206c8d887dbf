"""How is a table of many labels per item read: a column for each label, a list of labels, or a row for each label?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from underglass.datasets.array_data import fingerprint
from underglass.datasets.columns import RESERVED, columns_of, to_arrow
from underglass.datasets.dataset import Instances
from underglass.datasets.files import read_table
from underglass.datasets.instances import instance_table
from underglass.errors import DataError, unknown

Array = np.ndarray[Any, Any]

TRUE, FALSE = frozenset({"true", "yes", "t", "y", "1"}), frozenset({"false", "no", "f", "n", "0", ""})
SEPARATORS = ("|", ";", ",")
LIST_NAMES = ("labels", "tags", "label", "classes", "categories")
ID_NAMES = ("id", "item", "image", "image_id", "file", "filename", "video_id", "name")


@dataclass(frozen=True)
class LabelTable:
    """Items with any number of labels each.

    Attributes
    ----------
    instances : Instances
        The items; columns that are no labels are their metadata.
    names : tuple of str
        Of the labels.
    starts, found : (items + 1,), (entries,)
        Labels of item i are ``found[starts[i] : starts[i + 1]]``, ascending, each once.
    decision : str
        What made a label a yes, in words.
    """

    instances: Instances
    names: tuple[str, ...]
    starts: Array
    found: Array
    decision: str

    def __repr__(self) -> str:
        return f"<{len(self.starts) - 1:,} items, {len(self.names):,} labels, {self.decision}>"


def read_labels(
    data: Any,
    *,
    labels: str | Sequence[str] | None = None,
    id: str | None = None,
    separator: str | None = None,
    threshold: float | None = None,
    top: int | None = None,
) -> LabelTable:
    """Read which labels each item has.

    Parameters
    ----------
    data : path or table
        A CSV, TSV, Parquet or Arrow file; a pandas, polars or Arrow table; or a dict of columns.
    labels : column or columns
        One column holds lists (in text, with `separator` between), or one label a row where the id repeats; several are a label
        each, with yes and no or scores. Without it: a column called labels, tags or label; else all columns of yes and no, 0 and
        1, or scores from 0 to 1.
    id : column
        Names of the items; the first of id, item, image, file … if there is one.
    separator : text
        Between the labels of a list; the first of ``| ; ,`` that occurs.
    threshold : float
        A score of at least this is a yes; 0.5 where there are scores and nothing is said.
    top : int
        The so many highest scores of an item are a yes, in place of a threshold.

    Raises
    ------
    DataError
        No label is found, a column is unknown, or scores lie outside 0 to 1.

    Examples
    --------
    >>> read_labels({"id": ["a", "b"], "labels": ["man|tie", "woman"]})
    <2 items, 3 labels, as listed>
    """
    columns = _columns(data)
    if threshold is not None and top is not None:
        raise DataError("give a threshold or the number of highest scores, not both.")
    chosen = [labels] if isinstance(labels, str) else None if labels is None else list(labels)
    for name in [*(chosen or ()), *([id] if id is not None else ())]:
        if name not in columns:
            raise DataError(unknown("column", name, columns))
    key = id if id is not None else next((name for name in ID_NAMES if name in columns and name not in (chosen or ())), None)
    if chosen is None:
        listed = next((name for name in LIST_NAMES if name in columns and name != key and _is_list(columns[name])), None)
        chosen = [listed] if listed is not None else [name for name in columns if name != key and _judged(columns[name])]
    if not chosen:
        raise DataError(
            "no labels were found: a table needs a column of lists called labels, or columns of yes and no or of scores from "
            "0 to 1; "
            f"there are: {', '.join(columns)}."
        )
    if len(chosen) == 1 and _is_list(columns[chosen[0]]):
        if threshold is not None or top is not None:
            raise DataError(f"column {chosen[0]!r} lists labels, which are already yes or no; threshold and top are for scores.")
        return _listed(columns, chosen[0], key, separator)
    return _wide(columns, chosen, key, threshold, top)


def _columns(data: Any) -> dict[str, pa.Array]:
    from pathlib import Path

    table = read_table(data) if isinstance(data, str | Path) else data
    columns = columns_of(table)
    if columns is None:
        raise DataError(f"labels are {type(data).__name__}; a table is a path, a dict of columns, or pandas, polars or Arrow.")
    if not columns:
        raise DataError("the table has no columns.")
    arrays: dict[str, pa.Array] = {}
    for name, values in columns.items():
        plain = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        nested = isinstance(plain, pa.Array) and pa.types.is_list(plain.type)
        lists = isinstance(plain, list) and any(isinstance(value, list | tuple | set) for value in plain)
        arrays[name] = (
            plain
            if nested
            else pa.array([sorted(v) if isinstance(v, set) else v for v in plain])
            if lists
            else to_arrow(name, plain)
        )
    lengths = {name: len(values) for name, values in arrays.items()}
    first = next(iter(lengths))
    for name, length in lengths.items():
        if length != lengths[first]:
            raise DataError(f"column {name!r} has {length:,} values, column {first!r} {lengths[first]:,}.")
    if not lengths[first]:
        raise DataError("the table has no rows.")
    return arrays


def _is_list(column: pa.Array) -> bool:
    return bool(pa.types.is_list(column.type) or pa.types.is_string(column.type)) and not _judged(column)


def _judged(column: pa.Array) -> bool:
    """Whether a column holds yes and no, or scores."""
    if pa.types.is_boolean(column.type):
        return True
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        span = pc.min_max(column).as_py()
        return span["min"] is not None and span["min"] >= 0 and span["max"] <= 1
    if pa.types.is_string(column.type):
        words = {str(word).strip().lower() for word in column.unique().to_pylist() if word is not None}
        return bool(words) and words <= TRUE | FALSE and bool(words & TRUE)
    return False


def _listed(columns: Mapping[str, pa.Array], name: str, key: str | None, separator: str | None) -> LabelTable:
    column = columns[name]
    item = np.arange(len(column))
    keep = item
    if key is not None and columns[key].null_count == 0:
        coded = columns[key].dictionary_encode()
        if len(coded.dictionary) < len(column):  # a row for each label
            item = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
            _, keep = np.unique(item, return_index=True)
    if pa.types.is_list(column.type):
        lists = column
    elif len(keep) < len(column) and separator is None:
        lists = pa.ListArray.from_arrays(pa.array(np.arange(len(column) + 1), pa.int32()), column)
    else:
        mark = separator or next((one for one in SEPARATORS if pc.any(pc.match_substring(column, one)).as_py()), "|")
        lists = pc.split_pattern(column, mark)
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = pc.utf8_trim_whitespace(lists.flatten().cast(pa.string()))
    owner = np.repeat(item, lengths)
    there = np.asarray(pc.fill_null(pc.greater(pc.utf8_length(flat), 0), fill_value=False))
    flat, owner = flat.filter(pa.array(there)), owner[there]
    spoken = np.array(flat.to_pylist(), dtype=object).astype(str) if len(flat) else np.empty(0, "U1")
    names, codes = np.unique(spoken, return_inverse=True)
    if not len(names):
        raise DataError(f"column {name!r} holds no label at all.")
    items = len(keep)
    pairs = np.unique(np.asarray(owner, np.int64) * len(names) + np.asarray(codes, np.int64))
    starts = np.concatenate([[0], np.cumsum(np.bincount(pairs // len(names), minlength=items))]).astype(np.int64)
    rest = {column_name: values.take(pa.array(keep)) for column_name, values in columns.items() if column_name not in (name, key)}
    ids = columns[key].take(pa.array(keep)) if key is not None else None
    return LabelTable(
        _instances(ids, items, rest), tuple(map(str, names)), starts, (pairs % len(names)).astype(np.int32), "as listed"
    )


def _wide(
    columns: Mapping[str, pa.Array], chosen: list[str], key: str | None, threshold: float | None, top: int | None
) -> LabelTable:
    values = np.stack([_numbers(name, columns[name]) for name in chosen], axis=1)
    plain = bool(np.isin(values, (0, 1)).all())
    if top is not None:
        if not 1 <= top <= len(chosen):
            raise DataError(f"top must be between 1 and the {len(chosen):,} labels; got {top}.")
        yes = np.zeros(values.shape, bool)
        np.put_along_axis(yes, np.argpartition(-values, top - 1, axis=1)[:, :top], values=True, axis=1)
        decision = f"the {top} highest scores"
    else:
        least = threshold if threshold is not None else 0.5
        if not 0 < least <= 1:
            raise DataError(f"a threshold lies above 0 and is at most 1; got {least:g}.")
        yes, decision = values >= least, "yes or no" if plain and threshold is None else f"score at least {least:g}"
    row, found = np.nonzero(yes)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(values)))]).astype(np.int64)
    rest = {name: column for name, column in columns.items() if name not in chosen and name != key}
    instances = _instances(columns[key] if key is not None else None, len(values), rest)
    return LabelTable(instances, tuple(chosen), starts, found.astype(np.int32), decision)


def _numbers(name: str, column: pa.Array) -> Array:
    if column.null_count and not pa.types.is_string(column.type):
        raise DataError(f"column {name!r} misses {column.null_count:,} values; a label is a yes, a no or a score for every item.")
    if pa.types.is_string(column.type):
        words = [str(word or "").strip().lower() for word in column.to_pylist()]
        strange = next((word for word in words if word not in TRUE | FALSE), None)
        if strange is not None:
            raise DataError(f"column {name!r} holds {strange!r}; a label is yes or no, true or false, 0 or 1, or a score.")
        return np.array([word in TRUE for word in words], np.float32)
    numbers = np.asarray(column.cast(pa.float32()).to_numpy(zero_copy_only=False), np.float32)
    if numbers.min() < 0 or numbers.max() > 1:
        raise DataError(f"scores must lie between 0 and 1; those of {name!r} go from {numbers.min():g} to {numbers.max():g}.")
    return numbers


def _instances(ids: pa.Array | None, items: int, rest: Mapping[str, pa.Array]) -> Instances:
    metadata: dict[str, pa.Array] = {}
    for name, column in rest.items():
        if pa.types.is_list(column.type):
            continue
        free = re.sub(r"\s+", " ", name).strip() or "column"
        while free.lower() in RESERVED or free in metadata:
            free += "_given"
        metadata[free] = column
    table = instance_table(items, ids=ids, metadata=metadata)
    return Instances(
        "row", (), table, {"reader": "labels"}, fingerprint(table.column("id"), []), lambda row: None, lambda row: None
    )
