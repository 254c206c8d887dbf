"""Are means and spreads those of each subset, in every form?"""

import numpy as np
import pytest

from underglass.analyses.subset_summary import summarize


@pytest.fixture(scope="module")
def layer():
    r = np.random.default_rng(0)
    return (r.standard_normal((9000, 11)) + 100).astype(np.float32)


def assert_right(values, inside, found):
    for subset in range(inside.shape[1]):
        rows = values[inside[:, subset]].astype(np.float64)
        assert found.count[subset] == len(rows)
        assert found.mean[subset] == pytest.approx(rows.mean(0), rel=1e-6)
        assert found.deviation[subset] == pytest.approx(rows.std(0), rel=1e-4)


@pytest.mark.parametrize(("share", "subsets"), [(0.5, 5), (0.01, 40), (0.3, 1), (0.9, 1)])
def test_means_and_spreads_are_numpys_whatever_the_overlap(layer, share, subsets):
    inside = np.random.default_rng(1).random((9000, subsets)) < share
    assert_right(layer, inside, summarize(layer, inside))


def test_subset_numbers_mean_the_same_as_booleans(layer):
    numbers = np.arange(9000) % 50 - 1
    assert_right(layer, numbers[:, None] == np.arange(49), summarize(layer, numbers))


def test_an_empty_subset_is_empty_and_not_zero(layer):
    found = summarize(layer, np.zeros((9000, 2), bool))
    assert found.count.tolist() == [0, 0]
    assert np.isnan(found.mean).all()
    assert np.isnan(found.deviation).all()


def test_one_instance_has_a_mean_and_no_spread(layer):
    inside = np.zeros((9000, 1), bool)
    inside[8999] = True
    found = summarize(layer, inside)
    assert found.mean[0] == pytest.approx(layer[8999])
    assert (found.deviation == 0).all()


def test_half_precision_is_summed_without_loss(layer):
    halves = layer.astype(np.float16)
    assert_right(halves, np.ones((9000, 1), bool), summarize(halves, np.ones(9000, bool)))


def test_progress_ends_at_all(layer):
    seen = []
    summarize(layer, np.ones(9000, bool), progress=lambda done, total, stage: seen.append((done, total)))
    assert seen[-1] == (9000, 9000)
