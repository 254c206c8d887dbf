"""Which instances are in each named subset, now? A table of rows for each; live ones are evaluated anew when they may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from underglass.errors import FilterError
from underglass.filters import check, columns_named, subsets_named, to_sql, to_text
from underglass.filters.columns import Columns
from underglass.store import Subset


@dataclass(frozen=True)
class Served:
    """A subset as it is served.

    Parameters
    ----------
    definition
        From the journal.
    table
        Where its rows are; None where it cannot be evaluated.
    count
        How many there are.
    problem
        Why it cannot be evaluated.
    """

    definition: Subset
    table: str | None
    count: int
    problem: str | None = None

    def info(self, columns: Columns) -> dict[str, Any]:
        """The subset as hosts send it."""
        live = self.definition.kind == "live"
        return {
            "name": self.definition.name,
            "table": self.table or "",
            "kind": self.definition.kind,
            "count": self.count,
            "filter": _written(self.definition.filter, columns) if live else None,
            "author": self.definition.author,
            "time": self.definition.time,
            "problem": self.problem,
        }


class Subsets:
    """The subsets of a case; tables are never changed, a subset whose rows may have changed stands in a new one."""

    def __init__(self) -> None:
        self._served: dict[str, Served] = {}
        self._number = 0

    def __iter__(self) -> Any:
        return iter(self._served.values())

    @property
    def tables(self) -> dict[str, str]:
        """Table of each subset that can be evaluated, by its name."""
        return {name: one.table for name, one in self._served.items() if one.table is not None}

    def updated(
        self, connection: duckdb.DuckDBPyConnection, definitions: Mapping[str, Subset], columns: Columns, changed: set[str] | None
    ) -> Subsets:
        """The subsets after an edit; their old tables are gone with the transaction.

        Parameters
        ----------
        connection
            In a transaction that has changed ``instances`` already.
        definitions
            From the journal.
        columns
            What the columns hold now.
        changed
            Columns whose values have changed; None if any may have.
        """
        after = Subsets()
        after._number = self._number
        stale: set[str] = set()
        for name in _in_order(definitions):
            definition, before = definitions[name], self._served.get(name)
            if before is not None and before.definition == definition and not _touched(definition, changed, stale):
                after._served[name] = before
                continue
            stale.add(name)
            after._served[name] = after._evaluate(connection, definition, columns)
        kept = {one.table for one in after}
        for one in self:
            if one.table is not None and one.table not in kept:
                connection.execute(f"DROP TABLE {one.table}")
        after._served = {name: after._served[name] for name in definitions}
        return after

    def _evaluate(self, connection: duckdb.DuckDBPyConnection, definition: Subset, columns: Columns) -> Served:
        if definition.kind == "live":
            try:
                where = to_sql(definition.filter, columns, subsets=self.tables)
            except FilterError as error:
                return Served(definition, None, 0, str(error))
            source = f'SELECT "row" FROM instances WHERE {where} ORDER BY "row"'
        else:
            connection.register("members", pa.table({"row": pa.array(definition.rows, pa.int32())}))
            source = 'SELECT "row" FROM members'
        self._number += 1
        table = f"subset_{self._number}"
        try:
            connection.execute(f"CREATE TABLE {table} AS {source}")
        finally:
            if definition.kind == "frozen":
                connection.unregister("members")
        ((found,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # an open result would block `register`
        return Served(definition, table, int(found))


def _touched(definition: Subset, changed: set[str] | None, stale: set[str]) -> bool:
    if definition.kind == "frozen":
        return False
    if changed is None:
        return True
    return bool(subsets_named(definition.filter) & stale or columns_named(definition.filter) & changed)


def _in_order(definitions: Mapping[str, Subset]) -> list[str]:
    """Names such that a subset comes after those it rests on."""
    order: dict[str, None] = {}

    def add(name: str, under: frozenset[str]) -> None:
        if name in order or name in under or name not in definitions:
            return
        if definitions[name].kind == "live":
            for other in sorted(subsets_named(definitions[name].filter)):
                add(other, under | {name})
        order[name] = None

    for name in definitions:
        add(name, frozenset())
    return list(order)


def _written(tree: Any, columns: Columns) -> str:
    """A filter's text; as it stands where it does not fit the columns any more."""
    try:
        return to_text(check(tree, columns))
    except FilterError:
        return to_text(tree)
