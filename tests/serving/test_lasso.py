"""Are the points in a polygon those a ray from them crosses an odd number of times?"""

import numpy as np
import pytest

from underglass.errors import DataError
from underglass.serving.lasso import inside


def test_a_convex_polygon_holds_what_its_half_planes_hold():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-2, 2, (2, 2000))
    corners = np.array([(np.cos(t), np.sin(t)) for t in np.linspace(0, 2 * np.pi, 7, endpoint=False)])
    edges = np.roll(corners, -1, axis=0) - corners
    left = edges[:, :1] * (y - corners[:, 1:]) - edges[:, 1:] * (x - corners[:, :1]) > 0

    assert (inside(x, y, corners) == left.all(axis=0)).all()


def test_a_polygon_that_crosses_itself_is_even_odd():
    bow = [(0, 0), (2, 2), (2, 0), (0, 2)]

    found = inside(np.array([0.5, 1.5, 1.0, 1.0]), np.array([1.0, 1.0, 0.5, 1.8]), bow)

    assert found.tolist() == [True, True, False, False]


def test_a_hole_drawn_into_it_is_outside():
    ring = [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0), (1, 1), (1, 3), (3, 3), (3, 1), (1, 1)]

    assert inside(np.array([0.5, 2.0]), np.array([2.0, 2.0]), ring).tolist() == [True, False]


def test_either_direction_and_any_first_corner_give_the_same():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 500))
    corners = rng.normal(size=(9, 2))

    expected = inside(x, y, corners)

    assert (inside(x, y, corners[::-1]) == expected).all()
    assert (inside(x, y, np.roll(corners, 4, axis=0)) == expected).all()


def test_a_point_without_a_place_is_outside():
    assert not inside(np.array([np.nan]), np.array([0.5]), [(0, 0), (1, 0), (1, 1)]).any()


@pytest.mark.parametrize(
    "polygon",
    [[], [(0, 0), (1, 1)], [(0, 0, 0)] * 3, [(0, float("nan"))] * 3, "abc", None, [(0, 0), (1, "x"), (2, 2)], [(0, 0)] * 10_001],
)
def test_what_is_no_polygon_is_refused(polygon):
    with pytest.raises(DataError, match="a lasso needs 3 to 10,000 corners, each of two numbers"):
        inside(np.zeros(1), np.zeros(1), polygon)
