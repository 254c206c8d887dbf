"""Are features that give the label away flagged, and honest ones not?"""

import numpy as np
import pytest

from underglass.analyses.feature_leaks import feature_leaks
from underglass.errors import DataError


def columns(n=3000, seed=0):
    r = np.random.default_rng(seed)
    y = r.integers(0, 2, n)
    later = np.where(r.random(n) < 0.01, 1 - y, y)
    return y, {
        "case number": 1000 * y + r.integers(0, 900, n),
        "copy": np.where(y == 1, "yes", "no"),
        "later event": later,
        "income": r.normal(size=n) + y,
        "noise": r.integers(0, 5, n),
        "name": [f"n{i}" for i in range(n)],
    }


def flags(table):
    return {row["feature"]: row["reason"] for row in table.to_pylist()}


def test_copies_and_later_events_are_flagged_and_come_first():
    y, features = columns()
    table = feature_leaks(y, features)
    told = flags(table)
    assert told["copy"] == "says the label"
    assert told["case number"] is not None
    assert told["later event"].startswith("tells 9")
    assert told["income"] is told["noise"] is told["name"] is None
    assert set(table["feature"].to_pylist()[:3]) == {"copy", "case number", "later event"}


def test_noise_tells_nothing_even_with_a_value_for_every_instance():
    y, features = columns()
    told = {row["feature"]: row["told"] for row in feature_leaks(y, features).to_pylist()}
    assert abs(told["noise"]) < 0.01
    assert abs(told["name"]) < 0.01
    assert 0.05 < told["income"] < 0.3


def test_a_feature_in_the_order_of_the_score_is_a_copy_of_it():
    y, features = columns()
    score = np.random.default_rng(1).random(len(y))
    told = flags(feature_leaks(y, features | {"decile": -3 * score}, y_score=score))
    assert told["decile"] == "says the score"


def test_many_classes_and_quantities_can_be_leaked_too():
    r = np.random.default_rng(0)
    classes = r.choice(list("abcdef"), 2000)
    told = flags(feature_leaks(classes, {"code": np.char.add("x", classes), "other": r.integers(0, 4, 2000)}))
    assert told == {"code": "says the label", "other": None}
    price = r.lognormal(0, 1, 2000)
    told = flags(feature_leaks(price, {"tax": price * 0.19, "rooms": r.integers(1, 5, 2000)}))
    assert told["tax"].startswith("tells ")
    assert told["rooms"] is None


def test_one_class_alone_cannot_leak():
    with pytest.raises(DataError, match="y_true holds 1 only; nothing can be told about it"):
        feature_leaks([1, 1, 1], {"a": [1, 2, 3]}, folds=2)
    with pytest.raises(DataError, match="folds must be between 2 and the 3 instances; got 5"):
        feature_leaks([1, 0, 1], {"a": [1, 2, 3]})
