"""Which operations stand in which module, so that whatever is folded, no circle is drawn?

A module is one part unless folding it would make a circle, as a module that is called again later does, or a list of
modules between which something else runs: it is then cut into its runs, each a part of its own. Within such a knot the
operations keep their order, and runs of an order never form a circle; outside of it every module is whole.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from underglass.architecture.graph import ModelGraph
from underglass.architecture.grouping import PLAIN

ROOT = -1


@dataclass
class Part:
    """A module with what stands in it, or one operation.

    Parameters
    ----------
    id : the operation's; of a module its path, with ``:1`` for its second run.
    path : of the module in the model; of an operation, as the graph has it.
    type : class of the module, or the operation's type; "" for a scope without a class.
    parent : place of the module it stands in, ROOT at the top.
    operation : place of the operation in the graph, None for a module.
    children : places of what stands in it, sources before targets.
    """

    id: str
    path: str
    type: str
    parent: int
    operation: int | None = None
    children: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Hierarchy:
    """A graph's operations in their modules.

    Parameters
    ----------
    parts : first the operations in the graph's order, then the modules, outer before inner.
    top : places of what stands in no module, sources before targets.
    """

    parts: tuple[Part, ...]
    top: tuple[int, ...]

    def children(self, part: int) -> Sequence[int]:
        """What stands in a module, or at the top."""
        return self.top if part == ROOT else self.parts[part].children

    def ancestors(self, part: int) -> list[int]:
        """The modules around a part, innermost first."""
        found = []
        at = self.parts[part].parent
        while at != ROOT:
            found.append(at)
            at = self.parts[at].parent
        return found


def build_hierarchy(graph: ModelGraph) -> Hierarchy:
    """Put every operation into the modules it stands in.

    A module in which a single operation stands gives way to it, and a module whose only part is a module is one with it.

    Examples
    --------
    >>> from underglass.architecture.graph import Connection, Operation
    >>> ops = [Operation(name, "Linear", name, ((1, 4),), 4, (), module=True) for name in ("a.x", "a.y", "b")]
    >>> found = build_hierarchy(ModelGraph("Net", tuple(ops), (), ("b",), 0, {"a": "Block"}))
    >>> [part.id for part in found.parts], [found.parts[at].id for at in found.top]
    (['a.x', 'a.y', 'b', 'a'], ['a', 'b'])
    """
    place = {one.id: at for at, one in enumerate(graph.operations)}
    after: list[list[int]] = [[] for _ in graph.operations]
    for edge in graph.connections:
        after[place[edge.source]].append(place[edge.target])
    scopes = [_scope(one.path, is_layer=one.module) for one in graph.operations]
    parts = [Part(one.id, one.path, one.type, ROOT, at) for at, one in enumerate(graph.operations)]
    names: set[str] = set(place)
    owner = [ROOT] * len(parts)
    waiting: list[tuple[int, list[int], int]] = [(ROOT, list(range(len(parts))), 0)]
    top: list[int] = []
    while waiting:
        parent, members, depth = waiting.pop()
        for at in members:
            owner[at] = parent
        inside = []
        for kind, run in _ordered(_pieces(members, [scopes[at] for at in members], depth, after, owner), after, owner, parent):
            if kind is None or len(run) == 1:
                parts[run[0]].parent = parent
                inside.append(run[0])
                continue
            deeper = depth + 1
            while all(len(scopes[at]) > deeper for at in run) and len({scopes[at][deeper] for at in run}) == 1:
                deeper += 1
            path = ".".join(scopes[run[0]][:deeper])
            inside.append(len(parts))
            waiting.append((len(parts), run, deeper))
            parts.append(Part(_free(path, names), path, _class(graph, scopes[run[0]], depth, deeper), parent))
        if parent == ROOT:
            top = inside
        else:
            parts[parent].children = inside
    return Hierarchy(tuple(parts), tuple(top))


def _scope(path: str, *, is_layer: bool) -> tuple[str, ...]:
    names = tuple(name for name in path.split(".") if name)
    return names[:-1] if is_layer else names


def _class(graph: ModelGraph, scope: tuple[str, ...], depth: int, deeper: int) -> str:
    """The class of modules that are drawn as one: the innermost that is no mere container."""
    found = [graph.modules.get(".".join(scope[:end]), "") for end in range(deeper, depth, -1)]
    return next((one for one in found if one and one not in PLAIN), found[0])


def _free(path: str, names: set[str]) -> str:
    name, call = path, 0
    while name in names:
        call += 1
        name = f"{path}:{call}"
    names.add(name)
    return name


def _pieces(
    members: list[int], scopes: list[tuple[str, ...]], depth: int, after: list[list[int]], owner: list[int]
) -> list[tuple[str | None, list[int]]]:
    """Members by the module they stand in at this depth, cut where a whole module would stand in a circle."""
    keys: dict[str, int] = {}
    groups: list[list[int]] = []
    kinds: list[str | None] = []
    of: dict[int, int] = {}
    for at, scope in zip(members, scopes, strict=True):
        name = scope[depth] if len(scope) > depth else None
        group = len(groups) if name is None else keys.setdefault(name, len(groups))
        if group == len(groups):
            groups.append([])
            kinds.append(name)
        groups[group].append(at)
        of[at] = group
    if all(kind is None for kind in kinds):
        return list(zip(kinds, groups, strict=True))
    parent = owner[members[0]]
    links: list[set[int]] = [set() for _ in groups]
    for at in members:
        links[of[at]].update(of[other] for other in after[at] if owner[other] == parent and of[other] != of[at])
    found: list[tuple[str | None, list[int]]] = []
    for knot in strongly_connected(links):
        if len(knot) == 1:
            found.append((kinds[knot[0]], groups[knot[0]]))
            continue
        runs: list[tuple[int, list[int]]] = []
        for at in sorted(one for group in knot for one in groups[group]):
            if not runs or runs[-1][0] != of[at]:
                runs.append((of[at], []))
            runs[-1][1].append(at)
        found += [(kinds[group], run) for group, run in runs]
    return found


def _ordered(
    pieces: list[tuple[str | None, list[int]]], after: list[list[int]], owner: list[int], parent: int
) -> list[tuple[str | None, list[int]]]:
    """Sources before targets, as near to the order of the operations as that allows."""
    of = {at: number for number, (_, run) in enumerate(pieces) for at in run}
    links: list[set[int]] = [set() for _ in pieces]
    for at, number in of.items():
        links[number].update(of[other] for other in after[at] if owner[other] == parent and of[other] != number)
    waiting = [0] * len(pieces)
    for targets in links:
        for target in targets:
            waiting[target] += 1
    ready = [(pieces[number][1][0], number) for number in range(len(pieces)) if not waiting[number]]
    heapq.heapify(ready)
    found = []
    while ready:
        _, number = heapq.heappop(ready)
        found.append(pieces[number])
        for target in links[number]:
            waiting[target] -= 1
            if not waiting[target]:
                heapq.heappush(ready, (pieces[target][1][0], target))
    return found


def strongly_connected(links: Sequence[set[int]]) -> list[list[int]]:
    """Sets of nodes that reach each other, by Tarjan's algorithm without recursion.

    Examples
    --------
    >>> sorted(map(sorted, strongly_connected([{1}, {2}, {1}, set()])))
    [[0], [1, 2], [3]]
    """
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on: set[int] = set()
    found: list[list[int]] = []
    for start in range(len(links)):
        if start in number:
            continue
        number[start] = low[start] = len(number)
        stack.append(start)
        on.add(start)
        walk = [(start, iter(links[start]))]
        while walk:
            at, targets = walk[-1]
            step = next(targets, None)
            if step is None:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[at])
                if low[at] == number[at]:
                    knot: list[int] = []
                    while not knot or knot[-1] != at:
                        knot.append(stack.pop())
                        on.discard(knot[-1])
                    found.append(knot)
            elif step not in number:
                number[step] = low[step] = len(number)
                stack.append(step)
                on.add(step)
                walk.append((step, iter(links[step])))
            elif step in on:
                low[at] = min(low[at], number[step])
    return found
