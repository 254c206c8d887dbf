"""Are dead units and twins those that numpy finds by looking at all pairs?"""

import numpy as np
import pytest

from underglass.analyses.unit_census import census
from underglass.errors import DataError


def planted(n=600, seed=0):
    random = np.random.default_rng(seed)
    values = np.maximum(random.normal(0, 1, (n, 12)), 0).astype(np.float32)
    values[:, 3] = 0
    values[:, 4] = -np.abs(random.normal(0, 1, n))
    values[:, 5] = 2.5
    values[:, 9] = 3 * values[:, 1] + 1
    values[:, 10] = values[:, 1]
    return values


def test_ranges_are_numpys():
    values = planted()
    found = census(values)

    np.testing.assert_array_equal(found.low, values.min(0))
    np.testing.assert_array_equal(found.high, values.max(0))
    np.testing.assert_allclose(found.mean, values.mean(0, dtype=np.float64), rtol=1e-5)
    np.testing.assert_allclose(found.deviation, values.std(0, dtype=np.float64), rtol=1e-4, atol=1e-6)


def test_silent_negative_and_constant_units_are_dead_and_no_others():
    assert np.flatnonzero(census(planted()).dead).tolist() == [3, 4, 5]


def test_twins_are_the_pairs_that_correlate_and_no_others():
    values = planted()
    found = census(values)
    live = ~found.dead
    correlation = np.corrcoef(values[:, live].T)
    units = np.flatnonzero(live)
    expected = {units[j]: units[i] for j in range(len(units)) for i in reversed(range(j)) if correlation[i, j] > 0.999}

    assert {int(u): int(t) for u, t in enumerate(found.twin_of) if t >= 0} == expected == {9: 1, 10: 1}


def test_instances_that_could_not_be_read_are_left_out():
    values = planted()
    whole = census(values[:-2])
    values[-2:] = np.nan
    found = census(values)

    assert found.finite.sum() == 598
    np.testing.assert_array_equal(found.high, whole.high)


def test_a_layer_of_nothing_is_dead():
    assert census(np.zeros((5, 4))).dead.all()
    assert census(np.full((5, 4), np.nan)).dead.all()
    with pytest.raises(DataError, match="needs instances"):
        census(np.zeros((0, 4)))
