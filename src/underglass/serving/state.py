"""What is served at one data version: which columns, subsets and picks? Read together with the tables, never apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from underglass.errors import FilterError, StaleError
from underglass.filters import Tree, check, picks_named, subsets_named, to_sql
from underglass.serving.columns import Columns
from underglass.serving.subsets import Subsets


@dataclass(frozen=True)
class State:
    """What is served.

    Parameters
    ----------
    columns
        What the columns of ``instances`` hold.
    subsets
        The named subsets and their tables.
    picks
        Tables of picked rows, the oldest first.
    """

    columns: Columns
    subsets: Subsets
    picks: tuple[str, ...] = ()

    @classmethod
    def first(cls, connection: duckdb.DuckDBPyConnection) -> State:
        """No subsets and no picks yet."""
        return cls(Columns(connection), Subsets())

    def serves(self, name: str) -> bool:
        """Whether a table can be asked, by its name in lower case."""
        return name == "instances" or name in self.picks or name in self.subsets.tables.values()

    def where(self, tree: Tree | Any | None) -> str:
        """The expression for a filter tree.

        Raises
        ------
        FilterError
            If it does not fit what is served.
        StaleError
            If it rests on a pick that is gone.
        """
        if tree is None:
            return "TRUE"
        for one in self.subsets:
            if one.problem is not None and one.definition.name in subsets_named(check(tree, self.columns)):
                raise FilterError(f"the subset {one.definition.name!r} cannot be evaluated: {one.problem}")
        sql = to_sql(tree, self.columns, subsets=self.subsets.tables)
        for name in picks_named(tree):
            if name not in self.picks:
                raise StaleError(f"{name} is gone: pick again")
        return sql
