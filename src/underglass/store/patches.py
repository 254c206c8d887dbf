"""How do edits travel to a copy of the case? As a patch: lines of JSON that a person can read and compare.

The first line says for which data; each further one is a row of the journal. On a copy that has none of the edits, or only
their beginning, the patch is replayed row by row, to the same chain of hashes. On a copy with edits of its own, what the
patch adds is made there again, unless both changed the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from underglass.errors import EditError
from underglass.store.edits import EACH, Edit, Rows
from underglass.store.journal import Journal, Transaction
from underglass.store.journal_rows import Row
from underglass.store.writing import write_file

KIND, SCHEMA = "underglass edits", 1
NEEDED = {"sequence", "time", "author", "op", "chain"}
RANGE = re.compile(r"\d{1,10}(-\d{1,10})?")


@dataclass(frozen=True)
class Applied:
    """What a patch did: how many rows were added, and how many were there already."""

    added: int
    there: int


def export_patch(journal: Journal, path: Path) -> int:
    """Write all edits as a patch, atomically; returns how many rows it holds.

    Raises
    ------
    CaseError
        If the disk is full.
    """
    rows = list(journal.raw_rows())
    head = {
        "kind": KIND,
        "schema": SCHEMA,
        "data_fingerprint": journal.data_fingerprint,
        "instances": journal.instances,
        "classes": list(journal.classes or ()),
        "edits": len(rows),
    }
    lines = (head, *(_to_line(journal, row) for row in rows))
    write_file(path, b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines))
    return len(rows)


def apply_patch(journal: Journal, path: Path) -> Applied:
    """Make the edits of a patch here: all of them, or none.

    Raises
    ------
    EditError
        If the patch is for other data, cut short, changed by hand, or changes what was changed here as well.
    """
    lines = _read(journal, path)
    with journal.transaction() as transaction:
        here = list(journal.raw_rows())
        pairs = zip(here, lines, strict=False)
        common = next((i for i, (row, line) in enumerate(pairs) if row["chain"] != line["chain"]), min(len(here), len(lines)))
        if common == len(here):
            for line in lines[common:]:
                if _replay(transaction, line, journal.instances) is None or journal.chain != line["chain"]:
                    raise EditError(f"{path} was changed after it was written: edit {line['sequence']} is not what was made")
            return Applied(len(lines) - common, common)
        known = {_identity(_to_line(journal, row)) for row in here[common:]}
        standing = _standing(lines, common)
        wanted = [line for line in standing if _identity(line) not in known]
        for line in wanted:
            edit = _replay(transaction, line, journal.instances)
            if edit is not None:
                transaction.refuse_overlap(edit, after=common, upto=len(here))
        return Applied(len(wanted), common + len(standing) - len(wanted))


def _to_line(journal: Journal, row: Row) -> dict[str, Any]:
    line = {name: row[name] for name in ("sequence", "time", "author", "op")}
    if row["root"] is not None:
        return {**line, "undoes": row["undoes"], "chain": row["chain"]}
    operation = journal.operation(row)
    line |= {"rows": None if operation.rows is None else to_ranges(operation.rows), "new": operation.new}
    if operation.codes is not None:
        line["codes"] = operation.codes.tolist()
    return {**line, "chain": row["chain"]}


def _read(journal: Journal, path: Path) -> list[Mapping[str, Any]]:
    """The rows of a patch, if it is one for this data and whole."""
    try:
        head, *lines = [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
        if head["kind"] != KIND or type(head["schema"]) is not int:
            raise ValueError("its first line does not say so")
    except OSError as error:
        raise EditError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EditError(f"{path} is not a patch of edits: {error}") from error
    if head["schema"] > SCHEMA:
        raise EditError(f"{path} was written by a newer underglass (patch schema {head['schema']}): upgrade underglass")
    if head.get("data_fingerprint") != journal.data_fingerprint or head.get("instances") != journal.instances:
        raise EditError(f"{path} is for other data than this case holds: it cannot be applied here")
    if head.get("classes") != list(journal.classes or ()):
        raise EditError(f"{path} is for other classes than this case has: it cannot be applied here")
    if head.get("edits") != len(lines):
        raise EditError(f"{path} is cut short: it holds {len(lines)} of {head.get('edits')} edits")
    for expected, line in enumerate(lines, start=1):
        if not isinstance(line, dict) or line.get("sequence") != expected or not line.keys() >= NEEDED:
            raise EditError(f"{path} is not a patch of edits: line {expected + 1} is not edit {expected}")
    return lines


def _replay(transaction: Transaction, line: Mapping[str, Any], instances: int) -> Edit | None:
    author, time = line["author"], _time(line["time"])
    if not isinstance(author, str):
        raise EditError(f"edit {line['sequence']} of the patch has no author")
    if line["op"] in ("undo", "redo"):
        return (transaction.undo if line["op"] == "undo" else transaction.redo)(author, time=time)
    new = np.array(line["codes"]) if line.get("new") == EACH and "codes" in line else line.get("new")
    return transaction.append(line["op"], rows=_rows(line.get("rows"), instances), new=new, author=author, time=time)


def _standing(lines: Sequence[Mapping[str, Any]], common: int) -> list[Mapping[str, Any]]:
    """The edits after the common ones that nobody took back."""
    undone: dict[int, int] = {}
    about: dict[int, int] = {}
    shared: frozenset[int] = frozenset()
    for line in lines:
        if line["op"] == "undo":
            about[line["sequence"]] = line["undoes"]
            undone[line["undoes"]] = line["sequence"]
        elif line["op"] == "redo":
            undone.pop(about.get(line["undoes"], 0), None)
        if line["sequence"] == common:
            shared = frozenset(undone)
    changed = sorted(one for one in shared ^ undone.keys() if one <= common)
    if changed:
        raise EditError(f"the patch takes back edit {changed[0]}, which both copies had: undo it here, then apply the patch")
    return [line for line in lines[common:] if line["op"] not in ("undo", "redo") and line["sequence"] not in undone]


def _identity(line: Mapping[str, Any]) -> str:
    return json.dumps([line.get(name) for name in ("time", "author", "op", "rows", "new", "codes", "undoes")], sort_keys=True)


def to_ranges(rows: Rows) -> str:
    """Sorted rows as text.

    Examples
    --------
    >>> to_ranges(np.array([0, 1, 2, 7], np.int32))
    '0-2,7'
    """
    ends = np.flatnonzero(np.diff(rows) != 1)
    starts = np.concatenate([[0], ends + 1])
    pairs = zip(rows[starts].tolist(), rows[np.concatenate([ends, [len(rows) - 1]])].tolist(), strict=True)
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in pairs)


def _rows(text: Any, instances: int) -> Rows | None:
    """The rows of a text of ranges."""
    if text is None:
        return None
    if not isinstance(text, str) or not all(RANGE.fullmatch(part) for part in text.split(",")):
        raise EditError(f"rows are written as 0-2,7 and not as {str(text)[:40]!r}")
    spans = [(int(part.split("-")[0]), int(part.split("-")[-1])) for part in text.split(",")]
    if any(first > last for first, last in spans):
        raise EditError(f"rows are written from the first to the last, and not as {text[:40]!r}")
    if sum(last - first + 1 for first, last in spans) > instances:
        raise EditError(f"the patch names more rows than the {instances} of this case")
    if any(last >= instances for _, last in spans):
        raise EditError(f"the patch speaks of instance {max(last for _, last in spans)}: rows are 0 to {instances - 1}")
    return np.concatenate([np.arange(first, last + 1, dtype=np.int32) for first, last in spans])


def _time(text: Any) -> str:
    try:
        datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise EditError(f"{str(text)[:40]!r} in the patch is no time") from error
    return str(text)
