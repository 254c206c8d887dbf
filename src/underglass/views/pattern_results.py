"""Which patterns were found in a layer, do they still hold, and how are they found anew?

Glue between the pure analysis and a case: it looks a result up by the hashes of what it rests on, computes it with
progress where there is none, keeps it, and serves its columns. The newest result of a layer is its current one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from underglass.errors import DataError, LayerError, unknown
from underglass.store.fingerprints import hash_array, hash_json
from underglass.views.layer_results import drop_oldest, in_words, included, kept_result, kept_results, model_of, newest_key
from underglass.wire import PatternsInfo

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.serving import Serving
    from underglass.store import ModelFolder
    from underglass.store.results import StoredResult

ANALYSIS = "patterns"
FORM = 1
"""Of what is kept; a result of another form is found anew."""
KEPT = 8
MOST = 50_000
LARGEST_MAP = 16
NOT_CLUSTERED = -2
Array = np.ndarray[Any, Any]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Settings:
    """What patterns are looked for with; the defaults are NAP's.

    Parameters
    ----------
    parts : poolings to cluster on, of those captured; empty takes "mean", else the first captured.
    min_size : fewest instances of a pattern, at least 2.
    min_samples : neighbours that make a neighbourhood dense, at least 1.
    epsilon : scaled distance below which patterns stay one, 0 for none.
    selection : "leaf" or "eom".
    normalize : scale each unit by its largest magnitude.
    reduce : "auto", "none" or a number of principal components.
    most : above so many instances a sample is clustered, in the classes' proportions.
    unit : the unit whose whole map is clustered; None for the layer's pooled units.
    """

    parts: tuple[str, ...] = ()
    min_size: int = 5
    min_samples: int = 5
    epsilon: float = 0.0
    selection: str = "leaf"
    normalize: bool = True
    reduce: Literal["auto", "none"] | int = "auto"
    most: int = MOST
    unit: int | None = None

    @classmethod
    def read(cls, values: Mapping[str, Any] | None) -> Settings:
        """Settings from plain JSON; what is not named keeps its default.

        Raises
        ------
        DataError
            If a setting is unknown or of the wrong type.
        """
        known = {field.name for field in fields(cls)}
        given: dict[str, Any] = {}
        for name, value in (values or {}).items():
            if name not in known:
                raise DataError(unknown("setting", name, sorted(known)))
            given[name] = _typed(name, value)
        return cls(**given)

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), "parts": list(self.parts)}


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
    """The current results of the active model's layers, as the strip of layers shows them."""
    if case.model is None:
        return []
    return [
        PatternsInfo(
            layer=found.layer,
            key=found.key,
            count=found.count,
            none_share=found.none / max(1, found.n),
            n=found.n,
            settings=found.settings.json(),
        )
        for found in all_current(case)
        if found.model == case.model.name and found.settings.unit is None
    ]


def resolved(folder: ModelFolder, layer: str, settings: Settings) -> Settings:
    """Settings with the poolings that were captured put in, and checked against the layer."""
    captured = folder.record.pooling
    if settings.unit is not None:
        record = folder.record.layer(layer)
        folder.check_layer(layer, captured[0])
        assert record is not None
        if not 0 <= settings.unit < record.units:
            raise LayerError(f"layer {layer!r} has units 0 to {record.units - 1}, not {settings.unit}")
        return replace(settings, parts=())
    parts = settings.parts or (("mean",) if "mean" in captured else captured[:1])
    for part in parts:
        folder.check_layer(layer, part)
    return replace(settings, parts=tuple(parts))


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
        normalize_units=settings.normalize and maps is None,
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
        maps=None if maps is None else _mean_maps(maps[finite], result.labels, result.count),
        meta=meta,
        inputs=inputs_of(folder, layer, settings, rows),
        created="",
    )


def unit_maps(
    case: Case, layer: str, unit: int, rows: Array, *, model: str | None = None, progress: Progress | None = None
) -> Array:
    """One unit's whole map on some instances, (rows, …space) float32, averaged down to at most 16 along each axis.

    Raises
    ------
    LayerError
        If no model is attached, or the layer's units are single numbers.
    """
    if case.attached is None or case.dataset is None:
        raise LayerError(
            f"the maps of unit {unit} need the model: a case carries no code. "
            f"Attach it: underglass open {case.folder.path.name} --model my_pkg:make"
        )
    folder = model_of(case, model)
    record = folder.record.layer(layer)
    if record is None or len(record.shape) < 2:
        raise LayerError(f"the units of {layer!r} are single numbers, not maps: look for patterns of the whole layer")
    from underglass.probes import stream_maps

    streamed = stream_maps(case.dataset, case.attached, rows, layer, unit=unit, progress=progress)
    pieces = [_shrunk(np.asarray(maps, np.float32)[:, 0]) for _, maps in streamed]
    maps = np.concatenate(pieces)
    largest = float(np.nanmax(np.abs(maps))) if maps.size else 0.0
    return maps / np.float32(largest) if largest > 0 else maps


def _shrunk(maps: Array) -> Array:
    """Maps averaged over blocks so that no axis of space is longer than 16."""
    for axis in range(1, maps.ndim):
        length = maps.shape[axis]
        if length > LARGEST_MAP:
            edges = np.linspace(0, length, LARGEST_MAP + 1).astype(int)[:-1]
            widths = np.diff(np.r_[edges, length])
            shape = [1] * maps.ndim
            shape[axis] = LARGEST_MAP
            maps = np.add.reduceat(maps, edges, axis=axis) / widths.reshape(shape).astype(np.float32)
    return maps


def _mean_maps(maps: Array, labels: Array, count: int) -> Array:
    """Mean map of every pattern and, last, of those in none; NaN where there are none."""
    groups = np.where(labels < 0, count, labels)
    sums = np.zeros((count + 1, *maps.shape[1:]), np.float64)
    np.add.at(sums, groups, maps)
    sizes = np.bincount(groups, minlength=count + 1).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return (sums / sizes.reshape(-1, *[1] * (maps.ndim - 1))).astype(np.float32)


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


def _typed(name: str, value: Any) -> Any:
    """One setting of plain JSON as its type."""
    if name == "parts":
        if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
            raise DataError(f"setting 'parts' must be a list of poolings; got {value!r}.")
        return tuple(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if name in ("min_size", "min_samples", "most"):
        if not whole or value < 1:
            raise DataError(f"setting {name!r} must be a whole number of at least 1; got {value!r}.")
        return value
    if name == "unit":
        if value is not None and not whole:
            raise DataError(f"setting 'unit' must be a unit's number; got {value!r}.")
        return value
    if name == "epsilon":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DataError(f"setting 'epsilon' must be a number; got {value!r}.")
        return float(value)
    if name == "normalize":
        if not isinstance(value, bool):
            raise DataError(f"setting 'normalize' must be true or false; got {value!r}.")
        return value
    if name == "reduce" and isinstance(value, str) and value not in ("auto", "none"):
        raise DataError(unknown("reduction", value, ("auto", "none")) + " A number of components is also allowed.")
    if not (isinstance(value, str) or (name == "reduce" and whole)):
        raise DataError(f"setting {name!r} cannot be {value!r}.")
    return value
