"""Where do the nodes of a directed graph stand so that it reads from left to right?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
SWEEPS = 8


@dataclass(frozen=True)
class LayeredLayout:
    """Places in steps: a person multiplies them by a width and a height.

    Attributes
    ----------
    column : (nodes,) int64
        From the left; an edge always leads to the right.
    row : (nodes,) float64
        Downwards, 0 the uppermost.
    bends : tuple of tuple of (column, row)
        For each edge the places where it passes columns between its ends.
    """

    column: Ints
    row: Floats
    bends: tuple[tuple[tuple[int, float], ...], ...]


def lay_out(count: int, edges: Sequence[tuple[int, int]]) -> LayeredLayout:
    """Lay out a directed graph without cycles in columns.

    Parameters
    ----------
    count : int
        Nodes, numbered from 0.
    edges : sequence of (from, to)

    Raises
    ------
    DataError
        If there is a cycle or an edge to a node that is not there.

    Source: Sugiyama et al. 1981: longest paths, dummy nodes for edges that pass columns, orders by barycentres in sweeps.

    Examples
    --------
    >>> found = lay_out(3, [(0, 1), (1, 2), (0, 2)])
    >>> found.column.tolist(), [len(bends) for bends in found.bends]
    ([0, 1, 2], [0, 0, 1])
    """
    column = _columns(count, edges)
    chains, total = [], count
    place = list(column)
    for start, end in edges:
        between = list(range(total, total + max(0, column[end] - column[start] - 1)))
        place += range(column[start] + 1, column[end])
        total += len(between)
        chains.append([start, *between, end])
    links = [pair for chain in chains for pair in pairwise(chain)]
    row = _rows(np.array(place, np.int64), links, dummies_from=count)
    bends = tuple(tuple((place[node], float(row[node])) for node in chain[1:-1]) for chain in chains)
    return LayeredLayout(np.array(column, np.int64), row[:count], bends)


def _columns(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Length of the longest path that ends in each node."""
    after: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for start, end in edges:
        if not (0 <= start < count and 0 <= end < count):
            raise DataError(f"an edge leads from node {start} to {end}, and there are {count} nodes.")
        after[start].append(end)
        waiting[end] += 1
    column = [0] * count
    ready = [node for node in range(count) if not waiting[node]]
    done = 0
    while ready:
        node = ready.pop()
        done += 1
        for other in after[node]:
            column[other] = max(column[other], column[node] + 1)
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    if done < count:
        raise DataError("the graph has a cycle: it cannot be read from left to right.")
    return column


def _rows(place: Ints, links: Sequence[tuple[int, int]], *, dummies_from: int) -> Floats:
    """Orders within columns by barycentres, then rows that pull chains straight."""
    columns: list[list[int]] = [[] for _ in range(int(place.max(initial=-1)) + 1)]
    for node in range(len(place)):
        columns[place[node]].append(node)
    before: list[list[int]] = [[] for _ in place]
    after: list[list[int]] = [[] for _ in place]
    for start, end in links:
        after[start].append(end)
        before[end].append(start)
    row = np.zeros(len(place))
    for nodes in columns:
        nodes.sort(key=lambda node: (node >= dummies_from, node))
        row[nodes] = np.arange(len(nodes))
    for sweep in range(SWEEPS):
        sides, order = (before, columns) if sweep % 2 == 0 else (after, columns[::-1])
        for nodes in order:
            wish = {node: float(np.mean(row[sides[node]])) if sides[node] else float(row[node]) for node in nodes}
            nodes.sort(key=lambda node: wish[node])
            row[nodes] = _apart([wish[node] for node in nodes])
    row -= row.min(initial=0)
    return row


def _apart(wishes: Sequence[float]) -> list[float]:
    """Places at least 1 apart, in this order, as near to the wishes as a mean shift of each run allows."""
    runs: list[tuple[float, int]] = []  # sum of (wish − offset within the run), length
    for wish in wishes:
        total, length = wish, 1
        while runs and runs[-1][0] / runs[-1][1] + runs[-1][1] > total / length:
            other, before = runs.pop()
            total, length = other + total - before * length, before + length
        runs.append((total, length))
    return [total / length + step for total, length in runs for step in range(length)]
