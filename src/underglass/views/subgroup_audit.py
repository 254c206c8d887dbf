"""What is audited: which truth, which score, which features, of which instances?

Everything the subgroups view computes starts from an `Audit`: arrays of the instances that are shown, have a label and a score.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.feature_codes import FEW_NUMBERS, NUMBER_BINS, Feature, encode_column, is_number, numbers
from underglass.errors import DataError, ModelError, unknown

if TYPE_CHECKING:
    from underglass.case import Case

Array = NDArray[Any]
MOST_VALUES = 200
"""Values of a feature that can be ticked; more are no groups."""
OURS = {
    "row", "id", "label", "prediction", "confidence", "correct", "excluded", "confirmed", "flagged", "tags", "note",
}  # fmt: skip
RESULTS = ("pattern.", "stability.", "outlier.", "x.", "y.")
KINDS = ("category", "text", "boolean", "integer", "number")
KEPT = 8
MANY = "one for almost every instance"


@dataclass(frozen=True)
class Asked:
    """Which audit a page looks at.

    Parameters
    ----------
    model : name of the model or score; the active one without.
    focus : class that counts as positive; None for all classes of many together.
    bins : numbers to a count of bins or inner edges, over those of the case.
    filter : tree of what is shown, or None.
    """

    model: str | None = None
    focus: int | None = None
    bins: Mapping[str, Any] = field(default_factory=dict)
    filter: Mapping[str, Any] | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any] | None) -> Asked:
        """From the JSON of a page."""
        found = dict(given or {})
        return cls(found.get("model"), found.get("focus"), found.get("bins") or {}, found.get("filter"))


@dataclass(frozen=True)
class Audit:
    """The arrays of one audit, of the instances that count.

    Attributes
    ----------
    task : "rates" (one class against the rest), "classes" (many, averaged), "numbers".
    model, classes, focus : what is judged; `focus` is the positive class.
    rows : (n,) int32, of the instances that count.
    truth : (n,) class, or number.
    decided : (n,) predicted class, or number.
    score : (n,) of the positive class, or None.
    threshold : that the score came with.
    features : of all columns that may make groups, codes of (n,).
    unusable : (name, reason) of columns that may not.
    shown, unlabelled, unscored : counts of instances.
    """

    task: str
    model: str
    classes: tuple[str, ...]
    focus: int | None
    rows: NDArray[np.int32]
    truth: Array
    decided: Array
    score: NDArray[np.float64] | None
    threshold: float
    features: tuple[Feature, ...]
    unusable: tuple[tuple[str, str], ...]
    shown: int
    unlabelled: int
    unscored: int
    table: pa.Table = field(repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Instances that count."""
        return len(self.rows)

    @cached_property
    def positives(self) -> NDArray[np.bool_]:
        """(n,) truly of the positive class."""
        return np.asarray(self.truth == self.focus)

    def flags(self, threshold: float | None = None) -> NDArray[np.bool_]:
        """(n,) predicted positive: by the model itself, or by a threshold of its score."""
        if threshold is None or self.score is None:
            return np.asarray(self.decided == self.focus)
        return np.asarray(self.score >= threshold)

    def feature(self, name: str) -> Feature:
        """A feature by name; refuses others with the reason or the nearest name."""
        for one in self.features:
            if one.name == name:
                return one
        for other, reason in self.unusable:
            if other == name:
                raise DataError(f"{name} makes no groups: {reason}.")
        raise DataError(unknown("feature", name, [one.name for one in self.features]))

    def columns(self, names: Sequence[str] | None = None) -> tuple[pa.Table, dict[str, list[float]]]:
        """Columns of the instances that count, and the inner edges of the bins they are cut into."""
        chosen = [one for one in self.features if names is None or one.name in names]
        index = pa.array(self.rows)
        table = pa.table({one.name: self.table[one.name].take(index) for one in chosen})
        return table, {one.name: one.edges[1:-1].tolist() for one in chosen if one.edges is not None}


class _Cache:
    """The last audits of each case, and rows of groups that have no definition."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._cases: WeakKeyDictionary[Any, OrderedDict[str, Any]] = WeakKeyDictionary()

    def get(self, case: Any, key: str) -> Any:
        with self._guard:
            kept = self._cases.get(case)
            if kept is None or key not in kept:
                return None
            kept.move_to_end(key)
            return kept[key]

    def put(self, case: Any, key: str, value: Any, most: int = KEPT) -> Any:
        kind = key.partition(":")[0]
        with self._guard:
            kept = self._cases.setdefault(case, OrderedDict())
            kept[key] = value
            alike = [one for one in kept if one.partition(":")[0] == kind]
            for old in alike[:-most]:
                del kept[old]
        return value


CACHE = _Cache()


def audits(case: Case) -> list[str]:
    """Names of what can be audited: models with two classes or more, and scores of numbers."""
    names = [one.name for one in case.folder.finished if len(one.record.classes) > 1]
    kept = case.folder.results.list("scores")
    return names + [name for name in kept if name not in names and _kept(case, name)["task"] == "numbers"]


def audit_of(case: Case, asked: Asked, *, everyone: bool = False) -> Audit:
    """The audit a page asks for; kept until the data change.

    Parameters
    ----------
    asked : which audit.
    everyone : also those that count nowhere, for want of a label or because they are excluded.

    Raises
    ------
    ModelError
        If there is no model and no score.
    DataError
        If the model, class or a feature is unknown.
    """
    case.sync()
    told = [asked.model, asked.focus, dict(asked.bins), asked.filter, everyone]
    key = f"audit:{case.serving.version}:{json.dumps(told, sort_keys=True)}"
    found: Audit | None = CACHE.get(case, key)
    if found is None:
        found = _audit(case, asked, everyone=everyone)
        CACHE.put(case, key, found)
    return found


def _kept(case: Case, name: str) -> Mapping[str, Any]:
    found = case.folder.results.get("scores", name)
    return {} if found is None else dict(found.meta)


def _settings_of_others(case: Case) -> Mapping[str, Any]:
    """What the case's first score was opened with: a second one is looked at in the same way."""
    found = (_kept(case, name).get("settings") for name in case.folder.results.list("scores"))
    first: Mapping[str, Any] = next((settings for settings in found if settings), {})
    return {key: value for key, value in first.items() if key != "notes"}


def _audit(case: Case, asked: Asked, *, everyone: bool) -> Audit:
    names = audits(case)
    if not names:
        raise ModelError(
            "there is nothing to audit: no model was captured here and no scores were given. "
            "A table of scores is opened by: underglass audit scores.csv --label y --score p"
        )
    active = case.model.name if case.model is not None and case.model.name in names else names[0]
    name = asked.model or active
    if name not in names:
        raise DataError(unknown("model or score", name, names))
    meta = _kept(case, name)
    settings = dict(meta.get("settings") or _settings_of_others(case))
    notes = (*settings.pop("notes", ()), *meta.get("notes", ()))
    outcome = _numbers(case, name) if meta.get("task") == "numbers" else _classes(case, name, meta, asked.focus)
    features, unusable, table = _features(case, settings, asked.bins)
    excluded = np.asarray(case.folder.journal.state().excluded, bool)
    shown = ~excluded
    if asked.filter is not None:
        held = np.zeros(len(shown), bool)
        held[case.rows(asked.filter)] = True
        shown &= held
    counts = outcome.predicted if everyone else shown & outcome.judged & outcome.predicted
    rows = np.flatnonzero(counts).astype(np.int32)
    return Audit(
        task=outcome.task,
        model=name,
        classes=outcome.classes,
        focus=outcome.focus,
        rows=rows,
        truth=outcome.truth[rows],
        decided=outcome.decided[rows],
        score=None if outcome.score is None else outcome.score[rows],
        threshold=float(meta.get("threshold", 0.5)),
        features=tuple(replace(one, codes=one.codes[rows]) for one in features),
        unusable=unusable,
        shown=int(shown.sum()),
        unlabelled=int((shown & ~outcome.judged).sum()),
        unscored=int((shown & outcome.judged & ~outcome.predicted).sum()),
        table=table,
        settings=settings,
        notes=tuple(dict.fromkeys(notes)),
    )


@dataclass(frozen=True)
class _Outcome:
    task: str
    classes: tuple[str, ...]
    focus: int | None
    truth: Array
    decided: Array
    score: NDArray[np.float64] | None
    judged: NDArray[np.bool_]
    predicted: NDArray[np.bool_]


def _numbers(case: Case, name: str) -> _Outcome:
    kept = case.folder.results.get("scores", name)
    assert kept is not None
    truth, score = np.asarray(kept.arrays["truth"]), np.asarray(kept.arrays["score"])
    return _Outcome("numbers", (), None, truth, score, None, ~np.isnan(truth), ~np.isnan(score))


def _classes(case: Case, name: str, meta: Mapping[str, Any], focus: int | None) -> _Outcome:
    model = case.folder.model(name)
    known = list(case.folder.manifest.classes)
    classes = tuple(known + [one for one in model.record.classes if one not in known])
    place = np.array([classes.index(one) for one in model.record.classes], np.int32)
    said = model.predictions["prediction"].fill_null(-1).to_numpy().astype(np.int32)
    decided = np.where(said < 0, -1, place[np.maximum(said, 0)])
    truth = case.labels()
    if len(classes) == 2 and focus is None:
        given = meta.get("positive")
        focus = 1 if given is None else int(given)
    if focus is not None and not 0 <= focus < len(classes):
        raise DataError(f"there is no class {focus}; classes are numbered 0 to {len(classes) - 1}.")
    score = None if focus is None else _score(case, name, meta, focus, place)
    task = "classes" if focus is None else "rates"
    return _Outcome(task, classes, focus, truth, decided, score, truth >= 0, decided >= 0)


def _score(case: Case, name: str, meta: Mapping[str, Any], focus: int, place: Array) -> NDArray[np.float64] | None:
    kept = case.folder.results.get("scores", name) if meta else None
    if kept is not None and "score" in kept.arrays:
        score = np.asarray(kept.arrays["score"], np.float64)
        return score if focus == meta.get("positive") else 1 - score
    column = np.flatnonzero(place == focus)
    if not len(column):
        return None
    score = np.asarray(case.folder.model(name).probabilities[:, int(column[0])], np.float64)
    return None if np.isnan(score).all() else score


def _features(
    case: Case, settings: Mapping[str, Any], bins: Mapping[str, Any]
) -> tuple[tuple[Feature, ...], tuple[tuple[str, str], ...], pa.Table]:
    """Every column that may make groups, encoded over all instances, so that codes do not depend on what is shown."""
    cut = {**dict(settings.get("bins") or {}), **bins}
    key = f"features:{json.dumps([cut, settings.get('features')], sort_keys=True)}"
    found = CACHE.get(case, key)
    if found is not None:
        return found  # type: ignore[no-any-return]
    hidden = {column for name in case.folder.results.list("scores") for column in _kept(case, name).get("columns", ())}
    types = case.serving.column_types()
    empty = {"split"} if case.folder.instances["split"].null_count == case.folder.manifest.instances else set()
    names = [
        name
        for name in types
        if name not in OURS
        and name not in empty
        and "@" not in name
        and not name.startswith(RESULTS)
        and not name.startswith("_edited")
        and name.removesuffix(" (data)") not in hidden
    ]
    wanted = settings.get("features")
    if wanted is not None:
        names = [name for name in names if name in wanted]
    table = case.serving.table(columns=names) if names else pa.table({"row": case.serving.table(columns=["row"])["row"]})
    features: list[Feature] = []
    unusable: list[tuple[str, str]] = []
    for name in names:
        reason, feature = None, None
        if types[name].kind not in KINDS:
            reason = "it holds lists" if types[name].kind == "list" else "it holds times; cut them into words before"
        else:
            feature, reason = _encoded(name, table[name], cut.get(name))
        if feature is None or reason is not None:
            unusable.append((name, reason or ""))
        else:
            features.append(feature)
    for name in bins:
        if name not in table.column_names:
            raise DataError(unknown("feature", name, names))
    return CACHE.put(case, key, (tuple(features), tuple(unusable), table))  # type: ignore[no-any-return]


def _encoded(name: str, column: pa.ChunkedArray, bins: Any) -> tuple[Feature, str | None]:
    feature = encode_column(name, column, bins=bins)
    if bins is None and is_number(column) and len(feature) > FEW_NUMBERS:
        feature = encode_column(name, column, bins=NUMBER_BINS)
        if feature.edges is not None and len(feature.edges) == 2:  # most hold the least value: it against the rest
            values = np.unique(numbers(name, column))
            feature = encode_column(name, column, bins=[float(values[1])])
    if len(feature) < 2:
        return feature, "it holds one value only" if len(feature) and feature.values[0].is_valid else "it holds no value"
    if len(feature) > MOST_VALUES:
        often = MANY if len(feature) > 0.5 * len(feature.codes) else f"a group needs {MOST_VALUES} or fewer"
        return feature, f"it holds {len(feature):,} different values, {often}"
    return feature, None
