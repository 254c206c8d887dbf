"""Are the simple scores and the confident joint those of confident learning?"""

import numpy as np
import pytest
from cleanlab.count import get_confident_thresholds
from cleanlab.rank import get_label_quality_scores

from underglass.analyses.label_scores import calibrated_joint, confident_joint, disagreement, survey


@pytest.fixture(scope="module")
def data():
    r = np.random.default_rng(0)
    chances = r.dirichlet(np.full(4, 0.4), 500).astype(np.float32)
    return chances, np.concatenate([np.arange(4), r.integers(0, 4, 496)])


def entropy(chances):
    return (-(chances * np.log(np.maximum(chances, 1e-30))).sum(1) / np.log(chances.shape[1])).astype(np.float32)


def test_thresholds_are_those_of_cleanlab(data):
    assert survey(*data).thresholds == pytest.approx(get_confident_thresholds(data[1], data[0]), abs=1e-6)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("self_confidence", "self_confidence"),
        ("margin", "normalized_margin"),
        ("entropy_weighted", "confidence_weighted_entropy"),
    ],
)
def test_a_score_is_one_minus_cleanlabs_quality(data, ours, theirs):
    chances, labels = data
    quality = get_label_quality_scores(labels, chances, method=theirs)
    assert disagreement(survey(*data), entropy(chances), labels)[ours] == pytest.approx(1 - quality, abs=1e-4)


def test_the_adjusted_score_ranks_as_cleanlabs(data):
    chances, labels = data
    quality = get_label_quality_scores(labels, chances, method="self_confidence", adjust_pred_probs=True)
    ours = disagreement(survey(*data), entropy(chances), labels)["adjusted"]
    assert ours == pytest.approx(1 - quality, abs=1e-4)


def test_the_joint_counts_the_most_probable_of_the_classes_that_reach_their_threshold(data):
    chances, labels = data
    thresholds = np.array([chances[labels == c, c].mean() for c in range(4)])
    by_hand = np.zeros((4, 4), int)
    for row, label in zip(chances, labels, strict=True):
        sure = [c for c in range(4) if row[c] >= thresholds[c] - 1e-6]
        if sure:
            by_hand[label, max(sure, key=lambda c: row[c])] += 1
    assert (confident_joint(chances, labels, survey(*data).thresholds) == by_hand).all()


def test_the_calibrated_joint_sums_to_one_and_keeps_the_counts_of_labels(data):
    chances, labels = data
    share = calibrated_joint(confident_joint(chances, labels, survey(*data).thresholds), np.bincount(labels))
    assert share.sum() == pytest.approx(1)
    assert share.sum(1) == pytest.approx(np.bincount(labels) / len(labels))


def test_a_label_without_a_confident_instance_is_taken_at_its_word():
    assert calibrated_joint(np.array([[2, 0], [0, 0]]), np.array([2, 1])).tolist() == [
        [pytest.approx(2 / 3), 0],
        [0, pytest.approx(1 / 3)],
    ]


def test_unlabelled_instances_count_for_nothing(data):
    chances, labels = data
    some = labels.copy()
    some[::3] = -1
    kept = some >= 0
    part, whole = survey(chances, some), survey(chances[kept], labels[kept])
    assert part.thresholds == pytest.approx(whole.thresholds)
    assert np.isnan(part.own[~kept]).all()
    joint = confident_joint(chances, some, part.thresholds)
    assert (joint == confident_joint(chances[kept], labels[kept], whole.thresholds)).all()


def test_the_survey_knows_the_label_the_runner_up_and_the_winner():
    seen = survey(np.array([[0.2, 0.5, 0.3], [0.2, 0.5, 0.3]], np.float32), np.array([1, 0]))
    assert seen.own.tolist() == pytest.approx([0.5, 0.2])
    assert seen.other.tolist() == pytest.approx([0.3, 0.5])
    assert seen.predicted.tolist() == [0, 2, 0]
    assert (seen.agreement, seen.confidence) == (0.5, 0.5)
