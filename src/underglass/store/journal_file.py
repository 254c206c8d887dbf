"""How are edits written so that none is lost? One SQLite file, write-ahead logged, to which rows are only ever added.

Each row carries the hash of itself and the row before it, so that a row changed or taken out later is found.
"""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from underglass.errors import CaseError, EditError
from underglass.store.network_drives import network_drive

SCHEMA = 1
WAIT_SECONDS = 20.0
COLUMNS = (
    "sequence",
    "time",
    "author",
    "op",
    "field",
    "key",
    "count",
    "rows",
    "low",
    "high",
    "names",
    "new",
    "codes",
    "before",
    "undoes",
    "root",
    "chain",
)
SMALL = tuple(name for name in COLUMNS if name not in ("rows", "codes", "before"))
TABLES = {
    "meta": "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "edits": """CREATE TABLE edits (
        sequence INTEGER PRIMARY KEY, time TEXT NOT NULL, author TEXT NOT NULL, op TEXT NOT NULL,
        field TEXT NOT NULL, key TEXT NOT NULL, count INTEGER NOT NULL, rows BLOB, low INTEGER, high INTEGER,
        names TEXT, new TEXT, codes BLOB, before BLOB, undoes INTEGER, root INTEGER, chain TEXT NOT NULL)""",
    "never_changed": """CREATE TRIGGER never_changed BEFORE UPDATE ON edits
        BEGIN SELECT RAISE(ABORT, 'edits are never changed'); END""",
    "never_deleted": """CREATE TRIGGER never_deleted BEFORE DELETE ON edits
        BEGIN SELECT RAISE(ABORT, 'edits are never deleted'); END""",
}


class JournalFile:
    """The SQLite file behind a journal.

    Raises
    ------
    CaseError
        If the file is damaged, of a newer schema, or belongs to other data.
    """

    def __init__(self, path: Path, *, data_fingerprint: str, instances: int) -> None:
        self.path = path
        drive = network_drive(path.parent)
        if drive is not None:
            warnings.warn(
                f"{path.parent} is on a network drive ({drive}): edits are slower there, and safe only if the drive's "
                "locks work; keep the case on a local disk while several people edit it",
                stacklevel=4,
            )
        self.writable = True
        with self._errors():
            self._connection = self._connect(wal=drive is None)
            try:
                self._prepare(data_fingerprint, instances)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Let go of the file; what is in the write-ahead log moves into it."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction that no other process writes in; all of it is kept, or none."""
        if not self.writable:
            raise EditError(f"{self.path.parent} is write-protected: its edits can be read but not added to")
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def add(self, row: dict[str, Any]) -> None:
        """Add one row, inside `writing`."""
        marks = ", ".join("?" * len(COLUMNS))
        self._connection.execute(
            f"INSERT INTO edits ({', '.join(COLUMNS)}) VALUES ({marks})", [row.get(name) for name in COLUMNS]
        )

    def version(self) -> int:
        """A number that changes when another process has written."""
        with self._errors():
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def rows(self, since: int = 0, *, small: bool = False) -> Iterator[dict[str, Any]]:
        """Rows after a sequence in order; `small` leaves out rows and values."""
        names = SMALL if small else COLUMNS
        with self._errors():
            for row in self._connection.execute(
                f"SELECT {', '.join(names)} FROM edits WHERE sequence > ? ORDER BY sequence", (since,)
            ):
                yield dict(zip(names, row, strict=True))

    def row(self, sequence: int) -> dict[str, Any]:
        """One row."""
        with self._errors():
            found = self._connection.execute(f"SELECT {', '.join(COLUMNS)} FROM edits WHERE sequence = ?", (sequence,)).fetchone()
        if found is None:
            raise CaseError(f"{self.path} is damaged: edit {sequence} is missing")
        return dict(zip(COLUMNS, found, strict=True))

    def verify(self) -> str | None:
        """What SQLite itself finds wrong with the file, or None."""
        try:
            found = self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            return str(error)
        return None if found == "ok" else str(found)

    def _connect(self, *, wal: bool) -> sqlite3.Connection:
        try:
            return self._opened(str(self.path), "WAL" if wal else "DELETE")
        except sqlite3.OperationalError as error:
            if "readonly" not in str(error) and "unable to open" not in str(error):
                raise
        self.writable = False
        log = self.path.with_name(self.path.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise CaseError(
                f"{self.path.parent} is write-protected and was not closed well: its last edits are in {log.name}, "
                "which can be read only where it can be written; copy the case to a folder of your own"
            )
        # no log can be made beside the file, so it is read as it stands
        return self._opened(f"{self.path.absolute().as_uri()}?immutable=1", None)

    @staticmethod
    def _opened(name: str, mode: str | None) -> sqlite3.Connection:
        uri = name.startswith("file:")
        connection = sqlite3.connect(name, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False, uri=uri)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            if mode is not None:
                if connection.execute("PRAGMA journal_mode").fetchone()[0] != mode.lower():
                    connection.execute(f"PRAGMA journal_mode = {mode}")  # needs the file for itself, unlike reading it
                connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _prepare(self, data_fingerprint: str, instances: int) -> None:
        connection = self._connection
        found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        if not found and self.writable:
            connection.execute("BEGIN IMMEDIATE")
            found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
            if not found:
                for sql in TABLES.values():
                    connection.execute(sql)
                values = [("schema", str(SCHEMA)), ("data_fingerprint", data_fingerprint), ("instances", str(instances))]
                connection.executemany("INSERT INTO meta VALUES (?, ?)", values)
                found = dict(TABLES)
            connection.execute("COMMIT")
        meta = dict(connection.execute("SELECT key, value FROM meta")) if "meta" in found else {}
        if meta.get("schema", "").isdigit() and int(meta["schema"]) > SCHEMA:
            raise CaseError(
                f"{self.path} was written by a newer underglass "
                f"(journal schema {meta['schema']}; this one reads up to {SCHEMA}): upgrade underglass"
            )
        if found != TABLES:
            raise CaseError(f"{self.path} is damaged: it is not laid out as a journal of edits")
        if meta.get("data_fingerprint") != data_fingerprint or meta.get("instances") != str(instances):
            raise CaseError(f"{self.path} belongs to a case with other data")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            text = str(error)
            if "full" in text:
                raise CaseError(
                    f"the disk is full: the edit was not written to {self.path}; free some space and try again"
                ) from error
            if "locked" in text or "busy" in text:
                raise EditError(f"another process has been writing to {self.path} for {WAIT_SECONDS:.0f} s: try again") from error
            if "readonly" in text:
                raise EditError(f"{self.path} is write-protected: its edits can be read but not added to") from error
            raise CaseError(f"{self.path} cannot be used: {text}") from error
        except sqlite3.ProgrammingError as error:
            raise EditError(f"{self.path} is closed: open the case again") from error
        except sqlite3.DatabaseError as error:
            raise CaseError(f"{self.path} is damaged: {error}") from error
