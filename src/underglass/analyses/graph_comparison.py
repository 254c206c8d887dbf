"""What do the attribution graphs of two subsets share, and what is only one's own?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from underglass.analyses.attribution_graph import AttributionGraph
from underglass.errors import DataError

Node: TypeAlias = tuple[str, int]
Edge: TypeAlias = tuple[Node, Node]
Side: TypeAlias = Literal["both", "a", "b"]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Overlap:
    """How far two graphs agree on one tensor.

    Attributes
    ----------
    both, only_a, only_b : counts of units.
    share : shared over all units of either, 0..1; NaN when neither graph has one.
    """

    both: int
    only_a: int
    only_b: int
    share: float


@dataclass(frozen=True)
class GraphComparison:
    """Every node and edge of two graphs, and whose it is.

    Attributes
    ----------
    nodes : mapping of (tensor, unit) to "both", "a" or "b"
    edges : mapping of (source node, target node) to "both", "a" or "b"
    layers : mapping of tensor to Overlap
    overall : Overlap
    """

    nodes: Mapping[Node, Side]
    edges: Mapping[Edge, Side]
    layers: Mapping[str, Overlap]
    overall: Overlap


def compare_graphs(a: AttributionGraph, b: AttributionGraph) -> GraphComparison:
    """Lay two graphs of the same network over each other.

    Raises
    ------
    DataError
        If they were not made over the same tensors.
    """
    if a.tensors != b.tensors:
        raise DataError(
            f"two graphs are compared over the same layers; one has {', '.join(a.tensors)}, the other {', '.join(b.tensors)}."
        )
    nodes = _sides(a.nodes, b.nodes)
    return GraphComparison(
        nodes=nodes,
        edges=_sides(a.edges, b.edges),
        layers={name: _overlap([side for (tensor, _), side in nodes.items() if tensor == name]) for name in a.tensors},
        overall=_overlap(list(nodes.values())),
    )


def _sides(a: tuple[Item, ...], b: tuple[Item, ...]) -> dict[Item, Side]:
    mine, theirs = set(a), set(b)
    return {item: "both" if item in mine and item in theirs else "a" if item in mine else "b" for item in dict.fromkeys(a + b)}


def _overlap(sides: list[Side]) -> Overlap:
    both, only_a, only_b = (sides.count(side) for side in ("both", "a", "b"))
    return Overlap(both, only_a, only_b, both / len(sides) if sides else float("nan"))
