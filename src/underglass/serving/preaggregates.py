"""Which tables may a browser have made? Pre-aggregates of Mosaic, each rewritten by us into the schema of the data version."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable

import duckdb

from underglass.errors import StaleError
from underglass.filters import quote_name
from underglass.serving.database import Connection, Database
from underglass.serving.state import State
from underglass.serving.statements import QueryError, first_line
from underglass.serving.watching import Stop

MOST_TABLES = 200
MOST_ROWS = 10_000_000
CREATE_SCHEMA = re.compile(r'\s*CREATE SCHEMA IF NOT EXISTS "pre_([0-9]{1,15})"\s*;?\s*')
CREATE_TABLE = re.compile(
    r'\s*CREATE TABLE IF NOT EXISTS "pre_([0-9]{1,15})"\."(preagg_[0-9a-f]{1,16})" AS (.*?)\s*;?\s*', re.DOTALL
)


def schema_of(version: int) -> str:
    """Schema of the pre-aggregates of a data version."""
    return f"pre_{version}"


class Preaggregates:
    """The pre-aggregates of the current data version; older ones die with theirs."""

    def __init__(self, database: Database, check: Callable[[str, State], None]) -> None:
        self._database = database
        self._check = check
        self._guard = threading.Lock()
        self._version = 0
        self._bodies: OrderedDict[str, str] = OrderedDict()

    def has(self, schema: str, name: str) -> bool:
        """Whether a table is served."""
        return schema == schema_of(self._database.version) == schema_of(self._version) and name in self._bodies

    def run(self, sql: str, *, timeout: float, stop: Stop | None = None) -> None:
        """Do what Mosaic asks to be done: make the schema, make a table if it is not there.

        Raises
        ------
        QueryError
            If it is anything else, or the table's query is no allowed SELECT.
        StaleError
            If it is for older data.
        """
        version, name, body = self._read(sql)
        with self._guard:
            self._begin(version)
            if name is None or self._bodies.get(name) == body:
                return
            if name in self._bodies:
                raise QueryError(f"{name} is taken by another query")  # 32 bits of hash: Mosaic then asks directly
            with self._database.reading() as reading:
                self._check(body, reading.state)
                _explain(reading.cursor, body)
            with self._database.writing(moves=False) as writing:
                self._current(version)
                self._make(writing.connection, name, body, timeout, stop or Stop())
                self._bodies[name] = body

    def drop_all(self, connection: Connection) -> None:
        """Drop them, within the transaction that changes the data; requests for them are stale once the version has moved."""
        connection.execute(f"DROP SCHEMA IF EXISTS {schema_of(self._database.version)} CASCADE")

    def _read(self, sql: str) -> tuple[int, str | None, str]:
        statements = [part for part in re.split(r"(?<=\");\s*(?=CREATE TABLE)", sql, maxsplit=1) if part.strip()]
        first = CREATE_SCHEMA.fullmatch(statements[0]) if statements else None
        if first is not None and len(statements) == 1:
            return int(first[1]), None, ""
        table = CREATE_TABLE.fullmatch(statements[-1]) if statements else None
        if table is None or (len(statements) == 2 and (first is None or first[1] != table[1])):
            raise QueryError("only pre-aggregates can be made")
        return int(table[1]), table[2], table[3]

    def _current(self, version: int) -> None:
        if version != self._database.version:
            raise StaleError(f"the data are at version {self._database.version}, not {version}: ask for the case anew")

    def _begin(self, version: int) -> None:
        """Have the schema of this version, with room in it."""
        with self._database.writing(moves=False) as writing:
            connection = writing.connection
            self._current(version)
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema_of(version)}")
            if self._version != version:
                self._version, self._bodies = version, OrderedDict()
            while len(self._bodies) >= MOST_TABLES:
                oldest = next(iter(self._bodies))
                connection.execute(f"DROP TABLE {schema_of(version)}.{quote_name(oldest)}")
                del self._bodies[oldest]

    def _make(self, connection: Connection, name: str, body: str, timeout: float, stop: Stop) -> None:
        table = f"{schema_of(self._version)}.{quote_name(name)}"
        with self._database.watch.over(connection.interrupt, timeout, stop) as time_is_up:
            try:
                connection.execute(f"CREATE TABLE {table} AS SELECT * FROM (\n{body}\n) LIMIT {MOST_ROWS + 1}")
            except duckdb.Error as error:
                if time_is_up():
                    raise QueryError(f"the pre-aggregate took longer than {timeout:g} s and was stopped") from None
                raise QueryError(f"the pre-aggregate failed: {first_line(error)}") from None
        made = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        if made is None or made[0] > MOST_ROWS:
            raise QueryError(f"the pre-aggregate has more than {MOST_ROWS:,} rows")


def _explain(reader: Connection, body: str) -> None:
    """Plan the query where nothing can be written: a part of it that would write fails here."""
    try:
        reader.execute(f"EXPLAIN {body}")
    except duckdb.Error as error:
        raise QueryError(f"the pre-aggregate failed: {first_line(error)}") from None
