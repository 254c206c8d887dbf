"""Are the components those of scikit-learn, with a sign that is always the same?"""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from underglass.analyses.principal_components import principal_components


@pytest.mark.parametrize("shape", [(300, 20), (20, 60), (40, 40)])
def test_components_are_those_of_scikit_learn(shape):
    activations = np.random.default_rng(0).standard_normal(shape) * np.linspace(1, 3, shape[1])
    expected = PCA(5, svd_solver="full").fit(activations)

    found = principal_components(activations, 5)

    np.testing.assert_allclose(found.explained, expected.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(np.abs(found.directions), np.abs(expected.components_), atol=1e-8)
    np.testing.assert_allclose(np.abs(found.coordinates), np.abs(expected.transform(activations)), atol=1e-5)


def test_the_largest_entry_of_a_direction_is_positive():
    found = principal_components(np.random.default_rng(1).standard_normal((100, 7)), 7)

    strongest = np.abs(found.directions).argmax(1)
    assert (found.directions[np.arange(7), strongest] > 0).all()


def test_a_turned_cloud_keeps_its_distances():
    activations = np.random.default_rng(2).standard_normal((50, 6))

    coordinates = principal_components(activations, 6).coordinates

    for row in range(1, 50):
        near = np.linalg.norm(activations[row] - activations[0])
        assert np.linalg.norm(coordinates[row] - coordinates[0]) == pytest.approx(near, rel=1e-5)


def test_no_more_components_than_instances_can_have():
    assert principal_components(np.random.default_rng(0).standard_normal((4, 30)), 50).coordinates.shape == (4, 3)


def test_equal_instances_explain_nothing():
    assert principal_components(np.ones((10, 3)), 2).explained.tolist() == [0, 0]
