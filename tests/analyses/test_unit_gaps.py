"""Are units that differ told apart from units that differ by chance?"""

import numpy as np
import pytest

from underglass.analyses.activation_counts import aggregate_activations
from underglass.analyses.shuffled_labels import shuffle
from underglass.analyses.unit_gaps import unit_gaps
from underglass.errors import DataError

N, UNITS, DRAWS = 200, 40, 99


def compared(values, a, b, seed=0):
    membership = np.stack([a, b], axis=1)
    counts = aggregate_activations(values, membership)
    chance = aggregate_activations(values, shuffle(membership, len(values), draws=DRAWS, seed=seed))
    return unit_gaps((counts[0], counts[1]), (int(a.sum()), int(b.sum())), (chance[:DRAWS], chance[DRAWS:]))


def halves():
    a = np.arange(N) % 2 == 0
    return a, ~a


def test_planted_units_are_set_apart_and_the_others_are_not():
    values = np.random.default_rng(0).random((N, UNITS)).astype(np.float32)
    a, b = halves()
    values[a, 3] += 2
    values[b, 7] += 2

    found = compared(values, a, b)

    assert set(np.flatnonzero(found.apart)) >= {3, 7}
    assert found.gap[3] == pytest.approx(1)
    assert found.gap[7] == pytest.approx(-1)
    assert found.p_value == 1 / (DRAWS + 1)


def test_labels_without_meaning_set_apart_no_more_than_chance_does():
    p_values = []
    for seed in range(30):
        values = np.random.default_rng(seed).random((N, UNITS)).astype(np.float32)
        p_values.append(compared(values, *halves(), seed=seed).p_value)

    assert np.mean(np.array(p_values) <= 0.05) <= 0.15


def test_gap_is_the_difference_of_shares_by_hand():
    found = unit_gaps(([3, 1], [1, 4]), (4, 8), ([[2, 2], [3, 1]], [[2, 3], [1, 4]]))

    assert found.gap.tolist() == [3 / 4 - 1 / 8, 1 / 4 - 4 / 8]
    assert found.chance.tolist() == [3 / 4 - 1 / 8, 1 / 4]
    assert not found.apart.any()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((([1], [1]), (0, 3), ([[1], [1]], [[1], [1]])), "one of them is empty"),
        ((([1], [1]), (2, 3), ([[1]], [[1]])), "at least 2 shuffles"),
        ((([1, 2], [1]), (2, 3), ([[1], [1]], [[1], [1]])), "same units"),
    ],
)
def test_what_cannot_be_compared_is_said(given, message):
    with pytest.raises(DataError, match=message):
        unit_gaps(*given)
