"""How is the model built? Its operations from left to right, kept with the case so that it needs no model to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from underglass.errors import UnderglassError
from underglass.views.layer_results import kept_result, model_of

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder

ANALYSIS = "model_graph"
FORM = 1
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
    operations, reason = _operations(case, folder)
    edges = [(start, end) for end, one in enumerate(operations) for start in one["inputs"]]
    layout = lay_out(len(operations), edges)
    captured = {layer.name for layer in folder.record.layers}
    known = {layer.name: layer for layer in folder.record.all_layers}
    nodes = []
    for place, one in enumerate(operations):
        layers = [name for name in one["layers"] if name in known]
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
        "reason": reason,
    }


def keep(case: Case) -> None:
    """Keep the attached model's graph with the case; one that cannot be traced keeps its reason."""
    folder = case.model
    if folder is None or case.attached is None or case.dataset is None or not len(case.dataset):
        return
    from underglass.probes.module_graph import module_graph

    if not hasattr(case.attached, "net"):
        return
    try:
        found = module_graph(case.attached, case.dataset.load([0]))  # type: ignore[arg-type]
    except UnderglassError:
        return  # the first instance may be one that cannot be read: the order of the layers is known all the same
    operations = [
        {"type": one.type, "layers": list(one.layers), "shape": list(one.shape), "inputs": list(one.inputs)}
        for one in found.operations
    ]
    meta = {"form": FORM, "model": folder.name, "operations": operations, "reason": found.reason}
    case.folder.results.put(ANALYSIS, folder.name, {}, meta, {"weights": folder.record.weights_hash})


def _operations(case: Case, folder: ModelFolder) -> tuple[list[Operation], str | None]:
    """Those that are kept; else traced now; else the layers in the order they ran."""
    kept = kept_result(case, ANALYSIS, folder.name, FORM)
    if kept is None and case.attached is not None and case.model is not None and case.model.name == folder.name:
        keep(case)
        kept = kept_result(case, ANALYSIS, folder.name, FORM)
    if kept is not None:
        return list(kept.meta["operations"]), kept.meta["reason"]
    chain: list[Operation] = [{"type": "input", "layers": [], "shape": [], "inputs": []}]
    for layer in folder.record.all_layers:
        inputs = [len(chain) - 1]
        chain.append({"type": layer.type, "layers": [layer.name], "shape": list(layer.shape), "inputs": inputs})
    return chain, "it was captured without its graph, and no model is attached"
