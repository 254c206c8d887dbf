"""Which groups did nobody think of, and which resemble the pinned one?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.confusion import METRICS
from underglass.analyses.feature_codes import Feature
from underglass.analyses.feature_leaks import feature_leaks
from underglass.analyses.group_suggestions import suggest_groups, suggest_groups_by
from underglass.analyses.similar_groups import similar_groups
from underglass.analyses.suggested_groups import SuggestedGroups
from underglass.errors import DataError, unknown
from underglass.views.subgroup_audit import CACHE, Asked, Audit, audit_of
from underglass.views.subgroup_groups import Made, distributions, make_groups, measured, members_of, name_of

if TYPE_CHECKING:
    from underglass.case import Case

Progress = Callable[[int, int, str], None]
LEAK_SAMPLE = 50_000
SHOWN = 60
MOST_SIMILAR = 24
KEPT_GROUPS = 2_000
KEPT_SEARCHES = 12


def leaks_of(case: Case, asked: Asked) -> list[dict[str, Any]]:
    """What each feature alone tells about the label, most telling first; flagged ones have a reason."""
    audit = audit_of(case, asked)
    key = f"leaks:{case.serving.version}:{audit.model}:{audit.focus}:{audit.n}"
    found = CACHE.get(case, key)
    if found is None:
        found = CACHE.put(case, key, _leaks(audit))
    return list(found)


def _leaks(audit: Audit) -> list[dict[str, Any]]:
    if audit.n < 10 or not audit.features:
        return []
    rows = np.arange(audit.n)
    if audit.n > LEAK_SAMPLE:
        rows = np.sort(np.random.default_rng(0).choice(audit.n, LEAK_SAMPLE, replace=False))
    truth = audit.truth[rows]
    if len(np.unique(truth)) < 2:
        return []
    table, _ = audit.columns()
    index = pa.array(rows)
    score = None if audit.score is None else audit.score[rows]
    sampled = pa.table({name: table[name].take(index) for name in table.column_names})
    return list(feature_leaks(truth, sampled, y_score=score).to_pylist())


def suggest(
    case: Case,
    asked: Asked,
    *,
    how: str = "lattice",
    metric: str = "accuracy",
    threshold: float | None = None,
    features: Sequence[str] | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Groups that a score serves worst, as plain JSON; see `underglass.analyses.group_suggestions.suggest_groups`.

    Parameters
    ----------
    features : to search; all that do not give the label away, unless told.
    settings : of the search.
    """
    audit = audit_of(case, asked)
    wanted = json.dumps([how, metric, threshold, features, settings, asked.model, asked.focus, dict(asked.bins), asked.filter])
    key = f"found:{case.serving.version}:{wanted}"
    found = CACHE.get(case, key)
    if found is None:
        found = CACHE.put(
            case,
            key,
            _suggest(
                case,
                asked,
                audit,
                how=how,
                metric=metric,
                threshold=threshold,
                features=features,
                settings=settings,
                progress=progress,
            ),
            KEPT_SEARCHES,
        )
    return dict(found)


def _suggest(
    case: Case,
    asked: Asked,
    audit: Audit,
    *,
    how: str,
    metric: str,
    threshold: float | None,
    features: Sequence[str] | None,
    settings: Mapping[str, Any],
    progress: Progress | None,
) -> dict[str, Any]:
    leaking = {one["feature"]: one["reason"] for one in leaks_of(case, asked) if one["reason"]}
    names = [one.name for one in audit.features if (one.name in features if features is not None else one.name not in leaking)]
    if not names:
        raise DataError("no column is left to search: each holds one value, too many values, or gives the label away.")
    table, bins = audit.columns(names)
    found = _searched(audit, table, how, metric, threshold=threshold, settings={"bins": bins, **settings, "progress": progress})
    kept = f"{how}:{metric}:{threshold}:{json.dumps(settings, sort_keys=True)}:{audit.model}:{audit.focus}:{case.serving.version}"
    left_out = [*found.left_out, *((name, reason) for name, reason in leaking.items() if name not in names)]
    rows = found.table.to_pylist()[:SHOWN]
    members = [found.rows(place).astype(np.intp) for place in range(len(rows))]
    cards = [_card(case, audit, found, place, kept=f"{kept}:{place}", members=members[place]) for place in range(len(rows))]
    return {
        "how": how,
        "metric": metric,
        "direction": found.direction,
        "overall": None if np.isnan(found.overall) else found.overall,
        "tested": found.tested,
        "found": found.table.num_rows,
        "n": audit.n,
        "left_out": [{"feature": name, "reason": reason} for name, reason in dict(left_out).items()],
        "cards": cards,
        "measured": measured(audit, members, threshold=threshold),
        "distributions": distributions(audit, members),
        "nodes": None if found.nodes is None else found.nodes.to_pylist(),
    }


def _searched(
    audit: Audit,
    table: pa.Table,
    how: str,
    metric: str,
    *,
    threshold: float | None,
    settings: dict[str, Any],
) -> SuggestedGroups:
    if audit.task == "rates":
        flags = audit.flags(threshold)
        return suggest_groups(audit.positives, flags, table, how=how, metric=metric, **settings)  # type: ignore[arg-type]
    if audit.task == "classes":
        if metric != "accuracy":
            raise DataError("of many classes groups are searched by accuracy; choose one class for the other metrics.")
        right = audit.truth == audit.decided
        return suggest_groups_by(right, table, worse="lower", name="accuracy", how=how, **settings)  # type: ignore[arg-type]
    error = audit.decided - audit.truth
    outcomes = {"mae": (np.abs(error), "higher"), "mse": (error**2, "higher"), "mean_error": (error, "either")}
    if metric not in outcomes:
        raise DataError(f"groups of numbers are searched by an error: {unknown('error', metric, outcomes)}")
    values, worse = outcomes[metric]
    return suggest_groups_by(values, table, worse=worse, name=metric, how=how, **settings)  # type: ignore[arg-type]


def _card(
    case: Case, audit: Audit, found: SuggestedGroups, place: int, *, kept: str, members: NDArray[np.intp]
) -> dict[str, Any]:
    if found.how == "clusters":
        CACHE.put(case, f"kept:{kept}", audit.rows[members], KEPT_GROUPS)
        spec: dict[str, Any] = {"kept": kept, "name": f"cluster {place + 1} of {found.table.num_rows}"}
    else:
        spec = {"values": {}}
        for item in found.items[place]:
            theirs = found.features[item.feature]
            ours = audit.feature(theirs.name)
            spec["values"][theirs.name] = _translated(theirs, item.codes, ours)
    return {**found.table.slice(place, 1).to_pylist()[0], "spec": spec, "name": name_of(audit, spec)}


def _translated(theirs: Feature, codes: Sequence[int], ours: Feature) -> list[int]:
    """Codes of values among ours; a search sees only the values that are shown."""
    place = {label: code for code, label in enumerate(ours.labels)}
    return sorted(place[theirs.label(code)] for code in codes)


def similar(
    case: Case, asked: Asked, pinned: Mapping[str, Any], makings: Sequence[Mapping[str, Any]], *, how: str = "divergence",
    threshold: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Groups that resemble the pinned one: of those made, and of those that differ from it in one value."""
    audit = audit_of(case, asked)
    made = make_groups(audit, makings)
    specs: list[dict[str, Any]] = [{"values": {name: list(codes) for name, codes in one.items()}} for one in made.codes]
    specs += _one_off(audit, pinned)
    different = {json.dumps(one, sort_keys=True): one for one in specs if one != dict(pinned)}
    listed = [one for one in different.values() if len(members_of(case, audit, one))]
    table, bins = audit.columns()
    groups = [_definition(case, audit, one, how) for one in (pinned, *listed)]
    found = similar_groups(table, groups, 0, how=how, bins=bins).to_pylist()[:MOST_SIMILAR]  # type: ignore[arg-type]
    chosen = [listed[row["group"] - 1] for row in found]
    members = [members_of(case, audit, one) for one in chosen]
    return {
        "how": how,
        "features": len(audit.features),
        "cards": [
            {**row, "spec": spec, "name": name_of(audit, spec)} for row, spec in zip(found, chosen, strict=True)
        ],
        "measured": measured(audit, members, threshold=threshold),
        "distributions": distributions(audit, members),
    }  # fmt: skip


def _one_off(audit: Audit, pinned: Mapping[str, Any]) -> list[dict[str, Any]]:
    values = pinned.get("values") or {}
    found = []
    for name, codes in values.items():
        for code in range(len(audit.feature(name))):
            if code not in codes:
                found.append({"values": {**values, name: [code]}})
    return found


def _definition(case: Case, audit: Audit, spec: Mapping[str, Any], how: str) -> Any:
    if how == "one_feature" and "values" in spec:
        return {name: [audit.feature(name).values[int(code)].as_py() for code in codes] for name, codes in spec["values"].items()}
    return members_of(case, audit, spec).astype(np.int64)


def searched_metrics(audit: Audit) -> list[str]:
    """The metrics groups can be searched by."""
    return {"rates": list(METRICS), "classes": ["accuracy"], "numbers": ["mae", "mse", "mean_error"]}[audit.task]


def made_specs(made: Made) -> list[dict[str, Any]]:
    """Groups as they stand on the wire."""
    return [{"values": {name: list(codes) for name, codes in one.items()}} for one in made.codes]
