"""What does a row of the journal say? From an operation to a row of the file, and back to what it changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from underglass.errors import CaseError, EditError
from underglass.store.edits import (
    FIELDS,
    UNCHANGED,
    UNLABELLED,
    Content,
    Rows,
    pack_codes,
    pack_rows,
    unpack_codes,
    unpack_rows,
)
from underglass.store.fingerprints import hash_bytes
from underglass.store.journal_file import SMALL
from underglass.store.operations import Operation, subset_change, to_change
from underglass.store.overlay import Change, State, Subset

Row = dict[str, Any]


def to_row(operation: Operation, change: Change, before: Any, *, sequence: int, author: str, time: str) -> Row:
    """The row of an operation that makes a change, with the values it finds."""
    rows = operation.rows
    return {
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
        "names": json.dumps(change.names, ensure_ascii=False) if change.names else None,
        "new": json.dumps(operation.new, ensure_ascii=False),
        "codes": None if operation.codes is None else pack_codes(operation.codes),
        "before": _pack_values(change.field, before),
    }


def chained(previous: str, row: Row) -> str:
    """The hash of a row and of the hash of the row before it.

    Rows and codes are hashed uncompressed, since compression differs between versions of its library.
    """
    plain = [row.get(name) for name in SMALL if name != "chain"]
    contents = list(_contents(row))
    sizes = [len(one) for one in contents]
    return hash_bytes(previous.encode(), json.dumps([*plain, sizes], ensure_ascii=False).encode(), *contents)


class RowReader:
    """Reads rows of the journal of one case.

    Parameters
    ----------
    instances
        How many instances the case has: rows outside are damage.
    classes
        How many classes; None if it is not known.
    fetch
        Gives the row of a sequence, contents included.

    Raises
    ------
    CaseError
        From every method, if a row is not one that the journal wrote.
    """

    def __init__(self, instances: int, classes: int | None, fetch: Callable[[int], Row]) -> None:
        self.instances, self.classes = instances, classes
        self._fetch = fetch

    def change(self, row: Row, state: State) -> Change:
        """What a row does to the state before it."""
        try:
            if row["root"] is None:
                return self.forward(row, state)
            source = self._fetch(row["root"])
            return self.backward(source, state) if row["op"] == "undo" else self.forward(source, state)
        except EditError as error:
            raise CaseError(f"the journal is damaged: edit {row['sequence']}: {error}") from error

    def forward(self, row: Row, state: State) -> Change:
        """What an edit does to a state.

        Raises
        ------
        EditError
            If the state does not allow it.
        """
        return to_change(self.operation(row), state, author=row["author"], time=row["time"], sequence=row["sequence"])

    def backward(self, row: Row, state: State) -> Change:
        """What takes an edit back.

        Raises
        ------
        EditError
            If a subset that would go is used by another.
        """
        values = self.before(row)
        if row["field"] == "subset":
            return subset_change(values, state)
        with self._damage(row):
            return Change(row["field"], row["key"], self.rows(row), values, tuple(json.loads(row["names"] or "[]")))

    def operation(self, row: Row) -> Operation:
        """The operation of an edit."""
        with self._damage(row):
            codes = None if row["codes"] is None else self._codes(row["codes"], row["count"], UNLABELLED)
            operation = Operation(row["op"], self.rows(row), json.loads(row["new"]), codes)
            if FIELDS[row["op"]] != row["field"] or operation.key != row["key"] or operation.count != row["count"]:
                raise ValueError("its parts do not fit together")
            if row["op"] == "label" and codes is None and not self._is_code(operation.new):
                raise ValueError(f"there is no class {operation.new}")
            return operation

    def before(self, row: Row) -> Any:
        """The values that an edit found, in the form of a change's values."""
        with self._damage(row):
            if row["field"] == "note":
                texts = [None] * row["count"]
                for place, text in json.loads(row["before"]):
                    texts[place] = text
                return texts
            if row["field"] == "subset":
                return {name: self._subset(fields) for name, fields in json.loads(row["before"]).items()}
            if row["field"] == "page":
                return dict(json.loads(row["before"]))
            if row["field"] == "label":
                return self._codes(row["before"], row["count"], UNCHANGED)
            return unpack_codes(row["before"], row["count"]).astype(bool)

    def rows(self, row: Row) -> Rows | None:
        """The instances of an edit."""
        if row["rows"] is None:
            return None
        with self._damage(row):
            rows = unpack_rows(row["rows"], row["count"])
            if not rows.size or rows[0] < 0 or rows[-1] >= self.instances or (np.diff(rows) <= 0).any():
                raise ValueError("its rows are not sorted rows of this case")
            rows.flags.writeable = False
            return rows

    def content(self, op: str, row: Row, source_labels: Callable[[], np.ndarray[Any, Any]] | None) -> Content:
        """Rows and values of an edit, or of the undo or redo of it."""
        rows, old, operation = self.rows(row), self.before(row), self.operation(row)
        new = operation.codes if operation.codes is not None else operation.new
        if row["field"] == "label" and source_labels is not None:
            old = np.where(old == UNCHANGED, source_labels()[rows], old).astype(np.int32)
        return Content(rows, old, _each(operation)) if op == "undo" else Content(rows, new, old)

    def _subset(self, fields: Row | None) -> Subset | None:
        if fields is None:
            return None
        rows = self.rows(self._fetch(fields["sequence"])) if fields["kind"] == "frozen" else None
        return Subset(**fields, rows=rows)

    def _codes(self, data: bytes, count: int, lowest: int) -> np.ndarray[Any, np.dtype[np.int32]]:
        codes = unpack_codes(data, count)
        if codes.size and (codes.min() < lowest or (self.classes is not None and codes.max() >= self.classes)):
            raise ValueError("its labels are no classes of this case")
        return codes

    def _is_code(self, new: Any) -> bool:
        return new is None or (type(new) is int and new >= 0 and (self.classes is None or new < self.classes))

    @staticmethod
    @contextmanager
    def _damage(row: Row) -> Iterator[None]:
        try:
            yield
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise CaseError(f"the journal is damaged: edit {row.get('sequence')}: {error}") from error


def _each(operation: Operation) -> Any:
    """The values that an operation puts, one per row: what its undo finds."""
    count, new = operation.count, operation.new
    if operation.codes is not None or operation.field in ("subset", "page"):
        return operation.codes if operation.codes is not None else new
    if operation.op == "label":
        return np.full(count, UNLABELLED if new is None else new, np.int32)
    if operation.op == "note":
        return [new] * count
    return np.full(count, new["on"] if isinstance(new, dict) else operation.op in ("tag", "exclude"))


def _pack_values(field: str, values: Any) -> bytes:
    if field == "note":
        return json.dumps([(i, text) for i, text in enumerate(values) if text is not None], ensure_ascii=False).encode()
    if field == "page":
        return json.dumps(values, ensure_ascii=False).encode()
    if field == "subset":
        return json.dumps({name: _plain(one) for name, one in values.items()}, ensure_ascii=False, sort_keys=True).encode()
    return pack_codes(values)


def _plain(subset: Subset | None) -> Row | None:
    return None if subset is None else {name: value for name, value in vars(subset).items() if name != "rows"}


def _contents(row: Row) -> Iterator[bytes]:
    count, before = row["count"], row.get("before")
    yield unpack_rows(row["rows"], count).astype("<i4").tobytes() if row.get("rows") is not None else b""
    yield unpack_codes(row["codes"], count).astype("<i4").tobytes() if row.get("codes") is not None else b""
    if before is None or row["field"] in ("note", "subset", "page"):
        yield before or b""
    else:
        yield unpack_codes(before, count).astype("<i4").tobytes()
