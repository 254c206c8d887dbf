"""For whom does the score fail? Rates of groups with their counts and intervals; the Python half."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import ModelError, UnderglassError
from underglass.views import subgroup_decisions, subgroup_files, subgroup_finding, subgroup_judging, subgroup_report
from underglass.views.subgroup_audit import MOST_VALUES, Asked, audit_of, audits
from underglass.views.subgroup_groups import distributions, make_groups, measured, members_of, name_of, own_limits, tree_of
from underglass.views.subgroup_words import metric_words, sides
from underglass.views.view import View
from underglass.wire import Card, Job

if TYPE_CHECKING:
    from underglass.case import Case

Given = Mapping[str, Any] | None
Spec = Mapping[str, Any]
Makings = Sequence[Mapping[str, Any]]
MIN_SIZE = 30
DEFAULT = ("accuracy", "fpr", "fnr")
OFTEN_ASKED = ("race", "sex", "gender", "ethnicity", "age", "age group", "religion", "disability", "nationality")

MOST_KEPT = 60
"""Groups that an exported page keeps by themselves; it keeps the numbers of all."""


def setup(case: Case, audit: Given = None) -> dict[str, Any]:
    """What the page begins with: the task, the classes, the features with their values, and what to know before."""
    try:
        found = audit_of(case, Asked.read(audit))
    except ModelError as error:
        return {"available": [], "why": str(error)}
    words = metric_words(found)
    known = [one["name"] for one in words]
    everyone = distributions(found, [np.arange(found.n)]) or {}
    return {
        "available": audits(case),
        "why": None,
        "model": found.model,
        "task": found.task,
        "classes": list(found.classes),
        "focus": found.focus,
        "sides": sides(found),
        "has_score": found.score is not None,
        "threshold": found.threshold,
        "n": found.n,
        "shown": found.shown,
        "unlabelled": found.unlabelled,
        "unscored": found.unscored,
        "features": [
            {
                "name": one.name,
                "values": list(one.labels),
                "counts": everyone.get(one.name, [[]])[0],
                "edges": None if one.edges is None else one.edges[1:-1].tolist(),
            }
            for one in found.features
        ],
        "unusable": [{"name": name, "reason": reason} for name, reason in found.unusable],
        "by": [name for name in found.settings.get("by") or _first(known_features(found)) if name in known_features(found)],
        "min_size": int(found.settings.get("min_size", min(MIN_SIZE, max(1, found.n // 20)))),
        "metrics": words,
        "chosen": [name for name in DEFAULT if name in known] if found.task == "rates" else known[:3],
        "searched": subgroup_finding.searched_metrics(found),
        "notes": list(found.notes),
        "most_values": MOST_VALUES,
        "decided_from": subgroup_decisions.origin_of(case, found.model),
        "aside": list(case.folder.aside),
    }


def known_features(found: Any) -> list[str]:
    """Names of the features that make groups."""
    return [one.name for one in found.features]


def _first(names: list[str]) -> list[str]:
    """What to group by before anyone has said: what auditors ask for first."""
    asked = [name for name in names if name.lower().replace("_", " ") in OFTEN_ASKED]
    return asked[:2] or names[:1]


def groups(
    case: Case,
    *,
    audit: Given = None,
    makings: Makings = (),
    threshold: float | None = None,
    own: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """All groups with sizes, metrics and distributions, and everyone.

    Parameters
    ----------
    makings : features to cross.
    threshold : a score of at least this counts as positive; None for the model's own decision.
    own : thresholds of single groups, by name.
    """
    found = audit_of(case, Asked.read(audit))
    made = make_groups(found, makings)
    names = made.names(found)
    limits = own_limits(names, own)
    everyone = [np.arange(found.n)]
    return {
        "n": found.n,
        "shown": found.shown,
        "unlabelled": found.unlabelled,
        "unscored": found.unscored,
        "changed": subgroup_decisions.changed(found, made, threshold=threshold, own=own),
        "metrics": metric_words(found),
        "all": measured(found, everyone, threshold=threshold),
        "all_distributions": distributions(found, everyone),
        "groups": {
            "name": names,
            "spec": subgroup_finding.made_specs(made),
            **measured(found, made.members, threshold=threshold, own=limits),
        },
        "distributions": distributions(found, made.members),
    }


def group(
    case: Case, *, group: Spec, audit: Given = None, threshold: float | None = None, own: float | None = None
) -> dict[str, Any]:
    """One group: name, size, metrics, distributions, and the filter that selects it."""
    found = audit_of(case, Asked.read(audit))
    members = [members_of(case, found, group)]
    return {
        "name": name_of(found, group),
        "tree": tree_of(case, found, group),
        **measured(found, members, threshold=own if own is not None else threshold),
        "distributions": distributions(found, members),
    }


def leaks(case: Case, audit: Given = None) -> list[dict[str, Any]]:
    """What each feature alone tells about the label."""
    return subgroup_finding.leaks_of(case, Asked.read(audit))


def start_suggest(
    case: Case,
    *,
    audit: Given = None,
    how: str = "lattice",
    metric: str = "accuracy",
    threshold: float | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Job:
    """Search for groups as a job; its result is that of `subgroup_finding.suggest`."""
    asked = Asked.read(audit)
    chosen = dict(settings or {})
    titles = {"lattice": "Searching combinations", "clusters": "Clustering", "tree": "Growing an error tree"}
    job = case.jobs.submit(
        "subgroups",
        titles.get(how, how),
        lambda progress: subgroup_finding.suggest(
            case, asked, how=how, metric=metric, threshold=threshold, progress=progress, **chosen
        ),
        key=f"subgroups/{how}/{metric}/{threshold}/{sorted(chosen.items())}/{case.serving.version}/{asked}",
    )
    return job.info()


def similar(
    case: Case,
    *,
    group: Spec,
    audit: Given = None,
    makings: Makings = (),
    how: str = "divergence",
    threshold: float | None = None,
) -> dict[str, Any]:
    """Groups that resemble one."""
    return subgroup_finding.similar(case, Asked.read(audit), group, makings, how=how, threshold=threshold)


def compare(
    case: Case,
    *,
    a: Spec,
    b: Spec | None = None,
    audit: Given = None,
    threshold: float | None = None,
    own: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Two groups, with intervals of their differences."""
    return subgroup_judging.compare(case, Asked.read(audit), a, b, threshold=threshold, own=own)


def gaps(
    case: Case,
    *,
    audit: Given = None,
    makings: Makings = (),
    min_size: int = 0,
    threshold: float | None = None,
    own: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """How far the groups are apart, by each criterion."""
    return subgroup_judging.gaps(case, Asked.read(audit), makings, min_size=min_size, threshold=threshold, own=own)


def curves(case: Case, audit: Given = None, groups: Sequence[Spec] = ()) -> dict[str, Any]:
    """ROC and precision-recall of everyone and of groups."""
    return subgroup_judging.curves(case, Asked.read(audit), groups)


def equal_thresholds(
    case: Case, *, metric: str, audit: Given = None, makings: Makings = (), threshold: float | None = None, min_size: int = 0
) -> dict[str, Any]:
    """Thresholds that make groups equal in one metric."""
    return subgroup_judging.equal_thresholds(
        case, Asked.read(audit), makings, metric=metric, threshold=threshold, min_size=min_size
    )


def lacks_data(
    case: Case,
    *,
    group: Spec,
    metric: str,
    audit: Given = None,
    threshold: float | None = None,
    own: float | None = None,
) -> dict[str, Any]:
    """Whether there are enough of a group to judge."""
    return subgroup_judging.lacks_data(case, Asked.read(audit), group, metric=metric, threshold=threshold, own=own)


def start_learns(case: Case, *, group: Spec, metric: str, audit: Given = None, threshold: float | None = None) -> Job:
    """Whether there were enough of a group to learn from; a job."""
    asked = Asked.read(audit)
    return case.jobs.submit(
        "subgroups",
        "Learning from ever more of the group",
        lambda progress: subgroup_judging.learns(case, asked, group, metric=metric, threshold=threshold, progress=progress),
        key=f"learns/{group}/{metric}/{threshold}/{case.serving.version}/{asked}",
    ).info()


def two_models(
    case: Case,
    *,
    other: str,
    audit: Given = None,
    groups: Sequence[Spec] = (),
    threshold: float | None = None,
    other_threshold: float | None = None,
) -> dict[str, Any]:
    """Two models, group by group."""
    return subgroup_judging.two_models(
        case, Asked.read(audit), other, groups, threshold=threshold, other_threshold=other_threshold
    )


def report(
    case: Case,
    *,
    audit: Given = None,
    makings: Makings = (),
    metrics: Sequence[str] = (),
    min_size: int = MIN_SIZE,
    threshold: float | None = None,
    own: Mapping[str, float] | None = None,
    pinned: Spec | None = None,
    other: Spec | None = None,
) -> bytes:
    """The audit as an HTML page for readers without statistics."""
    return subgroup_report.report(
        case,
        Asked.read(audit),
        makings,
        metrics=metrics,
        min_size=min_size,
        threshold=threshold,
        own=own,
        pinned=pinned,
        other=other,
    ).encode()


def take_group(
    case: Case, *, group: Spec, audit: Given = None, threshold: float | None = None, own: float | None = None
) -> bytes:
    """A group as a JSON file."""
    found = subgroup_files.group_json(case, Asked.read(audit), group, threshold=threshold, own=own)
    return subgroup_files.as_json(found)


def take_groups(
    case: Case,
    *,
    audit: Given = None,
    makings: Makings = (),
    format: str = "csv",
    threshold: float | None = None,
    own: Mapping[str, float] | None = None,
) -> bytes:
    """All groups as a CSV or Parquet file."""
    return subgroup_files.groups_table(case, Asked.read(audit), makings, format, threshold=threshold, own=own)


def keep_decisions(
    case: Case,
    *,
    audit: Given = None,
    makings: Makings = (),
    threshold: float | None = None,
    own: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Let all views judge by the thresholds set here: scores of their own, beside the ones they came from."""
    return subgroup_decisions.keep_decisions(case, Asked.read(audit), makings, threshold=threshold, own=own)


def set_aside_decisions(case: Case, *, name: str) -> dict[str, Any]:
    """Take kept decisions out of all views; `take_back_decisions` undoes it."""
    return subgroup_decisions.set_aside(case, name)


def take_back_decisions(case: Case, *, name: str) -> dict[str, Any]:
    """Let all views judge again by decisions that were set aside."""
    case.take_back_model(name)
    return {"name": name}


def kept_answers(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: the groups that the audit begins with, each beside everyone else."""
    told = setup(case)
    yield "setup", {}, told
    if told["why"] is not None:
        return
    yield "leaks", {}, leaks(case)
    makings = [{"by": [{"feature": name, "values": None} for name in told["by"]]}] if told["by"] else []
    found = groups(case, makings=makings)
    yield "groups", {"makings": makings}, found
    with suppress(UnderglassError):  # the view says itself where there is no criterion
        yield "gaps", {"makings": makings, "min_size": told["min_size"]}, gaps(case, makings=makings, min_size=told["min_size"])
    for spec in found["groups"]["spec"][:MOST_KEPT]:
        yield "group", {"group": spec}, group(case, group=spec)
        yield "compare", {"a": spec}, compare(case, a=spec)


VIEW = View(
    name="subgroups",
    title="Subgroups",
    group="fails for",
    question="Whom does the score fail?",
    card=Card(
        why="A score that is right on the whole can be wrong for some. To find out for whom before somebody else does.",
        who="People who must answer for a model: auditors, product owners, those it judges. No statistics are needed.",
        what="Every combination of the ticked values is a group. A line is a group; its place is a rate, such as how often it "
        "is wrongly flagged. The dotted line is everyone. Below: groups found by search, curves, gaps, other thresholds.",
        how="Hover a line to compare it, click to pin and select it. Look at n and at the interval before the rate: where "
        "intervals overlap widely there may be no difference. A dash means there is no rate, with the reason.",
        when="Before a model is used on people, after retraining, and when someone complains.",
        source="FairVis: Cabrera et al. 2019; searched groups: Pastor et al. 2021 (DivExplorer); intervals: Wilson 1927.",
        limits="Labels are taken as they are. Many groups are many tests: some gaps are chance. Which rates should be equal is "
        "for people to decide; not all can be.",
    ),
    alone="has its own choice of models, and compares two of them by itself",
    calls={
        "setup": setup,
        "groups": groups,
        "group": group,
        "leaks": leaks,
        "start_suggest": start_suggest,
        "similar": similar,
        "compare": compare,
        "gaps": gaps,
        "curves": curves,
        "equal_thresholds": equal_thresholds,
        "lacks_data": lacks_data,
        "start_learns": start_learns,
        "two_models": two_models,
        "report": report,
        "take_group": take_group,
        "take_groups": take_groups,
        "keep_decisions": keep_decisions,
        "set_aside_decisions": set_aside_decisions,
        "take_back_decisions": take_back_decisions,
    },
    kept=kept_answers,
    order=10,
    props={
        "tab": "suggested, similar, curves, gaps, lacks or models",
        "model": "whose scores",
        "focus": "the class that is judged",
        "threshold": "a score of at least this counts as positive",
        "makings": "how the groups are made",
        "bins": "edges of the bins of numbers, by column",
        "metrics": "which rates",
        "min": "smallest group",
    },
    size=(12, 16),
)
