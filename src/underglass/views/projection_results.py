"""Where do a layer's instances lie in the plane, does that still hold, and how is it computed anew?

Glue between the pure analysis and a case, as for patterns: looked up by the hashes of what it rests on, else computed with
progress, kept, and served as the columns ``x.<layer>`` and ``y.<layer>``. The newest projection of a layer is its current one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import DataError, LayerError, needs, unknown
from underglass.store.fingerprints import hash_array, hash_json
from underglass.views.instance_sample import own_rows
from underglass.views.layer_results import (
    Progress,
    drop_oldest,
    in_words,
    included,
    kept_result,
    kept_results,
    model_of,
    newest_key,
)
from underglass.wire import ProjectionInfo

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.serving import Serving
    from underglass.store import ModelFolder
    from underglass.store.results import StoredResult

ANALYSIS = "projection"
FORM = 1
"""Of what is kept; a result of another form is computed anew."""
METHODS = ("pca", "umap")
KEPT = 6
SAMPLE = {"pca": 1_000_000, "umap": 10_000}
"""Above so many instances a sample is projected, in the classes' proportions."""
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Settings:
    """How a layer is projected.

    Parameters
    ----------
    method : "pca" or "umap".
    sample : most instances that are projected; 0 takes the method's own limit.
    seed : of the method and of the sample.
    part : pooling; empty takes "mean", else the first captured.
    """

    method: str = "pca"
    sample: int = 0
    seed: int = 0
    part: str = ""

    @classmethod
    def read(cls, values: Mapping[str, Any] | None) -> Settings:
        """Settings from plain JSON.

        Raises
        ------
        DataError
            If a setting is unknown or of the wrong type.
        """
        known = {field.name: field.type for field in fields(cls)}
        for name, value in (values or {}).items():
            if name not in known:
                raise DataError(unknown("setting", name, known))
            if not isinstance(value, str if known[name] == "str" else int) or isinstance(value, bool):
                raise DataError(f"setting {name!r} cannot be {value!r}.")
        found = cls(**(values or {}))
        if found.method not in METHODS:
            raise DataError(unknown("method", found.method, METHODS))
        if found.sample < 0:
            raise DataError(f"sample must be 0 (the method's own limit) or a number of instances; got {found.sample}.")
        return found


@dataclass(frozen=True)
class FoundProjection:
    """One layer's instances in the plane.

    Attributes
    ----------
    rows : (projected,) int32, ascending.
    coordinates : (projected, 2) float32.
    trustworthiness : 0–1, how many of the neighbours in the plane are neighbours in the layer; None if it was not computed.
    explained : share of variance along each of the two axes; None where the method has none.
    meta : counts and seconds, in plain JSON.
    """

    key: str
    model: str
    layer: str
    settings: Settings
    rows: Array
    coordinates: Array
    trustworthiness: float | None
    explained: tuple[float, float] | None
    meta: Mapping[str, Any]
    inputs: Mapping[str, str]
    created: str

    def __repr__(self) -> str:
        trust = "" if self.trustworthiness is None else f", trustworthiness {self.trustworthiness:.2f}"
        return f"<projection of {self.layer}: {self.n:,} instances by {self.settings.method}{trust}>"

    @property
    def n(self) -> int:
        """How many instances were projected."""
        return len(self.rows)


def project(
    case: Case, layer: str, *, model: str | None = None, progress: Progress | None = None, **settings: Any
) -> FoundProjection:
    """A layer's instances in the plane: looked up if that still holds, else computed, kept and served.

    Parameters
    ----------
    case : Case
        Where to look and to keep.
    layer : str
        A captured layer.
    model : str
        A captured model, the active one if None.
    progress : callable
        Told (done, total, stage); may raise to cancel.
    **settings : dict
        Fields of `Settings`.

    Raises
    ------
    LayerError
        If the layer or the pooling was not captured.
    NotInstalled
        If the method's package is missing.
    """
    folder = model_of(case, model)
    asked = resolved(folder, layer, Settings.read(settings))
    inputs = _inputs(folder, layer, asked, included(case))
    key = _key(folder.name, layer, asked)
    kept = kept_result(case, ANALYSIS, key, FORM)
    if kept is not None and not case.folder.results.stale(ANALYSIS, key, inputs):
        return _made_current(case, _read(kept))
    found = _put(case, _computed(case, folder, layer, asked, progress))
    publish(case, found)
    return found


def use(case: Case, layer: str, settings: Mapping[str, Any] | None, *, model: str | None = None) -> FoundProjection | None:
    """Make a kept projection with these settings the current one; None if there is none."""
    folder = model_of(case, model)
    kept = kept_result(case, ANALYSIS, _key(folder.name, layer, resolved(folder, layer, Settings.read(settings))), FORM)
    return None if kept is None else _made_current(case, _read(kept))


def current(case: Case, layer: str, *, model: str | None = None) -> FoundProjection | None:
    """The projection that a layer's columns show, stale or not; None if there is none."""
    folder = model_of(case, model)
    kept = kept_result(case, ANALYSIS, newest_key(case, ANALYSIS, f"{folder.name}/{layer}"), FORM)
    return None if kept is None else _read(kept)


def kept_methods(case: Case, layer: str, *, model: str | None = None) -> list[str]:
    """Methods that a layer was projected with, those at hand without waiting."""
    folder = model_of(case, model)
    found = {
        key.rsplit("/", 1)[1].split(" ")[0]
        for key in case.folder.results.list(ANALYSIS)
        if key.startswith(f"{folder.name}/{layer}/")
    }
    return [method for method in METHODS if method in found]


def changes(case: Case, found: FoundProjection) -> list[str]:
    """What has changed since, in words; empty while it holds."""
    folder = model_of(case, found.model)
    try:
        now = _inputs(folder, found.layer, found.settings, included(case))
    except LayerError:
        return [f"{found.layer} was captured again"]
    return in_words(case, found.layer, case.folder.results.stale(ANALYSIS, found.key, now), int(found.meta["included"]))


def publish(case: Case, found: FoundProjection, serving: Serving | None = None) -> None:
    """Serve the coordinates as columns and tell who listens; an instance outside the sample has none."""
    active = case.model is not None and case.model.name == found.model
    end = found.layer if active else f"{found.layer}@{found.model}"
    arrays = {f"x.{end}": np.asarray(found.coordinates[:, 0]), f"y.{end}": np.asarray(found.coordinates[:, 1])}
    (case.serving if serving is None else serving).add_columns(arrays, rows=np.asarray(found.rows, np.int32))
    if serving is None:
        case.changed()


def restore(case: Case, serving: Serving) -> None:
    """Serve the coordinates of every current projection; called while a case is opened."""
    for found in _all_current(case):
        publish(case, found, serving)


def summaries(case: Case) -> list[ProjectionInfo]:
    """The current projections of the active model's layers."""
    return [
        ProjectionInfo(
            layer=found.layer, key=found.key, method=found.settings.method, n=found.n, trustworthiness=found.trustworthiness
        )
        for found in _all_current(case)
        if case.model is not None and found.model == case.model.name
    ]


def resolved(folder: ModelFolder, layer: str, settings: Settings) -> Settings:
    """Settings with pooling and sample put in, and checked against what was captured."""
    captured = folder.record.pooling
    part = settings.part or ("mean" if "mean" in captured else captured[0])
    folder.check_layer(layer, part)
    return replace(settings, part=part, sample=settings.sample or SAMPLE[settings.method])


def missing_package(method: str) -> str | None:
    """What to install for a method, None if it is there."""
    return str(needs("umap-learn", "umap")) if method == "umap" and find_spec("umap") is None else None


def _computed(case: Case, folder: ModelFolder, layer: str, settings: Settings, progress: Progress | None) -> FoundProjection:
    from underglass.analyses.projection import project as projected
    from underglass.analyses.sampling import stratified

    started = time.perf_counter()
    rows = included(case)
    chosen = rows
    if len(rows) > settings.sample:
        drawn = rows[stratified(case.labels()[rows], settings.sample, seed=settings.seed)]
        chosen = np.union1d(drawn, np.intersect1d(own_rows(case), rows)).astype(rows.dtype)
    if len(chosen) < 3:
        raise DataError(f"too few instances to spread in the plane: {len(chosen)}, at least 3 are needed.")
    if progress is not None:
        progress(0, 1, "reading activations")
    array = folder.activations(layer, settings.part).rows(chosen)
    finite = np.isfinite(array.sum(axis=1, dtype=np.float64))
    chosen, array = chosen[finite], array[finite]
    found = projected(array, method=settings.method, seed=settings.seed, progress=progress)
    coordinates = np.asarray(found.coordinates, np.float32)
    return FoundProjection(
        key=_key(folder.name, layer, settings),
        model=folder.name,
        layer=layer,
        settings=settings,
        rows=chosen.astype(np.int32),
        coordinates=coordinates,
        trustworthiness=float(found.trustworthiness) if np.isfinite(found.trustworthiness) else None,
        explained=None if found.explained is None else (float(found.explained[0]), float(found.explained[1])),
        meta={
            "model": folder.name,
            "layer": layer,
            "settings": asdict(settings),
            "included": len(rows),
            "units": array.shape[1],
            "trust_sample": len(found.trust_rows),
            "seconds": round(time.perf_counter() - started, 3),
        },
        inputs=_inputs(folder, layer, settings, rows),
        created="",
    )


def _inputs(folder: ModelFolder, layer: str, settings: Settings, rows: Array) -> dict[str, str]:
    return {"instances": hash_array(rows), f"{layer}, {settings.part}": folder.hash(layer, settings.part)}


def _key(model: str, layer: str, settings: Settings) -> str:
    return f"{model}/{layer}/{settings.method} {hash_json(asdict(settings))[:12]}"


def _made_current(case: Case, found: FoundProjection) -> FoundProjection:
    if newest_key(case, ANALYSIS, f"{found.model}/{found.layer}") != found.key:
        found = _put(case, found)
        publish(case, found)
    return found


def _put(case: Case, found: FoundProjection) -> FoundProjection:
    meta = {
        "form": FORM,
        **found.meta,
        "trustworthiness": found.trustworthiness,
        "explained": None if found.explained is None else list(found.explained),
    }
    arrays = {"rows": np.asarray(found.rows), "coordinates": np.asarray(found.coordinates)}
    stored = case.folder.results.put(ANALYSIS, found.key, arrays, meta, found.inputs)
    drop_oldest(case, ANALYSIS, f"{found.model}/{found.layer}", KEPT)
    return _read(stored)


def _read(stored: StoredResult) -> FoundProjection:
    meta = stored.meta
    return FoundProjection(
        key=stored.key,
        model=meta["model"],
        layer=meta["layer"],
        settings=Settings.read(meta["settings"]),
        rows=stored.arrays["rows"],
        coordinates=stored.arrays["coordinates"],
        trustworthiness=meta["trustworthiness"],
        explained=None if meta["explained"] is None else (meta["explained"][0], meta["explained"][1]),
        meta=meta,
        inputs=stored.inputs,
        created=stored.created,
    )


def _all_current(case: Case) -> Iterator[FoundProjection]:
    for kept in kept_results(case, ANALYSIS, FORM):
        found = _read(kept)
        if case.folder.model(found.model).record.layer(found.layer) is not None:
            yield found
