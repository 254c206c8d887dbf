"""How does a network compute what it says about a subset of a case? Measured once for these instances and weights, and kept.

Glue between the analysis, the probe and a case. Counts come from the pooled activations that are kept; influence needs the
model, in one streamed pass. Both are kept under the hashes of the instances, the weights and the activations; the graph is cut
out of them whenever it is asked for, which takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from underglass.analyses.attribution_graph import AttributionGraph, aggregate_activations, build_graph
from underglass.errors import DataError, LayerError, ModelError, unknown
from underglass.store.fingerprints import hash_array, hash_json
from underglass.views.layer_results import Progress, drop_oldest, included, kept_result, model_of
from underglass.views.torch_only import torch_only

if TYPE_CHECKING:
    from underglass.case import Case, Where
    from underglass.probes.influence_hops import Influence
    from underglass.store import ModelFolder

ANALYSIS = "attribution_graph"
FORM = 1
"""Of what is kept; a result of another form is measured anew."""
KEPT = 200
SAMPLE = 1_000
BATCH = 32
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Settings:
    """How a graph is measured and cut.

    Parameters
    ----------
    layers : from the input's side; empty takes all that were captured.
    active : share of a layer's activation that the most active units of an instance make up.
    negative : what a negative activation is worth, see `aggregate_activations`.
    top : sources that count for each unit and instance.
    sample : most instances that influence is measured on; 0 takes all. Counts are always over all.
    mass, cap : share of the rank that the nodes hold at first, and at most.
    weight : what a walker goes by, "count" or "total".
    """

    layers: tuple[str, ...] = ()
    active: float = 0.03
    negative: Literal["relu", "shift", "abs"] = "relu"
    top: int = 5
    sample: int = SAMPLE
    mass: float = 0.075
    cap: float = 1.0
    weight: Literal["count", "total"] = "count"

    @classmethod
    def read(cls, values: Mapping[str, Any] | None) -> Settings:
        """Settings from plain JSON.

        Raises
        ------
        DataError
            If a setting is unknown or cannot be.
        """
        known = [field.name for field in fields(cls)]
        given = dict(values or {})
        for name in given:
            if name not in known:
                raise DataError(unknown("setting", name, known))
        if "layers" in given:
            given["layers"] = tuple(str(layer) for layer in given["layers"])
        found = cls(**given)
        numbers = {"active": found.active, "mass": found.mass, "cap": found.cap}
        for name, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
                raise DataError(f"{name} is a share above 0 and at most 1; got {value!r}.")
        for name, count, least in (("top", found.top, 1), ("sample", found.sample, 0)):
            if isinstance(count, bool) or not isinstance(count, int) or count < least:
                raise DataError(f"{name} is a whole number of at least {least}; got {count!r}.")
        for name, word, words in (
            ("negative", found.negative, ("relu", "shift", "abs")),
            ("weight", found.weight, ("count", "total")),
        ):
            if word not in words:
                raise DataError(unknown(name, word, words))
        return found


@dataclass(frozen=True)
class Measured:
    """What is known of how a subset passes through the layers.

    Attributes
    ----------
    rows : (instances,) int32
        Of the subset, excluded ones left out.
    counts : mapping of layer to (units,) int64
        Instances in which the unit is among the most active.
    influence : Influence or None
        None where it was never measured and no model is attached.
    """

    rows: Array
    counts: Mapping[str, Array]
    influence: Influence | None
    settings: Settings

    def graph(self) -> AttributionGraph:
        """The graph, cut as the settings say; without influence its units alone, and it says so."""
        empty = _Nothing()
        found = build_graph(
            self.counts,
            empty if self.influence is None else self.influence,
            top=self.settings.top,
            mass=self.settings.mass,
            cap=self.settings.cap,
            weight=self.settings.weight,
            instances=len(self.rows),
        )
        if self.influence is None:
            silent = tuple(message for message in found.messages if "is not connected" not in message)
            return replace(found, messages=("which unit feeds which was not measured: it needs the model.", *silent))
        return replace(found, messages=(*found.messages, *self.influence.notes))


class _Nothing:
    """Influence of which nothing is known."""

    hops: Sequence[Any] = ()


def attribution_graph(
    case: Case, where: Where, *, model: str | None = None, progress: Progress | None = None, **settings: Any
) -> AttributionGraph:
    """The attribution graph of a subset: looked up if that still holds, else measured and kept.

    Parameters
    ----------
    case : Case
    where : a filter, a filter tree, or rows.
    model : str
        A captured model, the active one if None.
    progress : callable
        Told (done, total, stage); may raise to cancel.
    **settings : fields of `Settings`.

    Raises
    ------
    DataError
        If no instance matches.
    LayerError
        If a layer was not captured.
    """
    return measure(case, where, Settings.read(settings), model=model, progress=progress).graph()


def measure(
    case: Case, where: Where, settings: Settings, *, model: str | None = None, progress: Progress | None = None
) -> Measured:
    """Counts and influence of a subset: kept ones if they hold, else counted, and measured where the model is attached."""
    folder = model_of(case, model)
    rows = subset_rows(case, where)
    if not len(rows):
        raise DataError(f"no instance matches: 0 of {case.folder.manifest.instances:,}. A graph needs at least one.")
    found = kept(case, rows, settings, model=folder.name)
    if found is not None:
        return found
    layers = layers_of(folder, settings)
    counts = count(case, folder, rows, replace(settings, layers=layers), progress)
    if blocked(case, folder) is not None:
        return Measured(rows, counts, None, settings)
    if not all(one.any() for one in counts.values()) and not any(one.any() for one in counts.values()):
        return Measured(rows, counts, None, settings)
    influence = _influence(case, rows, layers, settings, progress)
    _put(case, folder, rows, settings, counts, influence)
    return Measured(rows, counts, influence, settings)


def subset_rows(case: Case, where: Where) -> Array:
    """The subset's rows without those that are excluded, ascending."""
    found: Array = np.intersect1d(case.rows(where), included(case)).astype(np.int32)
    return found


def layers_of(folder: ModelFolder, settings: Settings) -> tuple[str, ...]:
    """The layers a graph is over, in the order they are computed in.

    Raises
    ------
    LayerError
        If one was not captured, or there are fewer than two.
    """
    found = captured_layers(folder, settings)
    if len(found) < 2:
        raise LayerError(
            f"a graph leads from layer to layer, and {'only ' + repr(found[0]) if found else 'no layer'} was captured. "
            "Capture at least two: case.capture(model, layers=[…])"
        )
    return found


def captured_layers(folder: ModelFolder, settings: Settings) -> tuple[str, ...]:
    """The captured layers that are asked for, all where none is named, in the order they are computed in.

    Raises
    ------
    LayerError
        If one was not captured.
    """
    captured = [layer.name for layer in folder.record.layers]
    for layer in settings.layers:
        folder.check_layer(layer, pooling_of(folder, layer) if layer in captured else folder.record.pooling[0])
    return tuple(name for name in captured if not settings.layers or name in settings.layers)


def pooling_of(folder: ModelFolder, layer: str) -> str:
    """How the layer's maps were made one number a unit, as the method wants it.

    Raises
    ------
    LayerError
        If the layer has maps and their maximum was not captured.
    """
    record = folder.record.layer(layer)
    if "max" in folder.record.pooling:
        return "max"
    if record is not None and len(record.shape) > 1:
        raise LayerError(
            f"the graph counts by the maximum of each map, and {layer!r} was captured with "
            f"{', '.join(folder.record.pooling)} only. Capture it again: case.capture(model, pooling=['max', 'mean'])"
        )
    return folder.record.pooling[0]


def count(case: Case, folder: ModelFolder, rows: Array, settings: Settings, progress: Progress | None = None) -> dict[str, Array]:
    """For each layer, how many of the rows have each unit among the most active: (units,) int64."""
    inside = np.zeros(case.folder.manifest.instances, bool)
    inside[rows] = True
    found = {}
    for layer in layers_of(folder, settings):
        activations = folder.activations(layer, pooling_of(folder, layer))
        if len(rows) * 4 < len(inside):
            values: Any = activations.rows(rows)
            given: Any = np.ones(len(rows), bool)
        else:
            values, given = activations, inside
        found[layer] = aggregate_activations(
            values,
            given,
            mass=settings.active,
            negative=settings.negative,
            progress=progress,
        )[0]
    return found


def blocked(case: Case, folder: ModelFolder) -> str | None:
    """Why influence cannot be measured now, in words; None if it can."""
    if case.attached is None or case.model is None or case.model.name != folder.name:
        return (
            "which unit feeds which is measured by running the model, and a case carries no code. "
            f"Attach it: underglass open {case.folder.path.name} --model my_pkg:make"
        )
    why = torch_only(case, "influence is measured")
    if why is not None:
        return why
    hashed = getattr(case.attached, "weights_hash", None)
    if hashed is None:
        return "influence is measured on torch modules; the attached model is none."
    if hashed() != folder.record.weights_hash:
        return f"the attached model has other weights than {folder.name!r} had when it was captured: capture it again."
    return None


def kept(case: Case, rows: Array, settings: Settings, *, model: str | None = None) -> Measured | None:
    """What is kept for exactly these instances, weights and settings; needs no model."""
    from underglass.probes.influence_hops import Hop, Influence

    folder = model_of(case, model)
    key = _key(folder, rows, settings)
    stored = kept_result(case, ANALYSIS, key, FORM)
    if stored is None or case.folder.results.stale(ANALYSIS, key, _inputs(folder, rows, settings)):
        return None
    meta, arrays = stored.meta, stored.arrays
    hops = tuple(
        Hop(
            source=hop["source"],
            target=hop["target"],
            kind=hop["kind"],
            source_units=hop["source_units"],
            target_units=hop["target_units"],
            subset=np.zeros(len(arrays[f"hop {at} count"]), np.int32),
            target_unit=np.asarray(arrays[f"hop {at} target"]),
            source_unit=np.asarray(arrays[f"hop {at} source"]),
            count=np.asarray(arrays[f"hop {at} count"]),
            total=np.asarray(arrays[f"hop {at} total"]),
        )
        for at, hop in enumerate(meta["hops"])
    )
    counts = {layer: np.asarray(arrays[f"count {at}"]) for at, layer in enumerate(meta["layers"])}
    influence = Influence(tuple(meta["layers"]), hops, meta["top"], meta["instances"], tuple(meta["notes"]))
    return Measured(rows, counts, influence, settings)


def _influence(case: Case, rows: Array, layers: tuple[str, ...], settings: Settings, progress: Progress | None) -> Influence:
    from underglass.probes.influence import influence

    assert case.attached is not None
    chosen = sampled(rows, settings.sample)
    inside = np.ones(len(chosen), bool)
    return influence(case.attached, batches(case, chosen), inside, layers, top=settings.top, progress=progress)


def sampled(rows: Array, most: int, seed: int = 0) -> Array:
    """At most so many rows, drawn with a fixed seed, ascending; 0 takes all."""
    if not most or len(rows) <= most:
        return rows
    chosen: Array = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    return chosen


def batches(case: Case, rows: Array) -> Iterator[Any]:
    """What the attached model is called with, batch by batch.

    Raises
    ------
    ModelError
        If there is no model.
    """
    if case.attached is None:
        raise ModelError("this needs the model: case.attach(model)")
    dataset = case.dataset if case.dataset is not None else case._dataset()
    for start in range(0, len(rows), BATCH):
        yield case.attached.prepare(dataset.load(rows[start : start + BATCH].tolist()))


def _put(  # noqa: PLR0917
    case: Case, folder: ModelFolder, rows: Array, settings: Settings, counts: Mapping[str, Array], influence: Influence
) -> None:
    arrays = {f"count {at}": values for at, values in enumerate(counts.values())}
    for at, hop in enumerate(influence.hops):
        arrays |= {
            f"hop {at} source": hop.source_unit,
            f"hop {at} target": hop.target_unit,
            f"hop {at} count": hop.count,
            f"hop {at} total": hop.total,
        }
    names = ("source", "target", "kind", "source_units", "target_units")
    meta = {
        "form": FORM,
        "model": folder.name,
        "layers": list(counts),
        "settings": asdict(settings),
        "top": influence.top,
        "instances": influence.instances,
        "notes": list(influence.notes),
        "hops": [{name: getattr(hop, name) for name in names} for hop in influence.hops],
    }
    case.folder.results.put(ANALYSIS, _key(folder, rows, settings), arrays, meta, _inputs(folder, rows, settings))
    drop_oldest(case, ANALYSIS, folder.name, KEPT)


def _inputs(folder: ModelFolder, rows: Array, settings: Settings) -> dict[str, str]:
    layers = {layer: folder.hash(layer, pooling_of(folder, layer)) for layer in layers_of(folder, settings)}
    return {"instances": hash_array(rows), "weights": folder.record.weights_hash, **layers}


def _key(folder: ModelFolder, rows: Array, settings: Settings) -> str:
    layers = layers_of(folder, settings)
    measured = [hash_array(rows), list(layers), settings.active, settings.negative, settings.top, settings.sample]
    return f"{folder.name}/{hash_json(measured)[:20]}"
