"""Are the quartiles of each group exact, and is an empty group empty?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underglass.analyses.unit_statistics import statistics
from underglass.errors import DataError


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 200))
def test_numbers_are_those_of_numpy(seed, instances, units):
    random = np.random.default_rng(seed)
    activations = random.standard_normal((instances, units)).astype(np.float32)
    labels = random.integers(-1, 3, instances)

    found = statistics(activations, labels)

    assert found.groups.tolist() == sorted(set(labels.tolist()))
    for index, label in enumerate(found.groups):
        members = activations[labels == label].astype(np.float64)
        first, median, third = np.quantile(members, [0.25, 0.5, 0.75], axis=0)
        assert found.n[index] == len(members)
        expected = {
            "mean": members.mean(0),
            "minimum": members.min(0),
            "first_quartile": first,
            "median": median,
            "third_quartile": third,
            "maximum": members.max(0),
            "lower": np.maximum(first - 1.5 * (third - first), members.min(0)),
            "upper": np.minimum(third + 1.5 * (third - first), members.max(0)),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(getattr(found, name)[index], value, rtol=1e-6, atol=1e-6)


def test_groups_of_a_membership_matrix_may_overlap():
    activations = np.array([[1.0], [2.0], [6.0]])
    membership = np.array([[True, True], [True, False], [True, True]])

    found = statistics(activations, membership)

    assert found.n.tolist() == [3, 2]
    assert found.mean[:, 0].tolist() == [3, 3.5]
    assert found.median[:, 0].tolist() == [2, 3.5]


def test_an_empty_group_is_empty_and_not_zero():
    found = statistics(np.ones((2, 3)), np.array([[True, False], [True, False]]))

    assert found.n.tolist() == [2, 0]
    for name in ("mean", "minimum", "first_quartile", "median", "third_quartile", "maximum", "lower", "upper"):
        assert np.isnan(getattr(found, name)[1]).all()
        assert (getattr(found, name)[0] == 1).all()


def test_noise_is_a_group():
    assert statistics(np.ones((3, 1)), np.array([-1, 0, -1])).groups.tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.zeros(3, int), "groups are of 3 instances, activations of 4."),
        (np.zeros(4), "groups must be one whole number per instance, or booleans (instances, groups); got float64 (4,)."),
    ],
)
def test_groups_that_do_not_fit_are_refused(groups, message):
    with pytest.raises(DataError) as error:
        statistics(np.zeros((4, 2)), groups)

    assert str(error.value) == message


def test_activations_of_other_axes_are_refused():
    with pytest.raises(DataError, match=r"activations must be \(instances, units\); got shape \(4,\)"):
        statistics(np.zeros(4), np.zeros(4, int))
