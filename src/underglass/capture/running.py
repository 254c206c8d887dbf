"""How is a model run over all instances so that a stop costs at most one shard?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from underglass.capture.planning import Key, Precision, Wishes, halved, plan
from underglass.capture.progress import Progress, shown
from underglass.capture.verification import same_data
from underglass.datasets import Dataset
from underglass.errors import LayerError
from underglass.models import Forward, Model, OutOfMemory
from underglass.store import CaseFolder, ModelFolder, ShardWriter
from underglass.store.model_folder import PROBABILITIES

Array = np.ndarray[Any, Any]
PIECE = 4096


def run(
    folder: CaseFolder,
    dataset: Dataset,
    model: Model,
    *,
    layers: Sequence[str] | None = None,
    pooling: Sequence[str] = ("max", "mean"),
    batch_size: int | Literal["auto"] | None = "auto",
    precision: Precision = "float16",
    shard_size: int | None = None,
    factory: str | None = None,
    progress: Progress | None = None,
) -> ModelFolder:
    """Capture a model: predictions and pooled activations of every instance, in one pass.

    What is written is written shard by shard. A capture that was stopped, killed or ran out of memory goes on at the first
    shard that is missing, with the batch size and threads it began with, and ends with the same bytes. Layers or poolings
    can be added to a finished capture the same way.

    Parameters
    ----------
    folder : CaseFolder
        The case; its instances are the data set's.
    dataset : Dataset
        The instances.
    model : Model
        From `underglass.models`.
    layers : names, ``*`` allowed
        Those that the model suggests without.
    pooling : of ``max, mean, std, min``
        How a unit's map becomes one number.
    batch_size : count or "auto"
        "auto": as large as stays in caches and memory. Halved when memory runs out all the same.
    precision : "float16" or "float32"
        Of the stored activations; float16 holds three digits, and gives way by itself where values are too large for it.
    shard_size : count
        Instances that a stop can cost; chosen by how much each leaves, 64 to 8,192.
    factory : import path
        Of the function that makes the model, kept as text.
    progress : callable (done, total, stage)
        A bar in a terminal or notebook without.

    Returns
    -------
    The captured model, done.

    Raises
    ------
    DataError
        The data set is not the case's, or an instance can no longer be read.
    ModelError
        The model does not fit the data, does not repeat itself, gives what is not finite, or is another than the one that
        was captured under this name.
    LayerError
        An unknown layer or pooling.
    KeyboardInterrupt
        Ctrl-C; its message says what is kept.
    """
    same_data(folder, dataset)
    planned = plan(folder, dataset, model, Wishes(layers, pooling, batch_size, shard_size, precision))
    record = replace(planned.record, factory=factory or getattr(model, "factory", None) or planned.record.factory)
    stage, total = f"capturing {model.name}", len(dataset)
    kept: int | None = None
    try:
        with folder.model_writer(record) as writer, shown(progress) as report, model.on_threads(record.threads):
            work = _Work(dataset, model, writer, planned.wanted)
            kept = sum(len(writer.rows(shard)) for shard in writer.done)
            report(kept, total, stage)
            for shard in range(writer.shards):
                if shard not in writer.done:
                    rows, before = writer.rows(shard), kept
                    writer.write(shard, *work.shard(rows, lambda done: report(before + done, total, stage)))  # noqa: B023
                    kept += len(rows)
            return writer.finish(_accuracy(writer, folder))
    except KeyboardInterrupt:
        what = "what was kept before stays" if kept is None else f"{kept:,} of {total:,} instances are kept"
        raise KeyboardInterrupt(f"stopped. {what[:1].upper()}{what[1:]}; the same capture goes on from there.") from None


class _Work:
    """Runs the model over the rows of a shard, the next batch being prepared while this one is computed."""

    def __init__(self, dataset: Dataset, model: Model, writer: ShardWriter, wanted: frozenset[Key]) -> None:
        self.dataset, self.model = dataset, model
        self.ids = dataset.table.column("id")
        self.classes = len(writer.record.classes)
        self.units = {layer.name: layer.units for layer in writer.record.layers}
        self.wanted = wanted
        self.layers = [name for name in self.units if any(layer == name for layer, _ in wanted)]
        self.pooling = [one for one in writer.record.pooling if any(pooling == one for _, pooling in wanted)]
        self.batch_size = writer.record.batch_size

    def shard(self, rows: range, report: Any) -> tuple[Array, dict[Key, Array]]:
        """Probabilities and activations of a shard, computed whole at one batch size."""
        while True:
            try:
                return self._shard(rows, report)
            except OutOfMemory as error:
                self.batch_size = halved(self.batch_size, error)

    def _shard(self, rows: range, report: Any) -> tuple[Array, dict[Key, Array]]:
        probabilities = np.empty((len(rows), self.classes), np.float32)
        activations = {key: np.empty((len(rows), self.units[key[0]]), np.float32) for key in sorted(self.wanted)}
        for batch, prepared in self._prepared(rows):
            forward = self.model.forward(prepared, self.layers, self.pooling)
            self._check(forward, batch)
            here = slice(batch.start - rows.start, batch.stop - rows.start)
            probabilities[here] = forward.probabilities
            for key, values in activations.items():
                values[here] = forward.pooled[key]
            report(here.stop)
        return probabilities, activations

    def _prepared(self, rows: range) -> Iterator[tuple[range, Any]]:
        size = self.batch_size
        batches = [range(start, min(start + size, rows.stop)) for start in range(rows.start, rows.stop, size)]
        with ThreadPoolExecutor(1, "prepare") as pool:
            coming = pool.submit(self._prepare, batches[0])
            for batch, following in zip(batches, [*batches[1:], None], strict=True):
                prepared = coming.result()
                if following is not None:
                    coming = pool.submit(self._prepare, following)
                yield batch, prepared

    def _prepare(self, batch: range) -> Any:
        return self.model.prepare(self.dataset.load(batch))

    def _check(self, forward: Forward, batch: range) -> None:
        """Refuse what is not finite, with the instance and the layer it appears in first."""
        for layer in self.layers:
            for pooling in self.pooling:
                finite = np.isfinite(forward.pooled[layer, pooling]).all(1)
                if not finite.all():
                    row = batch[int(np.flatnonzero(~finite)[0])]
                    raise LayerError(
                        f"layer {layer!r} is not finite (NaN or infinite) for instance {self.ids[row].as_py()!r}, row {row}; "
                        "mend the model or the instance, or leave the layer out."
                    )


def _accuracy(writer: ShardWriter, folder: CaseFolder) -> float | None:
    """Share of the labelled instances that are predicted right."""
    labels = folder.source_labels
    labelled = np.flatnonzero(labels >= 0)
    if not len(labelled):
        return None
    probabilities = np.load(writer.path / PROBABILITIES, mmap_mode="r", allow_pickle=False)
    right = 0
    for start in range(0, len(labelled), PIECE):
        rows = labelled[start : start + PIECE]
        right += int((probabilities[rows].argmax(1) == labels[rows]).sum())
    return right / len(labelled)
