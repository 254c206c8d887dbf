"""Which points lie in a polygon that a person drew?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from underglass.errors import DataError

MOST_CORNERS = 10_000
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def inside(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], polygon: Sequence[Sequence[float]]) -> Mask:
    """Whether each point is inside, by the even-odd rule; a point without coordinates is outside.

    Parameters
    ----------
    x, y
        ``(points,)``, NaN where a point has no place.
    polygon
        Corners ``(x, y)`` in order, three or more; the last is joined to the first.

    Raises
    ------
    DataError
        If the polygon is none.

    Examples
    --------
    >>> inside(np.array([0.5, 2.0]), np.array([0.5, 0.5]), [(0, 0), (1, 0), (1, 1), (0, 1)]).tolist()
    [True, False]
    """
    try:
        corners = np.asarray(polygon, dtype=np.float64)
    except (TypeError, ValueError):
        corners = np.zeros((0, 2))
    if corners.ndim != 2 or corners.shape[1] != 2 or not 3 <= len(corners) <= MOST_CORNERS or not np.isfinite(corners).all():
        raise DataError(f"a lasso needs 3 to {MOST_CORNERS:,} corners, each of two numbers")
    px, py = np.asarray(x, np.float64), np.asarray(y, np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    near = np.flatnonzero((px >= low[0]) & (px <= high[0]) & (py >= low[1]) & (py <= high[1]))
    within = np.zeros(len(near), bool)
    qx, qy = px[near], py[near]
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ay == by:
            continue
        crosses = (ay > qy) != (by > qy)
        within ^= crosses & (qx < (bx - ax) * (qy - ay) / (by - ay) + ax)
    found = np.zeros(len(px), bool)
    found[near[within]] = True
    return found
