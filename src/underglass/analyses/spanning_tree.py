"""Which spanning tree of the mutual reachability graph do density clusters grow from?

Exact: every decision is taken on a distance summed in float64 (see ``distance_bounds``). Up to a gigabyte the products of all
pairs are kept and Prim's algorithm runs over them; beyond, ``spanning_blocks`` computes them in passes.

Several trees may be minimal, since every edge shorter than an instance's core distance weighs that core distance. ``ties="rows"``
grows the one that Prim's algorithm finds from row 0, taking the lowest row of equals, as the `hdbscan` package does;
``ties="distance"`` takes the shorter edge of equals, which is the same for any order of rows.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from underglass.analyses.distance_bounds import CHUNK, count_above, half_bounds, nearest_lists, squared_distance
from underglass.analyses.row_blocks import over_blocks

ROWS_AT_ONCE = 512
EDGES_AT_ONCE = 1024
KEPT_BYTES = 1 << 30
Array = np.ndarray[Any, Any]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class SpanningTree:
    """A minimum spanning tree of the mutual reachability graph.

    Attributes
    ----------
    ends : (instances − 1, 2) int64
    weight : (instances − 1,) float64
        Mutual reachability of the two ends: the largest of their distance and both core distances.
    distance : (instances − 1,) float64
        Their Euclidean distance.
    core : (instances,) float64
        Distance to the ``min_samples``-th nearest other instance.
    """

    ends: Array
    weight: Array
    distance: Array
    core: Array


def spanning_tree(
    points: Array, min_samples: int, *, ties: str = "rows", kept_bytes: int = KEPT_BYTES, progress: Progress | None = None
) -> SpanningTree:
    """Find the spanning tree of all instances.

    Parameters
    ----------
    points : (instances, units) float32
        Best centred: the nearer lengths are to distances, the fewer pairs are computed twice.
    min_samples : int
        How many other instances an instance's core distance reaches, below ``instances``.
    ties : "rows" or "distance"
        Which of edges that weigh the same belongs to the tree. Where products are not kept, "rows" may take edges whose equal
        weight is a distance, not a core distance, in another order.
    kept_bytes : int
        Products of all pairs are kept if they need no more than this.
    progress : callable, optional
        Told (instances done, of all, stage); may raise to cancel.
    """
    from underglass.analyses.spanning_blocks import tree_in_blocks

    n = len(points)
    tell = progress or (lambda done, total, stage: None)
    largest = max(float(np.abs(points).max()), float(np.finfo(np.float32).tiny))
    unit = 2.0 ** math.floor(math.log2(largest))
    points = np.ascontiguousarray(points / np.float32(unit))  # so that no square overflows or vanishes; exact
    find = _tree_of_kept if 4 * n * n <= kept_bytes else tree_in_blocks
    ends, squares, core = find(points, min_samples, ties, tell)
    tell(n, n, "spanning tree")
    lengths = unit * np.sqrt(squares)
    return SpanningTree(ends, lengths[:, 0], lengths[:, 1], unit * np.sqrt(core))


def _tree_of_kept(points: Array, min_samples: int, ties: str, tell: Progress) -> tuple[Array, Array, Array]:
    """Ends (n − 1, 2), squared weight and distance (n − 1, 2), squared core distance (n,)."""
    n = len(points)
    half = half_bounds(points)
    gram = np.empty((n, n), np.float32)
    near, squares = np.empty((n, min_samples), np.int64), np.empty((n, min_samples))

    def multiply(start: int) -> None:
        end = min(start + ROWS_AT_ONCE, n)
        np.matmul(points[start:end], points[start:].T, out=gram[start:end, start:])
        gram[end:, start:end] = gram[start:end, end:].T

    def look(start: int) -> None:
        nearest_lists(points, half, gram[start : start + ROWS_AT_ONCE], start, near, squares)

    tell(0, n, "distances")
    for stage, work in {"distances": multiply, "nearest instances": look}.items():
        deque(over_blocks(work, n, ROWS_AT_ONCE, stage=stage, progress=tell), maxlen=0)
    return (*grow_tree(points, half, gram, squares[:, -1].copy(), ties, tell), squares[:, -1])


def grow_tree(  # noqa: PLR0917
    points: Array, half: Array, gram: Array, core: Array, ties: str, tell: Progress
) -> tuple[Array, Array]:
    """Run Prim's algorithm over products of all pairs: ends (n − 1, 2), squared weight and distance (n − 1, 2)."""
    n = len(points)
    outside = np.full(n, -np.inf, np.float32), np.full(n, np.inf), np.full(n, np.inf), np.zeros(n, np.int64)
    ends, squares = np.empty((n - 1, 2), np.int64), np.empty((n - 1, 2))
    newest = np.zeros(1, np.int64)
    for start in range(0, n - 1, EDGES_AT_ONCE):
        tell(start, n, "spanning tree")
        last = min(start + EDGES_AT_ONCE, n - 1)
        grow(points, half, gram, core, newest, *outside, ends, squares, start, last, ties == "distance")
    return ends, squares


@numba.njit(cache=True, nogil=True)
def grow(  # type: ignore[no-untyped-def]  # noqa: PLR0917
    points, half, gram, core, state, bound, weight, distance, source, ends, edges, first, last, by_distance
):
    """Prim's algorithm from edge ``first`` to ``last``: join the instance nearest to the tree, by (weight, distance, row).

    ``weight, distance, source`` (instances,) say how each instance outside the tree would join it, inf inside;
    ``bound`` (instances,) is what the product with the newest instance must exceed for that to change, inf inside.
    Without ``by_distance`` all distances count as 0 while instances are chosen.
    """
    n = points.shape[0]
    newest = state[0]
    for edge in range(first, last):
        weight[newest] = np.inf
        bound[newest] = np.inf
        for start in range(0, n, CHUNK):
            end = min(start + CHUNK, n)
            if count_above(gram[newest, start:end], bound[start:end], half[newest]) == 0:
                continue
            for other in range(start, end):
                if gram[newest, other] - bound[other] > half[newest]:
                    reach = max(core[newest], core[other])
                    if reach > weight[other]:
                        continue
                    squared = squared_distance(points, newest, other)
                    reach = max(reach, squared)
                    if reach < weight[other] or (by_distance and reach == weight[other] and squared < distance[other]):
                        weight[other] = reach
                        distance[other] = squared if by_distance else 0.0
                        source[other] = newest
                        if reach > core[other]:
                            bound[other] = np.float32(half[other] - reach / 2)
                        else:
                            bound[other] = np.float32(half[other] - squared / 2) if by_distance else np.inf
        least = np.inf
        for other in range(n):
            least = min(least, weight[other])
        closest = np.inf
        for other in range(n):
            if weight[other] == least and distance[other] < closest:
                closest = distance[other]
                newest = other
        ends[edge, 0] = source[newest]
        ends[edge, 1] = newest
        edges[edge, 0] = least
        edges[edge, 1] = squared_distance(points, source[newest], newest)
    state[0] = newest
