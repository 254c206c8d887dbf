"""How are small cases made for tests? Seeded, with values that an oracle can compute again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import settings

from underglass.store import CaseFolder, LayerRecord, ModelFolder, ModelRecord

STEADY = settings(deadline=None, derandomize=True, database=None, max_examples=50)
INSTANCES = 37
CLASSES = ("Shirt", "Coat", "Bag")
LAYERS = (LayerRecord("conv1", "Conv2d", 6, (6, 4, 4)), LayerRecord("block/fc", "Linear", 9, (9,)))
POOLING = ("max", "mean")
SHARD = 16


def table(n: int = INSTANCES) -> pa.Table:
    """Instances with labels, some unlabelled, and metadata with nulls."""
    return pa.table(
        {
            "id": [f"item-{i}" for i in range(n)],
            "label": pa.array([None if i % 10 == 9 else i % 3 for i in range(n)], pa.int32()),
            "split": ["train" if i % 4 else "test" for i in range(n)],
            "age": pa.array([None if i % 7 == 0 else float(i) for i in range(n)]),
        }
    )


def make_case(path: Path, n: int = INSTANCES, **more: Any) -> CaseFolder:
    """A case of `table`."""
    settings: dict[str, Any] = {"kind": "image", "classes": CLASSES, "source": {"reader": "arrays"}, "data_fingerprint": "data"}
    return CaseFolder.create(path, table(n), **(settings | more))


def record(**changed: Any) -> ModelRecord:
    """A record of a capture in shards of `SHARD`."""
    fields: dict[str, Any] = {
        "name": "cnn",
        "output": "logits",
        "classes": CLASSES,
        "layers": LAYERS,
        "all_layers": (*LAYERS, LayerRecord("softmax", "Softmax", 3, (3,))),
        "pooling": POOLING,
        "accuracy_stated": None,
        "accuracy_captured": None,
        "fingerprint": "fingerprint",
        "weights_hash": "weights",
        "factory": "package:make",
        "captured_at": "2026-01-01T00:00:00+00:00",
        "batch_size": 8,
        "threads": 1,
        "shard_size": SHARD,
    }
    return ModelRecord(**(fields | changed))


def values(of: ModelRecord, n: int = INSTANCES) -> tuple[np.ndarray, dict[tuple[str, str], np.ndarray]]:
    """Probabilities and activations of all instances, the same at every call."""
    probabilities = np.random.default_rng(1).dirichlet(np.ones(len(of.classes)), n).astype(np.float32)
    activations = {}
    for layer in of.layers:
        for pooling in of.pooling:
            seed = sum(map(ord, layer.name + pooling))
            activations[layer.name, pooling] = np.random.default_rng(seed).normal(size=(n, layer.units)).astype(np.float32)
    return probabilities, activations


def capture(case: CaseFolder, of: ModelRecord | None = None, *, upto: int | None = None) -> ModelFolder | None:
    """Capture `values`; with `upto` only so many shards, unfinished."""
    of = of or record()
    probabilities, activations = values(of, case.manifest.instances)
    with case.model_writer(of) as writer:
        for shard in range(writer.shards if upto is None else upto):
            if shard not in writer.done:
                rows = slice(writer.rows(shard).start, writer.rows(shard).stop)
                writer.write(shard, probabilities[rows], {pair: one[rows] for pair, one in activations.items()})
        return writer.finish(0.5) if upto is None else None


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but locks, by path."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def start(script: str, *arguments: Any) -> subprocess.Popen[str]:
    """Another Python process that runs a script; it can import what tests import."""
    here = Path(__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(here)!r})\n{script}", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(script: str, *arguments: Any) -> str:
    """What a script prints, once it has ended well."""
    process = start(script, *arguments)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    return out
