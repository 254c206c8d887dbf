"""Which edits stand, and which can be taken back? An index of the journal that knows no values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One row of the journal, without its values; `root` is the edit that an undo or a redo is about."""

    sequence: int
    author: str
    op: str
    field: str
    key: str
    low: int | None
    high: int | None
    names: tuple[str, ...]
    undoes: int | None
    root: int | None

    @classmethod
    def of(cls, row: dict[str, Any], names: tuple[str, ...]) -> Entry:
        """The entry of a row."""
        return cls(
            row["sequence"],
            row["author"],
            row["op"],
            row["field"],
            row["key"],
            row.get("low"),
            row.get("high"),
            names,
            row.get("undoes"),
            row.get("root"),
        )

    @property
    def by_rows(self) -> bool:
        """Whether it is about instances."""
        return self.low is not None and self.field not in ("subset", "page")

    def may_touch(self, other: Entry, names: set[str]) -> bool:
        """Whether it could have changed what another entry changed."""
        if (self.field, self.key, self.by_rows) != (other.field, other.key, other.by_rows):
            return False
        if not self.by_rows or self.low is None or self.high is None or other.low is None or other.high is None:
            return bool(names & set(self.names))
        return self.low <= other.high and other.low <= self.high


@dataclass
class History:
    """All entries, and for each author the edits that stand and those taken back, in order."""

    entries: list[Entry] = field(default_factory=list)
    _done: dict[str, list[int]] = field(default_factory=dict)
    _undone: dict[str, list[int]] = field(default_factory=dict)
    _undone_by: dict[int, int] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The last sequence, 0 before the first."""
        return len(self.entries)

    def entry(self, sequence: int) -> Entry:
        """One entry."""
        return self.entries[sequence - 1]

    def done(self, author: str) -> list[int]:
        """The author's edits that stand."""
        return self._done.get(author, [])

    def undone(self, author: str) -> list[int]:
        """The author's edits that were taken back and can be done again."""
        return self._undone.get(author, [])

    def stands(self, sequence: int) -> bool:
        """Whether an edit has not been taken back."""
        return sequence not in self._undone_by

    def undo_of(self, entry: Entry) -> Entry:
        """The undo that took an edit back last."""
        return self.entry(self._undone_by[entry.sequence])

    def add(self, entry: Entry) -> None:
        """Take in the next entry.

        Raises
        ------
        ValueError
            If it does not follow from those before it.
        """
        if entry.sequence != self.last + 1:
            raise ValueError(f"edit {self.last + 1} is missing")
        done, undone = self._done.setdefault(entry.author, []), self._undone.setdefault(entry.author, [])
        if entry.op == "undo":
            if not done or entry.root != done[-1] or entry.undoes != entry.root:
                raise ValueError(f"edit {entry.sequence} takes back what cannot be taken back")
            undone.append(done.pop())
            self._undone_by[entry.root] = entry.sequence
        elif entry.op == "redo":
            if not undone or entry.root != undone[-1] or entry.undoes != self._undone_by[entry.root]:
                raise ValueError(f"edit {entry.sequence} does again what was not taken back")
            done.append(undone.pop())
            del self._undone_by[entry.root]
        else:
            done.append(entry.sequence)
            undone.clear()
        self.entries.append(entry)

    def against(self, op: str, author: str, last: Entry) -> Iterator[Entry]:
        """Edits by others since an entry that would be lost if it were undone, or that stand in the way of its redo.

        What an undo or a redo is about is given in its stead, with who did it and its `op`.
        """
        for entry in reversed(self.entries[last.sequence :]):
            if entry.author == author:
                continue
            root = entry if entry.root is None else self.entry(entry.root)
            if op == "redo" or (entry.op != "undo" and self.stands(root.sequence)):
                yield root._replace(author=entry.author, op=entry.op)
