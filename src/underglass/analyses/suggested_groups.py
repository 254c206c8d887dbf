"""What is a suggested group, and how is it told in words, as rows and as a filter?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.feature_codes import Feature
from underglass.analyses.group_outcomes import Outcome, Verdicts

ITEM = pa.struct(
    [
        ("feature", pa.string()),
        ("value", pa.string()),
        ("share", pa.float64()),
        ("entropy", pa.float64()),
        ("contribution", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Item:
    """One condition of a group, or one trait of a cluster.

    Attributes
    ----------
    feature : int
        Position in `SuggestedGroups.features`.
    codes : tuple of int
        The feature's values that it allows.
    share : float
        Share of the group's instances that hold one of them, 0..1; 1 for a condition.
    entropy : float or None
        Of the feature's values within a cluster, bits.
    contribution : float or None
        Shapley value of the condition in the group's divergence (``lattice``).
    """

    feature: int
    codes: tuple[int, ...]
    share: float = 1.0
    entropy: float | None = None
    contribution: float | None = None


@dataclass(frozen=True)
class SuggestedGroups:
    """Groups worth a look, worst first.

    Attributes
    ----------
    table : pyarrow.Table
        A row for each group: ``group`` (in words), ``items`` (list of feature, value, share, entropy, contribution), ``size``,
        ``support`` (share of all instances), ``count`` and ``of`` (the metric's hits, and the instances it is counted over),
        ``value`` with ``value_low`` and ``value_high``, ``divergence`` (value - overall), ``t`` (of the divergence, as
        published, with its sign), ``p`` (of the group against the rest) and ``q`` (Benjamini and Hochberg's, among all
        ``tested``).
    how, metric : str
        The way they were found, and the metric.
    direction : int
        1 if a higher value is better, -1 if a lower one is, 0 if neither.
    overall : float
        The metric of all instances.
    tested : int
        Number of groups that q corrects for.
    features : tuple of Feature
        The features searched, numbers in bins.
    left_out : tuple of (feature, reason)
        Columns that are no features, such as copies of the label.
    items : tuple of tuple of Item
        Conditions or traits of each group.
    members : (instances,) int32 or None
        Group of each instance where groups do not overlap (``clusters``, ``tree``), -1 for none.
    nodes : pyarrow.Table or None
        All nodes of the tree: ``parent``, ``depth``, ``condition``, ``leaf`` (row of `table`, or null), ``size``, ``of``,
        ``value``.
    """

    table: pa.Table
    how: str
    metric: str
    direction: int
    overall: float
    tested: int
    features: tuple[Feature, ...]
    left_out: tuple[tuple[str, str], ...]
    items: tuple[tuple[Item, ...], ...]
    members: NDArray[np.int32] | None = None
    nodes: pa.Table | None = None

    def rows(self, group: int) -> NDArray[np.int32]:
        """Positions of the instances in a group."""
        if self.members is not None:
            return np.flatnonzero(self.members == group).astype(np.int32)
        inside = np.ones(len(self.features[0].codes), bool)
        for item in self.items[group]:
            inside &= np.isin(self.features[item.feature].codes, item.codes)
        return np.flatnonzero(inside).astype(np.int32)

    def filter(self, group: int) -> dict[str, Any] | None:
        """The group as a filter in plain JSON, so that a subset of it stays live; None for a cluster, which has no conditions."""
        if self.how == "clusters":
            return None
        terms = [self.features[item.feature].condition(item.codes) for item in self.items[group]]
        return terms[0] if len(terms) == 1 else {"op": "and", "terms": terms}


def suggestions_table(
    features: Sequence[Feature], items: Sequence[Sequence[Item]], verdicts: Verdicts, outcome: Outcome
) -> pa.Table:
    """The table of `SuggestedGroups`.

    Parameters
    ----------
    features : sequence of Feature
        That items refer to.
    items : sequence of sequence of Item
        Of each group.
    verdicts : Verdicts
        Of the same groups.
    outcome : Outcome
        What they were judged by.
    """
    flat = [item for group in items for item in group]
    columns = {
        "feature": pa.array([features[item.feature].name for item in flat], pa.string()),
        "value": pa.array([features[item.feature].words(item.codes) for item in flat], pa.string()),
        "share": pa.array([item.share for item in flat], pa.float64()),
        "entropy": pa.array([item.entropy for item in flat], pa.float64()),
        "contribution": pa.array([item.contribution for item in flat], pa.float64()),
    }
    ends = np.cumsum([0, *(len(group) for group in items)]).astype(np.int32)
    listed = pa.ListArray.from_arrays(pa.array(ends), pa.StructArray.from_arrays(list(columns.values()), fields=list(ITEM)))
    words = [in_words(features, group) for group in items]
    return pa.table(
        {"group": pa.array(words, pa.string()), "items": listed} | verdicts.columns(len(outcome.values), outcome.yes_no)
    )


def in_words(features: Sequence[Feature], items: Sequence[Item]) -> str:
    """A group told by its items: "race = Other, sex = Male"; "everyone" without any."""
    told = [f"{features[item.feature].name} = {features[item.feature].words(item.codes)}" for item in items]
    return ", ".join(told) or "everyone"
