"""Which subsets does a layer treat alike, seen over all its units, and how does that change from layer to layer?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.errors import DataError, needs

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
Method = Literal["pca", "umap"]

METHODS = ("pca", "umap")
FEWEST_FOR_UMAP = 16


@dataclass(frozen=True)
class ClassEmbedding:
    """A point for each subset in each layer.

    Attributes
    ----------
    coordinates : mapping of layer to (subsets, 2) float32
        NaN for a subset without active units: it is empty, and no place is invented. Each layer is laid out as near to the
        layer before as it can be, so that what moves has changed.
    method : "pca" or "umap"
        What was used; PCA where there are fewer than 16 subsets.
    """

    coordinates: Mapping[str, Floats]
    method: str


def similarity(counts: ArrayLike, subset: int) -> Floats:
    """Cosine of each subset's counts to those of one: (subsets,) float64, 0..1, NaN where either is empty.

    Parameters
    ----------
    counts : (subsets, units)
        From `aggregate_activations`: how often, and not merely which.
    subset : int
        Which row.
    """
    rows, empty = _directions(counts)
    if not 0 <= subset < len(rows):
        raise DataError(f"there is no subset {subset}; there are {len(rows)}.")
    cosine: Floats = rows @ rows[subset]
    cosine[empty | empty[subset]] = np.nan
    return np.clip(cosine, 0, 1)


def embed_classes(counts: Mapping[str, ArrayLike], *, method: Method = "umap", seed: int = 0) -> ClassEmbedding:
    """Lay out the subsets by the cosine between their counts, layer after layer.

    Parameters
    ----------
    counts : mapping of layer to (subsets, units)
        In the order of the layers.
    method : {"umap", "pca"}
        UMAP as Summit drew it (cosine, 15 neighbours, distance .1), begun from the layer before; or the two leading principal
        components of the directions, turned onto the layer before.
    seed : int
        Of UMAP.

    Raises
    ------
    DataError
        If the layers do not have the same subsets.
    NotInstalled
        If UMAP is asked for and not there.

    Source: Hohman et al. 2019, "Summit", section 7.1.
    """
    if method not in METHODS:
        raise DataError(f"method must be one of {', '.join(METHODS)}, not {method!r}.")
    found: dict[str, Floats] = {}
    before: Floats | None = None
    used = method
    for layer, values in counts.items():
        rows, empty = _directions(values)
        if before is not None and len(rows) != len(before):
            raise DataError(f"layer {layer!r} has {len(rows)} subsets, the one before {len(before)}.")
        if method == "umap" and (~empty).sum() >= FEWEST_FOR_UMAP:
            places = _umap(rows, empty, before, seed)
        else:
            places, used = _turned(_leading(rows, empty), before), "pca"
        found[layer] = places.astype(np.float32)
        before = places
    return ClassEmbedding(found, used)


def _directions(counts: ArrayLike) -> tuple[Floats, Bools]:
    rows = np.asarray(counts, np.float64)
    if rows.ndim != 2:
        raise DataError(f"counts must be (subsets, units), not of shape {rows.shape}.")
    length = np.linalg.norm(rows, axis=1)
    empty: Bools = length == 0
    return rows / np.where(empty, 1, length)[:, None], empty


def _leading(rows: Floats, empty: Bools) -> Floats:
    places = np.full((len(rows), 2), np.nan)
    centred = rows[~empty] - rows[~empty].mean(0) if (~empty).any() else rows[~empty]
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    flat = np.zeros((len(centred), 2))
    flat[:, : min(2, len(size))] = (left * size)[:, :2]
    places[~empty] = flat
    return places


def _turned(places: Floats, before: Floats | None) -> Floats:
    """Turned, mirrored and moved, but not stretched, to lie on the layer before as well as it can."""
    if before is None:
        return places
    both = ~np.isnan(places).any(1) & ~np.isnan(before).any(1)
    if both.sum() < 2:
        return places
    here, there = places[both].mean(0), before[both].mean(0)
    left, _, right = np.linalg.svd((places[both] - here).T @ (before[both] - there))
    turned: Floats = (places - here) @ (left @ right) + there
    return turned


def _umap(rows: Floats, empty: Bools, before: Floats | None, seed: int) -> Floats:
    try:
        from umap import UMAP
    except ImportError as error:
        raise needs("umap-learn", "umap") from error
    import warnings

    start = _leading(rows, empty) if before is None else np.where(np.isnan(before), np.nanmean(before, axis=0), before)
    start = start[~empty]
    start = 10 * (start - start.mean(0)) / max(float(np.abs(start - start.mean(0)).max()), 1e-12) if before is None else start
    neighbours = min(15, int((~empty).sum()) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = UMAP(
            n_neighbors=neighbours, min_dist=0.1, metric="cosine", init=start.astype(np.float32), random_state=seed, n_jobs=1
        )
        drawn = model.fit_transform(rows[~empty])
    places = np.full((len(rows), 2), np.nan)
    places[~empty] = drawn
    return _turned(places, before)
