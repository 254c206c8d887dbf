"""Which instances resemble each other, and what do they have in common?

Clusters as FairVis makes them: k-means over one-hot and min-max scaled features, each cluster described by the features whose
values vary least in it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.coordinates import Coordinates
from underglass.analyses.feature_codes import Feature
from underglass.errors import DataError

Floats = NDArray[np.float64]

FITTED = 50_000  # instances that the centres are fitted on; the others join the nearest
ROUND = 20_000


@dataclass(frozen=True)
class ClusterGroups:
    """Clusters and what describes them.

    Attributes
    ----------
    labels : (instances,) int32
        Cluster of each instance.
    count : int
        How many clusters have members.
    entropy : (clusters, features)
        Of each feature's values within the cluster, bits; 0 says all members share one value.
    dominant : (clusters, features) int32
        The commonest value, as a code.
    share : (clusters, features)
        Share of the members that have it.
    """

    labels: NDArray[np.int32]
    count: int
    entropy: Floats
    dominant: NDArray[np.int32]
    share: Floats


def cluster_groups(table: pa.Table, features: Sequence[Feature], *, clusters: int, seed: int) -> ClusterGroups:
    """Cluster instances by their features.

    Parameters
    ----------
    table : pyarrow.Table
        The columns themselves; numbers are scaled to 0..1, missing ones get the median and a coordinate that says so.
    features : sequence of Feature
        The same columns factorised, for one-hot coordinates and descriptions.
    clusters : int
        At most the number of instances.
    seed : int
        Of the centres, and of the sample of 50,000 that they are fitted on where there are more instances.

    Raises
    ------
    DataError
        If the number of clusters makes no sense.

    Source: Cabrera et al. 2019, "FairVis", section 4.4, with a seed and finite memory.
    """
    instances = table.num_rows
    if not 1 <= clusters <= instances:
        raise DataError(f"clusters must be between 1 and the {instances:,} instances; got {clusters}.")
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    points = Coordinates(table, features)
    sample = np.arange(instances)
    if instances > FITTED:
        sample = np.sort(np.random.default_rng(seed).choice(instances, FITTED, replace=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different instances than clusters: the rest stay empty
        model = KMeans(clusters, n_init=1, random_state=seed).fit(points.take(sample))
    found = np.concatenate(
        [model.predict(points.take(np.arange(i, min(i + ROUND, instances)))) for i in range(0, instances, ROUND)]
    )
    used, labels = np.unique(found, return_inverse=True)
    described = [describe(labels.reshape(-1), len(used), feature) for feature in features]
    entropy, dominant, share = (np.column_stack(part) for part in zip(*described, strict=True))
    return ClusterGroups(labels.reshape(-1).astype(np.int32), len(used), entropy, dominant.astype(np.int32), share)


def describe(labels: NDArray[np.intp], groups: int, feature: Feature) -> tuple[Floats, NDArray[np.intp], Floats]:
    """Entropy in bits, commonest value and its share (groups,) of one feature within each group."""
    counted = np.bincount(labels * len(feature) + feature.codes, minlength=groups * len(feature)).reshape(groups, -1)
    share = counted / counted.sum(axis=1, keepdims=True)
    logarithm = np.log2(share, out=np.zeros_like(share), where=share > 0)
    return np.abs(-(share * logarithm).sum(axis=1)), share.argmax(axis=1), share.max(axis=1)
