"""What has been changed, and by whom? The journal, what holds after it, and the ways out of the case and back in."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from underglass.errors import EditError, unknown
from underglass.store import UNCHANGED, Edit
from underglass.views.instance import edit_infos
from underglass.views.tables import label_codes, label_table, write_table
from underglass.views.view import View
from underglass.wire import Card, EditInfo

if TYPE_CHECKING:
    from underglass.case import Case

Rows = np.ndarray[Any, np.dtype[np.int32]]

MOST_LISTED = 500
MOST_CHANGES = 100
MOST_NOTES = 50
MOST_DRAWN = 48
LARGEST_PATCH = 256_000_000


class LabelChange(TypedDict):
    """How many labels were changed from one name to another; null is unlabelled."""

    old: str | None
    new: str | None
    count: int


class Note(TypedDict):
    """A note on one instance."""

    row: int
    id: str
    text: str


class Author(TypedDict):
    """Somebody who edited, and how many of their edits stand."""

    name: str
    edits: int


class Standing(TypedDict):
    """What holds after all edits; lists are cut, counts are not."""

    relabelled: int
    changes: list[LabelChange]
    confirmed: int
    flagged: int
    flagged_rows: list[int]
    excluded: int
    excluded_rows: list[int]
    noted: int
    notes: list[Note]
    authors: list[Author]
    stands: int
    undone: int
    undo: str | None
    redo: str | None
    writable: bool


class JournalPage(TypedDict):
    """Edits, newest first, and whether there are earlier ones."""

    edits: list[EditInfo]
    more: bool


def next_steps(case: Case, author: str | None = None) -> tuple[str | None, str | None]:
    """What undo and redo would do for an author, by default the case's, in words."""
    edits, who = case.folder.journal.edits(), author or case.author
    done, undone = stacks(edits)
    mine, back = done.get(who, []), undone.get(who, [])
    text = dict.fromkeys([*mine[-1:], *back[-1:]], "")
    text |= {edit.sequence: edit.text for edit in edits if edit.sequence in text}
    return (text[mine[-1]] if mine else None), (text[back[-1]] if back else None)


def standing(case: Case, author: str | None = None) -> Standing:
    """What holds after all edits, who made them, and what undo and redo would do for an author, by default the case's."""
    who = author or case.author
    journal = case.folder.journal
    overlay, edits = journal.state(), journal.edits()
    done, undone = stacks(edits)
    text = {edit.sequence: edit.text for edit in edits}
    mine, back = done.get(who, []), undone.get(who, [])
    changes, relabelled = _label_changes(case)
    flagged, excluded = np.flatnonzero(overlay.flagged), np.flatnonzero(overlay.excluded)
    return Standing(
        relabelled=relabelled,
        changes=changes,
        confirmed=int(overlay.confirmed.sum()),
        flagged=len(flagged),
        flagged_rows=flagged[:MOST_DRAWN].tolist(),
        excluded=len(excluded),
        excluded_rows=excluded[:MOST_DRAWN].tolist(),
        noted=len(overlay.notes),
        notes=_notes(case, overlay.notes),
        authors=[
            Author(name=name, edits=len(theirs)) for name, theirs in sorted(done.items(), key=lambda one: -len(one[1])) if theirs
        ],
        stands=sum(map(len, done.values())),
        undone=sum(edit.op not in ("undo", "redo") for edit in edits) - sum(map(len, done.values())),
        undo=text[mine[-1]] if mine else None,
        redo=text[back[-1]] if back else None,
        writable=journal.writable,
    )


def stacks(edits: Iterable[Edit]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Each author's edits that stand, and those that redo would bring back, by sequence; the last one is next."""
    done: dict[str, list[int]] = {}
    undone: dict[str, list[int]] = {}
    about: dict[int, int] = {}
    for edit in edits:
        mine, back = done.setdefault(edit.author, []), undone.setdefault(edit.author, [])
        if edit.op == "undo" and edit.undoes is not None:
            about[edit.sequence] = edit.undoes
            mine.remove(edit.undoes)
            back.append(edit.undoes)
        elif edit.op == "redo" and edit.undoes is not None:
            root = about[edit.undoes]
            back.remove(root)
            mine.append(root)
        else:
            mine.append(edit.sequence)
            back.clear()
    return done, undone


def journal(case: Case, before: int | None = None, limit: int = 100) -> JournalPage:
    """Edits in words, newest first.

    Parameters
    ----------
    case
        The open case.
    before
        Only edits earlier than this sequence; None begins with the last.
    limit
        At most so many, 1 to 500.
    """
    if not 1 <= limit <= MOST_LISTED:
        raise EditError(f"the journal is listed 1 to {MOST_LISTED} edits at a time, not {limit}")
    last = case.folder.journal.sequence if before is None else before - 1
    edits = [edit for edit in case.folder.journal.edits(since=max(0, last - limit)) if edit.sequence <= last]
    return JournalPage(edits=edit_infos(case, edits), more=last - limit > 0)


def pick(case: Case, what: str, value: Any = None) -> dict[str, Any]:
    """Keep the instances that something was done to as a pick, so that they can be shown and edited together.

    Parameters
    ----------
    case
        The open case.
    what
        ``"edit"``: the instances of one edit; ``"change"``: those relabelled from one name to another.
    value
        The edit's sequence; or ``{"old", "new"}``, class names, null for unlabelled.

    Raises
    ------
    EditError
        There is no such edit, or it is not about instances.
    """
    ways = {"edit": _rows_of_edit, "change": _rows_of_change}
    if what not in ways:
        raise EditError(unknown("kind of pick", what, ways))
    rows = ways[what](case, value)
    return {"name": case.serving.make_pick(rows, keep=True), "count": len(rows)}


def table(case: Case, format: str, where: Mapping[str, Any] | None = None) -> bytes:
    """The instances with their values as they are now: labels, predictions, tags, notes, results' columns.

    Parameters
    ----------
    case
        The open case.
    format
        ``parquet``, ``csv`` or ``jsonl``.
    where
        A filter tree; None takes all, excluded ones too (the column ``excluded`` says which).
    """
    return write_table(case.table(where), format)


def labels(case: Case, format: str) -> bytes:
    """Id, label now, label in the source, whether it was changed or confirmed: what a training run needs.

    As ``npz`` labels are class indexes (−1 unlabelled), and ``classes`` names them.
    """
    if format == "npz":
        return write_table(label_codes(case), format, classes=np.array(case.folder.manifest.classes, dtype=np.str_))
    return write_table(label_table(case), format)


def patch(case: Case) -> bytes:
    """All edits as lines of JSON that replay on a copy of this case."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edits.jsonl"
        case.folder.export_patch(path)
        return path.read_bytes()


def apply_patch(case: Case, text: str, name: str = "the patch") -> dict[str, Any]:
    """Make the edits of a patch here: all of them, or none.

    Parameters
    ----------
    case
        The open case.
    text
        What the patch's file holds.
    name
        What the person calls the file, for messages.

    Raises
    ------
    EditError
        It is for other data, cut short, changed by hand, or changes what was changed here as well. Nothing is changed then.
    """
    if len(text) > LARGEST_PATCH:
        raise EditError(f"{name} has {len(text):,} characters; a patch of at most {LARGEST_PATCH:,} can be applied here")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edits.jsonl"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            applied = case.folder.apply_patch(path)
        except EditError as error:
            raise EditError(str(error).replace(str(path), name)) from None
    return {"added": applied.added, "there": applied.there, "version": case.sync()}


def set_author(case: Case, name: str) -> dict[str, str]:
    """Say who edits from now on, in this process."""
    case.author = name
    return {"author": case.author}


def _label_changes(case: Case) -> tuple[list[LabelChange], int]:
    """Labels that differ from the source's, by what they were and are; the commonest changes first."""
    source, now = case.folder.source_labels, case.labels()
    rows = np.flatnonzero(source != now)
    classes = case.folder.manifest.classes
    counted = Counter(zip(source[rows].tolist(), now[rows].tolist(), strict=True))
    name = {-1: None, **dict(enumerate(classes))}
    changes = [LabelChange(old=name.get(old), new=name.get(new), count=n) for (old, new), n in counted.most_common(MOST_CHANGES)]
    return changes, len(rows)


def _notes(case: Case, notes: Mapping[int, str]) -> list[Note]:
    rows = sorted(notes)[:MOST_NOTES]
    ids = case.folder.instances["id"].take(rows).to_pylist() if rows else []
    return [Note(row=row, id=str(name), text=notes[row]) for row, name in zip(rows, ids, strict=True)]


def _rows_of_edit(case: Case, sequence: Any) -> Rows:
    edits = case.folder.journal.edits(since=sequence - 1) if isinstance(sequence, int) and sequence > 0 else []
    if not edits or edits[0].sequence != sequence:
        raise EditError(f"there is no edit {sequence!r}")
    rows = edits[0].rows
    if rows is None:
        raise EditError(f"edit {sequence} is not about instances: {edits[0].summary()}")
    return rows


def _rows_of_change(case: Case, change: Any) -> Rows:
    classes = case.folder.manifest.classes
    codes = []
    for side in ("old", "new"):
        label = change.get(side) if isinstance(change, Mapping) else None
        if label is not None and label not in classes:
            raise EditError(unknown("label", str(label), classes))
        codes.append(-1 if label is None else classes.index(label))
    old, new = codes
    assert UNCHANGED not in codes
    return np.flatnonzero((case.folder.source_labels == old) & (case.labels() == new)).astype(np.int32)


VIEW = View(
    name="edits",
    title="Edits",
    group="labels",
    question="What has been changed, and by whom?",
    card=Card(
        why="Edits are findings. Whoever relies on them must see what was changed, by whom and when, and be able to undo it.",
        who="Whoever corrects labels or defines subsets, and whoever has to answer for what follows from it.",
        what="Subsets, tags, changed labels, exclusions, flags and notes as they are now; beside them the journal, one line for "
        "each edit, however many instances it is about.",
        how="Select marks the instances of a line in all views. What was undone is struck through and stays. Undo takes back "
        "your own last edit; where somebody else has changed the same since, it is refused and names them.",
        when="After a round of corrections; before a retraining or a report; when two people worked on copies.",
        source="Write-back from visual analytics to data: Symphony (Bäuerle et al. 2022); classifier-guided label correction "
        "(Bäuerle et al. 2020).",
        limits="The source data is never changed: other programs see an edit only through an export. A patch applies to a copy "
        "with the same data, not to other data. An undo in one copy is no undo in another until its patch is applied there.",
    ),
    alone="shows what people changed, which is the same for every model",
    calls={
        "standing": standing,
        "journal": journal,
        "pick": pick,
        "table": table,
        "labels": labels,
        "patch": patch,
        "apply_patch": apply_patch,
        "set_author": set_author,
    },
    order=9,
    props={},
    size=(12, 12),
)
