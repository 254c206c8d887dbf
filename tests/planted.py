"""Cases with known contents for tests and benchmarks: made fast, at any size, without a framework."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from underglass.store import CaseFolder, LayerRecord, ModelRecord, hash_array

CLASSES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat")


def planted_case(
    path: Path,
    n: int,
    *,
    seed: int = 0,
    classes: Sequence[str] = CLASSES,
    units: int = 12,
    images: bool = True,
    nulls: bool = True,
    ids: Sequence[str] | None = None,
) -> CaseFolder:
    """A finished case of `n` instances with a model's predictions and one captured layer, ``fc``.

    Labels are balanced and random; the model is right on about 85 %, unsure on the rest; ``fc`` has one dense group per class
    around which half of the instances lie. Columns: ``age`` (integer), ``score`` (number, with nulls), ``site`` (category, with
    nulls), ``day`` (time), ``checked`` (truth).
    """
    random = np.random.default_rng(seed)
    k = len(classes)
    labels = random.integers(0, k, n)
    logits = random.normal(0, 1, (n, k))
    logits[np.arange(n), labels] += 2.5
    probabilities = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    score = random.normal(50, 12, n)
    table = pa.table(
        {
            "id": pa.array(ids if ids is not None else [f"i{row:07d}" for row in range(n)]),
            "label": pa.array(labels, pa.int32(), mask=(random.random(n) < 0.02) if nulls else None),
            "split": pa.array(np.where(random.random(n) < 0.8, "train", "test")),
            "age": pa.array(random.integers(18, 90, n), pa.int64()),
            "score": pa.array(score, pa.float64(), mask=(random.random(n) < 0.05) if nulls else None),
            "site": pa.array(
                np.array(["north", "south", "east"])[random.integers(0, 3, n)], mask=(random.random(n) < 0.03) if nulls else None
            ),
            "day": pa.array(np.datetime64("2025-01-01", "us") + random.integers(0, 365, n).astype("timedelta64[D]")),
            "checked": pa.array(random.random(n) < 0.5),
        }
    )

    def fill(writer: object) -> None:
        if images:
            for start in range(0, n, 50_000):
                rows = np.arange(start, min(start + 50_000, n))
                pixels = np.zeros((len(rows), 12, 12), np.uint8)
                pixels += (40 + 40 * labels[rows]).astype(np.uint8)[:, None, None]
                pixels[:, 3:9, 3:9] = random.integers(0, 255, (len(rows), 1, 1))
                writer.put_array(pixels, rows)  # type: ignore[attr-defined]

    folder = CaseFolder.create(
        path,
        table,
        kind="image" if images else "row",
        classes=classes,
        source={"reader": "arrays", "title": f"planted, {n:,} instances"},
        data_fingerprint=hash_array(labels),
        fill=fill,
    )
    layer = LayerRecord("fc", "Linear", units, (units,))
    record = ModelRecord(
        name="planted",
        output="probabilities",
        classes=tuple(classes),
        layers=(layer,),
        all_layers=(layer,),
        pooling=("mean",),
        accuracy_stated=0.85,
        accuracy_captured=None,
        fingerprint="planted",
        weights_hash="0" * 32,
        factory=None,
        captured_at="2026-01-01T00:00:00+00:00",
        batch_size=256,
        threads=1,
        shard_size=8192,
    )
    centres = random.normal(0, 4, (k, units))
    values = np.where(
        random.random((n, 1)) < 0.5, centres[labels] + random.normal(0, 0.05, (n, units)), random.normal(0, 4, (n, units))
    )
    values = np.maximum(values, 0).astype(np.float32)
    with folder.model_writer(record) as writer:
        for shard in range(writer.shards):
            rows = writer.rows(shard)
            part = slice(rows.start, rows.stop)
            writer.write(shard, probabilities[part], {("fc", "mean"): values[part]})
        writer.finish(float((probabilities.argmax(1) == labels).mean()))
    return folder
