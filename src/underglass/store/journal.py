"""What has been changed, by whom, and what holds now? The append-only journal of a case, shared by several processes.

An undo is a row like any other: it names what it takes back, and puts back what was there before. Each process keeps the
current values and applies only the rows it has not seen.
"""

from __future__ import annotations

import getpass
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from underglass.errors import CaseError, EditError
from underglass.store.edits import (
    LONGEST_NAME,
    UNCHANGED,
    Content,
    Edit,
    Rows,
    describe,
    pack_codes,
    pack_rows,
    unpack_codes,
    unpack_rows,
)
from underglass.store.history import Entry, History
from underglass.store.journal_file import JournalFile, chained
from underglass.store.manifest import now
from underglass.store.operations import Operation, checked, subset_change, to_change
from underglass.store.overlay import Change, Overlay, State, Subset

FILE = "edits.sqlite"


class Journal:
    """The edits of a case.

    Parameters
    ----------
    path
        The SQLite file; made if missing.
    instances
        How many instances the case has.
    data_fingerprint
        Of the case's data; a journal of other data is refused.
    classes
        Names of the labels; a class index is checked against them.
    source_labels
        Gives the source's labels, ``(instances,)`` int32, −1 unlabelled; read when first needed.
    author
        Who edits, where a call does not say; by default the user's login name.
    """

    def __init__(
        self,
        path: Path,
        *,
        instances: int,
        data_fingerprint: str,
        classes: Sequence[str] | None = None,
        source_labels: Callable[[], np.ndarray[Any, Any]] | None = None,
        author: str | None = None,
    ) -> None:
        self.path, self.instances, self.data_fingerprint = path, instances, data_fingerprint
        self.classes = tuple(classes) if classes is not None else None
        self.author = author or _login()
        self._source_labels = source_labels
        self._guard = threading.RLock()
        self._file = JournalFile(path, data_fingerprint=data_fingerprint, instances=instances)
        self._state = State(instances)
        self._history = History()
        self._version: int | None = None
        self._chain = ""
        self._overlay: Overlay | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._guard:
            self._file.close()

    @property
    def writable(self) -> bool:
        """False where the case is write-protected: edits can be read but not added."""
        return self._file.writable

    @property
    def sequence(self) -> int:
        """The last edit, other processes' included; 0 before the first."""
        return self.poll()

    def poll(self) -> int:
        """Take in what other processes wrote, if anything; the last sequence. Costs microseconds when nothing happened."""
        with self._guard:
            version = self._file.version()
            if version != self._version:
                self._catch_up()
                self._version = version
            return self._history.last

    def append(self, op: str, *, rows: Any = None, new: Any = None, old: Any = None, author: str | None = None) -> Edit:
        """Make one edit.

        Parameters
        ----------
        op
            ``label`` (`new`: class index, None for unlabelled, or one per row), ``confirm`` (True or False), ``tag, untag``
            (a name), ``note`` (a text or None), ``exclude, include``, ``flag, hide`` (True or False; without rows
            ``{"kind", "ids", "on"}`` for other things than instances), ``subset`` (``{"name", "kind": "live"|"frozen",
            "filter", "note"}``), ``drop_subset`` (``{"name"}``), ``rename_subset`` (``{"name", "to"}``).
        rows
            The instances, in any order.
        new
            The value to put, as said for each operation.
        old
            What the person saw, one value or one per row; if it does not hold any more the edit is refused.
        author
            Who makes it; by default the journal's author.

        Raises
        ------
        EditError
            If the edit cannot be made; says why. Nothing is written then.
        """
        operation = checked(op, rows, new, n=self.instances, classes=self.classes)
        with self._adding() as add:
            return add(operation, _author(author or self.author), now(), old=old, given_rows=rows)

    def undo(self, author: str | None = None) -> Edit | None:
        """Take back the author's last edit that stands; None if there is none.

        Raises
        ------
        EditError
            If somebody else has changed the same since; names them.
        """
        return self._back_or_forth("undo", _author(author or self.author), now())

    def redo(self, author: str | None = None) -> Edit | None:
        """Do again what the author last took back, unless they have made another edit since; None if there is nothing."""
        return self._back_or_forth("redo", _author(author or self.author), now())

    def can_undo(self, author: str | None = None) -> bool:
        """Whether the author has an edit to take back."""
        self.poll()
        return bool(self._history.done(_author(author or self.author)))

    def can_redo(self, author: str | None = None) -> bool:
        """Whether the author has something to do again."""
        self.poll()
        return bool(self._history.undone(_author(author or self.author)))

    def edits(self, since: int = 0) -> list[Edit]:
        """Edits after a sequence, in order."""
        with self._guard:
            self.poll()
            return [self._edit(row) for row in self._file.rows(since, small=True)]

    def of_row(self, row: int) -> list[Edit]:
        """Edits that touched one instance, undos and redos included, in order."""
        with self._guard:
            self.poll()
            touching = {entry.sequence for entry in self._history.entries if entry.root is None and self._touches(entry, row)}
            wanted = [entry.sequence for entry in self._history.entries if (entry.root or entry.sequence) in touching]
            return [self._edit(self._file.row(sequence)) for sequence in wanted]

    def state(self, n: int | None = None) -> Overlay:
        """What holds now, other processes' edits included.

        Parameters
        ----------
        n
            How many instances the caller thinks there are; refused if wrong.
        """
        if n is not None and n != self.instances:
            raise EditError(f"the case has {self.instances} instances, not {n}")
        with self._guard:
            self.poll()
            if self._overlay is None or self._overlay.sequence != self._history.last:
                self._overlay = self._state.overlay(self._history.last)
            return self._overlay

    def verify(self) -> str | None:
        """What is wrong with the file, or None: SQLite's own check, then the chain of hashes over all rows."""
        with self._guard:
            wrong = self._file.verify()
            if wrong is not None:
                return wrong
            chain = ""
            try:
                for expected, row in enumerate(self._file.rows(), start=1):
                    chain = chained(chain, row, *_contents(row))
                    if row["sequence"] != expected or row["chain"] != chain:
                        return f"edit {row['sequence']} is not what was written"
            except CaseError as error:
                return str(error)
            return None

    @contextmanager
    def _adding(self) -> Iterator[Callable[..., Edit]]:
        """A transaction that knows all edits before it; what it adds shows only once it is on the disk."""
        with self._guard:
            added: list[tuple[dict[str, Any], Change]] = []
            try:
                with self._file.writing():
                    self._catch_up()

                    def add(operation: Operation, author: str, time: str, *, old: Any = None, given_rows: Any = None) -> Edit:
                        row, change = self._row_of(operation, author, time, old, given_rows)
                        return self._add(row, change, added)

                    yield add
            except BaseException:
                if added:
                    self._reset()
                raise

    def _add(self, row: dict[str, Any], change: Change, added: list[tuple[dict[str, Any], Change]]) -> Edit:
        row["chain"] = chained(self._chain, row, *_contents(row))
        self._file.add(row)
        added.append((row, change))
        self._take(row, change)
        return self._edit(row)

    def _row_of(self, operation: Operation, author: str, time: str, old: Any, given_rows: Any) -> tuple[dict[str, Any], Change]:
        sequence = self._history.last + 1
        change = to_change(operation, self._state, author=author, time=time, sequence=sequence)
        before = self._state.values(change)
        if old is not None:
            self._still(operation, before, old, given_rows)
        rows = operation.rows
        row = {
            "sequence": sequence,
            "time": time,
            "author": author,
            "op": operation.op,
            "field": operation.field,
            "key": operation.key,
            "count": operation.count,
            "rows": None if rows is None else pack_rows(rows),
            "low": None if rows is None else int(rows[0]),
            "high": None if rows is None else int(rows[-1]),
            "names": json.dumps(change.names, ensure_ascii=False) if rows is None or change.names else None,
            "new": json.dumps(operation.new, ensure_ascii=False),
            "codes": None if operation.codes is None else pack_codes(operation.codes),
            "before": _pack_values(change.field, before),
        }
        return row, change

    def _back_or_forth(self, op: str, author: str, time: str) -> Edit | None:
        with self._guard, self._file.writing():
            self._catch_up()
            root = (self._history.done if op == "undo" else self._history.undone)(author)
            if not root:
                return None
            first = self._history.entry(root[-1])
            last = first if op == "undo" else self._history.undo_of(first)
            return self._put_back(op, author, time, first, last)

    def _put_back(self, op: str, author: str, time: str, first: Entry, last: Entry) -> Edit:
        source = self._file.row(first.sequence)
        change = self._backward(source) if op == "undo" else self._forward(source)
        self._refuse_conflict(op, author, first, last, set(change.names))
        row = {
            "sequence": self._history.last + 1,
            "time": time,
            "author": author,
            "op": op,
            "field": first.field,
            "key": first.key,
            "count": source["count"],
            "undoes": last.sequence,
            "root": first.sequence,
        }
        row["chain"] = chained(self._chain, row, *_contents(row))
        self._file.add(row)
        self._take(row, change)
        return self._edit(row)

    def _refuse_conflict(self, op: str, author: str, first: Entry, last: Entry, names: set[str]) -> None:
        source = self._file.row(first.sequence)
        for other in self._history.against(op, author, last):
            if not other.may_touch(first, names):
                continue
            common = names & set(other.names)
            count = (
                len(common)
                if not first.by_rows
                else len(np.intersect1d(self._rows(source), self._rows(self._file.row(other.sequence)), assume_unique=True))
            )
            if count:
                text = self._text(source)
                other_text = self._text(self._file.row(other.sequence))
                things = "of the same instances" if first.by_rows else "of the same"
                raise EditError(
                    f"cannot {op} “{text}”: {other.author} has since {other_text}, {count:,} {things}; they can undo theirs first"
                )

    def _catch_up(self) -> None:
        """Apply the rows that this process has not seen."""
        for row in self._file.rows(self._history.last):
            if row["root"] is None:
                change = self._forward(row)
            else:
                source = self._file.row(row["root"])
                change = self._backward(source) if row["op"] == "undo" else self._forward(source)
            self._take(row, change)

    def _take(self, row: dict[str, Any], change: Change) -> None:
        self._state.apply(change)
        self._history.add(Entry.of(row, change.names))
        self._chain = row["chain"]

    def _reset(self) -> None:
        self._state, self._history, self._chain, self._overlay, self._version = State(self.instances), History(), "", None, None

    def _forward(self, row: dict[str, Any]) -> Change:
        operation = Operation(
            row["op"],
            None if row["rows"] is None else self._rows(row),
            json.loads(row["new"]),
            None if row["codes"] is None else unpack_codes(row["codes"], row["count"]),
        )
        return to_change(operation, self._state, author=row["author"], time=row["time"], sequence=row["sequence"])

    def _backward(self, row: dict[str, Any]) -> Change:
        values = self._values(row)
        if row["field"] == "subset":
            return subset_change(values, self._state)
        rows = None if row["rows"] is None else self._rows(row)
        return Change(row["field"], row["key"], rows, values, tuple(json.loads(row["names"] or "[]")))

    def _values(self, row: dict[str, Any]) -> Any:
        """The values before an edit."""
        if row["field"] == "note":
            return json.loads(row["before"])
        if row["field"] == "subset":
            return {name: self._subset(fields) for name, fields in json.loads(row["before"]).items()}
        codes = unpack_codes(row["before"], row["count"])
        return codes if row["field"] == "label" else codes.astype(bool)

    def _subset(self, fields: dict[str, Any] | None) -> Subset | None:
        if fields is None:
            return None
        rows = self._rows(self._file.row(fields["sequence"])) if fields["kind"] == "frozen" else None
        return Subset(**fields, rows=rows)

    def _rows(self, row: dict[str, Any]) -> Rows:
        return unpack_rows(row["rows"], row["count"])

    def _touches(self, entry: Entry, row: int) -> bool:
        if entry.low is None or entry.high is None or not entry.low <= row <= entry.high:
            return False
        rows = self._rows(self._file.row(entry.sequence))
        return bool(rows[np.searchsorted(rows, row)] == row)

    def _edit(self, row: dict[str, Any]) -> Edit:
        source = self._file.row(row["root"]) if row.get("root") is not None else row
        return Edit(
            sequence=row["sequence"],
            time=row["time"],
            author=row["author"],
            op=row["op"],
            field=row["field"],
            key=row["key"],
            count=row["count"],
            undoes=row.get("undoes"),
            text=self._text(source),
            read=lambda: self._content(row["op"], source["sequence"]),
        )

    def _text(self, row: dict[str, Any]) -> str:
        new = json.loads(row["new"])
        if row["op"] == "label" and row.get("codes") is not None:
            new = np.zeros(0)
        return describe(row["op"], row["count"], new, self.classes or ())

    def _content(self, op: str, sequence: int) -> Content:
        with self._guard:
            row = self._file.row(sequence)
            rows = None if row["rows"] is None else self._rows(row)
            old, new = self._values(row), json.loads(row["new"])
            if row["codes"] is not None:
                new = unpack_codes(row["codes"], row["count"])
            if row["field"] == "label" and self._source_labels is not None and rows is not None:
                old = np.where(old == UNCHANGED, self._source_labels()[rows], old).astype(np.int32)
            if op == "undo":
                forward = self._after(row, rows, new)
                return Content(rows, old, forward)
            return Content(rows, new, old)

    def _after(self, row: dict[str, Any], rows: Rows | None, new: Any) -> Any:
        """The values that an edit put, per row: what its undo finds."""
        if row["field"] == "subset" or isinstance(new, np.ndarray):
            return new
        count = row["count"]
        if row["field"] == "label":
            return np.full(count, -1 if new is None else new, np.int32)
        if row["field"] == "note":
            return [new] * count
        return np.full(count, new["on"] if isinstance(new, dict) else row["op"] in ("tag", "exclude"))

    def _still(self, operation: Operation, before: Any, old: Any, given_rows: Any) -> None:
        if operation.field == "subset" or operation.rows is None:
            raise EditError(f"the edit {operation.op!r} takes no old value")
        if operation.field == "label":
            source = self._source_labels
            before = np.where(before == UNCHANGED, source()[operation.rows], before) if source is not None else before
        if isinstance(old, (np.ndarray, list, tuple)):
            given = np.asarray(given_rows)
            if len(old) != len(given):
                raise EditError(f"{len(old)} old values for {len(given)} instances")
            seen = [old[i] for i in np.unique(given, return_index=True)[1]]
        else:
            seen = [old] * operation.count
        if operation.field == "label":
            seen = [-1 if one is None else int(one) for one in seen]
        changed = sum(1 for one, now_there in zip(seen, before, strict=True) if one != now_there)
        if changed:
            raise EditError(f"{changed:,} of {operation.count:,} instances have changed since you looked: look again, then edit")


def _pack_values(field: str, values: Any) -> bytes:
    if field == "note":
        return json.dumps(values, ensure_ascii=False).encode()
    if field == "subset":
        plain = {
            name: None if one is None else {key: part for key, part in vars(one).items() if key != "rows"}
            for name, one in values.items()
        }
        return json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()
    return pack_codes(values)


def _contents(row: dict[str, Any]) -> Iterator[bytes]:
    """Rows, codes and values of a row, uncompressed: compression differs between versions of its library."""
    count = row["count"]
    yield unpack_rows(row["rows"], count).astype("<i4").tobytes() if row.get("rows") is not None else b""
    yield unpack_codes(row["codes"], count).astype("<i4").tobytes() if row.get("codes") is not None else b""
    before = row.get("before")
    if before is None or row["field"] in ("note", "subset"):
        yield before or b""
    else:
        yield unpack_codes(before, count).astype("<i4").tobytes()


def _author(name: str) -> str:
    text = name.strip()
    if not text or len(text) > LONGEST_NAME:
        raise EditError(f"an author's name has 1 to {LONGEST_NAME} characters")
    return text


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "somebody"
