"""Are the differences of two models right, and do their intervals hold what they promise?"""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from underglass.analyses.model_comparison import compare_models
from underglass.errors import DataError


def planted(n=600, seed=0, gain=0.0):
    random = np.random.default_rng(seed)
    truth = random.random(n) < 0.4
    a = np.where(random.random(n) < 0.8, truth, ~truth)
    b = np.where(random.random(n) < gain, truth, a)
    return truth, a, b, random


def test_rates_are_those_of_scikit_learn():
    truth, a, b, random = planted(gain=0.5)
    groups = [np.arange(600), np.flatnonzero(random.random(600) < 0.3)]

    found = {(row["group"], row["metric"]): row for row in compare_models(truth, a, b, groups, replicates=50).to_pylist()}

    for place, rows in enumerate(groups):
        for metric, of in (
            ("accuracy", accuracy_score),
            ("recall", recall_score),
            ("precision", precision_score),
            ("f1", f1_score),
        ):
            row = found[place, metric]
            assert row["a"] == pytest.approx(of(truth[rows], a[rows]), abs=1e-12)
            assert row["b"] == pytest.approx(of(truth[rows], b[rows]), abs=1e-12)
            assert row["gap"] == pytest.approx(row["b"] - row["a"], abs=1e-12)
        assert found[place, "accuracy"]["differ"] == (a[rows] != b[rows]).sum()


def test_a_better_model_is_clear_and_the_same_one_is_not():
    truth, a, b, _ = planted(gain=0.5)

    better = compare_models(truth, a, b, [np.arange(600)]).to_pylist()
    same = compare_models(truth, a, a, [np.arange(600)]).to_pylist()

    assert next(row for row in better if row["metric"] == "accuracy")["clear"]
    assert not any(row["clear"] for row in same)
    assert all(row["gap"] == 0 for row in same)


def test_nothing_of_nothing_is_null():
    found = compare_models([False, False], np.array([True, False]), np.array([False, False]), [np.arange(2)]).to_pylist()
    recall = next(row for row in found if row["metric"] == "recall")

    assert recall["a"] is None
    assert recall["gap"] is None
    assert recall["clear"] is None
    assert (recall["a_count"], recall["a_of"]) == (0, 0)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Both models are right with the same probability on everyone, so the true gap is 0."""
    held = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        truth = random.random(200) < 0.5
        a = np.where(random.random(200) < 0.8, truth, ~truth)
        b = np.where(random.random(200) < 0.8, truth, ~truth)
        table = compare_models(truth, a, b, [np.arange(200)], replicates=200, seed=seed).to_pylist()
        row = next(one for one in table if one["metric"] == "accuracy")
        held += row["gap_low"] <= 0 <= row["gap_high"]

    assert 180 <= held <= 200


def test_predictions_must_be_true_or_false():
    with pytest.raises(DataError, match="b holds float64; predictions are true or false"):
        compare_models([True], np.array([True]), np.array([0.5]), [np.arange(1)])
