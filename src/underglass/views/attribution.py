"""Which units make the network say what it says about a subset, and which feed which? The Python half."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.analyses.activation_counts import aggregate_activations
from underglass.analyses.attribution_graph import AttributionGraph
from underglass.analyses.graph_comparison import compare_graphs
from underglass.analyses.summit_files import from_summit, to_summit
from underglass.errors import DataError, LayerError
from underglass.roles import require
from underglass.store.fingerprints import hash_json
from underglass.views import feature_images
from underglass.views.attribution_checks import DRAWS, RANDOM_SETS, ablation, shuffled_control
from underglass.views.attribution_pictures import SHOWN, address, cut_crops, kept_crops, small, strongest, tile
from underglass.views.attribution_results import (
    Measured,
    Settings,
    attribution_graph,
    blocked,
    count,
    kept,
    layers_of,
    measure,
    pooling_of,
    subset_rows,
)
from underglass.views.layer_results import Progress, included, kept_result, model_of
from underglass.views.subset_standing import standing_of
from underglass.views.view import View
from underglass.wire import Card, Job

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder

__all__ = ["VIEW", "attribution_graph"]

IMPORTED = "attribution_import"
FORM = 1
BINS = 24
LARGEST_FILE = 64 << 20
AT_ONCE = 2_000
"""Up to so many instances a graph is measured without being asked for."""
Array = np.ndarray[Any, Any]
Tree = Mapping[str, Any]


PICTURES = {"samples": 4}
"""How feature visualizations of a graph's units are made: four, that differ."""


def choices(case: Case) -> dict[str, Any]:
    """What a graph can be drawn of at once: each class with its instances, right and wrong."""
    rows, labels = included(case), case.labels()[included(case)]
    wrong = (case.predictions()[rows] != labels) if case.model is not None else np.zeros(len(rows), bool)
    classes = case.folder.manifest.classes
    known = labels >= 0
    n = np.bincount(labels[known], minlength=len(classes))
    bad = np.bincount(labels[known & wrong], minlength=len(classes))
    return {
        "classes": [
            {"label": name, "n": int(many), "wrong": int(some)} for name, many, some in zip(classes, n, bad, strict=True)
        ],
        "n": len(rows),
    }


def visualize(case: Case, units: Mapping[str, Sequence[int]], *, model: str | None = None) -> Job:
    """Make pictures that excite the units of a graph, as a job."""
    folder = model_of(case, model)
    why = feature_images.blocked(case, folder)
    if why is not None:
        raise LayerError(why)
    for layer, some in units.items():
        for number in some:
            _check_unit(folder, layer, number)

    def work(progress: Progress) -> dict[str, Any]:
        for layer, some in units.items():
            feature_images.find(case, layer, list(some), settings=PICTURES, model=folder.name, progress=progress)
        return {"units": sum(map(len, units.values()))}

    key = f"visualize/{folder.name}/{hash_json({layer: list(some) for layer, some in units.items()})[:16]}"
    return case.jobs.submit("visualize", f"Pictures for {sum(map(len, units.values()))} units", work, key=key).info()


def summary(
    case: Case, a: Tree, b: Tree | None = None, settings: Mapping[str, Any] | None = None, *, model: str | None = None
) -> dict[str, Any]:
    """The graph of A, or of A and B over each other, as far as it is known without measuring."""
    folder = model_of(case, model)
    asked = Settings.read(settings)
    layers = layers_of(folder, asked)
    why = blocked(case, folder)
    sides = [_known(case, folder, where, asked) for where in (a, b) if where is not None]
    place = {
        "model": folder.name,
        "layers": [_layer(folder, layer) for layer in layers],
        "blocked": why,
        "n": [len(side.rows) for side in sides],
        "standing": [standing_of(case, folder, side.rows) for side in sides],
        "measured": [side.influence is not None for side in sides],
        "sampled": [None if side.influence is None else side.influence.instances for side in sides],
        "included": len(included(case)),
        "at_once": all(len(side.rows) <= AT_ONCE for side in sides),
    }
    if any(not len(side.rows) for side in sides):
        return {**place, "state": "empty"}
    if why is None and any(side.influence is None and _active(side) for side in sides):
        return {**place, "state": "missing"}
    return {**place, "state": "found", **_drawn(case, folder, sides)}


def start(
    case: Case, a: Tree, b: Tree | None = None, settings: Mapping[str, Any] | None = None, *, model: str | None = None
) -> Job:
    """Measure what is not known of A and B, and cut the crops of their units, as a job."""
    folder = model_of(case, model)
    asked = Settings.read(settings)
    layers_of(folder, asked)
    why = blocked(case, folder)
    if why is not None:
        raise LayerError(why)

    def work(progress: Progress) -> dict[str, Any]:
        sides = [measure(case, where, asked, model=folder.name, progress=progress) for where in (a, b) if where is not None]
        cut_crops(case, folder, _units([side.graph() for side in sides]), progress=progress)
        return {"n": [len(side.rows) for side in sides]}

    key = f"attribution/{folder.name}/{hash_json([a, b, dict(settings or {})])[:16]}"
    return case.jobs.submit("attribution", "Measuring influence", work, key=key).info()


def crop(case: Case, units: Mapping[str, Sequence[int]], *, each: int = 1, model: str | None = None) -> Job:
    """Cut what units look at in their strongest instances, as a job."""
    folder = model_of(case, model)
    why = blocked(case, folder)
    if why is not None:
        raise LayerError(why)
    for layer, some in units.items():
        for unit in some:
            _check_unit(folder, layer, unit)

    def work(progress: Progress) -> dict[str, Any]:
        cut_crops(case, folder, units, each=max(1, min(each, SHOWN)), progress=progress)
        return {"units": sum(map(len, units.values()))}

    key = f"crops/{folder.name}/{hash_json([{layer: list(some) for layer, some in units.items()}, each])[:16]}"
    return case.jobs.submit("crops", "Looking for what the units look at", work, key=key).info()


def control(
    case: Case,
    a: Tree,
    b: Tree | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    model: str | None = None,
) -> Job:
    """Shuffle the labels and count again, as a job."""
    folder = model_of(case, model)
    asked = Settings.read(settings)

    def work(progress: Progress) -> dict[str, Any]:
        return shuffled_control(case, folder, a, b, asked, draws=draws, seed=seed, progress=progress)

    key = f"control/{folder.name}/{hash_json([a, b, dict(settings or {}), draws, seed])[:16]}"
    return case.jobs.submit("attribution_control", "Shuffling labels", work, key=key).info()


def ablate(
    case: Case,
    a: Tree,
    settings: Mapping[str, Any] | None = None,
    *,
    draws: int = RANDOM_SETS,
    seed: int = 0,
    model: str | None = None,
) -> Job:
    """Silence the units of A's graph, and as many at random, as a job."""
    folder = model_of(case, model)
    asked = Settings.read(settings)
    why = blocked(case, folder)
    if why is not None:
        raise LayerError(why.replace("which unit feeds which is measured by running the model", "silencing units runs the model"))

    def work(progress: Progress) -> dict[str, Any]:
        measured = measure(case, a, asked, model=folder.name, progress=progress)
        return ablation(case, folder, measured, draws=draws, seed=seed, progress=progress)

    key = f"ablation/{folder.name}/{hash_json([a, dict(settings or {}), draws, seed])[:16]}"
    return case.jobs.submit("attribution_ablation", "Silencing the graph’s units", work, key=key).info()


def unit(
    case: Case, layer: str, unit: int, a: Tree | None = None, b: Tree | None = None, *, model: str | None = None
) -> dict[str, Any]:
    """The card of one unit: strongest instances with crops, name and evidence, activation in A and B, mean by label."""
    folder = model_of(case, model)
    _check_unit(folder, layer, unit)
    found = strongest(case, folder, layer)
    rows = found.rows[unit][:SHOWN]
    labels, predictions = case.labels(), case.predictions()
    classes = case.folder.manifest.classes
    values = folder.activations(layer, pooling_of(folder, layer)).unit(unit).astype(np.float32)
    here = included(case)
    low, high = float(values[here].min()), float(values[here].max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    crops = kept_crops(case, folder, layer, unit)
    pictures = feature_images.kept(case, layer, [unit], settings=PICTURES, model=folder.name)
    by_label: list[dict[str, Any]] = [
        {"label": name, "mean": float(values[mine].mean()), "n": len(mine)}
        for code, name in enumerate(classes)
        if len(mine := here[labels[here] == code])
    ]
    return {
        "layer": layer,
        "unit": unit,
        "rows": rows.tolist(),
        "values": [float(value) for value in found.values[unit][:SHOWN]],
        "wrong": [bool(labels[row] >= 0 and labels[row] != predictions[row]) for row in rows],
        "label": classes[found.names.label[unit]] if found.names.label[unit] >= 0 else None,
        "evidence": found.names.text[unit],
        "p_value": float(found.names.p_value[unit]),
        "pooling": pooling_of(folder, layer),
        "range": [low, high],
        "histograms": [
            np.histogram(values[subset_rows(case, where)], edges)[0].tolist() if where is not None else None for where in (a, b)
        ],
        "by_label": sorted(by_label, key=lambda one: -one["mean"])[:8],
        "labels": len(by_label),
        "crops": None if crops is None else [address(image) for image in crops[2]],
        "made": [address(small(image, 112)) for image in pictures[unit].images] if unit in pictures else [],
        "crop_rows": None if crops is None else [int(row) for row in crops[0]],
        "blocked": blocked(case, folder),
    }


def instances(
    case: Case,
    layer: str,
    unit: int,
    where: Tree | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    model: str | None = None,
) -> dict[str, Any]:
    """The instances, of a subset or of all, in which a unit is among the most active of its layer."""
    folder = model_of(case, model)
    _check_unit(folder, layer, unit)
    asked = Settings.read(settings)
    rows = included(case) if where is None else subset_rows(case, where)
    values = folder.activations(layer, pooling_of(folder, layer)).rows(rows)
    each = aggregate_activations(values, np.arange(len(rows)), mass=asked.active, negative=asked.negative)
    return {"rows": rows[each[:, unit] > 0].tolist() if len(rows) else [], "of": len(rows)}


def export(
    case: Case, a: Tree, settings: Mapping[str, Any] | None = None, *, model: str | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The graph of A as Summit's JSON; what is not measured is not in it."""
    folder = model_of(case, model)
    known = _known(case, folder, a, Settings.read(settings))
    if not len(known.rows):
        raise DataError("no instance matches, so there is no graph to write.")
    return to_summit(known.graph())


def import_file(case: Case, text: str, name: str = "a file", *, model: str | None = None) -> dict[str, str]:
    """Keep a graph of Summit's JSON, if it fits the model; gives the key to show it by.

    Raises
    ------
    DataError
        If it is no such graph, or names a layer or unit that the model does not have.
    """
    require("owner", "put a graph into it")
    folder = model_of(case, model)
    if len(text) > LARGEST_FILE:
        raise DataError(f"{name} is larger than {LARGEST_FILE >> 20} MB: an attribution graph is a few hundred kB.")
    try:
        written = json.loads(text)
    except ValueError as error:
        raise DataError(
            f"{name} is no JSON ({error}); an attribution graph as underglass or Summit write it is needed."
        ) from None
    graph = _read(folder, written, name)
    key = f"{folder.name}/{hash_json(to_summit(graph))[:16]}"
    meta = {"form": FORM, "model": folder.name, "name": name[:200], "graph": to_summit(graph)}
    case.folder.results.put(IMPORTED, key, {}, meta, {"weights": folder.record.weights_hash})
    return {"key": key, "name": name[:200]}


def offer_file(case: Case, text: str, name: str = "a file", *, model: str | None = None) -> dict[str, str]:
    """As `import_file`, but a file that does not fit is an answer: ``{"refused": why}``."""
    try:
        return import_file(case, text, name, model=model)
    except DataError as error:
        return {"refused": str(error)}


def imported(case: Case, key: str) -> dict[str, Any]:
    """A graph that was read from a file, drawn with this case's pictures."""
    stored = kept_result(case, IMPORTED, key, FORM)
    if stored is None:
        raise DataError("the imported graph is not in this case; import its file again.")
    folder = model_of(case, stored.meta["model"])
    graph = _read(folder, stored.meta["graph"], stored.meta["name"])
    drawn = _graphs(case, folder, [graph], [None], [None])
    stale = stored.inputs.get("weights") != folder.record.weights_hash
    return {
        "state": "found",
        "name": stored.meta["name"],
        "model": folder.name,
        "layers": [_layer(folder, layer) for layer in graph.tensors],
        "blocked": blocked(case, folder),
        "n": [0],
        "standing": [],
        "measured": [True],
        "sampled": [None],
        "included": len(included(case)),
        "at_once": False,
        **drawn,
        "messages": [*drawn["messages"], *(["the model has other weights than when this was imported."] if stale else [])],
    }


def _read(folder: ModelFolder, written: Any, name: str) -> AttributionGraph:
    if not isinstance(written, dict) or not written or not all(isinstance(some, list) for some in written.values()):
        raise DataError(f"{name} is no attribution graph: that is an object of layers, each a list of nodes.")
    known = [layer.name for layer in folder.record.layers]
    sizes = {layer.name: layer.units for layer in folder.record.layers}
    order = [layer for layer in known if layer in written] + [layer for layer in written if layer not in sizes]
    try:
        return from_summit(written, order=order, sizes=sizes)
    except (TypeError, AttributeError, ValueError, KeyError) as error:
        raise DataError(f"{name} is no attribution graph as underglass or Summit write it ({error}).") from None


def _known(case: Case, folder: ModelFolder, where: Tree, settings: Settings) -> Measured:
    """What is kept of a subset, or its counts alone."""
    rows = subset_rows(case, where)
    if not len(rows):
        return Measured(rows, {}, None, settings)
    found = kept(case, rows, settings, model=folder.name)
    return Measured(rows, count(case, folder, rows, settings), None, settings) if found is None else found


def _active(side: Measured) -> bool:
    return any(counts.any() for counts in side.counts.values())


def _drawn(case: Case, folder: ModelFolder, sides: Sequence[Measured]) -> dict[str, Any]:
    return _graphs(case, folder, [side.graph() for side in sides], [side.counts for side in sides], [len(s.rows) for s in sides])


def _graphs(
    case: Case,
    folder: ModelFolder,
    graphs: Sequence[AttributionGraph],
    counts: Sequence[Mapping[str, Array] | None],
    sizes: Sequence[int | None],
) -> dict[str, Any]:
    """One graph, or two over each other, in plain JSON."""
    compared = compare_graphs(graphs[0], graphs[1]) if len(graphs) == 2 else None
    side_of: Mapping[Any, str] = compared.nodes if compared else dict.fromkeys(graphs[0].nodes, "a")
    places = [{node: at for at, node in enumerate(graph.nodes)} for graph in graphs]
    nodes = []
    by_layer: dict[str, list[int]] = {}
    for layer, number in side_of:
        by_layer.setdefault(layer, []).append(number)
    made = {
        layer: feature_images.kept(case, layer, some, settings=PICTURES, model=folder.name) for layer, some in by_layer.items()
    }
    for node, side in side_of.items():
        layer, number = node
        picture, cropped = tile(case, folder, layer, number)
        top = strongest(case, folder, layer)
        known = []
        for graph, place, counted in zip(graphs, places, counts, strict=True):
            at = place.get(node)
            has = int(counted[layer][number]) if counted is not None else int(graph.count[at]) if at is not None else 0
            rank = float(graph.rank[at]) if at is not None and np.isfinite(graph.rank[at]) else None
            known.append({"count": has, "rank": rank, "kept": at is not None})
        graph, at = next((graph, place[node]) for graph, place in zip(graphs, places, strict=True) if node in place)
        first = graph.attributed[at]
        nodes.append(
            {
                "id": f"{layer}:{number}",
                "layer": layer,
                "unit": number,
                "side": side,
                "sides": known,
                "picture": picture,
                "cropped": cropped,
                "made": [address(small(image)) for image in made[layer][number].images] if number in made[layer] else [],
                "rows": top.rows[number][:SHOWN].tolist(),
                "label": case.folder.manifest.classes[top.names.label[number]] if top.names.label[number] >= 0 else None,
                "evidence": top.names.text[number],
                "sources": [list(source) for source in first],
            }
        )
    edges: dict[tuple[Any, Any], dict[str, Any]] = {}
    for which, graph in enumerate(graphs):
        for at, (source, target) in enumerate(graph.edges):
            edge = edges.setdefault(
                (source, target),
                {
                    "source": f"{source[0]}:{source[1]}",
                    "target": f"{target[0]}:{target[1]}",
                    "via": graph.edge_via[at],
                    "sides": [None] * len(graphs),
                    "side": compared.edges[source, target] if compared else "a",
                },
            )
            edge["sides"][which] = {"count": int(graph.edge_count[at]), "total": float(graph.edge_total[at])}
    overlap = None
    if compared is not None:
        overlap = {
            "layers": {layer: [one.both, one.only_a, one.only_b] for layer, one in compared.layers.items()},
            "overall": [compared.overall.both, compared.overall.only_a, compared.overall.only_b],
        }
    return {
        "nodes": nodes,
        "edges": list(edges.values()),
        "overlap": overlap,
        "mass": [float(graph.mass) if np.isfinite(graph.mass) else None for graph in graphs],
        "sizes": list(sizes),
        "messages": [
            (f"{'AB'[at]}: " if len(graphs) == 2 else "") + message[:1].upper() + message[1:]
            for at, graph in enumerate(graphs)
            for message in graph.messages
        ],
    }


def _units(graphs: Sequence[AttributionGraph]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for layer, number in dict.fromkeys(node for graph in graphs for node in graph.nodes):
        found.setdefault(layer, []).append(number)
    return found


def _layer(folder: ModelFolder, name: str) -> dict[str, Any]:
    record = folder.record.layer(name)
    assert record is not None
    return {"name": name, "units": record.units, "spatial": len(record.shape) > 1, "type": record.type}


def _check_unit(folder: ModelFolder, layer: str, number: Any) -> None:
    folder.check_layer(layer, folder.record.pooling[0])
    record = folder.record.layer(layer)
    assert record is not None
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < record.units:
        raise LayerError(f"layer {layer!r} has no unit {number}; its units are 0 to {record.units - 1}.")


VIEW = View(
    name="attribution",
    title="Attribution",
    group="learned",
    question="Which units make the network say what it says?",
    card=Card(
        why="To see how a network computes what it says about some instances, and not just what it says.",
        who="People who build the model, and people who must explain it.",
        what="The units that are most active for a subset, layer by layer, and which of them feed which; for two subsets, what "
        "they share. A picture is the part of its strongest instance that the unit looks at.",
        how="Rows are layers, the output on top. Bars under a tile: in how many instances the unit is among the most active. "
        "Lines: the source is among the strongest of its target. Hover a tile or a line; click for the unit’s card.",
        when="When two classes are confused, or a subset fails. Run both checks before telling anybody.",
        source="Hohman et al. 2019, “Summit”; the comparison of two graphs after Das et al. 2020, “Bluff”.",
        limits="Influence is counted, not caused: silence the units to see whether they matter.",
    ),
    alone="measures with the network itself, and only the active model is attached",
    calls={
        "choices": choices,
        "visualize": visualize,
        "summary": summary,
        "start": start,
        "crop": crop,
        "control": control,
        "ablate": ablate,
        "unit": unit,
        "instances": instances,
        "export": export,
        "import_file": import_file,
        "offer_file": offer_file,
        "imported": imported,
    },
    order=5,
    needs=("activations",),
    props={
        "a": "the subset",
        "b": "the subset to compare it with",
        "mass": "share of the activation that a layer's units must carry",
        "weight": "count or total",
        "negative": "relu, shift or abs",
        "layers": "captured layers",
        "least": "influence below is not drawn",
        "across": "distance of units in pixels",
        "down": "distance of layers in pixels",
        "look": "crop or made",
        "unit": "the opened unit, as layer:number",
        "imported": "a graph that was read from a file",
    },
    size=(12, 17),
)
