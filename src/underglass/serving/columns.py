"""What do the columns of the served table hold: types, missing values, ranges, categories?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import duckdb

from underglass.filters import ColumnType, quote_name
from underglass.filters.columns import Kind
from underglass.wire import ColumnInfo

INTEGERS = ("tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint", "uhugeint")
KINDS: dict[str, Kind] = {
    **dict.fromkeys(INTEGERS, "integer"),
    **dict.fromkeys(("float", "double", "decimal"), "number"),
    "enum": "category",
    "boolean": "boolean",
    "timestamp": "time",
    "list": "list",
}
WITH_RANGE = ("number", "integer", "time")


class Columns(Mapping[str, ColumnType]):
    """The columns at one data version, by name, in the table's order.

    Parameters
    ----------
    connection
        A reading one.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        table = connection.sql("SELECT * FROM instances LIMIT 0")
        self._types = {name: _type(kind) for name, kind in zip(table.columns, table.types, strict=True)}

    def __getitem__(self, name: str) -> ColumnType:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def infos(self, connection: duckdb.DuckDBPyConnection) -> list[ColumnInfo]:
        """The columns as hosts send them, counted over all rows."""
        wanted = ["count(*)"]
        for name, column in self._types.items():
            quoted = quote_name(name)
            wanted.append(f"count({quoted})")
            if column.kind in WITH_RANGE:
                wanted += [f"min({quoted})", f"max({quoted})"]
        found = connection.execute(f"SELECT {', '.join(wanted)} FROM instances").fetchone()
        assert found is not None
        values = iter(found)
        rows = next(values)
        return [self._info(name, column, rows, values) for name, column in self._types.items()]

    def _info(self, name: str, column: ColumnType, rows: int, values: Iterator[Any]) -> ColumnInfo:
        nulls = rows - next(values)
        low, high = (next(values), next(values)) if column.kind in WITH_RANGE else (None, None)
        return ColumnInfo(
            name=name,
            type=column.kind,
            nulls=nulls,
            categories=list(column.categories) if column.kind == "category" else None,
            min=_json(low),
            max=_json(high),
        )


def _type(kind: Any) -> ColumnType:
    if kind.id == "enum":
        return ColumnType("category", tuple(dict(kind.children)["values"]))
    return ColumnType(KINDS.get(kind.id, "text"))


def _json(value: Any) -> float | str | None:
    """A bound as JSON: times in ISO, an infinite number as missing."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, int | float) else None
