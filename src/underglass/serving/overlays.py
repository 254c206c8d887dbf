"""Which values of the served table does an edit change? Two states are compared, and only the difference is written.

The states are the journal's overlays: undo, redo and other people's edits need no case of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from underglass.filters import quote_text
from underglass.serving.loading import MARK, coded, mark_correct
from underglass.store import Overlay
from underglass.store.edits import UNCHANGED

MASKS = ("excluded", "confirmed", "flagged")
Rows = np.ndarray[Any, np.dtype[np.int32]]
NO_ROWS: Rows = np.zeros(0, np.int32)


def empty(n: int) -> Overlay:
    """The state before any edit of `n` instances."""
    mask = np.zeros(n, bool)
    labels = np.full(n, UNCHANGED, np.int32)
    return Overlay(n, 0, labels, mask, mask, mask, mask, {}, {}, {}, {}, {})


class Writer:
    """Writes the difference between two states into ``instances``.

    Parameters
    ----------
    connection
        In a transaction.
    label_type
        The ENUM of the labels.
    source_labels
        ``(instances,)`` int32 class index of the source, −1 unlabelled.
    ends
        Ends of the columns of each model: ``""`` of the active one, ``@name`` of others.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, *, label_type: str, source_labels: Rows, ends: Sequence[str]
    ) -> None:
        self._connection = connection
        self._label_type = label_type
        self._source = source_labels
        self._ends = ends
        self._written: set[str] = set()

    def write(self, before: Overlay, after: Overlay) -> set[str]:
        """Write what differs; the columns whose values changed."""
        self._labels(before, after)
        for name in MASKS:
            self._mask(name, getattr(before, name), getattr(after, name))
        for tag in sorted(before.tags.keys() | after.tags.keys()):
            self._tag(tag, before.tags.get(tag, NO_ROWS), after.tags.get(tag, NO_ROWS))
        self._notes(before.notes, after.notes)
        return self._written

    def _labels(self, before: Overlay, after: Overlay) -> None:
        if before.labels is after.labels:
            return
        rows = np.flatnonzero(before.labels != after.labels).astype(np.int32)
        codes = np.where(after.labels[rows] == UNCHANGED, self._source[rows], after.labels[rows]).astype(np.int32)
        if not self._update("label", rows, coded(self._label_type).format("edited.value"), codes):
            return
        for end in self._ends:
            mark_correct(self._connection, end, 'instances."row" IN (SELECT "row" FROM edited)')
            self._written.add(f"correct{end}")
        self._connection.unregister("edited")

    def _mask(self, name: str, before: np.ndarray[Any, Any], after: np.ndarray[Any, Any]) -> None:
        if before is after:
            return
        rows = np.flatnonzero(before != after).astype(np.int32)
        if self._update(name, rows, "edited.value", after[rows]):
            self._connection.unregister("edited")

    def _tag(self, tag: str, before: Rows, after: Rows) -> None:
        if before is after:
            return
        added = np.setdiff1d(after, before, assume_unique=True).astype(np.int32)
        removed = np.setdiff1d(before, after, assume_unique=True).astype(np.int32)
        name = quote_text(tag)
        self._rewrite_tags(added, f"list_sort(list_append(tags, {name}))")
        self._rewrite_tags(removed, f"list_filter(tags, lambda tag: tag <> {name})")

    def _rewrite_tags(self, rows: Rows, expression: str) -> None:
        """Rewrite the column as a whole: DuckDB updates a list by deleting the row and appending it, all columns of it."""
        if not self._update(MARK, rows, "true", make=True):
            return
        self._connection.unregister("edited")
        rewritten = f"CASE WHEN {MARK} THEN {expression} ELSE tags END"
        self._connection.execute(f"ALTER TABLE instances ALTER tags TYPE VARCHAR[] USING {rewritten}")
        self._connection.execute(f"ALTER TABLE instances DROP COLUMN {MARK}")
        self._written.discard(MARK)
        self._written.add("tags")

    def _notes(self, before: Mapping[int, str], after: Mapping[int, str]) -> None:
        if before is after:
            return
        changed = sorted(row for row in before.keys() | after.keys() if before.get(row) != after.get(row))
        texts = [after.get(row) for row in changed]
        if self._update("note", np.array(changed, np.int32), "edited.value", pa.array(texts, pa.string())):
            self._connection.unregister("edited")

    def _update(self, column: str, rows: Rows, expression: str, values: Any = None, *, make: bool = False) -> bool:
        """Set a column for rows, made first if so asked; leaves the rows registered as ``edited``."""
        if not len(rows):
            return False
        if make:
            self._connection.execute(f"ALTER TABLE instances ADD COLUMN {column} BOOLEAN")
        table = {"row": pa.array(rows, pa.int32())}
        if values is not None:
            table["value"] = pa.array(values)
        self._connection.register("edited", pa.table(table))
        self._connection.execute(f'UPDATE instances SET {column} = {expression} FROM edited WHERE instances."row" = edited."row"')
        self._written.add(column)
        return True
