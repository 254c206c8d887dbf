"""What does a capture set out to do, and with what it must agree if it was begun before?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from underglass.capture.batches import available_memory, choose_batch_size, choose_shard_size
from underglass.capture.choice import choose_classes, choose_layers, choose_pooling
from underglass.capture.verification import probe_rows
from underglass.datasets import Dataset
from underglass.errors import ModelError
from underglass.models import Fingerprint, Forward, Layer, Model, OutOfMemory
from underglass.store import CaseFolder, LayerRecord, ModelRecord

Key = tuple[str, str]
Precision = Literal["float16", "float32"]


@dataclass(frozen=True)
class Wishes:
    """What a person asked for; None where it is left to the capture. See `underglass.capture.run`."""

    layers: Sequence[str] | None
    pooling: Sequence[str]
    batch_size: int | str | None
    shard_size: int | None
    precision: Precision


@dataclass(frozen=True)
class Plan:
    """What a capture sets out to do: the record it will leave, and the layers and poolings still to compute."""

    record: ModelRecord
    wanted: frozenset[Key]


def plan(folder: CaseFolder, dataset: Dataset, model: Model, wishes: Wishes) -> Plan:
    """Look at the model, choose what was left open, and try one batch; nothing is written yet.

    Raises
    ------
    ModelError
        See `underglass.capture.run`.
    """
    pooling = choose_pooling(wishes.pooling)
    probes = dataset.load(probe_rows(len(dataset)))
    known = model.layers(probes[:1])
    chosen = choose_layers(known, wishes.layers)
    outputs = model.forward(probes[:1]).probabilities.shape[1]
    classes = choose_classes(model, folder.manifest.classes, outputs)
    before = folder.model(model.name).record if model.name in folder.models else None
    found = model.fingerprint(probes)
    if before is not None:
        _same_model(before, found)
    captured, poolings = _with_earlier(before, known, chosen, pooling)
    units = sum(layer.units for layer in captured)

    def automatic() -> int:
        return choose_batch_size(known, device=model.device, available=available_memory())

    def attempt(size: int) -> Forward:
        return model.forward(dataset.load(range(min(size, len(dataset)))), [layer.name for layer in captured], poolings)

    record = ModelRecord(
        name=model.name,
        output=model.output,
        classes=before.classes if before else classes,
        layers=tuple(_record(layer) for layer in captured),
        all_layers=tuple(_record(layer) for layer in known),
        pooling=poolings,
        accuracy_stated=model.accuracy,
        accuracy_captured=None,
        fingerprint=before.fingerprint if before else found.text(),
        weights_hash=found.weights,
        factory=before.factory if before else None,
        captured_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        batch_size=before.batch_size if before else _batch_size(wishes.batch_size, automatic, attempt),
        threads=before.threads if before else model.threads,
        shard_size=before.shard_size if before else wishes.shard_size or choose_shard_size(len(dataset), units * len(poolings)),
        precision=before.precision if before else wishes.precision,
    )
    there = {(layer.name, one) for layer in before.layers for one in before.pooling} if before and before.done else set()
    return Plan(record, frozenset({(layer.name, one) for layer in captured for one in poolings} - there))


def _same_model(before: ModelRecord, found: Fingerprint) -> None:
    differences = Fingerprint.read(before.fingerprint).differences(found)
    if differences:
        raise ModelError(
            f"{before.name!r} was captured here before, and now {' and '.join(differences)}. Give this model a name of its own: "
            f"underglass.models.torch(…, name={before.name + '-2'!r})."
        )


def _with_earlier(
    before: ModelRecord | None, known: Sequence[Layer], chosen: Sequence[Layer], pooling: tuple[str, ...]
) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
    """Layers and poolings asked for together with those an earlier capture began or finished."""
    if before is None:
        return tuple(chosen), pooling
    names = {layer.name for layer in chosen} | {layer.name for layer in before.layers}
    return tuple(layer for layer in known if layer.name in names), tuple(dict.fromkeys((*before.pooling, *pooling)))


def _record(layer: Layer) -> LayerRecord:
    return LayerRecord(layer.name, layer.type, layer.units, layer.shape)


def _batch_size(wanted: int | str | None, automatic: Callable[[], int], attempt: Callable[[int], Any]) -> int:
    """The batch size asked for or chosen, tried once, and halved until it fits: before anything is written."""
    if isinstance(wanted, int):
        if wanted < 1:
            raise ModelError(f"batch_size is {wanted}; it is at least 1, or 'auto'.")
        size = wanted
    elif wanted in ("auto", None):
        size = automatic()
    else:
        raise ModelError(f"batch_size is {wanted!r}; it is a count or 'auto'.")
    while True:
        try:
            attempt(size)
        except OutOfMemory as error:
            size = halved(size, error)
        else:
            return size


def halved(size: int, error: OutOfMemory) -> int:
    """Half a batch size that did not fit; 1 has no half, and that is said."""
    if size == 1:
        raise ModelError(
            "there is not enough memory for even one instance at a time; fewer layers or smaller inputs may fit."
        ) from error
    return size // 2
