"""How does a table of scores come from a page into a case? Sent in pieces, looked at, its columns chosen, made.

A sent table lies in a folder of this server alone until the case is made or the server ends; one at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from underglass.analyses.feature_codes import crossing, encode_column, is_number
from underglass.audits import audit
from underglass.datasets import Read, read_columns, scored
from underglass.errors import DataError, UnderglassError, unknown
from underglass.hosts.server.sending import SentFile

SHOWN_VALUES = 8
MANY_VALUES = 200
MANY_GROUPS = 2_000
LABELS = ("label", "y", "y_true", "true", "truth", "target", "class", "outcome", "actual", "ground_truth")
SCORES = (
    "score",
    "p",
    "y_score",
    "y_prob",
    "prob",
    "proba",
    "probability",
    "y_pred_proba",
    "out",
    "prediction",
    "y_pred",
    "pred",
)
BINS = 5
OPTION = re.compile(r" \(--[^)]*\)")
"""How a message names the option of the command line; a page has fields instead."""


class Auditing:
    """The table that a page sent last, and what is made of it.

    Parameters
    ----------
    home : folder where cases are made.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._sent = SentFile("scores.csv", "audit it from a terminal: underglass audit FILE --label … --score …")
        self._read: tuple[tuple[str | None, str | None], Read] | None = None

    def receive(self, name: str, at: int, data: bytes) -> dict[str, Any]:
        """Take a piece of a file; see `SentFile.receive`."""
        if at == 0:
            self._read = None
        return self._sent.receive(name, at, data)

    def look(self, separator: str | None = None, encoding: str | None = None) -> dict[str, Any]:
        """The columns of the table: kind, values, missing ones; and which are likely label and score."""
        try:
            read = self._table(separator, encoding)
        except DataError as error:
            raise DataError(_for_a_page(error)) from error
        columns = [_column(name, read.table[name]) for name in read.table.column_names]
        names = {name.lower(): name for name in read.table.column_names}
        label = next((names[one] for one in LABELS if one in names), None)
        score = next((names[one] for one in SCORES if one in names and names[one] != label), None)
        return {
            "file": self._sent.path.name if self._sent.path else "",
            "rows": read.table.num_rows,
            "separator": read.separator,
            "encoding": read.encoding,
            "notes": list(read.notes),
            "columns": columns,
            "label": label,
            "score": score,
        }

    def preview(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """What these columns would give: classes, counts, groups and how many of them are small; or what is wrong, in words."""
        try:
            return {"wrong": None, **self._preview(chosen)}
        except UnderglassError as error:
            return {"wrong": _for_a_page(error)}

    def make(self, chosen: Mapping[str, Any]) -> Path:
        """Make the case; the folder it is in."""
        given = _given(chosen)
        file = self._sent.path
        read = self._table(chosen.get("separator"), chosen.get("encoding"))
        stem = (file.name.split(".")[0] if file else "") or "scores"
        place = next(one for one in self._places(stem) if not one.exists())
        place.parent.mkdir(parents=True, exist_ok=True)
        with audit(read.table, out=place, title=f"{file.name if file else stem}, a table of scores", **given):
            pass
        self.close()
        return place

    def close(self) -> None:
        """Forget the table."""
        self._sent.forget()
        self._read = None

    def _places(self, stem: str) -> Iterator[Path]:
        yield self.home / f"{stem}.case"
        number = 2
        while True:
            yield self.home / f"{stem}-{number}.case"
            number += 1

    def _table(self, separator: str | None, encoding: str | None) -> Read:
        file = self._sent.path
        if file is None:
            raise DataError("no table was sent yet, or the server was started again; choose the file once more.")
        wanted = (separator or None, encoding or None)
        if self._read is None or self._read[0] != wanted:
            self._read = (wanted, read_columns(file, separator=wanted[0], encoding=wanted[1]))
        return self._read[1]

    def _preview(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        given = _given(chosen)
        table = self._table(chosen.get("separator"), chosen.get("encoding")).table
        by, bins, smallest = given.pop("by"), given.pop("bins") or {}, given.pop("min_size")
        given.pop("features")
        instances, found = scored(table, **given)
        labels = instances.table["label"]
        answer: dict[str, Any] = {
            "task": found.task,
            "classes": list(found.classes),
            "positive": None if found.positive is None else found.classes[found.positive],
            "positives": None if found.positive is None else int(pc.sum(pc.equal(labels, found.positive)).as_py() or 0),
            "flagged": None if found.positive is None else int((found.predictions == found.positive).sum()),
            "labelled": table.num_rows - table[given["label"]].null_count,
            "rows": table.num_rows,
            "notes": list(found.notes),
            "groups": None,
            "small": 0,
            "smallest": None,
            "warnings": [],
        }
        for name in by:
            if name not in table.column_names:
                raise DataError(unknown("feature", name, [one for one in table.column_names if one not in found.columns]))
        if by:
            features = [_feature(name, table[name], bins.get(name)) for name in by]
            for feature in features:
                if len(feature) > MANY_VALUES:
                    raise DataError(f"{feature.name} holds {len(feature):,} different values; groups by it hold almost nobody.")
            groups, group = crossing(features)
            sizes = pc.value_counts(pa.array(group)).field("counts").to_numpy()
            small = int((sizes < smallest).sum())
            answer |= {"groups": len(groups), "small": small, "smallest": int(sizes.min())}
            if len(groups) > MANY_GROUPS:
                raise DataError(f"{' × '.join(by)} make {len(groups):,} groups; at most {MANY_GROUPS:,} are drawn.")
            if small:
                answer["warnings"].append(
                    f"{small:,} of {len(groups):,} groups hold fewer than {smallest:,} rows, the smallest {int(sizes.min()):,}: "
                    "their rates would be mostly chance. They are listed, not drawn; fewer features or wider bins help."
                )
        return answer


def _for_a_page(error: UnderglassError) -> str:
    return OPTION.sub("", str(error))


def _given(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """A page's choices as the arguments of `audit`; what is none is refused."""
    score = chosen.get("score")
    if isinstance(score, list) and len(score) == 1:
        score = score[0]
    threshold = chosen.get("threshold", 0.5)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        raise DataError("the threshold is not a number; a score of at least this, from 0 to 1, counts as positive.")
    try:
        return {
            "label": str(chosen["label"]),
            "score": score or None,
            "prediction": chosen.get("prediction") or None,
            "positive": chosen.get("positive") or None,
            "threshold": float(threshold),
            "by": [str(name) for name in chosen.get("by") or ()],
            "features": chosen.get("features"),
            "bins": dict(chosen.get("bins") or {}),
            "min_size": int(chosen.get("min_size", 30)),
            "task": chosen.get("task") or None,
        }
    except (KeyError, TypeError, ValueError):
        raise DataError("say which column is the label.") from None


def _feature(name: str, column: pa.ChunkedArray, bins: Any) -> Any:
    feature = encode_column(name, column, bins=bins)
    return encode_column(name, column, bins=BINS) if bins is None and is_number(column) and len(feature) > 12 else feature


def _column(name: str, column: pa.ChunkedArray) -> dict[str, Any]:
    number = is_number(column)
    counted = pc.value_counts(column.combine_chunks()) if not pa.types.is_null(column.type) else None
    distinct = 0 if counted is None else len(counted) - (1 if column.null_count else 0)
    values: list[tuple[str, int]] = []
    if counted is not None and distinct <= MANY_VALUES:
        pairs = [
            (value, count)
            for value, count in zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
        ]
        pairs = [pair for pair in pairs if pair[0] is not None]
        order = sorted(pairs, key=(lambda pair: pair[0]) if number else (lambda pair: -pair[1]))
        values = [(str(value), count) for value, count in order[:SHOWN_VALUES]]
    span = pc.min_max(column).as_py() if number and distinct else {"min": None, "max": None}
    low, high = (None if one is None else float(one) for one in (span["min"], span["max"]))
    finite = low is not None and high is not None and abs(low) != float("inf") and abs(high) != float("inf")
    return {
        "name": name,
        "kind": "number" if number else "yes or no" if pa.types.is_boolean(column.type) else "text",
        "distinct": distinct,
        "missing": column.null_count,
        "values": values,
        "min": low if finite else None,
        "max": high if finite else None,
        "share": bool(number and finite and low is not None and high is not None and low >= 0 and high <= 1),
    }
