"""Is trustworthiness that of scikit-learn?"""

import math

import numpy as np
import pytest
from sklearn.manifold import trustworthiness as of_scikit_learn

from underglass.analyses.trustworthiness import trustworthiness


@pytest.mark.parametrize("k", [1, 5, 12])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_it_is_that_of_scikit_learn(k, share):
    random = np.random.default_rng(0)
    activations = random.standard_normal((150, 10))
    coordinates = (1 - share) * activations[:, :2] + share * random.standard_normal((150, 2))

    assert trustworthiness(activations, coordinates, k) == pytest.approx(of_scikit_learn(activations, coordinates, n_neighbors=k))


def test_a_faithful_picture_is_trusted_fully():
    points = np.random.default_rng(0).standard_normal((60, 2))

    assert trustworthiness(points, 3 * points + 100, 12) == 1


def test_a_random_picture_is_at_chance():
    random = np.random.default_rng(0)

    assert trustworthiness(random.standard_normal((400, 5)), random.standard_normal((400, 2)), 12) == pytest.approx(0.5, abs=0.05)


def test_too_few_instances_are_unknown():
    assert math.isnan(trustworthiness(np.zeros((24, 3)), np.zeros((24, 2)), 12))
