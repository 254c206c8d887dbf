"""How does a network compute what it says about a subset: which units carry it, and which feed which?

Summit's attribution graph, in three steps, each of its own file. ``activation_counts`` says how often each unit is among the
most active; the influence probe how often a unit of one tensor is among the strongest sources of a unit of the next; here both
become one graph: personalised PageRank over all units, cut where the nodes kept hold a share of the rank.

A node is a unit **of a tensor**: every index travels with the tensor it belongs to. Tensors that influence was measured through
but that nobody asked to see (the bottleneck inside a block) are folded away: a path is as strong as its weakest part, and the
strongest of several paths counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.analyses.activation_counts import aggregate_activations
from underglass.analyses.connections import Connections, Influence, connections_of, fold_hidden
from underglass.analyses.pagerank import pagerank
from underglass.errors import DataError, unknown

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

__all__ = ["AttributionGraph", "aggregate_activations", "build_graph"]

ATTRIBUTED = 3


@dataclass(frozen=True)
class AttributionGraph:
    """The units that carry a subset through the network, and how they feed each other.

    Attributes
    ----------
    tensors : tuple of str
        From the input's side to the output's.
    tensor : (nodes,) int32
        Position in `tensors`.
    unit : (nodes,) int32
        Within that tensor.
    count : (nodes,) int64
        Instances of the subset in which the unit is among the most active.
    rank : (nodes,) float64
        Personalised PageRank; over **all** units of all tensors it sums to 1.
    edge_source, edge_target : (edges,) int32
        Nodes; source is nearer to the input.
    edge_count : (edges,) int64
        Instances in which the source is among the strongest of the target.
    edge_total : (edges,) float64
        Summed strength over those instances.
    edge_via : tuple of str
        For each edge the hidden tensors it was folded over, "" for a direct one.
    attributed : tuple of tuples
        For each node its three strongest sources, kept or not: (tensor name, unit, count, total).
    instances : int or None
        Of the subset.
    mass : float
        Share of the rank the cut ended at; above what was asked where layers would have stood alone.
    messages : tuple of str
        What the graph could not show, in words.
    settings : mapping
        What it was made with.
    """

    tensors: tuple[str, ...]
    tensor: Ints
    unit: Ints
    count: Ints
    rank: Floats
    edge_source: Ints
    edge_target: Ints
    edge_count: Ints
    edge_total: Floats
    edge_via: tuple[str, ...]
    attributed: tuple[tuple[tuple[str, int, int, float], ...], ...]
    instances: int | None
    mass: float
    messages: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def nodes(self) -> tuple[tuple[str, int], ...]:
        """Each node as (tensor name, unit)."""
        return tuple((self.tensors[tensor], int(unit)) for tensor, unit in zip(self.tensor, self.unit, strict=True))

    @property
    def edges(self) -> tuple[tuple[tuple[str, int], tuple[str, int]], ...]:
        """Each edge as a pair of nodes, source first."""
        nodes = self.nodes
        return tuple((nodes[source], nodes[target]) for source, target in zip(self.edge_source, self.edge_target, strict=True))

    def units(self, tensor: str) -> Ints:
        """The units of one tensor that are nodes, the highest rank first.

        Raises
        ------
        DataError
            If the graph has no such tensor.
        """
        if tensor not in self.tensors:
            raise DataError(unknown("tensor", tensor, self.tensors))
        here = np.flatnonzero(self.tensor == self.tensors.index(tensor))
        units: Ints = self.unit[here[np.argsort(-self.rank[here], kind="stable")]]
        return units


def build_graph(
    aggregated: Mapping[str, ArrayLike],
    influence: Influence,
    *,
    subset: int = 0,
    top: int = 5,
    mass: float = 0.075,
    step: float = 0.005,
    cap: float = 1.0,
    alpha: float = 0.85,
    weight: Literal["count", "total"] = "count",
    instances: int | None = None,
    excluded: Mapping[str, Sequence[int]] | None = None,
    tolerance: float = 1e-8,
) -> AttributionGraph:
    """Put counts and influence together into the graph of one subset.

    Parameters
    ----------
    aggregated : mapping of layer to (subsets, units) or (units,) counts
        From `aggregate_activations`, layers from the input's side to the output's. These layers are shown; others that
        influence names are folded away.
    influence : Influence
        From the influence probe (`underglass.probes.influence`), over the same subsets.
    subset : int
        Which row.
    top : int
        Sources that each unit keeps, by count, then by summed strength: counts saturate at the number of instances, the
        strength tells such sources apart.
    mass : float
        Share of the rank to keep at first, 0..1.
    step, cap : float
        By how much, and up to what, the share is raised until every connected layer but the first has a node that is joined to
        another.
    alpha : float
        Of PageRank.
    weight : {"count", "total"}
        What a walker goes by; totals are brought to the largest of each pair of tensors first.
    instances : int, optional
        Size of the subset, for the record.
    excluded : mapping of layer to units, optional
        Left out of everything, such as units that fire on anything.
    tolerance : float
        Of PageRank.

    Raises
    ------
    DataError
        If counts and influence disagree about the size of a tensor, or there is no such subset or unit.

    Source: Hohman et al. 2019, "Summit", section 6.3, and its notebooks. Other than there: an end to the loop that raises the
    share, indices that carry their tensor, ties in counts broken by strength.
    """
    counts = {name: _row(name, values, subset) for name, values in aggregated.items()}
    sizes = {name: len(values) for name, values in counts.items()}
    edges = fold_hidden(connections_of(influence, subset), sizes, top=top)
    _leave_out(counts, edges, excluded or {})
    tensors = tuple(counts)
    first = dict(zip(tensors, np.cumsum([0, *sizes.values()])[:-1].tolist(), strict=True))
    total = sum(sizes.values())
    source = np.concatenate([np.zeros(0, np.int64), *(first[e.source] + e.source_unit for e in edges)])
    target = np.concatenate([np.zeros(0, np.int64), *(first[e.target] + e.target_unit for e in edges)])
    number = np.concatenate([np.zeros(0, np.int64), *(e.count for e in edges)])
    strength = np.concatenate([np.zeros(0), *(e.total for e in edges)])
    via = [name for e in edges for name in e.via]
    settings = {"top": top, "mass": mass, "step": step, "cap": cap, "alpha": alpha, "weight": weight}
    messages = [
        f"no unit of {name!r} is active for this subset, so none of it is shown."
        for name, values in counts.items()
        if not values.any()
    ]
    start = np.concatenate([values / max(int(values.max(initial=0)), 1) for values in counts.values()]) if counts else np.zeros(0)
    if not start.any():
        messages = ["this subset activates nothing: it is empty, or no layer has a positive activation for it."]
        nothing = np.zeros(0, np.int32)
        return AttributionGraph(
            tensors,
            nothing,
            nothing,
            nothing,
            np.zeros(0),
            nothing,
            nothing,
            nothing,
            np.zeros(0),
            (),
            (),
            instances,
            0.0,
            tuple(messages),
            settings,
        )
    by = (
        number.astype(np.float64)
        if weight == "count"
        else np.concatenate([np.zeros(0), *(e.total / max(e.total.max(initial=0), 1e-300) for e in edges)])
    )
    rank = pagerank(source, target, by, start, alpha=alpha, tolerance=tolerance).rank
    layer = np.repeat(np.arange(len(tensors)), list(sizes.values()))
    kept, reached, alone = _cut(rank, layer, source, target, mass=mass, step=step, cap=cap)
    messages += [_alone(tensors[at], at in np.concatenate([layer[source], layer[target]]), cap) for at in alone]
    node = np.flatnonzero(kept)
    place = np.full(total, -1)
    place[node] = np.arange(len(node))
    inside = np.flatnonzero(kept[source] & kept[target])
    inside = inside[np.lexsort((source[inside], -strength[inside], -number[inside], target[inside]))]
    flat = np.concatenate(list(counts.values()))
    unit = np.concatenate([np.arange(size) for size in sizes.values()])
    return AttributionGraph(
        tensors=tensors,
        tensor=layer[node].astype(np.int32),
        unit=unit[node].astype(np.int32),
        count=flat[node],
        rank=rank[node],
        edge_source=place[source[inside]].astype(np.int32),
        edge_target=place[target[inside]].astype(np.int32),
        edge_count=number[inside],
        edge_total=strength[inside],
        edge_via=tuple(via[edge] for edge in inside),
        attributed=_strongest(
            node,
            source,
            target,
            number=number,
            strength=strength,
            names=[(tensors[at], int(one)) for at, one in zip(layer, unit, strict=True)],
        ),
        instances=instances,
        mass=reached,
        messages=tuple(messages),
        settings=settings,
    )


def _row(name: str, values: ArrayLike, subset: int) -> Ints:
    counts = np.atleast_2d(np.asarray(values))
    if not 0 <= subset < len(counts):
        raise DataError(f"there is no subset {subset} in the counts of {name!r}; they hold {len(counts)}.")
    row: Ints = counts[subset].astype(np.int64)
    return row


def _leave_out(counts: dict[str, Ints], edges: list[Connections], excluded: Mapping[str, Sequence[int]]) -> None:
    for name, units in excluded.items():
        if name not in counts:
            raise DataError(unknown("layer", name, counts))
        wrong = [unit for unit in units if not 0 <= unit < len(counts[name])]
        if wrong:
            raise DataError(f"layer {name!r} has no unit {wrong[0]}; its units are 0 to {len(counts[name]) - 1}.")
        counts[name] = counts[name].copy()
        counts[name][list(units)] = 0
        for at, edge in enumerate(edges):
            gone = np.isin(edge.source_unit, units) if edge.source == name else np.zeros(len(edge.count), bool)
            gone |= np.isin(edge.target_unit, units) if edge.target == name else False
            edges[at] = edge.where(~gone)


def _cut(
    rank: Floats, layer: Ints, source: Ints, target: Ints, *, mass: float, step: float, cap: float
) -> tuple[Bools, float, list[int]]:
    """Nodes that hold the mass, raised until every layer that has edges is joined; which layers stay alone."""
    order = np.lexsort((np.arange(len(rank)), -rank))
    held = rank[order].cumsum()
    layers = int(layer.max(initial=-1)) + 1
    joinable = set(layer[np.concatenate([source, target])].tolist()) - {0}
    kept = np.zeros(len(rank), bool)
    asked = min(mass, cap)
    while True:
        count = int(np.searchsorted(held, asked * (1 - 1e-12))) + 1
        kept[order[:count]] = True
        both = kept[source] & kept[target]
        joined = set(layer[np.concatenate([source[both], target[both]])].tolist())
        if joinable <= joined or asked >= cap:
            return kept, asked, [at for at in range(1, layers) if at not in joined]
        asked = min(cap, asked + step)


def _alone(tensor: str, has_edges: bool, cap: float) -> str:
    if not has_edges:
        return f"layer {tensor!r} is not connected: influence knows no way between it and the other layers shown."
    return f"layer {tensor!r} could not be reached: even with {cap:.0%} of the rank kept, none of its units is joined to another."


def _strongest(
    node: Ints, source: Ints, target: Ints, *, number: Ints, strength: Floats, names: Sequence[tuple[str, int]]
) -> tuple[tuple[tuple[str, int, int, float], ...], ...]:
    order = np.lexsort((source, -strength, -number, target))
    begin = np.searchsorted(target[order], node)
    end = np.searchsorted(target[order], node, side="right")
    return tuple(
        tuple(
            (*names[source[edge]], int(number[edge]), float(strength[edge])) for edge in order[low : min(high, low + ATTRIBUTED)]
        )
        for low, high in zip(begin, end, strict=True)
    )
