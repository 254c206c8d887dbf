"""What does a layer's whole output look like for some instances? Streamed from the model, never kept whole.

Captured activations are pooled: where in an image a unit was active is gone. What needs that (patterns of one unit,
influence between layers) runs the instances again and takes the maps as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from underglass.datasets import Dataset
from underglass.errors import DataError, LayerError, unknown
from underglass.models import Layer, Model

BATCH_BYTES = 64 << 20
MOST_INSTANCES = 256
MOST_BYTES = 2 << 30
FLOAT = 4

Progress = Callable[[int, int, str], None]
Maps = np.ndarray[Any, np.dtype[np.float32]]


def stream_maps(
    dataset: Dataset,
    model: Model,
    rows: Sequence[int] | np.ndarray[Any, Any],
    layer: str,
    *,
    unit: int | None = None,
    batch_size: int | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[slice, Maps]]:
    """Maps of a layer for the given rows, batch by batch.

    Parameters
    ----------
    dataset : Dataset
        The instances.
    model : Model
        From `underglass.models`.
    rows : (k,) integers
        Which instances, in the order wanted.
    layer : name
        As the model lists it.
    unit : index
        Only this unit; all of them without.
    batch_size : count
        Instances at a time; without, so many that a batch's maps stay below 64 MiB.
    progress : callable (done, total, stage)
        Called after each batch; may raise `JobCancelled`.

    Yields
    ------
    Where the batch stands in ``rows``, and its maps (n, units, …space) float32, or (n, 1, …space) of one unit.

    Raises
    ------
    LayerError
        An unknown layer, or a unit it does not have.
    DataError
        A row that is not there, or an instance that can no longer be read.
    """
    index = _checked(rows, len(dataset))
    found = _layer(dataset, model, layer, unit)
    size = batch_size or _batch_size(found)
    for start in range(0, len(index), size):
        here = slice(start, min(start + size, len(index)))
        yield here, model.maps(dataset.load(index[here].tolist()), layer, unit)
        if progress is not None:
            progress(here.stop, len(index), f"maps of {layer}")


def collect_maps(
    dataset: Dataset,
    model: Model,
    rows: Sequence[int] | np.ndarray[Any, Any],
    layer: str,
    *,
    unit: int | None = None,
    progress: Progress | None = None,
) -> Maps:
    """The maps of `stream_maps` in one array, where it is small enough for that.

    Parameters
    ----------
    dataset : Dataset
        The instances.
    model : Model
        From `underglass.models`.
    rows : (k,) integers
        Which instances.
    layer : name
        As the model lists it.
    unit : index
        Only this unit; all of them without.
    progress : callable (done, total, stage)
        Called after each batch.

    Returns
    -------
    (k, units, …space) float32, or (k, 1, …space).

    Raises
    ------
    LayerError
        As `stream_maps`; or the maps would take more than 2 GiB, with the number of instances that would fit.
    """
    index = _checked(rows, len(dataset))
    found = _layer(dataset, model, layer, unit)
    each = FLOAT * prod(found.shape) // (1 if unit is None else found.units)
    if len(index) * each > MOST_BYTES:
        raise LayerError(
            f"maps of {layer!r} for {len(index):,} instances take {len(index) * each / 2**30:.1f} GiB; "
            f"ask for one unit, or for up to {MOST_BYTES // each:,} instances."
        )
    pieces = [maps for _, maps in stream_maps(dataset, model, index, layer, unit=unit, progress=progress)]
    return np.concatenate(pieces) if pieces else model.maps(dataset.load([0]), layer, unit)[:0]


def _checked(rows: Sequence[int] | np.ndarray[Any, Any], count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    index = np.asarray(rows, dtype=np.int64).reshape(-1)
    outside = index[(index < 0) | (index >= count)]
    if len(outside):
        raise DataError(f"there is no row {outside[0]}; rows are 0 to {count - 1:,}.")
    return index


def _layer(dataset: Dataset, model: Model, name: str, unit: int | None) -> Layer:
    layers = {layer.name: layer for layer in model.layers(dataset.load([0]))}
    if name not in layers:
        raise LayerError(unknown("layer", name, layers))
    found = layers[name]
    if unit is not None and not 0 <= unit < found.units:
        raise LayerError(f"layer {name!r} has no unit {unit}; its units are 0 to {found.units - 1}.")
    return found


def _batch_size(layer: Layer) -> int:
    return max(1, min(MOST_INSTANCES, BATCH_BYTES // (prod(layer.shape) * FLOAT)))
