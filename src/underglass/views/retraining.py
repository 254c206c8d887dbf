"""Did the corrections help? The same head on the labels before and after, on the same split, tested on the same instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import DataError
from underglass.views.label_comparison import FoundComparison, Settings, changes, compare, current
from underglass.views.layer_results import Progress
from underglass.views.view import View
from underglass.wire import Card, Job

if TYPE_CHECKING:
    from underglass.case import Case

__all__ = ["VIEW", "FoundComparison", "compare"]

MOST_LISTED = 300


def summary(case: Case) -> dict[str, Any]:
    """The newest comparison, and what a new one would rest on."""
    source, now = case.folder.source_labels, case.labels()
    excluded = np.asarray(case.folder.journal.state().excluded)
    record = None if case.model is None else case.model.record
    place = {
        "relabelled": int((source != now).sum()),
        "excluded": int(excluded.sum()),
        "layers": [] if record is None else [layer.name for layer in record.layers],
        "own": None if case.trainer is None else getattr(case.trainer, "__name__", "your function"),
    }
    found = current(case)
    if found is None:
        return {**place, "state": "missing"}
    classes, changed = case.folder.manifest.classes, found.arrays["changed"]
    before, after = found.arrays["before"][changed], found.arrays["after"][changed]
    right = now[changed]
    kind = np.where(before == right, "broken", np.where(after == right, "fixed", "other"))
    order = np.argsort([("fixed", "broken", "other").index(one) for one in kind.tolist()], kind="stable")[:MOST_LISTED]
    return {
        **place,
        "state": "found",
        "key": found.key,
        "created": found.created,
        "changed": changes(case, found),
        "settings": {
            "layer": found.settings.layer,
            "trainer": found.settings.trainer,
            "keep_advised": found.settings.keep_advised,
            "seed": found.settings.seed,
        },
        **{name: found.meta[name] for name in ("overall", "classes", "subsets", "trained", "kept_out", "converged", "words")},
        "relabelled_then": found.meta["relabelled"],
        "own_split": found.meta["own_split"],
        "seconds": found.meta["seconds"],
        "moved": [
            {
                "row": int(changed[i]),
                "label": classes[right[i]] if right[i] >= 0 else None,
                "before": classes[before[i]],
                "after": classes[after[i]],
                "kind": str(kind[i]),
            }
            for i in order.tolist()
        ],
    }


def start(case: Case, settings: Mapping[str, Any] | None = None) -> Job:
    """Train and compare as a job."""
    asked = Settings.read(settings)
    given = dict(settings or {})

    def work(progress: Progress) -> dict[str, Any]:
        found = compare(case, progress=progress, **given)
        case.changed()
        return {"key": found.key, "words": found.words}

    title = "Training on labels before and after" if asked.trainer == "head" else "Training with your function"
    return case.jobs.submit("retraining", title, work, key="retraining").info()


def pick(case: Case, kind: str) -> dict[str, Any]:
    """Keep tested instances whose prediction changed as a pick: ``fixed``, ``broken``, ``other`` or ``changed``."""
    found = current(case)
    if found is None:
        raise DataError("nothing was compared yet.")
    changed, now = found.arrays["changed"], case.labels()
    before, after = found.arrays["before"][changed], found.arrays["after"][changed]
    right = now[changed]
    masks = {"changed": before != after, "fixed": after == right, "broken": before == right}
    masks["other"] = ~masks["fixed"] & ~masks["broken"]
    if kind not in masks:
        raise DataError(f"instances that changed are fixed, broken or other, not {kind!r}.")
    rows = changed[masks[kind]]
    if not len(rows):
        raise DataError(f"no tested instance is {kind}.")
    return {"name": case.serving.make_pick(rows), "count": len(rows)}


def kept_answers(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: the comparison that was made."""
    yield "summary", {}, summary(case)


VIEW = View(
    name="retraining",
    title="Before and after",
    group="labels",
    question="Did the corrections help?",
    card=Card(
        why="Corrected labels are a claim. Training on the old and on the new ones, with nothing else changed, tests it.",
        who="Whoever decides whether the next round of corrections is worth it.",
        what="Share of right predictions before and after: over all tested instances, by class, by subset; and the instances "
        "whose prediction changed.",
        how="Hollow is before, filled is after. Fixed and broken count instances; p: how easily chance does as much.",
        when="After a round of corrections.",
        source="McNemar's exact test: McNemar 1947. Loop of correcting and retraining: Bäuerle, Neumann, Ropinski 2020.",
        limits="A linear head on a captured layer stands for the model: the layer itself was trained on the old labels. Test "
        "labels that were just changed are left out unless the view says otherwise: with them the model marks its own work.",
    ),
    alone="shows the one comparison of labels before and after that was made, whatever model is active",
    calls={"summary": summary, "start": start, "pick": pick},
    kept=kept_answers,
    order=4,
    needs=("model", "labels"),
    props={},
    size=(12, 12),
)
