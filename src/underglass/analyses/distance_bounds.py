"""Which pairs of instances can be ruled out without computing their distance exactly?

A float32 matrix product is thirty times faster than summing squares in float64, but inexact. With ``n`` the squared length of a
row and ``g`` the product of two,

    |a − b|² = n_a + n_b − 2 g,        |g_float32 − g| ≤ γ (n_a + n_b) / 2,

so ``(1 − γ)(n_a + n_b) − 2 g_float32`` is never above the squared distance. Pairs whose bound is too large are never looked at;
the few others are computed anew in float64, which decides. Results are therefore the same for any BLAS and any number of threads,
and cancellation between near copies costs time, never correctness.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

Array = np.ndarray[Any, Any]
CHUNK = 128
UNIT_ROUNDOFF = 2.0**-24


def half_bounds(points: Array) -> Array:
    """Half of ``(1 − γ) n`` per row, (instances,) float32: a squared distance under r needs ``g > half_a + half_b − r/2``.

    γ is the classical bound ``units · u`` on the rounding of a dot product, or the probabilistic ``10 √units · u``
    (Higham and Mary 2019, which fails with probability below 1e-21 a product), plus eight roundings of our own.
    """
    units = points.shape[1]
    gamma = (min(units, 10 * units**0.5) + 8) * UNIT_ROUNDOFF
    squares = np.einsum("ij,ij->i", points, points, dtype=np.float64)
    half: Array = ((1 - gamma) / 2 * squares).astype(np.float32)
    return half


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def squared_distance(points, a, b):  # type: ignore[no-untyped-def]
    """Sum in float64 of the squared differences of two float32 rows."""
    total = 0.0
    for unit in range(points.shape[1]):
        difference = np.float64(points[a, unit]) - np.float64(points[b, unit])
        total += difference * difference
    return total


@numba.njit(cache=True, nogil=True)
def count_above(gram, half, bound):  # type: ignore[no-untyped-def]
    """How many pairs of one chunk may be nearer than the bound says."""
    hits = 0
    for other in range(gram.shape[0]):
        hits += gram[other] - half[other] > bound
    return hits


@numba.njit(cache=True, nogil=True)
def nearest_lists(points, half, gram, first, rows, squares):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """List the nearest others of rows ``first …``, whose products with all are ``gram``, in ``rows`` and ``squares``.

    Both are (instances, k): the other's row, and the squared distance to it, ascending; the lower row first of equals.
    """
    n = points.shape[0]
    k = rows.shape[1]
    for local in range(gram.shape[0]):
        row = first + local
        near, who = squares[row], rows[row]
        near[:] = np.inf
        bound = np.float32(-np.inf)
        for start in range(0, n, CHUNK):
            end = min(start + CHUNK, n)
            if count_above(gram[local, start:end], half[start:end], bound) == 0:
                continue
            for other in range(start, end):
                if gram[local, other] - half[other] > bound and other != row:
                    squared = squared_distance(points, row, other)
                    if squared < near[k - 1]:
                        place = k - 1
                        while place > 0 and near[place - 1] > squared:
                            near[place] = near[place - 1]
                            who[place] = who[place - 1]
                            place -= 1
                        near[place] = squared
                        who[place] = other
                        bound = np.float32(half[row] - near[k - 1] / 2)
