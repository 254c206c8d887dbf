"""What can a person change, and how is one change written down?

An edit is one operation on a set of instances, however many. It says who, when, what and on which rows; the journal adds
what was there before, so that it can be taken back.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from underglass.errors import EditError, unknown

UNCHANGED = -2
UNLABELLED = -1
EACH = "each"
LONGEST_NAME = 200
LONGEST_NOTE = 100_000
Rows = np.ndarray[Any, np.dtype[np.int32]]

FIELDS = {
    "label": "label",
    "confirm": "confirmed",
    "tag": "tag",
    "untag": "tag",
    "note": "note",
    "exclude": "excluded",
    "include": "excluded",
    "flag": "flag",
    "hide": "hide",
    "subset": "subset",
    "drop_subset": "subset",
    "rename_subset": "subset",
    "page": "page",
    "drop_page": "page",
}
"""Which field of the case each operation changes."""

VERBS = {
    "label": "labelled",
    "confirm": "confirmed the label of",
    "tag": "tagged",
    "untag": "untagged",
    "note": "noted on",
    "exclude": "excluded",
    "include": "included again",
    "flag": "flagged",
    "hide": "hid",
}


@dataclass(frozen=True)
class Content:
    """The large part of an edit: its rows, and the values there after and before it."""

    rows: Rows | None
    new: Any
    old: Any


@dataclass(frozen=True)
class Edit:
    """One row of the journal; `rows`, `new` and `old` are read from it when first asked for.

    Parameters
    ----------
    sequence
        Its place, counted from 1 without gaps.
    time
        ISO, UTC.
    op
        An operation of `FIELDS`, or ``"undo"`` or ``"redo"``.
    field
        What it changes: ``label, confirmed, tag, note, excluded, flag, hide, subset, page``.
    key
        The tag's name, or the kind of thing (other than instances) that is flagged or hidden; else empty.
    undoes
        Of an undo the sequence of the edit it takes back, of a redo that of the undo.
    count
        How many instances (or other things).
    text
        What was done, in words, without "undid" or "redid".
    """

    sequence: int
    time: str
    author: str
    op: str
    field: str
    key: str
    count: int
    undoes: int | None
    text: str
    read: Callable[[], Content] = dataclasses.field(repr=False, compare=False)

    @cached_property
    def content(self) -> Content:
        """Rows and values."""
        return self.read()

    @property
    def rows(self) -> Rows | None:
        """The instances, sorted, int32; None where the edit is not about instances."""
        return self.content.rows

    @property
    def new(self) -> Any:
        """The value put.

        ``label``: a class index or None (unlabelled), or int32 per row where they differ (−1 unlabelled). ``tag, untag``: the
        name. ``note``: the text or None. ``subset, page`` and kin: the definition. ``confirm, flag, hide``: ``{"on": bool}``.
        Of an undo: the values put back, in the form of `old`.
        """
        return self.content.new

    @property
    def old(self) -> Any:
        """The values that were there before, per row.

        int32 class indices (−1 unlabelled), truth values, a list of texts, or a `Subset` or None by name.
        """
        return self.content.old

    def summary(self) -> str:
        """What was done, for people: ``labelled 312 instances 'Coat'``."""
        return {"undo": "undid: ", "redo": "redid: "}.get(self.op, "") + self.text


def describe(op: str, count: int, new: Any, classes: Sequence[str]) -> str:
    """An operation in words."""
    things = f"{count:,} instance{'' if count == 1 else 's'}"
    if op == "label":
        if new == EACH:
            return f"labelled {things} one by one"
        return (
            f"took the label off {things}"
            if new is None
            else f"labelled {things} {classes[new] if new < len(classes) else new!r}"
        )
    if op in ("tag", "untag"):
        return f"{VERBS[op]} {things} {new!r}"
    if op == "note":
        return f"took the note off {things}" if new is None else f"noted on {things}: {new if len(new) <= 60 else new[:57] + '…'}"
    if op in ("confirm", "flag", "hide"):
        verb = (
            VERBS[op]
            if new["on"]
            else {"confirm": "took back the confirmation of", "flag": "unflagged", "hide": "showed again"}[op]
        )
        return f"{verb} {count:,} {new['kind']}{'' if count == 1 else 's'}" if "ids" in new else f"{verb} {things}"
    if op == "subset":
        return f"defined the subset {new['name']!r}" + (f" of {things}" if new["kind"] == "frozen" else "")
    if op == "drop_subset":
        return f"dropped the subset {new['name']!r}"
    if op == "rename_subset":
        return f"renamed the subset {new['name']!r} to {new['to']!r}"
    if op == "page" and new.get("was") not in (None, new["page"]["name"]):
        return f"renamed the page {new['was']!r} to {new['page']['name']!r}"
    if op == "page":
        return f"arranged the page {new['page']['name']!r}"
    if op == "drop_page":
        return f"removed the page {new['name']!r}"
    return f"{VERBS[op]} {things}"


def checked_rows(rows: Any, n: int) -> tuple[Rows, np.ndarray[Any, Any]]:
    """Rows sorted and each once, and where in the given ones each first stood.

    Raises
    ------
    EditError
        If there are none, they are no whole numbers, or lie outside 0…n−1.
    """
    given = np.asarray(rows)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise EditError(f"rows must be a list of whole numbers, not {given.dtype} of {given.ndim} axes")
    if not given.size:
        raise EditError("no instances are selected: there is nothing to do")
    if given.min() < 0 or given.max() >= n:
        bad = given[(given < 0) | (given >= n)][0]
        raise EditError(f"there is no instance {bad}: rows are 0 to {n - 1}")
    unique, first = np.unique(given, return_index=True)
    return unique.astype(np.int32), first


def checked_name(kind: str, name: Any) -> str:
    """A name a person gave to something."""
    if not isinstance(name, str) or not name.strip():
        raise EditError(f"a {kind} needs a name")
    if len(name) > LONGEST_NAME:
        raise EditError(f"the {kind}'s name has {len(name)} characters; at most {LONGEST_NAME} are kept")
    return name.strip()


def checked_code(new: Any, classes: Sequence[str] | None) -> int | None:
    """A class index or None."""
    if new is None:
        return None
    if isinstance(new, bool) or not isinstance(new, (int, np.integer)):
        raise EditError(f"a label is a class index or None, not {new!r}")
    code = int(new)
    if code < 0 or (classes is not None and code >= len(classes)):
        if classes is None:
            raise EditError(f"a label is a class index from 0, not {code}")
        raise EditError(
            f"there is no class {code}: " + unknown("class", str(code), [f"{i} ({name})" for i, name in enumerate(classes)])
        )
    return code


def pack_rows(rows: Rows) -> bytes:
    """Sorted rows as few bytes: differences, compressed."""
    return zlib.compress(np.diff(rows, prepend=np.int32(0)).astype("<i4").tobytes(), 1)


def unpack_rows(data: bytes, count: int) -> Rows:
    """The rows again."""
    return np.cumsum(_inflate(data, count, "<i4"), dtype=np.int32)


def pack_codes(codes: np.ndarray[Any, Any]) -> bytes:
    """A code (or truth value) per row; one repeated value takes 4 bytes."""
    plain = np.ascontiguousarray(codes, dtype="<i4")
    if plain.size and (plain == plain[0]).all():
        return plain[:1].tobytes()
    return b"z" + zlib.compress(plain.tobytes(), 1)


def unpack_codes(data: bytes, count: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """The codes again."""
    if len(data) == 4:
        return np.full(count, np.frombuffer(data, "<i4")[0], np.int32)
    return _inflate(data[1:], count, "<i4")


def _inflate(data: bytes, count: int, dtype: str) -> np.ndarray[Any, np.dtype[np.int32]]:
    wanted = count * np.dtype(dtype).itemsize
    try:
        raw = zlib.decompressobj().decompress(data, wanted + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(raw) != wanted:
        raise ValueError(f"{len(raw)} bytes stand for {count} instances")
    return np.frombuffer(raw, dtype).astype(np.int32)
