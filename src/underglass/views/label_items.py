"""Which instances are to be judged, in which order, and what is known of each? The second step of correcting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.analyses.projection import project
from underglass.errors import DataError, unknown
from underglass.views.label_judgements import OPEN, OUT, STATES, judgements, states
from underglass.views.label_results import FoundIssues, current, needed, splits
from underglass.views.layer_results import model_of

if TYPE_CHECKING:
    from underglass.case import Case

Array = np.ndarray[Any, Any]
QUEUES = ("suspects", "cell", "label", "contradictory", "leaks", "copies", "outliers", "hard", "selection", "second", "disagreed")
MOST_ITEMS = 2_000
MOST_PAIRS = 24
MOST_MAPPED = 600
SUREST = 1 - 1e-6
"""Nothing is wrong for certain, even where single precision says so."""


def items(
    case: Case,
    queue: str = "suspects",
    *,
    label: str | None = None,
    suggested: str | None = None,
    where: Mapping[str, Any] | None = None,
    rows: Sequence[int] | None = None,
    score: str = "combined",
    everything: bool = False,
    author: str | None = None,
) -> dict[str, Any]:
    """The instances of a queue, the most doubtful first, with what is known of each.

    Parameters
    ----------
    case : Case
        With judged labels.
    queue : of `QUEUES`
        ``cell`` needs `label` and `suggested`, ``label`` a label, ``selection`` a filter tree or rows; ``second`` is what others
        judged and `author` did not.
    score : of the scores
        What orders them.
    everything : bool
        Also what the default rule does not suspect, where the queue leaves it open.
    author : str
        Who judges; the case's author if None.

    Returns
    -------
    Columns of equal length, ``total`` (may be more), pairs that look alike, the scores there are; ``found`` is False where
    no labels were judged yet.
    """
    if queue not in QUEUES:
        raise DataError(unknown("queue", queue, QUEUES))
    found, who = current(case), author or case.author
    if found is None:
        return {"queue": queue, "found": False, "total": 0, "suspects": 0, "scores": [], "pairs": []}
    values = _score(found, score)
    places = _places(case, found, Queue(queue, label, suggested, where, rows, everything), who)
    if queue not in ("contradictory", "leaks", "copies"):
        rank = {"outliers": found.arrays.get("outlier"), "hard": found.arrays["hardness"]}.get(queue)
        rank = values if rank is None else rank
        places = places[np.argsort(-np.nan_to_num(rank[places], nan=-1.0), kind="stable")]
    total, places = len(places), places[:MOST_ITEMS]
    return {
        "queue": queue,
        "found": True,
        "total": total,
        "suspects": int(np.asarray(found.arrays["selected"])[places].sum()),
        "scores": ["combined", *sorted(name[6:] for name in found.arrays if name.startswith("score/"))],
        **columns(case, found, places, values, who),
        "pairs": similar_pairs(found, places),
    }


def columns(case: Case, found: FoundIssues, places: Array, values: Array, who: str) -> dict[str, Any]:
    """What a judge sees of each instance; class codes index the case's classes, −1 = no label."""
    rows = found.rows[places]
    now, state, done = case.labels(), states(case), judgements(case)
    label, suggested = found.arrays["label"][places], found.arrays["suggested"][places]
    chance = found.probabilities
    ids = case.folder.instances["id"].take(rows).to_pylist()
    others = [{name: code for name, code in done.of(row).items() if name != who} for row in rows.tolist()]
    return {
        "rows": rows.tolist(),
        "ids": [str(one) for one in ids],
        "label": now[rows].tolist(),
        "was": label.tolist(),
        "suggested": suggested.tolist(),
        "score": _rounded(np.minimum(values[places], SUREST)),
        "own": _rounded(np.where(label >= 0, chance[places, np.maximum(label, 0)], np.nan)),
        "other": _rounded(chance[places, suggested]),
        "top": _rounded(found.arrays["top"][places]),
        "state": [STATES[one] for one in state[rows].tolist()],
        "suspect": np.asarray(found.arrays["selected"])[places].tolist(),
        "split": splits(case, rows),
        "others": [{name: "excluded" if code == OUT else code for name, code in one.items()} for one in others],
    }


def similar_pairs(found: FoundIssues, places: Array) -> list[dict[str, Any]]:
    """The pairs within a queue that look most alike, the most alike first."""
    inside = np.zeros(int(found.rows.max(initial=-1)) + 1, bool)
    inside[found.rows[places]] = True

    def within(name: str) -> Array:
        kept: Array = inside[np.asarray(found.arrays[name])].all(axis=1)
        return np.flatnonzero(kept)

    best: dict[tuple[int, int], dict[str, Any]] = {}
    if "pairs" in found.arrays:
        at = within("pairs")
        named = (found.arrays[name][at].tolist() for name in ("pairs", "pair/distance", "pair/exact"))
        for (one, other), distance, exact in zip(*named, strict=True):
            alike = 1.0 if exact else None
            best[one, other] = {"rows": [one, other], "similarity": alike, "exact": exact, "distance": distance}
    at = within("similar")
    at = at[np.argsort(-found.arrays["similarity"][at], kind="stable")][: 4 * MOST_PAIRS]
    for (one, other), value in zip(found.arrays["similar"][at].tolist(), found.arrays["similarity"][at].tolist(), strict=True):
        pair = best.setdefault((one, other), {"rows": [one, other], "similarity": None, "exact": False, "distance": None})
        pair["similarity"] = pair["similarity"] or round(float(value), 4)
    ranked = sorted(best.values(), key=lambda pair: (not pair["exact"], pair["distance"] is None, -(pair["similarity"] or 0)))
    return ranked[:MOST_PAIRS]


def probabilities(case: Case, rows: Sequence[int]) -> dict[str, Any]:
    """Mean probability of each class over some instances, (classes,), and how many of them were judged."""
    found = needed(case)
    places = _places_of(found, np.asarray(rows, np.int64))
    source = "held out" if found.settings.source != "captured" else "given" if found.meta["given"] else "captured"
    mean = found.probabilities[places].mean(0, dtype=np.float64) if len(places) else np.zeros(found.probabilities.shape[1])
    return {"mean": [round(float(one), 6) for one in mean], "n": len(places), "source": source}


def spread(case: Case, rows: Sequence[int]) -> dict[str, Any]:
    """Where some instances lie in the layer that judged, by two principal components of these instances alone.

    Returns
    -------
    ``rows`` and ``points`` (rows, 2) in 0..1; none where there is no layer, or fewer than three instances.
    """
    found = needed(case)
    wanted = np.asarray(rows, np.int64)[:MOST_MAPPED]
    wanted = found.rows[_places_of(found, wanted)]
    if found.settings.layer == "-" or len(wanted) < 3:
        return {"rows": [], "points": [], "layer": None}
    folder = model_of(case, found.model)
    values = folder.activations(found.settings.layer, found.settings.part).rows(wanted)
    points = np.asarray(project(values, method="pca", seed=found.settings.seed).coordinates, np.float64)
    low, high = points.min(0), points.max(0)
    points = (points - low) / np.where(high > low, high - low, 1)
    return {"rows": wanted.tolist(), "points": np.round(points, 4).tolist(), "layer": found.settings.layer}


@dataclass(frozen=True)
class Queue:
    """Which instances are asked for; see `items`."""

    kind: str
    label: str | None
    suggested: str | None
    where: Mapping[str, Any] | None
    rows: Sequence[int] | None
    everything: bool


def _places(case: Case, found: FoundIssues, asked: Queue, who: str) -> Array:
    """Positions in the result of the instances of a queue."""
    queue, label, suggested, everything = asked.kind, asked.label, asked.suggested, asked.everything
    chosen, given = np.asarray(found.arrays["selected"]), found.arrays["label"]
    if queue == "suspects":
        return np.flatnonzero(~np.isnan(found.score) if everything else chosen)
    if queue in ("cell", "label"):
        inside = given == _class(case, label)
        if queue == "cell":
            other = _class(case, suggested)
            inside &= found.arrays["suggested"] == other
            if not everything and other != _class(case, label) and (inside & chosen).any():
                inside &= chosen
        elif not everything:
            inside &= chosen
        return np.flatnonzero(inside)
    if queue in ("contradictory", "leaks", "copies"):
        return _copies(found, queue)
    if queue == "outliers":
        if "outlying" not in found.arrays:
            raise DataError("outliers need a captured layer: far and near mean nothing without features.")
        return np.flatnonzero(found.arrays["outlying"])
    if queue == "hard":
        return np.argsort(-found.arrays["hardness"], kind="stable")[: max(20, found.n // 50)]
    if queue == "selection":
        every: dict[str, Any] = {"op": "and", "terms": []}
        picked = np.asarray(asked.rows, np.int64) if asked.rows is not None else case.rows(asked.where or every)
        return _places_of(found, picked)
    done = judgements(case)
    if queue == "disagreed":
        return _places_of(found, np.array(done.disagreed, np.int64))
    theirs = {row for author, mine in done.by.items() if author != who for row in mine}
    return _places_of(found, np.array(sorted(theirs - set(done.by.get(who, {}))), np.int64))


def _copies(found: FoundIssues, queue: str) -> Array:
    if "pairs" not in found.arrays:
        raise DataError("copies need a captured layer or known content to be found by.")
    pairs = found.arrays["pairs"]
    if queue != "copies":
        pairs = pairs[np.asarray(found.arrays[f"pair/{queue}"])]
    flat = np.array(list(dict.fromkeys(pairs.ravel().tolist())), np.int64)
    return _places_of(found, flat)


def _places_of(found: FoundIssues, rows: Array) -> Array:
    """Positions of rows in the result, in their order; rows that were not judged are left out."""
    if not len(rows):
        return np.zeros(0, np.int64)
    at = np.searchsorted(found.rows, rows)
    at = np.minimum(at, max(found.n - 1, 0))
    there = found.rows[at] == rows if found.n else np.zeros(len(rows), bool)
    return np.asarray(at[there], np.int64)


def _class(case: Case, name: str | None) -> int:
    classes = case.folder.manifest.classes
    if name not in classes:
        raise DataError(unknown("class", str(name), classes))
    return classes.index(name)


def _score(found: FoundIssues, name: str) -> Array:
    if name == "combined":
        return found.score
    known = ["combined", *(one[6:] for one in found.arrays if one.startswith("score/"))]
    if name not in known:
        raise DataError(unknown("score", name, known))
    return found.arrays[f"score/{name}"]


def _rounded(values: Array) -> list[float | None]:
    return [None if np.isnan(one) else round(float(one), 6) for one in values]


__all__ = ["OPEN", "QUEUES", "items", "probabilities", "similar_pairs", "spread"]
