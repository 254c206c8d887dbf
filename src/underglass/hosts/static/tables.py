"""Which instances does a page hold, and in which columns? The served table as one Arrow stream, rows counted anew from 0."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from underglass.errors import DataError
from underglass.store import Subset

if TYPE_CHECKING:
    from underglass.case import Case

Rows = np.ndarray[Any, np.dtype[np.int32]]


def chosen_rows(case: Case, where: Any) -> Rows:
    """The rows to take along, sorted; all of them without a choice.

    Raises
    ------
    FilterError
        The filter is none.
    DataError
        No instance is chosen, or a row is none of the case.
    """
    n = case.folder.manifest.instances
    if where is None:
        return np.arange(n, dtype=np.int32)
    rows = case.rows(where)
    if len(rows) and (rows[0] < 0 or rows[-1] >= n):
        raise DataError(f"there is no instance {rows[0] if rows[0] < 0 else rows[-1]}: rows are 0 to {n - 1}")
    if not len(rows):
        raise DataError("none of the instances is chosen by where=: there would be nothing in the page")
    return rows


def instance_table(case: Case, rows: Rows) -> pa.Table:
    """The served columns of some rows, categories as dictionaries, ``row`` counted anew."""
    table = case.serving.table()
    if len(rows) < table.num_rows:
        table = table.take(pa.array(rows))
    columns: dict[str, pa.Array] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        columns[name] = _plain(pa.array(np.arange(len(rows), dtype=np.int32)) if name == "row" else column)
    return pa.table(columns)


def arrow_stream(table: pa.Table) -> bytes:
    """A table as an Arrow IPC stream of one batch."""
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table.combine_chunks(), max_chunksize=max(1, table.num_rows))
    return out.getvalue()


def subset_definitions(subsets: Mapping[str, Subset], rows: Rows, people: Mapping[str, str]) -> list[dict[str, Any]]:
    """The subsets as the page evaluates them: live ones by their filter, frozen ones by their rows in the page."""
    found = []
    for one in subsets.values():
        inside = None if one.rows is None else np.flatnonzero(np.isin(rows, one.rows)).tolist()
        found.append(
            {
                "name": one.name,
                "kind": one.kind,
                "filter": one.filter,
                "rows": inside,
                "note": one.note,
                "author": people.get(one.author, ""),
                "time": one.time,
            }
        )
    return found


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """In one of the types that the page reads, in one piece."""
    if isinstance(column, pa.ChunkedArray):
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        column = column.combine_chunks() if column.num_chunks else pa.array([], column.type)
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.cast(pa.dictionary(pa.int32(), pa.string()))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return column.cast(pa.list_(pa.string()))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    return column
