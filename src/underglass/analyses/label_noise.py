"""How often is a label wrong, and for which other class does it stand? (the noise model behind the label scores)

The confident joint counts confident disagreement. The noise model goes a step further: it takes the probabilities for what they
are, uncalibrated evidence, and fits two things at once by expectation and maximisation on the labels given,

* a weight for each source of evidence (a classifier's probabilities, the vote of the neighbours), which calibrates it, and
* the noise matrix, the chance that an instance of one class was given the label of another.

What is left for each instance is the posterior chance of every class given its evidence **and** its label; one minus that of
the label is the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

FLOOR = 1e-9
"""A probability below this counts as this: one zero in a product must not decide alone."""

SPREADS = (0.1, 0.3, 1.0, 3.0)
LARGEST_STEP, LARGEST_WEIGHT = 0.7, 20.0
ROWS_BEHIND_A_RATE = 100.0


@dataclass(frozen=True)
class NoiseModel:
    """What the labels of a data set suffer from.

    Attributes
    ----------
    weights : (sources,)
        Exponent of each source of evidence; 1 leaves probabilities as they are, 0 ignores the source, more than 1 sharpens it.
    matrix : (classes, classes)
        Row = true class, column = label given; a row sums to 1. Pulled towards an even spread as far as the counts leave it open.
    prior : (classes,)
        Estimated share of each true class.
    """

    weights: Floats
    matrix: Floats
    prior: Floats


def fit_noise(evidence: Sequence[Floats], labels: Ints, *, iterations: int = 12, start: Ints | None = None) -> NoiseModel:
    """Fit the noise model by expectation and maximisation.

    Parameters
    ----------
    evidence : one (instances, classes) array per source
        **Logarithms** of probabilities, none below ``log(FLOOR)``. Held-out: a model that saw the label it is asked about
        confirms it.
    labels : (instances,)
        Label given, 0 to classes − 1.
    iterations : int
        Steps; the fit changes little after ten.
    start : (instances,), optional
        Class to believe at first, by default where the sources' mean is largest. Beginning from belief in the evidence, and not
        from belief in the labels, is what finds heavy noise from one class to the next.

    Source: the classical error model of Dawid and Skene 1979 for one annotator, with a log-linear pool of the evidence as the
    prior.
    """
    classes = evidence[0].shape[1]
    weights: Floats = np.full(len(evidence), 1.0 / len(evidence))
    believed = pooled(evidence, weights).argmax(1) if start is None else np.asarray(start)
    posterior = np.zeros(evidence[0].shape, np.float32)
    posterior[np.arange(len(labels)), believed] = 1
    matrix: Floats = np.eye(classes)
    by_label = _by_label(labels, classes)
    for step in range(iterations):
        if step:
            posterior = posterior_of(evidence, labels, weights, matrix)
        weights = _weights_for(evidence, posterior, weights, steps=2 if step < 4 else 1)
        matrix = _matrix_for(_joint_counts(posterior, by_label))
    prior = posterior.sum(0, dtype=np.float64)
    return NoiseModel(weights=weights, matrix=matrix, prior=prior / prior.sum())


def posterior_of(evidence: Sequence[Floats], labels: Ints, weights: Floats, matrix: Floats) -> Floats:
    """Chance of every class for every instance, given its evidence and its label: (instances, classes) float32, rows sum to 1."""
    chance = pooled(evidence, weights)
    chance *= np.asarray(matrix, np.float32).T[labels]
    chance /= chance.sum(1, keepdims=True)
    return chance


def pooled(evidence: Sequence[Floats], weights: Floats) -> Floats:
    """The product of the sources, each to the power of its weight: (instances, classes) float32, rows sum to 1."""
    log = np.multiply(evidence[0], np.float32(weights[0]), dtype=np.float32)
    for source, weight in zip(evidence[1:], weights[1:], strict=True):
        if weight:
            log += np.float32(weight) * source
    log -= log.max(1, keepdims=True)
    np.exp(log, out=log)
    log /= log.sum(1, keepdims=True)
    return log


def _weights_for(evidence: Sequence[Floats], posterior: Floats, weights: Floats, *, steps: int) -> Floats:
    """Newton's steps towards the weights under which the pooled evidence predicts the posterior best (a concave problem)."""
    for _ in range(steps):
        chance = pooled(evidence, weights)
        missing = posterior - chance
        means = [np.einsum("nk,nk->n", chance, source) for source in evidence]
        gradient = np.array([float(np.vdot(missing, source)) for source in evidence])
        curvature = np.empty((len(evidence),) * 2)
        for i, source in enumerate(evidence):
            weighed = chance * source
            for j in range(i, len(evidence)):
                spread = float(np.vdot(weighed, evidence[j])) - float(np.vdot(means[i], means[j]))
                curvature[i, j] = curvature[j, i] = spread
        step = np.linalg.solve(curvature + 1e-3 * np.eye(len(evidence)), gradient)
        weights = np.clip(weights + np.clip(step, -LARGEST_STEP, LARGEST_STEP), 0.0, LARGEST_WEIGHT)
    return weights


def _matrix_for(counts: Floats) -> Floats:
    """The noise matrix that the counts (row = true class, column = label) speak for, small ones pulled towards the whole."""
    classes = len(counts)
    total = counts.sum(1)
    off = counts.copy()
    np.fill_diagonal(off, 0.0)
    overall = (off.sum() + 1) / (total.sum() + 2)
    rate = (off.sum(1) + ROWS_BEHIND_A_RATE * overall) / (total + ROWS_BEHIND_A_RATE)
    share = off + _pseudo_count(off)
    np.fill_diagonal(share, 0.0)
    share /= np.maximum(share.sum(1, keepdims=True), 1e-300)
    matrix: Floats = share * rate[:, None]
    np.fill_diagonal(matrix, 1 - rate if classes > 1 else 1.0)
    return matrix


def _by_label(labels: Ints, classes: int) -> list[Ints]:
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(classes + 1))
    return [order[bounds[label] : bounds[label + 1]] for label in range(classes)]


def _joint_counts(posterior: Floats, by_label: Sequence[Ints]) -> Floats:
    """Expected number of instances of each true class (rows) that carry each label (columns)."""
    return np.stack([posterior[rows].sum(0, dtype=np.float64) for rows in by_label], axis=1)


def _pseudo_count(off: Floats) -> float:
    """How many instances to add to each wrong cell, by the evidence of a Dirichlet prior over where a class's wrong labels go.

    Even noise asks for a large one, noise that goes to one class for a small one.
    """
    classes = len(off)
    if classes < 3 or off.sum() <= 0:
        return 1e-6
    mean = float(off.sum()) / (classes * (classes - 1))
    wrong = off[~np.eye(classes, dtype=bool)].reshape(classes, classes - 1)
    total = wrong.sum(1)

    def evidence(alpha: float) -> float:
        each = (classes - 1) * alpha
        return float((gammaln(each) - gammaln(each + total)).sum() + (gammaln(alpha + wrong) - gammaln(alpha)).sum())

    return max((spread * mean for spread in SPREADS), key=evidence)
