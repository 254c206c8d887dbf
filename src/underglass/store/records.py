"""What does a case remember about a model that was captured? Plain values, no code, no weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Output = Literal["logits", "probabilities"]
Precision = Literal["float16", "float32"]


@dataclass(frozen=True)
class LayerRecord:
    """A layer as it was met: `shape` is one instance's output without the batch, `units` the length of its channel axis."""

    name: str
    type: str
    units: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ModelRecord:
    """One capture of one model over all instances.

    Parameters
    ----------
    layers, all_layers
        The captured layers, and every layer of the model.
    pooling
        How each captured layer was pooled, such as ``("max", "mean")``.
    accuracy_stated, accuracy_captured
        In 0…1; what the person says, and what was found here (None if unlabelled).
    fingerprint
        Of weights, preprocessed probe tensors and logits together; `weights_hash` of the weights alone.
    factory
        Import path of the function that makes the model, as text; opening a case never imports it.
    captured_at
        ISO time, UTC.
    batch_size, threads, shard_size
        What the numbers' last bits depend on; a resumed capture must repeat them.
    done, shards_done, shards, skipped
        How far the capture came, and how many instances it had to leave out.
    precision
        On the disk; ``"float16"`` still stores as float32 what does not fit it.
    """

    name: str
    output: Output
    classes: tuple[str, ...]
    layers: tuple[LayerRecord, ...]
    all_layers: tuple[LayerRecord, ...]
    pooling: tuple[str, ...]
    accuracy_stated: float | None
    accuracy_captured: float | None
    fingerprint: str
    weights_hash: str
    factory: str | None
    captured_at: str
    batch_size: int
    threads: int
    shard_size: int
    done: bool = False
    shards_done: int = 0
    shards: int = 0
    skipped: int = 0
    precision: Precision = "float16"

    def layer(self, name: str) -> LayerRecord | None:
        """The captured layer of that name, or None."""
        return next((layer for layer in self.layers if layer.name == name), None)


def to_json(record: ModelRecord) -> dict[str, Any]:
    """A record as plain JSON."""
    return asdict(record)


def from_json(fields: Mapping[str, Any]) -> ModelRecord:
    """A record from its JSON.

    Raises
    ------
    KeyError, TypeError, ValueError
        If fields are missing, unknown or of the wrong kind.
    """
    values = dict(fields)
    for name in ("layers", "all_layers"):
        values[name] = tuple(
            LayerRecord(d["name"], d["type"], int(d["units"]), tuple(int(n) for n in d["shape"])) for d in values[name]
        )
    values["classes"] = tuple(values["classes"])
    values["pooling"] = tuple(values["pooling"])
    return ModelRecord(**values)
