"""Which instances lie nearest to each instance?

All pairs in blocks of a float32 matrix product; only the few nearest of each row are kept, and their distances are computed
again exactly. Memory is that of a block, not of all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from underglass.analyses.principal_components import principal_components
from underglass.analyses.row_blocks import Progress, over_blocks, products

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

ROWS, COLUMNS, STRETCH = 512, 2048, 256
MOST_COMPARED = 50_000
MOST_UNITS = 64
SMALL = 20_000
UNEVEN = 10.0


@dataclass(frozen=True)
class NeighbourGraph:
    """The nearest instances of every instance, itself left out.

    Attributes
    ----------
    index : (instances, k) int32
        Nearest first.
    distance : (instances, k) float32
        Euclidean, in the space described by `space`.
    space : str
        What was compared, in words: which features, how scaled, among how many.
    """

    index: Ints
    distance: Floats
    space: str


def nearest(points: Floats, k: int, *, seed: int = 0, progress: Progress | None = None) -> NeighbourGraph:
    """Find the ``k`` nearest others of every instance.

    Parameters
    ----------
    points : (instances, units)
        Features: captured activations, pixels, columns of a table. Units whose spread is more than ten times the usual are
        brought to the same spread as all others first. Above 20,000 instances the 64 leading principal components stand for
        more units than that.
    k : int
        At most instances − 1; fewer come back where there are fewer.
    seed : int
        Of the sample of 50,000 among which neighbours are sought when there are more instances than that.
    progress : callable, optional
        Called with work done, work in all, and the stage; may raise to cancel.
    """
    n = len(points)
    k = max(0, min(k, n - 1))
    space, words = comparable(points)
    among = np.arange(n, dtype=np.int32)
    if n > MOST_COMPARED:
        among = np.sort(np.random.default_rng(seed).choice(n, MOST_COMPARED, replace=False)).astype(np.int32)
        words += f", neighbours sought among {MOST_COMPARED:,} of {n:,} instances"
    others = space if len(among) == n else space[among]
    half = (np.einsum("ij,ij->i", others, others) / 2).astype(np.float32)

    def block(start: int) -> tuple[Ints, Floats]:
        rows = space[start : start + ROWS]
        nearness = np.full((len(rows), k), -np.inf, np.float32)
        found = np.full((len(rows), k), -1, np.int32)
        own = np.arange(start, start + len(rows), dtype=np.int32)
        for j in range(0, len(others), COLUMNS):
            _keep_nearest(
                products(rows, others[j : j + COLUMNS]), half[j : j + COLUMNS], among[j : j + COLUMNS], own, nearness, found
            )
        apart = np.sqrt(((space[found] - rows[:, None]).astype(np.float64) ** 2).sum(2))
        order = np.argsort(apart, axis=1, kind="stable")
        return np.take_along_axis(found, order, 1), np.take_along_axis(apart, order, 1).astype(np.float32)

    blocks = list(over_blocks(block, n, ROWS, stage="neighbours", progress=progress))
    index = np.concatenate([np.zeros((0, k), np.int32), *(found for found, _ in blocks)])
    distance = np.concatenate([np.zeros((0, k), np.float32), *(apart for _, apart in blocks)])
    return NeighbourGraph(index, distance, words)


def comparable(points: Floats) -> tuple[Floats, str]:
    """Features as they are compared, (instances, units) float32, centred, and the words that say how they were prepared."""
    n, units = points.shape
    spread = np.std(points, axis=0, dtype=np.float64)
    usual = float(np.median(spread[spread > 0])) if (spread > 0).any() else 0.0
    scaled = usual > 0 and spread.max() > UNEVEN * usual
    space = np.asarray(points, np.float32) - np.asarray(points, np.float64).mean(0).astype(np.float32)
    if scaled:
        space = space / np.where(spread > 0, spread, 1).astype(np.float32)
    words = f"{units} features" + (", each scaled to the same spread" if scaled else "")
    if n > SMALL and units > MOST_UNITS:
        space = principal_components(space, MOST_UNITS).coordinates
        words += f", their {MOST_UNITS} leading principal components"
    return np.ascontiguousarray(space), words


@numba.njit(cache=True, nogil=True)
def _keep_nearest(dot, half, columns, own, nearness, found):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Insert each column that is nearer than the farthest kept; ``x·y − |y|²/2`` grows as the distance falls."""
    k = nearness.shape[1]
    if k == 0:
        return
    for i in range(dot.shape[0]):
        last = nearness[i, k - 1]
        for begin in range(0, dot.shape[1], STRETCH):
            row, lengths = dot[i, begin : begin + STRETCH], half[begin : begin + STRETCH]
            nearer = np.int32(0)
            for j in range(len(row)):  # without a branch and in 32 bits, so that sixteen are counted at once
                nearer = np.int32(nearer + np.int32(1 if row[j] - lengths[j] > last else 0))
            if nearer == 0:
                continue
            for j in range(len(row)):
                near = row[j] - lengths[j]
                if near > last and columns[begin + j] != own[i]:
                    at = k - 1
                    while at > 0 and nearness[i, at - 1] < near:
                        nearness[i, at] = nearness[i, at - 1]
                        found[i, at] = found[i, at - 1]
                        at -= 1
                    nearness[i, at] = near
                    found[i, at] = columns[begin + j]
                    last = nearness[i, k - 1]
