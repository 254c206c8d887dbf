"""What would a linear head, trained on captured features, predict?

Multinomial logistic regression on features brought to mean 0 and spread 1. Convex: the same data give the same head, whatever
the start.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped,unused-ignore]

from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
SMALL = 5_000_000
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class LinearHead:
    """A trained head.

    Attributes
    ----------
    weights : (units, classes) float64
        Of the raw features; the scaling is folded in. A class it never saw has weight 0.
    bias : (classes,) float64
        −inf for a class it never saw.
    converged : bool
    """

    weights: Floats
    bias: Floats
    converged: bool

    def probabilities(self, features: Floats) -> Floats:
        """Chance of each class: (instances, classes) float32, rows sum to 1."""
        logits = features @ self.weights + self.bias
        logits -= logits.max(1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(1, keepdims=True)
        return logits.astype(np.float32)


def train_head(features: Floats, labels: Ints, classes: int, *, strength: float = 1.0, iterations: int = 200) -> LinearHead:
    """Train a head on instances that all have a label.

    Parameters
    ----------
    features : (instances, units)
        Finite.
    labels : (instances,)
        0 to ``classes − 1``.
    classes : int
        How many there are, with those that no instance has.
    strength : float
        Inverse of the penalty on the squared weights, as in scikit-learn's ``C``.
    iterations : int
        Of L-BFGS, at most.

    Raises
    ------
    DataError
        If there is no instance, or only one class.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    present = np.unique(labels)
    if len(present) < 2:
        raise DataError(f"a head needs instances of at least two classes, and there {_are(len(present))}.")
    points = np.asarray(features, np.float64 if np.size(features) < SMALL else np.float32)
    mean, spread = points.mean(0, dtype=np.float64), points.std(0, dtype=np.float64)
    spread = np.where(spread > 1e-12 * (np.abs(mean) + 1e-300), spread, 1.0)
    # A product this small is slower on several threads than on one, and much slower where the cores have other work.
    threads = threadpool_limits(1 if points.size < SMALL else None, user_api="blas")
    with threads, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scaled = ((points - mean) / spread).astype(points.dtype, copy=False)
        model = LogisticRegression(C=strength, max_iter=iterations, tol=1e-4).fit(scaled, labels)
    slopes, offsets = model.coef_, model.intercept_
    if len(present) == 2:
        slopes, offsets = np.concatenate([-slopes, slopes]) / 2, np.concatenate([-offsets, offsets]) / 2
    weights = np.zeros((points.shape[1], classes))
    bias = np.full(classes, -np.inf)
    weights[:, present] = slopes.T / spread[:, None]
    bias[present] = offsets - mean @ weights[:, present]
    converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return LinearHead(weights, bias, converged)


@dataclass(frozen=True)
class HeldOut:
    """Probabilities of every instance by heads that did not see its label.

    Attributes
    ----------
    probabilities : (instances, classes) float32
    fold : (instances,) int8
        In which fold an instance was held out; −1 = unlabelled, judged by a head trained on all labelled ones.
    folds : int
        Used; fewer than asked for where there are too few instances.
    """

    probabilities: Floats
    fold: Ints
    folds: int


def held_out(
    features: Floats,
    labels: Ints,
    classes: int,
    *,
    folds: int = 5,
    groups: Ints | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> HeldOut:
    """Cross-validate a head: every instance is judged by a head trained without it.

    Parameters
    ----------
    features : (instances, units)
        Finite.
    labels : (instances,)
        −1 = unlabelled: never trained on, but judged.
    classes : int
        How many there are.
    folds : int
        Fewer are used when there are fewer labelled instances.
    groups : (instances,), optional
        Instances of one group, such as exact copies, are held out together; otherwise a copy would vouch for its twin.
    seed : int
        Of the assignment to folds, which spreads every class evenly.
    progress : callable, optional
        Called with work done, work in all, and the stage; may raise to cancel.

    Raises
    ------
    DataError
        If fewer than four instances are labelled or a fold leaves only one class.
    """
    labelled = np.flatnonzero(labels >= 0)
    if len(labelled) < 4:
        raise DataError(f"cross-validation needs at least 4 labelled instances, and there {_are(len(labelled))}.")
    folds = max(2, min(folds, len(labelled) // 2))
    fold = np.full(len(labels), -1, np.int8)
    fold[labelled] = _spread(
        labels[labelled], np.arange(len(labels))[labelled] if groups is None else groups[labelled], folds, seed
    )
    probabilities = np.zeros((len(labels), classes), np.float32)
    parts = [*range(folds), -1] if (fold < 0).any() else list(range(folds))
    for done, part in enumerate(parts):
        rows = np.flatnonzero(fold == part)
        train = labelled[fold[labelled] != part]
        if len(rows):
            probabilities[rows] = train_head(features[train], labels[train], classes).probabilities(features[rows])
        if progress is not None:
            progress(done + 1, len(parts), "held-out probabilities")
    return HeldOut(probabilities, fold, folds)


def _spread(labels: Ints, groups: Ints, folds: int, seed: int) -> Ints:
    """A fold for each instance: the groups of each class, shuffled, are dealt out in turn; a group follows its first instance."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    order = order[np.argsort(labels[first][order], kind="stable")]
    fold = np.empty(len(first), np.int8)
    fold[order] = np.arange(len(first)) % folds
    return fold[inverse.ravel()]


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}" if count else "are none"
