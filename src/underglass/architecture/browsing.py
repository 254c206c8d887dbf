"""A model graph as tables that can be walked through: parts, series, tensors between them, each list as long as the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from underglass.architecture.graph import ModelGraph, written
from underglass.architecture.hierarchy import ROOT, Hierarchy, Part, build_hierarchy
from underglass.architecture.layers import operations_of_layers
from underglass.architecture.repeats import find_series, set_aside, sibling_links, structures

INPUT = "Input"


def browse(graph: ModelGraph, *, layers: Mapping[str, bool] | None = None) -> dict[str, Any]:
    """Everything a viewer needs to show any part of the graph, as plain JSON.

    Parameters
    ----------
    layers : layer names → whether they were captured; they are put to the part whose output they are.

    Returns
    -------
    ``parts``: columns ``id, path, type, kind`` ("operation", "module", "series"), ``parent`` (place, −1 at the top),
    ``shapes`` (places in the list of shapes), ``parameters, multiply_adds, operations`` (of all inside), ``structure`` and
    ``form`` (equal numbers: built alike; and with the same shapes), ``flags`` ("input", "output", "constant", "aside").
    ``order``: all parts, outer before inner, sources before targets. ``details`` and ``layers``: by the place of the part.

    ``edges``: columns ``source, target`` (places of operations) and ``shape``; ``shapes``: in words, with ``sizes`` (count of
    numbers, null where a size may vary) beside.
    """
    hierarchy = build_hierarchy(graph)
    links = sibling_links(graph, hierarchy)
    structure = structures(graph, hierarchy, links)
    form = structures(graph, hierarchy, links, shapes=True)
    series = find_series(hierarchy, links, _kinds(graph, structure, form))
    n = len(hierarchy.parts)
    parent = [part.parent for part in hierarchy.parts] + [hierarchy.parts[run[0]].parent for run in series]
    for number, run in enumerate(series):
        for at in run:
            parent[at] = n + number
    words: dict[tuple[int | str, ...], int] = {}
    flags = _flags(graph, n, set_aside(hierarchy, links))
    sums = _sums(graph, hierarchy)
    of_layer = _layer_places(graph, hierarchy, list(layers or {}))
    named: dict[int, list[str]] = {}
    for name, at in of_layer.items():
        named.setdefault(at, []).append(name)
    runs = [_series_part(hierarchy, run) for run in series]
    every = [*hierarchy.parts, *runs]
    totals = [*sums, *(tuple(sum(sums[at][i] for at in run) for i in range(3)) for run in series)]
    shapes = [
        [words.setdefault(shape, len(words)) for shape in graph.operations[at].shapes] if at < len(graph.operations) else []
        for at in range(len(every))
    ]
    edges = graph.connections
    place = {one.id: at for at, one in enumerate(graph.operations)}
    edge_shapes = [words.setdefault(edge.shape, len(words)) for edge in edges]
    return {
        "name": graph.name,
        "method": graph.method,
        "reason": graph.reason,
        "notes": list(graph.notes),
        "parameters": graph.parameters,
        "multiply_adds": graph.multiply_adds,
        "operations": len(graph.operations),
        "levels": _levels(hierarchy),
        "order": _order(hierarchy, series, n),
        "parts": {
            "id": [part.id for part in every],
            "path": [part.path for part in every],
            "type": [part.type for part in every],
            "kind": ["operation" if part.operation is not None else "module" for part in hierarchy.parts]
            + ["series"] * len(runs),
            "parent": parent,
            "shapes": shapes,
            "parameters": [one[0] for one in totals],
            "multiply_adds": [one[1] for one in totals],
            "operations": [one[2] for one in totals],
            "structure": [*structure, *(-1 - number for number in range(len(series)))],
            "form": [*form, *(-1 - number for number in range(len(series)))],
            "flags": [*flags, *([] for _ in series)],
        },
        "details": {
            str(at): {"line": one.line, "details": dict(one.details)}
            for at, one in enumerate(graph.operations)
            if one.line or one.details
        },
        "layers": {str(at): names for at, names in sorted(named.items())},
        "captured": sorted(name for name, kept in (layers or {}).items() if kept and name in of_layer),
        "edges": {
            "source": [place[edge.source] for edge in edges],
            "target": [place[edge.target] for edge in edges],
            "shape": edge_shapes,
        },
        "shapes": [written(shape) for shape in words],
        "sizes": [_size(shape) for shape in words],
    }


def _flags(graph: ModelGraph, n: int, aside: Sequence[int]) -> list[list[str]]:
    found: list[list[str]] = [[] for _ in range(n)]
    fed = {edge.target for edge in graph.connections}
    read = {edge.source for edge in graph.connections}
    for at, one in enumerate(graph.operations):
        if one.type == INPUT:
            found[at].append("input")
        elif one.id not in fed and one.id in read and not one.module:
            found[at].append("constant")
        if one.id in graph.outputs:
            found[at].append("output")
    for at in aside:
        found[at].append("aside")
    return found


def _kinds(graph: ModelGraph, structure: Sequence[int], form: Sequence[int]) -> list[int | None]:
    """What may stand in one series: modules that are built alike, layers that have the same shapes too; no functions."""
    n = len(graph.operations)
    layers = [-1 - form[at] if one.module else None for at, one in enumerate(graph.operations)]
    return [*layers, *structure[n:]]


def _sums(graph: ModelGraph, hierarchy: Hierarchy) -> list[tuple[int, int, int]]:
    sums = [[0, 0, 0] for _ in hierarchy.parts]
    for at, one in enumerate(graph.operations):
        for above in (at, *hierarchy.ancestors(at)):
            total = sums[above]
            total[0] += one.parameters
            total[1] += one.multiply_adds
            total[2] += 1
    return [(one[0], one[1], one[2]) for one in sums]


def _series_part(hierarchy: Hierarchy, run: Sequence[int]) -> Part:
    first, last = hierarchy.parts[run[0]], hierarchy.parts[run[-1]]
    return Part(f"{first.id} … {last.id}", f"{first.path} … {last.path}", first.type, first.parent)


def _layer_places(graph: ModelGraph, hierarchy: Hierarchy, names: Sequence[str]) -> dict[str, int]:
    """A layer belongs to the module of that name where one is drawn, else to the operation that gives its value."""
    places = {part.id: at for at, part in enumerate(hierarchy.parts)}
    operations = operations_of_layers(graph, names)
    found = {}
    for name in names:
        at = places.get(name, places.get(operations.get(name, "")))
        if at is not None:
            found[name] = at
    return found


def _levels(hierarchy: Hierarchy) -> int:
    """How many modules may stand around an operation."""
    depth = [0] * len(hierarchy.parts)
    for at, part in enumerate(hierarchy.parts):
        if part.operation is None and part.parent != ROOT:
            depth[at] = depth[part.parent] + 1
    return max((depth[at] + 1 for at, part in enumerate(hierarchy.parts) if part.operation is None), default=0)


def _order(hierarchy: Hierarchy, series: Sequence[Sequence[int]], n: int) -> list[int]:
    """Every part, outer before inner, and within one parent sources before targets."""
    home = {at: n + number for number, run in enumerate(series) for at in run}
    found: list[int] = []
    waiting = list(reversed(hierarchy.top))
    seen: set[int] = set()
    while waiting:
        at = waiting.pop()
        if at in home and home[at] not in seen:
            seen.add(home[at])
            found.append(home[at])
        found.append(at)
        waiting += reversed(hierarchy.parts[at].children)
    return found


def _size(shape: tuple[int | str, ...]) -> int | None:
    return math.prod(size for size in shape if isinstance(size, int)) if all(isinstance(size, int) for size in shape) else None
