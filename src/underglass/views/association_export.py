"""How do associations leave the case? Rows of label and source with counts and intervals, or the former plug-in's files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from underglass.analyses.associations import REST
from underglass.analyses.group_tables import nullable
from underglass.errors import DataError, unknown
from underglass.views.association_study import WORDS, Side, Study, check_metric
from underglass.views.tables import write_table

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.datasets.npmi_runs import NpmiRun

FORMATS = ("csv", "jsonl", "parquet", "plugin_csv", "plugin_events")


def export(
    case: Case,
    found: Study,
    format: str,
    *,
    metrics: Sequence[str] = ("npmi_xy",),
    pairs: Sequence[Sequence[Any]] = (),
    labels: Sequence[int] | None = None,
) -> bytes:
    """The labels of a study as a file.

    Parameters
    ----------
    case : Case
        For the flags.
    found : Study
        What was asked.
    format : str
        ``csv``, ``jsonl`` or ``parquet``: a row for each source and label. ``plugin_csv`` and ``plugin_events``: what
        TensorBoard's former nPMI plug-in reads, a zip with a file for each source.
    metrics : sequence of str
        Of `METRICS`.
    pairs : sequence of (a, b)
        Positions of identities whose gaps are wanted; b may be ``"rest"``.
    labels : sequence of int, optional
        Positions of the labels wanted [all].
    """
    if format not in FORMATS:
        raise DataError(unknown("format", format, FORMATS))
    rows = np.arange(len(found.labels)) if labels is None else np.asarray(labels, np.int64)
    if rows.size and (rows.min() < 0 or rows.max() >= len(found.labels)):
        raise DataError(f"label positions must lie between 0 and {len(found.labels) - 1:,}.")
    if format.startswith("plugin"):
        return _plugin(found, format, rows, pairs)
    return write_table(study_table(case, found, metrics, pairs).take(pa.array(_repeated(rows, found))), format)


def study_table(case: Case, found: Study, metrics: Sequence[str], pairs: Sequence[Sequence[Any]]) -> pa.Table:
    """Every source's labels below each other: source, label, flagged, hidden, counts, values, intervals, reasons."""
    overlay = case.folder.journal.state()
    flagged, hidden = overlay.flags.get("label", frozenset()), overlay.hides.get("label", frozenset())
    tables = []
    for side in found.sides:
        columns: dict[str, pa.Array] = {
            "source": pa.array([side.source.name] * len(found.labels), pa.string()),
            "label": pa.array(found.labels, pa.string()),
            "flagged": pa.array([name in flagged for name in found.labels]),
            "hidden": pa.array([name in hidden for name in found.labels]),
        }
        total, joint = label_counts(found, side)
        columns["items"] = pa.array([side.counted.items if side.counted else None] * len(found.labels), pa.int64())
        columns["count"] = _whole(total)
        for x, name in enumerate(found.identities):
            columns[f"count@{name}"] = _whole(joint[x])
        for metric in metrics:
            for x, name in enumerate(found.identities):
                _add(columns, check_metric(metric), name, side.column(metric, x, None))
            for a, b in pairs:
                other = REST if b == REST else found.identities[int(b)]
                _add(columns, f"{metric}_gap", f"{found.identities[int(a)]}|{other}", side.column(metric, int(a), b))
        tables.append(pa.table(columns))
    return pa.concat_tables(tables)


def label_counts(found: Study, side: Side) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Counts of the labels (labels,) and with each identity (identities, labels); -1 where not known."""
    at, there = np.maximum(side.place, 0), side.place >= 0
    joint = np.full((len(found.identities), len(at)), -1, np.int64)
    if side.counted is None:
        assert side.run is not None
        for x, name in enumerate(found.identities):
            if f"count@{name}" in side.run.metrics:
                given = side.run.values[:, side.run.metrics.index(f"count@{name}")]
                joint[x] = np.where(there, np.nan_to_num(given, nan=-1)[at], -1)
        return np.full(len(at), -1, np.int64), joint
    for x, known in enumerate(side.identity):
        if known >= 0:
            joint[x] = np.where(there, side.counted.joint[known][at], -1)
    return np.where(there, side.counted.label_count[at], -1), joint


def to_npmi_run(found: Study, side: Side, rows: np.ndarray[Any, Any], pairs: Sequence[Sequence[Any]] = ()) -> NpmiRun:
    """A source as a run of the former plug-in: ``nPMI@x`` and ``count@x``, and ``nPMI_diff@x|y`` for each pair."""
    from underglass.datasets.npmi_runs import NpmiRun

    _, joint = label_counts(found, side)
    metrics, values = [], []
    for x, name in enumerate(found.identities):
        metrics += [f"nPMI@{name}", f"count@{name}"]
        values += [side.column("npmi_xy", x, None)[0], np.where(joint[x] < 0, np.nan, joint[x])]
    for a, b in pairs:
        other = REST if b == REST else found.identities[int(b)]
        metrics.append(f"nPMI_diff@{found.identities[int(a)]}|{other}")
        values.append(side.column("npmi_xy", int(a), b)[0])
    table = np.array(values, np.float64).reshape(len(metrics), -1).T
    return NpmiRun(side.source.name, tuple(found.labels[row] for row in rows), tuple(metrics), table[rows])


def _plugin(found: Study, format: str, rows: np.ndarray[Any, Any], pairs: Sequence[Sequence[Any]]) -> bytes:
    from underglass.datasets.npmi_runs import csv_text, event_bytes

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for number, side in enumerate(found.sides):
            run = to_npmi_run(found, side, rows, pairs)
            safe = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in run.name).strip(".") or f"run-{number}"
            if format == "plugin_csv":
                file.writestr(f"report_{safe}.csv", csv_text(run))
            else:
                file.writestr(f"{safe}/events.out.tfevents.0000000000.underglass.v2", event_bytes(run))
    return packed.getvalue()


def _add(columns: dict[str, pa.Array], metric: str, name: str, told: tuple[Any, Any, Any, Any]) -> None:
    value, low, high, reason = told
    for part, numbers in (("", value), ("_low", low), ("_high", high)):
        columns[f"{metric}{part}@{name}"] = nullable(np.asarray(numbers, np.float64))
    columns[f"{metric}_reason@{name}"] = pa.array([WORDS[int(why)] or None for why in reason], pa.string())


def _whole(values: np.ndarray[Any, Any]) -> pa.Array:
    return pa.array(values, pa.int64(), mask=values < 0)


def _repeated(rows: np.ndarray[Any, Any], found: Study) -> np.ndarray[Any, Any]:
    return np.concatenate([rows + side * len(found.labels) for side in range(len(found.sides))])
