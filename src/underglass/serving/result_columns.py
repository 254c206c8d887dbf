"""How do results become columns of the served table, and whose are they when another model becomes the active one?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from underglass.errors import DataError
from underglass.filters import quote_name
from underglass.serving.loading import OURS, plain

SMALL_INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16())


def column_values(arrays: Mapping[str, Any], count: int) -> dict[str, pa.Array]:
    """The values of result columns in the types that are served.

    Raises
    ------
    DataError
        If there are not `count` of them, or they would replace a column that is not a result's.
    """
    values = {}
    for name, array in arrays.items():
        if name.split("@")[0].lower() in OURS:
            raise DataError(f"column {name!r} is not a result's: it cannot be replaced")
        values[name] = plain(pa.chunked_array([pa.array(array)]))
        if len(values[name]) != count:
            raise DataError(f"column {name!r} has {len(values[name]):,} values for {count:,} instances")
    return values


def put_columns(connection: duckdb.DuckDBPyConnection, rows: np.ndarray[Any, Any], values: Mapping[str, pa.Array]) -> None:
    """Serve columns: `values` for `rows`, missing for all others; a column of that name is replaced."""
    source = {"row": pa.array(rows.astype(np.int32))}
    for number, (name, array) in enumerate(values.items()):
        source[f"v{number}"] = array
        connection.execute(f"ALTER TABLE instances DROP COLUMN IF EXISTS {quote_name(name)}")
        connection.execute(f"ALTER TABLE instances ADD COLUMN {quote_name(name)} {_sql_type(array.type)}")
    settings = ", ".join(f"{quote_name(name)} = found.v{number}" for number, name in enumerate(values))
    connection.register("found", pa.table(source))
    try:
        connection.execute(f'UPDATE instances SET {settings} FROM found WHERE found."row" = instances."row"')
    finally:
        connection.unregister("found")


def rename_columns(connection: duckdb.DuckDBPyConnection, names: Iterable[tuple[str, str]]) -> None:
    """Give columns other names, one after the other."""
    for old, new in names:
        connection.execute(f"ALTER TABLE instances RENAME {quote_name(old)} TO {quote_name(new)}")


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "INTEGER" if kind in SMALL_INTEGERS else "BIGINT"
    if pa.types.is_floating(kind):
        return "DOUBLE" if kind == pa.float64() else "FLOAT"
    if pa.types.is_list(kind):
        return "VARCHAR[]"
    return {pa.bool_(): "BOOLEAN", pa.timestamp("us"): "TIMESTAMP"}.get(kind, "VARCHAR")
