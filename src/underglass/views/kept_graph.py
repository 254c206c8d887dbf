"""Which graph does a captured model have? Kept with the case at capture, so that it can be looked at without the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from underglass.architecture.graph import ModelGraph
from underglass.errors import UnderglassError
from underglass.views.layer_results import kept_result, model_of

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder

ANALYSIS = "model_graph"
FORM = 2
"""Of what is kept; one of another form is read anew from the model."""
TRIED = 8
"""Instances that may be unreadable before it is given up."""


@dataclass(frozen=True)
class KeptGraph:
    """A captured model's graph, or why there is none.

    Parameters
    ----------
    model : its name in the case.
    graph : None if there is none.
    problem : why; "" if there is one.
    """

    model: str
    graph: ModelGraph | None
    problem: str = ""


def keep(case: Case) -> None:
    """Read the attached model's graph and keep it with the case; where that fails, keep why.

    Nothing is kept if no instance can be read, or for a model whose adapter knows no graph.
    """
    folder, model = case.model, case.attached
    if folder is None or model is None or case.dataset is None or not hasattr(model, "graph"):
        return
    meta: dict[str, object] = {"form": FORM, "model": folder.name, "graph": None, "problem": ""}
    for row in range(min(TRIED, len(case.dataset))):
        try:
            example = case.dataset.load([row])
        except UnderglassError:
            continue
        try:
            meta["graph"] = model.graph(example).as_json()
        except UnderglassError as error:
            meta["problem"] = str(error)
        case.folder.results.put(ANALYSIS, folder.name, {}, meta, {"weights": folder.record.weights_hash})
        return


def kept_graph(case: Case, model: str | None = None) -> KeptGraph:
    """The graph of a captured model: the kept one, else read now from the attached model.

    Raises
    ------
    LayerError
        If no model was captured.
    """
    folder = model_of(case, model)
    kept = kept_result(case, ANALYSIS, folder.name, FORM)
    if kept is None and _is_attached(case, folder):
        keep(case)
        kept = kept_result(case, ANALYSIS, folder.name, FORM)
    if kept is None:
        return KeptGraph(folder.name, None, _why_none(case, folder))
    if kept.meta["graph"] is None:
        return KeptGraph(folder.name, None, kept.meta["problem"])
    try:
        return KeptGraph(folder.name, ModelGraph.from_json(kept.meta["graph"]))
    except ValueError as error:
        return KeptGraph(folder.name, None, f"the graph kept with the case cannot be read: {error}")


def _is_attached(case: Case, folder: ModelFolder) -> bool:
    return case.attached is not None and case.model is not None and case.model.name == folder.name


def _why_none(case: Case, folder: ModelFolder) -> str:
    if not folder.record.all_layers:
        return "its scores came without a model"
    if not _is_attached(case, folder):
        return "it was captured without its graph, and no model is attached"
    if not hasattr(case.attached, "graph"):
        return f"a {type(case.attached).__name__} does not tell its operations"
    return "no instance could be read to run the model on"
