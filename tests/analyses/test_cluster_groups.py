"""Are clusters described by what their members share?"""

import numpy as np
import pytest
from scipy.stats import entropy

from underglass.analyses import cluster_groups as module
from underglass.analyses.cluster_groups import cluster_groups, describe
from underglass.analyses.coordinates import COMMONEST, Coordinates
from underglass.analyses.feature_codes import as_table, encode


def test_entropy_and_dominant_value_are_those_of_the_members():
    r = np.random.default_rng(0)
    (job,) = encode({"job": r.choice(list("wxyz"), 500, p=[0.5, 0.3, 0.15, 0.05])})
    labels = r.integers(0, 3, 500)
    bits, dominant, share = describe(labels, 3, job)
    for group in range(3):
        counted = np.bincount(job.codes[labels == group], minlength=4)
        assert bits[group] == pytest.approx(entropy(counted, base=2))
        assert dominant[group] == counted.argmax()
        assert share[group] == counted.max() / counted.sum()


def test_blobs_are_found_also_where_centres_are_fitted_on_a_sample(monkeypatch):
    monkeypatch.setattr(module, "FITTED", 200)
    monkeypatch.setattr(module, "ROUND", 64)
    r = np.random.default_rng(0)
    blob = r.integers(0, 3, 1000)
    table = as_table({"x": blob + 0.05 * r.normal(size=1000), "kind": np.array(list("abc"))[blob]})
    found = cluster_groups(table, encode(table), clusters=3, seed=0)
    assert found.count == 3
    for group in range(3):
        assert len(set(blob[found.labels == group])) == 1


def test_numbers_are_scaled_and_missing_ones_marked():
    table = as_table({"x": [0.0, 5.0, 10.0, None], "sex": ["f", "m", "f", None]})
    points = Coordinates(table, encode(table)).take(np.arange(4))
    assert points[:, 0].tolist() == [0, 0.5, 1, 0.5]
    assert points[:, 1].tolist() == [0, 0, 0, 1]
    assert points[:, 2:].sum(axis=1).tolist() == [1, 1, 1, 1]


def test_only_the_commonest_values_get_a_coordinate():
    table = as_table({"city": [f"c{i}" for i in range(100)] + ["c7"] * 5})
    points = Coordinates(table, encode(table)).take(np.arange(105))
    assert points.shape == (105, COMMONEST)
    assert points[7].sum() == 1
    assert points.sum() == COMMONEST + 5
