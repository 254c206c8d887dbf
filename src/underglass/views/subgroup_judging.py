"""How do groups differ: from each other, along the threshold, between two models, with more data?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.confusion import CELLS
from underglass.analyses.group_curves import group_curves
from underglass.analyses.group_gaps import compare_groups, fairness_gaps
from underglass.analyses.learning_curves import size_curve, training_curve
from underglass.analyses.model_comparison import compare_models
from underglass.errors import DataError
from underglass.views.subgroup_audit import Asked, audit_of
from underglass.views.subgroup_groups import cells_of_members, make_groups, measured, members_of, name_of, own_limits

if TYPE_CHECKING:
    from underglass.case import Case

Progress = Callable[[int, int, str], None]
Spec = Mapping[str, Any]
Floats = NDArray[np.float64]
CURVES = 60
MOST_COMPARED = 60
TRAIN_ROWS = 6_000
REPEATS = 3


def compare(
    case: Case, asked: Asked, a: Spec, b: Spec | None, *, threshold: float | None = None, own: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """One group against another, or against everyone else, in every metric, with intervals of the differences.

    Parameters
    ----------
    own : thresholds of group ``a`` and ``b``, where they have their own.
    """
    audit = audit_of(case, asked)
    first = members_of(case, audit, a)
    second = np.setdiff1d(np.arange(audit.n), first) if b is None else members_of(case, audit, b)
    shared = 0 if b is None else len(np.intersect1d(first, second))
    limits = {place: own[side] for place, side in enumerate(("a", "b")) if own and own.get(side) is not None}
    sides = measured(audit, [first, second], threshold=threshold, own=limits)
    if audit.task == "rates":
        table = pa.table({name: [row[i] for row in sides["cells"]] for i, name in enumerate(CELLS)})
        rows = compare_groups(table, 0, 1).to_pylist()
    else:
        rows = _apart(sides)
    return {
        "a": name_of(audit, a),
        "b": "everyone else" if b is None else name_of(audit, b),
        "shared": shared,
        "sides": sides,
        "rows": rows,
    }


def _apart(sides: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Differences of independent estimates from the interval of each.

    Source: Zou and Donner 2008, "Construction of confidence limits about effect measures", the method of variance estimates
    recovery.
    """
    rows = []
    for metric, found in sides["metrics"].items():
        (a, b), (a_low, b_low), (a_high, b_high) = found["value"], found["low"], found["high"]
        row: dict[str, Any] = {"metric": metric, "a": a, "b": b, "gap": None, "gap_low": None, "gap_high": None, "clear": None}
        row |= {"a_count": None, "a_of": None, "b_count": None, "b_of": None}
        if a is not None and b is not None:
            row["gap"] = a - b
            if None not in (a_low, b_low, a_high, b_high):
                row["gap_low"] = row["gap"] - float(np.hypot(a - a_low, b_high - b))
                row["gap_high"] = row["gap"] + float(np.hypot(a_high - a, b - b_low))
                row["clear"] = row["gap_low"] > 0 or row["gap_high"] < 0
        rows.append(row)
    return rows


def gaps(
    case: Case,
    asked: Asked,
    makings: Sequence[Mapping[str, Any]],
    *,
    min_size: int = 0,
    threshold: float | None = None,
    own: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Largest difference and smallest ratio between the groups, by each criterion."""
    audit = audit_of(case, asked)
    if audit.task != "rates":
        raise DataError("gaps by a criterion need one class that counts as positive; choose one.")
    made = make_groups(audit, makings)
    names = made.names(audit)
    cells = cells_of_members(audit, made.members, audit.flags(threshold))
    for place, limit in own_limits(names, own).items():
        cells[place] = cells_of_members(audit, [made.members[place]], audit.flags(limit))[0]
    kept = int((cells.sum(axis=1) >= min_size).sum())
    if kept < 2:
        return {"rows": [], "groups": kept, "of": len(names)}
    table = pa.table({name: cells[:, i] for i, name in enumerate(CELLS)})
    rows = fairness_gaps(table, min_size=min_size).to_pylist()
    for row in rows:
        for end in ("lowest", "highest"):
            row[end] = None if row[end] is None else names[row[end]]
    return {"rows": rows, "groups": kept, "of": len(names)}


def curves(case: Case, asked: Asked, groups: Sequence[Spec], *, points: int = 120) -> dict[str, Any]:
    """ROC and precision-recall curves of everyone and of groups, each with the area and its interval."""
    audit = audit_of(case, asked)
    if audit.score is None or audit.task != "rates":
        return {"curves": [], "why": "there is no score, only a decision" if audit.task == "rates" else "choose one class"}
    chosen = [(name_of(audit, spec), members_of(case, audit, spec)) for spec in groups[:CURVES]]
    found = []
    for name, rows in [("everyone", np.arange(audit.n)), *chosen]:
        if not len(rows):
            continue
        curve = group_curves(
            audit.positives[rows], audit.score[rows], {"group": np.zeros(len(rows), np.int8)}, by="group", points=points
        )
        area = {key: value for key, value in curve.areas.to_pylist()[0].items() if key != "group"}
        places = curve.points.drop_columns(["group", *CELLS]).to_pydict()
        places["threshold"] = [None if np.isinf(value) else value for value in places["threshold"]]
        found.append({"name": name, **area, "points": places})
    return {"curves": found, "why": None}


def equal_thresholds(
    case: Case, asked: Asked, makings: Sequence[Mapping[str, Any]], *, metric: str, threshold: float | None = None,
    min_size: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """A threshold for each group that brings its selection rate, recall or false positive rate to everyone's now."""
    audit = audit_of(case, asked)
    over = {"selection_rate": None, "recall": True, "fpr": False}
    if audit.score is None or metric not in over:
        raise DataError("thresholds can be found for selection_rate, recall and fpr, where there is a score.")
    among = np.ones(audit.n, bool) if over[metric] is None else audit.positives == over[metric]
    flags = audit.flags(threshold)
    if not among.any():
        raise DataError(f"{metric} is defined for nobody, so no threshold can be found for it.")
    target = float(flags[among].mean())
    made = make_groups(audit, makings)
    found: dict[str, float] = {}
    for name, rows in zip(made.names(audit), made.members, strict=True):
        scores = audit.score[rows][among[rows]]
        if len(rows) >= min_size and len(scores):
            found[name] = _threshold_for(scores, target)
    return {"thresholds": found, "target": target}


def _threshold_for(scores: Floats, target: float) -> float:
    """The score at which the share of scores that reach it comes nearest to the target."""
    steps, times = np.unique(scores, return_counts=True)
    reached = np.cumsum(times[::-1])[::-1] / len(scores)
    nearest = int(np.abs(reached - target).argmin())
    above = float(np.nextafter(steps[-1], 2))  # selects nobody
    return above if target < abs(reached[nearest] - target) else float(steps[nearest])


def lacks_data(
    case: Case, asked: Asked, group: Spec, *, metric: str, threshold: float | None = None, own: float | None = None
) -> dict[str, Any]:
    """How sure the metric would be, had the group another size.

    Parameters
    ----------
    own : threshold of this group, where it has its own.
    """
    audit = audit_of(case, asked)
    if audit.task != "rates":
        raise DataError("the curve needs one class that counts as positive; choose one.")
    inside = np.zeros(audit.n, bool)
    inside[members_of(case, audit, group)] = True
    if not inside.any():
        raise DataError("the group is empty under this filter.")
    flags = audit.flags(threshold) if own is None else np.where(inside, audit.flags(own), audit.flags(threshold))
    found = size_curve(audit.positives, flags, inside, metric=metric)
    return {
        "name": name_of(audit, group),
        "size": found.size,
        "value": None if np.isnan(found.value) else found.value,
        "rest": None if np.isnan(found.rest) else found.rest,
        "enough": found.enough,
        "points": found.table.to_pylist(),
    }


def learns(
    case: Case, asked: Asked, group: Spec, *, metric: str, threshold: float | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Whether a score would do better for a group, had there been more of it to learn from; fits a stand-in model anew."""
    audit = audit_of(case, asked)
    rows = np.arange(audit.n)
    inside = np.zeros(audit.n, bool)
    inside[members_of(case, audit, group)] = True
    if audit.n > TRAIN_ROWS:
        others = np.flatnonzero(~inside)
        random = np.random.default_rng(0)
        kept = np.concatenate(
            [np.flatnonzero(inside)[:TRAIN_ROWS], random.choice(others, min(len(others), TRAIN_ROWS), replace=False)]
        )
        rows = np.sort(kept)
    table, _ = audit.columns()
    index = pa.array(rows)
    taken = pa.table({name: table[name].take(index) for name in table.column_names})
    limit = threshold if threshold is not None else audit.threshold
    points = training_curve(
        audit.positives[rows], taken, inside[rows], metric=metric, threshold=limit, repeats=REPEATS, progress=progress
    )
    return {"name": name_of(audit, group), "metric": metric, "points": points.to_pylist()}


def two_models(
    case: Case,
    asked: Asked,
    other: str,
    groups: Sequence[Spec],
    *,
    threshold: float | None = None,
    other_threshold: float | None = None,
) -> dict[str, Any]:
    """Two models on the same instances, in everyone and in each group."""
    audit, second = audit_of(case, asked), audit_of(case, Asked(other, asked.focus, asked.bins, asked.filter))
    if audit.task != "rates" or second.task != "rates":
        raise DataError("two models are compared on one class that counts as positive; choose one.")
    if audit.classes[audit.focus or 0] != second.classes[second.focus or 0]:
        raise DataError(f"{audit.model} and {second.model} do not predict the same classes.")
    both, left, right = np.intersect1d(audit.rows, second.rows, return_indices=True)
    if not len(both):
        raise DataError(f"no instance has both a prediction of {audit.model} and one of {second.model}.")
    place = np.full(audit.n, -1)
    place[left] = np.arange(len(both))
    sets = [members_of(case, audit, spec) for spec in groups[:MOST_COMPARED]]
    within = [place[rows][place[rows] >= 0] for rows in sets]
    found = compare_models(
        audit.positives[left],
        audit.flags(threshold)[left],
        second.flags(other_threshold)[right],
        [np.arange(len(both)), *within],
    )
    return {
        "a": audit.model,
        "b": second.model,
        "n": len(both),
        "names": ["everyone", *(name_of(audit, spec) for spec in groups[:MOST_COMPARED])],
        "sizes": [len(both), *(len(rows) for rows in within)],
        "rows": found.to_pylist(),
    }
