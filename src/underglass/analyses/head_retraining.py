"""Do corrected labels make a better model? Before and after, with nothing else changed.

The same instances are trained on, the same tested, by the same head with the same settings; only the labels differ. Both heads
are tested against the **corrected** labels. A test label that was just changed on the advice of the model is kept out: counting
it would let the model mark its own work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from underglass.analyses.label_input import check_features, check_labels, check_split
from underglass.analyses.linear_head import Progress, train_head
from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

Train = Callable[[Ints, Ints], Any]
"""A person's own training: rows to train on (trained,) and their labels (trained,) in; out of it the predicted class of every
instance (instances,), or the probabilities (instances, classes)."""

TEST_NAMES = ("test", "valid", "validation", "val", "dev", "holdout")


@dataclass(frozen=True)
class Score:
    """How often two heads are right on the same instances.

    Attributes
    ----------
    count : instances compared.
    before, after : share right, 0..1; NaN when there is none to compare.
    fixed : wrong before and right after.
    broken : right before and wrong after.
    """

    count: int
    before: float
    after: float
    fixed: int
    broken: int

    @property
    def p_value(self) -> float:
        """Chance of so uneven a change if both heads were equally good (McNemar's exact test); 1 when nothing changed."""
        moved = self.fixed + self.broken
        return float(binomtest(self.fixed, moved).pvalue) if moved else 1.0


@dataclass(frozen=True)
class HeadComparison:
    """A head trained on the old labels and one trained on the new, side by side.

    Attributes
    ----------
    overall : Score
        Over the tested instances.
    classes : tuple of Score
        By corrected label.
    subsets : mapping of name to Score
        By the subsets asked for.
    before, after : (instances,) int32
        Predicted class of every instance.
    tested : (instances,) bool
        What the scores rest on.
    changed : (changed,) int32
        Rows of tested instances whose prediction changed.
    trained : int
        Instances the old head was trained on; the new one has all of them that still have a label.
    relabelled : int
        Training labels that differ between the two.
    kept_out : int
        Test instances left out because their label was changed on advice.
    converged : bool
        Both heads were trained to the end.
    words : str
        The comparison in a sentence, with what it rests on.
    """

    overall: Score
    classes: tuple[Score, ...]
    subsets: Mapping[str, Score]
    before: Ints
    after: Ints
    tested: Bools
    changed: Ints
    trained: int
    relabelled: int
    kept_out: int
    converged: bool
    words: str


def compare_labels(
    features: ArrayLike | None,
    old_labels: ArrayLike,
    new_labels: ArrayLike,
    *,
    split: Sequence[Any] | ArrayLike | None = None,
    advised: ArrayLike | None = None,
    keep_advised: bool = False,
    classes: int | None = None,
    subsets: Mapping[str, ArrayLike] | None = None,
    test_share: float = 0.25,
    strength: float = 1.0,
    seed: int = 0,
    train: Train | None = None,
    progress: Progress | None = None,
) -> HeadComparison:
    """Train the same head on old and on new labels, and test both on the same instances.

    Parameters
    ----------
    features : (instances, units) or None
        Captured activations of one layer; not needed where `train` is given.
    old_labels, new_labels : (instances,) int
        −1 = unlabelled or excluded: not trained on, not tested.
    split : (instances,), optional
        Instances named test (valid, validation, val, dev, holdout if there is no test) are tested and never trained on. Without
        such a split a share of every class is set aside at random.
    advised : (instances,) bool, optional
        Labels that were changed because the model suggested it. Without it every changed test label counts as advised.
    keep_advised : bool
        Test on those too; the screen must say so.
    classes : int, optional
        How many there are, by default as many as the labels show.
    subsets : mapping of name to (instances,) bool, optional
        To be compared one by one.
    test_share : float
        Of each class, when there is no split to test on, 0..1.
    strength : float
        Of the head, see `linear_head.train_head`.
    seed : int
        Of the random split.
    train : callable, optional
        Trains in place of the linear head, once for each of the two; see `Train`.
    progress : callable, optional
        Called with work done, work in all, and the stage; may raise to cancel.

    Raises
    ------
    DataError
        If lengths differ, nothing is left to test, a head would have one class only, or `train` gives something else.
    """
    old, new = check_labels(old_labels), check_labels(new_labels)
    if features is None and train is None:
        raise DataError("a comparison needs features for a linear head, or a function that trains.")
    points = None if features is None else check_features(features, len(old))
    if len(new) != len(old):
        raise DataError(f"{len(new)} new labels for {len(old)} old ones.")
    check_split(split, len(old))
    count = classes or int(max(old.max(initial=0), new.max(initial=0))) + 1
    held = _held_out(split, old, test_share, seed)
    differ = old != new
    on_advice = differ if advised is None else differ & np.asarray(advised, bool)
    tested = held & (new >= 0) & (np.ones(len(old), bool) if keep_advised else ~on_advice)
    if not tested.any():
        raise DataError(
            "no test instance is left to compare on: all are unlabelled or were relabelled on the model's own advice."
        )
    predicted, converged = [], True
    for done, labels in enumerate((old, new)):
        rows = np.flatnonzero(~held & (labels >= 0))
        if train is not None:
            predicted.append(_checked(train(rows, labels[rows]), len(old), count))
        else:
            assert points is not None
            head = train_head(points[rows], labels[rows], count, strength=strength)
            predicted.append(head.probabilities(points).argmax(1).astype(np.int32))
            converged &= head.converged
        if progress is not None:
            progress(done + 1, 2, "heads trained" if train is None else "trained")
    before, after = predicted
    overall = _score(tested, before, after, new)
    kept_out = int((held & (new >= 0) & ~tested).sum())
    trained = ~held & (old >= 0)
    relabelled = int((trained & differ).sum())
    return HeadComparison(
        overall=overall,
        classes=tuple(_score(tested & (new == label), before, after, new) for label in range(count)),
        subsets={name: _score(tested & np.asarray(mask, bool), before, after, new) for name, mask in (subsets or {}).items()},
        before=before,
        after=after,
        tested=tested,
        changed=np.flatnonzero(tested & (before != after)).astype(np.int32),
        trained=int(trained.sum()),
        relabelled=relabelled,
        kept_out=kept_out,
        converged=converged,
        words=_words(overall, relabelled, kept_out, int((held & on_advice).sum()) if keep_advised else 0, advised is not None),
    )


def _held_out(split: Sequence[Any] | ArrayLike | None, labels: Ints, share: float, seed: int) -> Bools:
    if split is not None:
        names = np.array(["" if name is None else str(name).lower() for name in np.asarray(split, dtype=object)])
        for test in TEST_NAMES:
            if (names == test).any() and (names != test).any():
                held: Bools = names == test if test == "test" else np.isin(names, TEST_NAMES)
                return held
    draw = np.random.default_rng(seed).permutation(len(labels))
    order = draw[np.argsort(labels[draw], kind="stable")]
    chosen = np.zeros(len(labels), bool)
    every = max(2, round(1 / share)) if share > 0 else len(labels) + 1
    chosen[order[np.arange(len(order)) % every == every - 1]] = True
    return chosen


def _checked(predicted: Any, instances: int, classes: int) -> Ints:
    """Classes of all instances, of what a person's own function gave."""
    found = np.asarray(predicted)
    if found.shape == (instances, classes) and found.dtype.kind == "f":
        found = found.argmax(1)
    if found.shape != (instances,) or found.dtype.kind not in "iu":
        raise DataError(
            f"the training function gave {found.dtype} of shape {found.shape}; it must give the class of each of the {instances} "
            f"instances, or their probabilities ({instances}, {classes})."
        )
    if len(found) and not 0 <= int(found.min()) <= int(found.max()) < classes:
        raise DataError(f"the training function predicted class {int(found.max())}; there are {classes}: 0 to {classes - 1}.")
    codes: Ints = found.astype(np.int32)
    return codes


def _score(mask: Bools, before: Ints, after: Ints, labels: Ints) -> Score:
    right_before, right_after = before[mask] == labels[mask], after[mask] == labels[mask]
    n = int(mask.sum())
    return Score(
        count=n,
        before=float(right_before.mean()) if n else float("nan"),
        after=float(right_after.mean()) if n else float("nan"),
        fixed=int((~right_before & right_after).sum()),
        broken=int((right_before & ~right_after).sum()),
    )


def _words(overall: Score, relabelled: int, kept_out: int, counted: int, known: bool) -> str:
    """The comparison in a sentence; without knowing why a test label changed it does not say that it was on advice."""
    why = " on the model's advice" if known else ""
    said = (
        f"{overall.before:.1%} right before, {overall.after:.1%} after, on {overall.count:,} test instances "
        f"({overall.fixed} fixed, {overall.broken} broken, p = {overall.p_value:.2g}), from {relabelled} training labels changed."
    )
    if kept_out:
        said += f" {kept_out} test instances whose label was changed{why} are left out."
    elif counted:
        said += f" Counts {counted} test labels that were changed{why}, which flatters the result."
    return said
