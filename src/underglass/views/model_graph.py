"""How is the model built, from left to right? Its operations with their places, for a strip above other views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from underglass.architecture.graph import ModelGraph
from underglass.architecture.layers import operations_of_layers
from underglass.views.kept_graph import keep, kept_graph
from underglass.views.layer_results import model_of

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder

__all__ = ["graph", "keep"]
Operation = dict[str, Any]


def graph(case: Case, *, model: str | None = None) -> dict[str, Any]:
    """The model's operations with their places, in plain JSON.

    Returns
    -------
    ``nodes``: type, layers, layer (the name to ask by; None if no layer is named after it), units, shape, captured, column,
    row; ``edges``: from, to, bends; ``columns`` and ``rows``; ``reason`` why only the order of the layers is known, or None.
    """
    from underglass.analyses.layered_layout import lay_out

    folder = model_of(case, model)
    kept = kept_graph(case, model)
    operations = _operations(kept.graph, folder) if kept.graph is not None else _chain(folder)
    edges = [(start, end) for end, one in enumerate(operations) for start in one["inputs"]]
    layout = lay_out(len(operations), edges)
    captured = {layer.name for layer in folder.record.layers}
    known = {layer.name: layer for layer in folder.record.all_layers}
    nodes = []
    for place, one in enumerate(operations):
        layers = one["layers"]
        layer = next((name for name in layers if name in captured), layers[0] if layers else None)
        nodes.append(
            {
                "type": one["type"],
                "layers": layers,
                "layer": layer,
                "units": known[layer].units if layer is not None else None,
                "shape": one["shape"],
                "captured": layer in captured,
                "column": int(layout.column[place]),
                "row": round(float(layout.row[place]), 3),
            }
        )
    return {
        "model": folder.name,
        "nodes": nodes,
        "edges": [
            {"from": start, "to": end, "bends": [[column, round(row, 3)] for column, row in bends]}
            for (start, end), bends in zip(edges, layout.bends, strict=True)
        ],
        "columns": int(layout.column.max(initial=-1)) + 1,
        "rows": max([node["row"] for node in nodes] + [b[1] for bends in layout.bends for b in bends], default=0) + 1,
        "reason": kept.problem or None,
    }


def _operations(found: ModelGraph, folder: ModelFolder) -> list[Operation]:
    """Each operation with the layers whose value it gives, the innermost first."""
    place = {one.id: at for at, one in enumerate(found.operations)}
    layers: list[list[str]] = [[] for _ in found.operations]
    for name, operation in operations_of_layers(found, [layer.name for layer in folder.record.all_layers]).items():
        layers[place[operation]].append(name)
    inputs: list[list[int]] = [[] for _ in found.operations]
    for edge in found.connections:
        if place[edge.source] not in inputs[place[edge.target]]:
            inputs[place[edge.target]].append(place[edge.source])
    return [
        {
            "type": "input" if one.type == "Input" else one.type,
            "layers": sorted(layers[at], key=len, reverse=True),
            "shape": list(one.shapes[0][1:]),
            "inputs": inputs[at],
        }
        for at, one in enumerate(found.operations)
    ]


def _chain(folder: ModelFolder) -> list[Operation]:
    """The layers one behind the other in the order they ran: all that is known without a graph."""
    chain: list[Operation] = [{"type": "input", "layers": [], "shape": [], "inputs": []}]
    for layer in folder.record.all_layers:
        chain.append({"type": layer.type, "layers": [layer.name], "shape": list(layer.shape), "inputs": [len(chain) - 1]})
    return chain
