"""How does each way of suggesting groups find them?

Each finder takes an outcome, the columns and the settings, and gives the parts of `SuggestedGroups` that depend on the way.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.cluster_groups import cluster_groups
from underglass.analyses.error_tree import Node, error_tree
from underglass.analyses.feature_codes import Bins, Feature, is_number
from underglass.analyses.group_outcomes import Outcome, judge, mean
from underglass.analyses.group_tables import nullable
from underglass.analyses.lattice import Progress
from underglass.analyses.lattice_groups import lattice_groups, worst_first
from underglass.analyses.suggested_groups import Item, in_words, suggestions_table
from underglass.errors import DataError

SHOWN_FEATURES = 5  # of a cluster
LEARNING_SHARE = 0.5  # of the instances decide on the splits of a tree, the others test its leaves


class Settings(TypedDict, total=False):
    """How to search; every default stands in brackets.

    Attributes
    ----------
    bins : mapping of a number to a count of bins or their inner edges [5 of equal count, where it takes more than 12 values].
    order : ``"evidence"``, by t, or ``"value"``, by the metric itself as published ["evidence"; clusters: "value"].
    limit : most groups, None for all [lattice: 20; else None].
    confidence : of the intervals, fraction [0.95].
    seed : of clusters, and of the half of the instances that a tree learns from [0].
    progress : told done, total and stage [None].
    min_support : smallest share of the instances in a group (lattice, tree) [0.01].
    max_length : most conditions (lattice), None for no limit [4].
    redundancy : epsilon of the published pruning (lattice), None for none [0.01].
    distinct : keep a group only if it still differs among instances alike in the groups above it (lattice) [True].
    clusters : how many (clusters) [50, or a tenth of the instances if that is less].
    min_size : fewest instances (clusters) [0].
    depth, leaves : most splits on a path, most leaves (tree) [3, 31].
    """

    bins: Bins | None
    order: Literal["evidence", "value"] | None
    limit: int | None
    confidence: float
    seed: int
    progress: Progress | None
    min_support: float
    max_length: int | None
    redundancy: float | None
    distinct: bool
    clusters: int | None
    min_size: int
    depth: int
    leaves: int


DEFAULTS: dict[str, Settings] = {
    "lattice": {"order": "evidence", "limit": 20, "min_support": 0.01, "max_length": 4, "redundancy": 0.01, "distinct": True},
    "clusters": {"order": "value", "limit": None, "clusters": None, "min_size": 0},
    "tree": {"order": "evidence", "limit": None, "min_support": 0.01, "depth": 3, "leaves": 31},
}
SHARED: Settings = {"bins": None, "confidence": 0.95, "seed": 0, "progress": None}


def by_lattice(outcome: Outcome, table: pa.Table, features: tuple[Feature, ...], settings: Settings) -> dict[str, Any]:
    """Exact search of all combinations."""
    found = lattice_groups(
        features,
        outcome,
        min_support=settings["min_support"],
        max_length=settings["max_length"],
        redundancy=settings["redundancy"],
        distinct=settings["distinct"],
        limit=settings["limit"],
        by_value=settings["order"] == "value",
        confidence=settings["confidence"],
        progress=settings["progress"],
    )
    place = found.lattice.items.tolist()
    items = tuple(
        tuple(
            Item(place[item][0], (place[item][1],), entropy=0.0, contribution=share)
            for item, share in zip(itemset, shares, strict=True)
            if item >= 0
        )
        for itemset, shares in zip(found.lattice.itemsets[found.rows].tolist(), found.shares.tolist(), strict=True)
    )
    return {"table": suggestions_table(features, items, found.verdicts, outcome), "items": items, "tested": len(found.lattice)}


def by_clusters(outcome: Outcome, table: pa.Table, features: tuple[Feature, ...], settings: Settings) -> dict[str, Any]:
    """Clusters of similar instances."""
    count = settings["clusters"] or min(50, max(1, len(outcome.values) // 10))
    found = cluster_groups(table, features, clusters=count, seed=settings["seed"])
    if settings["progress"] is not None:
        settings["progress"](1, 1, "clustering")
    labels = found.labels.astype(np.intp)
    size = np.bincount(labels, minlength=found.count)
    verdicts = judge(outcome, size, outcome.sums(labels, found.count), outcome.total(), confidence=settings["confidence"])
    key = worst_first(verdicts, outcome.direction, by_value=settings["order"] == "value")
    chosen = np.argsort(key, kind="stable")
    chosen = chosen[size[chosen] >= settings["min_size"]][: settings["limit"]]
    items = tuple(
        tuple(
            Item(
                place, (int(found.dominant[group, place]),), float(found.share[group, place]), float(found.entropy[group, place])
            )
            for place in np.argsort(found.entropy[group], kind="stable")[:SHOWN_FEATURES].tolist()
        )
        for group in chosen
    )
    members = _renumbered(labels, found.count, chosen)
    table_of = suggestions_table(features, items, verdicts.take(chosen), outcome)
    return {"table": table_of, "items": items, "tested": found.count, "members": members}


def by_tree(outcome: Outcome, table: pa.Table, features: tuple[Feature, ...], settings: Settings) -> dict[str, Any]:
    """Leaves of a tree that splits where outcomes differ most."""
    if settings["depth"] < 1 or settings["leaves"] < 2:
        raise DataError(f"a tree needs depth 1 and 2 leaves at least; got {settings['depth']} and {settings['leaves']}.")
    instances = len(outcome.values)
    learn = np.random.default_rng(settings["seed"]).random(instances) < LEARNING_SHARE
    least = max(1, int(np.ceil(settings["min_support"] * instances * LEARNING_SHARE)))
    ordered = [feature.edges is not None or is_number(table.column(feature.name)) for feature in features]
    nodes = error_tree(features, ordered, outcome.values, learn, depth=settings["depth"], leaves=settings["leaves"], least=least)
    if settings["progress"] is not None:
        settings["progress"](1, 1, "growing the tree")
    leaves = [place for place, node in enumerate(nodes) if node.leaf]
    labels = np.empty(instances, np.intp)
    for leaf, place in enumerate(leaves):
        labels[nodes[place].rows] = leaf
    unseen = Outcome(outcome.name, np.where(learn, np.nan, outcome.values), outcome.direction, outcome.yes_no)
    size = np.bincount(labels, minlength=len(leaves))
    verdicts = judge(
        outcome,
        size,
        outcome.sums(labels, len(leaves)),
        outcome.total(),
        confidence=settings["confidence"],
        unseen=(unseen.sums(labels, len(leaves)), unseen.total()),
    )
    chosen = np.argsort(worst_first(verdicts, outcome.direction, by_value=settings["order"] == "value"), kind="stable")
    chosen = chosen[: settings["limit"]]
    items = tuple(_path(nodes, leaves[leaf]) for leaf in chosen)
    row_of_leaf = {leaves[leaf]: row for row, leaf in enumerate(chosen)}
    return {
        "table": suggestions_table(features, items, verdicts.take(chosen), outcome),
        "items": items,
        "tested": len(leaves),
        "members": _renumbered(labels, len(leaves), chosen),
        "nodes": _nodes_table(features, nodes, outcome, row_of_leaf),
    }


def _path(nodes: list[Node], place: int) -> tuple[Item, ...]:
    """The conditions on the way to a node; of two on one feature the lower, which is the narrower."""
    conditions: dict[int, tuple[int, ...]] = {}
    node = nodes[place]
    while node.parent is not None and node.feature is not None:
        conditions.setdefault(node.feature, node.codes)
        node = nodes[node.parent]
    return tuple(Item(feature, codes) for feature, codes in reversed(conditions.items()))


def _nodes_table(features: tuple[Feature, ...], nodes: list[Node], outcome: Outcome, row_of_leaf: dict[int, int]) -> pa.Table:
    sums = [outcome.total(node.rows) for node in nodes]
    return pa.table(
        {
            "parent": pa.array([node.parent for node in nodes], pa.int32()),
            "depth": pa.array([node.depth for node in nodes], pa.int32()),
            "condition": pa.array(
                [None if node.feature is None else in_words(features, [Item(node.feature, node.codes)]) for node in nodes],
                pa.string(),
            ),
            "leaf": pa.array([row_of_leaf.get(place) for place in range(len(nodes))], pa.int32()),
            "size": pa.array([len(node.rows) for node in nodes], pa.int64()),
            "of": pa.array([int(total[0]) for total in sums], pa.int64()),
            "value": nullable(np.array([float(mean(outcome, total)) for total in sums])),
        }
    )


def _renumbered(labels: NDArray[np.intp], count: int, chosen: NDArray[np.intp]) -> NDArray[np.int32]:
    rank = np.full(count, -1, np.int32)
    rank[chosen] = np.arange(len(chosen), dtype=np.int32)
    return rank[labels]
