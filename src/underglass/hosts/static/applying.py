"""How do edits made in an exported page come back to the case? As a patch: all of them are made, or none.

A patch names the data it was made on and, for every label, what the person saw; where that does not hold any more the whole
patch is refused. Authors and times stay as they were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass import filters
from underglass.errors import EditError, FilterError
from underglass.store import apply_patch as apply_journal_patch
from underglass.store.edits import LONGEST_NAME

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import Edit
    from underglass.store.journal import Transaction

KIND, SCHEMA = "underglass page edits", 1
LARGEST = 256_000_000
OPS = ("label", "confirm", "tag", "untag", "note", "exclude", "include", "flag", "subset", "drop_subset", "rename_subset")


@dataclass(frozen=True)
class AppliedPage:
    """What a patch did: how many edits were made, how many were there already, and by whom they are."""

    added: int
    there: int
    authors: tuple[str, ...]


def apply_edits(case: Case, path: str | Path, *, author: str | None = None) -> AppliedPage:
    """Make the edits of a patch in a case.

    Parameters
    ----------
    case : with the data that the patch was made on.
    path : a file saved by an exported page, or written by the view of edits.
    author : signs the edits of a page whose reader gave no name; otherwise they are by ``exported page``.

    Raises
    ------
    EditError
        It is no patch, is for other data, or a label is not any more what the person saw. Nothing is changed then.
    """
    place = Path(path)
    try:
        data = place.read_bytes()
    except OSError as error:
        raise EditError(f"{place} cannot be read: {error.strerror or error}") from None
    if len(data) > LARGEST:
        raise EditError(f"{place.name} has {len(data):,} bytes; a patch of at most {LARGEST:,} can be applied")
    patch = _read(place.name, data)
    if patch is None:
        before = len(case.history())
        applied = apply_journal_patch(case.folder.journal, place)
        case.sync()
        return AppliedPage(applied.added, applied.there, tuple(dict.fromkeys(one.author for one in case.history()[before:])))
    _check_data(case, patch, place.name)
    edits = [_checked(one, number, place.name, author) for number, one in enumerate(patch["edits"], 1)]
    made = {(one.time, one.author, one.op): one for one in case.history()}
    wanted = [one for one in edits if not _is_there(one, made.get((one["time"], one["author"], one["op"])))]
    with case.folder.journal.transaction() as transaction:
        defined = {name: one.sequence for name, one in case.subsets.items()}
        for number, one in enumerate(wanted, 1):
            try:
                _make(case, transaction, one, defined, int(patch.get("sequence") or 0))
            except EditError as error:
                raise EditError(f"{place.name} was not applied, nothing was changed: its edit {number}: {error}") from None
    case.sync()
    return AppliedPage(len(wanted), len(edits) - len(wanted), tuple(dict.fromkeys(one["author"] for one in wanted)))


def _read(name: str, data: bytes) -> dict[str, Any] | None:
    """The patch of a page; None if the file looks like the journal's own kind, whose reader says what is wrong with it."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        first = data.split(b"\n", 1)[0]
        if b'"underglass edits"' in first:
            return None
        raise EditError(f"{name} is no patch: it is not JSON. An exported page saves one with “Save edits”") from None
    if not isinstance(found, dict) or found.get("kind") not in (KIND, "underglass edits"):
        raise EditError(f"{name} is no patch of edits. An exported page saves one with “Save edits”")
    if found["kind"] != KIND:
        return None
    if found.get("schema") != SCHEMA:
        raise EditError(
            f"{name} was saved by a page of underglass {found.get('underglass', '?')} in schema {found.get('schema')!r}; "
            f"this version reads schema {SCHEMA}: update underglass"
        )
    if not isinstance(found.get("edits"), list):
        raise EditError(f"{name} is cut short: it holds no edits")
    return found


def _check_data(case: Case, patch: Mapping[str, Any], name: str) -> None:
    manifest = case.folder.manifest
    if patch.get("data_fingerprint") != manifest.data_fingerprint or patch.get("instances") != manifest.instances:
        raise EditError(
            f"{name} was made on other data: a page of the case {patch.get('case')!r} with {_number(patch.get('instances'))} "
            f"instances, and this is {manifest.name!r} with {manifest.instances:,}"
        )


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "?"


def _checked(one: Any, number: int, name: str, author: str | None) -> dict[str, Any]:
    """An edit whose parts are what they must be; rows as integers."""

    def refuse(why: str) -> EditError:
        return EditError(f"{name} was not applied, nothing was changed: its edit {number} {why}")

    if not isinstance(one, dict) or one.get("op") not in OPS:
        raise refuse(f"is none that a page makes: {one.get('op') if isinstance(one, dict) else one!r}")
    rows = one.get("rows")
    if rows is not None and not (
        isinstance(rows, list) and all(isinstance(row, int) and not isinstance(row, bool) for row in rows)
    ):
        raise refuse("names its instances by something other than rows")
    try:
        datetime.fromisoformat(str(one.get("time")))
    except ValueError:
        raise refuse(f"has no time: {one.get('time')!r}") from None
    who = one.get("author")
    if not isinstance(who, str) or not 0 < len(who.strip()) <= LONGEST_NAME:
        raise refuse("has no author")
    signed = author if author and who == "exported page" else who.strip()
    moment = datetime.fromisoformat(one["time"]).isoformat(timespec="milliseconds")
    return {**one, "time": moment, "author": signed, "rows": None if rows is None else np.asarray(rows, np.int64)}


def _make(case: Case, transaction: Transaction, one: dict[str, Any], defined: dict[str, int], since: int) -> None:
    op, rows, value = one["op"], one["rows"], one.get("value")
    seen = None
    if op == "label":
        value = [case.code(label) for label in value] if isinstance(value, list) else case.code(value)
        seen = one.get("seen")
        if not isinstance(seen, list) or rows is None or len(seen) != len(rows):
            raise EditError("it does not say which labels the person saw")
        seen = [case.code(label) for label in seen]
    elif op == "subset":
        name = str(value.get("name")) if isinstance(value, dict) else ""
        if defined.get(name, 0) > since:
            raise EditError(f"the case has a subset {name!r} by now that the page did not know: rename one of them")
        tree = one.get("filter")
        if tree is not None:
            try:
                tree = filters.check(tree, case.serving.column_types(), subsets=[*case.subsets, *defined])
            except FilterError as error:
                raise EditError(str(error)) from None
        value = {**(value if isinstance(value, dict) else {}), "filter": tree}
        defined[name] = 0
    elif op in ("confirm", "flag"):
        value = value is not False
    elif op in ("exclude", "include"):
        value = None
    transaction.append(op, rows=rows, new=value, old=seen, author=one["author"], time=one["time"])


def _is_there(one: Mapping[str, Any], found: Edit | None) -> bool:
    """Whether an edit of the same moment, author and kind is about the same instances: then it was applied before."""
    if found is None:
        return False
    rows = None if one["rows"] is None else np.unique(one["rows"])
    if rows is None or found.rows is None:
        return rows is None and found.rows is None
    return bool(np.array_equal(rows, found.rows))
