"""Is the interval that of scipy, and unknown where nothing was seen?"""

import numpy as np
import pytest
from scipy.stats import binomtest

from underglass.analyses.intervals import wilson


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_interval_is_that_of_scipy(confidence):
    for n in (1, 2, 7, 40, 1000):
        for k in {0, 1, n // 2, n}:
            expected = binomtest(k, n).proportion_ci(confidence, method="wilson")

            low, high = wilson(k, n, confidence=confidence)

            assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_seen_is_unknown_and_not_zero():
    low, high = wilson([0, 1], [0, 2])

    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False]


def test_ends_are_exactly_zero_and_one():
    low, high = wilson([0, 9], [9, 9])

    assert (low[0], high[1]) == (0, 1)


def test_counts_and_totals_broadcast():
    assert wilson(np.ones((3, 1)), [2, 4, 8, 16])[0].shape == (3, 4)


@pytest.mark.parametrize(("count", "of"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(count, of):
    with pytest.raises(ValueError, match="a count must be between 0 and the number seen"):
        wilson(count, of)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_is_a_fraction(confidence):
    with pytest.raises(ValueError, match=f"confidence must be between 0 and 1; got {confidence}"):
        wilson(1, 2, confidence=confidence)
