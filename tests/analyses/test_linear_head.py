"""Is the head what scikit-learn would train, and does nothing judge itself?"""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from underglass.analyses.linear_head import held_out, train_head
from underglass.errors import DataError


def blobs(n=300, classes=3, units=4, seed=0):
    r = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return (r.standard_normal((n, units)) + 2 * np.eye(classes, units)[labels]) * [1, 10, 100, 0.1] + 5, labels


@pytest.mark.parametrize("classes", [2, 3])
def test_the_head_predicts_as_scikit_learn_on_scaled_features(classes):
    features, labels = blobs(classes=classes)
    theirs = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, labels).predict_proba(features)
    assert train_head(features, labels, classes).probabilities(features) == pytest.approx(theirs, abs=2e-3)


def test_a_class_it_never_saw_has_no_chance():
    features, labels = blobs()
    chances = train_head(features, labels, 5).probabilities(features)
    assert chances.shape == (300, 5)
    assert (chances[:, 3:] == 0).all()
    assert chances.sum(1) == pytest.approx(np.ones(300), abs=1e-5)


def test_one_class_is_not_enough():
    with pytest.raises(DataError, match="at least two classes, and there is 1"):
        train_head(np.zeros((3, 2)), np.zeros(3, int), 2)


def test_a_label_does_not_bear_witness_for_itself():
    features, labels = blobs()
    flipped = labels.copy()
    flipped[0] = (labels[0] + 1) % 3
    before, after = held_out(features, labels, 3), held_out(features, flipped, 3)
    same_fold = (before.fold == before.fold[0]) & (after.fold == before.fold)
    assert before.probabilities[0] == pytest.approx(after.probabilities[0], abs=1e-3) or before.fold[0] != after.fold[0]
    assert before.probabilities[same_fold] == pytest.approx(after.probabilities[same_fold], abs=0.1)


def test_every_class_is_spread_over_all_folds():
    features, labels = blobs()
    fold = held_out(features, labels, 3, folds=5).fold
    assert all((np.bincount(fold[labels == c]) == 20).all() for c in range(3))


def test_exact_copies_are_held_out_together():
    features, labels = blobs()
    groups = np.arange(300)
    groups[150:] = groups[:150]
    fold = held_out(features, labels, 3, groups=groups).fold
    assert (fold[:150] == fold[150:]).all()


def test_the_unlabelled_are_judged_but_never_trained_on():
    features, labels = blobs()
    some = labels.copy()
    some[::2] = -1
    found = held_out(features, some, 3)
    assert (found.fold[::2] == -1).all()
    assert (found.probabilities.argmax(1) == labels)[::2].mean() > 0.8


def test_fewer_instances_than_folds_take_fewer_folds():
    features, labels = blobs(6)
    assert held_out(features, labels, 3, folds=10).folds == 3


def test_almost_no_labels_are_refused():
    with pytest.raises(DataError, match="at least 4 labelled instances, and there are 3"):
        held_out(np.zeros((3, 2)), np.array([0, 1, 0]), 2)
