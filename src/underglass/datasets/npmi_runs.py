"""How are runs of TensorBoard's former nPMI plug-in read and written: its event files, and its CSV?

The plug-in kept four tensors a run: ``_npmi_/annotations`` text (n,), ``_npmi_/metrics`` text (m,), ``_npmi_/values`` float
(n, m) with NaN for null, and, if given, ``_npmi_/embeddings`` float (n, d). Names of metrics: ``nPMI@x`` for an identity x,
``nPMI_diff@x`` for a gap, ``count@x`` for how often both occurred.
"""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from underglass.datasets.event_records import BYTES, field, fields, packed_floats, record, records
from underglass.errors import DataError

Floats = np.ndarray[Any, np.dtype[np.float64]]

PLUGIN = "npmi"
PARTS = ("annotations", "metrics", "values", "embeddings")
FLOAT, DOUBLE, INTEGER, STRING, LONG = 1, 2, 3, 7, 9
NUMBERS = {FLOAT: "<f4", DOUBLE: "<f8", INTEGER: "<i4", LONG: "<i8"}
NULLS = ("", "null", "nan", "none", "n/a")


@dataclass(frozen=True)
class NpmiRun:
    """What a run of the plug-in holds.

    Attributes
    ----------
    name : str
        Of the run: the folder below the log folder, or the file without its ending.
    labels : tuple of str
        The annotations.
    metrics : tuple of str
    values : (labels, metrics)
        NaN where null.
    embeddings : (labels, directions) or None
    """

    name: str
    labels: tuple[str, ...]
    metrics: tuple[str, ...]
    values: Floats
    embeddings: Floats | None = None

    def identities(self) -> tuple[str, ...]:
        """The names after ``nPMI@``, in order."""
        return tuple(name.partition("@")[2] for name in self.metrics if name.startswith("nPMI@"))


def read_npmi(path: str | Path) -> list[NpmiRun]:
    """Read runs from a log folder, an event file or the plug-in's CSV.

    Parameters
    ----------
    path : path
        A folder is searched for event files (``events.out.tfevents.…``); each folder with ``_npmi_`` tensors is a run. A CSV has
        the annotation first and a column for each metric.

    Raises
    ------
    DataError
        There is nothing of the plug-in, a tensor is missing, shapes do not fit, or a file is damaged.
    """
    place = Path(path)
    if place.is_dir():
        files = sorted(place.rglob("*tfevents*"))
        if not files:
            raise DataError(f"there is no event file (events.out.tfevents.…) below {place}.")
        folders: dict[Path, list[Path]] = {}
        for file in files:
            folders.setdefault(file.parent, []).append(file)
        runs = [
            run
            for folder, group in folders.items()
            if (run := _run(group, "." if folder == place else folder.relative_to(place).as_posix())) is not None
        ]
        if not runs:
            raise DataError(f"the event files below {place} hold no tensor of the nPMI plug-in (_npmi_/annotations …).")
        return runs
    if not place.is_file():
        raise DataError(f"{place} does not exist.")
    if "tfevents" in place.name:
        run = _run([place], place.parent.name or place.name)
        if run is None:
            raise DataError(f"{place.name} holds no tensor of the nPMI plug-in (_npmi_/annotations …).")
        return [run]
    return [_read_csv(place)]


def event_bytes(run: NpmiRun, *, wall_time: float = 0.0) -> bytes:
    """A run as an event file that the plug-in reads.

    Parameters
    ----------
    run : NpmiRun
        What to write.
    wall_time : float
        Seconds since 1970, in each event.
    """
    told: dict[str, Any] = {"annotations": run.labels, "metrics": run.metrics, "values": run.values}
    if run.embeddings is not None:
        told["embeddings"] = run.embeddings
    parts = [record(field(1, wall_time) + field(3, "brain.Event:2"))]
    for part, value in told.items():
        plugin = field(1, field(1, PLUGIN) + field(2, b""))  # SummaryMetadata.plugin_data: name, content (proto version 0)
        metadata = plugin + field(4, 2)  # data_class: tensor
        summary = field(1, field(1, f"_npmi_/{part}") + field(9, metadata) + field(8, _tensor(value)))
        parts.append(record(field(1, wall_time) + field(5, summary)))
    return b"".join(parts)


def csv_text(run: NpmiRun) -> str:
    """A run as the plug-in's CSV: the annotation, then each metric; null is ``null``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["annotation", *run.metrics])
    for label, values in zip(run.labels, run.values.tolist(), strict=True):
        writer.writerow([label, *("null" if np.isnan(value) else repr(value) for value in values)])
    return out.getvalue()


def write_events(run: NpmiRun, folder: str | Path, *, wall_time: float = 0.0) -> Path:
    """Write a run below a log folder, as ``<folder>/<run>/events.out.tfevents.…``; the file."""
    place = Path(folder) / run.name
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"events.out.tfevents.{int(wall_time):010d}.underglass.v2"
    file.write_bytes(event_bytes(run, wall_time=wall_time))
    return file


def _run(files: Sequence[Path], name: str) -> NpmiRun | None:
    tensors: dict[str, Any] = {}
    for file in files:
        for event in records(file):
            for number, kind, summary in fields(event):
                if number == 5 and kind == BYTES and isinstance(summary, bytes):
                    for tag, value in _values(summary):
                        if tag.startswith("_npmi_/"):
                            tensors[tag.removeprefix("_npmi_/")] = value
    if not tensors:
        return None
    missing = [part for part in PARTS[:3] if part not in tensors]
    if missing:
        raise DataError(f"run {name!r} misses the tensor _npmi_/{missing[0]}.")
    labels, metrics = tuple(tensors["annotations"]), tuple(tensors["metrics"])
    values = np.asarray(tensors["values"], np.float64)
    if values.shape != (len(labels), len(metrics)):
        raise DataError(
            f"run {name!r} has values of shape {values.shape} for {len(labels):,} annotations and {len(metrics):,} metrics."
        )
    places = tensors.get("embeddings")
    if places is not None and (np.ndim(places) != 2 or len(places) != len(labels)):
        raise DataError(f"run {name!r} has embeddings of shape {np.shape(places)} for {len(labels):,} annotations.")
    return NpmiRun(name, labels, metrics, values, None if places is None else np.asarray(places, np.float64))


def _values(summary: bytes) -> list[tuple[str, Any]]:
    found = []
    for number, kind, value in fields(summary):
        if number != 1 or kind != BYTES or not isinstance(value, bytes):
            continue
        parts = {number: part for number, _, part in fields(value)}
        tag, tensor = parts.get(1, b""), parts.get(8)
        if isinstance(tag, bytes) and isinstance(tensor, bytes) and tag.startswith(b"_npmi_/"):
            found.append((tag.decode("utf-8", "replace"), _read_tensor(tensor)))
    return found


def _read_tensor(data: bytes) -> Any:
    kind, content = 0, b""
    shape: list[int] = []
    texts: list[str] = []
    numbers: list[float] = []
    for number, wire, value in fields(data):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number == 2 and isinstance(value, bytes):
            shape = [
                _signed({n: v for n, _, v in fields(dim)}.get(1, 0))
                for n, _, dim in fields(value)
                if n == 2 and isinstance(dim, bytes)
            ]
        elif number == 4 and isinstance(value, bytes):
            content = value
        elif number == 8 and isinstance(value, bytes):
            texts.append(value.decode("utf-8", "replace"))
        elif number in (5, 6) and isinstance(value, bytes):
            form = "<f4" if number == 5 else "<f8"
            numbers.extend(
                np.frombuffer(value, form).tolist() if wire == BYTES else [struct.unpack("<f" if number == 5 else "<d", value)[0]]
            )
    size = int(np.prod(shape)) if shape else 1
    if kind == STRING:
        if len(texts) != size:
            raise DataError(f"a tensor of {size:,} texts holds {len(texts):,}.")
        return texts
    if kind not in NUMBERS:
        raise DataError(f"a tensor of the plug-in has the type {kind}; float and text are known.")
    array = np.frombuffer(content, NUMBERS[kind]) if content else np.array(numbers)
    if array.size == 1 < size:  # protobuf keeps an array of equal numbers as one
        array = np.full(size, array[0])
    if array.size != size:
        raise DataError(f"a tensor of {size:,} numbers holds {array.size:,}.")
    return array.reshape(shape)


def _tensor(value: Any) -> bytes:
    if isinstance(value, tuple):
        dims = field(2, field(2, field(1, len(value))))
        return field(1, STRING) + dims + b"".join(field(8, text) for text in value)
    shape = b"".join(field(2, field(1, int(size))) for size in value.shape)
    return field(1, FLOAT) + field(2, shape) + field(4, packed_floats(np.asarray(value, np.float32)))


def _signed(value: int | bytes) -> int:
    return value if isinstance(value, int) else 0


def _read_csv(path: Path) -> NpmiRun:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not UTF-8 text; save it as UTF-8.") from error
    if not rows or len(rows[0]) < 2:
        raise DataError(f"{path.name} needs a head: the annotation, then a column for each metric, with commas between.")
    head, body = rows[0], rows[1:]
    if not any("@" in name for name in head[1:]):
        raise DataError(f"{path.name} has no metric such as nPMI@man or count@man; its head is {', '.join(head[:6])}.")
    values = np.empty((len(body), len(head) - 1))
    for line, row in enumerate(body, start=2):
        if len(row) != len(head):
            raise DataError(f"line {line} of {path.name} has {len(row)} cells, its head {len(head)}.")
        for place, text in enumerate(row[1:]):
            try:
                values[line - 2, place] = np.nan if text.strip().lower() in NULLS else float(text)
            except ValueError:
                raise DataError(
                    f"line {line} of {path.name} holds {text!r} under {head[place + 1]!r}; a number or null is needed."
                ) from None
    return NpmiRun(path.stem, tuple(row[0] for row in body), tuple(head[1:]), values)
