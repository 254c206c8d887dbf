"""Are planted errors found, first, and clean labels left alone?"""

import re

import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score, f1_score

from underglass.analyses.label_issues import best_threshold, find_issues
from underglass.errors import DataError


def noise(n, classes, share, seed=0, margin=3.0):
    """Probabilities, true and given labels: half of the flips are uniform, half go to the next class."""
    r = np.random.default_rng(seed)
    truth = r.integers(0, classes, n)
    logits = r.standard_normal((n, classes), dtype=np.float32)
    logits[np.arange(n), truth] += np.float32(margin)
    chances = np.exp(logits - logits.max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    flipped = r.random(n) < share
    step = np.where(r.random(n) < 0.5, r.integers(1, classes, n), 1)
    return chances, truth, np.where(flipped, (truth + step) % classes, truth)


def flipped_digits(share, *, to_next, seed=7):
    images, truth = load_digits(return_X_y=True)
    r = np.random.default_rng(seed)
    wrong = r.choice(len(truth), round(share * len(truth)), replace=False)
    given = truth.copy()
    given[wrong] = (truth[wrong] + (1 if to_next else r.integers(1, 10, len(wrong)))) % 10
    return images / 16, truth, given


@pytest.fixture(scope="module")
def digits():
    images, truth, given = flipped_digits(0.1, to_next=True)
    return images, truth, given, find_issues(None, given, features=images)


@pytest.mark.parametrize(("classes", "share"), [(5, 0.1), (10, 0.05), (10, 0.2)])
def test_the_ranking_is_better_than_cleanlabs(classes, share):
    chances, truth, given = noise(8000, classes, share)
    theirs = average_precision_score(given != truth, -get_label_quality_scores(given, chances))
    assert average_precision_score(given != truth, find_issues(chances, given).score) > theirs


def test_the_default_selection_is_better_than_cleanlabs():
    chances, truth, given = noise(20_000, 50, 0.05)
    ours, theirs = find_issues(chances, given).selected, find_label_issues(given, chances, n_jobs=1)
    assert f1_score(given != truth, ours) > max(0.7, f1_score(given != truth, theirs))


def test_the_score_is_a_chance():
    chances, truth, given = noise(30_000, 10, 0.1)
    score = find_issues(chances, given).score
    for low in (0.1, 0.3, 0.5, 0.7):
        here = (score >= low) & (score < low + 0.2)
        assert (given != truth)[here].mean() == pytest.approx(score[here].mean(), abs=0.08)


def test_neighbours_find_flips_from_class_to_class_that_a_linear_head_cannot(digits):
    _, truth, given, found = digits
    assert average_precision_score(given != truth, found.score) > 0.98
    assert average_precision_score(given != truth, found.scores["self_confidence"]) < 0.9
    assert f1_score(given != truth, found.selected) > 0.95


def test_the_suggestion_is_the_true_label(digits):
    _, truth, given, found = digits
    assert (found.suggested == truth)[given != truth].mean() > 0.97


def test_clean_labels_are_mostly_left_alone():
    images, truth, _ = flipped_digits(0, to_next=True)
    assert find_issues(None, truth, features=images).selected.mean() < 0.005
    chances, clean, _ = noise(20_000, 10, 0)
    assert find_issues(chances, clean).selected.mean() < 0.005


def test_a_misread_class_is_told_from_single_slips():
    images, truth = load_digits(return_X_y=True)
    r = np.random.default_rng(0)
    given = truth.copy()
    sevens = np.flatnonzero(truth == 7)
    given[sevens[::5]] = 1
    slips = r.choice(np.flatnonzero(truth == 4), 9, replace=False)
    given[slips] = [0, 1, 2, 3, 5, 6, 7, 8, 9]
    found = find_issues(None, given, features=images / 16)
    worst = found.cells[0]
    assert (worst.label, worst.suggested, worst.systematic) == (1, 7, True)
    assert worst.count == pytest.approx(len(sevens[::5]), abs=2)
    assert not any(cell.systematic for cell in found.cells if cell.suggested == 4)


def test_the_health_of_classes_counts_wrong_and_missing_labels(digits):
    _, truth, given, found = digits
    wrong = np.bincount(given[given != truth], minlength=10)
    missing = np.bincount(truth[given != truth], minlength=10)
    assert found.health.wrong == pytest.approx(wrong, abs=3)
    assert found.health.missing == pytest.approx(missing, abs=3)
    assert found.health.quality == pytest.approx(1 - wrong / np.bincount(given), abs=0.02)


def test_the_order_puts_the_most_suspicious_first(digits):
    found = digits[-1]
    assert (np.diff(found.score[found.order]) <= 0).all()
    assert (found.score[found.selected] > found.threshold).all()


def test_planted_copies_contradictions_and_leaks_are_found():
    images, truth, _ = flipped_digits(0, to_next=True)
    images, labels = np.concatenate([images, images[:3], images[3:6] + 1e-4]), np.concatenate([truth, truth[:6]])
    labels[len(truth)] = (truth[0] + 1) % 10
    split = np.array(["train"] * 1000 + ["test"] * (len(labels) - 1000))
    copies = find_issues(None, labels, features=images, split=split).duplicates
    assert {tuple(pair) for pair in copies.pairs.tolist()} == {(i, 1797 + i) for i in range(6)}
    assert copies.exact.sum() == 3
    assert copies.pairs[copies.contradictory].tolist() == [[0, 1797]]
    assert copies.leaks.all()


def test_an_instance_far_from_all_is_an_outlier():
    images, truth, _ = flipped_digits(0, to_next=True)
    images[5] = np.random.default_rng(0).random(64) * 2
    found = find_issues(None, truth, features=images)
    assert found.outlying[5]
    assert found.outlier.argmax() == found.uniqueness.argmax() == 5
    assert found.outlying.mean() < 0.01


def test_hardness_is_the_entropy_of_the_probabilities():
    chances, _, given = noise(500, 4, 0.1)
    entropy = -(chances * np.log(chances)).sum(1) / np.log(4)
    assert find_issues(chances, given).hardness == pytest.approx(entropy, abs=1e-5)


def test_unlabelled_instances_have_a_suggestion_and_no_score():
    chances, _, given = noise(2000, 4, 0.1)
    some = given.copy()
    some[:50] = -1
    found = find_issues(chances, some)
    assert np.isnan(found.score[:50]).all()
    assert np.isnan(found.scores["margin"][:50]).all()
    assert not found.selected[:50].any()
    assert (found.suggested[:50] == chances[:50].argmax(1)).all()
    assert len(found.order) == 1950


def test_given_and_cross_validated_probabilities_are_told_apart(digits):
    chances, _, given = noise(200, 3, 0.1)
    assert find_issues(chances, given).held_out == "given"
    assert digits[-1].held_out == "cross-validated"
    assert digits[-1].sources == ("probabilities", "neighbours")


def test_the_same_input_gives_the_same_result(digits):
    images, _, given, found = digits
    again = find_issues(None, given, features=images)
    assert (again.score == found.score).all()


def test_an_order_of_instances_does_not_matter_for_given_probabilities():
    chances, _, given = noise(3000, 5, 0.1)
    shuffled = np.random.default_rng(0).permutation(3000)
    one, two = find_issues(chances, given).score, find_issues(chances[shuffled], given[shuffled]).score
    assert one[shuffled] == pytest.approx(two, abs=1e-3)


def test_memorised_labels_are_pointed_out():
    given = np.arange(100) % 2
    said = find_issues(np.eye(2)[given] * 0.998 + 0.001, given).advice
    assert any("it learned the wrong labels too" in line for line in said)


def test_a_class_of_one_and_a_class_never_predicted_are_named():
    chances, _, given = noise(300, 3, 0.05)
    chances = np.concatenate([chances * 0.99, np.full((300, 2), 0.005, np.float32)], axis=1)
    given[0], given[1:4] = 3, 4
    said = find_issues(chances, given, classes=["a", "b", "c", "lone", "shy"]).advice
    assert "'lone' has one labelled instance: nothing can be said about it from others of its kind." in said
    assert "'shy' is never predicted: its labels look wrong whether they are or not." in said


def test_fewer_instances_than_folds_are_managed_and_said():
    features = np.array([[0.0], [0.1], [5.0], [5.1], [0.2], [5.2]])
    found = find_issues(None, [0, 0, 1, 1, 0, 1], features=features)
    assert "only 6 labelled instances: 3 folds instead of 5." in found.advice
    assert not found.selected.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"probabilities": None, "labels": [0, 1]}, "or features to cross-validate a head on; neither is given"),
        ({"probabilities": [[0.5, 0.5]], "labels": [-1]}, "no instance has a label: there is nothing to doubt"),
        ({"probabilities": [[0.5, 0.5]], "labels": [0], "classes": ["a"]}, "1 class names for probabilities of 2 classes"),
        ({"probabilities": [[0.5, 0.5]], "labels": [3]}, "label 3 of instance 0 is outside the 2 classes"),
        ({"probabilities": [[0.5, 0.5]], "labels": [0], "split": ["a", "b"]}, "split must name the split of 1 instances"),
    ],
)
def test_bad_input_is_refused_in_words(arguments, message):
    with pytest.raises(DataError, match=re.escape(message)):
        find_issues(arguments.pop("probabilities"), arguments.pop("labels"), **arguments)


def test_the_threshold_makes_expected_f1_largest():
    score = np.random.default_rng(0).beta(0.1, 0.4, 5000).astype(np.float32)
    ranked = np.sort(score)[::-1]
    expected = 2 * ranked.cumsum() / (np.arange(1, 5001) + score.sum())
    chosen = int((score > best_threshold(score)).sum())
    assert expected[chosen - 1] == pytest.approx(expected.max(), abs=1e-3)


def test_tables_without_a_model_work():
    r = np.random.default_rng(0)
    age, income = r.normal(40, 12, 800), r.lognormal(10, 0.5, 800)
    truth = ((age - 40) / 12 + (np.log(income) - 10) / 0.5 > 0).astype(int)
    given = truth.copy()
    wrong = r.choice(800, 60, replace=False)
    given[wrong] = 1 - given[wrong]
    found = find_issues(None, given, features=np.stack([age, income], axis=1))
    assert average_precision_score(given != truth, found.score) > 0.85


def test_cancelling_stops_the_work(digits):
    def cancel(done, total, stage):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        find_issues(None, digits[2], features=digits[0], progress=cancel)


def test_classes_that_overlap_are_not_taken_for_wrong_labels():
    r = np.random.default_rng(0)
    labels = r.integers(0, 10, 3000)
    features = r.standard_normal((3000, 20)) + 2 * np.eye(10, 20)[labels]
    found = find_issues(None, labels, features=features)
    assert (found.suggested == labels).mean() > 0.95
    assert found.selected.mean() < 0.02
