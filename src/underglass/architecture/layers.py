"""Which operation gives the value that a captured layer is named after?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from underglass.architecture.graph import ModelGraph


def operations_of_layers(graph: ModelGraph, names: Iterable[str]) -> dict[str, str]:
    """Layer names → ids of operations; a name that no operation gives is left out.

    A layer is a module's output: that of its operation, or of the last operation in it whose value leaves it. A module that
    is called several times gives ``path:0``, ``path:1`` …, one of several outputs ``path.0``, as layers are named.

    Examples
    --------
    >>> from underglass.architecture.graph import Operation
    >>> conv = Operation("a.conv", "Conv2d", "a.conv", ((1, 8, 4, 4),), 8, (4, 4), module=True)
    >>> add = Operation("a.add", "add", "a", ((1, 8, 4, 4),), 8, (4, 4))
    >>> operations_of_layers(ModelGraph("Net", (conv, add), (), ("a.add",), 0), ["a", "a.conv", "b"])
    {'a': 'a.add', 'a.conv': 'a.conv'}
    """
    calls = _calls(graph)
    found = {}
    for name in names:
        for module, call in _readings(name):
            runs = calls.get(module, [])
            called = f"{module}:{call}" if call else module
            if called in graph.by_id:  # of flat graphs, whose paths hold blocks that the layers' names do not
                found[name] = called
                break
            if call < len(runs):
                found[name] = runs[call]
                break
    return found


def _readings(name: str) -> Iterable[tuple[str, int]]:
    """What a layer's name may mean, the most literal first: a module and which of its calls."""
    while name:
        module, colon, call = name.rpartition(":")
        if colon and call.isdigit():
            yield module, int(call)
        yield name, 0
        name = re.sub(r"\[[^\]]*\]$", "", name) if name.endswith("]") else name.rpartition(".")[0]


def _calls(graph: ModelGraph) -> Mapping[str, list[str]]:
    """For every module the operation that gives its value, one for each of its runs."""
    ends = set(graph.outputs)
    place = {one.id: at for at, one in enumerate(graph.operations)}
    takers: list[list[int]] = [[] for _ in graph.operations]
    for edge in graph.connections:
        takers[place[edge.source]].append(place[edge.target])
    found: dict[str, list[str]] = {}
    runs: dict[str, list[list[int]]] = {}
    last: dict[str, int] = {}
    for at, one in enumerate(graph.operations):
        for path in _around(one.path, is_layer=one.module):
            if last.get(path) == at - 1:
                runs[path][-1].append(at)
            else:
                runs.setdefault(path, []).append([at])
            last[path] = at
        if one.module:
            found.setdefault(one.path, []).append(one.id)
    for path, pieces in runs.items():
        if path in found:
            continue
        for piece in pieces:
            members = set(piece)
            leaving = [
                at
                for at in piece
                if graph.operations[at].id in ends or any(taker not in members for taker in takers[at]) or not takers[at]
            ]
            found.setdefault(path, []).append(graph.operations[leaving[-1] if leaving else piece[-1]].id)
    return found


def _around(path: str, *, is_layer: bool) -> list[str]:
    names = path.split(".") if path else []
    return [".".join(names[:end]) for end in range(1, len(names) + (0 if is_layer else 1))]
