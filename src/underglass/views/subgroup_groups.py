"""Which groups do ticked features make, what is counted in each, and who is in a group?

A group on the wire is one of: ``{"values": {feature: [codes]}}``, ``{"filter": tree, "name": words}`` (a subset, the selection),
``{"kept": key, "name": words}`` (a cluster: rows that no condition describes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.confusion import METRICS, counts
from underglass.analyses.feature_codes import Feature, crossing
from underglass.analyses.group_classes import MACRO, group_class_metrics
from underglass.analyses.group_errors import ERRORS, group_errors
from underglass.analyses.group_tables import cell_columns
from underglass.analyses.intervals import wilson
from underglass.analyses.outcomes import cell_of
from underglass.errors import DataError
from underglass.views.subgroup_audit import CACHE, Audit
from underglass.views.subgroup_words import group_name

if TYPE_CHECKING:
    from underglass.case import Case

MOST_GROUPS = 2_000
MOST_DISTRIBUTED = 300_000
"""Numbers of distributions sent with the groups; beyond, a group's are asked for when it is hovered."""
REPLICATES = 1_000
QUICK = 200
"""Replicates where there are many groups; intervals of F1 and of averages over classes are then a little rougher."""

Spec = Mapping[str, Any]
Codes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Made:
    """Groups that were made, each by values of features.

    Attributes
    ----------
    codes : of each group, the codes of each feature that defines it.
    members : of each group, (members,) positions among the instances that count.
    """

    codes: tuple[Codes, ...]
    members: tuple[NDArray[np.intp], ...]

    def names(self, audit: Audit) -> list[str]:
        """Each group in words."""
        return [group_name([(name, audit.feature(name).words(codes)) for name, codes in one.items()]) for one in self.codes]


def make_groups(audit: Audit, makings: Sequence[Mapping[str, Any]]) -> Made:
    """The non-empty groups of all makings, each once.

    Parameters
    ----------
    makings : of features to cross: ``{"by": [{"feature": name, "values": [codes] or None}]}``.

    Raises
    ------
    DataError
        If a feature is unknown or makes no groups, or there would be too many.
    """
    found: dict[tuple[Any, ...], tuple[Codes, NDArray[np.intp]]] = {}
    for making in makings:
        for codes, members in _crossed(audit, making.get("by") or []):
            found.setdefault(tuple(sorted(codes.items())), (codes, members))
        if len(found) > MOST_GROUPS:
            raise DataError(f"these make {len(found):,} groups; at most {MOST_GROUPS:,} are drawn. Tick fewer, or single values.")
    return Made(tuple(codes for codes, _ in found.values()), tuple(members for _, members in found.values()))


def _crossed(audit: Audit, by: Sequence[Mapping[str, Any]]) -> list[tuple[Codes, NDArray[np.intp]]]:
    chosen = [(audit.feature(one["feature"]), one.get("values")) for one in by]
    if not chosen or not audit.n:
        return []
    inside = np.ones(audit.n, bool)
    for feature, values in chosen:
        if values is not None:
            inside &= _lookup(feature, values)[feature.codes]
    rows = np.flatnonzero(inside)
    if not len(rows):
        return []
    groups, group = crossing([replace(feature, codes=feature.codes[rows]) for feature, _ in chosen])
    if len(groups) > MOST_GROUPS:
        crossed = " × ".join(feature.name for feature, _ in chosen)
        raise DataError(
            f"{crossed} make {len(groups):,} groups; at most {MOST_GROUPS:,} are drawn. Tick fewer features, or single values."
        )
    order = rows[np.argsort(group, kind="stable")]
    parts = np.split(order, np.cumsum(np.bincount(group, minlength=len(groups)))[:-1])
    names = [feature.name for feature, _ in chosen]
    return [
        ({name: (int(code),) for name, code in zip(names, codes, strict=True)}, part)
        for codes, part in zip(groups, parts, strict=True)
    ]


def members_of(case: Case, audit: Audit, spec: Spec) -> NDArray[np.intp]:
    """Who is in a group: positions among the instances that count.

    Raises
    ------
    DataError
        If the group cannot be read, or a kept one is gone.
    """
    if "values" in spec:
        inside = np.ones(audit.n, bool)
        for name, codes in spec["values"].items():
            feature = audit.feature(name)
            inside &= _lookup(feature, codes)[feature.codes]
        return np.flatnonzero(inside)
    if "filter" in spec:
        return np.flatnonzero(np.isin(audit.rows, case.rows(spec["filter"])))
    if "kept" in spec:
        rows = CACHE.get(case, f"kept:{spec['kept']}")
        if rows is None:
            raise DataError("this group was found in an earlier search and is gone; search again.")
        return np.flatnonzero(np.isin(audit.rows, rows))
    raise DataError("a group is given by values, by a filter, or by the search that found it.")


def tree_of(case: Case, audit: Audit, spec: Spec) -> dict[str, Any]:
    """The group as a filter, so that it can be selected and kept as a subset; a cluster becomes a pick."""
    if "filter" in spec:
        return dict(spec["filter"])
    if "values" in spec:
        terms = [audit.feature(name).condition(codes) for name, codes in spec["values"].items()]
        if not terms:
            return {"op": "not", "term": {"op": "truth", "column": "excluded"}}
        return terms[0] if len(terms) == 1 else {"op": "and", "terms": terms}
    return {"op": "pick", "name": case.serving.make_pick(audit.rows[members_of(case, audit, spec)])}


def name_of(audit: Audit, spec: Spec) -> str:
    """The group in words."""
    if "values" in spec:
        return group_name([(name, audit.feature(name).words(codes)) for name, codes in spec["values"].items()])
    return str(spec.get("name") or "a group")


def _lookup(feature: Feature, codes: Sequence[int]) -> NDArray[np.bool_]:
    wanted = np.zeros(len(feature), bool)
    for code in codes:
        if not 0 <= int(code) < len(feature):
            raise DataError(f"{feature.name} has no value number {code}; it has {len(feature)} values.")
        wanted[int(code)] = True
    return wanted


def cells_of_members(audit: Audit, members: Sequence[NDArray[np.intp]], flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Confusion matrices (groups, 4) of groups given by their members."""
    outcome = cell_of(audit.positives, flags)
    return np.array([np.bincount(outcome[rows], minlength=4) for rows in members], np.int64).reshape(-1, 4)


def measured(
    audit: Audit,
    members: Sequence[NDArray[np.intp]],
    *,
    threshold: float | None = None,
    own: Mapping[int, float] | None = None,
) -> dict[str, Any]:
    """Sizes and metrics of groups as plain JSON, a list a column.

    Parameters
    ----------
    members : of each group.
    threshold : a score of at least this counts as positive; None for the model's own decision.
    own : thresholds of single groups, by position.
    """
    if audit.task == "rates":
        cells = cells_of_members(audit, members, audit.flags(threshold))
        for place, limit in (own or {}).items():
            cells[place] = cells_of_members(audit, [members[place]], audit.flags(limit))[0]
        return from_cells(cells)
    if audit.task == "numbers":
        return _numbers(audit, members)
    return _averages(audit, members)


def own_limits(names: Sequence[str], own: Mapping[str, float] | None) -> dict[int, float]:
    """Thresholds of single groups by their position, of groups that are there.

    Examples
    --------
    >>> own_limits(["sex = f", "sex = m"], {"sex = m": 0.4, "gone": 0.2})
    {1: 0.4}
    """
    return {place: float(own[name]) for place, name in enumerate(names) if own and name in own}


def from_cells(cells: NDArray[np.int64]) -> dict[str, Any]:
    """Sizes, cells and metrics of confusion matrices (groups, 4) as plain JSON."""
    replicates = REPLICATES if len(cells) <= 100 else QUICK
    columns = cell_columns(cells, confidence=0.95, replicates=replicates, seed=0)
    metrics = {}
    for metric in METRICS:
        count, of = counts(cells, metric)
        metrics[metric] = {
            "value": columns[metric].to_pylist(),
            "low": columns[f"{metric}_low"].to_pylist(),
            "high": columns[f"{metric}_high"].to_pylist(),
            "count": count.tolist(),
            "of": of.tolist(),
        }
    return {"size": cells.sum(axis=1).tolist(), "cells": cells.tolist(), "metrics": metrics}


def _numbers(audit: Audit, members: Sequence[NDArray[np.intp]]) -> dict[str, Any]:
    table = _stacked(members, lambda order, group: group_errors(audit.truth[order], audit.decided[order], group, by="group"))
    metrics = {name: _column(table, name) for name in ERRORS}
    return {"size": [len(rows) for rows in members], "cells": None, "metrics": metrics}


def _averages(audit: Audit, members: Sequence[NDArray[np.intp]]) -> dict[str, Any]:
    classes = list(range(len(audit.classes)))

    def ask(order: NDArray[np.intp], group: dict[str, Any]) -> pa.Table:
        return group_class_metrics(
            audit.truth[order], audit.decided[order], group, by="group", classes=classes, replicates=QUICK
        ).macro

    table = _stacked(members, ask)
    sizes = [len(rows) for rows in members]
    metrics = {name: _column(table, name) for name in MACRO}
    correct = [int((audit.truth[rows] == audit.decided[rows]).sum()) for rows in members]
    low, high = wilson(np.array(correct), np.array(sizes))
    metrics["accuracy"] = {
        "value": [c / n if n else None for c, n in zip(correct, sizes, strict=True)],
        "low": _listed(low),
        "high": _listed(high),
        "count": correct,
        "of": sizes,
    }
    return {"size": sizes, "cells": None, "metrics": metrics}


def _stacked(members: Sequence[NDArray[np.intp]], ask: Any) -> list[dict[str, Any]]:
    """A row for each group, also where groups overlap or are empty: the analyses see each group's members beside each other."""
    filled = [place for place, rows in enumerate(members) if len(rows)]
    answers: list[dict[str, Any]] = [{} for _ in members]
    if filled:
        order = np.concatenate([members[place] for place in filled])
        group = np.repeat(np.arange(len(filled)), [len(members[place]) for place in filled])
        for place, row in zip(filled, ask(order, {"group": group}).to_pylist(), strict=True):
            answers[place] = row
    return answers


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    ends = {end: [row.get(f"{name}{suffix}") for row in rows] for end, suffix in _ENDS}
    return {**ends, "count": None, "of": None}


_ENDS = (("value", ""), ("low", "_low"), ("high", "_high"))


def _listed(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def distributions(audit: Audit, members: Sequence[NDArray[np.intp]]) -> dict[str, list[list[int]]] | None:
    """How often each value of each feature occurs in each group; None if that is too much to send."""
    values = sum(len(feature) for feature in audit.features)
    if values * len(members) > MOST_DISTRIBUTED:
        return None
    return {
        feature.name: [np.bincount(feature.codes[rows], minlength=len(feature)).tolist() for rows in members]
        for feature in audit.features
    }
