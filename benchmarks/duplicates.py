"""How fast are near copies found, against scikit-learn's neighbours?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from benchmarks.side_by_side import alternate, peak_megabytes, row
from underglass.analyses.duplicates import Duplicates, find_duplicates

RADIUS = 0.25


def near_duplicates(n: int = 50_000, d: int = 64, pairs: int = 250, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (n, d) float32 with planted near copies, and the rows of those, (2 · pairs,)."""
    random = np.random.default_rng(seed)
    points = random.standard_normal((n, d)).astype(np.float32)
    rows = random.choice(n, 2 * pairs, replace=False)
    points[rows[:pairs]] = points[rows[pairs:]] + 0.02 * random.standard_normal((pairs, d)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True), rows


def run() -> list[dict[str, Any]]:
    points, rows = near_duplicates()

    def theirs() -> list[np.ndarray]:
        search = NearestNeighbors(radius=RADIUS, algorithm="brute").fit(points)
        found: list[np.ndarray] = list(search.radius_neighbors(return_distance=False))
        return found

    def check(ours: Duplicates, lists: list[np.ndarray]) -> None:
        pairs = {(i, int(j)) for i, near in enumerate(lists) for j in near if i < j}
        assert {tuple(pair) for pair in ours.pairs.tolist()} == pairs
        by_default = {tuple(pair) for pair in find_duplicates(points).pairs.tolist()}
        planted = np.sort(rows.reshape(2, -1).T, axis=1)
        assert by_default == {tuple(pair) for pair in planted.tolist()}

    seconds = alternate(lambda: find_duplicates(points, threshold=RADIUS), theirs, check=check)
    ours_mb, theirs_mb = peak_megabytes("duplicates", "our"), peak_megabytes("duplicates", "their")
    note = f"the same pairs; memory {ours_mb:.0f} MB against {theirs_mb:,.0f} MB; by default exactly the 250 planted are found"
    met = seconds[1] / seconds[0] >= 3 and ours_mb <= 200
    return [row("near duplicates, 50 k × 64", "scikit-learn brute force", seconds, bar="≥ 3 ×, ≤ 200 MB", met=met, note=note)]


def our_memory() -> tuple[Callable[[], Any], Callable[[], Any]]:
    points, _ = near_duplicates()
    return lambda: find_duplicates(points, threshold=RADIUS), lambda: find_duplicates(points[:3000], threshold=RADIUS)


def their_memory() -> tuple[Callable[[], Any], Callable[[], Any]]:
    points, _ = near_duplicates()

    def search(some: np.ndarray) -> Any:
        return NearestNeighbors(radius=RADIUS, algorithm="brute").fit(some).radius_neighbors(return_distance=False)

    return lambda: search(points), lambda: search(points[:3000])
