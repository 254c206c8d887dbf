"""How do groups leave the case for other programs? One as JSON with its instances, all as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from underglass.views.subgroup_audit import Asked, audit_of
from underglass.views.subgroup_groups import distributions, make_groups, measured, members_of, name_of, own_limits, tree_of
from underglass.views.tables import write_table

if TYPE_CHECKING:
    from underglass.case import Case

Spec = Mapping[str, Any]


def group_json(
    case: Case, asked: Asked, group: Spec, *, threshold: float | None = None, own: float | None = None
) -> dict[str, Any]:
    """A group with its definition, instances, metrics with counts and intervals, and distributions."""
    audit = audit_of(case, asked)
    rows = members_of(case, audit, group)
    limit = own if own is not None else threshold
    found = measured(audit, [rows], threshold=limit)
    ids = case.folder.instances["id"]
    definition: dict[str, Any] = {"name": name_of(audit, group)}
    if "kept" not in group:
        definition["filter"] = tree_of(case, audit, group)
    spread = distributions(audit, [rows]) or {}
    return {
        "case": case.name,
        "model": audit.model,
        "positive": None if audit.focus is None else audit.classes[audit.focus],
        "threshold": limit if limit is not None else audit.threshold if audit.score is not None else None,
        "group": definition,
        "size": len(rows),
        "of": audit.n,
        "cells": None if found["cells"] is None else dict(zip(("tp", "fp", "tn", "fn"), found["cells"][0], strict=True)),
        "metrics": {
            name: {end: None if values[end] is None else values[end][0] for end in values}
            for name, values in found["metrics"].items()
        },
        "distributions": {
            feature.name: dict(zip(feature.labels, spread[feature.name][0], strict=True))
            for feature in audit.features
            if feature.name in spread
        },
        "rows": audit.rows[rows].tolist(),
        "ids": [ids[int(row)].as_py() for row in audit.rows[rows]],
    }


def groups_table(
    case: Case,
    asked: Asked,
    makings: Sequence[Mapping[str, Any]],
    format: str = "csv",
    *,
    threshold: float | None = None,
    own: Mapping[str, float] | None = None,
) -> bytes:
    """All groups as a file: name, size, the threshold that decides, cells, every metric with its counts and interval."""
    audit = audit_of(case, asked)
    made = make_groups(audit, makings)
    names = made.names(audit)
    limits = own_limits(names, own)
    found = measured(audit, made.members, threshold=threshold, own=limits)
    columns: dict[str, Any] = {"group": pa.array(names, pa.string()), "size": pa.array(found["size"], pa.int64())}
    if audit.task == "rates" and audit.score is not None:
        common = audit.threshold if threshold is None else threshold
        columns["threshold"] = pa.array([limits.get(place, common) for place in range(len(names))], pa.float64())
    if found["cells"] is not None:
        for place, name in enumerate(("tp", "fp", "tn", "fn")):
            columns[name] = pa.array([row[place] for row in found["cells"]], pa.int64())
    for name, values in found["metrics"].items():
        columns[name] = pa.array(values["value"], pa.float64())
        for end in ("low", "high"):
            columns[f"{name}_{end}"] = pa.array(values[end], pa.float64())
        for end in ("count", "of"):
            if values[end] is not None:
                columns[f"{name}_{end}"] = pa.array(values[end], pa.int64())
    return write_table(pa.table(columns), format)


def as_json(value: Any) -> bytes:
    """Plain JSON as a file."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
