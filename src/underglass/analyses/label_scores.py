"""How much does each label disagree with the probabilities, by the measures people know? (confident learning)

Every score is turned so that **higher means more likely wrong**, within 0 and 1. They rank; only the combined score of
``label_issues`` is a chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

SLACK = 1e-6
"""A probability this little below its class's threshold still counts as confident: rounding must not decide."""


@dataclass(frozen=True)
class Survey:
    """What one pass over the probabilities tells.

    Attributes
    ----------
    own : (instances,) float32
        Probability of the label, NaN where there is none.
    other : (instances,) float32
        Largest probability of any other class, NaN where there is no label.
    given : (classes,) int64
        Instances that carry each label.
    predicted : (classes,) int64
        Instances of which each class is the most probable.
    thresholds : (classes,) float64
        Mean probability of each class over the instances that carry its label, NaN where none does.
        Source: Northcutt et al. 2021, "Confident Learning", eq. 2.
    agreement : float
        Share of labelled instances whose label is the most probable class.
    confidence : float
        Mean probability of the most probable class.
    """

    own: Floats
    other: Floats
    given: Ints
    predicted: Ints
    thresholds: Floats
    agreement: float
    confidence: float


def survey(probabilities: Floats, labels: Ints) -> Survey:
    """Look at every probability once; labels −1 = unlabelled."""
    n, classes = probabilities.shape
    own, other = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
    total, given, predicted = np.zeros(classes), np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    agreed, sure = _survey(probabilities, labels, own, other, total, given, predicted)
    with np.errstate(invalid="ignore"):
        return Survey(own, other, given, predicted, total / given, agreed / max(int(given.sum()), 1), sure / max(n, 1))


def confident_joint(probabilities: Floats, labels: Ints, thresholds: Floats) -> Ints:
    """Count confident agreement and disagreement: (classes, classes) int64, row = label given, column = class predicted.

    An instance counts for the most probable of the classes whose threshold it reaches, and for none if it reaches none: it is
    then no evidence.

    Source: Northcutt et al. 2021, "Confident Learning", eq. 1.
    """
    bounds = np.where(np.isnan(thresholds), np.inf, thresholds - SLACK)
    counts = np.zeros((probabilities.shape[1],) * 2, np.int64)
    _count_confident(probabilities, labels, bounds.astype(probabilities.dtype), counts)
    return counts


def calibrated_joint(joint: Ints, given: Ints) -> Floats:
    """The joint as a share of all instances, each row scaled to how often its label was given: (classes, classes), sums to 1.

    A label without a confident instance is taken at its word.
    """
    rows = joint.sum(1)
    filled = joint.astype(np.float64)
    filled[rows == 0] = np.eye(len(joint))[rows == 0]
    filled *= (given / filled.sum(1))[:, None]
    share: Floats = filled / max(filled.sum(), 1)
    return share


def disagreement(seen: Survey, hardness: Floats, labels: Ints) -> dict[str, Floats]:
    """The four scores that need nothing but probabilities: each (instances,) float32 in 0..1, higher = more likely wrong.

    ===================  =========================================================================================================
    self_confidence      ``1 − p_label``
    margin               ``(1 − p_label + largest other p) / 2``
    entropy_weighted     ``1 − log(c + 1) / c`` with ``c = entropy / log(classes) / p_label``: unsure *and* not of the label
    adjusted             self-confidence after the thresholds of the classes are taken off, so that a shy class is not accused
    ===================  =========================================================================================================

    Source: cleanlab's ranking functions, turned around.
    """
    classes = len(seen.thresholds)
    shift = np.nan_to_num(seen.thresholds, nan=float(np.nanmean(seen.thresholds)))
    lift = float(shift.max())
    entropy = np.maximum(seen.own, np.float32(1e-9))
    np.divide(hardness, entropy, out=entropy)
    np.maximum(entropy, np.float32(1e-6), out=entropy)
    np.divide(np.log1p(entropy), entropy, out=entropy)
    np.subtract(1, entropy, out=entropy)
    adjusted = (lift - shift).astype(np.float32)[labels]
    adjusted += seen.own
    adjusted *= np.float32(-1 / (1 - shift.sum() + classes * lift))
    adjusted += 1
    margin = seen.other - seen.own
    margin += 1
    margin /= 2
    scores = {"self_confidence": 1 - seen.own, "margin": margin, "entropy_weighted": entropy, "adjusted": adjusted}
    return {name: np.clip(values, 0, 1, out=values) for name, values in scores.items()}


@numba.njit(cache=True, nogil=True)
def _survey(probabilities, labels, own, other, total, given, predicted):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    agreed, sure = 0, 0.0
    for i in range(probabilities.shape[0]):
        label = labels[i]
        best, first, second = 0, -np.inf, -np.inf
        for j in range(probabilities.shape[1]):
            value = probabilities[i, j]
            if value > second:
                if value > first:
                    best, first, second = j, value, first
                else:
                    second = value
        predicted[best] += 1
        sure += first
        if label >= 0:
            agreed += best == label
            own[i] = probabilities[i, label]
            other[i] = second if best == label else first
            total[label] += probabilities[i, label]
            given[label] += 1
    return agreed, sure


@numba.njit(cache=True, nogil=True)
def _count_confident(probabilities, labels, bounds, counts):  # type: ignore[no-untyped-def]
    for i in range(probabilities.shape[0]):
        best = -1
        for j in range(probabilities.shape[1]):
            if probabilities[i, j] >= bounds[j] and (best < 0 or probabilities[i, j] > probabilities[i, best]):
                best = j
        if best >= 0 and labels[i] >= 0:
            counts[labels[i], best] += 1
