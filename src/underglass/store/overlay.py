"""What holds now, after all edits? The source's values with the edits laid over them.

`State` is changed edit by edit, in time that grows with the edit and not with the history; `Overlay` is what others see of
it: arrays that are never written again (a later edit copies what it changes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from underglass.store.edits import UNCHANGED, Rows

Codes = np.ndarray[Any, np.dtype[np.int32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
MASKS = ("confirmed", "excluded", "flag", "hide")
MANY = 64  # from one row in so many on, going over all instances is faster than sorting
NO_ROWS: Rows = np.zeros(0, np.int32)
NO_ROWS.flags.writeable = False


@dataclass(frozen=True)
class Subset:
    """A named set of instances: *live*, a filter that is evaluated anew after edits, or *frozen*, a list of rows.

    `sequence` is the edit that defined it; `time` is ISO, UTC.
    """

    name: str
    kind: Literal["live", "frozen"]
    filter: Any
    rows: Rows | None
    note: str
    author: str
    time: str
    sequence: int

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Subset):
            return NotImplemented
        same = self.rows is other.rows or (
            self.rows is not None and other.rows is not None and np.array_equal(self.rows, other.rows)
        )
        return same and _plain(self) == _plain(other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Overlay:
    """All current values that differ from the source; arrays are read-only.

    Parameters
    ----------
    sequence
        The last edit that is in it.
    labels
        ``(n,)`` int32 class index; −2 as in the source, −1 unlabelled.
    confirmed, excluded, flagged, hidden
        ``(n,)`` truth values.
    tags
        Rows by tag, sorted.
    notes
        Text by row.
    subsets
        By name, in the order of their definition.
    flags, hides
        Ids of other things (layers, units, labels …) by their kind.
    pages
        Composed pages by name, as `underglass.wire.Page`, in the order in which they were made.
    """

    n: int
    sequence: int
    labels: Codes
    confirmed: Mask
    excluded: Mask
    flagged: Mask
    hidden: Mask
    tags: Mapping[str, Rows]
    notes: Mapping[int, str]
    subsets: Mapping[str, Subset]
    flags: Mapping[str, frozenset[str]]
    hides: Mapping[str, frozenset[str]]
    pages: Mapping[str, Any] = field(default_factory=dict)

    def label_codes(self, source: np.ndarray[Any, Any]) -> Codes:
        """Labels with the edits laid over the source's, ``(n,)`` int32, −1 unlabelled in both."""
        return np.where(self.labels == UNCHANGED, source, self.labels).astype(np.int32)

    @property
    def relabelled(self) -> Rows:
        """Rows whose label was edited (even to the same)."""
        return np.flatnonzero(self.labels != UNCHANGED).astype(np.int32)

    def tags_of(self, row: int) -> tuple[str, ...]:
        """Tags of one instance."""
        return tuple(name for name, rows in self.tags.items() if _holds(rows, row))


@dataclass(frozen=True)
class Change:
    """What an edit does to the state: put `values` into a field, for rows or by name.

    `values` is an int32 array per row for labels, truth values for masks, tags and marks, a list of texts or None for notes,
    and a definition or None by name for subsets and pages.
    """

    field: str
    key: str
    rows: Rows | None
    values: Any
    names: tuple[str, ...] = ()


@dataclass
class State:
    """The current values, changed in place."""

    n: int
    labels: Codes = field(init=False)
    masks: dict[str, Mask] = field(init=False)
    tags: dict[str, Rows] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    subsets: dict[str, Subset] = field(default_factory=dict)
    pages: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, dict[str, frozenset[str]]] = field(default_factory=lambda: {"flag": {}, "hide": {}})
    shared: bool = False

    def __post_init__(self) -> None:
        self.labels = np.full(self.n, UNCHANGED, np.int32)
        self.masks = {name: np.zeros(self.n, bool) for name in MASKS}

    def values(self, change: Change) -> Any:
        """What stands now where a change would put its values, in the same form."""
        rows = change.rows
        if change.field == "label":
            return self.labels[rows]
        if change.field == "tag":
            return _in_sorted(self.tags.get(change.key, NO_ROWS), rows)
        if change.field == "note":
            assert rows is not None
            return [self.notes.get(int(row)) for row in rows]
        if change.field == "page":
            return {name: self.pages.get(name) for name in change.values}
        if change.field == "subset":
            return {name: self.subsets.get(name) for name in change.values}
        if rows is None:
            held = self.marks[change.field].get(change.key, frozenset())
            return np.array([name in held for name in change.names])
        return self.masks[change.field][rows]

    def apply(self, change: Change) -> None:
        """Put a change's values."""
        rows = change.rows
        if change.field == "label":
            self.labels = _own(self.labels)
            self.labels[rows] = change.values
        elif change.field == "tag":
            self._tag(change)
        elif change.field == "note":
            assert rows is not None
            if self.shared:
                self.notes, self.shared = dict(self.notes), False
            for row, text in zip(rows.tolist(), change.values, strict=True):
                if text is None:
                    self.notes.pop(row, None)
                else:
                    self.notes[row] = text
        elif change.field == "subset":
            merged = {**self.subsets, **change.values}
            kept = [one for one in merged.values() if one is not None]
            self.subsets = {one.name: one for one in sorted(kept, key=lambda one: one.sequence)}
        elif change.field == "page":
            pages = {**self.pages, **change.values}
            self.pages = {name: page for name, page in pages.items() if page is not None}
        elif rows is None:
            held = set(self.marks[change.field].get(change.key, ()))
            for name, on in zip(change.names, change.values, strict=True):
                (held.add if on else held.discard)(name)
            marks = {**self.marks[change.field], change.key: frozenset(held)}
            self.marks[change.field] = {kind: ids for kind, ids in sorted(marks.items()) if ids}
        else:
            mask = _own(self.masks[change.field])
            mask[rows] = change.values
            self.masks[change.field] = mask

    def _tag(self, change: Change) -> None:
        assert change.rows is not None
        held = self.tags.get(change.key, NO_ROWS)
        on = np.broadcast_to(np.asarray(change.values, bool), change.rows.shape)
        if MANY * len(change.rows) > self.n:
            mask = np.zeros(self.n, bool)
            mask[held] = True
            mask[change.rows] = on
            held = np.flatnonzero(mask).astype(np.int32)
        else:
            held = np.union1d(np.setdiff1d(held, change.rows[~on], assume_unique=True), change.rows[on]).astype(np.int32)
        held.flags.writeable = False
        tags = {**self.tags, change.key: held}
        self.tags = {name: rows for name, rows in sorted(tags.items()) if rows.size}

    def overlay(self, sequence: int) -> Overlay:
        """The values as others see them; from here on a change copies the array it changes."""
        self.labels.flags.writeable = False
        for mask in self.masks.values():
            mask.flags.writeable = False
        self.shared = True
        return Overlay(
            n=self.n,
            sequence=sequence,
            labels=self.labels,
            confirmed=self.masks["confirmed"],
            excluded=self.masks["excluded"],
            flagged=self.masks["flag"],
            hidden=self.masks["hide"],
            tags=self.tags,
            notes=self.notes,
            subsets=self.subsets,
            flags=dict(self.marks["flag"]),
            hides=dict(self.marks["hide"]),
            pages=self.pages,
        )


def _own(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array if array.flags.writeable else array.copy()


def _in_sorted(held: Rows, rows: Rows | None) -> Mask:
    assert rows is not None
    at = np.searchsorted(held, rows)
    found: Mask = np.zeros(len(rows), bool)
    inside = at < len(held)
    found[inside] = held[at[inside]] == rows[inside]
    return found


def _holds(held: Rows, row: int) -> bool:
    at = int(np.searchsorted(held, row))
    return at < len(held) and int(held[at]) == row


def _plain(subset: Subset) -> tuple[Any, ...]:
    return (
        subset.name,
        subset.kind,
        subset.filter,
        subset.note,
        subset.author,
        subset.time,
        subset.sequence,
        subset.rows is None,
    )
