"""Along which values do outcomes differ most? A small tree splits the instances, best split first, while it is more than chance.

A split of a feature without order puts each value on the side where its mean outcome belongs: with values sorted by their mean,
the best two-sided split is one of the cuts between them (Breiman et al. 1984, section 4.2.2), so all are tried exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from underglass.analyses.feature_codes import Feature

DOUBT = 0.01  # that a split of the tree is chance, where there is nothing to split

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Node:
    """One node of the tree.

    Attributes
    ----------
    parent : int or None
        Position of the parent.
    depth : int
        0 for the root.
    feature : int or None
        The feature that its parent was split by.
    codes : tuple of int
        The values of that feature that lead here.
    rows : (n,)
        Its instances.
    leaf : bool
        Whether it was not split further.
    """

    parent: int | None
    depth: int
    feature: int | None
    codes: tuple[int, ...]
    rows: Rows
    leaf: bool = True


def error_tree(
    features: Sequence[Feature],
    ordered: Sequence[bool],
    values: Floats,
    learn: NDArray[np.bool_],
    *,
    depth: int,
    leaves: int,
    least: int,
) -> list[Node]:
    """Grow the tree.

    Parameters
    ----------
    features : sequence of Feature
        Of equal length.
    ordered : sequence of bool
        Which features keep the order of their values, so that a side is a range.
    values : (instances,)
        The outcome, NaN where it is not defined.
    learn : (instances,) bool
        The instances that decide on splits; all instances are then led down the tree.
    depth, leaves : int
        Most splits on a path, most leaves.
    least : int
        Fewest deciding instances with an outcome on either side.

    Returns
    -------
    list of Node
        The root first, parents before children.
    """
    nodes = [Node(None, 0, None, (), np.arange(len(values)))]
    splits: dict[int, Split] = {}

    def consider(place: int) -> None:
        split = (
            _best_split(features, ordered, values, learn, nodes[place].rows, least=least) if nodes[place].depth < depth else None
        )
        if split is not None:
            splits[place] = split

    consider(0)
    while splits and sum(node.leaf for node in nodes) < leaves:
        at = max(splits, key=lambda place: splits[place].gain)
        split = splits.pop(at)
        node = nodes[at] = replace(nodes[at], leaf=False)
        codes = features[split.feature].codes[node.rows]
        for side in (split.codes, np.setdiff1d(codes, split.codes)):
            nodes.append(Node(at, node.depth + 1, split.feature, tuple(side.tolist()), node.rows[np.isin(codes, side)]))
            consider(len(nodes) - 1)
    return nodes


@dataclass(frozen=True)
class Split:
    """Drop of the sum of squares, the feature, and the codes of one side."""

    gain: float
    feature: int
    codes: NDArray[np.int32]


def _best_split(
    features: Sequence[Feature],
    ordered: Sequence[bool],
    values: Floats,
    learn: NDArray[np.bool_],
    rows: Rows,
    *,
    least: int,
) -> Split | None:
    """Try every split of these rows; None if none is allowed or helps."""
    deciding = rows[learn[rows] & ~np.isnan(values[rows])]
    y = values[deciding]
    best: Split | None = None
    if len(y) < 2 * least:
        return None
    for place, feature in enumerate(features):
        codes = feature.codes[deciding]
        n = np.bincount(codes, minlength=len(feature))
        total = np.bincount(codes, weights=y, minlength=len(feature))
        present = np.flatnonzero(n)
        if len(present) < 2:
            continue
        key = present if ordered[place] else total[present] / n[present]
        order = present[np.argsort(key, kind="stable")]
        below, sum_below = np.cumsum(n[order])[:-1], np.cumsum(total[order])[:-1]
        above, sum_above = len(y) - below, y.sum() - sum_below
        gain = sum_below**2 / below + sum_above**2 / above - y.sum() ** 2 / len(y)
        gain = np.where((below >= least) & (above >= least), gain, -1.0)
        cut = int(np.argmax(gain))
        # by chance the best of k - 1 cuts gains like one of so many chi-squares, or, sorted by outcome, like their sum
        cuts = len(present) - 1
        by_chance = chdtri(1, DOUBT / len(features) / cuts) if ordered[place] else chdtri(cuts, DOUBT / len(features))
        if gain[cut] > max(best.gain if best else 0.0, by_chance * y.var(ddof=1)):
            best = Split(float(gain[cut]), place, np.sort(order[: cut + 1]).astype(np.int32))
    return best
