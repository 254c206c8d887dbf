"""Do the corrected labels make a better model? Before and after of a case, kept and told when it no longer holds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.analyses.head_retraining import HeadComparison, Score, compare_labels
from underglass.errors import DataError, unknown
from underglass.store.fingerprints import hash_array, hash_json
from underglass.views.label_results import splits
from underglass.views.layer_results import Array, Progress, drop_oldest, kept_result, model_of, newest_key

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder
    from underglass.store.results import StoredResult

ANALYSIS = "label comparison"
FORM = 1
KEPT = 4
LARGEST_COUNT = 10_000
Trainer = Callable[[Array, Array], Any]
"""Rows to train on (trained,) and their labels (trained,) class indexes in; out of it the class of every instance of the case
(instances,), or its probabilities (instances, classes)."""


@dataclass(frozen=True)
class Settings:
    """How the labels before and after are compared.

    Parameters
    ----------
    layer, part : on whose activations the heads are trained; empty takes the last captured layer, and "mean".
    trainer : "head" for the linear head, "own" for the person's function.
    keep_advised : also test on labels that were just changed; the screen then says so.
    seed : of the random split, where the case has none to test on.
    """

    layer: str = ""
    part: str = ""
    trainer: str = "head"
    keep_advised: bool = False
    seed: int = 0

    @classmethod
    def read(cls, values: Mapping[str, Any] | None) -> Settings:
        """Settings from plain JSON.

        Raises
        ------
        DataError
            If a setting is unknown or of the wrong type.
        """
        kinds = {field.name: type(field.default) for field in fields(cls)}
        for name, value in (values or {}).items():
            if name not in kinds:
                raise DataError(unknown("setting", name, kinds))
            if type(value) is not kinds[name]:
                raise DataError(f"setting {name!r} cannot be {value!r}.")
        found = cls(**(values or {}))
        if found.trainer not in ("head", "own"):
            raise DataError(unknown("trainer", found.trainer, ("head", "own")))
        return found


@dataclass(frozen=True)
class FoundComparison:
    """Before and after of one case.

    Attributes
    ----------
    rows : (instances,) int32, all of the case; `arrays` has ``before`` and ``after`` (predicted classes), ``tested``, and
        ``changed`` (rows of tested instances whose prediction changed).
    meta : scores overall, by class and by subset, and what they rest on, in plain JSON.
    """

    key: str
    settings: Settings
    arrays: Mapping[str, Array]
    meta: Mapping[str, Any]
    inputs: Mapping[str, str]
    created: str

    @property
    def words(self) -> str:
        """The comparison in a sentence."""
        return str(self.meta["words"])


def compare(case: Case, *, train: Trainer | None = None, progress: Progress | None = None, **settings: Any) -> FoundComparison:
    """The same training on the source's labels and on the labels of now, tested on the same instances.

    Parameters
    ----------
    case : Case
        With edits of labels, or exclusions.
    train : callable
        A person's own training; see `Trainer`. By default the case's, if the settings ask for it, else a linear head.
    **settings : dict
        Fields of `Settings`.

    Raises
    ------
    DataError
        Nothing was changed, nothing is left to test, or the function gives something else.
    """
    own = train or case.trainer
    asked = Settings.read({**settings, **({"trainer": "own"} if train is not None else {})})
    if asked.trainer == "own" and own is None:
        raise DataError(
            "there is no training function here: case.trainer = function, or underglass open CASE --trainer my_pkg:train."
        )
    folder = model_of(case, None) if asked.trainer == "head" or case.model is not None else None
    asked = _resolved(folder, asked)
    before, after = _labels(case)
    if (before == after).all():
        raise DataError("no label differs from the source and nothing is excluded: there is nothing to compare yet.")
    features = None
    if asked.trainer == "head":
        assert folder is not None
        features = folder.activations(asked.layer, asked.part).array()
        whole = np.isfinite(features.sum(1, dtype=np.float64))
        before, after = np.where(whole, before, -1), np.where(whole, after, -1)
        features = np.where(whole[:, None], features, 0)
    subsets = {name: _mask(case, name) for name in case.subsets}
    started = time.perf_counter()
    rows = np.arange(case.folder.manifest.instances)
    found = compare_labels(
        features,
        before,
        after,
        split=splits(case, rows),
        keep_advised=asked.keep_advised,
        classes=len(case.folder.manifest.classes),
        subsets=subsets,
        seed=asked.seed,
        train=_guarded(own) if asked.trainer == "own" and own is not None else None,
        progress=progress,
    )
    inputs = _inputs(case, folder, asked)
    meta = _meta(case, found, asked, time.perf_counter() - started)
    arrays = {"before": found.before, "after": found.after, "tested": found.tested, "changed": found.changed}
    stored = case.folder.results.put(ANALYSIS, _key(asked), arrays, meta, inputs)
    drop_oldest(case, ANALYSIS, "case", KEPT)
    return _read(stored)


def current(case: Case) -> FoundComparison | None:
    """The newest comparison, stale or not; None if there is none."""
    kept = kept_result(case, ANALYSIS, newest_key(case, ANALYSIS, "case"), FORM)
    return None if kept is None else _read(kept)


def changes(case: Case, found: FoundComparison) -> list[str]:
    """What has changed since, in words; empty while it holds."""
    try:
        folder = model_of(case, found.meta["model"]) if found.meta["model"] is not None else None
        now = _inputs(case, folder, found.settings)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the model, the comparison does not hold any more
        return [f"its model cannot be read ({error})"]
    words = {
        "labels before": "the labels before",
        "labels after": "labels were changed or excluded",
        "features": "captured again",
    }
    return [words.get(name, name) for name in case.folder.results.stale(ANALYSIS, found.key, now)]


def _labels(case: Case) -> tuple[Array, Array]:
    """Labels of the source and of now, −1 where there is none; excluded instances have none now."""
    now = case.labels().astype(np.int64)
    now[np.asarray(case.folder.journal.state().excluded)] = -1
    return case.folder.source_labels.astype(np.int64), now


def _resolved(folder: ModelFolder | None, settings: Settings) -> Settings:
    if settings.trainer == "own":
        return replace(settings, layer="", part="")
    assert folder is not None
    record = folder.record
    if not record.layers:
        raise DataError("a head is trained on a captured layer, and none was captured; give a training function of your own.")
    layer = settings.layer or record.layers[-1].name
    part = settings.part or ("mean" if "mean" in record.pooling else record.pooling[0])
    folder.check_layer(layer, part)
    return replace(settings, layer=layer, part=part)


def _inputs(case: Case, folder: ModelFolder | None, settings: Settings) -> dict[str, str]:
    before, after = _labels(case)
    inputs = {"labels before": hash_array(before), "labels after": hash_array(after)}
    if settings.trainer == "head" and folder is not None:
        inputs["features"] = folder.hash(settings.layer, settings.part)
    return inputs


def _key(settings: Settings) -> str:
    return f"case/{settings.trainer} {hash_json(asdict(settings))[:12]}"


def _mask(case: Case, name: str) -> Array:
    mask = np.zeros(case.folder.manifest.instances, bool)
    mask[case.rows({"op": "subset", "name": name})] = True
    return mask


def _meta(case: Case, found: HeadComparison, settings: Settings, seconds: float) -> dict[str, Any]:
    classes = case.folder.manifest.classes
    return {
        "form": FORM,
        "model": None if case.model is None else case.model.name,
        "settings": asdict(settings),
        "overall": score_json(found.overall),
        "classes": [{"name": name, **score_json(one)} for name, one in zip(classes, found.classes, strict=True)],
        "subsets": [{"name": name, **score_json(one)} for name, one in found.subsets.items()],
        "trained": found.trained,
        "relabelled": found.relabelled,
        "kept_out": found.kept_out,
        "converged": found.converged,
        "words": found.words,
        "own_split": splits(case, np.arange(min(1, case.folder.manifest.instances))) is not None,
        "seconds": round(seconds, 3),
    }


def score_json(score: Score) -> dict[str, Any]:
    """A score in plain JSON; null where nothing is to be compared."""
    return {
        "count": score.count,
        "before": None if math.isnan(score.before) else score.before,
        "after": None if math.isnan(score.after) else score.after,
        "fixed": score.fixed,
        "broken": score.broken,
        "p": score.p_value,
    }


def _guarded(train: Trainer) -> Trainer:
    """A person's own function; what it raises is said as its own."""

    def guarded(rows: Array, labels: Array) -> Any:
        try:
            return train(rows, labels)
        except DataError:
            raise
        except Exception as error:
            raise DataError(f"the training function failed: {type(error).__name__}: {error}") from error

    return guarded


def _read(stored: StoredResult) -> FoundComparison:
    return FoundComparison(
        key=stored.key,
        settings=Settings.read(stored.meta["settings"]),
        arrays=stored.arrays,
        meta=stored.meta,
        inputs=stored.inputs,
        created=stored.created,
    )
