"""Does a sample keep the proportions of its strata to one instance?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underglass.analyses.sampling import shares, stratified
from underglass.errors import DataError


@given(st.lists(st.integers(0, 60), min_size=1, max_size=8).filter(any), st.data())
def test_each_stratum_gets_its_share_rounded_up_or_down(sizes, data):
    size = np.array(sizes)
    count = data.draw(st.integers(1, int(size.sum())))

    dealt = shares(size, count)

    exact = size * count / size.sum()
    assert dealt.sum() == count
    assert (dealt >= np.floor(exact - 1e-9)).all()
    assert (dealt <= np.ceil(exact + 1e-9)).all()
    assert (dealt <= size).all()


def test_a_sample_has_the_proportions_dealt():
    strata = np.random.default_rng(0).choice(["a", "b", "c"], 1000, p=[0.7, 0.25, 0.05])
    values, sizes = np.unique(strata, return_counts=True)

    rows = stratified(strata, 100, seed=3)

    assert len(set(rows.tolist())) == 100
    assert (np.diff(rows) > 0).all()
    assert [(strata[rows] == value).sum() for value in values] == shares(sizes, 100).tolist()


def test_the_seed_decides_who_is_drawn():
    strata = np.zeros(1000, int)

    assert stratified(strata, 50, seed=1).tolist() == stratified(strata, 50, seed=1).tolist()
    assert stratified(strata, 50, seed=1).tolist() != stratified(strata, 50, seed=2).tolist()


def test_all_are_taken_where_there_are_no_more():
    assert stratified(np.zeros(5, int), 9).tolist() == [0, 1, 2, 3, 4]


def test_the_unlabelled_are_a_stratum_of_their_own():
    strata = np.array(["a"] * 50 + [None] * 30 + [float("nan")] * 20, dtype=object)

    rows = stratified(strata, 10)

    assert ((rows < 50).sum(), (rows >= 50).sum()) == (5, 5)


def test_an_empty_sample_is_refused():
    with pytest.raises(DataError, match="a sample needs at least 1 instance; got 0"):
        stratified(np.zeros(5), 0)
