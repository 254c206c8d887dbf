"""Which nodes matter in a weighted graph, seen from where one starts? (personalised PageRank)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array

from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class PageRank:
    """Where a walker is found who follows edges by weight and now and then starts again.

    Attributes
    ----------
    rank : (nodes,) float64
        Sums to 1.
    residual : float
        Change of the last step, the sum of absolute differences.
    steps : taken.
    """

    rank: Floats
    residual: float
    steps: int


def pagerank(
    source: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike,
    start: ArrayLike,
    *,
    alpha: float = 0.85,
    tolerance: float = 1e-8,
    directed: bool = False,
    most_steps: int = 1000,
) -> PageRank:
    """Rank nodes by power iteration.

    Parameters
    ----------
    source, target : (edges,) int
        Nodes, 0 to nodes − 1. Parallel edges add up.
    weight : (edges,)
        At least 0.
    start : (nodes,)
        How often to start at each node, at least 0, not all 0; also where a walker goes who is stuck.
    alpha : float
        Chance of following an edge.
    tolerance : float
        Stop when a step changes less than this in all.
    directed : bool
        Follow edges from source to target only; otherwise both ways, a loop once.
    most_steps : int
        Give up after so many.

    Raises
    ------
    DataError
        If a node is outside, a weight or start is negative or not finite, or the iteration does not settle.

    Source: Page et al. 1999; the same definition as ``networkx.pagerank(personalization=…, weight=…)``, whose ``tol`` is ours
    divided by nodes.

    Examples
    --------
    >>> pagerank([0], [1], [1.0], [1, 0]).rank.round(3).tolist()
    [0.541, 0.459]
    """
    share = np.asarray(start, np.float64)
    nodes = len(share)
    if not np.isfinite(share).all() or (share < 0).any() or share.sum() <= 0:
        raise DataError("a walk must start somewhere: start holds shares of at least 0, not all of them 0.")
    share = share / share.sum()
    step, stuck = _transition(source, target, weight, nodes, directed)
    step = step * alpha
    rank = share.copy()
    for number in range(1, most_steps + 1):
        lost = alpha * rank[stuck].sum() + (1 - alpha)
        following = step @ rank
        following += lost * share
        residual = float(np.abs(following - rank).sum())
        rank = following
        if residual < tolerance:
            return PageRank(rank / rank.sum(), residual, number)
    raise DataError(f"PageRank did not settle in {most_steps} steps (residual {residual:.3g}, asked for {tolerance:.3g}).")


def _transition(
    source: ArrayLike, target: ArrayLike, weight: ArrayLike, nodes: int, directed: bool
) -> tuple[csr_array, NDArray[np.bool_]]:
    """Chances of going from column to row, and the nodes that no edge leaves."""
    tail, head = np.asarray(source, np.int64).ravel(), np.asarray(target, np.int64).ravel()
    weights = np.asarray(weight, np.float64).ravel()
    if len(tail) and (min(tail.min(), head.min()) < 0 or max(tail.max(), head.max()) >= nodes):
        raise DataError(f"an edge names a node outside 0 to {nodes - 1}.")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise DataError("edge weights must be finite and at least 0.")
    if not directed:
        apart = tail != head
        tail, head = np.concatenate([tail, head[apart]]), np.concatenate([head, tail[apart]])
        weights = np.concatenate([weights, weights[apart]])
    leaving = np.bincount(tail, weights=weights, minlength=nodes)
    going = leaving > 0
    chance = weights / np.where(going, leaving, 1)[tail]
    steps = coo_array((chance, (head, tail)), shape=(nodes, nodes))
    steps.has_canonical_format = True  # a product adds parallel edges up; sorting them first would take half of the time
    return steps.tocsr(), ~going
