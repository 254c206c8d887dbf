"""Where is one unit active? Its whole maps, run through the model again, small enough to cluster, and their means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import LayerError
from underglass.views.layer_results import Progress, model_of

if TYPE_CHECKING:
    from underglass.case import Case

LARGEST_MAP = 16
Array = np.ndarray[Any, Any]


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


def mean_maps(maps: Array, labels: Array, count: int) -> Array:
    """Mean map of every pattern and, last, of those in none; NaN where there are none."""
    groups = np.where(labels < 0, count, labels)
    sums = np.zeros((count + 1, *maps.shape[1:]), np.float64)
    np.add.at(sums, groups, maps)
    sizes = np.bincount(groups, minlength=count + 1).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return (sums / sizes.reshape(-1, *[1] * (maps.ndim - 1))).astype(np.float32)
