"""How fast are the strongest instances of all units, against numpy's argpartition?"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.side_by_side import alternate, row
from underglass.analyses.top_instances import TopInstances, top

K = 20


def run() -> list[dict[str, Any]]:
    activations = np.maximum(np.random.default_rng(0).standard_normal((100_000, 1280), dtype=np.float32), -1)

    def theirs() -> np.ndarray:
        return np.argpartition(activations, -K, axis=0)[-K:]

    def check(ours: TopInstances, rows: np.ndarray) -> None:
        values = np.sort(np.take_along_axis(activations, rows, axis=0), axis=0)[::-1].T
        assert (ours.values == values).all()

    seconds = alternate(lambda: top(activations, K), theirs, check=check)
    note = "same values; ours also orders them, keeps ties by row, and gives the 20 weakest"
    met = seconds[1] / seconds[0] >= 20
    name = "top-20 instances of all units, 100 k × 1,280"
    return [row(name, "numpy argpartition", seconds, bar="≥ 20 ×", met=met, note=note)]
