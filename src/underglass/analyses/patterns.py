"""Which instances does a layer treat alike?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np

from underglass.analyses.principal_components import principal_components
from underglass.analyses.unit_scaling import checked, scaled
from underglass.errors import DataError, unknown

Array = np.ndarray[Any, Any]
Progress = Callable[[int, int, str], None]
TIES = ("rows", "distance")
SELECTIONS = ("leaf", "eom")
REDUCE_ABOVE = 256
COMPONENTS = 50


@dataclass(frozen=True)
class PatternSettings:
    """What patterns were found with.

    Attributes
    ----------
    instances, units : of the activations given; parts : their aggregations.
    components : how many principal components were clustered, None if the activations themselves.
    explained : share of variance these components keep, 1 without them.
    """

    instances: int
    units: int
    parts: tuple[str, ...]
    min_size: int
    min_samples: int
    epsilon: float
    selection: str
    normalize_units: bool
    components: int | None
    explained: float
    ties: str
    seed: int


@dataclass(frozen=True)
class Patterns:
    """Groups of instances that a layer treats alike; pattern 0 is the most persistent.

    Attributes
    ----------
    labels : (instances,) int32
        Each instance's pattern, −1 for none (noise).
    probability : (instances,) float32, 0–1
        How firmly an instance belongs to its pattern; 0 for noise.
    outlier_score : (instances,) float32, 0–1
        GLOSH: how much sparser an instance's surroundings are than the densest of its group.
    persistence : (patterns,) float32, 0–1, descending
        Over how much of the range of densities a pattern holds together.
    size : (patterns,) int32
    count : number of patterns.
    noise_share : share of instances in no pattern, 0–1.
    tree_weight : sum of mutual reachability along the spanning tree, in scaled units.
    settings : what they were found with.
    advice : what to know or to change, None if nothing.
    """

    labels: Array
    probability: Array
    outlier_score: Array
    persistence: Array
    size: Array
    count: int
    noise_share: float
    tree_weight: float
    settings: PatternSettings
    advice: str | None

    def members(self, pattern: int) -> Array:
        """Rows of one pattern, (size,) int32, the most typical first (by probability, then row)."""
        if not 0 <= pattern < self.count:
            raise DataError(f"no pattern {pattern}; there are {self.count}, numbered from 0.")
        rows = np.flatnonzero(self.labels == pattern)
        return rows[np.lexsort((rows, -self.probability[rows]))].astype(np.int32)

    def representatives(self, k: int = 1) -> tuple[Array, ...]:
        """The up to ``k`` most typical rows of each pattern."""
        return tuple(self.members(pattern)[:k] for pattern in range(self.count))

    def borderline(self, k: int = 1) -> tuple[Array, ...]:
        """The up to ``k`` least typical rows of each pattern, the least first."""
        return tuple(self.members(pattern)[::-1][:k] for pattern in range(self.count))

    def outliers(self, k: int = 20) -> Array:
        """The up to ``k`` rows with the highest outlier score, (k,) int32, highest first, ties by row; most are in no pattern."""
        rows = np.arange(len(self.labels))
        return rows[np.lexsort((rows, -self.outlier_score))][:k].astype(np.int32)


def find_patterns(
    activations: Array,
    *,
    parts: Sequence[str] = ("mean",),
    min_size: int = 5,
    min_samples: int = 5,
    epsilon: float = 0.0,
    selection: Literal["leaf", "eom"] | str = "leaf",
    normalize_units: bool = True,
    reduce: Literal["auto", "none"] | int = "auto",
    ties: Literal["rows", "distance"] | str = "rows",
    seed: int = 0,
    progress: Progress | None = None,
) -> Patterns:
    """Group instances that a layer treats alike.

    Parameters
    ----------
    activations : (instances, units) or (instances, parts, units)
        Pooled output of one layer, any float type, finite.
    parts : sequence of "mean", "std", "min", "max"
        Name of each part. Decides how it is scaled (eq. 2): by its largest magnitude, a std by the root of the mean's.
    min_size : int
        Fewest instances of a pattern, at least 2.
    min_samples : int
        How many neighbours make a neighbourhood dense, at least 1; higher calls more instances noise.
    epsilon : float
        Patterns that part at a scaled distance below this stay one, 0 for none.
    selection : "leaf" or "eom"
        The finest patterns, or by excess of mass: fewer and of uneven size.
    normalize_units : bool
        Scale each unit by its largest magnitude.
    reduce : "auto", "none" or int
        A number of principal components to cluster in; "auto" is 50 if parts × units exceed 256. Density means little in many
        dimensions: without this, patterns planted in 512 units are mostly lost.
    ties : "rows" or "distance"
        Edges of the tree often weigh the same. "rows" takes them in the order of rows, to the letter as the `hdbscan` package;
        "distance" takes the shorter first, so that the order of rows changes nothing.
    seed : int
        Kept with the settings; nothing here is random (`chance_patterns` is).
    progress : callable, optional
        Told (done, total, stage); may raise to cancel.

    Raises
    ------
    DataError
        If activations are not numbers, not finite, all zero, not of these axes, or fewer than ``2 * min_size`` instances; or if
        a setting is unknown or out of its range.

    Source: Bäuerle, Jönsson and Ropinski 2022, "Neural Activation Patterns", eq. 1-3, with HDBSCAN* (Campello et al. 2013).
    Exact, on activations rounded to float32 after scaling: labels, probability, outlier score and persistence are those of the
    `hdbscan` package (algorithm "prims_kdtree"), but patterns are numbered by persistence, exact copies never part, and an
    infinite density gives 0 or 1 where it gives NaN.

    Examples
    --------
    >>> near = np.linspace(1, 1.1, 10)[:, None] * np.ones(3)
    >>> found = find_patterns(np.vstack([near, near + [4, 0, 0]]))
    >>> found.count, found.size.tolist()
    (2, [10, 10])
    """
    array = checked(activations)
    parts = tuple(parts)
    _check_settings(
        instances=len(array),
        min_size=min_size,
        min_samples=min_samples,
        epsilon=epsilon,
        selection=selection,
        ties=ties,
        reduce=reduce,
    )
    if not array.any():
        raise DataError("every unit is zero for every instance: there is nothing to group.")
    points = scaled(array, parts, normalize_units=normalize_units)
    components, explained = None, 1.0
    wanted = COMPONENTS if reduce == "auto" and points.shape[1] > REDUCE_ABOVE else reduce
    if not isinstance(wanted, str):
        reduced = principal_components(points, int(wanted))
        points, components, explained = reduced.coordinates, reduced.coordinates.shape[1], float(reduced.explained.sum())

    from underglass.analyses.density_tree import density_tree, select
    from underglass.analyses.spanning_tree import spanning_tree

    tree = spanning_tree(points, min(min_samples, len(points) - 1), ties=ties, progress=progress)
    clusters = select(density_tree(tree, min_size, ties), selection, epsilon)
    settings = PatternSettings(
        instances=len(array),
        units=array.shape[2],
        parts=parts,
        min_size=int(min_size),
        min_samples=int(min_samples),
        epsilon=float(epsilon),
        selection=selection,
        normalize_units=normalize_units,
        components=components,
        explained=explained,
        ties=ties,
        seed=seed,
    )
    count = len(clusters.persistence)
    noise_share = float((clusters.labels < 0).mean())
    return Patterns(
        labels=clusters.labels.astype(np.int32),
        probability=clusters.probability.astype(np.float32),
        outlier_score=clusters.outlier_score.astype(np.float32),
        persistence=clusters.persistence.astype(np.float32),
        size=np.bincount(clusters.labels[clusters.labels >= 0], minlength=count).astype(np.int32),
        count=count,
        noise_share=noise_share,
        tree_weight=float(tree.weight.sum()),
        settings=settings,
        advice=_advice(count, noise_share, settings, copies=bool((tree.weight == 0).any())),
    )


def _check_settings(
    *, instances: int, min_size: int, min_samples: int, epsilon: float, selection: str, ties: str, reduce: str | int
) -> None:
    for name, value in {"min_size": min_size, "min_samples": min_samples}.items():
        if not isinstance(value, Integral):
            raise DataError(f"{name} must be a whole number; got {value!r}.")
    if min_size < 2:
        raise DataError(f"min_size must be at least 2; got {min_size}.")
    if min_samples < 1:
        raise DataError(f"min_samples must be at least 1; got {min_samples}.")
    if not 0 <= epsilon < np.inf:
        raise DataError(f"epsilon must be a distance of 0 or more; got {epsilon}.")
    if ties not in TIES:
        raise DataError(unknown("order of ties", ties, TIES))
    if selection not in SELECTIONS:
        raise DataError(unknown("selection", selection, SELECTIONS))
    if isinstance(reduce, str):
        if reduce not in ("auto", "none"):
            raise DataError(unknown("reduction", reduce, ("auto", "none")) + " A number of components is also allowed.")
    elif not isinstance(reduce, Integral) or reduce < 1:
        raise DataError(f"reduce must be 'auto', 'none' or at least 1 component; got {reduce!r}.")
    if instances < 2 * min_size:
        raise DataError(
            f"too few instances to find patterns: {instances}, but min_size={min_size} needs at least {2 * min_size}. "
            "Capture more, or lower min_size."
        )


def _advice(count: int, noise_share: float, settings: PatternSettings, *, copies: bool) -> str | None:
    said = []
    if count == 0:
        changes = []
        if settings.min_samples > 1:
            changes.append("lower min_samples")
        if settings.min_size > 2:
            changes.append("lower min_size")
        if settings.components is None and settings.units * len(settings.parts) > 2 * COMPONENTS:
            changes.append(f"reduce to {COMPONENTS} components")
        changes.append("take more instances, or another layer or pooling")
        said.append(
            f"No patterns: all {settings.instances:,} instances are in none (noise share {noise_share:.0%}). "
            f"They may form one group, or none. To look closer: {', '.join(changes)}."
        )
    elif noise_share > 0.9:
        said.append(
            f"{noise_share:.0%} of {settings.instances:,} instances are in no pattern: the patterns describe few of them."
        )
    if copies:
        said.append("Some instances are exact copies in this layer, which makes every persistence 1; order by size instead.")
    return " ".join(said) or None
