"""Which labels are probably wrong, does that still hold, and how is it found anew?

Glue between the pure analysis and a case, as for patterns: looked up by the hashes of what it rests on (the current labels
among them), else computed with progress, kept, and served as the columns ``issue.score``, ``issue.suggested``,
``issue.suspect`` and their like. A result stays as it is while a person corrects; what was decided since is in the journal.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.analyses.duplicates import exact_groups
from underglass.analyses.label_issues import LabelIssues, find_issues
from underglass.analyses.linear_head import held_out
from underglass.errors import DataError, unknown
from underglass.store.fingerprints import hash_array, hash_json
from underglass.views.label_media import content_codes, most_similar
from underglass.views.layer_results import (
    Array,
    Progress,
    drop_oldest,
    included,
    kept_result,
    kept_results,
    model_of,
    newest_key,
)

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.serving import Serving
    from underglass.store import ModelFolder
    from underglass.store.results import StoredResult

ANALYSIS = "label issues"
FORM = 1
KEPT = 4
SOURCES = ("auto", "captured", "cross-validated")
HELD_OUT = ("test", "valid", "validation", "val", "dev", "holdout")
"""Splits that a model is by custom not trained on."""
GIVEN = "given"
"""Factory recorded of probabilities that a person gave without a model."""


@dataclass(frozen=True)
class Settings:
    """What labels are judged by.

    Parameters
    ----------
    source : "captured" takes the model's probabilities, "cross-validated" those of a head on a layer that did not see the label;
        "auto" takes the captured ones where all instances were held out or the probabilities were given, else a head's.
    layer : whose activations tell near from far, and what the head is trained on; empty takes the last captured one, "-" none.
    part : pooling; empty takes "mean", else the first captured.
    neighbours : how many vote.
    folds, seed : of the cross-validation.
    """

    source: str = "auto"
    layer: str = ""
    part: str = ""
    neighbours: int = 10
    folds: int = 5
    seed: int = 0

    @classmethod
    def read(cls, values: Mapping[str, Any] | None) -> Settings:
        """Settings from plain JSON.

        Raises
        ------
        DataError
            If a setting is unknown or of the wrong type.
        """
        known = {field.name: field.type for field in fields(cls)}
        for name, value in (values or {}).items():
            if name not in known:
                raise DataError(unknown("setting", name, known))
            if not isinstance(value, str if known[name] == "str" else int) or isinstance(value, bool):
                raise DataError(f"setting {name!r} cannot be {value!r}.")
        found = cls(**(values or {}))
        if found.source not in SOURCES:
            raise DataError(unknown("source", found.source, SOURCES))
        if found.neighbours < 1 or found.folds < 2:
            raise DataError("neighbours must be at least 1 and folds at least 2.")
        return found


@dataclass(frozen=True)
class FoundIssues:
    """What was found about the labels of a case.

    Attributes
    ----------
    rows : (judged,) int32, ascending: the instances that were not excluded; all other arrays are aligned with it.
    arrays : by name: ``label`` (class when it was judged, −1 unlabelled), ``suggested``, ``score``, ``selected``, ``predicted``,
        ``top`` (probability of the predicted class), ``score/<name>``, ``hardness``, with features ``outlier``, ``outlying``,
        ``uniqueness``, ``group``; of the whole: ``joint``, ``calibrated``, ``noise``, ``weights``, ``health`` (5, classes),
        ``cells``, ``pairs`` …
    probabilities : (judged, classes) float32, of what judged.
    meta : settings, source, advice, counts, seconds, in plain JSON.
    """

    key: str
    model: str
    settings: Settings
    rows: Array
    arrays: Mapping[str, Array]
    probabilities: Array
    meta: Mapping[str, Any]
    inputs: Mapping[str, str]
    created: str

    def __repr__(self) -> str:
        return f"<labels of {self.n:,} instances judged by {self.model}: {len(self.suspects):,} suspects>"

    @property
    def n(self) -> int:
        """Instances that were judged."""
        return len(self.rows)

    @property
    def score(self) -> Array:
        """Chance that the label is wrong, (judged,), NaN unlabelled."""
        return self.arrays["score"]

    @property
    def suspects(self) -> Array:
        """Rows of the labels to look at first, the most suspicious first."""
        chosen = np.flatnonzero(self.arrays["selected"])
        ranked: Array = self.rows[chosen[np.argsort(-self.score[chosen], kind="stable")]]
        return ranked

    @property
    def order(self) -> Array:
        """Rows of all labelled instances, the most suspicious first."""
        labelled = np.flatnonzero(~np.isnan(self.score))
        ranked: Array = self.rows[labelled[np.argsort(-self.score[labelled], kind="stable")]]
        return ranked

    def spread(self, name: str, fill: Any, count: int) -> Array:
        """One of the arrays over all instances of the case, `fill` where an instance was not judged."""
        values = np.full(count, fill, self.arrays[name].dtype)
        values[self.rows] = self.arrays[name]
        return values


def find(case: Case, *, model: str | None = None, progress: Progress | None = None, **settings: Any) -> FoundIssues:
    """Labels that are probably wrong: looked up if that still holds, else computed, kept and served.

    Parameters
    ----------
    case : Case
        Where to look and to keep.
    model : str
        A captured model, the active one if None.
    progress : callable
        Told (done, total, stage); may raise to cancel.
    **settings : dict
        Fields of `Settings`.

    Raises
    ------
    DataError
        If nothing is labelled, or probabilities are none.
    LayerError
        If the layer or the pooling was not captured.
    """
    folder = model_of(case, model)
    asked = resolved(case, folder, Settings.read(settings))
    inputs, key = _inputs(case, folder, asked), _key(folder.name, asked)
    kept = kept_result(case, ANALYSIS, key, FORM)
    if kept is not None and not case.folder.results.stale(ANALYSIS, key, inputs):
        found = _read(case, kept)
        if newest_key(case, ANALYSIS, folder.name) == key:
            return found
    found = _put(case, *_computed(case, folder, asked, inputs, progress))
    publish(case, found)
    return found


def current(case: Case, *, model: str | None = None) -> FoundIssues | None:
    """The result that is shown, stale or not; None if there is none."""
    folder = model_of(case, model)
    kept = kept_result(case, ANALYSIS, newest_key(case, ANALYSIS, folder.name), FORM)
    return None if kept is None else _read(case, kept)


def needed(case: Case, *, model: str | None = None) -> FoundIssues:
    """The result that is shown.

    Raises
    ------
    DataError
        There is none yet.
    """
    found = current(case, model=model)
    if found is None:
        raise DataError("no labels were judged yet: open Suspects and look for wrong labels, or call case.label_issues().")
    return found


def changes(case: Case, found: FoundIssues) -> list[str]:
    """What has changed since, in words; empty while it holds."""
    folder = model_of(case, found.model)
    stale = case.folder.results.stale(ANALYSIS, found.key, _inputs(case, folder, found.settings))
    said = []
    for name in stale:
        if name == "labels":
            moved = int((case.labels()[found.rows] != found.arrays["label"]).sum())
            said.append(f"{moved:,} {'label was' if moved == 1 else 'labels were'} changed" if moved else "labels were changed")
        elif name == "instances":
            moved = len(included(case)) - found.n
            some = f"{abs(moved):,} {'instance' if abs(moved) == 1 else 'instances'}"
            said.append(f"{some} {'excluded' if moved < 0 else 'taken back'}" if moved else "other instances were excluded")
        else:
            said.append("the model was captured again")
    return list(dict.fromkeys(said))


def publish(case: Case, found: FoundIssues, serving: Serving | None = None) -> None:
    """Serve score, suggestion, choice, hardness, and with features how far out and how alone, as columns; tell who listens."""
    active = case.model is not None and case.model.name == found.model
    names = case.folder.manifest.classes
    suggested, label = found.arrays["suggested"], found.arrays["label"]
    doubted = (suggested != label) & (suggested >= 0)
    values: dict[str, Any] = {
        "issue.score": np.asarray(found.score, np.float32),
        "issue.suggested": [
            names[code] if doubt else None for code, doubt in zip(suggested.tolist(), doubted.tolist(), strict=True)
        ],
        "issue.suspect": np.asarray(found.arrays["selected"], bool),
        "issue.hardness": np.asarray(found.arrays["hardness"], np.float32),
    }
    for name in ("outlier", "uniqueness"):
        if name in found.arrays:
            values[f"issue.{name}"] = np.asarray(found.arrays[name], np.float32)
    arrays = {name if active else f"{name}@{found.model}": value for name, value in values.items()}
    (case.serving if serving is None else serving).add_columns(arrays, rows=np.asarray(found.rows, np.int32))
    if serving is None:
        case.changed()


def restore(case: Case, serving: Serving) -> None:
    """Serve the columns of every kept result; called while a case is opened."""
    for kept in kept_results(case, ANALYSIS, FORM):
        publish(case, _read(case, kept), serving)


def resolved(case: Case, folder: ModelFolder, settings: Settings) -> Settings:
    """Settings with source, layer and pooling put in, and checked against what was captured."""
    record = folder.record
    layer = settings.layer or (record.layers[-1].name if record.layers else "-")
    part = settings.part or ("mean" if "mean" in record.pooling else (record.pooling or ("mean",))[0])
    if layer != "-":
        folder.check_layer(layer, part)
    source = settings.source
    if source == "auto":
        source = "captured" if layer == "-" or record.factory == GIVEN or all_held_out(case) else "cross-validated"
    if source == "cross-validated" and layer == "-":
        raise DataError("held-out probabilities need a captured layer to cross-validate a head on, and none is chosen.")
    return replace(settings, source=source, layer=layer, part=part)


def all_held_out(case: Case) -> bool:
    """Whether every instance is in a split that models are by custom not trained on."""
    table = case.folder.instances
    if "split" not in table.column_names:
        return False
    names = {str(name).lower() for name in table["split"].unique().to_pylist() if name is not None}
    return bool(names) and names <= set(HELD_OUT) and table["split"].null_count == 0


def source_words(found: FoundIssues) -> str:
    """Which kind of probabilities judged, in a clause that stands on the screen."""
    if found.settings.source == "cross-validated":
        return f"probabilities held out by {found.meta['folds']}-fold cross-validation of a linear head on {found.settings.layer}"
    if found.meta["given"]:
        return "the probabilities that were given with the labels; held out, if whoever made them held them out"
    if found.meta["all_held_out"]:
        return f"the captured probabilities of {found.model}; every instance is in a split it was not trained on"
    return f"the captured probabilities of {found.model}; where it was trained on an instance they confirm its label"


def splits(case: Case, rows: Array) -> list[Any] | None:
    """The split of each row, None where the case knows none."""
    table = case.folder.instances
    if "split" not in table.column_names or table["split"].null_count == table.num_rows:
        return None
    found: list[Any] = table["split"].take(rows).to_pylist()
    return found


def _inputs(case: Case, folder: ModelFolder, settings: Settings) -> dict[str, str]:
    rows = included(case)
    inputs = {"instances": hash_array(rows), "labels": hash_array(np.ascontiguousarray(case.labels()[rows]))}
    if settings.source == "captured":
        inputs["probabilities"] = folder.files.get("probabilities.npy", "")
    if settings.layer != "-":
        inputs["features"] = folder.hash(settings.layer, settings.part)
    return inputs


def _key(model: str, settings: Settings) -> str:
    return f"{model}/{settings.source} {hash_json(asdict(settings))[:12]}"


def _computed(
    case: Case, folder: ModelFolder, settings: Settings, inputs: Mapping[str, str], progress: Progress | None
) -> tuple[str, dict[str, Array], dict[str, Any], Mapping[str, str]]:
    started = time.perf_counter()
    rows, classes = included(case), list(case.folder.manifest.classes)
    labels = case.labels()[rows]
    if not classes:
        raise DataError("this case has no classes, so there are no labels to doubt.")
    if tuple(folder.record.classes) != tuple(classes):
        raise DataError(
            f"{folder.name!r} knows {len(folder.record.classes)} classes and the labels are of {len(classes)}: "
            "labels can be judged only by a model of the same classes in the same order."
        )
    if progress is not None:
        progress(0, 1, "reading activations")
    features = None
    if settings.layer != "-":
        features = folder.activations(settings.layer, settings.part).rows(rows)
        finite = np.isfinite(features.sum(axis=1, dtype=np.float64))
        rows, labels, features = rows[finite], labels[finite], features[finite]
    content = content_codes(case, rows)
    folds = 0
    if settings.source == "cross-validated":
        assert features is not None
        tried = held_out(
            features,
            labels.astype(np.int64),
            len(classes),
            folds=settings.folds,
            groups=exact_groups(features, content),
            seed=settings.seed,
            progress=progress,
        )
        chances, folds = np.asarray(tried.probabilities, np.float32), tried.folds
    else:
        chances = np.asarray(folder.probabilities[rows], np.float32)
        whole = np.isfinite(chances).all(1)
        rows, labels, chances, content = rows[whole], labels[whole], chances[whole], content[whole]
        features = None if features is None else features[whole]
    found = find_issues(
        chances,
        labels,
        features=features,
        split=splits(case, rows),
        classes=classes,
        identical=content,
        neighbours=settings.neighbours,
        folds=settings.folds,
        seed=settings.seed,
        progress=progress,
    )
    arrays = _arrays(found, rows, labels, chances)
    arrays |= most_similar(case, rows, arrays["label"], arrays["suggested"], features)
    advice = list(found.advice)
    if folds and folds < settings.folds:
        advice.insert(0, f"only {int((labels >= 0).sum())} labelled instances: {folds} folds instead of {settings.folds}.")
    meta = {
        "form": FORM,
        "model": folder.name,
        "settings": asdict(settings),
        "threshold": found.threshold,
        "sources": list(found.sources),
        "folds": folds,
        "given": folder.record.factory == GIVEN,
        "all_held_out": all_held_out(case),
        "advice": advice,
        "duplicates": None
        if found.duplicates is None
        else {
            "threshold": found.duplicates.threshold,
            "space": found.duplicates.space if settings.layer == "-" else f"{found.duplicates.space} of {settings.layer}",
            "advice": found.duplicates.advice,
        },
        "sequence": case.folder.journal.sequence,
        "seconds": round(time.perf_counter() - started, 3),
    }
    if settings.source == "cross-validated":
        arrays["probabilities"] = chances
    return _key(folder.name, settings), arrays, meta, inputs


def _arrays(found: LabelIssues, rows: Array, labels: Array, chances: Array) -> dict[str, Array]:
    """What is kept of the analysis, with one suggestion for every doubted label."""
    predicted = chances.argmax(1).astype(np.int32)
    health, noise, copies = found.health, found.noise, found.duplicates
    cells = np.array(
        [[c.label, c.suggested, c.count, c.expected, c.share, c.class_score, c.systematic] for c in found.cells], np.float64
    ).reshape(-1, 7)
    arrays: dict[str, Array] = {
        "rows": rows.astype(np.int32),
        "label": labels.astype(np.int32),
        "suggested": suggestions(labels, found.suggested, found.selected, chances),
        "score": np.asarray(found.score, np.float32),
        "selected": found.selected,
        "predicted": predicted,
        "top": chances[np.arange(len(rows)), predicted] if len(rows) else np.zeros(0, np.float32),
        "hardness": found.hardness,
        "joint": found.joint,
        "calibrated": found.calibrated,
        "noise": noise.matrix,
        "prior": noise.prior,
        "weights": noise.weights,
        "health": np.stack([health.given, health.wrong, health.missing, health.quality, health.predicted]).astype(np.float64),
        "cells": cells,
    }
    arrays |= {f"score/{name}": np.asarray(values, np.float32) for name, values in found.scores.items() if name != "combined"}
    if found.outlier is not None and found.outlying is not None and found.uniqueness is not None:
        arrays |= {"outlier": found.outlier, "outlying": found.outlying, "uniqueness": found.uniqueness}
    if copies is not None:
        arrays |= {
            "pairs": rows[copies.pairs].astype(np.int32).reshape(-1, 2),
            "pair/distance": copies.distance,
            "pair/exact": copies.exact,
            "pair/contradictory": copies.contradictory,
            "pair/leaks": copies.leaks,
            "group": copies.group,
        }
    return arrays


def suggestions(labels: Array, suggested: Array, selected: Array, chances: Array) -> Array:
    """What each label would be changed to on the model's advice, (instances,) int32.

    The suggestion where it differs from the label; else the predicted class; for a suspect that both confirm, the next most
    probable class. An unsuspected label that both confirm keeps itself.
    """
    predicted = chances.argmax(1)
    advice = np.where(suggested != labels, suggested, predicted).astype(np.int32)
    torn = np.flatnonzero(selected & (advice == labels))
    if len(torn):
        rest = chances[torn].copy()
        rest[np.arange(len(torn)), labels[torn]] = -1
        advice[torn] = rest.argmax(1)
    return advice


def _put(case: Case, key: str, arrays: Mapping[str, Array], meta: Mapping[str, Any], inputs: Mapping[str, str]) -> FoundIssues:
    stored = case.folder.results.put(ANALYSIS, key, arrays, meta, inputs)
    drop_oldest(case, ANALYSIS, meta["model"], KEPT)
    return _read(case, stored)


def _read(case: Case, stored: StoredResult) -> FoundIssues:
    meta, arrays = stored.meta, dict(stored.arrays)
    rows = arrays.pop("rows")
    probabilities = arrays.pop("probabilities", None)
    if probabilities is None:
        probabilities = np.asarray(case.folder.model(meta["model"]).probabilities[rows], np.float32)
    return FoundIssues(
        key=stored.key,
        model=meta["model"],
        settings=Settings.read(meta["settings"]),
        rows=rows,
        arrays=arrays,
        probabilities=probabilities,
        meta=meta,
        inputs=stored.inputs,
        created=stored.created,
    )
