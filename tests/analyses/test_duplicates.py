"""Are copies found, all of them, and what they spoil?"""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from underglass.analyses.duplicates import exact_groups, find_duplicates
from underglass.errors import DataError


def scattered(n=400, units=16, seed=0):
    return np.random.default_rng(seed).standard_normal((n, units)).astype(np.float32)


@pytest.mark.parametrize(("units", "radius"), [(8, 0.5), (40, 1.0), (40, 6.5)], ids=["few", "many", "crowded"])
def test_near_pairs_are_those_that_scikit_learn_finds(units, radius):
    points = scattered(3000, units)
    points[1500:1600] = points[:100] + 0.01 * scattered(100, units, seed=1)
    found = find_duplicates(points, threshold=radius)
    lists = (
        NearestNeighbors(radius=radius, algorithm="brute").fit(points.astype(np.float64)).radius_neighbors(return_distance=False)
    )
    theirs = {(i, int(j)) for i, row in enumerate(lists) for j in row if i < j}
    assert {tuple(pair) for pair in found.pairs.tolist()} == theirs


def test_planted_near_copies_are_found_by_default_and_nothing_else():
    points = scattered()
    points[390:] = points[:10] + 0.02 * scattered(10, seed=1)
    found = find_duplicates(points)
    assert {tuple(pair) for pair in found.pairs.tolist()} == {(i, 390 + i) for i in range(10)}
    assert not found.exact.any()


@pytest.mark.parametrize("units", [1, 2, 3, 6])
def test_few_features_do_not_make_copies_by_chance(units):
    assert len(find_duplicates(scattered(2000, units)).pairs) <= 5


def test_exact_copies_come_first_and_make_one_group():
    points = scattered()
    points[[7, 8]] = points[3]
    found = find_duplicates(points)
    assert found.pairs.tolist() == [[3, 7], [3, 8]]
    assert found.exact.all()
    assert found.distance.tolist() == [0, 0]
    assert (found.groups, found.redundant) == (1, 2)
    assert np.flatnonzero(found.group == 0).tolist() == [3, 7, 8]


def test_copies_of_copies_are_one_group():
    points = scattered()
    points[1] = points[0] + 0.05
    points[2] = points[0] + 0.10
    found = find_duplicates(points, threshold=0.25)
    assert found.group[[0, 1, 2]].tolist() == [0, 0, 0]


def test_the_same_item_with_two_labels_is_a_contradiction():
    points = scattered()
    points[5], points[9] = points[1], points[2]
    labels = np.zeros(400, int)
    labels[5] = 1
    found = find_duplicates(points, labels=labels)
    assert found.pairs[found.contradictory].tolist() == [[1, 5]]


def test_a_copy_without_a_label_contradicts_nobody():
    found = find_duplicates([[0.0], [0.0]], labels=[0, -1])
    assert not found.contradictory.any()


def test_a_copy_in_another_split_leaks():
    points = scattered()
    points[399], points[398] = points[0], points[1]
    split = ["train"] * 398 + [None, "test"]
    found = find_duplicates(points, split=split)
    assert found.pairs[found.leaks].tolist() == [[0, 399]]


def test_known_content_joins_what_features_do_not():
    points = scattered(4, 3)
    found = find_duplicates(points, identical=[7, -1, 7, -1])
    assert found.pairs.tolist() == [[0, 2]]
    assert found.exact.all()


def test_known_content_alone_is_enough():
    found = find_duplicates(None, identical=[5, 6, 5, -1, -1], labels=[0, 0, 1, 0, 0])
    assert found.pairs.tolist() == [[0, 2]]
    assert found.contradictory.all()
    assert found.space == "known content alone"


def test_a_thousand_copies_are_a_thousand_pairs():
    assert len(find_duplicates(np.zeros((1000, 3))).pairs) == 999


def test_zero_has_no_sign_and_columns_no_unit():
    assert len(set(exact_groups(np.array([[0.0], [-0.0]])))) == 1
    points = scattered(500, 6).astype(np.float64)
    points[:, 0] *= 1e4
    points[1] = points[0]
    points[1, 3] += 3
    assert len(find_duplicates(points).pairs) == 0


def test_a_far_off_centre_costs_no_precision():
    points = scattered(300, 8).astype(np.float64)
    points[299] = points[0] + 1e-3
    assert find_duplicates(points + 1e4).pairs.tolist() == find_duplicates(points).pairs.tolist() == [[0, 299]]


def test_features_must_be_finite():
    with pytest.raises(DataError, match="NaN or infinite"):
        find_duplicates([[np.nan], [1.0]])


def test_one_instance_has_no_copy():
    assert find_duplicates([[1.0, 2.0]]).pairs.shape == (0, 2)
