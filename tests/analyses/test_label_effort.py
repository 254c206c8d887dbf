"""Does the curve count what a person finds?"""

import numpy as np
import pytest

from underglass.analyses.label_effort import effort_curve, random_effort, session_curve
from underglass.errors import DataError

WRONG = np.array([False, True, False, True, True])


def test_the_curve_counts_wrong_labels_in_the_order_of_inspection():
    curve = effort_curve([1, 0, 3, 4, 2], WRONG)
    assert curve.found.tolist() == [0, 1, 1, 2, 3, 3]
    assert (curve.inspected, curve.total) == (5, 3)


def test_how_many_items_until_a_share_is_found():
    curve = effort_curve([1, 0, 3, 4, 2], WRONG)
    assert (curve.items_for(0.0), curve.items_for(0.5), curve.items_for(1.0)) == (0, 3, 4)
    assert effort_curve([0], WRONG).items_for(0.5) is None


def test_the_share_found_after_so_many_items():
    curve = effort_curve([1, 0, 3, 4, 2], WRONG)
    assert curve.share_after(3) == pytest.approx(2 / 3)
    assert curve.share_after(99) == 1
    assert np.isnan(effort_curve([0], [False]).share_after(1))


def test_looking_twice_is_refused():
    with pytest.raises(DataError, match="holds a row twice"):
        effort_curve([1, 1], WRONG)


def test_in_a_session_nobody_knows_the_total():
    curve = session_curve([True, False, True])
    assert curve.found.tolist() == [0, 1, 1, 2]
    assert curve.items_for(0.5) is None


def test_random_order_is_a_straight_line():
    assert random_effort(4, 2).tolist() == [0, 0.5, 1, 1.5, 2]
