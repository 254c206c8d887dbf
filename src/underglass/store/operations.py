"""What does an operation do to the current values? Each is checked, then becomes one `Change`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from underglass.errors import EditError, unknown
from underglass.store.edits import (
    EACH,
    FIELDS,
    LONGEST_NOTE,
    UNLABELLED,
    Rows,
    checked_code,
    checked_name,
    checked_rows,
)
from underglass.store.overlay import Change, State, Subset
from underglass.store.pages import checked_page

MARKS = {"confirm": "confirmed", "flag": "flag", "hide": "hide"}


@dataclass(frozen=True)
class Operation:
    """A checked operation, as the journal keeps it: `new` is plain JSON (``"each"`` where `codes` holds a label per row)."""

    op: str
    rows: Rows | None
    new: Any
    codes: np.ndarray[Any, np.dtype[np.int32]] | None = None

    @property
    def field(self) -> str:
        """The field it changes."""
        return FIELDS[self.op]

    @property
    def key(self) -> str:
        """The tag's name, or the kind of thing that is flagged or hidden; else empty."""
        if self.field == "tag":
            return str(self.new)
        return str(self.new["kind"]) if self.op in MARKS and "ids" in self.new else ""

    @property
    def count(self) -> int:
        """How many instances or other things it is about."""
        if self.rows is not None:
            return len(self.rows)
        return len(self.new["ids"]) if self.op in MARKS else 1


def checked(op: str, rows: Any, new: Any, *, n: int, classes: Sequence[str] | None) -> Operation:
    """An operation whose parts are what they must be.

    Raises
    ------
    EditError
        If not; says what is allowed.
    """
    if op not in FIELDS:
        raise EditError(unknown("edit", op, FIELDS))
    if op in ("subset", "drop_subset", "rename_subset"):
        return _subset(op, rows, new, n)
    if op in ("page", "drop_page"):
        return _page(op, rows, new)
    if op in ("flag", "hide") and rows is None:
        return Operation(op, None, _things(op, new))
    if rows is None:
        raise EditError(f"the edit {op!r} needs rows")
    where, first = checked_rows(rows, n)
    if op == "label":
        if isinstance(new, (np.ndarray, list, tuple)):
            return Operation(op, where, EACH, _codes(new, rows, where, first, classes))
        return Operation(op, where, checked_code(new, classes))
    if op in ("tag", "untag"):
        return Operation(op, where, checked_name("tag", new))
    if op == "note":
        if new is not None and not isinstance(new, str):
            raise EditError(f"a note is text or None, not {type(new).__name__}")
        if new is not None and len(new) > LONGEST_NOTE:
            raise EditError(f"the note has {len(new)} characters; at most {LONGEST_NOTE} are kept")
        return Operation(op, where, new or None)
    if op in MARKS:
        on = new.get("on", True) if isinstance(new, Mapping) else new
        if on not in (None, True, False):
            raise EditError(f"the edit {op!r} takes True or False, not {on!r}")
        return Operation(op, where, {"on": on is None or bool(on)})
    if new is not None:
        raise EditError(f"the edit {op!r} takes no value")
    return Operation(op, where, None)


def to_change(operation: Operation, state: State, *, author: str, time: str, sequence: int) -> Change:
    """What a checked operation does in a state.

    Raises
    ------
    EditError
        If the state does not allow it: an unknown subset or page, a name that is taken, a subset that others use.
    """
    op, rows, new = operation.op, operation.rows, operation.new
    if operation.field == "page":
        pages = _pages(operation, state)
        return Change("page", "", None, pages, tuple(pages))
    field, key = operation.field, operation.key
    if op == "label":
        assert rows is not None
        if operation.codes is not None:
            return Change(field, key, rows, operation.codes)
        return Change(field, key, rows, np.full(len(rows), UNLABELLED if new is None else new, np.int32))
    if op in ("tag", "untag", "exclude", "include"):
        assert rows is not None
        return Change(field, key, rows, np.full(len(rows), op in ("tag", "exclude")))
    if op == "note":
        assert rows is not None
        return Change(field, key, rows, [new] * len(rows))
    if op in MARKS:
        names = tuple(new.get("ids", ()))
        return Change(field, key, rows, np.full(len(names) if rows is None else len(rows), new["on"]), names)
    values = _definitions(operation, state, author=author, time=time, sequence=sequence)
    return subset_change(values, state)


def subset_change(values: dict[str, Subset | None], state: State) -> Change:
    """A change of subsets that leaves no live subset with a name that is not there, or with itself.

    Raises
    ------
    EditError
        If it would.
    """
    after = {name: one for name, one in {**state.subsets, **values}.items() if one is not None}
    uses = {name: set(references(one.filter)) for name, one in after.items()}
    for name, used in uses.items():
        for missing in sorted(used - after.keys()):
            if missing in values and missing in state.subsets:
                raise EditError(f"the subset {missing!r} is used by {name!r}: change or drop that one first")
            raise EditError(unknown("subset", missing, after))
    for name in values:
        if name in after and _reaches(name, name, uses):
            raise EditError(f"the subset {name!r} would be defined by itself")
    return Change("subset", "", None, values, tuple(values))


def refuse_unseen(operation: Operation, before: Any, old: Any, given_rows: Any) -> None:
    """Refuse an edit of what is not any more as the person saw it.

    Parameters
    ----------
    operation
        What is to be done.
    before
        The values now, per row of the operation.
    old
        What the person saw: one value, or one per row of `given_rows`.
    given_rows
        The rows as they were given, in any order.

    Raises
    ------
    EditError
        If at least one value differs; says how many.
    """
    if operation.field == "page":
        if next(iter(before.values())) != old:
            raise EditError("the page has been changed since you opened it: look at it again, then arrange it")
        return
    if operation.field == "subset" or operation.rows is None:
        raise EditError(f"the edit {operation.op!r} takes no old value")
    seen = [old] * operation.count
    if isinstance(old, (np.ndarray, list, tuple)):
        given = np.asarray(given_rows)
        if len(old) != len(given):
            raise EditError(f"{len(old)} old values for {len(given)} instances")
        seen = [old[i] for i in np.unique(given, return_index=True)[1]]
    if operation.field == "label":
        seen = [UNLABELLED if one is None else int(one) for one in seen]
    changed = sum(1 for one, found in zip(seen, before, strict=True) if one != found)
    if changed:
        raise EditError(f"{changed:,} of {operation.count:,} instances have changed since you looked: look again, then edit")


def references(tree: Any) -> Iterator[str]:
    """Names of the subsets that a filter tree speaks of."""
    if isinstance(tree, Mapping):
        if tree.get("op") == "subset" and isinstance(tree.get("name"), str):
            yield tree["name"]
        for part in tree.values():
            yield from references(part)
    elif isinstance(tree, (list, tuple)):
        for part in tree:
            yield from references(part)


def _subset(op: str, rows: Any, new: Any, n: int) -> Operation:
    if not isinstance(new, Mapping):
        raise EditError(f"the edit {op!r} takes a definition with a name")
    name = checked_name("subset", new.get("name"))
    if op == "drop_subset":
        return Operation(op, None, {"name": name})
    if op == "rename_subset":
        return Operation(op, None, {"name": name, "to": checked_name("subset", new.get("to"))})
    kind, tree, note = new.get("kind"), new.get("filter"), new.get("note") or ""
    if kind not in ("live", "frozen"):
        raise EditError(f"a subset is 'live' or 'frozen', not {kind!r}")
    if not isinstance(note, str):
        raise EditError("a subset's note is text")
    if kind == "live" and (not isinstance(tree, Mapping) or rows is not None):
        raise EditError("a live subset needs a filter and no rows")
    if kind == "frozen" and rows is None:
        raise EditError("a frozen subset needs rows")
    try:
        tree = json.loads(json.dumps(tree, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise EditError(f"a subset's filter must be plain JSON: {error}") from error
    return Operation(
        op, checked_rows(rows, n)[0] if rows is not None else None, {"name": name, "kind": kind, "filter": tree, "note": note}
    )


def _page(op: str, rows: Any, new: Any) -> Operation:
    if rows is not None:
        raise EditError(f"the edit {op!r} is about no instances")
    if not isinstance(new, Mapping):
        raise EditError(f"the edit {op!r} takes a page with a name")
    if op == "drop_page":
        return Operation(op, None, {"name": checked_name("page", new.get("name"))})
    was = new.get("was")
    return Operation(op, None, {"page": checked_page(new.get("page")), "was": None if was is None else checked_name("page", was)})


def _pages(operation: Operation, state: State) -> dict[str, Any]:
    """The pages that change, by name; None where one goes."""
    if operation.op == "drop_page":
        name = operation.new["name"]
        if name not in state.pages:
            raise EditError(unknown("page", name, state.pages))
        return {name: None}
    page, was = operation.new["page"], operation.new["was"]
    if was is None or was == page["name"]:
        return {page["name"]: page}
    if was not in state.pages:
        raise EditError(unknown("page", was, state.pages))
    if page["name"] in state.pages:
        raise EditError(f"there is a page {page['name']!r} already")
    return {was: None, page["name"]: page}


def _definitions(operation: Operation, state: State, *, author: str, time: str, sequence: int) -> dict[str, Subset | None]:
    new, name = operation.new, operation.new["name"]
    if operation.op == "subset":
        return {name: Subset(name, new["kind"], new["filter"], operation.rows, new["note"], author, time, sequence)}
    if name not in state.subsets:
        raise EditError(unknown("subset", name, state.subsets))
    if operation.op == "drop_subset":
        return {name: None}
    to = new["to"]
    if to in state.subsets:
        raise EditError(f"there is a subset {to!r} already")
    users = {
        one.name: replace(one, filter=_renamed(one.filter, name, to))
        for one in state.subsets.values()
        if name in references(one.filter)
    }
    return {**users, name: None, to: replace(state.subsets[name], name=to)}


def _renamed(tree: Any, name: str, to: str) -> Any:
    if isinstance(tree, Mapping):
        same = {key: _renamed(part, name, to) for key, part in tree.items()}
        return {**same, "name": to} if tree.get("op") == "subset" and tree.get("name") == name else same
    return [_renamed(part, name, to) for part in tree] if isinstance(tree, list) else tree


def _reaches(start: str, goal: str, uses: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for used in uses.get(todo.pop(), ()):
            if used == goal:
                return True
            if used not in seen:
                seen.add(used)
                todo.append(used)
    return False


def _things(op: str, new: Any) -> dict[str, Any]:
    if not isinstance(new, Mapping) or not isinstance(new.get("ids"), (list, tuple)) or not new["ids"]:
        raise EditError(f"the edit {op!r} needs rows, or a kind of thing and its ids")
    on = new.get("on", True)
    if not isinstance(on, bool):
        raise EditError(f"the edit {op!r} takes True or False, not {on!r}")
    ids = sorted({str(one) for one in new["ids"]})
    return {"kind": checked_name("kind of thing", new.get("kind")), "ids": ids, "on": on}


def _codes(
    new: Any, rows: Any, where: Rows, first: np.ndarray[Any, Any], classes: Sequence[str] | None
) -> np.ndarray[Any, np.dtype[np.int32]]:
    given = np.asarray(rows)
    if len(new) != len(given):
        raise EditError(f"{len(new)} labels for {len(given)} instances")
    codes = np.array([UNLABELLED if code is None else int(code) for code in new] if not isinstance(new, np.ndarray) else new)
    if codes.dtype.kind not in "iu":
        raise EditError("labels are class indices")
    for code in (codes.min(), codes.max()):
        checked_code(None if code == UNLABELLED else int(code), classes)
    if len(where) < len(given) and (codes[first][np.searchsorted(where, given)] != codes).any():
        raise EditError("an instance is given twice with different labels")
    picked: np.ndarray[Any, np.dtype[np.int32]] = codes[first].astype(np.int32)
    return picked
