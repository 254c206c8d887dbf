"""What does the table of instances look like, and which ids and columns are refused?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from underglass.datasets.columns import RESERVED, columns_of, to_arrow
from underglass.errors import DataError

SHOWN = 5


def instance_table(
    count: int,
    *,
    ids: Any = None,
    labels: pa.Array | None = None,
    split: Any = None,
    metadata: Any = None,
) -> pa.Table:
    """One row an instance, in the columns the store keeps.

    Parameters
    ----------
    count : number of instances
        At least 0.
    ids : (count,) unique integers or strings
        0 … count − 1 without them.
    labels : (count,) int32
        Class indexes, null = unlabelled.
    split : one word for all, or (count,) words
        Such as ``"train"`` and ``"test"``.
    metadata : table or mapping
        Further columns, (count,) each; types and nulls are kept.

    Returns
    -------
    Table with ``row`` int32, ``id`` int64 or string, ``label`` int32, ``split`` string, then metadata.

    Raises
    ------
    DataError
        A column of another length, an id given twice or missing, or a metadata column with a reserved name.
    """
    columns: dict[str, pa.Array] = {
        "row": pa.array(np.arange(count, dtype=np.int32)),
        "id": _ids(ids, count),
        "label": labels if labels is not None else pa.nulls(count, pa.int32()),
        "split": _split(split, count),
    }
    for name, values in _metadata(metadata).items():
        column = to_arrow(name, values)
        if len(column) != count:
            raise DataError(f"metadata column {name!r} has {len(column):,} values for {count:,} instances.")
        if pa.types.is_nested(column.type):
            raise DataError(f"metadata column {name!r} holds {column.type}; a column holds numbers, words, truths or times.")
        columns[name] = column
    return pa.table(columns)


def _metadata(metadata: Any) -> dict[str, Any]:
    if metadata is None:
        return {}
    columns = columns_of(metadata)
    if columns is None:
        raise DataError(f"metadata is {type(metadata).__name__}; it may be a dict of columns or a pandas, polars or Arrow table.")
    for name in columns:
        if not name:
            raise DataError("a metadata column has no name; name it or leave it out.")
        if name.lower() in RESERVED:
            raise DataError(f"a metadata column cannot be called {name!r}: that name is taken. Call it {name + '_given'!r}, say.")
    lower = [name.lower() for name in columns]
    twin = next((name for name in columns if lower.count(name.lower()) > 1), None)
    if twin is not None:
        raise DataError(f"two metadata columns differ from {twin!r} only in case; filters do not tell them apart, so rename one.")
    return columns


def _ids(ids: Any, count: int) -> pa.Array:
    if ids is None:
        return pa.array(np.arange(count, dtype=np.int64))
    column = to_arrow("ids", ids)
    if len(column) != count:
        raise DataError(f"{len(column):,} ids for {count:,} instances; there must be one each.")
    if count == 0:
        return column if pa.types.is_string(column.type) else pa.array([], pa.int64())
    if column.null_count:
        first = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise DataError(f"{column.null_count:,} ids are missing, the first at position {first}; every instance needs one.")
    if pa.types.is_integer(column.type):
        column = column.cast(pa.int64())
    elif not pa.types.is_string(column.type):
        raise DataError(f"ids are {column.type}; they may be integers or strings.")
    _refuse_doubles(column)
    return column


def _refuse_doubles(column: pa.Array) -> None:
    counted = pc.value_counts(column)
    values, counts = counted.field("values"), counted.field("counts").to_numpy()
    if (counts > 1).any():
        doubles = [values[int(i)].as_py() for i in np.flatnonzero(counts > 1)]
        named = ", ".join(repr(value) for value in doubles[:SHOWN]) + (" …" if len(doubles) > SHOWN else "")
        raise DataError(f"{len(doubles):,} ids are given more than once: {named}. An id names one instance.")


def _split(split: Any, count: int) -> pa.Array:
    if split is None:
        return pa.nulls(count, pa.string())
    if isinstance(split, str):
        return pa.array([split] * count, pa.string())
    column = to_arrow("split", split)
    if len(column) != count:
        raise DataError(f"split has {len(column):,} values for {count:,} instances; give one word for all, or one each.")
    return column.cast(pa.string())
