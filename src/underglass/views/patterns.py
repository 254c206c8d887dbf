"""Which instances does a layer treat alike? Patterns of a layer, their members, and what their units do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from underglass.errors import LayerError, unknown
from underglass.roles import may
from underglass.views.layer_results import Progress, included, model_of
from underglass.views.pattern_details import average_size, averages, table, top_units, unit_boxes, unit_maps_of
from underglass.views.pattern_results import (
    FoundPatterns,
    all_current,
    changes,
    column_names,
    current,
    find,
    restore,
    summaries,
    use,
)
from underglass.views.pattern_settings import Settings, resolved
from underglass.views.view import View
from underglass.wire import Card, Job

if TYPE_CHECKING:
    from underglass.case import Case

__all__ = ["VIEW", "FoundPatterns", "find"]

MOST_KEPT_UNITS, KEPT_TOP = 128, 8
"""Of how many units an exported page keeps the strongest instances, and how many of each."""
SECONDS_PER_PAIR = 1.2e-8
"""Spanning tree, one pair of instances at a few hundred units on two cores; only used to say how long it will take."""


def summary(case: Case, layer: str, *, unit: int | None = None, model: str | None = None) -> dict[str, Any]:
    """The current result of a layer, or what it would take to find one."""
    folder = model_of(case, model)
    defaults = resolved(folder, layer, Settings(unit=unit))
    record = folder.record.layer(layer)
    assert record is not None
    place = {
        "model": folder.name,
        "layer": layer,
        "unit": unit,
        "units": record.units,
        "shape": list(record.shape),
        "poolings": list(folder.record.pooling),
        "defaults": defaults.json(),
        "instances": case.folder.manifest.instances,
    }
    found = current(case, layer, unit=unit, model=model)
    if found is None:
        n = min(len(included(case)), defaults.most)
        return {
            **place,
            "state": "missing",
            "seconds": SECONDS_PER_PAIR * n * n,
            "blocked": _blocked(case, layer, unit, folder.name),
        }
    return {
        **place,
        "state": "found",
        "key": found.key,
        "columns": column_names(case, found),
        "settings": found.settings.json(),
        "count": found.count,
        "n": found.n,
        "none": found.none,
        "persistence": [round(float(value), 4) for value in found.persistence],
        "size": found.size.tolist(),
        "seconds": found.meta["seconds"],
        "created": found.created,
        "changed": changes(case, found),
        "advice": found.meta["advice"],
        "components": found.meta["components"],
        "explained": found.meta["explained"],
        "averages": average_size(case, found),
    }


def use_settings(
    case: Case, layer: str, settings: Mapping[str, Any], *, unit: int | None = None, model: str | None = None
) -> dict[str, bool]:
    """Show the kept result with these settings, if there is one."""
    return {"used": may("owner") and use(case, layer, {**settings, "unit": unit}, model=model) is not None}


def start(
    case: Case, layer: str, settings: Mapping[str, Any] | None = None, *, unit: int | None = None, model: str | None = None
) -> Job:
    """Find patterns as a job; what cannot be is said at once."""
    folder = model_of(case, model)
    asked = resolved(folder, layer, Settings.read({**(settings or {}), "unit": unit}))
    blocked = _blocked(case, layer, unit, folder.name)
    if blocked:
        raise LayerError(blocked)
    place = layer if unit is None else f"unit {unit} of {layer}"

    def work(progress: Progress) -> dict[str, Any]:
        found = find(case, layer, model=folder.name, progress=progress, **asked.json())
        return {"layer": layer, "unit": unit, "key": found.key, "count": found.count}

    return case.jobs.submit("patterns", f"Finding patterns of {place}", work, key=f"patterns/{folder.name}/{place}").info()


def capture(case: Case, layer: str) -> Job:
    """Capture a further layer of the attached model as a job; what was captured stays."""
    folder = model_of(case, None)
    model = case.attached
    if model is None:
        raise LayerError(
            f"capturing {layer} needs the model: a case carries no code. "
            f"Attach it: underglass open {case.folder.path.name} --model my_pkg:make"
        )
    if all(one.name != layer for one in folder.record.all_layers):
        raise LayerError(unknown("layer", layer, [one.name for one in folder.record.all_layers]))
    layers = [*(one.name for one in folder.record.layers), layer]

    def work(progress: Progress) -> dict[str, Any]:
        case.capture(model, layers=layers, pooling=folder.record.pooling, factory=folder.record.factory, progress=progress)
        return {"layer": layer}

    return case.jobs.submit("capture", f"Capturing {layer}", work, key=f"capture/{folder.name}/{layer}").info()


def statistics(
    case: Case,
    layer: str,
    patterns: Sequence[int],
    *,
    without_quiet: bool = False,
    unit: int | None = None,
    model: str | None = None,
) -> dict[str, Any]:
    """Unit statistics of some patterns; −1 is none."""
    return unit_boxes(case, _found(case, layer, unit, model), patterns, without_quiet=without_quiet)


def maps(case: Case, layer: str, patterns: Sequence[int], *, unit: int | None = None, model: str | None = None) -> dict[str, Any]:
    """Mean maps of a unit in some patterns; −1 is none."""
    return unit_maps_of(_found(case, layer, unit, model), patterns)


def average_sheet(case: Case, layer: str, *, unit: int | None = None, model: str | None = None) -> bytes:
    """Average images of all patterns, one PNG."""
    return averages(case, _found(case, layer, unit, model))


def top(
    case: Case, layer: str, units: Sequence[int], *, k: int = 8, unit: int | None = None, model: str | None = None
) -> dict[str, Any]:
    """The instances that excite units most."""
    del unit
    return top_units(case, layer, [int(one) for one in units], int(k), model=model)


def known(case: Case) -> list[dict[str, Any]]:
    """The current results of all models' layers, for following instances and comparing patterns."""
    return [
        {
            "model": found.model,
            "layer": found.layer,
            "unit": found.settings.unit,
            "key": found.key,
            "columns": column_names(case, found),
            "count": found.count,
            "n": found.n,
            "none": found.none,
            "size": found.size.tolist(),
            "persistence": [round(float(value), 4) for value in found.persistence],
            "average": [size["width"], size["height"]] if "width" in (size := average_size(case, found)) else None,
        }
        for found in all_current(case)
    ]


def take_away(
    case: Case, layer: str, *, what: str = "instances", format: str = "csv", unit: int | None = None, model: str | None = None
) -> bytes:
    """The patterns as a CSV or Parquet file."""
    return table(case, _found(case, layer, unit, model), what, format)


def _found(case: Case, layer: str, unit: int | None, model: str | None) -> FoundPatterns:
    found = current(case, layer, unit=unit, model=model)
    if found is None:
        raise LayerError(f"no patterns of {layer} were found yet: case.patterns({layer!r}) finds them")
    return found


def _blocked(case: Case, layer: str, unit: int | None, model: str) -> str | None:
    """Why patterns cannot be found now, in words; None if they can."""
    if unit is None:
        return None
    record = case.folder.model(model).record.layer(layer)
    if record is None or len(record.shape) < 2:
        return f"The units of {layer} are single numbers, not maps: the patterns of the whole layer say all there is."
    if case.attached is None or case.dataset is None or case.model is None or case.model.name != model:
        return (
            "A unit's map needs the model: a case carries no code. "
            f"Attach it: underglass open {case.folder.path.name} --model my_pkg:make"
        )
    return None


def kept_answers(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: every layer's patterns with their statistics and average images."""
    yield "known", {}, known(case)
    for folder in case.folder.finished:
        for record in folder.record.layers:
            place: dict[str, Any] = {"layer": record.name, "model": folder.name}
            yield "summary", place, summary(case, record.name, model=folder.name)
            found = current(case, record.name, model=folder.name)
            if found is None:
                continue
            everything = [*range(found.count), -1]
            yield (
                "statistics_of_all",
                {**place, "without_quiet": False},
                statistics(case, record.name, everything, model=folder.name),
            )
            yield "averages", place, average_sheet(case, record.name, model=folder.name)
            if record.units <= MOST_KEPT_UNITS:
                yield "top_of_all", place, top(case, record.name, range(record.units), k=KEPT_TOP, model=folder.name)


VIEW = View(
    name="patterns",
    title="Patterns",
    group="learned",
    question="Which instances does a layer treat alike?",
    card=Card(
        why="To see which instances a layer treats as the same thing, before the labels tell you what they should be.",
        who="People who build the model or must answer for it. Learners, on the demo.",
        what="Pooled activations of one layer, one number a unit and instance, each as a share of the unit's largest.",
        how="Each row is a group that lies dense together. Bars are quartiles of a unit inside the group, the dot is its mean; "
        "the tick is the mean of all. High persistence: the group survives a wide range of densities. "
        "Click a row to select it, pin rows to compare them.",
        when="After capture, before relabelling. Compare two layers to see where classes part.",
        source="Bäuerle, Jönsson, Ropinski: Neural Activation Patterns, 2022, eq. 1 to 3. "
        "Clustering: HDBSCAN, leaf, smallest size 5.",
        limits="A pattern is a density, not a cause: test it with ablation. Above 256 units, PCA to 50 comes first.",
    ),
    calls={
        "summary": summary,
        "use": use_settings,
        "start": start,
        "capture": capture,
        "statistics": statistics,
        "maps": maps,
        "averages": average_sheet,
        "top": top,
        "known": known,
        "table": take_away,
        "summaries": summaries,
        "restore": restore,
    },
    kept=kept_answers,
    beside=True,
    order=0,
    needs=("activations",),
    props={
        "layer": "a captured layer",
        "unit": "the opened unit",
        "mode": "rows, labels, follow or compare",
        "follow": "true follows patterns through the layers",
        "pins": "pinned patterns",
        "settings": "of the search, such as min_size",
        "most": "how many patterns are drawn",
        "topWidth": "width of the most exciting units in pixels",
        "unfolded": "true shows every pattern's members",
        "layout": "compact, rows or full",
        "typical": "how many typical instances, 0 to 24",
        "least": "how many of the least typical, 0 to 24",
        "average": "true shows each pattern's average",
        "statistics": "true shows each pattern's statistics",
        "quiet": "true shows units that are quiet",
        "sort": "persistence, size or wrong",
        "top": "true shows each pattern's strongest units",
    },
    size=(12, 16),
)
