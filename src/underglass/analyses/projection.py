"""Where does each instance lie, when a layer's many units are drawn in two dimensions?"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from underglass.analyses.principal_components import principal_components
from underglass.analyses.sampling import stratified
from underglass.analyses.trustworthiness import trustworthiness
from underglass.analyses.unit_scaling import checked, scaled
from underglass.errors import DataError, needs, unknown

Array = np.ndarray[Any, Any]
Progress = Callable[[int, int, str], None]
METHODS = ("pca", "umap")
NORMALISATIONS = ("unit", "standard", "none")
TRUST_NEIGHBOURS = 12
TRUST_SAMPLE = 1000


@dataclass(frozen=True)
class ProjectionSettings:
    """What a picture was drawn with; ``neighbors`` and ``min_dist`` are None where the method has none."""

    normalize: str
    sample: int | None
    stratified: bool
    neighbors: int | None
    min_dist: float | None
    instances: int
    units: int


@dataclass(frozen=True)
class Projection:
    """A layer in two dimensions.

    Attributes
    ----------
    coordinates : (drawn, 2) float32
    rows : (drawn,) int32, ascending
        Which instances were drawn: the sample, or all.
    trustworthiness : float, 0–1
        Whether those near in the picture are near in the layer (k = 12, see `trustworthiness`); NaN below 25 instances.
    trust_rows : (at most 1,000,) int32
        The instances it was measured on.
    explained : (2,) float64 or None
        Share of the variance along each axis; None for UMAP, whose axes mean nothing.
    method, seed, settings
        What it was made with.
    """

    coordinates: Array
    rows: Array
    trustworthiness: float
    trust_rows: Array
    explained: Array | None
    method: str
    seed: int
    settings: ProjectionSettings


def project(
    activations: Array,
    *,
    method: Literal["pca", "umap"] | str = "pca",
    normalize: Literal["unit", "standard", "none"] | str = "unit",
    sample: int | None = None,
    strata: Array | None = None,
    seed: int = 0,
    neighbors: int = 15,
    min_dist: float = 0.1,
    progress: Progress | None = None,
) -> Projection:
    """Draw a layer's activations in two dimensions.

    Parameters
    ----------
    activations : (instances, units)
        Any float type, finite.
    method : "pca" or "umap"
        The two directions of largest variance (exact, distances shrink but never grow), or a map that keeps neighbours together
        (distances between groups mean little).
    normalize : "unit", "standard" or "none"
        Divide each unit by its largest magnitude, as for patterns; or by its standard deviation; or not.
    sample : int, optional
        Draw this many instances instead of all.
    strata : (instances,), optional
        A class of each instance, whose proportions the sample keeps (largest remainder, exact to one instance).
    seed : int
        Of the sample and of UMAP, which then runs on one thread and repeats itself on one machine.
    neighbors : int
        UMAP's size of a neighbourhood, at least 2; lowered to the instances there are, less one.
    min_dist : float
        UMAP's least distance in the picture, 0–1.
    progress : callable, optional
        Told (done, total, stage); may raise to cancel.

    Raises
    ------
    NotInstalled
        If UMAP is asked for and umap-learn is missing.
    DataError
        If activations are not finite or fewer than 3, or a setting is unknown or out of its range.

    Source: UMAP: McInnes, Healy and Melville 2018.

    Examples
    --------
    >>> flat = np.array([[0.0, 0, 0], [4, 0, 0], [0, 1, 0], [4, 1, 0]])
    >>> project(flat, normalize="none").coordinates.tolist()
    [[-2.0, -0.5], [2.0, -0.5], [-2.0, 0.5], [2.0, 0.5]]
    """
    tell = progress or (lambda done, total, stage: None)
    if method not in METHODS:
        raise DataError(unknown("method", method, METHODS))
    if normalize not in NORMALISATIONS:
        raise DataError(unknown("normalisation", normalize, NORMALISATIONS))
    if neighbors < 2 or not 0 <= min_dist <= 1:
        raise DataError(f"neighbors must be at least 2 and min_dist within 0–1; got {neighbors} and {min_dist}.")
    activations = np.asarray(activations)
    if activations.ndim != 2:
        raise DataError(f"activations must be (instances, units); got shape {activations.shape}.")
    if strata is not None and len(strata) != len(activations):
        raise DataError(f"strata are of {len(strata):,} instances, activations of {len(activations):,}.")
    rows = np.arange(len(activations), dtype=np.int32)
    if sample is not None:
        rows = stratified(np.zeros(len(rows), int) if strata is None else strata, sample, seed=seed)
    if len(rows) < 3:
        raise DataError(f"too few instances to draw: {len(rows)}, at least 3 are needed.")
    tell(0, len(rows), "normalise")
    points = _normalised(checked(activations if len(rows) == len(activations) else activations[rows]), normalize)

    explained = None
    if method == "pca":
        tell(0, len(rows), "principal components")
        components = principal_components(points, 2, precision=np.float32)
        coordinates = np.zeros((len(points), 2), np.float32)
        coordinates[:, : components.coordinates.shape[1]] = components.coordinates
        explained = np.zeros(2)
        explained[: len(components.explained)] = components.explained
    else:
        coordinates = _umap(points, min(neighbors, len(points) - 1), min_dist, seed, tell)

    tell(len(rows), len(rows), "trustworthiness")
    trust = stratified(np.zeros(len(rows), int), TRUST_SAMPLE, seed=seed)
    settings = ProjectionSettings(
        normalize=normalize,
        sample=sample,
        stratified=sample is not None and strata is not None,
        neighbors=min(neighbors, len(points) - 1) if method == "umap" else None,
        min_dist=min_dist if method == "umap" else None,
        instances=len(activations),
        units=activations.shape[1],
    )
    measured = trustworthiness(points[trust], coordinates[trust], TRUST_NEIGHBOURS)
    return Projection(coordinates, rows, measured, rows[trust], explained, method, seed, settings)


def _normalised(activations: Array, normalize: str) -> Array:
    points = scaled(activations, ("mean",), normalize_units=normalize == "unit")
    if normalize == "standard":
        deviation = points.std(0, dtype=np.float64)
        points *= np.divide(1, deviation, out=np.zeros(len(deviation)), where=deviation > 0).astype(np.float32)
    return points


def _umap(points: Array, neighbors: int, min_dist: float, seed: int, tell: Progress) -> Array:
    tell(0, len(points), "load UMAP (up to a minute the first time)")
    try:
        import umap
    except ImportError as error:
        raise needs("umap-learn", "umap") from error
    tell(0, len(points), "neighbours")
    reducer = umap.UMAP(
        n_components=2,
        n_neighbors=neighbors,
        min_dist=min_dist,
        init="pca" if len(points) > neighbors + 2 and points.shape[1] > 2 else "random",
        random_state=seed,
        transform_seed=seed,
        n_jobs=1,
        tqdm_kwds=_bar(tell),
    )
    try:
        coordinates: Array = np.asarray(reducer.fit_transform(points), np.float32)
    except BaseException:
        _free_bars()
        raise
    return coordinates


def _free_bars() -> None:
    """Give back the lock of all progress bars: one that is interrupted while it writes keeps it, and every later bar waits."""
    from umap.layouts import tqdm

    lock = tqdm.get_lock()
    with suppress(RuntimeError, AssertionError):  # what this thread does not hold cannot be given back
        while True:
            lock.release()


class _Epochs:
    """A file that UMAP's progress bar is written to, line by line as ``\\rdone/total``."""

    def __init__(self, tell: Progress) -> None:
        self.tell = tell

    def write(self, text: str) -> None:
        if said := re.search(r"(\d+)/(\d+)", text):
            self.tell(int(said[1]), int(said[2]), "lay out")

    def flush(self) -> None:
        """Nothing is kept back."""


def _bar(tell: Progress) -> dict[str, Any]:
    from umap.layouts import tqdm

    if any("notebook" in base.__module__ for base in tqdm.__mro__):  # a notebook's bar draws itself and writes to no file
        return {"disable": True}
    return {"disable": False, "file": _Epochs(tell), "bar_format": "{n_fmt}/{total_fmt}", "mininterval": 0.2, "desc": None}
