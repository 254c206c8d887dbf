"""How fast are the parts of an attribution graph, against how they were published or would be written?"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import torch
from torch.nn import functional

from benchmarks.side_by_side import alternate, peak, reset_peak, row
from underglass.analyses.activation_counts import aggregate_activations
from underglass.analyses.pagerank import PageRank, pagerank
from underglass.analyses.subset_summary import SubsetSummary, summarize
from underglass.probes.channel_operations import Window
from underglass.probes.contributions import strongest
from underglass.probes.linear_paths import Term

MASS, TOP = 0.03, 5
IMAGENET, UNITS, CLASSES = 1_281_167, 832, 1000


def run() -> list[dict[str, Any]]:
    return [
        _counting(),
        _whole_imagenet(),
        *(_influence(taps) for taps in (1, 3)),
        *(_ranking(n) for n in (5_000, 21_000)),
        _means(),
    ]


def _counting(images: int = 20_000, units: int = 500) -> dict[str, Any]:
    random = np.random.default_rng(0)
    values = np.maximum(random.standard_normal((images, units)), 0).astype(np.float32)
    classes = random.integers(0, 100, images)

    def loop() -> np.ndarray:
        counts = np.zeros((100, units), int)
        for value, which in zip(values, classes, strict=True):
            order = np.argsort(-value, kind="stable")
            held = value[order].cumsum(dtype=np.float64)
            counts[which, order[: int(np.searchsorted(held, MASS * held[-1])) + 1]] += 1
        return counts

    def check(ours: np.ndarray, theirs: np.ndarray) -> None:
        assert (ours == theirs).all()

    seconds = alternate(lambda: aggregate_activations(values, classes, mass=MASS), loop, check=check)
    note = f"equal; {seconds[0] / images * 1e6:.1f} against {seconds[1] / images * 1e6:.1f} µs an image"
    met = seconds[1] / seconds[0] >= 2
    return row("activation aggregation, 500 units", "numpy loop", seconds, bar="≥ 2 ×", met=met, note=note)


def _whole_imagenet() -> dict[str, Any]:
    """As many instances as ImageNet has, written as float16 and read back in blocks."""
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mixed5a.npy"
        stored = np.lib.format.open_memmap(path, "w+", np.float16, (IMAGENET, UNITS))
        for start in range(0, IMAGENET, 20_000):
            stored[start : start + 20_000] = random.standard_exponential(
                (len(stored[start : start + 20_000]), UNITS), dtype=np.float32
            )
        stored.flush()
        del stored
        classes = random.integers(0, CLASSES, IMAGENET)
        aggregate_activations(np.ones((10, UNITS), np.float16), classes[:10])
        before = reset_peak()
        start_time = time.perf_counter()
        counts = aggregate_activations(_Streamed(path), classes, mass=MASS)
        seconds = time.perf_counter() - start_time
        added = (peak() - before) / 2**20
    held = counts.sum(1) / np.bincount(classes, minlength=CLASSES)
    assert (held <= np.ceil(MASS * UNITS)).all()
    return {
        "capability": f"activation aggregation, {IMAGENET:,} × {UNITS} into {CLASSES:,} classes, really run",
        "peer": "–",
        "ours": f"{seconds:.3g} s",
        "peer_seconds": None,
        "our_seconds": seconds,
        "ratio": None,
        "bar": "runs",
        "met": True,
        "note": f"from a float16 file of {IMAGENET * UNITS * 2 / 2**30:.1f} GiB; adds {added:.0f} MB at its peak",
    }


class _Streamed:
    """Rows read out of a file block by block, so that what is held is a block and not the file."""

    def __init__(self, path: Path) -> None:
        values = np.load(path, mmap_mode="r")
        self.path, self.shape, self.offset = path, values.shape, values.offset

    def blocks(self) -> Any:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            for start in range(0, self.shape[0], 4096):
                rows = slice(start, min(start + 4096, self.shape[0]))
                yield rows, np.fromfile(file, np.float16, (rows.stop - start) * self.shape[1]).reshape(-1, self.shape[1])


def _influence(taps: int, units: int = 500, size: int = 14, images: int = 4) -> dict[str, Any]:
    torch.manual_seed(0)
    value = torch.relu(torch.randn(images, units, size, size))
    weight = torch.randn(units, units, taps, taps) / (taps * units**0.5)
    side = taps // 2
    window = Window((1, 1), (1, 1), 1, (side,) * 4, "constant")
    everything = torch.arange(units)
    term = Term("convolution", None, 0, weight, torch.zeros(units), everything, window=window)  # type: ignore[arg-type]

    def materialised() -> tuple[np.ndarray, np.ndarray]:
        found = []
        for one in value:
            if taps == 1:
                peak_of = torch.cat([(part * one[None]).amax((2, 3)) for part in weight.split(50)])
            else:
                spread = weight.permute(1, 0, 2, 3).reshape(units * units, 1, taps, taps)
                peak_of = functional.conv2d(one[None], spread, padding=side, groups=units).amax((2, 3)).view(units, units).T
            found.append(torch.topk(peak_of, TOP, dim=1))
        return torch.stack([one.values for one in found]).numpy(), torch.stack([one.indices for one in found]).numpy()

    def check(ours: tuple[np.ndarray, np.ndarray], theirs: tuple[np.ndarray, np.ndarray]) -> None:
        assert np.allclose(ours[0], theirs[0], atol=1e-5)
        assert (ours[1] == theirs[1]).mean() > 0.999

    with torch.no_grad():
        seconds = alternate(lambda: strongest(term, value, TOP), materialised, check=check)
    bar = 10 if taps == 1 else 3
    note = (
        f"equal, with the top {TOP} of each; {seconds[0] / images * 1e3:.2f} against {seconds[1] / images * 1e3:.1f} ms an image"
    )
    met = seconds[1] / seconds[0] >= bar
    name = f"influence, {taps}×{taps}, {units} → {units} at {size}×{size}"
    return row(name, "every contribution's map", seconds, bar=f"≥ {bar} ×", met=met, note=note)


def _ranking(nodes: int) -> dict[str, Any]:
    random = np.random.default_rng(0)
    count = 5 * nodes
    source, target = random.integers(0, nodes, count), random.integers(0, nodes, count)
    weight, start = random.integers(1, 1000, count).astype(float), random.random(nodes)
    graph = networkx.Graph()
    graph.add_nodes_from(range(nodes))
    for a, b, w in zip(source.tolist(), target.tolist(), weight.tolist(), strict=True):
        graph.add_edge(a, b, weight=w + (graph[a][b]["weight"] if graph.has_edge(a, b) else 0))
    personal = dict(enumerate(start.tolist()))

    def theirs() -> dict[int, float]:
        rank: dict[int, float] = networkx.pagerank(graph, 0.85, personal, max_iter=1000, tol=1e-8 / nodes, weight="weight")
        return rank

    def check(ours: PageRank, rank: dict[int, float]) -> None:
        assert ours.residual < 1e-8
        assert np.abs(ours.rank - np.array([rank[node] for node in range(nodes)])).sum() < 1e-6

    seconds = alternate(lambda: pagerank(source, target, weight, start, tolerance=1e-8), theirs, check=check)
    note = f"residual below 1e-8 on both sides; 1,000 classes: {seconds[0] * 1000:.0f} s against {seconds[1] * 1000 / 60:.0f} min"
    name = f"personalised PageRank, {nodes:,} nodes"
    return row(name, "networkx", seconds, bar="≥ 20 ×", met=seconds[1] / seconds[0] >= 20, note=note)


def _means(instances: int = 100_000) -> dict[str, Any]:
    random = np.random.default_rng(0)
    values = np.maximum(random.standard_normal((instances, UNITS), dtype=np.float32), 0).astype(np.float16)
    inside = random.random(instances) < 0.2

    def theirs() -> tuple[np.ndarray, np.ndarray]:
        some = values[inside].astype(np.float32)
        return some.mean(0, dtype=np.float64), some.std(0, dtype=np.float64)

    def check(ours: SubsetSummary, both: tuple[np.ndarray, np.ndarray]) -> None:
        assert np.allclose(ours.mean[0], both[0], atol=1e-5)
        assert np.allclose(ours.deviation[0], both[1], atol=1e-4)

    call: Callable[[], SubsetSummary] = lambda: summarize(values, inside)  # noqa: E731
    seconds = alternate(call, theirs, check=check)
    note = "a subset of 20,000, mean and spread of every unit; float16, equal"
    met = seconds[0] <= seconds[1]
    return row("live subset's row, 100 k × 832", "numpy mean and std", seconds, bar="≥ 1 ×", met=met, note=note)
