"""Which weights are in a part of a model's graph, and how are their numbers spread? Read from the attached model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from underglass.analyses.weight_summary import summarise_weight
from underglass.architecture.graph import ModelGraph, Operation
from underglass.architecture.hierarchy import build_hierarchy
from underglass.errors import LayerError, unknown
from underglass.views.kept_graph import kept_graph
from underglass.views.layer_results import how_to_attach, model_of

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.models.weights import Weight

SHOWN = 12
"""Weights whose numbers are read at once; a part with more says how many follow."""


def weights(case: Case, *, parts: Sequence[str], start: int = 0, model: str | None = None) -> dict[str, Any]:
    """The weights inside parts of the graph, in order of execution.

    Parameters
    ----------
    parts : ids, such as those of the members of a series.
    start : how many to pass over.

    Returns
    -------
    ``problem`` in words, None without; ``total``: how many weights there are; ``step``: how many are told at once;
    ``weights``: with ``name, operation, shape, kind, trained`` and ``summary``, None where the numbers cannot be read.

    Raises
    ------
    LayerError
        For a part that is not in the graph.
    """
    folder = model_of(case, model)
    problem = why_no_weights(case, folder.name)
    found = kept_graph(case, model)
    if problem is not None or found.graph is None:
        return {"problem": problem or found.problem, "total": 0, "step": SHOWN, "weights": []}
    operations = operations_in(found.graph, parts)
    held: list[Weight] = case.attached.weights_in(operations)  # type: ignore[union-attr]
    if not held and any(one.parameters for one in operations):
        problem = "which of the model's weights it takes was not written down when its graph was kept; capture the model again"
    shown = held[max(0, int(start)) :][:SHOWN]
    return {"problem": problem, "total": len(held), "step": SHOWN, "weights": [_told(one) for one in shown]}


def why_no_weights(case: Case, model: str) -> str | None:
    """Why the numbers of a model's weights cannot be read now, None if they can."""
    if case.attached is None or case.model is None or case.model.name != model:
        return f"the model is not attached: {how_to_attach(case, case.folder.model(model))}"
    if not hasattr(case.attached, "weights_in"):
        return f"a {type(case.attached).__name__} does not tell its weights"
    return None


def operations_in(graph: ModelGraph, parts: Sequence[str]) -> list[Operation]:
    """The operations inside parts of a graph, in order of execution.

    Raises
    ------
    LayerError
        For a part that is not in the graph; says the nearest.
    """
    hierarchy = build_hierarchy(graph)
    places = {part.id: at for at, part in enumerate(hierarchy.parts)}
    inside: set[int] = set()
    for name in parts:
        if name not in places:
            raise LayerError(unknown("part of the graph", name, sorted(places)))
        waiting = [places[name]]
        while waiting:
            part = hierarchy.parts[at := waiting.pop()]
            if part.operation is not None:
                inside.add(at)
            waiting += part.children
    return [one for at, one in enumerate(graph.operations) if at in inside]


def _told(weight: Weight) -> dict[str, Any]:
    values = weight.read()
    summary = summarise_weight(values) if values is not None else None
    return {
        "name": weight.name,
        "operation": weight.operation,
        "shape": list(weight.shape),
        "kind": weight.kind,
        "trained": weight.trained,
        "summary": summary
        and {
            **{key: getattr(summary, key) for key in ("count", "finite", "zeros", "mean", "deviation", "low", "high")},
            "bins": list(summary.bins),
        },
    }
