"""Who judged which label, and how? Read from the journal: relabelling, confirming and excluding are judgements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.store import UNCHANGED
from underglass.views.edits import stacks

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import Edit

Array = np.ndarray[Any, Any]
OPEN, CONFIRMED, RELABELLED, EXCLUDED = range(4)
STATES = ("open", "confirmed", "relabelled", "excluded")
OUT = -3
"""Judgement: the instance does not belong into the data."""


@dataclass
class Judgements:
    """The standing judgements of each author, in order.

    Attributes
    ----------
    by : author → row → class judged right (−1 none, −3 excluded); the last judgement of an author counts.
    order : author → [(sequence, row)], each row once, where it was first judged.
    """

    by: dict[str, dict[int, int]] = field(default_factory=dict)
    order: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def of(self, row: int) -> dict[str, int]:
        """What each author says of one instance."""
        return {author: rows[row] for author, rows in self.by.items() if row in rows}

    @property
    def shared(self) -> list[int]:
        """Rows that more than one author judged, ascending."""
        seen: dict[int, int] = {}
        for rows in self.by.values():
            for row in rows:
                seen[row] = seen.get(row, 0) + 1
        return sorted(row for row, count in seen.items() if count > 1)

    @property
    def disagreed(self) -> list[int]:
        """Rows that two authors judged differently, ascending."""
        return [row for row in self.shared if len(set(self.of(row).values())) > 1]


def states(case: Case) -> Array:
    """What was decided about each instance, (instances,) int8: open, confirmed, relabelled, excluded."""
    overlay = case.folder.journal.state()
    found = np.zeros(case.folder.manifest.instances, np.int8)
    found[overlay.confirmed] = CONFIRMED
    found[overlay.labels != UNCHANGED] = RELABELLED
    found[overlay.excluded] = EXCLUDED
    return found


def judgements(case: Case) -> Judgements:
    """All standing judgements; what was undone is withdrawn."""
    edits = case.folder.journal.edits()
    standing = {sequence for mine in stacks(edits)[0].values() for sequence in mine}
    labels = case.folder.source_labels.astype(np.int64).copy()
    found = Judgements()
    for edit in edits:
        if edit.sequence not in standing or edit.op not in ("label", "confirm", "exclude", "include"):
            continue
        rows = edit.rows
        if rows is None:
            continue
        _take(found, edit, rows, labels)
    return found


def _take(found: Judgements, edit: Edit, rows: Array, labels: Array) -> None:
    mine = found.by.setdefault(edit.author, {})
    order = found.order.setdefault(edit.author, [])
    if edit.op == "label":
        labels[rows] = -1 if edit.new is None else edit.new
    for row in rows.tolist():
        if row not in mine:
            order.append((edit.sequence, row))
        if edit.op == "exclude":
            mine[row] = OUT
        elif (edit.op == "include" and mine.get(row) == OUT) or (edit.op == "confirm" and not edit.new["on"]):
            mine.pop(row, None)
            order[:] = [one for one in order if one[1] != row]
        elif edit.op == "include":
            order[:] = [one for one in order if one[1] != row or row in mine]
        else:
            mine[row] = int(labels[row])
