"""What was captured of one model? Its record, predictions, probabilities, and the activations of its layers.

::

    models/<model>/model.json             the record, and the hashes of what is below
    models/<model>/shards.jsonl           one line per shard that is whole: the hashes of its files
    models/<model>/predictions.parquet    row, prediction, confidence
    models/<model>/probabilities.npy      (instances, classes) float32
    models/<model>/layers/<layer>/<pooling>/shard-00000.npy
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from underglass.errors import CaseError, LayerError, ModelError, unknown
from underglass.store.activations import Activations
from underglass.store.fingerprints import hash_bytes
from underglass.store.names import to_folder
from underglass.store.npy import open_array
from underglass.store.records import ModelRecord, from_json, to_json
from underglass.store.sealed import open_sealed, read_sealed, sealed_line, write_sealed

RECORD = "model.json"
LOG = "shards.jsonl"
PREDICTIONS = "predictions.parquet"
PROBABILITIES = "probabilities.npy"


def shard_path(layer: str, pooling: str, shard: int) -> str:
    """Path of one shard of one layer, inside the model's folder."""
    return f"layers/{to_folder(layer)}/{to_folder(pooling)}/shard-{shard:05d}.npy"


@dataclass(frozen=True)
class ShardLine:
    """One line of the log: a shard that is whole, with the hash of its rows of probabilities and of each of its files."""

    shard: int
    probabilities: str
    files: Mapping[str, str]

    def with_files_of(self, later: ShardLine) -> ShardLine:
        """Both lines as one: a later capture of more layers adds files, a shard that was redone replaces them."""
        if later.probabilities != self.probabilities:
            return later
        return replace(later, files={**self.files, **later.files})

    def to_bytes(self) -> bytes:
        """The line of the log."""
        return sealed_line({"shard": self.shard, "probabilities": self.probabilities, "files": dict(self.files)})


def read_log(folder: Path) -> dict[int, ShardLine]:
    """The shards that are whole, each with the files of all its lines; a line cut short by a kill does not count."""
    try:
        data = (folder / LOG).read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CaseError(f"{folder / LOG} cannot be read: {error.strerror}") from error
    shards: dict[int, ShardLine] = {}
    for line in data.split(b"\n")[:-1]:
        try:
            fields, whole = open_sealed(line)
            one = ShardLine(int(fields["shard"]), str(fields["probabilities"]), dict(fields["files"]))
        except (ValueError, KeyError, TypeError):
            continue
        if whole:
            before = shards.get(one.shard)
            shards[one.shard] = one if before is None else before.with_files_of(one)
    return shards


def write_record(folder: Path, record: ModelRecord, instances: int, files: Mapping[str, str], log: tuple[int, str]) -> None:
    """Replace ``model.json``; `log` is the length and the hash of the part of the log that the record rests on."""
    log_fields = {"bytes": log[0], "hash": log[1]}
    fields = {"record": to_json(record), "instances": instances, "files": dict(files), "log": log_fields}
    write_sealed(folder / RECORD, fields)


class ModelFolder:
    """One captured model of a case.

    Raises
    ------
    CaseError
        If ``model.json`` is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            fields = read_sealed(path / RECORD)
            record = from_json(fields["record"])
            self.instances = int(fields["instances"])
            self.files: Mapping[str, str] = dict(fields["files"])
            self.log = (int(fields["log"]["bytes"]), str(fields["log"]["hash"]))
            if record.shard_size < 1 or record.shards != -(-self.instances // record.shard_size):
                raise ValueError(f"{record.shards} shards of {record.shard_size} do not hold {self.instances} instances")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CaseError(f"{path / RECORD} is damaged or missing ({error}): capture the model again") from error
        self._shards: dict[int, ShardLine] | None = None
        self.record: ModelRecord = record if record.done else replace(record, shards_done=len(read_log(path)))

    def __repr__(self) -> str:
        return (
            f"ModelFolder({self.record.name!r}, {len(self.record.layers)} layers, {'done' if self.record.done else 'not done'})"
        )

    @property
    def name(self) -> str:
        """The model's name in this case."""
        return self.record.name

    @property
    def predictions(self) -> pa.Table:
        """``row`` int32, ``prediction`` int32 (null where there is none), ``confidence`` float32 in 0…1."""
        self._done()
        path = self.path / PREDICTIONS
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise CaseError(f"{path} is damaged or missing: {error}") from error
        if table.num_rows != self.instances or table.column_names != ["row", "prediction", "confidence"]:
            raise CaseError(f"{path} is damaged: it does not hold {self.instances} predictions")
        return table

    @property
    def probabilities(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """``(instances, classes)`` float32, mapped read-only; a row of NaN has no prediction."""
        self._done()
        return open_array(self.path / PROBABILITIES, dtype=np.float32, shape=(self.instances, len(self.record.classes)))

    def activations(self, layer: str, pooling: str = "mean") -> Activations:
        """The activations of a captured layer.

        Raises
        ------
        LayerError
            If that layer or pooling was not captured; names the nearest and the known ones.
        """
        paths, content = self._layer(layer, pooling)
        found = self.record.layer(layer)
        assert found is not None
        return Activations(
            [self.path / path for path in paths],
            layer=layer,
            pooling=pooling,
            instances=self.instances,
            units=found.units,
            shard_size=self.record.shard_size,
            content=content,
        )

    def hash(self, layer: str, pooling: str = "mean") -> str:
        """The content of one layer's activations as a hash, from the hashes of its shards: what results are keyed by."""
        return self._layer(layer, pooling)[1]

    def check_layer(self, layer: str, pooling: str) -> None:
        """Refuse a layer or a pooling that was not captured, with a `LayerError` that says what was."""
        if self.record.layer(layer) is None:
            known = [one.name for one in self.record.layers]
            if any(one.name == layer for one in self.record.all_layers):
                raise LayerError(
                    f"layer {layer!r} of {self.name!r} was not captured; captured: {', '.join(known) or 'none'}. "
                    "Capture it to use it here."
                )
            raise LayerError(unknown("layer", layer, known))
        if pooling not in self.record.pooling:
            raise LayerError(
                f"layer {layer!r} was not captured with pooling {pooling!r}; captured: {', '.join(self.record.pooling)}."
            )

    def expected_files(self) -> Iterator[tuple[str, str]]:
        """Path in this folder and hash of every shard file that the record rests on."""
        for layer in self.record.layers:
            for pooling in self.record.pooling:
                for shard in range(self.record.shards):
                    path = shard_path(layer.name, pooling, shard)
                    yield path, self._lines()[shard].files[path]

    def _layer(self, layer: str, pooling: str) -> tuple[list[str], str]:
        self._done()
        self.check_layer(layer, pooling)
        paths = [shard_path(layer, pooling, shard) for shard in range(self.record.shards)]
        try:
            hashes = [self._lines()[shard].files[path] for shard, path in enumerate(paths)]
        except KeyError as error:
            raise CaseError(f"{self.path / LOG} is damaged: it does not name every shard of {layer!r}") from error
        return paths, hash_bytes("".join(hashes).encode())

    def _lines(self) -> dict[int, ShardLine]:
        if self._shards is None:
            self._shards = read_log(self.path)
        return self._shards

    def _done(self) -> None:
        if not self.record.done:
            raise ModelError(
                f"the capture of {self.name!r} is not finished ({self.record.shards_done} of {self.record.shards} shards): "
                "capture it again to go on"
            )
