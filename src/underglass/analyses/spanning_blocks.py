"""Which spanning tree, when the products of all pairs do not fit in memory?

1. One pass lists the nearest others of every instance.
2. Borůvka's algorithm joins components along listed edges. The lightest one that leaves a component is certain if no member could
   have a lighter one that is not listed: such an edge is at least as long as the last of the member's list.
3. Where lists say no more (well separated groups, each larger than a list), a tree over the components, from one representative
   of each and all listed edges, bounds from above what is still worth knowing: an edge is of use only if it is lighter than the
   heaviest on the path between its ends. A second pass, over half of all pairs, looks for them; the tree improves as it goes.
4. The minimal edges found and all that tie with them are then taken in the order asked for.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numba
import numpy as np

from underglass.analyses.distance_bounds import CHUNK, count_above, half_bounds, nearest_lists, squared_distance
from underglass.analyses.row_blocks import over_blocks, products

Array = np.ndarray[Any, Any]
Progress = Callable[[int, int, str], None]
LISTED = 16
ROWS_AT_ONCE = 256
BLOCKS_A_TREE = 8


def tree_in_blocks(points: Array, min_samples: int, ties: str, tell: Progress) -> tuple[Array, Array, Array]:
    """Ends (n − 1, 2), squared weight and distance (n − 1, 2), squared core distance (n,).

    Parameters
    ----------
    points : (instances, units) float32
        Centred; squares must neither overflow nor vanish.
    min_samples : int
        How many other instances an instance's core distance reaches, below ``instances``.
    ties : "rows" or "distance"
        See ``spanning_tree``.
    tell : callable
        Told (instances done, of all, stage); may raise to cancel.
    """
    n = len(points)
    half = half_bounds(points)
    near, squares = _lists(points, half, min(max(min_samples, LISTED), n - 1), tell)
    core = squares[:, min_samples - 1].copy()
    ends, edges = np.empty((n - 1, 2), np.int64), np.empty((n - 1, 2))
    made, component = join_along_lists(near, squares, core, ends, edges)
    if made < n - 1:
        ends[made:], edges[made:] = _bridges(points, half, core, component, near, squares, tell)
    tied = near[:, :min_samples]
    a = np.concatenate([ends[:, 0], np.repeat(np.arange(n), min_samples)])
    b = np.concatenate([ends[:, 1], tied.ravel()])
    distance = np.concatenate([edges[:, 1], squares[:, :min_samples].ravel()])
    weight = np.maximum(distance, np.maximum(core[a], core[b]))
    if ties == "distance":
        order = np.lexsort((distance, weight))
        chosen = order[kruskal(a[order], b[order], n)]
        return np.stack([a[chosen], b[chosen]], axis=1), np.stack([weight[chosen], distance[chosen]], axis=1), core
    ends, chosen = prim(a, b, weight, *_incidence(a, b, n))
    return ends, np.stack([weight[chosen], distance[chosen]], axis=1), core


def _lists(points: Array, half: Array, k: int, tell: Progress) -> tuple[Array, Array]:
    """The k nearest others of every instance, (n, k), and their squared distances."""
    n = len(points)
    near, squares = np.empty((n, k), np.int64), np.empty((n, k))

    def look(start: int) -> None:
        gram = products(points[start : start + ROWS_AT_ONCE], points)
        nearest_lists(points, half, gram, start, near, squares)

    tell(0, n, "nearest instances")
    deque(over_blocks(look, n, ROWS_AT_ONCE, stage="nearest instances", progress=tell), maxlen=0)
    return near, squares


def _bridges(  # noqa: PLR0917
    points: Array, half: Array, core: Array, component: Array, near: Array, squares: Array, tell: Progress
) -> tuple[Array, Array]:
    """The lightest edges that join all components: ends and squared (weight, distance), one fewer than components."""
    from underglass.analyses.spanning_tree import grow_tree

    number = np.unique(component, return_inverse=True)[1].ravel()
    m, n = int(number.max()) + 1, len(points)
    order = np.lexsort((core, number))
    centre = order[np.searchsorted(number[order], np.arange(m))]
    centres = np.ascontiguousarray(points[centre])
    ends, edges = grow_tree(centres, half[centre], centres @ centres.T, core[centre], "rows", lambda *_: None)
    row, place = np.nonzero(number[near] != number[:, None])
    other, squared = near[row, place], squares[row, place]
    weight = np.maximum(squared, np.maximum(core[row], core[other]))
    ends = np.concatenate([centre[ends], np.stack([row, other], axis=1)])
    edges = np.concatenate([edges, np.stack([weight, squared], axis=1)])

    ends, edges = _lightest(ends, edges, number)
    # from here on, instances stand in the order of their components
    points, half, core, number_there = np.ascontiguousarray(points[order]), half[order], core[order], number[order]
    cuts = np.searchsorted(number_there, np.arange(m))
    for first in range(0, n, ROWS_AT_ONCE * BLOCKS_A_TREE):
        rows = min(n - first, ROWS_AT_ONCE * BLOCKS_A_TREE)
        tree = edges[:, 0].copy(), *_incidence(number[ends[:, 0]], number[ends[:, 1]], m)

        def look(at: int) -> list[tuple[Array, Array]]:
            begin = first + at  # noqa: B023
            end = min(begin + ROWS_AT_ONCE, n)
            gram = products(points[begin:end], points[begin:])
            parts = np.union1d(cuts[(cuts > begin) & (cuts < end)], [begin, end]).tolist()
            return [
                crossing(points, half, core, number_there, gram, begin, *part, *tree)  # noqa: B023
                for part in pairwise(parts)
            ]

        for found in over_blocks(look, rows, ROWS_AT_ONCE):
            for found_ends, found_edges in found:
                ends = np.concatenate([ends, order[found_ends]])
                edges = np.concatenate([edges, found_edges])
        ends, edges = _lightest(ends, edges, number)
        tell(first + rows, n, "spanning tree")
    return ends, edges


def _lightest(ends: Array, edges: Array, number: Array) -> tuple[Array, Array]:
    """Of edges between components, those of their minimum spanning tree."""
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    kept = order[kruskal(number[ends[order, 0]], number[ends[order, 1]], int(number.max()) + 1)]
    return ends[kept], edges[kept]


def _incidence(a: Array, b: Array, n: int) -> tuple[Array, Array, Array]:
    """Which edges meet at each of n nodes: where a node's share starts (n + 1,), the edges, and their other ends."""
    node = np.concatenate([a, b])
    order = np.argsort(node, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(node, minlength=n))])
    return start, order % len(a), np.concatenate([b, a])[order]


@numba.njit(cache=True, nogil=True)
def root_of(parent, node):  # type: ignore[no-untyped-def]
    """The root of a node's set, shortening its path."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@numba.njit(cache=True, nogil=True)
def kruskal(a, b, n):  # type: ignore[no-untyped-def]
    """Which edges, given from light to heavy, join two parts of n nodes: their indices."""
    parent = np.arange(n)
    kept = np.empty(n - 1, np.int64)
    count = 0
    for edge in range(a.shape[0]):
        left, right = root_of(parent, a[edge]), root_of(parent, b[edge])
        if left != right:
            parent[max(left, right)] = min(left, right)
            kept[count] = edge
            count += 1
    return kept[:count]


@numba.njit(cache=True, nogil=True)
def join_along_lists(near, squares, core, ends, edges):  # type: ignore[no-untyped-def]
    """Borůvka's algorithm as far as lists are certain: how many ``ends`` and ``edges`` were written, and each row's component."""
    n, k = near.shape
    parent = np.arange(n)
    component = np.arange(n)
    best = np.empty((n, 2))
    best_ends = np.empty((n, 2), np.int64)
    limit = np.empty(n)
    made = 0
    while made < n - 1:
        best[:] = np.inf
        limit[:] = np.inf
        for row in range(n):
            here = component[row]
            if k < n - 1:
                limit[here] = min(limit[here], max(core[row], squares[row, k - 1]))
            for place in range(k):
                other = near[row, place]
                there = component[other]
                if here == there:
                    continue
                distance = squares[row, place]
                weight = max(distance, core[row], core[other])
                for side in (here, there):
                    if weight < best[side, 0] or (weight == best[side, 0] and distance < best[side, 1]):
                        best[side, 0], best[side, 1] = weight, distance
                        best_ends[side, 0], best_ends[side, 1] = row, other
        before = made
        for group in range(n):
            if component[group] == group and best[group, 0] <= limit[group] and best[group, 0] < np.inf:
                left, right = root_of(parent, best_ends[group, 0]), root_of(parent, best_ends[group, 1])
                if left != right:
                    parent[max(left, right)] = min(left, right)
                    for side in range(2):
                        ends[made, side] = best_ends[group, side]
                        edges[made, side] = best[group, side]
                    made += 1
        if made == before:
            break
        for row in range(n):
            component[row] = root_of(parent, row)
    return made, component


@numba.njit(cache=True, nogil=True)
def crossing(  # type: ignore[no-untyped-def]  # noqa: PLR0917
    points, half, core, component, gram, first, begin, end, weight, start, meeting, across
):
    """Edges from rows ``begin … end`` of one component to later rows of others that are lighter than the path between the two.

    ``gram`` holds the products of rows ``first …`` with rows ``first …``; ``weight, start, meeting, across`` the present tree
    over components (see ``_incidence``). Returns ends (found, 2) and squared (weight, distance).
    """
    n, m = points.shape[0], start.shape[0] - 1
    heaviest = np.full(m, -1.0)
    here = component[begin]
    heaviest[here] = 0.0
    waiting = np.empty(m, np.int64)
    waiting[0] = here
    filled = 1
    while filled > 0:
        filled -= 1
        node = waiting[filled]
        for at in range(start[node], start[node + 1]):
            if heaviest[across[at]] < 0:
                heaviest[across[at]] = max(heaviest[node], weight[meeting[at]])
                waiting[filled] = across[at]
                filled += 1
    bound = np.empty(n - first, np.float32)
    for other in range(first, n):
        limit = heaviest[component[other]]
        useless = component[other] == here or core[other] >= limit
        bound[other - first] = np.inf if useless else half[other] - limit / 2

    ends, edges = np.empty((64, 2), np.int64), np.empty((64, 2))
    found = 0
    for row in range(begin, end):
        for left in range(row + 1 - first, n - first, CHUNK):
            right = min(left + CHUNK, n - first)
            if count_above(gram[row - first, left:right], bound[left:right], half[row]) == 0:
                continue
            for at in range(left, right):
                if gram[row - first, at] - bound[at] > half[row]:
                    other = first + at
                    squared = squared_distance(points, row, other)
                    reach = max(squared, core[row], core[other])
                    if reach < heaviest[component[other]]:
                        heaviest[component[other]] = reach
                        if found == ends.shape[0]:
                            ends = np.concatenate((ends, np.empty_like(ends)))
                            edges = np.concatenate((edges, np.empty_like(edges)))
                        ends[found, 0], ends[found, 1] = row, other
                        edges[found, 0], edges[found, 1] = reach, squared
                        found += 1
    return ends[:found], edges[:found]


@numba.njit(cache=True, nogil=True)
def prim(a, b, weight, start, meeting, across):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Prim's algorithm over few edges, from row 0, the lowest row of equals: ends (source, joined) and the edges they are."""
    n = start.shape[0] - 1
    joined = np.zeros(n, np.bool_)
    lightest = np.full(n, np.inf)
    ends, chosen = np.empty((n - 1, 2), np.int64), np.empty(n - 1, np.int64)
    heap = [(0.0, 0, -1)]
    count = -1
    while len(heap) > 0:
        _, row, edge = heapq.heappop(heap)
        if joined[row]:
            continue
        joined[row] = True
        if count >= 0:
            ends[count, 0], ends[count, 1] = a[edge] + b[edge] - row, row
            chosen[count] = edge
        count += 1
        for at in range(start[row], start[row + 1]):
            other = across[at]
            if not joined[other] and weight[meeting[at]] < lightest[other]:
                lightest[other] = weight[meeting[at]]
                heapq.heappush(heap, (lightest[other], other, meeting[at]))
    return ends, chosen
