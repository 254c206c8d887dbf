"""Is the split that the tree makes the best of all there are, and none where there is nothing to split?"""

import itertools

import numpy as np

from underglass.analyses.error_tree import error_tree
from underglass.analyses.feature_codes import encode


def grow(features, values, *, ordered=None, depth=1, leaves=31, least=5):
    columns = encode(features)
    return error_tree(
        columns, ordered or [False] * len(columns), values, np.ones(len(values), bool), depth=depth, leaves=leaves, least=least
    )


def gain(values, left):
    total = ((values - values.mean()) ** 2).sum()
    return total - sum(((side - side.mean()) ** 2).sum() for side in (values[left], values[~left]))


def test_the_split_of_values_without_order_is_the_best_of_all_subsets():
    r = np.random.default_rng(0)
    codes = r.integers(0, 6, 400)
    values = (r.random(400) < np.array([0.1, 0.6, 0.2, 0.7, 0.1, 0.4])[codes]).astype(float)
    nodes = grow({"job": codes}, values)
    subsets = [set(s) for k in range(1, 6) for s in itertools.combinations(range(6), k)]
    best = max(subsets, key=lambda s: gain(values, np.isin(codes, list(s))))
    assert set(nodes[1].codes) in (best, set(range(6)) - best)


def test_an_ordered_feature_is_cut_in_two_ranges():
    r = np.random.default_rng(1)
    codes = r.integers(0, 6, 600)
    values = (r.random(600) < np.where((codes == 2) | (codes == 3), 0.7, 0.1)).astype(float)
    nodes = grow({"rank": codes}, values, ordered=[True])
    assert nodes[1].codes in [tuple(range(cut)) for cut in range(1, 6)]


def test_noise_is_not_split():
    for seed in range(20):
        r = np.random.default_rng(seed)
        features = {name: r.integers(0, k, 500) for name, k in [("a", 2), ("b", 20), ("c", 7)]}
        assert len(grow(features, (r.random(500) < 0.2).astype(float), depth=3)) == 1


def test_limits_of_depth_leaves_and_size_are_kept():
    r = np.random.default_rng(2)
    features = {name: r.integers(0, 2, 4000) for name in "abcd"}
    values = 4.0 * features["a"] + 2 * features["b"] + features["c"] + 0.1 * r.normal(size=4000)
    deep = grow(features, values, depth=3)
    assert max(node.depth for node in deep) == 3
    assert sum(node.leaf for node in deep) == 8
    assert sum(node.leaf for node in grow(features, values, depth=3, leaves=3)) == 3
    assert all(len(node.rows) >= 900 for node in grow(features, values, depth=3, least=900))


def test_instances_without_an_outcome_decide_nothing_but_are_led_down():
    x = np.repeat([0, 1], 100)
    values = np.where(np.arange(200) % 2 == 0, x, np.nan)
    nodes = grow({"x": x}, values.astype(float))
    assert [len(node.rows) for node in nodes] == [200, 100, 100]
