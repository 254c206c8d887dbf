"""How do activations come into the case so that a killed capture can go on where it stopped?

A shard is a run of consecutive instances with its probabilities and one file per layer and pooling. Its files are
written beside their places and renamed; then one line in ``shards.jsonl`` says that the shard is whole, with the hash
of each file. Only a shard with such a line, whose files still have these hashes, counts; any other is redone whole.

Nothing is flushed to the disk before `ShardWriter.finish`: a killed process loses no more than the shard in work, and
after a loss of power the hashes tell which shards did not get there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
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
from underglass.store.halves import WORTH_COMPILING, to_halves, to_stored
from underglass.store.locks import Busy, locked
from underglass.store.model_folder import (
    LOG,
    PREDICTIONS,
    PROBABILITIES,
    RECORD,
    ModelFolder,
    ShardLine,
    read_log,
    shard_path,
    write_record,
)
from underglass.store.records import LayerRecord, ModelRecord
from underglass.store.writing import BINARY, disk_errors, remove_parts, replacing, sync_file, write_all, write_pieces

LOCK = ".lock"
SAME = ("output", "classes", "fingerprint", "batch_size", "shard_size", "precision")
CLOSE = 1e-3
MANY_FILES = 64
Layers = Mapping[tuple[str, str], np.ndarray[Any, Any]]


class ShardWriter:
    """Write a capture shard by shard; a context manager that holds the model's folder for itself.

    Made by `CaseFolder.model_writer`. Capturing more layers into a finished capture adds them; those that are there stay.

    Attributes
    ----------
    record
        What will be recorded: layers and poolings of this and of earlier captures.
    done
        Shards that are whole, checked by their hashes: a capture skips them.
    """

    def __init__(self, path: Path, record: ModelRecord, instances: int, register: Callable[[str], None]) -> None:
        if record.shard_size < 1:
            raise ModelError(f"shard_size is {record.shard_size}: it must be at least 1")
        self.path, self.instances = path, instances
        self.record = replace(record, shards=-(-instances // record.shard_size), done=False, shards_done=0)
        self.done: frozenset[int] = frozenset()
        self._register = register
        self._lines: dict[int, ShardLine] = {}
        self._finished: ModelFolder | None = None
        self._open = ExitStack()

    @property
    def shards(self) -> int:
        """How many shards the capture has."""
        return self.record.shards

    @property
    def needed(self) -> tuple[tuple[str, str], ...]:
        """Layers with their pooling that at least one shard still lacks: what a capture has to compute."""
        return tuple(pair for pair in self._pairs() if any(self._lacks(pair, shard) for shard in range(self.shards)))

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
                    f"{self.record.name!r} is being captured into this case by another process: wait for it, or take another name"
                ) from None
            remove_parts(self.path)
            self._begin()
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def write(self, shard: int, probabilities: np.ndarray[Any, Any], activations: Layers) -> None:
        """Write one shard whole.

        Parameters
        ----------
        shard
            Its number.
        probabilities : (n, classes)
            n = instances of the shard; a row of NaN has no prediction.
        activations : (n, units) each
            By layer and pooling; all of `record`, or those that the shard lacks.

        Raises
        ------
        ModelError
            If a shape does not fit, a layer is missing, or the probabilities differ from an earlier capture's.
        CaseError
            If the disk is full: the shard then counts as not written.
        """
        self._check(shard, probabilities, activations)
        plain = np.ascontiguousarray(probabilities, dtype="<f4").reshape(probabilities.shape)
        kept = self._kept_probabilities(shard, plain)
        if kept is not None:  # what a finished capture holds stays as it is
            activations = {pair: one for pair, one in activations.items() if self._lacks(pair, shard)}
        with disk_errors(self.path / f"shard {shard}"):
            files = self._write_layers(shard, activations)
            if kept is None:
                self._put_probabilities(shard, plain)
            line = ShardLine(shard, kept or hash_bytes(plain.reshape(-1).view(np.uint8).data), files)
            self._append(line.to_bytes())
        earlier = self._lines.get(shard)
        self._lines[shard] = line if earlier is None else earlier.with_files_of(line)
        self.done |= {shard}

    def finish(
        self, accuracy_captured: float | None, *, skipped: int = 0, predictions: np.ndarray[Any, Any] | None = None
    ) -> ModelFolder:
        """Flush everything to the disk, write predictions and the finished record.

        Parameters
        ----------
        accuracy_captured
            Share of labelled instances predicted right, 0…1; None if none is labelled.
        skipped
            How many instances have no prediction.
        predictions : (instances,) int32, optional
            Class that counts as predicted, -1 for none, where a threshold decides and not the highest probability.

        Raises
        ------
        CaseError
            If shards are missing, or the disk is full.
        """
        missing = sorted(set(range(self.shards)) - self.done)
        if missing:
            raise CaseError(
                f"{self.record.name!r} is not finished: {len(missing)} of {self.shards} shards are missing, "
                f"the first is {missing[0]}"
            )
        shape = (self.instances, len(self.record.classes))
        probabilities = npy.open_array(self.path / PROBABILITIES, dtype=np.float32, shape=shape)
        with disk_errors(self.path):
            with replacing(self.path / PREDICTIONS) as part:
                pq.write_table(predictions_table(probabilities, predictions), part, compression="zstd")
            self._sync()
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
                changed.append("number of instances")
            if changed:
                raise CaseError(
                    f"a capture named {self.record.name!r} is there already, with another {' and '.join(changed)}: "
                    "take another name, or remove that one first"
                )
            self._finished = before if before.record.done else None
            self.record = replace(self.record, **_union(before.record, self.record))
        self._lines = read_log(self.path)
        self._make_probabilities()
        self.done = frozenset(shard for shard in range(self.shards) if self._whole(shard))
        if self._finished is None:
            self._write_record()
            self._register(self.record.name)

    def _pairs(self) -> list[tuple[str, str]]:
        return [(layer.name, pooling) for layer in self.record.layers for pooling in self.record.pooling]

    def _lacks(self, pair: tuple[str, str], shard: int) -> bool:
        return shard_path(*pair, shard) not in self._files(shard)

    def _files(self, shard: int) -> Mapping[str, str]:
        line = self._lines.get(shard)
        return {} if line is None else line.files

    def _whole(self, shard: int) -> bool:
        """Whether a shard has all its files with the hashes of its line; files that do not are forgotten."""
        line = self._lines.get(shard)
        if line is None:
            return False
        if hash_bytes(self._stored_probabilities(shard)) != line.probabilities:
            del self._lines[shard]
            return False
        wanted = [shard_path(*pair, shard) for pair in self._pairs()]
        good = {name for name in wanted if (self.path / name).is_file() and hash_file(self.path / name) == line.files.get(name)}
        self._lines[shard] = replace(line, files={name: value for name, value in line.files.items() if name in good})
        return len(good) == len(wanted)

    def _stored_probabilities(self, shard: int) -> bytes:
        rows, width = self.rows(shard), 4 * len(self.record.classes)
        with (self.path / PROBABILITIES).open("rb") as file:
            file.seek(npy.OFFSET + rows.start * width)
            return file.read(len(rows) * width)

    def _kept_probabilities(self, shard: int, now: np.ndarray[Any, Any]) -> str | None:
        """The hash of the shard's probabilities if they are there from a finished capture and nearly the same."""
        line = self._lines.get(shard)
        if self._finished is None or line is None:
            return None
        before = np.frombuffer(self._stored_probabilities(shard), "<f4").reshape(now.shape)
        if not np.allclose(before, now, rtol=CLOSE, atol=CLOSE, equal_nan=True):
            raise ModelError(
                f"shard {shard} of {self.record.name!r} gives other probabilities than when it was first captured: "
                "the model or its preprocessing does not repeat itself; take another name"
            )
        return line.probabilities

    def _make_probabilities(self) -> None:
        path = self.path / PROBABILITIES
        shape = (self.instances, len(self.record.classes))
        size = npy.OFFSET + 4 * shape[0] * shape[1]
        if path.exists() and path.stat().st_size == size:
            return
        with disk_errors(path), path.open("wb") as file:
            file.write(npy.header(np.float32, shape))
            file.truncate(size)

    def _put_probabilities(self, shard: int, plain: np.ndarray[Any, Any]) -> None:
        with (self.path / PROBABILITIES).open("rb+", buffering=0) as file:
            offset = npy.OFFSET + self.rows(shard).start * plain.shape[1] * 4
            write_all(file.fileno(), plain.reshape(-1).view(np.uint8).data, offset)

    def _write_layers(self, shard: int, activations: Layers) -> dict[str, str]:
        """Write a shard's files, several at once: converting, hashing and writing all let go of the interpreter."""
        fast = "numba" in sys.modules or self.instances * sum(a.shape[1] for a in activations.values()) >= WORTH_COMPILING

        if fast:
            to_halves(np.zeros(1, np.float32), fast=True)  # compiled once, before the threads ask for it

        def write(pair: tuple[str, str], opening: ExitStack) -> tuple[str, str]:
            name = shard_path(*pair, shard)
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            pieces = npy.pieces(to_stored(activations[pair], self.record.precision, fast=fast))
            part = opening.enter_context(replacing(place, sync=False))
            write_pieces(part, *pieces)
            return name, hash_bytes(*pieces)

        with ExitStack() as opening, ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
            return dict(threads.map(lambda pair: write(pair, opening), activations))

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path / LOG, os.O_RDWR | os.O_CREAT | BINARY, 0o666)
        try:
            end = os.lseek(descriptor, 0, os.SEEK_END)
            if end:
                os.lseek(descriptor, end - 1, os.SEEK_SET)
                if os.read(descriptor, 1) != b"\n":
                    line = b"\n" + line  # the last line was cut short by a kill: it stays, and does not count
            try:
                write_all(descriptor, line, end)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)

    def _check(self, shard: int, probabilities: np.ndarray[Any, Any], activations: Layers) -> None:
        if not 0 <= shard < self.shards:
            raise ModelError(f"there is no shard {shard}: {self.record.name!r} has {self.shards}")
        n, classes = len(self.rows(shard)), len(self.record.classes)
        if probabilities.shape != (n, classes):
            raise ModelError(f"probabilities of shard {shard} are {probabilities.shape}, not ({n} instances, {classes} classes)")
        for layer, pooling in activations:
            if self.record.layer(layer) is None:
                raise LayerError(unknown("layer", layer, [one.name for one in self.record.layers]))
            if pooling not in self.record.pooling:
                raise LayerError(unknown("pooling", pooling, self.record.pooling))
        for layer, pooling in self._pairs():
            values, known = activations.get((layer, pooling)), self.record.layer(layer)
            if values is None and self._lacks((layer, pooling), shard):
                raise LayerError(f"shard {shard} lacks layer {layer!r} with pooling {pooling!r}")
            if values is not None and known is not None and values.shape != (n, known.units):
                raise LayerError(
                    f"layer {layer!r} gave {values.shape} in shard {shard}, not ({n} instances, {known.units} units)"
                )

    def _sync(self) -> None:
        """Flush all shards to the disk: many small files at once where the system waits for that, else one by one."""
        files = [self.path / name for shard in range(self.shards) for name in self._files(shard)]
        if len(files) > MANY_FILES and sys.platform == "linux":
            os.sync()
            return
        folders = {parent for file in files for parent in file.relative_to(self.path).parents}
        for path in (*files, self.path / PROBABILITIES, self.path / LOG, *(self.path / folder for folder in folders)):
            sync_file(path)

    def _write_record(self) -> None:
        log = self.path / LOG
        data = log.read_bytes() if log.exists() else b""
        names = (PREDICTIONS, PROBABILITIES) if self.record.done else ()
        files = {name: hash_file(self.path / name) for name in names}
        write_record(self.path, self.record, self.instances, files, (len(data), hash_bytes(data)))


def predictions_table(probabilities: np.ndarray[Any, Any], decided: np.ndarray[Any, Any] | None = None) -> pa.Table:
    """``row, prediction, confidence`` of probabilities ``(instances, classes)``; null where a row holds a NaN.

    `decided` ``(instances,)``, class or -1, takes the place of the highest probability; a class without one has no confidence.
    """
    none = np.isnan(probabilities).any(axis=1)
    filled = np.where(none[:, None], np.float32(0), probabilities)
    if decided is None:
        none |= filled.shape[1] == 0
        prediction = filled.argmax(axis=1).astype(np.int32) if filled.shape[1] else np.zeros(len(filled), np.int32)
        unsaid = none
    else:
        prediction, unsaid = np.maximum(decided, 0).astype(np.int32), none | (decided < 0)
        none = decided < 0
    confidence = filled[np.arange(len(filled)), prediction] if filled.shape[1] else np.zeros(len(filled), np.float32)
    return pa.table(
        {
            "row": pa.array(np.arange(len(filled), dtype=np.int32)),
            "prediction": pa.array(prediction, mask=none),
            "confidence": pa.array(confidence.astype(np.float32), mask=unsaid),
        }
    )


def _union(before: ModelRecord, now: ModelRecord) -> dict[str, Any]:
    """Layers and poolings of both captures, the layers in the order of the model."""
    layers: dict[str, LayerRecord] = {one.name: one for one in (*before.layers, *now.layers)}
    order = {one.name: i for i, one in enumerate(now.all_layers)}
    names = sorted(layers, key=lambda name: order.get(name, len(order)))
    pooling = tuple(dict.fromkeys((*before.pooling, *now.pooling)))
    return {"layers": tuple(layers[name] for name in names), "pooling": pooling}
