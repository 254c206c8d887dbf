"""Do the errors of a regression in groups agree with scikit-learn, and do their intervals hold?"""

import numpy as np
import pytest
from scipy.stats import t as student
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from underglass.analyses.group_errors import group_errors
from underglass.errors import DataError


@pytest.fixture
def predicted():
    r = np.random.default_rng(0)
    true = 1e4 + r.normal(0, 50, 900)
    return {"g": r.choice(["a", "b"], 900), "h": r.choice([1, 2], 900)}, true, true + r.normal(2, 20, 900)


def test_errors_agree_with_scikit_learn(predicted):
    features, true, guess = predicted
    for row in group_errors(true, guess, features, by=["g", "h"]).to_pylist():
        inside = (features["g"] == row["g"]) & (features["h"] == row["h"])
        assert row["mae"] == pytest.approx(mean_absolute_error(true[inside], guess[inside]))
        assert row["mse"] == pytest.approx(mean_squared_error(true[inside], guess[inside]))
        assert row["rmse"] == pytest.approx(np.sqrt(row["mse"]))
        assert row["r2"] == pytest.approx(r2_score(true[inside], guess[inside]), abs=1e-10)
        assert row["mean_true"] == pytest.approx(true[inside].mean())


def test_the_interval_of_the_bias_is_students(predicted):
    features, true, guess = predicted
    row = group_errors(true, guess, features, by="g").to_pylist()[0]
    error = (guess - true)[features["g"] == "a"]
    low, high = student.interval(0.95, len(error) - 1, error.mean(), error.std(ddof=1) / np.sqrt(len(error)))
    assert (row["mean_error_low"], row["mean_error_high"]) == pytest.approx((low, high))


def test_the_interval_of_r2_covers_the_truth():
    r = np.random.default_rng(1)
    groups, n = 300, 120
    true = r.normal(0, 2, groups * n)
    table = group_errors(true, true + r.normal(0, 1, len(true)), {"g": np.repeat(np.arange(groups), n)}, by="g")
    assert np.mean((table["r2_low"].to_numpy() <= 0.75) & (table["r2_high"].to_numpy() >= 0.75)) > 0.92


def test_margins_add_up_to_everyone(predicted):
    features, true, guess = predicted
    everyone = group_errors(true, guess, features, by=["g", "h"], marginals=True).to_pylist()[0]
    assert everyone["mae"] == pytest.approx(mean_absolute_error(true, guess))
    assert everyone["r2"] == pytest.approx(r2_score(true, guess), abs=1e-10)


def test_what_does_not_vary_has_no_r2_and_one_instance_no_interval():
    rows = group_errors([5.0, 5.0, 1.0], [4.0, 5.0, 2.0], {"g": list("aab")}, by="g").to_pylist()
    assert rows[0]["r2"] is None
    assert rows[0]["mae"] == 0.5
    assert rows[1]["mae_low"] is None
    assert rows[1]["mae"] == 1


def test_numbers_must_be_finite():
    with pytest.raises(DataError, match="y_pred is infinite for instance 1"):
        group_errors([1.0, 2.0], [1.0, np.inf], {"g": [1, 1]}, by="g")
    with pytest.raises(DataError, match="y_true holds"):
        group_errors(["x", "y"], [1.0, 2.0], {"g": [1, 1]}, by="g")
