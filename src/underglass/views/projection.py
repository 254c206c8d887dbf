"""How do the instances spread in a layer? Its activations in the plane, by principal components or UMAP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from underglass.roles import may
from underglass.views.layer_results import Progress, included, model_of
from underglass.views.projection_results import (
    METHODS,
    SAMPLE,
    FoundProjection,
    Settings,
    changes,
    current,
    kept_methods,
    missing_package,
    project,
    resolved,
    restore,
    summaries,
    use,
)
from underglass.views.view import View
from underglass.wire import Card, Job

if TYPE_CHECKING:
    from underglass.case import Case

__all__ = ["VIEW", "FoundProjection", "project"]


def summary(case: Case, layer: str, *, model: str | None = None) -> dict[str, Any]:
    """The current projection of a layer, and what else it can be projected with."""
    folder = model_of(case, model)
    resolved(folder, layer, Settings())
    found = current(case, layer, model=model)
    place = {
        "model": folder.name,
        "layer": layer,
        "instances": case.folder.manifest.instances,
        "included": len(included(case)),
        "methods": [
            {
                "name": name,
                "kept": name in kept_methods(case, layer, model=model),
                "missing": missing_package(name),
                "sample": SAMPLE[name],
            }
            for name in METHODS
        ],
    }
    if found is None:
        return {**place, "state": "missing"}
    low, high = found.coordinates.min(axis=0), found.coordinates.max(axis=0)
    active = case.model is not None and case.model.name == found.model
    end = layer if active else f"{layer}@{found.model}"
    return {
        **place,
        "state": "found",
        "key": found.key,
        "created": found.created,
        "columns": {"x": f"x.{end}", "y": f"y.{end}"},
        "method": found.settings.method,
        "seed": found.settings.seed,
        "part": found.settings.part,
        "n": found.n,
        "units": found.meta["units"],
        "seconds": found.meta["seconds"],
        "trustworthiness": found.trustworthiness,
        "trust_sample": found.meta["trust_sample"],
        "explained": found.explained,
        "extent": [float(low[0]), float(low[1]), float(high[0]), float(high[1])],
        "changed": changes(case, found),
    }


def use_method(case: Case, layer: str, method: str, *, model: str | None = None) -> dict[str, bool]:
    """Show the kept projection by a method, if there is one."""
    return {"used": may("owner") and use(case, layer, {"method": method}, model=model) is not None}


def start(case: Case, layer: str, settings: Mapping[str, Any] | None = None, *, model: str | None = None) -> Job:
    """Project a layer as a job; what cannot be is said at once."""
    folder = model_of(case, model)
    asked = resolved(folder, layer, Settings.read(settings))
    given = {"method": asked.method, "sample": (settings or {}).get("sample", 0), "seed": asked.seed, "part": asked.part}

    def work(progress: Progress) -> dict[str, Any]:
        found = project(case, layer, model=folder.name, progress=progress, **given)
        return {"layer": layer, "key": found.key, "n": found.n}

    name = {"pca": "PCA", "umap": "UMAP"}[asked.method]
    return case.jobs.submit(
        "projection", f"Projecting {layer} by {name}", work, key=f"projection/{folder.name}/{layer}/{asked.method}"
    ).info()


def kept_answers(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: the projection of every layer as it is now."""
    for folder in case.folder.finished:
        for layer in folder.record.layers:
            asked = {"layer": layer.name, "model": folder.name}
            found = summary(case, **asked)
            for method in found["methods"]:
                method["kept"] = method["name"] == found.get("method")
            yield "summary", asked, found


VIEW = View(
    name="projection",
    title="Projection",
    group="learned",
    question="How do the instances spread in a layer?",
    card=Card(
        why="To see at a glance which instances a layer puts near each other, and which stand alone.",
        who="People who build the model. Learners, on the demo.",
        what="Pooled activations of one layer, brought to two dimensions: by principal components, or by UMAP.",
        how="Near points are alike to the layer; how far apart two groups lie means little in UMAP. "
        "Hover names a point, a click opens it, a lasso selects. Colour by any column.",
        when="After capture. Before believing a group, look at its pattern, and at its neighbours in the panel.",
        source="PCA: Pearson 1901. UMAP: McInnes, Healy, Melville 2018. Trustworthiness: Venna and Kaski 2001.",
        limits="A plane cannot keep all distances: trustworthiness says how many of a point's neighbours here "
        "are its neighbours in the layer.",
    ),
    calls={"summary": summary, "use": use_method, "start": start, "summaries": summaries, "restore": restore},
    kept=kept_answers,
    beside=True,
    order=3,
    needs=("activations",),
    props={
        "layer": "a captured layer",
        "method": "pca or umap",
        "colour": "the column that colours the points",
    },
    size=(6, 12),
)
