"""Hand-made model graphs for tests: written as lines of names and arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from underglass.architecture.graph import Connection, ModelGraph, Operation


def made(
    layers: Sequence[str],
    edges: Sequence[tuple[str, str]],
    *,
    modules: Mapping[str, str] | None = None,
    types: Mapping[str, str] | None = None,
    functions: Sequence[str] = (),
) -> ModelGraph:
    """A graph of layers in order of execution, each with 10 parameters and 100 multiply-adds; functions have neither."""
    operations = []
    for name in layers:
        path = name.partition(":")[0]
        kind = (types or {}).get(name, "Input" if name == "x" else path.rpartition(".")[2].rstrip("0123456789") or "Linear")
        if name in functions:
            path = path.rpartition(".")[0]
        layer = name != "x" and name not in functions
        sizes = (10, 100) if layer else (0, 0)
        operations.append(Operation(name, kind, "" if name == "x" else path, ((1, 8),), 8, (), *sizes, module=layer))
    total = sum(one.parameters for one in operations)
    connections = [Connection(a, b, (1, 8)) for a, b in edges]
    order = {name: at for at, name in enumerate(layers)}
    connections.sort(key=lambda edge: order[edge.target])
    sources = {edge.source for edge in connections}
    ends = tuple(name for name in layers if name not in sources)
    return ModelGraph("Made", tuple(operations), tuple(connections), ends, total, dict(modules or {}))


def chain(*names: str) -> list[tuple[str, str]]:
    """Edges from each name to the next."""
    return list(pairwise(names))
