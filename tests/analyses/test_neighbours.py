"""Are neighbours those of scikit-learn, ties and awkward numbers included?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from underglass.analyses.neighbours import nearest
from underglass.errors import DataError


@pytest.fixture(scope="module")
def activations():
    return np.random.default_rng(0).standard_normal((400, 24)).astype(np.float32)


def of_scikit_learn(activations, rows, k, metric):
    points = activations.astype(np.float64)
    distance, neighbour = (
        NearestNeighbors(n_neighbors=k + 1, algorithm="brute", metric=metric).fit(points).kneighbors(points[rows])
    )
    return neighbour[:, 1:], distance[:, 1:]


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("rows", [[7], list(range(400))])
def test_neighbours_are_those_of_scikit_learn(activations, metric, rows):
    expected_rows, expected_distances = of_scikit_learn(activations, rows, 9, metric)

    found = nearest(activations, rows, 9, metric)

    assert (found.rows == expected_rows).all()
    np.testing.assert_allclose(found.distances, expected_distances, rtol=1e-6)


def test_one_row_may_be_given_alone(activations):
    assert nearest(activations, 3, 5).rows.tolist() == nearest(activations, [3], 5).rows.tolist()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["euclidean", "cosine"]))
def test_ties_go_to_the_lower_row_for_few_queries_and_many(seed, metric):
    grid = np.random.default_rng(seed).integers(0, 2, (60, 4)).astype(np.float32)

    many = nearest(grid, np.arange(60), 6, metric)

    for row in range(60):
        alone = nearest(grid, row, 6, metric)
        assert many.rows[row].tolist() == alone.rows[0].tolist()
        key = list(zip(alone.distances[0].tolist(), alone.rows[0].tolist(), strict=True))
        assert key == sorted(key)


@pytest.mark.parametrize("change", [lambda x: x + 1e4, lambda x: 1e30 * x, lambda x: 1e-30 * x])
def test_offset_and_size_of_numbers_do_not_matter(activations, change):
    changed = change(activations.astype(np.float64))
    expected, _ = of_scikit_learn(activations, np.arange(400), 5, "euclidean")

    assert (nearest(changed, np.arange(400), 5).rows == expected).all()


def test_near_copies_are_told_apart():
    activations = np.full((50, 8), 100.0)
    activations[:, 0] += 1e-6 * np.random.default_rng(0).permutation(50)
    gap = np.abs(activations[:, 0][:, None] - activations[:, 0]) + np.where(np.eye(50), np.inf, 0)

    assert nearest(activations, np.arange(50), 1).rows[:, 0].tolist() == gap.argmin(1).tolist()


def test_a_row_of_zeros_is_at_cosine_distance_one_from_all(activations):
    with_zero = np.concatenate([activations, np.zeros((1, 24), np.float32)])

    found = nearest(with_zero, [400, *range(10)], 400, "cosine")

    assert found.distances[0].tolist() == [1] * 400
    assert found.rows[0].tolist() == list(range(400))


def test_no_more_neighbours_than_there_are_others():
    assert nearest(np.eye(3), [0, 1, 2], 9).rows.shape == (3, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((400, 3), "rows must be whole numbers from 0 to 399; got 400."),
        ((-1, 3), "rows must be whole numbers from 0 to 399; got -1."),
        ((0.5, 3), "rows must be whole numbers from 0 to 399; got 0.5."),
        ((0, 0), "k must be at least 1; got 0."),
        ((0, 3, "cosin"), "no metric named 'cosin'; did you mean 'cosine'? Known: euclidean, cosine."),
    ],
)
def test_wrong_questions_are_refused(activations, arguments, message):
    with pytest.raises(DataError) as error:
        nearest(activations, *arguments)

    assert str(error.value) == message


def test_nan_is_refused(activations):
    spoilt = activations.copy()
    spoilt[5, 5] = np.nan

    with pytest.raises(DataError, match="activations hold NaN or infinity"):
        nearest(spoilt, 0, 3)
