"""How far can the neighbourhoods of a picture be trusted?"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def trustworthiness(activations: Array, coordinates: Array, k: int = 12) -> float:
    """Measure whether those drawn near each other are near in the layer: 1 if all are, about 0.5 by chance.

    Each of an instance's ``k`` nearest in the picture that is not among its ``k`` nearest in the layer costs as many ranks as it
    is too far away.

    Parameters
    ----------
    activations : (instances, units)
        Compared by Euclidean distance, all with all: give a sample of a few thousand.
    coordinates : (instances, dimensions)
        The picture of the same instances.
    k : int
        Below half of the instances.

    Returns
    -------
    float
        0–1; NaN where there are too few instances.

    Source: Venna and Kaski 2001, "Neighborhood preservation in nonlinear projection methods".

    Examples
    --------
    >>> line = np.arange(20.0)[:, None]
    >>> trustworthiness(line, 2 * line, k=3)
    1.0
    """
    n = len(activations)
    if not 0 < k < n / 2:
        return float("nan")
    near = np.argpartition(_squared_distances(coordinates), k - 1, axis=1)[:, :k]
    apart = _squared_distances(activations)
    limit = np.take_along_axis(apart, near, axis=1)
    ranks = np.stack([(apart < limit[:, [place]]).sum(1) for place in range(k)], axis=1) + 1
    excess = np.maximum(ranks - k, 0).sum()
    return float(1 - excess * 2 / (n * k * (2 * n - 3 * k - 1)))


def _squared_distances(points: Array) -> Array:
    """All with all, (instances, instances) float64; infinite to oneself."""
    centred = points - points.mean(0, dtype=np.float64)
    squares = np.einsum("ij,ij->i", centred, centred)
    distances: Array = squares[:, None] + squares - 2 * (centred @ centred.T)
    np.fill_diagonal(distances, np.inf)
    return distances
