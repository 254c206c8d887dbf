"""How do activations come into the case so that a killed capture can go on where it stopped?

A shard is a run of consecutive instances with its probabilities and one file per layer and pooling. Its files are
written beside their places and renamed; then one line in ``shards.jsonl`` says that the shard is whole, with the hash
of each file. Only a shard with such a line, whose files still have these hashes, counts; any other is redone whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from underglass.errors import CaseError, LayerError, ModelError, unknown
from underglass.store import npy
from underglass.store.fingerprints import hash_bytes, hash_file
from underglass.store.locks import Busy, locked
from underglass.store.model_folder import (
    LOG,
    PREDICTIONS,
    PROBABILITIES,
    RECORD,
    ModelFolder,
    ShardLine,
    log_line,
    read_log,
    shard_path,
    write_record,
)
from underglass.store.records import LayerRecord, ModelRecord
from underglass.store.writing import disk_errors, part_beside, remove_parts, sync_folder, write_all

LOCK = ".lock"
LARGEST_HALF = 65504.0
SMALLEST_HALF = 2.0**-14
SAME = ("output", "classes", "fingerprint", "batch_size", "shard_size", "precision")


class ShardWriter:
    """Write a capture shard by shard; a context manager that holds the model's folder for itself.

    Made by `CaseFolder.model_writer`. Adding layers to a finished capture is the same as capturing them: layers that
    are there already are kept.

    Attributes
    ----------
    done : shards that are whole, checked by their hashes: a capture skips them.
    shards : how many shards there are; shard `i` holds instances ``i * shard_size`` up to the next shard's first.
    """

    def __init__(self, path: Path, record: ModelRecord, instances: int, register: Callable[[str, bytes], None]) -> None:
        if record.shard_size < 1:
            raise ModelError(f"shard_size is {record.shard_size}: it must be at least 1")
        self.path, self.instances = path, instances
        self.record = replace(record, shards=-(-instances // record.shard_size), done=False, shards_done=0)
        self.done: frozenset[int] = frozenset()
        self._register = register
        self._lines: dict[int, ShardLine] = {}
        self._before: ModelFolder | None = None
        self._open = ExitStack()

    @property
    def shards(self) -> int:
        """How many shards the capture has."""
        return self.record.shards

    def rows(self, shard: int) -> range:
        """The instances of a shard."""
        size = self.record.shard_size
        return range(shard * size, min((shard + 1) * size, self.instances))

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            with disk_errors(self.path):
                self.path.mkdir(parents=True, exist_ok=True)
            try:
                opening.enter_context(locked(self.path / LOCK, wait=False))
            except Busy:
                raise CaseError(
                    f"{self.record.name!r} is being captured into this case by another process: wait for it, or capture under another name"
                ) from None
            remove_parts(self.path)
            self._begin()
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def write(
        self, shard: int, probabilities: np.ndarray[Any, Any], activations: Mapping[tuple[str, str], np.ndarray[Any, Any]]
    ) -> None:
        """Write one shard whole.

        Parameters
        ----------
        shard : its number.
        probabilities : ``(n, classes)``, n = instances of the shard; a row of NaN has no prediction.
        activations : ``(n, units)`` for every captured layer and pooling.

        Raises
        ------
        ModelError
            If a shape does not fit, a layer is missing, or the probabilities differ from an earlier capture's.
        CaseError
            If the disk is full: the shard then counts as not written.
        """
        rows = self._checked(shard, probabilities, activations)
        plain = np.ascontiguousarray(probabilities, dtype="<f4")
        of_probabilities = hash_bytes(plain.view(np.uint8).data)
        earlier = self._lines.get(shard)
        if self._before is not None and earlier is not None and earlier.probabilities != of_probabilities:
            raise ModelError(
                f"shard {shard} of {self.record.name!r} gives other probabilities than when it was first captured: "
                "the model or its preprocessing is not deterministic here; capture it under another name"
            )
        files: dict[str, str] = {}
        written: list[tuple[Path, Path]] = []
        folders: set[Path] = set()
        with disk_errors(self.path / f"shard {shard}"):
            try:
                for (layer, pooling), values in activations.items():
                    name = shard_path(layer, pooling, shard)
                    place = self.path / name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    part = part_beside(place)
                    written.append((part, place))
                    folders.add(place.parent)
                    files[name] = _write_array(part, to_stored(values, self.record.precision))
                with (self.path / PROBABILITIES).open("rb+") as file:
                    write_all(file.fileno(), plain.view(np.uint8).data, npy.OFFSET + rows.start * plain.shape[1] * 4)
                    os.fsync(file.fileno())
                for part, place in written:
                    part.replace(place)
                for folder in folders:
                    sync_folder(folder)
                line = ShardLine(shard, of_probabilities, files)
                self._append(log_line(line))
            except BaseException:
                for part, _ in written:
                    part.unlink(missing_ok=True)
                raise
        if earlier is not None and earlier.probabilities == of_probabilities:
            line = replace(line, files={**earlier.files, **files})
        self._lines[shard] = line
        self.done |= {shard}

    def finish(self, accuracy_captured: float | None, *, skipped: int = 0) -> ModelFolder:
        """Write predictions and the finished record, once every shard is there.

        Parameters
        ----------
        accuracy_captured : share of labelled instances predicted right, 0…1; None if none is labelled.
        skipped : instances without a prediction.

        Raises
        ------
        CaseError
            If shards are missing.
        """
        missing = sorted(set(range(self.shards)) - self.done)
        if missing:
            raise CaseError(
                f"{len(missing)} of {self.shards} shards of {self.record.name!r} are missing (the first is {missing[0]}): it is not finished"
            )
        probabilities = npy.open_array(
            self.path / PROBABILITIES, dtype=np.float32, shape=(self.instances, len(self.record.classes))
        )
        _write_predictions(self.path / PREDICTIONS, probabilities)
        self.record = replace(
            self.record, done=True, shards_done=self.shards, accuracy_captured=accuracy_captured, skipped=skipped
        )
        self._write_record()
        return ModelFolder(self.path)

    def _begin(self) -> None:
        if (self.path / RECORD).exists():
            before = ModelFolder(self.path)
            changed = [name for name in SAME if getattr(before.record, name) != getattr(self.record, name)]
            if before.instances != self.instances:
                changed.append("instances")
            if changed:
                raise CaseError(
                    f"a capture named {self.record.name!r} is there already, with another {' and '.join(changed)}: "
                    "capture under another name, or remove that one first"
                )
            if before.record.done:
                self._before = before
            self.record = replace(self.record, **_union(before.record, self.record))
        self._lines = read_log(self.path)
        self._make_probabilities()
        self.done = frozenset(shard for shard in range(self.shards) if self._whole(shard))
        if self._before is None:
            self.record = replace(self.record, shards_done=len(self.done))
            self._write_record()

    def _whole(self, shard: int) -> bool:
        line = self._lines.get(shard)
        wanted = [shard_path(layer.name, pooling, shard) for layer in self.record.layers for pooling in self.record.pooling]
        if line is None or not set(wanted) <= set(line.files):
            return False
        rows = self.rows(shard)
        width = 4 * len(self.record.classes)
        with (self.path / PROBABILITIES).open("rb") as file:
            file.seek(npy.OFFSET + rows.start * width)
            if hash_bytes(file.read(len(rows) * width)) != line.probabilities:
                return False
        return all((self.path / name).is_file() and hash_file(self.path / name) == line.files[name] for name in wanted)

    def _make_probabilities(self) -> None:
        path = self.path / PROBABILITIES
        shape = (self.instances, len(self.record.classes))
        size = npy.OFFSET + 4 * shape[0] * shape[1]
        if path.exists() and path.stat().st_size == size:
            return
        with disk_errors(path), path.open("wb") as file:
            file.write(npy.header(np.float32, shape))
            file.truncate(size)

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path / LOG, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            end = os.lseek(descriptor, 0, os.SEEK_END)
            if end and os.pread(descriptor, 1, end - 1) != b"\n":
                line = b"\n" + line  # the last line was cut short by a kill: it stays, and does not count
            try:
                write_all(descriptor, line, end)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)

    def _checked(
        self, shard: int, probabilities: np.ndarray[Any, Any], activations: Mapping[tuple[str, str], np.ndarray[Any, Any]]
    ) -> range:
        if not 0 <= shard < self.shards:
            raise ModelError(f"there is no shard {shard}: {self.record.name!r} has {self.shards}")
        rows = self.rows(shard)
        if probabilities.shape != (len(rows), len(self.record.classes)):
            raise ModelError(
                f"probabilities of shard {shard} are {probabilities.shape}, not ({len(rows)} instances, {len(self.record.classes)} classes)"
            )
        earlier = self._lines.get(shard)
        for layer in self.record.layers:
            for pooling in self.record.pooling:
                values = activations.get((layer.name, pooling))
                if values is None:
                    if earlier is None or shard_path(layer.name, pooling, shard) not in earlier.files:
                        raise LayerError(f"shard {shard} lacks layer {layer.name!r} with pooling {pooling!r}")
                elif values.shape != (len(rows), layer.units):
                    raise LayerError(
                        f"layer {layer.name!r} gave {values.shape} in shard {shard}, not ({len(rows)} instances, {layer.units} units)"
                    )
        for layer_name, pooling in activations:
            if self.record.layer(layer_name) is None or pooling not in self.record.pooling:
                raise LayerError(unknown("layer", layer_name, [one.name for one in self.record.layers]))
        return rows

    def _write_record(self) -> None:
        log = self.path / LOG
        length = log.stat().st_size if log.exists() else 0
        files = {}
        if self.record.done:
            files = {name: hash_file(self.path / name) for name in (PREDICTIONS, PROBABILITIES)}
        data = write_record(self.path, self.record, self.instances, files, (length, hash_file(log) if length else ""))
        self._register(self.record.name, data)


def to_stored(values: np.ndarray[Any, Any], precision: str = "float16") -> np.ndarray[Any, Any]:
    """Activations ``(n, units)`` as they are stored: ``(units, n)``, float16 if that can hold them, else float32.

    float32 is taken when a finite value lies beyond ±65,504, or when all lie below 6.1e-5, where float16 loses digits.
    """
    single = np.asarray(values, dtype=np.float32)
    if precision == "float16" and single.size:
        with np.errstate(invalid="ignore"):
            peak = max(float(np.fmax.reduce(single, axis=None)), -float(np.fmin.reduce(single, axis=None)))
        if np.isinf(peak):
            finite = np.abs(single[np.isfinite(single)])
            peak = float(finite.max()) if finite.size else 0.0
        if not (peak > LARGEST_HALF or 0 < peak < SMALLEST_HALF):
            return np.ascontiguousarray(single.astype(np.float16).T)
    return np.ascontiguousarray(single.T)


def _write_array(path: Path, array: np.ndarray[Any, Any]) -> str:
    head, body = npy.pieces(array)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        write_all(descriptor, head)
        write_all(descriptor, body)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return hash_bytes(head, body)


def _write_predictions(path: Path, probabilities: np.ndarray[Any, Any]) -> None:
    none = np.isnan(probabilities).any(1)
    filled = np.where(none[:, None], 0, probabilities) if none.any() else probabilities
    prediction = filled.argmax(1).astype(np.int32)
    confidence = filled[np.arange(len(filled)), prediction].astype(np.float32)
    table = pa.table(
        {
            "row": pa.array(np.arange(len(filled), dtype=np.int32)),
            "prediction": pa.array(prediction, mask=none),
            "confidence": pa.array(confidence, mask=none),
        }
    )
    part = part_beside(path)
    with disk_errors(path):
        try:
            pq.write_table(table, part, compression="zstd")
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def _union(before: ModelRecord, now: ModelRecord) -> dict[str, Any]:
    """Layers and poolings of both captures, in the order of the model."""
    layers: dict[str, LayerRecord] = {one.name: one for one in (*before.layers, *now.layers)}
    order = {one.name: i for i, one in enumerate(now.all_layers)}
    names = sorted(layers, key=lambda name: order.get(name, len(order)))
    return {"layers": tuple(layers[name] for name in names), "pooling": _merged(before.pooling, now.pooling)}


def _merged(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
