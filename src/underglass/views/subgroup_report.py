"""How is an audit told to readers without statistics? One HTML page that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.views.subgroup_audit import Asked, Audit, audit_of
from underglass.views.subgroup_finding import suggest
from underglass.views.subgroup_groups import make_groups, measured, name_of, own_limits
from underglass.views.subgroup_judging import compare, gaps
from underglass.views.subgroup_report_drawing import page
from underglass.views.subgroup_report_sections import gaps_told, groups_ranked, own_thresholds, pair_compared, suggested_groups
from underglass.views.subgroup_words import metric_words, sides

if TYPE_CHECKING:
    from underglass.case import Case

Spec = Mapping[str, Any]


def report(
    case: Case,
    asked: Asked,
    makings: Sequence[Mapping[str, Any]],
    *,
    metrics: Sequence[str],
    min_size: int = 30,
    threshold: float | None = None,
    own: Mapping[str, float] | None = None,
    pinned: Spec | None = None,
    other: Spec | None = None,
) -> str:
    """The audit as one HTML page that needs nothing else."""
    audit = audit_of(case, asked)
    words = {one["name"]: one for one in metric_words(audit)}
    chosen = [name for name in metrics if name in words] or list(words)[:3]
    made = make_groups(audit, makings)
    names = made.names(audit)
    limits = own_limits(names, own)
    found = measured(audit, made.members, threshold=threshold, own=limits)
    everyone = measured(audit, [np.arange(audit.n)], threshold=threshold)
    theirs = {
        side: own[name_of(audit, spec)]
        for side, spec in (("a", pinned), ("b", other))
        if own and spec is not None and name_of(audit, spec) in own
    }
    parts = [_head(case, audit, threshold), _how_to_read()]
    if limits:
        common = audit.threshold if threshold is None else threshold
        parts.append(own_thresholds({names[place]: limit for place, limit in limits.items()}, common))
    parts.append(groups_ranked(names, found, everyone, words=[words[name] for name in chosen], min_size=min_size))
    if audit.task == "rates" and len(names) > 1:
        parts.append(gaps_told(gaps(case, asked, makings, min_size=min_size, threshold=threshold, own=own), min_size))
    if pinned is not None:
        parts.append(pair_compared(compare(case, asked, pinned, other, threshold=threshold, own=theirs), words))
    parts.append(suggested_groups(suggest(case, asked, metric=_searched(audit, chosen), threshold=threshold), words))
    parts.append(_limits(audit, len(names) * len(chosen)))
    return page(f"{case.name}: for whom does {_called(audit)} fail?", parts)


def _searched(audit: Audit, chosen: Sequence[str]) -> str:
    if audit.task == "classes":
        return "accuracy"
    if audit.task == "numbers":
        return next((name for name in chosen if name in ("mae", "mse", "mean_error")), "mae")
    return next((name for name in chosen if name not in ("base_rate",)), "accuracy")


def _called(audit: Audit) -> str:
    """The score in a sentence."""
    return "the score" if audit.model == "score" else f"the score “{audit.model}”"


def _head(case: Case, audit: Audit, threshold: float | None) -> str:
    told = [f"{audit.n:,} instances of {audit.shown:,} shown have a label and a score."]
    if audit.unlabelled:
        told.append(f"{audit.unlabelled:,} have no label and {audit.unscored:,} no score; they are counted nowhere.")
    if audit.task == "rates":
        side = sides(audit)
        told.append(f"Counted as positive: {side['p']}.")
        if audit.score is not None:
            limit = threshold if threshold is not None else audit.threshold
            told.append(f"A score of {limit:g} or more predicts {side['p']}, less predicts {side['n']}.")
    when = datetime.now(UTC).strftime("%d %B %Y").lstrip("0")
    return (
        f"<h1>For whom does {html.escape(_called(audit))} fail?</h1>"
        f'<p class="muted">{html.escape(case.name)}, {when}</p><p class="lead">{html.escape(" ".join(told))}</p>'
    )


def _how_to_read() -> str:
    return (
        '<div class="box"><p><strong>How to read this page.</strong> Each row is a group of people or things. The '
        "dot is what was "
        "counted in the group; the line through it is where the true value may well lie (19 times in 20). A long line means that "
        "the group is small and little is known. The dotted line is everyone together. Two groups whose lines "
        "overlap a good deal "
        "may not differ at all. A dash (–) means that the number does not exist, with the reason; it is never 0.</p></div>"
    )


def _limits(audit: Audit, tests: int) -> str:
    told = [
        f"{tests:,} rates stand on this page. Among that many, some look striking by chance.",
        "A label may be wrong itself, and more often in some groups than in others; this page takes labels as they are.",
        "A rate says that a group is treated differently, not why.",
    ]
    if audit.notes:
        told += list(audit.notes)
    items = "".join(f"<li>{html.escape(one)}</li>" for one in told)
    return (
        f"<h2>What this page cannot say</h2><ul>{items}</ul><p class='small muted'>Intervals of rates are Wilson's "
        "at 95 %; of F1 and "
        "of differences, a bootstrap over the cells of the confusion matrix; of mean errors, Student's. q is "
        "Benjamini and Hochberg's "
        f"over all groups searched. Made with underglass {_version()}.</p>"
    )


def _version() -> str:
    from underglass import __version__

    return __version__
