"""Does a planted deviation come first, and is a random subset near what chance gives?"""

import numpy as np
import pytest

from underglass.analyses.ranked_subsets import rank_subsets
from underglass.errors import DataError


def test_deviation_is_in_deviations_of_the_class():
    random = np.random.default_rng(0)
    values = random.normal(0, 2, (400, 30))
    labels = np.repeat([0, 1], 200)
    values[labels == 1] += 5
    values[:20] += 4
    some, drawn = np.arange(20), random.choice(np.arange(200, 400), 40, replace=False)

    found = rank_subsets(values, labels, [drawn, some, [1, 2]])

    assert [one.place for one in found] == [1, 0]
    assert [one.label for one in found] == [0, 1]
    own = values[labels == 0]
    by_hand = np.sqrt(np.mean(((values[:20].mean(0) - own.mean(0)) / own.std(0)) ** 2))
    assert found[0].deviation == pytest.approx(by_hand, rel=1e-4)
    assert found[1].ratio == pytest.approx(1, abs=0.4)


def test_without_labels_all_instances_are_the_measure():
    values = np.random.default_rng(0).normal(0, 1, (50, 4))
    (found,) = rank_subsets(values, np.full(50, -1), [range(10)])
    assert found.label == -1


def test_lengths_must_fit():
    with pytest.raises(DataError, match="3 activations and 2 labels"):
        rank_subsets(np.ones((3, 1)), [0, 0], [])
