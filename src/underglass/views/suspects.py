"""Which labels are probably wrong? Human label against model label, worst first; the first step of correcting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.views.label_cells import cells, label_rows, noise_matrix
from underglass.views.label_results import (
    GIVEN,
    FoundIssues,
    Settings,
    changes,
    current,
    find,
    resolved,
    restore,
    source_words,
)
from underglass.views.label_session import badge, known
from underglass.views.layer_results import Progress, included, model_of
from underglass.views.view import View
from underglass.wire import Card, Job

if TYPE_CHECKING:
    from underglass.case import Case

__all__ = ["VIEW", "FoundIssues", "find"]


def summary(case: Case) -> dict[str, Any]:
    """What was found about the labels, or what it would be found from."""
    folder = model_of(case, None)
    record = folder.record
    rows = included(case)
    labelled = int((case.labels()[rows] >= 0).sum())
    place = {
        "model": folder.name,
        "n": len(rows),
        "labelled": labelled,
        "layers": [layer.name for layer in record.layers],
        "poolings": list(record.pooling),
    }
    found = current(case)
    if found is None:
        asked = resolved(case, folder, Settings())
        return {
            **place,
            "state": "missing",
            "would": {"source": asked.source, "layer": asked.layer, "given": record.factory == GIVEN},
        }
    chosen = np.asarray(found.arrays["selected"])
    score = np.nan_to_num(found.score.astype(np.float64))
    copies = (
        {name: int(np.asarray(found.arrays[f"pair/{name}"]).sum()) for name in ("exact", "contradictory", "leaks")}
        if "pairs" in found.arrays
        else None
    )
    return {
        **place,
        "state": "found",
        "key": found.key,
        "created": found.created,
        "changed": changes(case, found),
        "settings": {"source": found.settings.source, "layer": found.settings.layer, "part": found.settings.part},
        "source": source_words(found),
        "advice": list(found.meta["advice"]),
        "judged": found.n,
        "suspects": int(chosen.sum()),
        "open": badge(case),
        "threshold": found.meta["threshold"],
        "expected_wrong": round(float(score.sum()), 2),
        "expected_among": round(float(score[chosen].sum()), 2),
        "cells": cells(case, found),
        "labels": label_rows(case, found),
        "noise": noise_matrix(case, found),
        "weights": dict(zip(found.meta["sources"], np.round(found.arrays["weights"], 3).tolist(), strict=True)),
        "copies": copies if copies is None else {**copies, "pairs": len(found.arrays["pairs"])},
        "outliers": int(np.asarray(found.arrays["outlying"]).sum()) if "outlying" in found.arrays else None,
        "known": known(case, found),
        "seconds": found.meta["seconds"],
    }


def start(case: Case, settings: Mapping[str, Any] | None = None) -> Job:
    """Look for wrong labels as a job; what cannot be is said at once."""
    folder = model_of(case, None)
    resolved(case, folder, Settings.read(settings))
    given = dict(settings or {})

    def work(progress: Progress) -> dict[str, Any]:
        found = find(case, model=folder.name, progress=progress, **given)
        return {"key": found.key, "n": found.n, "suspects": len(found.suspects)}

    return case.jobs.submit("suspects", "Looking for wrong labels", work, key=f"suspects/{folder.name}").info()


def kept_answers(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: what was found about the labels."""
    yield "summary", {}, summary(case)


VIEW = View(
    name="suspects",
    title="Suspects",
    group="labels",
    question="Which labels are probably wrong?",
    card=Card(
        why="A model learns the wrong labels too, and a test set with wrong labels measures the wrong thing.",
        who="Whoever collected the labels, trains on them, or answers for what was trained.",
        what="Each row is a label people gave, each cell the class the model says instead: a picture, how many, how probable. "
        "The darker, the more confident disagreement is left in it (sum of the top probabilities, on a log scale).",
        how="Open a cell to judge its instances. A whole cell that stands out is a class that was misread; single instances in "
        "many cells are slips. Copies carry a mark.",
        when="After a capture, before a retraining, and again after each round of corrections.",
        source="Classifier-guided correction: Bäuerle, Neumann, Ropinski 2020. Confident joint: Northcutt et al. 2021. "
        "Noise model: Dawid and Skene 1979.",
        limits="A suspect is not a mistake: rare but right instances look like one. Of digits without any wrong label less than "
        "1 % are accused. Probabilities of a model that was trained on the label confirm it.",
    ),
    alone="looks for wrong labels by the active model's probabilities, and people judge what it found",
    calls={"summary": summary, "start": start, "restore": restore, "badge": badge},
    kept=kept_answers,
    order=1,
    needs=("model", "labels"),
    props={
        "all": "true shows all labels, not the suspect alone",
    },
    size=(12, 12),
)
