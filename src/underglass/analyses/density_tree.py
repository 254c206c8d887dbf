"""Which groups persist while the density threshold rises?

From a spanning tree to single linkage, to the condensed tree, to labels, probability, outlier score (GLOSH) and persistence, as
in HDBSCAN* (Campello, Moulavi and Sander 2013; formulas as in the `hdbscan` package). With λ = 1 / weight:

* probability(x) = min(λ_x, λ_max(C)) / λ_max(C), 1 where λ is infinite;
* outlier score(x) = (λ_max(subtree of C_x) − λ_x) / λ_max(subtree), where C_x is the group x falls out of last;
* persistence(C) = stability(C) / (|C| max λ), 1 if max λ is infinite or 0.

Many edges tie: every edge shorter than an instance's core distance weighs that core distance. ``ties="rows"`` cuts them one
after another in the order an unstable sort leaves them, to the letter as ``hdbscan`` does; ``ties="distance"`` cuts the longer
first and those of equal length at once, so that nothing hangs on the order of rows. Exact copies, at weight 0, never part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from underglass.analyses.spanning_tree import SpanningTree

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class DensityTree:
    """The condensed tree: group 0 holds all instances, a group's number is larger than its parent's.

    Attributes
    ----------
    group : (instances,) int64, the last group an instance belongs to.
    leaves_at : (instances,) float64, the λ at which it falls out of that group.
    parent : (groups,) int64, −1 for group 0.
    birth : (groups,) float64, the λ at which the group splits off.
    size : (groups,) int64, its instances at birth.
    """

    group: Array
    leaves_at: Array
    parent: Array
    birth: Array
    size: Array


@dataclass(frozen=True)
class Clusters:
    """Groups chosen from a density tree.

    Attributes
    ----------
    labels : (instances,) int64, −1 for noise; 0 is the most persistent cluster.
    probability : (instances,) float64 in 0–1, 0 for noise.
    outlier_score : (instances,) float64 in 0–1.
    persistence : (clusters,) float64 in 0–1, descending.
    """

    labels: Array
    probability: Array
    outlier_score: Array
    persistence: Array


def density_tree(edges: SpanningTree, min_size: int, ties: str) -> DensityTree:
    """Condense the single linkage of spanning edges: splits into fewer than ``min_size`` are instances falling out, not groups.

    Parameters
    ----------
    edges : SpanningTree
        Of all instances.
    min_size : int
        The fewest instances of a group, at least 2.
    ties : "rows" or "distance"
        Which of edges that weigh the same is cut first.
    """
    order = np.argsort(edges.weight) if ties == "rows" else np.lexsort((edges.distance, edges.weight))
    weight, distance = edges.weight[order], edges.distance[order]
    equal = (weight[1:] == weight[:-1]) & (distance[1:] == distance[:-1])
    tied = np.append(equal if ties == "distance" else weight[1:] == 0, False)
    with np.errstate(divide="ignore"):
        density = 1 / weight
    children, size = link(edges.ends[order])
    return DensityTree(*condense(children, size, density, tied, min_size))


def select(tree: DensityTree, selection: str, epsilon: float) -> Clusters:
    """Choose clusters: the leaves of the tree, or the groups with the largest excess of mass ("eom").

    Parameters
    ----------
    tree : DensityTree
        The condensed tree to choose from.
    selection : "leaf" or "eom"
        Which of the two.
    epsilon : float
        Clusters born at a distance below this are merged into the ancestor born above it, 0 for none.
    """
    groups = len(tree.parent)
    peak = np.zeros(groups)
    np.maximum.at(peak, tree.group, tree.leaves_at)
    np.maximum.at(peak, tree.parent[1:], tree.birth[1:])
    stability = np.zeros(groups)
    np.add.at(stability, tree.group, tree.leaves_at - tree.birth[tree.group])
    np.add.at(stability, tree.parent[1:], (tree.birth[1:] - tree.birth[tree.parent[1:]]) * tree.size[1:])
    chosen = leaves(tree) if selection == "leaf" else excess_of_mass(tree, stability)
    if epsilon > 0:
        chosen = merge_below(tree, chosen, epsilon)
    cluster = owners(tree, chosen)[tree.group]

    size = np.bincount(cluster[cluster >= 0], minlength=groups)[chosen]
    highest = tree.leaves_at.max()
    persistence = stability[chosen] / (size * highest) if np.isfinite(highest) and highest > 0 else np.ones(len(chosen))
    first = np.full(groups, len(cluster))
    np.minimum.at(first, cluster[cluster >= 0], np.flatnonzero(cluster >= 0))
    order = np.lexsort((first[chosen], -size, -persistence))
    number = np.full(groups + 1, -1)
    number[chosen[order]] = np.arange(len(chosen))

    own_peak = peak[cluster]
    probability = np.where(cluster >= 0, share(np.minimum(tree.leaves_at, own_peak), own_peak, otherwise=1.0), 0.0)
    probability[(cluster >= 0) & ~np.isfinite(tree.leaves_at)] = 1.0
    for child in range(groups - 1, 0, -1):
        peak[tree.parent[child]] = max(peak[tree.parent[child]], peak[child])
    outlier = 1 - share(tree.leaves_at, peak[tree.group], otherwise=1.0)
    outlier[~np.isfinite(tree.leaves_at)] = 0.0
    return Clusters(number[cluster], probability, outlier, persistence[order])


def leaves(tree: DensityTree) -> Array:
    """Groups that split no further, without group 0."""
    split = np.zeros(len(tree.parent), bool)
    split[0] = True
    split[tree.parent[1:]] = True
    return np.flatnonzero(~split)


def excess_of_mass(tree: DensityTree, stability: Array) -> Array:
    """Groups that are more stable than what they split into, taken together; never group 0."""
    best = stability.copy()
    below = np.zeros(len(best))
    for group in range(len(best) - 1, 0, -1):
        best[group] = max(best[group], below[group])
        below[tree.parent[group]] += best[group]
    stays = stability >= below
    inside = np.zeros(len(best), bool)
    for group in range(1, len(best)):
        parent = tree.parent[group]
        inside[group] = inside[parent] or (parent > 0 and stays[parent])
    stays[0] = False
    return np.flatnonzero(stays & ~inside)


def merge_below(tree: DensityTree, chosen: Array, epsilon: float) -> Array:
    """Replace clusters born below the distance ``epsilon`` by the nearest ancestor born above it, or by the child of group 0."""
    merged = set()
    for group in chosen.tolist():
        while tree.birth[group] * epsilon > 1 and tree.parent[group] > 0:
            group = int(tree.parent[group])  # noqa: PLW2901
        merged.add(group)
    kept = []
    for group in sorted(merged):
        ancestor = int(tree.parent[group])
        while ancestor > 0 and ancestor not in merged:
            ancestor = int(tree.parent[ancestor])
        if ancestor <= 0:
            kept.append(group)
    return np.array(kept, np.int64)


def owners(tree: DensityTree, chosen: Array) -> Array:
    """The chosen group that each group is in, −1 for none."""
    owner = np.full(len(tree.parent), -1)
    owner[chosen] = chosen
    for group in range(1, len(owner)):
        if owner[group] < 0:
            owner[group] = owner[tree.parent[group]]
    return owner


def share(part: Array, whole: Array, *, otherwise: float) -> Array:
    """``part / whole``; ``otherwise`` where the whole is 0, and 0 where it alone is infinite."""
    answer = np.full(len(part), otherwise)
    np.divide(part, whole, out=answer, where=(whole > 0) & np.isfinite(part))
    return answer


@numba.njit(cache=True, nogil=True)
def link(ends):  # type: ignore[no-untyped-def]
    """Single linkage of edges in ascending order: each merge's two children (rows below n, merge m as n + m), and every size."""
    n = ends.shape[0] + 1
    children = np.empty((n - 1, 2), np.int64)
    size = np.ones(2 * n - 1, np.int64)
    root = np.arange(n)
    node = np.arange(n)
    for merge in range(n - 1):
        a, b = ends[merge]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        children[merge, 0], children[merge, 1] = node[a], node[b]
        size[n + merge] = size[node[a]] + size[node[b]]
        if size[node[a]] < size[node[b]]:
            a, b = b, a
        root[b] = a
        node[a] = n + merge
    return children, size


@numba.njit(cache=True, nogil=True)
def condense(children, size, density, tied, min_size):  # type: ignore[no-untyped-def]
    """Walk the linkage from its last merge down; ``tied[m]`` says that merge m + 1 happened at the same moment as m.

    Merges of one moment that hang together are one node (its top), whose branches are what hangs below all of them. Two or more
    branches of ``min_size`` are groups of their own; a single one goes on as the same group; smaller ones fall out.
    """
    n = children.shape[0] + 1
    moment = np.zeros(n - 1, np.int64)
    for merge in range(n - 2, -1, -1):
        moment[merge] = moment[merge + 1] if merge < n - 2 and tied[merge] else merge
    top = np.arange(n - 1)
    large = np.zeros(n - 1, np.int64)
    for merge in range(n - 2, -1, -1):
        for side in range(2):
            child = children[merge, side]
            if child >= n and moment[child - n] == moment[merge]:
                top[child - n] = top[merge]
            elif size[child] >= min_size:
                large[top[merge]] += 1

    group_of = np.zeros(n - 1, np.int64)
    fell_at = np.full(n - 1, -1.0)
    group = np.zeros(n, np.int64)
    leaves_at = np.zeros(n)
    parent = np.empty(2 * n // min_size + 2, np.int64)
    birth = np.zeros(parent.shape[0])
    born = np.zeros(parent.shape[0], np.int64)
    parent[0], born[0] = -1, n
    groups = 1
    for merge in range(n - 2, -1, -1):
        here = group_of[merge]
        for side in range(2):
            child = children[merge, side]
            same = child >= n and top[child - n] != child - n
            out = fell_at[merge]
            inside = here
            if out < 0 and not same:
                if size[child] < min_size:
                    out = density[merge]
                elif large[top[merge]] > 1:
                    inside = groups
                    parent[inside], birth[inside], born[inside] = here, density[merge], size[child]
                    groups += 1
            if child >= n:
                group_of[child - n] = inside
                fell_at[child - n] = out
            else:
                group[child] = inside
                leaves_at[child] = out
    return group, leaves_at, parent[:groups].copy(), birth[:groups].copy(), born[:groups].copy()
