"""Which numbers can a model's graph be coloured by? A person's own, and measured times; kept with the case."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from underglass.architecture.hierarchy import build_hierarchy
from underglass.errors import DataError, ModelError, unknown
from underglass.store.fingerprints import hash_json
from underglass.views.kept_graph import kept_graph
from underglass.views.layer_results import Progress, how_to_attach, kept_result, model_of
from underglass.wire import Job

if TYPE_CHECKING:
    from underglass.case import Case

NUMBERS, TIMES = "graph_numbers", "operation_times"
FORM = 1
INSIDE = ("sum", "mean", "max", "none")
TIMED = 8
"""Instances that are timed as one batch."""


def add_numbers(
    case: Case, name: str, values: Mapping[str, float | None], *, unit: str = "", inside: str = "sum", model: str | None = None
) -> int:
    """Keep numbers for the parts of a model's graph, so that the graph can be coloured by them.

    Parameters
    ----------
    name : what the numbers are, such as "latency on the phone"; numbers of that name are replaced.
    values : module path or operation id → number; None or NaN where there is none.
    unit : such as "ms".
    inside : what a module shows that has no number of its own: the sum, mean or max of what is in it, or none.
    model : a captured model; the active one by default.

    Returns
    -------
    How many numbers were kept.

    Raises
    ------
    DataError
        For a name that is no part of the graph (the nearest is said), no number at all, or a value that is none.
    ModelError
        If there is no graph.
    """
    folder = model_of(case, model)
    found = kept_graph(case, model)
    if found.graph is None:
        raise ModelError(f"{folder.name!r} has no graph to put numbers on: {found.problem}.")
    if not name.strip():
        raise DataError("the numbers need a name, such as 'latency on the phone'.")
    if inside not in INSIDE:
        raise DataError(unknown("way to sum up a module", inside, INSIDE))
    known = {part.id for part in build_hierarchy(found.graph).parts}
    kept: dict[str, float] = {}
    for part, value in values.items():
        if part not in known:
            raise DataError(unknown("part of the graph", str(part), sorted(known)))
        if value is None:
            continue
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise DataError(f"{part!r} has the value {value!r}; a number is needed, or None where there is none.") from error
        if math.isinf(number):
            raise DataError(f"{part!r} has the value {number}; a finite number is needed, or None where there is none.")
        if not math.isnan(number):
            kept[part] = number
    if not kept:
        raise DataError(f"{name!r} holds no number.")
    key = hash_json([folder.name, name.strip()])
    meta = {"form": FORM, "model": folder.name, "name": name.strip(), "unit": unit, "inside": inside, "values": kept}
    case.folder.results.put(NUMBERS, key, {}, meta, {})
    case.changed()
    return len(kept)


def drop_numbers(case: Case, name: str, *, model: str | None = None) -> None:
    """Take a person's numbers away again."""
    case.folder.results.drop(NUMBERS, hash_json([model_of(case, model).name, name.strip()]))
    case.changed()


def numbers_of(case: Case, model: str) -> list[dict[str, Any]]:
    """A person's numbers on a model's graph, oldest first."""
    found = [kept_result(case, NUMBERS, key, FORM) for key in case.folder.results.list(NUMBERS)]
    return [
        {key: kept.meta[key] for key in ("name", "unit", "inside", "values")}
        for kept in found
        if kept is not None and kept.meta["model"] == model
    ]


def times_of(case: Case, model: str) -> dict[str, Any] | None:
    """Measured times of a model's operations, None if they were not measured."""
    kept = kept_result(case, TIMES, model, FORM)
    return None if kept is None else {**kept.meta, "created": kept.created}


def why_not_timed(case: Case, model: str) -> str | None:
    """Why the operations cannot be timed now, None if they can."""
    if case.attached is None or case.model is None or case.model.name != model:
        return f"the model is not attached: {how_to_attach(case, case.folder.model(model))}"
    if not hasattr(case.attached, "times"):
        return f"the operations of a {type(case.attached).__name__} cannot be timed one by one"
    return None


def start_times(case: Case, *, instances: int = TIMED, model: str | None = None) -> Job:
    """Time every operation as a job.

    Raises
    ------
    ModelError
        Without the model.
    """
    folder = model_of(case, model)
    problem = why_not_timed(case, folder.name)
    if problem is not None:
        raise ModelError(f"times cannot be measured: {problem}.")
    if not 1 <= instances <= 1024:
        raise DataError(f"1 to 1,024 instances are timed as one batch; got {instances}.")

    def work(progress: Progress) -> dict[str, Any]:
        from underglass.probes.operation_times import operation_times

        assert case.dataset is not None
        rows = list(range(min(instances, len(case.dataset))))
        found = operation_times(case.attached, case.dataset.load(rows), progress=progress)
        meta = {
            "form": FORM,
            "model": folder.name,
            "seconds": found.seconds,
            "spread": found.spread,
            "whole": found.whole,
            "instances": found.instances,
            "passes": found.passes,
            "threads": found.threads,
            "device": found.device,
        }
        case.folder.results.put(TIMES, folder.name, {}, meta, {"weights": folder.record.weights_hash})
        case.changed()
        return {"model": folder.name, "whole": found.whole}

    return case.jobs.submit("times", f"Timing the operations of {folder.name}", work, key=f"times/{folder.name}").info()
