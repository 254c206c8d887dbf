"""Do the tests of a group agree with scipy's, and with the published t?"""

import numpy as np
import pytest
from scipy.stats import beta, false_discovery_control, ttest_ind

from underglass.analyses.evidence import beta_t, false_discovery, welch, welch_p


def sums(values):
    return np.array([len(values), values.sum(), (values**2).sum()])


def test_t_of_a_share_compares_two_betas():
    group, everyone = beta(8, 14), beta(101, 301)
    expected = (group.mean() - everyone.mean()) / np.sqrt(group.var() + everyone.var())
    assert beta_t(np.array([7]), np.array([20]), 100, 400)[0] == pytest.approx(expected)


def test_p_of_a_mean_is_scipys_of_the_group_against_the_rest():
    r = np.random.default_rng(0)
    values, inside = r.exponential(1, 300), r.random(300) < 0.2
    p = welch_p(sums(values[inside])[None], sums(values))[0]
    assert p == pytest.approx(ttest_ind(values[inside], values[~inside], equal_var=False).pvalue)


def test_t_of_a_mean_is_the_published_one_against_everyone():
    r = np.random.default_rng(1)
    values, inside = r.normal(size=200), r.random(200) < 0.3
    group = values[inside]
    expected = (group.mean() - values.mean()) / np.sqrt(group.var() / len(group) + values.var() / 200)
    assert welch(sums(group)[None], sums(values))[0] == pytest.approx(expected)


def test_q_is_scipys_and_leaves_out_what_was_not_tested():
    p = np.random.default_rng(0).random(50) ** 3
    assert false_discovery(p) == pytest.approx(false_discovery_control(p))
    holed = np.insert(p, 7, np.nan)
    assert np.isnan(false_discovery(holed)[7])
    assert np.delete(false_discovery(holed), 7) == pytest.approx(false_discovery_control(p))


def test_a_group_of_one_or_of_everyone_proves_nothing():
    values = np.arange(10.0)
    assert welch_p(np.array([sums(values[:1]), sums(values)]), sums(values)).tolist() == [1, 1]
