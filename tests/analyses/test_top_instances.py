"""Are the extremes of each unit those of a full sort, in whatever blocks they arrive?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underglass.analyses.top_instances import top
from underglass.errors import DataError


def by_sorting(activations, k):
    highest = np.argsort(-activations, axis=0, kind="stable")[:k].T
    lowest = np.argsort(activations, axis=0, kind="stable")[:k].T
    return highest, lowest


def in_blocks(activations, size):
    for start in range(0, len(activations), size):
        yield slice(start, min(start + size, len(activations))), activations[start : start + size]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 90), st.integers(1, 150), st.booleans())
def test_extremes_are_those_of_a_stable_sort(seed, k, instances, units, tied):
    random = np.random.default_rng(seed)
    activations = random.standard_normal((instances, units)).astype(np.float32)
    activations = np.round(activations) if tied else activations
    highest, lowest = by_sorting(activations, k)

    found = top(in_blocks(activations, 13), k)

    assert (found.rows == highest).all()
    assert (found.lowest_rows == lowest).all()
    assert (found.values == np.take_along_axis(activations.T, highest, 1)).all()
    assert (found.lowest_values == np.take_along_axis(activations.T, lowest, 1)).all()


def test_an_array_is_one_block():
    activations = np.random.default_rng(0).standard_normal((100, 7))

    assert (top(activations, 5).rows == top(in_blocks(activations, 10), 5).rows).all()


def test_a_dead_unit_lists_its_first_rows():
    assert top(np.zeros((50, 2)), 3).rows.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_infinities_are_extremes_too():
    found = top(np.array([[1.0], [-np.inf], [np.inf], [-np.inf]]), 4)

    assert found.rows.tolist() == [[2, 0, 1, 3]]
    assert found.lowest_rows.tolist() == [[1, 3, 0, 2]]


def test_fewer_instances_than_asked_for_come_back_as_they_are():
    assert top(np.arange(3.0)[:, None], 20).rows.tolist() == [[2, 1, 0]]


def test_half_precision_is_taken():
    activations = np.random.default_rng(0).standard_normal((80, 3)).astype(np.float16)

    assert (top(activations, 4).rows == by_sorting(activations.astype(np.float32), 4)[0]).all()


@pytest.mark.parametrize(
    ("activations", "message"),
    [
        (np.zeros((0, 3)), "there are no activations to look through."),
        (np.zeros(3), "activations must be (instances, units); got shape (3,)."),
        ([(slice(4, 5), np.zeros((1, 3)))], "blocks must follow each other: row 0 comes next, got 4."),
        ([(slice(0, 1), np.zeros((1, 3))), (slice(1, 2), np.zeros((1, 4)))], "a block has 4 units, the first had 3."),
        (np.array([[0.0, 0], [0, np.nan]]), "activations hold NaN, first in row 1, unit 1."),
    ],
)
def test_unusable_activations_are_refused(activations, message):
    with pytest.raises(DataError) as error:
        top(activations, 2)

    assert str(error.value) == message


def test_k_below_one_is_refused():
    with pytest.raises(DataError, match="k must be at least 1; got 0"):
        top(np.zeros((2, 2)), 0)
