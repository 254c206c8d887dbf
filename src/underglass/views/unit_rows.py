"""What do the units of a layer do on some subsets and instances? The rows of the activation matrix, as bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import DataError, LayerError, UnderglassError
from underglass.views.layer_results import included, kept_result, model_of

if TYPE_CHECKING:
    from underglass.analyses.unit_census import UnitCensus
    from underglass.case import Case
    from underglass.store import ModelFolder

CENSUS = "unit_census"
FORM = 1
MOST_ROWS = 2_000
MOST_BYTES = 1 << 30
"""A layer up to this size is held in memory, a larger one is read in blocks each time."""
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Rows:
    """Rows of the matrix.

    Attributes
    ----------
    counts : (rows,) int64
        Instances of each; −1 where a row could not be evaluated.
    means, deviations : (rows, units) float32
        NaN for a row without instances: empty is not zero.
    problems : dict
        Why a row could not be evaluated, by its place.
    order : (units,) int64 or None
        Columns so that units that behave alike stand together.
    shown : int
        Instances that are shown.
    """

    counts: Array
    means: Array
    deviations: Array
    problems: Mapping[int, str]
    order: Array | None
    shown: int


def census_of(case: Case, layer: str, *, part: str | None = None, model: str | None = None) -> UnitCensus:
    """Dead units and twins of a captured layer; kept by the activations' hash.

    Whether a unit is dead is asked of its maximum over positions where that was captured: a mean below 0 is no sign of it.
    """
    from underglass.analyses.unit_census import UnitCensus, census

    folder = model_of(case, model)
    pooling = pooling_of(folder, layer, part)
    key, inputs = f"{folder.name}/{layer}/{pooling}", {"activations": folder.hash(layer, pooling)}
    stored = kept_result(case, CENSUS, key, FORM)
    if stored is None or dict(stored.inputs) != inputs:
        made = census(_values(case, folder, layer, pooling))
        arrays = {name: np.asarray(getattr(made, name)) for name in UnitCensus.__dataclass_fields__}
        stored = case.folder.results.put(CENSUS, key, arrays, {"form": FORM, "model": folder.name}, inputs)
    found = UnitCensus(**{name: np.asarray(array) for name, array in stored.arrays.items()})
    if pooling == "max" or "max" not in folder.record.pooling:
        return found
    return replace(found, dead=census_of(case, layer, part="max", model=folder.name).dead)


def rows_of(
    case: Case,
    layer: str,
    specs: Sequence[Mapping[str, Any]],
    *,
    within: Mapping[str, Any] | None = None,
    part: str | None = None,
    model: str | None = None,
    cluster: bool = False,
) -> Rows:
    """Means of every unit over subsets, and its values on instances.

    Parameters
    ----------
    case : Case
    layer : str
        A captured layer.
    specs : sequence of mapping
        Each ``{"tree": filter tree}``, ``{"row": instance}``, or ``{"fires": unit, "above": value, "layer": name}``.
    within : filter tree
        What is shown: subsets are counted within it and without excluded instances. Single instances are always drawn.
    part : pooling; the mean if it was captured.
    model : a captured model, the active one if None.
    cluster : whether to order the units by what they do on these rows.

    Raises
    ------
    DataError
        If a row is none of these, or there are too many.
    LayerError
        If the layer or pooling was not captured.
    """
    from underglass.analyses.subset_summary import summarize
    from underglass.analyses.unit_order import cluster_order

    if len(specs) > MOST_ROWS:
        raise DataError(f"a matrix of {len(specs):,} rows cannot be drawn; the most is {MOST_ROWS:,}.")
    folder = model_of(case, model)
    pooling = pooling_of(folder, layer, part)
    values = _values(case, folder, layer, pooling)
    shown = shown_rows(case, within)
    sound = np.zeros(case.folder.manifest.instances, bool)
    sound[shown] = True
    sound &= census_of(case, layer, part=pooling, model=folder.name).finite
    problems: dict[int, str] = {}
    members: list[Array] = []
    for place, spec in enumerate(specs):
        try:
            members.append(_members(case, (folder.name, layer, pooling), spec, sound))
        except UnderglassError as error:
            problems[place] = str(error)
            members.append(np.zeros(0, np.int32))
    found = summarize(values, _membership(members, len(sound)))
    counts, means, deviations = found.count.astype(np.int64), found.mean, found.deviation
    counts[list(problems)] = -1
    order = cluster_order(means) if cluster else None
    return Rows(counts, means, deviations, problems, order, len(shown))


def rows_bytes(case: Case, layer: str, rows: Sequence[Mapping[str, Any]], **options: Any) -> bytes:
    """`rows_of` for the browser: length of a JSON head, the head, and float32 means and deviations on a multiple of 4."""
    found = rows_of(case, layer, rows, **options)
    head = json.dumps(
        {
            "counts": found.counts.tolist(),
            "problems": {str(place): text for place, text in found.problems.items()},
            "units": int(found.means.shape[1]),
            "shown": found.shown,
            "order": None if found.order is None else found.order.tolist(),
        }
    ).encode()
    head += b" " * (-len(head) % 4)
    means, deviations = (np.ascontiguousarray(array, "<f4").tobytes() for array in (found.means, found.deviations))
    return struct.pack("<I", len(head)) + head + means + deviations


def members_bytes(
    case: Case, layer: str, spec: Mapping[str, Any], *, within: Mapping[str, Any] | None = None, part: str | None = None
) -> bytes:
    """The instances of one row of the matrix within what is shown, ascending, as int32 for the browser."""
    folder = model_of(case, None)
    pooling = pooling_of(folder, layer, part)
    sound = np.zeros(case.folder.manifest.instances, bool)
    sound[shown_rows(case, within)] = True
    sound &= census_of(case, layer, part=pooling, model=folder.name).finite
    found = np.sort(np.asarray(_members(case, (folder.name, layer, pooling), spec, sound)))
    return np.ascontiguousarray(found, "<i4").tobytes()


def shown_rows(case: Case, within: Mapping[str, Any] | None) -> Array:
    """Rows of the instances that are shown and not excluded."""
    rows = included(case)
    return rows if within is None else np.intersect1d(rows, case.rows(within), assume_unique=True)


def pooling_of(folder: ModelFolder, layer: str, part: str | None) -> str:
    """The pooling asked for, else the mean, else the first that was captured; refused if it was not."""
    captured = folder.record.pooling
    pooling = part or ("mean" if "mean" in captured else captured[0])
    folder.check_layer(layer, pooling)
    return pooling


def unit_values(case: Case, layer: str, unit: int, *, part: str | None = None, model: str | None = None) -> Array:
    """One unit on all instances, (instances,) float32.

    Raises
    ------
    LayerError
        If the layer has no such unit.
    """
    folder = model_of(case, model)
    pooling = pooling_of(folder, layer, part)
    record = folder.record.layer(layer)
    assert record is not None
    if not 0 <= unit < record.units:
        raise LayerError(f"layer {layer!r} has no unit {unit}; its units are 0 to {record.units - 1}.")
    values: Array = folder.activations(layer, pooling).units([unit])[:, 0]
    return values


def _values(case: Case, folder: ModelFolder, layer: str, pooling: str) -> Any:
    """Activations in memory if the active model's and small enough, else as they lie in the case."""
    stored = folder.activations(layer, pooling)
    size = 4 * stored.shape[0] * stored.shape[1]
    if size <= MOST_BYTES and case.model is not None and case.model.name == folder.name:
        return case.activations(layer, pooling)
    return stored


def _members(case: Case, place: tuple[str, str, str], spec: Mapping[str, Any], sound: Array) -> Array:
    """Rows of one row of the matrix; `place` is model, layer, pooling."""
    if "row" in spec:
        row = int(spec["row"])
        if not 0 <= row < len(sound):
            raise DataError(f"there is no row {row}; rows are 0 to {len(sound) - 1:,}.")
        return np.array([row], np.int32)
    if "fires" in spec:
        model, layer, pooling = place
        values = unit_values(case, str(spec.get("layer", layer)), int(spec["fires"]), part=pooling, model=model)
        return np.flatnonzero((values > float(spec["above"])) & sound)
    if "tree" not in spec:
        raise DataError("a row is a filter tree, an instance, or a unit that fires; this is none of them.")
    rows = case.rows(spec["tree"])
    return rows[sound[rows]]


def _membership(members: Sequence[Array], instances: int) -> Any:
    from scipy.sparse import csr_array

    rows = np.concatenate(members) if members else np.zeros(0, np.int64)
    columns = np.repeat(np.arange(len(members)), [len(one) for one in members])
    inside = np.ones(len(rows), bool)
    return csr_array((inside, (rows, columns)), shape=(instances, len(members)), dtype=bool)
