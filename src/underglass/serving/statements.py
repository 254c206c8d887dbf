"""Which SQL may a browser send? One SELECT over the served tables, with functions that only compute.

The statement is parsed by DuckDB itself and its tree is walked: tables, table functions and functions are allowed by name,
anything else is refused. This is the outer ring; a statement that slipped through would still run in a read-only
transaction of a locked engine.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import duckdb

from underglass.errors import StaleError, UnderglassError

LONGEST = 100_000
"""Characters of one statement; parsing cannot be interrupted."""
MOST_PARTS = 256
"""SELECTs and sources of one statement; planning takes their square and cannot be interrupted either."""

QUERIES = frozenset(("SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE"))
SOURCES = frozenset(("BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EMPTY", "EXPRESSION_LIST", "SHOW_REF"))
TABLE_FUNCTIONS = frozenset(("unnest", "range", "generate_series"))
MORE_FUNCTIONS = frozenset(("unnest", "grouping", "grouping_id", "now", "today", "current_date", "get_current_timestamp"))
UNSAFE_PREFIXES = (
    "__internal",
    "pg_",
    "has_",
    "inet_",
    "current_",
    "json_execute",
    "obj_description",
    "shobj_",
    "col_description",
)
UNSAFE = frozenset(("session_user", "user", "version", "in_search_path", "get_block_size", "map_to_pg_oid", "repeat"))
"""Functions that compute, and yet tell of the machine or fill it."""
KEPT, LONGEST_KEPT = 512, 10_000
"""Statements that are remembered, and characters of the longest of them."""


class QueryError(UnderglassError):
    """A query from a browser that is refused, or that did not end well."""


class Statements:
    """Checks statements; remembers which have passed.

    Parameters
    ----------
    connection
        Parses; it must be locked already.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._functions = _computing_functions(connection)
        self._taken = frozenset(name.lower() for (name,) in connection.execute("SELECT view_name FROM duckdb_views()").fetchall())
        self._passed: OrderedDict[str, frozenset[tuple[str, str]]] = OrderedDict()

    def check(self, sql: str, serves: Callable[[str, str], bool]) -> None:
        """Pass one SELECT.

        Parameters
        ----------
        sql
            As sent.
        serves
            Whether a table is served now: called with schema (``main`` or that of the pre-aggregates) and name, lower case.

        Raises
        ------
        QueryError
            If it is anything else, or names a table that is not served.
        StaleError
            If it asks for a pre-aggregate of older data.
        """
        tables = self._passed.get(sql)
        if tables is None:
            tables = frozenset(self._tables(sql))
            if len(sql) <= LONGEST_KEPT:
                self._passed[sql] = tables
            if len(self._passed) > KEPT:
                self._passed.popitem(last=False)
        for schema, name in tables:
            if serves(schema, name):
                continue
            if schema.startswith("pre_") or name.startswith(("pick_", "subset_")):
                raise StaleError(f"{name} is gone: the data have changed since; ask for the case anew")
            raise QueryError(f"there is no table {name!r} to ask")

    def _tables(self, sql: str) -> Iterator[tuple[str, str]]:
        """Schema and name of each table a statement reads; refuses what is no such statement."""
        tree = self._parsed(sql)
        named: set[str] = set()
        read: set[tuple[str, str]] = set()
        todo: list[Any] = [tree]
        parts = 0
        while todo:
            part = todo.pop()
            if isinstance(part, list):
                todo.extend(part)
            elif isinstance(part, dict):
                self._pass(part, named, read)
                todo.extend(part.values())
                parts += _is_part(part.get("type"))
                if parts > MOST_PARTS:
                    raise QueryError(f"a query of more than {MOST_PARTS} parts is too large")
        if taken := named & self._taken:
            raise QueryError(f"a part of the query cannot be called {min(taken)!r}")
        return iter(read - {("main", name) for name in named})

    def _parsed(self, sql: str) -> Any:
        if len(sql) > LONGEST:
            raise QueryError(f"a query of {len(sql):,} characters is too long; {LONGEST:,} are allowed")
        try:
            with self._connection.cursor() as cursor:
                found = cursor.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
        except (duckdb.Error, UnicodeError) as error:
            raise QueryError(f"the query cannot be read: {first_line(error)}") from None
        try:
            parsed: dict[str, Any] = json.loads(found[0]) if found else {"error": True}
        except RecursionError:
            raise QueryError("the query is nested too deeply") from None
        if parsed.get("error"):
            raise QueryError(f"only a SELECT can be asked: {parsed.get('error_message', 'it cannot be read')}")
        if len(parsed["statements"]) != 1:
            raise QueryError("one SELECT can be asked at a time")
        return parsed["statements"][0]

    def _pass(self, part: dict[str, Any], named: set[str], read: set[tuple[str, str]]) -> None:
        kind = part.get("type")
        if isinstance(part.get("node"), dict):
            _allow(part["node"].get("type"), QUERIES, "a query")
        if isinstance(kind, str) and kind.endswith("_NODE"):
            _allow(kind, QUERIES, "a query")
        if isinstance(part.get("query_node"), dict):
            _allow(part["query_node"].get("type"), QUERIES, "a query")
        for side in ("from_table", "left", "right"):
            source = part.get(side)
            if isinstance(source, dict) and "class" not in source and not str(source.get("type")).endswith("_NODE"):
                _allow(source.get("type"), SOURCES, "a source")
        if kind == "BASE_TABLE":
            read.add(_table(part))
        elif kind == "SHOW_REF":
            if part.get("show_type") not in ("DESCRIBE", "SUMMARY") or part.get("table_name"):
                raise QueryError("SHOW cannot be asked")
        elif kind == "TABLE_FUNCTION":
            function = part.get("function") or {}
            if function.get("class") != "FUNCTION" or function.get("function_name", "").lower() not in TABLE_FUNCTIONS:
                raise QueryError(f"{function.get('function_name') or 'this'} cannot be read as a table")
        if "cte_map" in part:
            named.update(entry["key"].lower() for entry in part["cte_map"]["map"])
        if "cte_name" in part:
            named.add(str(part["cte_name"]).lower())
        if isinstance(part.get("function_name"), str):
            self._pass_function(part)

    def _pass_function(self, part: dict[str, Any]) -> None:
        name = part["function_name"].lower()
        if (
            name not in self._functions
            or part.get("schema", "") not in ("", "main")
            or part.get("catalog", "") not in ("", "system")
        ):
            raise QueryError(f"the function {part['function_name']} cannot be asked")


def first_line(error: BaseException) -> str:
    """What an engine's error says, without the query that follows it."""
    return str(error).strip().split("\n", 1)[0]


def _is_part(kind: Any) -> bool:
    return isinstance(kind, str) and (kind in QUERIES or kind in SOURCES)


def _allow(kind: Any, allowed: frozenset[str], what: str) -> None:
    if not isinstance(kind, str) or kind not in allowed:
        raise QueryError(f"{kind} is no part of {what} that can be asked")


def _table(part: dict[str, Any]) -> tuple[str, str]:
    if str(part.get("catalog_name") or "memory").lower() != "memory" or part.get("at_clause"):
        raise QueryError(f"there is no table {part.get('table_name')!r} to ask")
    return str(part.get("schema_name") or "main").lower(), str(part.get("table_name")).lower()


def _computing_functions(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Functions whose value follows from their arguments, and nothing else."""
    rows = connection.execute(
        "SELECT function_name FROM duckdb_functions() WHERE (function_type IN ('scalar', 'aggregate', 'window') "
        "AND NOT coalesce(has_side_effects, true) AND stability = 'CONSISTENT') OR (function_type = 'macro' AND internal)"
    ).fetchall()
    names = {name.lower() for (name,) in rows}
    safe = {name for name in names if not name.startswith(UNSAFE_PREFIXES) and name not in UNSAFE}
    return frozenset(safe | MORE_FUNCTIONS)
