"""In which order do the columns of an activation matrix stand so that units that behave alike stand together?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.integer[Any]]

MOST_OPTIMAL = 256
"""Up to so many units the leaves are turned so that neighbours are as near as the tree allows."""


def cluster_order(profiles: ArrayLike) -> Ints:
    """Units in the order of the leaves of a hierarchical clustering of their profiles.

    Parameters
    ----------
    profiles : (rows, units)
        What each unit does on each row, such as means over subsets. NaN rows (empty subsets) are left out. Each unit is scaled
        to its largest magnitude, so that what counts is where it fires and not how much.

    Returns
    -------
    (units,) int64, a permutation; units that are 0 on every row stand last.

    Source: average linkage on Euclidean distances; leaf order as in Bar-Joseph et al. 2001 up to 256 units.

    Examples
    --------
    >>> order = cluster_order([[1.0, 0.0, 2.0, 0.0], [0.0, 3.0, 0.0, 1.0]]).tolist()
    >>> {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}
    True
    """
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import pdist

    values = np.asarray(profiles, np.float64)
    values = values[np.isfinite(values).all(axis=1)]
    units = values.shape[1]
    largest = np.abs(values).max(axis=0) if len(values) else np.zeros(units)
    live = np.flatnonzero(largest > 0)
    silent = np.flatnonzero(largest == 0)
    if len(live) < 3:
        return np.concatenate([live, silent]).astype(np.int64)
    distances = pdist((values[:, live] / largest[live]).T)
    tree = linkage(distances, "average")
    if len(live) <= MOST_OPTIMAL:
        tree = optimal_leaf_ordering(tree, distances)
    return np.concatenate([live[leaves_list(tree)], silent]).astype(np.int64)
