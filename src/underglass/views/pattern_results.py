"""Which patterns were found in a layer, do they still hold, and how are they found anew?

Glue between the pure analysis and a case: it looks a result up by the hashes of what it rests on, computes it with
progress where there is none, keeps it, and serves its columns. The newest result of a layer is its current one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import DataError, LayerError
from underglass.store.fingerprints import hash_array, hash_json
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
from underglass.views.pattern_settings import Settings, resolved
from underglass.views.unit_maps import mean_maps, unit_maps
from underglass.wire import PatternsInfo

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.serving import Serving
    from underglass.store import ModelFolder
    from underglass.store.results import StoredResult

ANALYSIS = "patterns"
FORM = 2
"""Of what is kept; a result of another form is found anew."""
KEPT = 8
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class FoundPatterns:
    """The patterns of one layer (or of one unit of it) in one case.

    Attributes
    ----------
    rows : (clustered,) int32, ascending; the instances that were looked at.
    labels : (clustered,) int32, each one's pattern, −1 for none.
    probability, outlier_score : (clustered,) float32, 0–1, as in `analyses.Patterns`.
    persistence : (patterns,) float32, descending; size : (patterns,) int32.
    maps : (patterns + 1, …space) float32, the unit's mean map in each pattern and, last, in none; None for a layer.
    meta : counts, seconds, advice, in plain JSON.
    inputs : hash by name of what it rests on.
    """

    key: str
    model: str
    layer: str
    settings: Settings
    rows: Array
    labels: Array
    probability: Array
    outlier_score: Array
    persistence: Array
    size: Array
    maps: Array | None
    meta: Mapping[str, Any]
    inputs: Mapping[str, str]
    created: str

    def __repr__(self) -> str:
        return f"<{self.count:,} patterns of {self.layer}: {self.n:,} instances, {self.none:,} of them in none>"

    @property
    def count(self) -> int:
        """How many patterns."""
        return len(self.size)

    @property
    def n(self) -> int:
        """How many instances were clustered."""
        return len(self.rows)

    @property
    def none(self) -> int:
        """How many of them are in no pattern."""
        return int((self.labels < 0).sum())

    def members(self, pattern: int) -> Array:
        """Rows of one pattern, the most typical first; of none (−1), the most outlying first. int32."""
        if not -1 <= pattern < self.count:
            raise DataError(f"no pattern {pattern} of {self.layer}; there are {self.count}, numbered from 0.")
        here = np.flatnonzero(self.labels == pattern)
        rank = self.probability if pattern >= 0 else self.outlier_score
        return self.rows[here[np.lexsort((self.rows[here], -rank[here]))]].astype(np.int32)


def find(case: Case, layer: str, *, model: str | None = None, progress: Progress | None = None, **settings: Any) -> FoundPatterns:
    """The patterns of a layer with these settings: looked up if they still hold, else found, kept and served.

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
        If the layer or a pooling was not captured, or a unit's map was asked of a layer without one.
    DataError
        If a setting cannot be, or there are too few instances.
    """
    folder = model_of(case, model)
    asked = resolved(folder, layer, Settings.read(settings))
    inputs = inputs_of(folder, layer, asked, included(case))
    key = key_of(folder.name, layer, asked)
    kept = kept_result(case, ANALYSIS, key, FORM)
    if kept is not None and not case.folder.results.stale(ANALYSIS, key, inputs):
        return _made_current(case, _read(kept))
    found = _put(case, _search(case, folder, layer, asked, progress))
    publish(case, found)
    return found


def current(case: Case, layer: str, *, unit: int | None = None, model: str | None = None) -> FoundPatterns | None:
    """The result that a layer's column shows, stale or not; None if there is none."""
    folder = model_of(case, model)
    kept = kept_result(case, ANALYSIS, newest_key(case, ANALYSIS, _place(folder.name, layer, unit)), FORM)
    return None if kept is None else _read(kept)


def changes(case: Case, found: FoundPatterns) -> list[str]:
    """What has changed since patterns were found, in words; empty while they hold."""
    folder = model_of(case, found.model)
    if folder.record.layer(found.layer) is None:
        return [f"{found.layer} is no longer captured"]
    try:
        now = inputs_of(folder, found.layer, found.settings, included(case))
    except LayerError:
        return [f"{found.layer} was captured again, with other poolings"]
    return in_words(case, found.layer, case.folder.results.stale(ANALYSIS, found.key, now), int(found.meta["included"]))


def use(case: Case, layer: str, settings: Mapping[str, Any] | None, *, model: str | None = None) -> FoundPatterns | None:
    """Make a kept result with these settings the current one; None if there is none."""
    folder = model_of(case, model)
    asked = resolved(folder, layer, Settings.read(settings))
    kept = kept_result(case, ANALYSIS, key_of(folder.name, layer, asked), FORM)
    return None if kept is None else _made_current(case, _read(kept))


def column_names(case: Case, found: FoundPatterns) -> dict[str, str]:
    """The served columns of a result by their meaning: pattern, stability, outlier."""
    place = found.layer if found.settings.unit is None else f"{found.layer}:{found.settings.unit}"
    active = case.model is not None and case.model.name == found.model
    end = place if active else f"{place}@{found.model}"
    return {kind: f"{kind}.{end}" for kind in ("pattern", "stability", "outlier")}


def publish(case: Case, found: FoundPatterns, serving: Serving | None = None) -> None:
    """Serve a result's columns and tell who listens; an instance that was not clustered has no value in them."""
    names = column_names(case, found)
    arrays = {
        names["pattern"]: np.asarray(found.labels, np.int32),
        names["stability"]: np.asarray(found.probability, np.float32),
        names["outlier"]: np.asarray(found.outlier_score, np.float32),
    }
    (case.serving if serving is None else serving).add_columns(arrays, rows=np.asarray(found.rows, np.int32))
    if serving is None:
        case.changed()


def restore(case: Case, serving: Serving) -> None:
    """Serve the columns of every current result; called while a case is opened."""
    for found in all_current(case):
        publish(case, found, serving)


def summaries(case: Case) -> list[PatternsInfo]:
    """The current results of all models' layers, as the strip of layers shows them."""
    return [
        PatternsInfo(
            model=found.model,
            layer=found.layer,
            key=found.key,
            count=found.count,
            none_share=found.none / max(1, found.n),
            n=found.n,
            settings=found.settings.json(),
        )
        for found in all_current(case)
        if found.settings.unit is None
    ]


def inputs_of(folder: ModelFolder, layer: str, settings: Settings, rows: Array) -> dict[str, str]:
    """Hash by name of all that a result rests on."""
    inputs = {"instances": hash_array(rows)}
    if settings.unit is not None:
        return {**inputs, "weights": folder.record.weights_hash}
    return {**inputs, **{f"{layer}, {part}": folder.hash(layer, part) for part in settings.parts}}


def key_of(model: str, layer: str, settings: Settings) -> str:
    """Name of a result in the store."""
    return f"{_place(model, layer, settings.unit)}/{hash_json(settings.json())[:12]}"


def activations_of(folder: ModelFolder, layer: str, parts: Sequence[str], rows: Array) -> Array:
    """(rows, units) of one part or (rows, parts, units) of several, float32."""
    pieces = [folder.activations(layer, part).rows(rows) for part in parts]
    return pieces[0] if len(pieces) == 1 else np.stack(pieces, axis=1)


def _search(case: Case, folder: ModelFolder, layer: str, settings: Settings, progress: Progress | None) -> FoundPatterns:
    from underglass.analyses.patterns import find_patterns
    from underglass.analyses.sampling import stratified

    rows = included(case)
    started = time.perf_counter()
    chosen = rows[stratified(case.labels()[rows], settings.most)] if len(rows) > settings.most else rows
    maps = None
    if settings.unit is None:
        array = activations_of(folder, layer, settings.parts, chosen)
    else:
        maps = unit_maps(case, layer, settings.unit, chosen, model=folder.name, progress=progress)
        array = maps.reshape(len(maps), -1)
    finite = np.isfinite(array.reshape(len(array), -1).sum(axis=1, dtype=np.float64)) if len(array) else np.zeros(0, bool)
    chosen, array = chosen[finite], array[finite]
    result = find_patterns(
        array,
        parts=settings.parts or ("mean",),
        min_size=settings.min_size,
        min_samples=settings.min_samples,
        epsilon=settings.epsilon,
        selection=settings.selection,
        normalize_units=settings.normalize_units and maps is None,
        reduce=settings.reduce,
        progress=progress,
    )
    meta = {
        "model": folder.name,
        "layer": layer,
        "settings": settings.json(),
        "included": len(rows),
        "unread": int((~finite).sum()),
        "units": array.shape[-1],
        "components": result.settings.components,
        "explained": result.settings.explained,
        "advice": result.advice,
        "seconds": round(time.perf_counter() - started, 3),
    }
    return FoundPatterns(
        key=key_of(folder.name, layer, settings),
        model=folder.name,
        layer=layer,
        settings=settings,
        rows=chosen.astype(np.int32),
        labels=result.labels,
        probability=result.probability,
        outlier_score=result.outlier_score,
        persistence=result.persistence,
        size=result.size,
        maps=None if maps is None else mean_maps(maps[finite], result.labels, result.count),
        meta=meta,
        inputs=inputs_of(folder, layer, settings, rows),
        created="",
    )


def _made_current(case: Case, found: FoundPatterns) -> FoundPatterns:
    """The same result, the newest of its place from now on."""
    if newest_key(case, ANALYSIS, _place(found.model, found.layer, found.settings.unit)) != found.key:
        found = _put(case, found)
        publish(case, found)
    return found


def _put(case: Case, found: FoundPatterns) -> FoundPatterns:
    arrays = {
        name: np.asarray(getattr(found, name))
        for name in ("rows", "labels", "probability", "outlier_score", "persistence", "size")
    }
    if found.maps is not None:
        arrays["maps"] = np.asarray(found.maps)
    stored = case.folder.results.put(ANALYSIS, found.key, arrays, {**found.meta, "form": FORM}, found.inputs)
    drop_oldest(case, ANALYSIS, _place(found.model, found.layer, found.settings.unit), KEPT)
    return _read(stored)


def _read(stored: StoredResult) -> FoundPatterns:
    meta, arrays = stored.meta, stored.arrays
    return FoundPatterns(
        key=stored.key,
        model=meta["model"],
        layer=meta["layer"],
        settings=Settings.read(meta["settings"]),
        rows=arrays["rows"],
        labels=arrays["labels"],
        probability=arrays["probability"],
        outlier_score=arrays["outlier_score"],
        persistence=arrays["persistence"],
        size=arrays["size"],
        maps=arrays.get("maps"),
        meta=meta,
        inputs=stored.inputs,
        created=stored.created,
    )


def all_current(case: Case) -> Iterator[FoundPatterns]:
    """The newest result of every place, in the order of models and layers."""
    found = [_read(kept) for kept in kept_results(case, ANALYSIS, FORM)]
    order = {
        (model, layer.name): (m, k)
        for m, model in enumerate(case.folder.models)
        for k, layer in enumerate(case.folder.model(model).record.layers)
    }
    known = [one for one in found if (one.model, one.layer) in order]
    yield from sorted(
        known, key=lambda one: (*order[one.model, one.layer], -1 if one.settings.unit is None else one.settings.unit)
    )


def _place(model: str, layer: str, unit: int | None) -> str:
    return f"{model}/{layer}" if unit is None else f"{model}/{layer}/unit {unit}"
