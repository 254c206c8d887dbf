"""Which instances does a layer place nearest to this one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from underglass.errors import DataError, unknown

Array = np.ndarray[Any, Any]
METRICS = ("euclidean", "cosine")
FEW = 4
BLOCK = 256


@dataclass(frozen=True)
class Neighbours:
    """The nearest instances of one or many, never the instance itself.

    Attributes
    ----------
    rows : (queries, k) int32
        The nearest first; equally near ones in the order of their rows.
    distances : (queries, k) float64
        Euclidean distance, or 1 − cosine similarity (0–2).
    """

    rows: Array
    distances: Array


def nearest(
    activations: Array, row: int | Sequence[int] | Array, k: int, metric: Literal["euclidean", "cosine"] | str = "euclidean"
) -> Neighbours:
    """Find the ``k`` nearest instances of one or many rows, exactly.

    Many rows are compared by a float32 matrix product, whose error is bounded; those that may be among the nearest are computed
    anew in float64.

    Parameters
    ----------
    activations : (instances, units)
        Any float type, finite.
    row : int or (queries,) of int
        Rows to find the neighbours of.
    k : int
        Neighbours wanted, at least 1; fewer come back where there are fewer other instances.
    metric : "euclidean" or "cosine"
        A row of zeros has no direction; its cosine distance to all others is 1.

    Raises
    ------
    DataError
        If a row is out of range, ``k`` is below 1, the metric is unknown or activations are not finite.

    Examples
    --------
    >>> found = nearest(np.array([[0.0], [3.0], [1.0], [-1.0]]), 0, k=2)
    >>> found.rows.tolist(), found.distances.tolist()
    ([[2, 3]], [[1.0, 1.0]])
    """
    if metric not in METRICS:
        raise DataError(unknown("metric", metric, METRICS))
    if k < 1:
        raise DataError(f"k must be at least 1; got {k}.")
    queries = np.atleast_1d(np.asarray(row))
    n = len(activations)
    if queries.dtype.kind not in "iu" or (queries < 0).any() or (queries >= n).any():
        raise DataError(f"rows must be whole numbers from 0 to {n - 1}; got {row}.")
    points = np.asarray(activations)
    points = points if points.dtype.kind == "f" and points.itemsize >= 4 else points.astype(np.float32)
    if metric == "cosine":
        length = np.sqrt(np.einsum("ij,ij->i", points, points, dtype=np.float64))
        points = points / np.where(length > 0, length, 1)[:, None]
    if not np.isfinite(points.sum(dtype=np.float64)):
        raise DataError("activations hold NaN or infinity.")
    k = min(k, n - 1)
    rows, distances = np.empty((len(queries), k), np.int32), np.empty((len(queries), k))
    shortlist = _Shortlist(points, metric) if len(queries) > FEW else None
    for start in range(0, len(queries), BLOCK):
        some = queries[start : start + BLOCK]
        near = shortlist.of(some, k) if shortlist else [np.arange(n)] * len(some)
        for index, (query, candidates) in enumerate(zip(some.tolist(), near, strict=True), start):
            others = candidates[candidates != query]
            away = _distances(points[others], points[query], metric)
            order = np.lexsort((others, away))[:k]
            rows[index], distances[index] = others[order], away[order]
    return Neighbours(rows, distances)


def _distances(points: Array, query: Array, metric: str) -> Array:
    """From a query (units,) to points (rows, units), summed in float64."""
    if metric == "cosine":
        away: Array = 1 - np.einsum("ij,j->i", points, query, dtype=np.float64)
    else:
        difference = np.subtract(points, query, dtype=np.float64)
        away = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return away


class _Shortlist:
    """Who may be among the nearest: by float32 products of centred rows, whose error is bounded (see ``spanning_tree``)."""

    def __init__(self, points: Array, metric: str) -> None:
        if metric == "cosine":
            self.points = points.astype(np.float32)
            self.squares = np.ones(len(points))
        else:
            centred = points - points.mean(0, dtype=np.float64)
            self.points = (centred / (float(np.abs(centred).max()) or 1.0)).astype(np.float32)
            self.squares = np.einsum("ij,ij->i", self.points, self.points, dtype=np.float64)
        units = points.shape[1]
        self.gamma = (min(units, 10 * units**0.5) + 16) * 2.0**-24

    def of(self, queries: Array, k: int) -> list[Array]:
        """Rows that may be among the k nearest of each query; of them all, none that is left out is nearer."""
        sums = self.squares + self.squares[queries][:, None]
        squared = sums - 2.0 * (self.points[queries] @ self.points.T)
        squared[np.arange(len(queries)), queries] = np.inf
        limit = np.partition(squared + self.gamma * sums, k - 1, axis=1)[:, k - 1 : k]
        return [np.flatnonzero(near) for near in squared - self.gamma * sums <= limit]
