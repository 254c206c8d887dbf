"""Which decisions do thresholds set on the page change, and how do they become those of all views?

A threshold moved on the page is the page's alone until a person keeps the decisions: then they stand in the case as scores of
their own, beside the ones they came from, and every view judges by them. Nothing is overwritten, so going back is choosing the
former score again, and decisions that nobody wants any longer are set aside and can be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from underglass import capture
from underglass.datasets.score_tasks import Scores
from underglass.errors import DataError
from underglass.roles import require
from underglass.views.subgroup_audit import Asked, Audit, audit_of
from underglass.views.subgroup_groups import Made, make_groups, own_limits

if TYPE_CHECKING:
    from underglass.case import Case


ORIGIN = "decided_from"
"""The setting of kept scores that names the score they were decided from."""


def decided(audit: Audit, made: Made, *, threshold: float | None, own: Mapping[str, float] | None) -> NDArray[np.bool_]:
    """Who is predicted positive, (n,), by a threshold for all and others for single groups.

    Raises
    ------
    DataError
        If a group with a threshold of its own is not among those made, or an instance is in two groups that decide otherwise.
    """
    names = made.names(audit)
    missing = next((name for name in own or {} if name not in names), None)
    if missing is not None:
        raise DataError(f"{missing} is not among the groups that were made; tick its values, so that it is known who is in it.")
    common = audit.flags(threshold)
    flags, decisions = common.copy(), np.zeros((2, audit.n), bool)
    for place, limit in own_limits(names, own).items():
        rows = made.members[place]
        flags[rows] = audit.flags(limit)[rows]
        decisions[0, rows] |= ~flags[rows]
        decisions[1, rows] |= flags[rows]
    twice = int(decisions.all(axis=0).sum())
    if twice:
        raise DataError(
            f"{twice:,} instances are in two groups whose own thresholds decide otherwise; give thresholds to groups that share "
            "nobody."
        )
    return flags


def changed(audit: Audit, made: Made, *, threshold: float | None, own: Mapping[str, float] | None) -> int | None:
    """How many are decided otherwise than by the score as it came; None where that cannot be told."""
    if audit.score is None:
        return None
    try:
        flags = decided(audit, made, threshold=threshold, own=own)
    except DataError:
        return None
    return int((flags != audit.flags()).sum())


def keep_decisions(
    case: Case,
    asked: Asked,
    makings: Sequence[Mapping[str, Any]],
    *,
    threshold: float | None,
    own: Mapping[str, float] | None,
) -> dict[str, Any]:
    """Keep the decisions of thresholds as scores of their own, by which all views then judge.

    All instances are decided, also those that a filter hides and those without a label. Scores that decide alike and have the
    same name are not kept twice.

    Raises
    ------
    DataError
        If there is no score, there are more than two classes, or a group cannot be decided; see `decided`.
    RoleError
        If somebody else than the owner asks: it changes what everybody sees.
    """
    require("owner", "decide for everybody by other thresholds")
    audit = audit_of(case, replace(asked, filter=None), everyone=True)
    if audit.score is None or audit.focus is None or len(audit.classes) != 2:
        raise DataError("decisions are kept of a score of two classes; of several, a threshold for one leaves the others open.")
    if threshold is None and not own:
        raise DataError("no threshold was moved, so all views decide like this one already.")
    flags = decided(audit, make_groups(audit, makings), threshold=threshold, own=own)
    limit = audit.threshold if threshold is None else threshold
    scores = _scores(case, audit, flags, limit, own or {})
    name = f"{audit.model}, own thresholds" if own else f"{audit.model} at {limit:.4g}"
    name, known = _free(case, name, scores.predictions)
    if known:
        case.use_model(name)
    else:
        capture.keep_scores(case.folder, scores, name=name, settings={**audit.settings, ORIGIN: audit.model})
        case.serve_model(name)
    return {"name": name, "before": audit.model, "changed": int((flags != audit.flags()).sum())}


def set_aside(case: Case, name: str) -> dict[str, Any]:
    """Take kept decisions out of all views; the score they came from is the active one again.

    Raises
    ------
    DataError
        If they are no kept decisions: scores that came with the case, and captured models, stay.
    RoleError
        If somebody else than the owner asks: it changes what everybody sees.
    """
    require("owner", "take decisions out of the case for everybody")
    origin = origin_of(case, name)
    if origin is None:
        raise DataError(f"{name!r} is no decision that was kept on this page, so it stays in the case.")
    if case.model is not None and case.model.name == name and origin in case.folder.models:
        case.use_model(origin)
    case.set_aside_model(name)
    return {"name": name, "now": case.model.name if case.model is not None else None}


def origin_of(case: Case, name: str) -> str | None:
    """The score that kept decisions came from; None for what came into the case otherwise."""
    kept = case.folder.results.get("scores", name)
    origin = kept.meta["settings"].get(ORIGIN) if kept is not None else None
    return str(origin) if origin is not None else None


def _scores(case: Case, audit: Audit, flags: NDArray[np.bool_], limit: float, own: Mapping[str, float]) -> Scores:
    assert audit.score is not None
    assert audit.focus is not None
    n, place = case.folder.manifest.instances, audit.focus
    score = np.full(n, np.nan)
    score[audit.rows] = audit.score
    probabilities = np.empty((n, 2), np.float32)
    probabilities[:, place], probabilities[:, 1 - place] = score, 1 - score
    predictions = np.full(n, -1, np.int32)
    predictions[audit.rows] = np.where(flags, place, 1 - place)
    note = f"The score is that of {audit.model!r}; what decides is a threshold of {limit:.4g}"
    if own:
        note += f", and in {len(own):,} groups one of their own: " + "; ".join(
            f"{name} {value:.4g}" for name, value in sorted(own.items())
        )
    return Scores("two classes", audit.classes, score, np.empty(0), probabilities, predictions, place, limit, (), (f"{note}.",))


def _free(case: Case, name: str, predictions: NDArray[np.int32]) -> tuple[str, bool]:
    """A name that is not taken, or a taken one whose decisions are the same."""
    number, free = 2, name
    while free in case.folder.models:
        said = case.folder.model(free)
        if said.record.done and np.array_equal(said.predictions["prediction"].fill_null(-1).to_numpy(), predictions):
            return free, True
        free, number = f"{name} ({number})", number + 1
    return free, False
