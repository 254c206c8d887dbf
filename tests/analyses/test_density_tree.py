"""Are clusters those of the hdbscan package, and is the tree cut where its definition says?"""

import hdbscan
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score

from underglass.analyses.density_tree import density_tree, select
from underglass.analyses.spanning_tree import SpanningTree, spanning_tree


def reference(points, **settings):
    return hdbscan.HDBSCAN(
        **{"min_cluster_size": 5, "min_samples": 5, "cluster_selection_method": "leaf", "algorithm": "prims_kdtree"} | settings,
        approx_min_span_tree=False,
    ).fit(points.astype(np.float64))


def ours(points, *, min_size=5, min_samples=5, selection="leaf", epsilon=0.0, ties="rows"):
    return select(density_tree(spanning_tree(points, min_samples, ties=ties), min_size, ties), selection, epsilon)


@pytest.fixture(scope="module")
def digits():
    return load_digits().data.astype(np.float32)


@pytest.mark.parametrize("selection", ["leaf", "eom"])
@pytest.mark.parametrize(("min_size", "min_samples"), [(5, 5), (12, 3), (3, 8)])
def test_clusters_of_digits_are_those_of_hdbscan(digits, selection, min_size, min_samples):
    expected = reference(digits, min_cluster_size=min_size, min_samples=min_samples, cluster_selection_method=selection)

    found = ours(digits, min_size=min_size, min_samples=min_samples, selection=selection)

    assert adjusted_rand_score(expected.labels_, found.labels) == 1
    assert (found.labels[expected.labels_ < 0] == -1).all()
    np.testing.assert_allclose(found.probability, expected.probabilities_, atol=1e-9)
    np.testing.assert_allclose(found.outlier_score, expected.outlier_scores_, atol=1e-9)
    np.testing.assert_allclose(found.persistence, np.sort(expected.cluster_persistence_)[::-1], atol=1e-9)


@pytest.mark.parametrize("epsilon", [22.0, 25.0, 28.0])
@pytest.mark.parametrize("selection", ["leaf", "eom"])
def test_clusters_merged_below_epsilon_are_those_of_hdbscan(digits, selection, epsilon):
    expected = reference(digits, cluster_selection_method=selection, cluster_selection_epsilon=epsilon)

    found = ours(digits, selection=selection, epsilon=epsilon)

    assert adjusted_rand_score(expected.labels_, found.labels) == 1
    assert len(found.persistence) < len(ours(digits, selection=selection).persistence)


def chain(*weights):
    """Rows on a line, 0 to n, with these weights between neighbours."""
    n = len(weights)
    ends = np.column_stack([np.arange(n), np.arange(1, n + 1)])
    weight = np.array(weights, float)
    return SpanningTree(ends, weight, weight, np.zeros(n + 1))


def test_a_split_into_two_large_parts_makes_two_groups():
    tree = density_tree(chain(1, 2, 10, 4, 4), 3, "distance")

    assert tree.parent.tolist() == [-1, 0, 0]
    assert tree.birth.tolist() == [0, 0.1, 0.1]
    assert tree.size.tolist() == [6, 3, 3]
    assert sorted(tree.leaves_at.tolist()) == [0.25, 0.25, 0.25, 0.5, 0.5, 0.5]


def test_a_small_part_falls_out_and_the_group_goes_on():
    tree = density_tree(chain(1, 1, 1, 10), 3, "distance")

    assert tree.parent.tolist() == [-1]
    assert tree.leaves_at.tolist() == [1, 1, 1, 1, 0.1]


def test_edges_of_one_length_are_cut_at_once():
    tree = density_tree(chain(1, 1, 5, 5, 1, 1), 3, "distance")

    assert tree.size.tolist() == [7, 3, 3]
    assert tree.leaves_at[3] == 0.2
    assert tree.group[3] == 0


def test_probability_and_outlier_score_by_hand():
    clusters = select(density_tree(chain(1, 2, 10, 4, 4), 3, "distance"), "leaf", 0.0)

    first, second = clusters.labels[0], clusters.labels[5]
    assert {first, second} == {0, 1}
    # the first group, of weights 1 and 2, falls apart at λ = 1/2; the second at 1/4: each at once, so all are typical
    assert clusters.probability.tolist() == [1] * 6
    assert clusters.outlier_score.tolist() == [0] * 6
    # stability 3 (1/2 − 1/10) and 3 (1/4 − 1/10), over 3 members and the largest λ of all, 1/2
    assert clusters.persistence.tolist() == pytest.approx([0.8, 0.3])
    assert (first, second) == (0, 1)


def test_exact_copies_never_part():
    copies = np.zeros((40, 3), np.float32)
    others = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32) + 9

    clusters = ours(np.concatenate([copies, others]))

    assert set(clusters.labels[:40].tolist()) == {clusters.labels[0]}
    assert clusters.labels[0] >= 0
    assert np.isfinite(clusters.outlier_score).all()
    assert (clusters.probability[:40] == 1).all()


def test_what_falls_out_next_to_copies_is_an_outlier_and_not_nan():
    points = np.concatenate([np.zeros((10, 2)), [[1, 0]], np.ones((10, 2)) * 9]).astype(np.float32)

    clusters = ours(points)

    assert clusters.outlier_score[10] == 1
    assert (clusters.outlier_score[:10] == 0).all()


def test_one_group_alone_is_no_cluster():
    clusters = select(density_tree(chain(1, 1, 1, 1, 1, 1), 3, "distance"), "leaf", 0.0)

    assert clusters.labels.tolist() == [-1] * 7
    assert len(clusters.persistence) == 0
