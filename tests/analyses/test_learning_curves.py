"""Do curves over a group's size say whether the group lacks data?"""

import numpy as np
import pytest
from scipy.stats import binom

from underglass.analyses.learning_curves import size_curve, training_curve
from underglass.errors import DataError


def judged(own_error=0.3, rest_error=0.1, own=100, rest=5000, seed=0):
    member = np.arange(own + rest) < own
    y = np.random.default_rng(seed).integers(0, 2, own + rest)
    wrong = np.concatenate([np.arange(own) < own_error * own, np.arange(rest) < rest_error * rest])
    return y, np.where(wrong, 1 - y, y), member


def test_the_spread_at_each_size_is_that_of_the_binomial():
    y, score, member = judged()
    curve = size_curve(y, score, member, sizes=[20, 100, 1000], repeats=20_000)
    for row in curve.table.to_pylist():
        low, high = binom.interval(0.95, row["size"], 0.7) / np.array(row["size"])
        assert (row["low"], row["high"]) == pytest.approx((low, high), abs=0.005 + 1.5 / row["size"])
        assert row["mean"] == pytest.approx(0.7, abs=0.01)


def test_it_tells_how_many_people_are_enough_to_see_the_gap():
    y, score, member = judged()
    curve = size_curve(y, score, member)
    assert curve.size == 100
    assert (curve.value, curve.rest) == (0.7, 0.9)
    assert 10 < curve.enough <= 100
    tiny = size_curve(*judged(own_error=0.12, own=50))
    assert tiny.enough is None or tiny.enough > 50
    assert tiny.table["beyond"].to_pylist() == [size > 50 for size in tiny.table["size"].to_pylist()]


def test_a_metric_that_is_undefined_in_most_sub_samples_says_so():
    y = np.array([1] + [0] * 99 + [1, 0] * 50)
    curve = size_curve(y, np.zeros(200), np.arange(200) < 100, metric="recall", sizes=[10, 100])
    share = curve.table["defined"].to_pylist()
    assert share[0] < 0.3 < share[1] < 1
    nothing = size_curve(np.zeros(20), np.zeros(20), np.arange(20) < 10, metric="recall")
    assert np.isnan(nothing.value)


def test_more_members_to_learn_from_help_a_group_with_a_rule_of_its_own():
    r = np.random.default_rng(0)
    member = r.random(1200) < 0.4
    x = r.integers(0, 2, 1200)
    y = np.where(member, 1 - x, x)
    table = training_curve(y, {"x": x, "xg": np.where(member, x + 2, x).astype(str)}, member, sizes=[0, 20, 200], repeats=3)
    mean = table["mean"].to_pylist()
    assert mean[0] < 0.2
    assert mean[-1] == 1
    assert table["rest"].to_pylist() == [1, 1, 1]


def test_any_model_can_be_fitted():
    asked = []

    def fit(rows):
        asked.append(len(rows))
        return lambda judged: np.ones(len(judged))

    y = np.tile([0, 1, 1, 1], 25)
    table = training_curve(y, {"x": y}, np.arange(100) < 50, sizes=[0, 10], repeats=2, metric="recall", fit=fit)
    assert table["mean"].to_pylist() == [1, 1]
    assert asked == [35, 45, 35, 45]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: size_curve([0, 1], [0, 1], [False, False]), "the group is empty."),
        (lambda: size_curve([0, 1], [0, 1], [0, 1]), "member must hold True or False"),
        (lambda: size_curve([0, 1], [0, 1], [True, False], sizes=[0]), "a sub-sample holds at least one instance; got size 0."),
        (lambda: size_curve([0, 1], [0, 1], [True, False], metric="acc"), "no metric named 'acc'"),
        (
            lambda: training_curve([0, 1], {"x": [0, 1]}, [True, False]),
            "a curve needs 10 members and 10 others; there are 1 and 1.",
        ),
        (
            lambda: training_curve([0, 1] * 20, {"x": [0, 1] * 20}, [True] * 20 + [False] * 20, sizes=[19]),
            "sizes must lie between 0 and 14, the members that are not held out; got 19 to 19.",
        ),
    ],
)
def test_what_cannot_be_drawn_is_named(call, message):
    with pytest.raises(DataError) as error:
        call()
    assert message in str(error.value)
