"""Which spanning tree of the mutual reachability graph do density clusters grow from?

Every decision is taken on a distance summed in float64. A float32 matrix product, thirty times faster, only rules pairs out:
with ``n`` the squared length of a row and ``g`` the product of two,

    |a − b|² = n_a + n_b − 2 g,        |g_float32 − g| ≤ γ (n_a + n_b) / 2,

so ``(1 − γ)(n_a + n_b) − 2 g_float32`` is never above the squared distance. Pairs whose bound is too large are never looked at;
the few others are computed anew. The tree is therefore the same for any BLAS and any number of threads, cancellation included.

Several trees may be minimal, since every edge shorter than an instance's core distance weighs that core distance. ``ties="rows"``
grows the one that Prim's algorithm finds from row 0, taking the lowest row of equals, as the `hdbscan` package does;
``ties="distance"`` takes the shorter edge of equals, which is the same for any order of rows.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

UNIT_ROUNDOFF = 2.0**-24
CHUNK = 128
BLOCK = 1024
Array = np.ndarray[Any, Any]


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
    points: Array, min_samples: int, *, ties: str = "rows", progress: Callable[[int, int, str], None] | None = None
) -> SpanningTree:
    """Find the spanning tree of all instances.

    Parameters
    ----------
    points : (instances, units) float32
        Best centred: the nearer lengths are to distances, the fewer pairs are computed twice.
    min_samples : int
        How many other instances an instance's core distance reaches, below ``instances``.
    ties : "rows" or "distance"
        Which of edges that weigh the same belongs to the tree.
    progress : callable, optional
        Told (instances done, of all, stage); may raise to cancel.
    """
    n = len(points)
    largest = max(float(np.abs(points).max()), float(np.finfo(np.float32).tiny))
    unit = 2.0 ** math.floor(math.log2(largest))
    points = np.ascontiguousarray(points / np.float32(unit))  # so that no square overflows or vanishes; exact
    tell = progress or (lambda done, total, stage: None)
    half = half_bounds(points)
    gram = np.empty((n, n), np.float32)
    for start in range(0, n, BLOCK):
        tell(start, n, "distances")
        np.matmul(points[start : start + BLOCK], points[start:].T, out=gram[start : start + BLOCK, start:])
    mirror(gram)
    core = np.empty(n)
    starts = range(0, n, BLOCK)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda s: kth_nearest(points, half, gram[s : s + BLOCK], s, min_samples, core), starts))
    outside = np.full(n, -np.inf, np.float32), np.full(n, np.inf), np.full(n, np.inf), np.zeros(n, np.int64)
    ends, edges = np.empty((n - 1, 2), np.int64), np.empty((n - 1, 2))
    newest = np.zeros(1, np.int64)
    for start in range(0, n - 1, BLOCK):
        tell(start, n, "spanning tree")
        grow(points, half, gram, core, newest, *outside, ends, edges, start, min(start + BLOCK, n - 1), ties == "distance")
    tell(n, n, "spanning tree")
    lengths = unit * np.sqrt(edges)
    return SpanningTree(ends, lengths[:, 0], lengths[:, 1], unit * np.sqrt(core))


def half_bounds(points: Array) -> Array:
    """Half of ``(1 − γ) n`` per row, (instances,) float32: a squared distance under r needs ``g > half_a + half_b − r/2``.

    γ is the classical bound ``units · u`` on the rounding of a dot product, or the probabilistic ``10 √units · u``
    (Higham and Mary 2019, which fails with probability below 1e-21 a product), plus eight roundings of our own.
    """
    units = points.shape[1]
    gamma = (min(units, 10 * units**0.5) + 8) * UNIT_ROUNDOFF
    squares = np.einsum("ij,ij->i", points, points, dtype=np.float64)
    half: Array = ((1 - gamma) / 2 * squares).astype(np.float32)
    return half


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def squared_distance(points, a, b):  # type: ignore[no-untyped-def]
    """Sum in float64 of the squared differences of two float32 rows."""
    total = 0.0
    for unit in range(points.shape[1]):
        difference = np.float64(points[a, unit]) - np.float64(points[b, unit])
        total += difference * difference
    return total


@numba.njit(cache=True, nogil=True)
def count_above(gram, half, bound):  # type: ignore[no-untyped-def]
    """How many pairs of one chunk may be nearer than the bound says."""
    hits = 0
    for other in range(gram.shape[0]):
        hits += gram[other] - half[other] > bound
    return hits


@numba.njit(cache=True, nogil=True)
def mirror(gram):  # type: ignore[no-untyped-def]
    """Copy the upper triangle of a square matrix into its lower one, in place."""
    n = gram.shape[0]
    tile = 64
    for top in range(0, n, tile):
        for left in range(0, top + 1, tile):
            for row in range(top, min(top + tile, n)):
                for column in range(left, min(left + tile, row)):
                    gram[row, column] = gram[column, row]


@numba.njit(cache=True, nogil=True)
def kth_nearest(points, half, gram, first, k, core):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Write into ``core`` the squared distance of rows ``first …`` (one per row of ``gram``) to their k-th nearest other row."""
    n = points.shape[0]
    nearest = np.empty(k)
    for local in range(gram.shape[0]):
        row = first + local
        nearest[:] = np.inf
        bound = np.float32(-np.inf)
        for start in range(0, n, CHUNK):
            end = min(start + CHUNK, n)
            if count_above(gram[local, start:end], half[start:end], bound) == 0:
                continue
            for other in range(start, end):
                if gram[local, other] - half[other] > bound and other != row:
                    squared = squared_distance(points, row, other)
                    if squared < nearest[k - 1]:
                        place = k - 1
                        while place > 0 and nearest[place - 1] > squared:
                            nearest[place] = nearest[place - 1]
                            place -= 1
                        nearest[place] = squared
                        bound = np.float32(half[row] - nearest[k - 1] / 2)
        core[row] = nearest[k - 1]


@numba.njit(cache=True, nogil=True)
def grow(  # type: ignore[no-untyped-def]  # noqa: PLR0917
    points, half, gram, core, state, bound, weight, distance, source, ends, edges, first, last, by_distance
):
    """Prim's algorithm from edge ``first`` to ``last``: join the instance nearest to the tree, by (weight, distance, row).

    Without ``by_distance`` all distances count as 0.

    ``weight, distance, source`` (instances,) say how each instance outside the tree would join it, inf inside;
    ``bound`` (instances,) is what the product with the newest instance must exceed for that to change, inf inside.
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
        edges[edge, 1] = closest
    state[0] = newest
