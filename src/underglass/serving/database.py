"""How is the engine locked, and how is it asked so that an answer and its data version belong together?

Engine settings first (no files, no network, no extensions, no Python variables; the configuration itself is locked), then a
cursor of its own for each request inside ``BEGIN TRANSACTION READ ONLY``: DuckDB's SELECT can hold a deleting CTE. Neither is
enough alone: a CTE that copies to a file is read-only, and only the settings refuse it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from underglass.serving.state import State
from underglass.serving.statements import QueryError, first_line
from underglass.serving.watching import Stop, Watch

TIMEOUT = 30.0
"""Seconds a query may take."""
MOST_ROWS = 5_000_000
MOST_BYTES = 512 * 2**20
BATCH_ROWS = 65_536
LEAST_MEMORY = 2**30

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Answer:
    """What was asked, as an Arrow IPC stream, and the data version it was read at."""

    data: bytes
    version: int
    rows: int


@dataclass
class Writing:
    """A transaction: its connection, and what is served after it; the writer replaces the state."""

    connection: Connection
    state: State | None


@dataclass(frozen=True)
class Reading:
    """A snapshot of the tables."""

    cursor: Connection
    version: int
    state: State


class Database:
    """An in-memory DuckDB, filled by its owner, then locked.

    Parameters
    ----------
    memory_limit
        Bytes the engine may use, the tables included; by default half of the machine's memory.
    threads
        By default the number of processors.
    version
        Of the data, to begin with.
    """

    def __init__(self, *, memory_limit: int | None = None, threads: int | None = None, version: int = 1) -> None:
        self.memory_limit = memory_limit or max(LEAST_MEMORY, _machine_memory() // 2)
        self._threads = threads or os.cpu_count() or 1
        self._root = duckdb.connect(":memory:")  # only ever duplicated, so that no two threads use one connection
        self._writer = self._root.cursor()
        self._writing = threading.RLock()
        self._gate = threading.Lock()
        self._duplicating = threading.Lock()
        self.watch = Watch()
        self.version = version
        self._state: State | None = None

    def close(self) -> None:
        """Let go of the memory; running queries end."""
        self.watch.close()
        with self._writing:
            self._writer.close()
            with self._duplicating:
                self._root.close()

    def lock(self) -> None:
        """From here on no statement can reach a file, the network, an extension or a setting."""
        for setting in (
            "autoinstall_known_extensions=false",
            "autoload_known_extensions=false",
            "python_enable_replacements=false",
            "temp_directory=''",
            f"memory_limit='{self.memory_limit}B'",
            f"threads={self._threads}",
            "max_expression_depth=250",
            "enable_external_access=false",
            "lock_configuration=true",
        ):
            self._writer.execute(f"SET {setting}")

    def parser(self) -> Connection:
        """A cursor for parsing statements, outside any transaction."""
        return self._cursor()

    def _cursor(self) -> Connection:
        try:
            with self._duplicating:  # DuckDB refuses, and does not wait, where two threads use one connection at a time
                return self._root.cursor()
        except duckdb.ConnectionException:
            raise QueryError("the case is closed") from None

    @property
    def state(self) -> State:
        """What is served now."""
        assert self._state is not None
        return self._state

    @contextmanager
    def writing(self, *, moves: bool = True) -> Iterator[Writing]:
        """One transaction of our own that changes tables; none of it shows if it fails.

        Parameters
        ----------
        moves
            Whether the data change: version and state then move at the very moment the change shows.
        """
        with self._writing:
            self._writer.execute("BEGIN TRANSACTION")
            writing = Writing(self._writer, self._state)
            try:
                yield writing
                with self._gate:
                    self._writer.execute("COMMIT")
                    self.version += moves
                    self._state = writing.state
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """A cursor that can only read, with the version and the state of what it sees from beginning to end."""
        with self._cursor() as cursor:
            with self._gate:
                cursor.execute("BEGIN TRANSACTION READ ONLY")
                cursor.execute("SELECT 1 FROM instances LIMIT 0")  # DuckDB takes its snapshot at the first touch
                reading = Reading(cursor, self.version, self.state)
            yield reading

    def ask(
        self,
        sql: str,
        *,
        allow: Callable[[State], None] = lambda state: None,
        timeout: float = TIMEOUT,
        most_rows: int = MOST_ROWS,
        most_bytes: int = MOST_BYTES,
        stop: Stop | None = None,
    ) -> Answer:
        """Answer one SELECT.

        Parameters
        ----------
        sql
            Checked by the caller, or our own.
        allow
            Called with what the query will see, before it runs; may refuse.
        timeout
            Seconds.
        most_rows, most_bytes
            An answer that is larger is refused.
        stop
            Ends the query from another thread.

        Raises
        ------
        QueryError
            If the query fails, or takes too long, too much memory or gives too much.
        """
        stop = stop or Stop()
        with self.reading() as reading:
            allow(reading.state)
            cursor = reading.cursor
            with self.watch.over(cursor.interrupt, timeout, stop) as time_is_up:
                try:
                    data, rows = _stream(cursor, sql, most_rows, most_bytes, lambda: stop.stopped or time_is_up())
                except (duckdb.Error, pa.ArrowException) as error:
                    raise _said(error, stop, time_is_up(), timeout) from None
        return Answer(data, reading.version, rows)


def _stream(cursor: Connection, sql: str, most_rows: int, most_bytes: int, ended: Callable[[], bool]) -> tuple[bytes, int]:
    if ended():
        raise duckdb.InterruptException("ended before it began")
    relation = cursor.sql(sql)
    if relation is None:
        raise QueryError("only a SELECT can be asked")
    reader = relation.to_arrow_reader(BATCH_ROWS)
    sink, rows = pa.BufferOutputStream(), 0
    with pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            if ended():
                raise duckdb.InterruptException("ended between two batches")
            rows += batch.num_rows
            if rows > most_rows:
                raise QueryError(f"the answer has more than {most_rows:,} rows: count, or ask for a part")
            writer.write_batch(batch)
            if sink.tell() > most_bytes:
                raise QueryError(f"the answer is larger than {most_bytes:,} bytes: count, or ask for a part")
    return sink.getvalue().to_pybytes(), rows


def _said(error: Exception, stop: Stop, time_is_up: bool, timeout: float) -> QueryError:
    if stop.stopped:
        return QueryError("the query was cancelled")
    if time_is_up:
        return QueryError(f"the query took longer than {timeout:g} s and was stopped")
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryError("the query needs more memory than there is for it: ask for less at once")
    return QueryError(f"the query failed: {first_line(error)}")


def _machine_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 4 * LEAST_MEMORY
