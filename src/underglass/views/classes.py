"""Which classes does a layer treat alike, and how well does the model do on each? The Python half."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.analyses.class_embedding import similarity
from underglass.errors import DataError, LayerError, unknown
from underglass.views.attribution_results import Settings, captured_layers
from underglass.views.class_results import (
    class_counts,
    embedding,
    enough_for_umap,
    kept_methods,
    standing,
)
from underglass.views.layer_results import Progress, included, model_of
from underglass.views.view import View
from underglass.wire import Card, Job

if TYPE_CHECKING:
    from underglass.case import Case

METHODS = ("pca", "umap")


def summary(
    case: Case, method: str = "pca", settings: Mapping[str, Any] | None = None, *, model: str | None = None
) -> dict[str, Any]:
    """Every class's standing and its place in every layer; null where it has no instance."""
    folder = model_of(case, model)
    asked = Settings.read(settings)
    if method not in METHODS:
        raise DataError(unknown("method", method, METHODS))
    kept = kept_methods(case, folder, asked)
    used = method if method in kept else "pca"
    places = embedding(case, asked, used, model=folder.name)
    return {
        "model": folder.name,
        "n": len(included(case)),
        "unlabelled": int((case.labels()[included(case)] < 0).sum()),
        "layers": [
            {"name": layer, "units": getattr(folder.record.layer(layer), "units", 0)} for layer in captured_layers(folder, asked)
        ],
        "classes": standing(case, folder),
        "places": {layer: _plain(xy) for layer, xy in places.items()},
        "method": used,
        "methods": [
            {
                "name": name,
                "kept": name in kept,
                "missing": None
                if name == "pca"
                else "UMAP is not installed: pip install 'underglass[umap]'"
                if find_spec("umap") is None
                else None
                if enough_for_umap(case)
                else "UMAP needs 16 classes with instances; there are fewer here.",
            }
            for name in METHODS
        ],
    }


def alike(
    case: Case, layer: str, code: int, settings: Mapping[str, Any] | None = None, *, model: str | None = None
) -> list[float | None]:
    """Cosine of each class's counts to those of one class, 0..1; null where either has no active unit."""
    folder = model_of(case, model)
    counts = class_counts(case, folder, Settings.read(settings))
    if layer not in counts:
        raise LayerError(unknown("layer", layer, counts))
    return [float(one) if np.isfinite(one) else None for one in similarity(counts[layer], code)]


def start(case: Case, method: str = "umap", settings: Mapping[str, Any] | None = None, *, model: str | None = None) -> Job:
    """Lay the classes out, as a job."""
    folder = model_of(case, model)
    asked = Settings.read(settings)
    if method not in METHODS:
        raise DataError(unknown("method", method, METHODS))

    def work(progress: Progress) -> dict[str, Any]:
        found = embedding(case, asked, method, model=folder.name, progress=progress)
        return {"layers": list(found)}

    return case.jobs.submit(
        "classes", f"Laying out the classes by {method.upper()}", work, key=f"classes/{folder.name}/{method}"
    ).info()


def _plain(places: Any) -> list[list[float] | None]:
    return [[float(x), float(y)] if np.isfinite(x) and np.isfinite(y) else None for x, y in np.asarray(places)]


def kept_answers(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: of every model the standing of each class, its place and its likeness in every layer."""
    for name in (folder.name for folder in case.folder.finished if folder.record.layers):
        found = summary(case, model=name)
        for method in METHODS:
            answer = found if method == found["method"] else summary(case, method, model=name)
            if answer["method"] == method:
                yield "summary", {"method": method, "model": name}, answer
        for layer in found["layers"]:
            for code in range(len(found["classes"])):
                asked = {"layer": layer["name"], "code": code, "model": name}
                yield "alike", asked, alike(case, layer["name"], code, model=name)


VIEW = View(
    name="classes",
    title="Classes",
    group="learned",
    question="Which classes does a layer treat alike?",
    card=Card(
        why="To find classes that the network sees alike, and where it learns to part them.",
        who="People who build the model, and learners.",
        what="A point for each class, by how often each unit is among the most active for its instances. Each layer is laid out "
        "as near to the layer before as it can be, so that what moves has changed.",
        how="Near points are alike to the layer. Pick a layer above; pick a class to rank the others by likeness.",
        when="Before looking at one class’s graph: to choose what to compare it with.",
        source="Hohman et al. 2019, “Summit”, section 7.1.",
        limits="Accuracy is over the instances of this case. Classes of few instances have unsteady places.",
    ),
    calls={"summary": summary, "alike": alike, "start": start},
    kept=kept_answers,
    beside=True,
    order=4,
    needs=("activations", "labels"),
    props={
        "layer": "a captured layer",
        "method": "pca or umap",
        "class": "the picked class",
        "order": "best, worst or alike",
    },
    size=(12, 14),
)
