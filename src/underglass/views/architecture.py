"""How is the model built? A graph that opens module by module; the Python half."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from underglass.architecture.browsing import browse
from underglass.views.graph_numbers import numbers_of, start_times, times_of, why_not_timed
from underglass.views.kept_graph import kept_graph
from underglass.views.layer_results import model_of
from underglass.views.part_weights import weights
from underglass.views.view import View
from underglass.wire import Card, Job

if TYPE_CHECKING:
    from underglass.case import Case

NO_PYTHON = "times are measured with the model, and an exported page holds none"


def graph(case: Case, *, model: str | None = None) -> dict[str, Any]:
    """The graph as `underglass.architecture.browsing.browse` gives it, or the reason why there is none.

    Returns
    -------
    ``model``; ``problem`` in words or None; ``graph``; ``numbers``: a person's own; ``times``: measured, None if not;
    ``untimed``: why they cannot be measured now, None if they can.
    """
    folder = model_of(case, model)
    found = kept_graph(case, model)
    captured = {layer.name for layer in folder.record.layers}
    layers = {layer.name: layer.name in captured for layer in folder.record.all_layers}
    return {
        "model": folder.name,
        "problem": found.problem or None,
        "graph": browse(found.graph, layers=layers) if found.graph is not None else None,
        "numbers": numbers_of(case, folder.name),
        "times": times_of(case, folder.name),
        "untimed": why_not_timed(case, folder.name),
    }


def measure_times(case: Case, *, instances: int = 8, model: str | None = None) -> Job:
    """Time every operation as a job."""
    return start_times(case, instances=int(instances), model=model)


def kept_answers(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: every model's graph with its numbers and times, for the page lays it out itself."""
    for folder in case.folder.finished:
        yield "graph", {"model": folder.name}, {**graph(case, model=folder.name), "untimed": NO_PYTHON}


VIEW = View(
    name="architecture",
    title="Model graph",
    group="learned",
    question="How is the model built?",
    card=Card(
        why="To see what the model computes, in which order and on which shapes, and where its weights, work and time go.",
        who="People who build the model, who take one over, or who must explain it.",
        what="The operations of one pass over one instance, in the modules they stand in. A box is a module or an operation, "
        "a line is a tensor; its width grows with the logarithm of the tensor's size. Dashed: set aside.",
        how="Double-click or Enter opens a module in its place. Click for its card: inputs, outputs, shapes, share of the work. "
        "Find by a pattern, trace what feeds it, colour by type, structure, parameters, multiply-adds or time. "
        "A captured layer, marked with a dot, opens its units, patterns and projection. "
        "With the model attached, the card shows how each weight of a part is spread.",
        when="Before choosing layers to capture; when a layer in another view says nothing to you.",
        source="Wongsuphasawat et al. 2018, TensorFlow Graph Visualizer. Layout: dagre, after Gansner et al. 1993.",
        limits="One pass: a branch that this instance did not take is not drawn. "
        "A fused kernel may do other work than is counted here.",
    ),
    calls={"graph": graph, "measure_times": measure_times, "weights": weights},
    kept=kept_answers,
    beside=True,
    order=6,
    needs=("activations",),
)
