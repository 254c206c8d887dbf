"""What do the tests of serving start from? Instances with every kind of column, two models, and a journal of edits."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from underglass.serving import ModelColumns, Serving
from underglass.store import Journal

N = 240
CLASSES = ("Shirt", "T-shirt", "Coat", "it's")
HOSTILE = ("'; DROP TABLE instances; --", '"; --', "</script><img onerror=alert(1)>", "Ünï 😀", "", "a\\'b", None, "%s {0}")


def instances(n: int = N, seed: int = 0) -> pa.Table:
    """A table as the store keeps it: labels with gaps, and metadata of every type."""
    rng = np.random.default_rng(seed)
    labels = [None if i % 11 == 3 else int(code) for i, code in enumerate(rng.integers(0, len(CLASSES), n))]
    begin = datetime(2025, 1, 31, 12)
    return pa.table(
        {
            "row": pa.array(np.arange(n, dtype=np.int32)),
            "id": pa.array([f"i{i}" for i in range(n)]),
            "label": pa.array(labels, pa.int32()),
            "split": pa.array([("train", "test", None)[i % 3] for i in range(n)]),
            "age": pa.array([None if i % 7 == 0 else float(v) for i, v in enumerate(rng.normal(40, 12, n))], pa.float64()),
            "visits": pa.array(rng.integers(0, 9, n), pa.int64()),
            "taken": pa.array([begin + timedelta(hours=7 * i) for i in range(n)], pa.timestamp("us")),
            "who": pa.array([HOSTILE[i % len(HOSTILE)] for i in range(n)]),
            "free": pa.array([f"text {i}" for i in range(n)]),
            "glasses": pa.array([None if i % 5 == 0 else bool(i % 2) for i in range(n)]),
        }
    )


def model(name: str, n: int = N, seed: int = 1) -> ModelColumns:
    """What a model says; every thirteenth instance it says nothing of."""
    rng = np.random.default_rng(seed)
    prediction = rng.integers(0, len(CLASSES), n).astype(np.int32)
    confidence = rng.uniform(0.25, 1, n).astype(np.float32)
    prediction[::13], confidence[::13] = -1, np.nan
    return ModelColumns(name, CLASSES, prediction, confidence)


def journal(folder: Path, n: int = N) -> Journal:
    """An empty journal of these instances."""
    source = instances(n)["label"].fill_null(-1).to_numpy().astype(np.int32)
    return Journal(
        folder / "edits.sqlite",
        instances=n,
        data_fingerprint="data",
        classes=CLASSES,
        source_labels=lambda: source,
        author="ann",
    )


def serve(edits: Journal | None = None, *, models: Sequence[str] = ("cnn", "mlp"), n: int = N, **settings: Any) -> Serving:
    """Serve them."""
    return Serving(
        instances(n),
        CLASSES,
        models=[model(name, n, seed) for seed, name in enumerate(models, 1)],
        state=None if edits is None else edits.state,
        **settings,
    )


def read(data: bytes) -> pa.Table:
    """An answer as a table."""
    return pa.ipc.open_stream(io.BytesIO(data)).read_all()
