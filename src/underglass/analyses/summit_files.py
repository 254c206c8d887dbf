"""How is an attribution graph exchanged with Summit's own files?

Summit keeps a graph as ``{layer: [{channel, count, layer, pagerank, prev_channels, attr_channels}]}``, with bare channel
numbers. We write the same and add ``prev_layer`` to every source, because a bare number does not say whose channel it is. What
Summit's own files call ``attr_channels`` are for some branches channels of a bottleneck that the file does not name; they are
not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from underglass.analyses.attribution_graph import AttributionGraph
from underglass.errors import DataError, unknown


def to_summit(graph: AttributionGraph) -> dict[str, list[dict[str, Any]]]:
    """The graph as Summit's JSON, layers in order, nodes of a layer by falling rank."""
    sources: list[list[dict[str, Any]]] = [[] for _ in graph.unit]
    for source, target, count, total in zip(
        graph.edge_source, graph.edge_target, graph.edge_count, graph.edge_total, strict=True
    ):
        layer = graph.tensors[graph.tensor[source]]
        sources[target].append(
            {"prev_channel": int(graph.unit[source]), "inf": int(count), "total": float(total), "prev_layer": layer}
        )
    written: dict[str, list[dict[str, Any]]] = {}
    for place, layer in enumerate(graph.tensors):
        here = np.flatnonzero(graph.tensor == place)
        written[layer] = [
            {
                "channel": int(graph.unit[node]),
                "count": int(graph.count[node]),
                "layer": layer,
                "pagerank": float(graph.rank[node]),
                "prev_channels": sources[node],
                "attr_channels": [
                    {"prev_channel": str(unit), "inf": count, "total": total, "prev_layer": name}
                    for name, unit, count, total in graph.attributed[node]
                ],
            }
            for node in here[np.argsort(-graph.rank[here], kind="stable")]
        ]
    return written


def from_summit(
    written: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    order: Sequence[str] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> AttributionGraph:
    """Read a graph, ours or Summit's.

    Parameters
    ----------
    written : mapping of layer to nodes
        As parsed from JSON.
    order : sequence of str, optional
        Layers from the input's side to the output's; by default as they stand in the file.
    sizes : mapping of layer to units, optional
        Of the model it is to be shown with; a unit outside its layer is refused.

    Raises
    ------
    DataError
        If a layer or a field is missing, a unit is outside its layer, or an edge leads from a unit that is no node.
    """
    tensors = tuple(order or written)
    for layer in written:
        if layer not in tensors or (sizes is not None and layer not in sizes):
            raise DataError(unknown("layer", layer, tensors if layer not in tensors else sizes or {}))
    nodes = [(layer, node) for layer in tensors for node in written.get(layer, ())]
    place: dict[tuple[str, int], int] = {}
    for at, (layer, node) in enumerate(nodes):
        unit = _field(node, "channel", layer)
        if unit < 0 or (sizes is not None and unit >= sizes[layer]):
            within = f"0 to {sizes[layer] - 1}" if sizes is not None else "0 and up"
            raise DataError(f"the file names unit {unit} of {layer!r}, whose units are {within}: it is of another model.")
        place[layer, unit] = at
    edges = []
    for at, (layer, node) in enumerate(nodes):
        for source in node.get("prev_channels", ()):
            before = source.get("prev_layer", tensors[max(tensors.index(layer) - 1, 0)])
            unit = int(_field(source, "prev_channel", layer))
            if (before, unit) not in place:
                raise DataError(f"the file leads an edge to {layer!r} from unit {unit} of {before!r}, which is no node of it.")
            count = int(_field(source, "inf", layer))
            edges.append((place[before, unit], at, count, float(source.get("total", count))))
    columns = np.array([edge[:3] for edge in edges], np.int64).reshape(-1, 3)
    return AttributionGraph(
        tensors=tensors,
        tensor=np.array([tensors.index(layer) for layer, _ in nodes], np.int32),
        unit=np.array([node["channel"] for _, node in nodes], np.int32),
        count=np.array([_field(node, "count", layer) for layer, node in nodes], np.int64),
        rank=np.array([node.get("pagerank", np.nan) for _, node in nodes], np.float64),
        edge_source=columns[:, 0].astype(np.int32),
        edge_target=columns[:, 1].astype(np.int32),
        edge_count=columns[:, 2],
        edge_total=np.array([edge[3] for edge in edges]),
        edge_via=("",) * len(edges),
        attributed=tuple(_attributed(node) for _, node in nodes),
        instances=None,
        mass=float("nan"),
        messages=("read from a file: how it was cut is not known.",),
    )


def _attributed(node: Mapping[str, Any]) -> tuple[tuple[str, int, int, float], ...]:
    return tuple(
        (source["prev_layer"], int(source["prev_channel"]), int(source["inf"]), float(source.get("total", source["inf"])))
        for source in node.get("attr_channels", ())
        if "prev_layer" in source
    )


def _field(node: Mapping[str, Any], name: str, layer: str) -> int:
    if name not in node:
        raise DataError(f"a node or edge of {layer!r} has no {name!r}; this is no attribution graph of Summit's form.")
    return int(node[name])
