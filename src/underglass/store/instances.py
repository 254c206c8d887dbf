"""What may stand in the table of instances, and how is it kept?

One row per instance, in the order that activations follow: ``row, id, label, split`` and the person's own columns with
their types and nulls. Text is only ever text: nothing in it is looked up, formatted or run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from underglass.errors import CaseError, DataError
from underglass.store.writing import replacing

FILE = "instances.parquet"
MOST_INSTANCES = 2**31 - 1
NAMED = 5


def check_instances(table: pa.Table, classes: Sequence[str]) -> pa.Table:
    """The table as it is stored: ``row`` int32 first, ``id``, ``label`` int32, ``split`` text, then the other columns.

    Parameters
    ----------
    table
        Needs ``id`` (text or integers, unique, no nulls); ``row``, if there, must count from 0;
        ``label`` is the class index, null where unlabelled; a missing ``label`` or ``split`` is all null.
    classes
        Names of the labels.

    Raises
    ------
    DataError
        For anything else; names the column and the first offenders.
    """
    names = table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"column {twice[0]!r} is there twice: rename one")
    if "" in names:
        raise DataError("a column has no name")
    if "id" not in names:
        raise DataError(f"instances need a column 'id'; there are: {', '.join(names) or 'none'}")
    n = table.num_rows
    if n == 0:
        raise DataError("there are no instances")
    if n > MOST_INSTANCES:
        raise DataError(f"{n} instances are more than a case can hold ({MOST_INSTANCES})")
    if len(set(classes)) != len(classes):
        repeated = next(name for name in classes if list(classes).count(name) > 1)
        raise DataError(f"class {repeated!r} is there twice: class names must differ")

    row = pa.array(np.arange(n, dtype=np.int32))
    if "row" in names and not table["row"].cast(pa.int64()).combine_chunks().equals(row.cast(pa.int64())):
        raise DataError("column 'row' is kept for the position of an instance (0, 1, 2 …): rename it")
    columns = {
        "row": row,
        "id": _ids(table["id"]),
        "label": _labels(table["label"], classes) if "label" in names else pa.nulls(n, pa.int32()),
        "split": _text("split", table["split"]) if "split" in names else pa.nulls(n, pa.string()),
    }
    for name in names:
        if name not in columns:
            columns[name] = _metadata(name, table[name])
    return pa.table(columns)


def write_instances(folder: Path, table: pa.Table) -> None:
    """Write the checked table, atomically."""
    with replacing(folder / FILE) as part:
        pq.write_table(table, part, compression="zstd")


def read_instances(folder: Path, n: int) -> pa.Table:
    """The table of a case with `n` instances.

    Raises
    ------
    CaseError
        If the file is missing, damaged, or has another number of rows.
    """
    path = folder / FILE
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise CaseError(f"{path} is damaged or missing: {error}") from error
    if table.num_rows != n or table.column_names[:4] != ["row", "id", "label", "split"]:
        raise CaseError(f"{path} is damaged: it does not hold the {n} instances of this case")
    return table


def _ids(column: pa.ChunkedArray) -> pa.Array:
    values = _decoded(column)
    if values.null_count:
        raise DataError(f"{values.null_count} instances have no id (the first is row {pc.index(values.is_null(), True).as_py()})")
    if pa.types.is_integer(values.type):
        try:
            values = values.cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise DataError(f"an id is larger than {2**63 - 1}: give ids as text") from error
    elif _is_text(values.type):
        values = values.cast(pa.string())
    else:
        raise DataError(f"column 'id' holds {values.type}: ids are text or whole numbers")
    counts = pc.value_counts(values)
    often = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if len(often):
        shown = ", ".join(repr(one) for one in often[:NAMED].to_pylist())
        more = f" and {len(often) - NAMED} more" if len(often) > NAMED else ""
        raise DataError(f"ids must differ; used more than once: {shown}{more}")
    return values


def _labels(column: pa.ChunkedArray, classes: Sequence[str]) -> pa.Array:
    values = _whole(column)
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), pa.int32())
    if not pa.types.is_integer(values.type):
        raise DataError(f"column 'label' holds {values.type}: labels are class indices (integers, null = unlabelled)")
    span = pc.min_max(values).as_py()
    if span["min"] is not None and (span["min"] < 0 or span["max"] >= len(classes)):
        bad = span["min"] if span["min"] < 0 else span["max"]
        raise DataError(
            f"label {bad} is outside the {len(classes)} classes (0…{len(classes) - 1}); an unlabelled instance is null"
        )
    return values.cast(pa.int32())


def _text(name: str, column: pa.ChunkedArray) -> pa.Array:
    values = _decoded(column)
    if not (_is_text(values.type) or pa.types.is_null(values.type)):
        raise DataError(f"column {name!r} holds {values.type}: it must be text")
    return values.cast(pa.string())


def _metadata(name: str, column: pa.ChunkedArray) -> pa.Array:
    values = _whole(column)
    kind = values.type
    if pa.types.is_null(kind) or _is_text(kind):
        return values.cast(pa.string())
    inner = kind.value_type if pa.types.is_dictionary(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind) else kind
    if not (pa.types.is_primitive(inner) or pa.types.is_decimal(inner) or _is_text(inner)):
        raise DataError(f"column {name!r} holds {kind}: metadata are numbers, truth values, text, times, or lists of these")
    return values


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.unify_dictionaries().chunks) if column.num_chunks else pa.array([], column.type)


def _decoded(column: pa.ChunkedArray) -> pa.Array:
    values = _whole(column)
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
