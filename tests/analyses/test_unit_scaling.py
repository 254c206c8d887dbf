"""Is each unit divided by what equation 2 says, and are unusable activations refused in words?"""

import numpy as np
import pytest

from underglass.analyses.unit_scaling import checked, normalisers, scaled
from underglass.errors import DataError


@pytest.fixture
def means():
    return np.array([[1.0, -4.0, 0.0], [2.0, 3.0, 0.0]])[:, None, :]


def test_a_unit_is_divided_by_its_largest_magnitude(means):
    assert normalisers(means, ("mean",)).tolist() == [[2, 4, 0]]


def test_a_std_is_divided_by_the_root_of_the_means_largest_magnitude(means):
    both = np.concatenate([means, np.abs(means)], axis=1)

    assert normalisers(both, ("mean", "std")).tolist() == [[2, 4, 0], [2**0.5, 2, 0]]


def test_min_and_max_are_each_divided_by_their_own(means):
    both = np.concatenate([-10 * means, means], axis=1)

    assert normalisers(both, ("min", "max")).tolist() == [[20, 40, 0], [2, 4, 0]]


def test_a_dead_unit_stays_zero(means):
    assert scaled(means, ("mean",), normalize_units=True)[:, 2].tolist() == [0, 0]


def test_the_rounding_noise_of_a_dead_unit_is_not_blown_up():
    activations = np.array([[1.0, 1e-12], [2.0, -1e-12]])[:, None, :]

    assert scaled(activations, ("mean",), normalize_units=True)[:, 1].tolist() == [0, 0]


def test_a_quiet_layer_is_scaled_like_a_loud_one(means):
    quiet = scaled(means * 2.0**-40, ("mean",), normalize_units=True)

    assert quiet.tolist() == scaled(means, ("mean",), normalize_units=True).tolist()


def test_distances_survive_a_large_common_offset():
    random = np.random.default_rng(0)
    activations = random.standard_normal((50, 1, 4))

    near = scaled(activations, ("mean",), normalize_units=False)
    far = scaled(activations + 1e8, ("mean",), normalize_units=False)

    np.testing.assert_allclose(far, near, atol=1e-7)


def test_whole_numbers_stay_exact():
    activations = np.random.default_rng(0).integers(-9, 9, (70, 1, 5)).astype(float) + 1e6

    points = scaled(activations, ("mean",), normalize_units=False)

    assert (points - points[0].astype(np.float64) == activations[:, 0] - activations[0, 0]).all()


def test_the_order_of_rows_changes_no_bit():
    random = np.random.default_rng(0)
    activations = random.standard_normal((500, 1, 30))
    shuffled = random.permutation(500)

    points = scaled(activations, ("mean",), normalize_units=True)

    assert (scaled(activations[shuffled], ("mean",), normalize_units=True) == points[shuffled]).all()


@pytest.mark.parametrize(
    ("activations", "message"),
    [
        (np.zeros(3), "activations must be (instances, units) or (instances, parts, units); got 1 dimensions."),
        (np.zeros((2, 3, 4, 5)), "activations must be (instances, units) or (instances, parts, units); got 4 dimensions."),
        (np.array([["a"]]), "activations must be numbers; got <U1."),
        (np.zeros((0, 3)), "activations are empty: shape (0, 3)."),
        (np.array([[1, 2], [np.nan, 1], [np.inf, 1]]), "activations hold NaN or infinity in 2 of 3 instances, first in row 1."),
    ],
)
def test_unusable_activations_are_refused(activations, message):
    with pytest.raises(DataError) as error:
        checked(activations)

    assert str(error.value) == message


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("maen",), "no part named 'maen'; did you mean 'mean'? Known: mean, std, min, max."),
        (("mean", "std"), "activations (instances, parts, units) have 1 parts, but 2 named here: mean, std."),
        (("mean", "mean"), "a part is named twice: mean, mean."),
        (("std",), "a std is scaled by the mean's largest magnitude: give both, as parts=('mean', 'std')."),
    ],
)
def test_wrong_parts_are_refused(means, parts, message):
    with pytest.raises(DataError) as error:
        scaled(means, parts, normalize_units=True)

    assert str(error.value) == message


def test_numbers_too_large_for_float32_are_refused():
    with pytest.raises(DataError, match="differ by more than 3e38"):
        scaled(np.array([[1e300], [-1e300]])[:, None, :], ("mean",), normalize_units=False)
