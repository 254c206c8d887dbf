"""Which modules are built alike, which of them follow each other in a series, and which operations half the model leans on?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from underglass.architecture.graph import ModelGraph
from underglass.architecture.hierarchy import ROOT, Hierarchy

SHORTEST = 3
"""Members of a series."""
LEAST_PARTS, LEAST_NEIGHBOURS = 15, 5
"""Parts of a module, and neighbours of one of them, from which it may be set aside."""


@dataclass(frozen=True)
class Links:
    """Which of a module's parts feed which, once the parts are whole.

    Parameters
    ----------
    sources, targets : part → parts of the same module, ascending.
    """

    sources: dict[int, list[int]]
    targets: dict[int, list[int]]


def sibling_links(graph: ModelGraph, hierarchy: Hierarchy) -> Links:
    """The connections between the parts of each module, and of the top."""
    place = {one.id: at for at, one in enumerate(graph.operations)}
    sources: list[set[int]] = [set() for _ in hierarchy.parts]
    targets: list[set[int]] = [set() for _ in hierarchy.parts]
    around = [[at, *hierarchy.ancestors(at)] for at in range(len(graph.operations))]
    for edge in graph.connections:
        one, two = around[place[edge.source]], around[place[edge.target]]
        up = 1
        while up <= min(len(one), len(two)) and one[-up] == two[-up]:
            up += 1
        if up > min(len(one), len(two)):
            continue
        a, b = one[-up], two[-up]
        targets[a].add(b)
        sources[b].add(a)
    return Links({at: sorted(found) for at, found in enumerate(sources)}, {at: sorted(found) for at, found in enumerate(targets)})


def structures(graph: ModelGraph, hierarchy: Hierarchy, links: Links, *, shapes: bool = False) -> list[int]:
    """A number for each part, equal for parts that are built alike: same classes, same operations, joined in the same way.

    Parameters
    ----------
    shapes : the shapes and parameters of the operations count too.

    Returns
    -------
    One number a part. Two parts are compared member by member, so that equal numbers are no chance of a hash.
    """
    known: dict[object, int] = {}
    found = [0] * len(hierarchy.parts)
    for at, part in enumerate(hierarchy.parts[: len(graph.operations)]):
        one = graph.operations[at]
        key: object = ("operation", part.type, one.shapes, one.parameters) if shapes else ("operation", part.type)
        found[at] = known.setdefault(key, len(known))
    for at in range(len(hierarchy.parts) - 1, len(graph.operations) - 1, -1):  # inner modules come after outer ones
        part = hierarchy.parts[at]
        number = {child: i for i, child in enumerate(part.children)}
        inside = tuple((found[child], tuple(sorted(number[one] for one in links.sources[child]))) for child in part.children)
        found[at] = known.setdefault(("module", part.type, inside), len(known))
    return found


def find_series(hierarchy: Hierarchy, links: Links, kinds: Sequence[int | None]) -> list[list[int]]:
    """Runs of at least three equal parts of a module, one behind the other or side by side.

    One behind the other: each takes the one before and else only what the first takes too. Side by side: all take and give
    the same. Folded, neither can be part of a circle: whatever reaches one member reaches the first, or all.

    Parameters
    ----------
    kinds : of each part; equal ones may stand in one series, None never does.

    Returns
    -------
    Members in order; no part in two.
    """
    found: list[list[int]] = []
    operations = sum(part.operation is not None for part in hierarchy.parts)
    for module in (ROOT, *range(operations, len(hierarchy.parts))):
        children = [at for at in hierarchy.children(module) if kinds[at] is not None]
        taken: set[int] = set()
        for first in children:
            if first in taken:
                continue
            run = _chain(first, links, kinds, taken)
            if len(run) < SHORTEST:
                run = [
                    at
                    for at in children
                    if at not in taken
                    and kinds[at] == kinds[first]
                    and links.sources[at] == links.sources[first]
                    and links.targets[at] == links.targets[first]
                ]
            if len(run) >= SHORTEST:
                found.append(run)
                taken.update(run)
    return found


def _chain(first: int, links: Links, kinds: Sequence[int | None], taken: set[int]) -> list[int]:
    run = [first]
    others = set(links.sources[first])
    while True:
        ahead = [
            at
            for at in links.targets[run[-1]]
            if at not in taken and kinds[at] == kinds[first] and set(links.sources[at]) - {run[-1]} <= others
        ]
        if len(ahead) != 1:
            return run
        run.append(ahead[0])


def set_aside(hierarchy: Hierarchy, links: Links) -> list[int]:
    """Parts with so many neighbours that their lines would hide all others.

    Of a module with at least 15 parts: those with more than Q3 + (Q3 − Q1) sources or more than Q3 + 4 (Q3 − Q1) targets, and
    at least 5 of them.

    Source: Wongsuphasawat et al. 2018, "Visualizing Dataflow Graphs of Deep Learning Models in TensorFlow", and TensorBoard.
    """
    found = []
    operations = sum(part.operation is not None for part in hierarchy.parts)
    for module in (ROOT, *range(operations, len(hierarchy.parts))):
        children = hierarchy.children(module)
        if len(children) < LEAST_PARTS:
            continue
        for sides, times in ((links.sources, 1), (links.targets, 4)):
            degrees = np.array([len(sides[at]) for at in children])
            low, high = np.quantile(degrees, [0.25, 0.75])
            most = max(LEAST_NEIGHBOURS - 1, float(high + times * (high - low)))
            found += [at for at, degree in zip(children, degrees.tolist(), strict=True) if degree > most]
    return sorted(set(found))
