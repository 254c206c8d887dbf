"""What has been changed, by whom, and what holds now? The append-only journal of a case, shared by several processes.

An undo is a row like any other: it names what it takes back, and puts back what was there before. Each process keeps the
current values and applies only the rows it has not seen.
"""

from __future__ import annotations

import getpass
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from underglass.errors import CaseError, EditError
from underglass.roles import require, who
from underglass.store.edits import LONGEST_NAME, UNCHANGED, Content, Edit, describe
from underglass.store.history import Entry, History
from underglass.store.journal_file import COLUMNS, JournalFile
from underglass.store.journal_rows import Row, RowReader, chained, to_row
from underglass.store.manifest import now
from underglass.store.operations import Operation, checked, refuse_unseen, to_change
from underglass.store.overlay import Change, Overlay, State

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
        self._reader = RowReader(instances, None if classes is None else len(self.classes or ()), self._file.row)
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
            "filter", "note"}``), ``drop_subset`` (``{"name"}``), ``rename_subset`` (``{"name", "to"}``), ``page``
            (``{"page", "was"}``, `was` the page's name before), ``drop_page`` (``{"name"}``).
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
        with self.transaction() as transaction:
            return transaction.append(op, rows=rows, new=new, old=old, author=author)

    def undo(self, author: str | None = None) -> Edit | None:
        """Take back the author's last edit that stands; None if there is none.

        Raises
        ------
        EditError
            If somebody else has changed the same since; names them.
        """
        with self.transaction() as transaction:
            return transaction.undo(author)

    def redo(self, author: str | None = None) -> Edit | None:
        """Do again what the author last took back, unless they have made another edit since; None if there is nothing."""
        with self.transaction() as transaction:
            return transaction.redo(author)

    def can_undo(self, author: str | None = None) -> bool:
        """Whether the author has an edit to take back."""
        self.poll()
        return bool(self._history.done(self._author(author)))

    def can_redo(self, author: str | None = None) -> bool:
        """Whether the author has something to do again."""
        self.poll()
        return bool(self._history.undone(self._author(author)))

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
                    chain = chained(chain, row)
                    if row["sequence"] != expected or row["chain"] != chain:
                        return f"edit {row['sequence']} is not what was written"
            except (CaseError, TypeError, ValueError) as error:
                return str(error)
            return None

    def _author(self, name: str | None) -> str:
        text = (who().name or name or self.author).strip()
        if not text or len(text) > LONGEST_NAME:
            raise EditError(f"an author's name has 1 to {LONGEST_NAME} characters")
        return text

    @property
    def chain(self) -> str:
        """The hash over all edits that this process has seen; empty before the first."""
        return self._chain

    def raw_rows(self, since: int = 0) -> Iterator[Row]:
        """Rows after a sequence as they are in the file, for patches."""
        with self._guard:
            yield from self._file.rows(since)

    def operation(self, row: Row) -> Operation:
        """The operation of a raw row that is no undo or redo."""
        return self._reader.operation(row)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Several edits that are made together or not at all; it takes an annotator."""
        require("annotator", "change it")
        with self._guard:
            before = self._history.last
            try:
                with self._file.writing():
                    self._catch_up()
                    before = self._history.last
                    yield Transaction(self)
            except BaseException:
                if self._history.last != before:
                    self._forget()
                raise

    def _put(self, operation: Operation, author: str, time: str, *, old: Any = None, given_rows: Any = None) -> Edit:
        """Write an operation, inside a transaction."""
        sequence = self._history.last + 1
        change = to_change(operation, self._state, author=author, time=time, sequence=sequence)
        before = self._state.values(change)
        if old is not None:
            refuse_unseen(operation, self._effective(operation, before), old, given_rows)
        return self._write(to_row(operation, change, before, sequence=sequence, author=author, time=time), change)

    def _put_back(self, op: str, author: str, time: str) -> Edit | None:
        """Write an undo or a redo, inside a transaction."""
        candidates = (self._history.done if op == "undo" else self._history.undone)(author)
        if not candidates:
            return None
        first = self._history.entry(candidates[-1])
        last = first if op == "undo" else self._history.undo_of(first)
        source = self._file.row(first.sequence)
        self._refuse_conflict(op, author, source, last)
        change = self._reader.backward(source, self._state) if op == "undo" else self._reader.forward(source, self._state)
        if op == "redo" and set(change.names) - set(first.names):
            self._refuse_conflict(op, author, source, last, set(change.names))
        row: Row = {"sequence": self._history.last + 1, "time": time, "author": author, "op": op}
        row |= {name: source[name] for name in ("field", "key", "count")}
        return self._write(row | {"undoes": last.sequence, "root": first.sequence}, change)

    def _write(self, row: Row, change: Change) -> Edit:
        row = dict.fromkeys(COLUMNS) | row
        row["chain"] = chained(self._chain, row)
        self._file.add(row)
        self._take(row, change)
        return self._edit(row)

    def _refuse_conflict(self, op: str, author: str, source: Row, last: Entry, names: set[str] | None = None) -> None:
        """Refuse to undo or redo what somebody else has changed since."""
        first = self._history.entry(source["sequence"])
        touched = set(first.names) if names is None else names
        for other, text, what in self._overlaps(source, touched, self._history.against(op, author, last)):
            raise EditError(f"cannot {op} “{self._text(source)}”: {other.author} has since {text}, which is about {what}")

    def _overlaps(self, source: Row, names: set[str], others: Iterable[Entry]) -> Iterator[tuple[Entry, str, str]]:
        """Those of `others` that changed what an edit changed: each with its text and what is common."""
        first = self._history.entry(source["sequence"])
        for other in others:
            if not other.may_touch(first, names):
                continue
            found = self._file.row(other.sequence)
            mine, theirs = self._reader.rows(source), self._reader.rows(found)
            text = {"undo": "taken back: ", "redo": "done again: "}.get(other.op, "") + self._text(found)
            if not first.by_rows or mine is None or theirs is None:
                yield other, text, "the same thing"
            elif count := len(np.intersect1d(mine, theirs, assume_unique=True)):
                yield other, text, f"{count:,} of the same instances"

    def _refuse_overlap(self, edit: Edit, *, after: int, upto: int) -> None:
        """Refuse an edit just made that changes what an edit in a stretch of the journal changed."""
        source, entry = self._file.row(edit.sequence), self._history.entry(edit.sequence)
        between = (one for one in self._history.entries[after:upto] if one.root is None and self._history.stands(one.sequence))
        for other, text, what in self._overlaps(source, set(entry.names), between):
            raise EditError(
                f"“{edit.text}” by {edit.author} cannot be added: {other.author} has {text} here, which is about {what}"
            )

    def _effective(self, operation: Operation, before: Any) -> Any:
        """Values before an edit as a person sees them: the source's labels where no edit has put one."""
        if operation.field == "label" and self._source_labels is not None:
            return np.where(before == UNCHANGED, self._source_labels()[operation.rows], before)
        return before

    def _catch_up(self) -> None:
        """Apply the rows that this process has not seen."""
        try:
            for row in self._file.rows(self._history.last):
                self._take(row, self._reader.change(row, self._state))
        except BaseException:
            self._forget()
            raise

    def _take(self, row: Row, change: Change) -> None:
        try:
            self._history.add(Entry.of(row, change.names))
        except ValueError as error:
            raise CaseError(f"{self.path} is damaged: {error}") from error
        self._state.apply(change)
        self._chain = row["chain"]

    def _forget(self) -> None:
        """Start over from the file: what is in memory is not what is on the disk."""
        self._state, self._history, self._chain = State(self.instances), History(), ""
        self._overlay, self._version = None, None

    def _touches(self, entry: Entry, row: int) -> bool:
        if entry.low is None or entry.high is None or not entry.low <= row <= entry.high:
            return False
        rows = self._reader.rows(self._file.row(entry.sequence))
        return rows is not None and bool(rows[np.searchsorted(rows, row)] == row)

    def _edit(self, row: Row) -> Edit:
        source = row if row["root"] is None else self._file.row(row["root"])
        op, sequence = row["op"], source["sequence"]
        return Edit(
            **{name: row[name] for name in ("sequence", "time", "author", "op", "field", "key", "count", "undoes")},
            text=self._text(source),
            read=lambda: self._content(op, sequence),
        )

    def _text(self, row: Row) -> str:
        try:
            return describe(row["op"], row["count"], json.loads(row["new"]), self.classes or ())
        except (ValueError, KeyError, TypeError) as error:
            raise CaseError(f"{self.path} is damaged: edit {row['sequence']}: {error}") from error

    def _content(self, op: str, sequence: int) -> Content:
        with self._guard:
            return self._reader.content(op, self._file.row(sequence), self._source_labels)


class Transaction:
    """Edits that are made together; made by `Journal.transaction`, and used only inside it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def append(
        self, op: str, *, rows: Any = None, new: Any = None, old: Any = None, author: str | None = None, time: str = ""
    ) -> Edit:
        """As `Journal.append`; `time` is ISO, UTC, by default now."""
        journal = self._journal
        operation = checked(op, rows, new, n=journal.instances, classes=journal.classes)
        return journal._put(operation, journal._author(author), time or now(), old=old, given_rows=rows)

    def undo(self, author: str | None = None, *, time: str = "") -> Edit | None:
        """As `Journal.undo`."""
        return self._journal._put_back("undo", self._journal._author(author), time or now())

    def redo(self, author: str | None = None, *, time: str = "") -> Edit | None:
        """As `Journal.redo`."""
        return self._journal._put_back("redo", self._journal._author(author), time or now())

    def refuse_overlap(self, edit: Edit, *, after: int, upto: int) -> None:
        """Refuse an edit just made that changes what a standing edit after a sequence, up to another, changed.

        Raises
        ------
        EditError
            If there is one; names it.
        """
        self._journal._refuse_overlap(edit, after=after, upto=upto)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "somebody"
