"""Is a membership read the same in every form?"""

import re

import numpy as np
import pytest
from scipy.sparse import csr_array

from underglass.analyses.membership import as_membership, in_blocks
from underglass.errors import DataError

INSIDE = np.array([[True, False], [False, True], [False, False], [False, True]])


@pytest.mark.parametrize("form", [INSIDE, csr_array(INSIDE), np.array([0, 1, -1, 1])], ids=["dense", "sparse", "numbers"])
def test_all_forms_are_the_same_membership(form):
    assert (as_membership(form, 4).toarray() == INSIDE).all()


def test_one_row_of_booleans_is_one_subset():
    assert as_membership(INSIDE[:, 1], 4).toarray().tolist() == [[False], [True], [False], [True]]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (np.array([0.5, 0.5, 0.0, 1.0]), "booleans (instances, subsets) or one subset number each, not float64"),
        (np.array([0, -2, 0, 0]), "subset numbers begin at 0, and −1 says in none."),
        (INSIDE[:3], "a membership of 3 instances for 4."),
    ],
)
def test_what_is_no_membership_is_refused(form, message):
    with pytest.raises(DataError, match=re.escape(message)):
        as_membership(form, 4)


def test_activations_come_in_consecutive_blocks_of_float32():
    values = np.arange(20_000, dtype=np.float16).reshape(10_000, 2)
    shape, blocks = in_blocks(values)
    parts = list(blocks)
    assert shape == (10_000, 2)
    assert [rows.start for rows, _ in parts[1:]] == [rows.stop for rows, _ in parts[:-1]]
    assert (np.concatenate([block for _, block in parts]) == values).all()
    assert parts[0][1].dtype == np.float32


def test_maps_must_be_pooled_first():
    with pytest.raises(DataError, match="pool maps over space first"):
        in_blocks(np.zeros((2, 3, 4, 4)))
