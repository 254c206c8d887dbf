"""Are the groups that resemble one another found, by both published meanings?"""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from underglass.analyses.similar_groups import similar_groups
from underglass.errors import DataError


@pytest.fixture
def people():
    r = np.random.default_rng(0)
    return {
        "race": r.choice(["a", "b", "c"], 500),
        "sex": r.choice(["f", "m"], 500),
        "job": r.choice(list("wxyz"), 500, p=[0.4, 0.3, 0.2, 0.1]),
    }


def test_divergence_is_scipys_summed_over_features(people):
    labels = np.random.default_rng(1).integers(0, 4, 500)
    table = similar_groups(people, [labels == k for k in range(4)], 2)
    expected = {}
    for k in (0, 1, 3):
        total = 0.0
        for column in people.values():
            values = np.unique(column)
            p, q = ([np.mean(column[labels == g] == value) for value in values] for g in (2, k))
            total += jensenshannon(p, q, base=2) ** 2
        expected[k] = total
    assert table["group"].to_pylist() == sorted(expected, key=expected.get)
    assert table["divergence"].to_pylist() == pytest.approx(sorted(expected.values()))
    assert table["mean_divergence"].to_numpy() == pytest.approx(table["divergence"].to_numpy() / 3)


def test_one_differing_feature_is_named_with_both_values(people):
    groups = [
        {"race": "a", "sex": "f"},
        {"race": "a", "sex": "m"},
        {"race": "b", "sex": "m"},
        {"race": "c", "sex": "f"},
        {"race": "a"},
    ]
    table = similar_groups(people, groups, 0, how="one_feature")
    told = {row["group"]: (row["feature"], row["pinned"], row["similar"]) for row in table.to_pylist()}
    assert told == {1: ("sex", "f", "m"), 3: ("race", "a", "c")}


def test_groups_without_a_common_value_are_as_far_apart_as_can_be():
    table = similar_groups({"x": ["a", "b"], "y": [1, 2]}, [[0], [1]], 0)
    assert table["divergence"].to_pylist() == [2.0]


def test_a_group_equal_to_the_pinned_one_diverges_by_nothing_and_an_empty_one_is_last(people):
    table = similar_groups(people, [{"sex": "f"}, {"sex": ["f"]}, {"race": "z"}, {"sex": "m"}], 0)
    assert table["group"].to_pylist() == [1, 3, 2]
    assert table["divergence"].to_pylist()[0] == 0
    assert table["divergence"].to_pylist()[2] is None


def test_missing_values_define_a_group_too():
    table = similar_groups({"x": ["a", None, None]}, [{"x": "a"}, {"x": None}], 0, how="one_feature")
    assert table.select(["size", "pinned", "similar"]).to_pylist() == [{"size": 2, "pinned": "a", "similar": "missing"}]


def test_what_does_not_exist_is_named(people):
    with pytest.raises(DataError, match="there is no group 5; positions are 0 to 0"):
        similar_groups(people, [{"sex": "f"}], 5)
    with pytest.raises(DataError, match="no feature named 'sexx'; did you mean 'sex'"):
        similar_groups(people, [{"sexx": "f"}], 0)
    with pytest.raises(DataError, match=r"a group's mask has shape \(3,\) for 500 instances"):
        similar_groups(people, [np.ones(3, bool)], 0)
