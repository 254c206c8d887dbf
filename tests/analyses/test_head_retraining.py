"""Is before-and-after honest?"""

import re

import numpy as np
import pytest
from scipy.stats import binomtest

from underglass.analyses.head_retraining import compare_labels
from underglass.errors import DataError


@pytest.fixture(scope="module")
def study():
    """600 points of three classes; a third of the training labels of class 0 say 1; the last 200 are for testing."""
    r = np.random.default_rng(0)
    truth = np.arange(600) % 3
    features = r.standard_normal((600, 5)) + 2 * np.eye(3, 5)[truth]
    split = np.array(["train"] * 400 + ["test"] * 200)
    noisy = truth.copy()
    noisy[np.flatnonzero((truth == 0) & (split == "train"))[::2]] = 1
    return features, noisy, truth, split


def test_corrected_labels_make_a_better_head(study):
    features, noisy, truth, split = study
    found = compare_labels(features, noisy, truth, split=split)
    assert found.overall.p_value < 0.05
    assert found.overall.after > found.overall.before + 0.05
    assert found.overall.count == 200
    assert found.relabelled == (noisy != truth).sum()
    assert found.overall.fixed - found.overall.broken == round(200 * (found.overall.after - found.overall.before))


def test_the_same_labels_make_the_same_head(study):
    features, noisy, _, split = study
    found = compare_labels(features, noisy, noisy, split=split)
    assert (found.before == found.after).all()
    assert len(found.changed) == 0
    assert found.overall.p_value == 1


def test_test_labels_changed_on_advice_are_kept_out(study):
    features, _noisy, truth, split = study
    advised = truth.copy()
    advised[400:420] = (truth[400:420] + 1) % 3
    found = compare_labels(features, truth, advised, split=split, advised=advised != truth)
    assert found.kept_out == 20
    assert not found.tested[400:420].any()
    assert "20 test instances whose label was changed on the model's advice are left out" in found.words


def test_without_knowing_why_a_test_label_changed_it_is_kept_out(study):
    features, _, truth, split = study
    changed = truth.copy()
    changed[500] = (truth[500] + 1) % 3
    assert compare_labels(features, truth, changed, split=split).kept_out == 1


def test_a_test_label_corrected_by_a_person_alone_counts_for_both_heads(study):
    features, _, truth, split = study
    changed = truth.copy()
    changed[500] = (truth[500] + 1) % 3
    found = compare_labels(features, truth, changed, split=split, advised=np.zeros(600, bool))
    assert found.tested[500]
    right = found.before[found.tested] == changed[found.tested]
    assert found.overall.before == pytest.approx(right.mean())


def test_keeping_advised_labels_is_said(study):
    features, _, truth, split = study
    changed = truth.copy()
    changed[500] = (truth[500] + 1) % 3
    found = compare_labels(features, truth, changed, split=split, keep_advised=True)
    assert found.kept_out == 0
    assert "Counts 1 test labels that were changed, which flatters the result." in found.words


def test_classes_and_subsets_are_compared_one_by_one(study):
    features, noisy, truth, split = study
    found = compare_labels(features, noisy, truth, split=split, subsets={"first": np.arange(600) < 450})
    assert sum(score.count for score in found.classes) == 200
    assert found.classes[0].after > found.classes[0].before
    assert found.subsets["first"].count == 50


def test_nothing_to_compare_is_nan_and_not_zero(study):
    features, noisy, truth, split = study
    found = compare_labels(features, noisy, truth, split=split, subsets={"none": np.zeros(600, bool)})
    assert np.isnan(found.subsets["none"].before)


def test_without_a_split_a_share_of_every_class_is_set_aside_and_the_same_each_time(study):
    features, _noisy, truth, _ = study
    one, two = (compare_labels(features, truth, truth, seed=3) for _ in range(2))
    assert (one.tested == two.tested).all()
    assert np.bincount(truth[one.tested]).tolist() == [50, 50, 50]


def test_the_test_for_chance_is_mcnemars(study):
    features, noisy, truth, split = study
    score = compare_labels(features, noisy, truth, split=split).overall
    assert score.p_value == pytest.approx(binomtest(score.fixed, score.fixed + score.broken).pvalue)


def test_nothing_left_to_test_is_refused(study):
    features, _noisy, truth, split = study
    with pytest.raises(DataError, match="no test instance is left to compare on"):
        compare_labels(features, truth, np.where(split == "test", (truth + 1) % 3, truth), split=split)


def test_lengths_must_agree(study):
    features, noisy, truth, split = study
    with pytest.raises(DataError, match=re.escape("599 new labels for 600 old ones.")):
        compare_labels(features, noisy, truth[:-1], split=split)
