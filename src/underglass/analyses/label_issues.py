"""Which labels are probably wrong, and what should they be?

Held-out probabilities, and where there are features the vote of each instance's neighbours, are weighed by a noise model that
is fitted to the labels themselves (``label_noise``). The score is the chance that a label is wrong; the default selection takes
as many as make the expected F1 largest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.analyses.class_errors import ClassHealth, LabelCell, class_health, label_cells
from underglass.analyses.duplicates import Duplicates, exact_groups, find_duplicates
from underglass.analyses.label_input import check_features, check_labels, check_probabilities, check_split
from underglass.analyses.label_noise import FLOOR, NoiseModel, fit_noise, posterior_of
from underglass.analyses.label_scores import Survey, calibrated_joint, confident_joint, disagreement, survey
from underglass.analyses.linear_head import held_out
from underglass.analyses.neighbour_graph import NeighbourGraph, nearest
from underglass.analyses.row_blocks import over_blocks
from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]
Progress = Callable[[int, int, str], None]

BLOCK = 16_384
ROUNDS = 2
OUTLYING = 4.0
LEAST_CHANCE = 1 / 3
MOST_FITTED, FITTED_PER_CLASS, FEWEST_FITTED = 50_000, 500, 12_000
BINS = 4096


@dataclass(frozen=True)
class LabelIssues:
    """What is known against each label.

    Attributes
    ----------
    score : (instances,) float32
        Chance that the label is wrong, 0..1; NaN where there is no label.
    suggested : (instances,) int32
        The most probable class, all evidence and the label itself weighed; for an unlabelled instance, of the evidence alone.
    selected : (instances,) bool
        Labels to look at first, by the default rule: ``score > threshold``.
    threshold : float
        Where the expected F1 of the selection is largest, never below one third.
    scores : mapping of name to (instances,) float32
        ``combined`` (the same as `score`), ``self_confidence``, ``margin``, ``entropy_weighted``, ``adjusted``, and with features
        ``neighbours`` (share of the neighbours with another label). All higher = more likely wrong; NaN without a label.
    joint : (classes, classes) int64
        Confident joint: row = label given, column = class confidently predicted.
    calibrated : (classes, classes) float64
        The joint as a share of all labelled instances.
    noise : NoiseModel
        The noise matrix (row = true class, column = label given), the weight of each source of evidence, the true share of each
        class.
    health : ClassHealth
        Of each class: labels given, expected wrong, expected missing.
    cells : tuple of LabelCell
        Every pair (label, suggested class) with a selected instance, worst first; says where a whole class seems misread.
    duplicates : Duplicates or None
        Copies, contradictory copies, leaks; None without features or known content.
    outlier : (instances,) float32 or None
        Mean distance to the neighbours in robust deviations above the usual, on a log scale; None without features.
    outlying : (instances,) bool or None
        Farther than four deviations out.
    uniqueness : (instances,) float32 or None
        0..1, weighted distance to the three nearest over the largest there is.
    hardness : (instances,) float32
        Entropy of the probabilities over the largest there can be, 0..1.
    held_out : "given" or "cross-validated"
        Where the probabilities came from; "given" ones are only as honest as whoever held them out.
    sources : tuple of str
        The evidence weighed, in the order of ``noise.weights``: "probabilities", "neighbours".
    advice : tuple of str
        What to know before trusting the result.
    """

    score: Floats
    suggested: Ints
    selected: Bools
    threshold: float
    scores: Mapping[str, Floats]
    joint: Ints
    calibrated: Floats
    noise: NoiseModel
    health: ClassHealth
    cells: tuple[LabelCell, ...]
    duplicates: Duplicates | None
    outlier: Floats | None
    outlying: Bools | None
    uniqueness: Floats | None
    hardness: Floats
    held_out: str
    sources: tuple[str, ...]
    advice: tuple[str, ...]

    @property
    def order(self) -> Ints:
        """Rows of all labelled instances, the most suspicious first; ties by row."""
        ranked = np.argsort(-self.score, kind="stable")
        labelled: Ints = ranked[: int((~np.isnan(self.score)).sum())]
        return labelled


def find_issues(
    probabilities: ArrayLike | None,
    labels: ArrayLike,
    *,
    features: ArrayLike | None = None,
    split: Sequence[Any] | ArrayLike | None = None,
    classes: Sequence[str] | None = None,
    identical: ArrayLike | None = None,
    neighbours: int = 10,
    folds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> LabelIssues:
    """Find labels that are probably wrong.

    Parameters
    ----------
    probabilities : (instances, classes) or None
        Of a classifier that did not train on the instance it judges; rows sum to 1. None = cross-validate a linear head on
        `features`.
    labels : (instances,) int
        Class of each instance; −1 (or NaN in a float array) = unlabelled.
    features : (instances, units), optional
        Captured activations, pixels, or columns of a table. They add the neighbours' vote, copies, outliers and, if need be,
        probabilities.
    split : (instances,), optional
        Name of the split of each instance, to find copies across splits. Probabilities are compared over all splits.
    classes : sequence of str, optional
        Names, for messages; without probabilities also says how many classes there are.
    identical : (instances,) int, optional
        Equal numbers = content known to be identical; −1 = unknown.
    neighbours : int
        How many vote.
    folds, seed : int
        Of the cross-validation.
    progress : callable, optional
        Called with work done, work in all, and the stage; may raise to cancel.

    Raises
    ------
    DataError
        If shapes do not fit, probabilities do not sum to 1 or are no probabilities, a label is outside the classes, nothing is
        labelled, or neither probabilities nor features are given.

    Source: for the joint, thresholds and simple scores Northcutt et al. 2021, "Confident Learning"; for the three kinds of
    error Bäuerle et al. 2020, "Classifier-Guided Visual Correction of Noisy Labels"; for the noise model Dawid and Skene 1979.

    Examples
    --------
    >>> p = [[0.9, 0.1]] * 30 + [[0.1, 0.9]] * 30
    >>> y = [0] * 29 + [1] + [1] * 30
    >>> found = find_issues(p, y)
    >>> found.order[0], found.suggested[29], found.selected.sum()
    (np.int64(29), np.int32(0), np.int64(1))
    """
    given = check_labels(labels)
    points = None if features is None else check_features(features, len(given))
    check_split(split, len(given))
    content = None if points is None else exact_groups(points, identical)
    advice: list[str] = []
    if probabilities is not None:
        chances = check_probabilities(probabilities, given)
    else:
        if points is None:
            raise DataError(
                "label issues need held-out probabilities, or features to cross-validate a head on; neither is given."
            )
        count = max(int(given.max(initial=0)) + 1, len(classes or ()), 2)
        tried = held_out(points, given, count, folds=folds, groups=content, seed=seed, progress=progress)
        chances = tried.probabilities
        if tried.folds < folds:
            advice.append(f"only {(given >= 0).sum()} labelled instances: {tried.folds} folds instead of {folds}.")
    if classes is not None and len(classes) != chances.shape[1]:
        raise DataError(f"{len(classes)} class names for probabilities of {chances.shape[1]} classes.")
    names = [str(name) for name in classes] if classes is not None else [f"class {i}" for i in range(chances.shape[1])]
    if not (given >= 0).any():
        raise DataError("no instance has a label: there is nothing to doubt.")
    graph = None if points is None else nearest(points, neighbours, seed=seed, progress=progress)
    seen = survey(chances, given)
    model, votes = _fit(chances, given, graph)
    score, suggested, expected, hardness = _judge_all(chances, votes, given, model)
    scores = disagreement(seen, hardness, given)
    if graph is not None:
        scores["neighbours"] = _neighbour_disagreement(graph.index, given)
    scores["combined"] = score
    joint = confident_joint(chances, given, seen.thresholds)
    threshold = best_threshold(score)
    with np.errstate(invalid="ignore"):
        selected = score > threshold
    copies = None
    if points is not None or identical is not None:
        copies = find_duplicates(points, labels=given, split=split, identical=identical, seed=seed, progress=progress)
    away, outlying, unique = (None, None, None) if graph is None else _outliers(graph.distance)
    return LabelIssues(
        score=score,
        suggested=suggested,
        selected=selected,
        threshold=threshold,
        scores=scores,
        joint=joint,
        calibrated=calibrated_joint(joint, seen.given),
        noise=model,
        health=class_health(expected, seen.given, seen.predicted),
        cells=label_cells(selected, given, suggested, chances, expected),
        duplicates=copies,
        outlier=away,
        outlying=outlying,
        uniqueness=unique,
        hardness=hardness,
        held_out="given" if probabilities is not None else "cross-validated",
        sources=("probabilities",) if graph is None else ("probabilities", "neighbours"),
        advice=(*advice, *_advice(seen, names, probabilities is not None), *_space_advice(graph, copies)),
    )


def best_threshold(score: Floats) -> float:
    """Above which score to select, so that the expected F1 is largest when the scores are chances.

    Selecting m instances with scores s finds Σs wrong labels, of Σ all scores there are, at m looks: F1 = 2 Σs / (m + Σ all).
    """
    count, found = np.zeros(BINS), np.zeros(BINS)
    _histogram(score, count, found)
    total = found.sum()
    value = 2 * found[::-1].cumsum() / (count[::-1].cumsum() + total + 1e-12)
    best = np.flatnonzero(value >= value.max())[-1]
    return max(float(BINS - 1 - best) / BINS, LEAST_CHANCE)


def _fit(chances: Floats, labels: Ints, graph: NeighbourGraph | None) -> tuple[NoiseModel, Floats | None]:
    """Fit the noise model; in rounds, so that neighbours vote with what they probably are, not with what they are called."""
    classes = chances.shape[1]
    most = int(np.clip(FITTED_PER_CLASS * classes, FEWEST_FITTED, MOST_FITTED))
    rows = _sample(labels, most)
    log = np.log(np.maximum(chances[rows].astype(np.float32, copy=False), np.float32(FLOOR)))
    if graph is None or graph.index.shape[1] == 0:
        return fit_noise([log], labels[rows]), None
    labelled = np.flatnonzero(labels >= 0)
    belief = np.zeros((len(labels), classes), np.float32)
    belief[labelled, labels[labelled]] = 1
    start = _votes(graph.index, belief).argmax(1)
    belief[labelled] = 0
    belief[labelled, start[labelled]] = 1
    model, votes = None, belief
    for _ in range(ROUNDS):
        votes = _votes(graph.index, belief)
        believed = start[rows] if model is None else None
        model = fit_noise([log, np.log(votes[rows])], labels[rows], start=believed)
        belief[labelled] = posterior_of(
            [np.log(np.maximum(chances[labelled], FLOOR)), np.log(votes[labelled])], labels[labelled], model.weights, model.matrix
        )
    assert model is not None
    return model, votes


def _sample(labels: Ints, most: int) -> Ints:
    """At most so many labelled rows, evenly spaced: nothing is random, and few are enough for a few hundred numbers."""
    labelled = np.flatnonzero(labels >= 0) if labels.min() < 0 else None
    count = len(labels) if labelled is None else len(labelled)
    places = np.linspace(0, count - 1, min(count, most)).astype(np.int64)
    return places if labelled is None else labelled[places]


def _votes(index: Ints, belief: Floats) -> Floats:
    """Share of the neighbours' belief in each class, with one vote spread over all classes so that none is impossible."""
    classes = belief.shape[1]
    votes = np.full(belief.shape, 1 / classes, np.float32)
    for j in range(index.shape[1]):
        votes += belief[index[:, j]]
    votes /= votes.sum(1, keepdims=True)
    return votes


def _judge_all(chances: Floats, votes: Floats | None, labels: Ints, model: NoiseModel) -> tuple[Floats, Ints, Floats, Floats]:
    """Score, suggestion, how many of each label (rows) are expected to be each class (columns), and hardness."""
    n, classes = chances.shape
    score, suggested, hardness = np.empty(n, np.float32), np.empty(n, np.int32), np.empty(n, np.float32)
    given_by_true = np.ascontiguousarray(model.matrix.T).astype(np.float32)
    weights = model.weights.astype(np.float32)

    def judge(start: int) -> Floats:
        here = slice(start, start + BLOCK)
        block = chances[here]
        log = np.log(np.maximum(block, np.float32(FLOOR)), dtype=np.float32)
        hardness[here] = np.einsum("ij,ij->i", block, log)
        log *= weights[0]
        if votes is not None:
            log += weights[1] * np.log(votes[here])
            log -= log.max(1, keepdims=True)
        np.exp(log, out=log)
        expected = np.zeros((classes, classes))
        _judge(log, given_by_true, labels[here], score[here], suggested[here], expected)
        return expected

    expected: Floats = np.zeros((classes, classes))
    for part in over_blocks(judge, n, BLOCK):
        expected += part
    hardness /= -np.float32(np.log(classes))
    return score, suggested, expected, np.clip(hardness, 0, 1, out=hardness)


def _neighbour_disagreement(index: Ints, labels: Ints) -> Floats:
    around = labels[index]
    voters = (around >= 0).sum(1)
    other = ((around != labels[:, None]) & (around >= 0)).sum(1)
    with np.errstate(invalid="ignore"):
        share: Floats = (other / voters).astype(np.float32)
    share[labels < 0] = np.nan
    return share


def _outliers(distance: Floats) -> tuple[Floats, Bools, Floats]:
    """How far out each instance lies; robust, on a log scale, so that what is far is said relative to what is usual."""
    n, k = distance.shape
    if k == 0:
        return np.zeros(n, np.float32), np.zeros(n, bool), np.zeros(n, np.float32)
    mean = distance.mean(1, dtype=np.float64)
    log = np.log(np.maximum(mean, 1e-12 * max(float(mean.max()), 1e-300)))
    centre = float(np.median(log))
    spread = 1.4826 * float(np.median(np.abs(log - centre)))
    away = ((log - centre) / max(spread, 1e-6)).astype(np.float32)
    weights = np.array([0.6, 0.3, 0.1])[: min(k, 3)]
    apart = distance[:, : len(weights)] @ (weights / weights.sum())
    return away, away > OUTLYING, (apart / max(float(apart.max()), 1e-300)).astype(np.float32)


def _advice(seen: Survey, names: Sequence[str], given: bool) -> list[str]:
    said = []
    if given and seen.given.sum() >= 50 and seen.agreement > 0.995 and seen.confidence > 0.99:
        said.append(
            "the probabilities agree with almost every label: if the model trained on these instances, it learned the wrong "
            "labels too; held-out probabilities or features find more."
        )
    count = seen.given
    for what, which in (("has one labelled instance", count == 1), ("has no labelled instance", count == 0)):
        few = [names[int(i)] for i in np.flatnonzero(which)]
        if few:
            said.append(f"{_listed(few)} {what}: nothing can be said about it from others of its kind.")
    never = [names[int(i)] for i in np.flatnonzero((seen.predicted == 0) & (count > 1))]
    if never:
        said.append(f"{_listed(never)} is never predicted: its labels look wrong whether they are or not.")
    return said


def _space_advice(graph: NeighbourGraph | None, copies: Duplicates | None) -> list[str]:
    said = [f"neighbours and copies were compared by {graph.space}."] if graph is not None else []
    return said + ([copies.advice] if copies is not None and copies.advice else [])


def _listed(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(repr(name) for name in names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


@numba.njit(cache=True, nogil=True)
def _judge(chance, given_by_true, labels, score, suggested, expected):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Posterior of each row from its chances and its label; without a label the chances stand alone, score NaN."""
    classes = chance.shape[1]
    for i in range(chance.shape[0]):
        label = labels[i]
        total = 0.0
        best = 0
        top = -1.0
        for j in range(classes):
            value = chance[i, j] * (given_by_true[label, j] if label >= 0 else 1.0)
            chance[i, j] = value
            total += value
            if value > top:
                best, top = j, value
        suggested[i] = best
        if label < 0:
            score[i] = np.nan
            continue
        score[i] = max(0.0, 1.0 - chance[i, label] / total)
        for j in range(classes):
            expected[label, j] += chance[i, j] / total


@numba.njit(cache=True, nogil=True)
def _histogram(score, count, total):  # type: ignore[no-untyped-def]
    bins = len(count)
    for value in score:
        if value == value:  # noqa: PLR0124 (NaN)
            at = min(int(value * bins), bins - 1)
            count[at] += 1
            total[at] += value
