"""Is a real subset told from a random one?"""

import numpy as np
import pytest
from scipy.sparse import hstack

from underglass.analyses.activation_counts import aggregate_activations
from underglass.analyses.membership import as_membership
from underglass.analyses.shuffled_labels import judge, shuffle
from underglass.errors import DataError


@pytest.fixture(scope="module")
def layer():
    """Ten classes of 40; each drives two units of its own out of 64."""
    r = np.random.default_rng(0)
    labels = np.arange(400) % 10
    values = r.exponential(0.3, (400, 64))
    for own in range(2):
        values[np.arange(400), 2 * labels + own] += r.exponential(2, 400)
    return values.astype(np.float32), labels


def verdict(values, labels, wanted, seed=0):
    inside = as_membership(labels == wanted, len(labels))
    counts = aggregate_activations(values, hstack([inside, shuffle(inside, len(labels), seed=seed)], format="csr"))
    everybody = aggregate_activations(values, np.ones(len(labels), bool))[0]
    return judge({"conv": counts[0]}, {"conv": everybody}, {"conv": counts[1:]})


@pytest.mark.parametrize("wanted", range(3))
def test_a_class_with_units_of_its_own_is_accepted(layer, wanted):
    found = verdict(*layer, wanted)
    assert not found.refused
    assert found.overall > 2 * found.shuffled["conv"].mean()
    assert "more distinct than random instances are" in found.words


def test_shuffled_labels_are_refused(layer):
    values, labels = layer
    refused = [verdict(values, np.random.default_rng(seed).permutation(labels), 0, seed).refused for seed in range(20)]
    assert sum(refused) >= 17  # one in twenty passes by chance


def test_the_refusal_says_what_the_graph_shows_instead(layer):
    values, labels = layer
    found = verdict(values, np.random.default_rng(4).permutation(labels), 0)
    assert "what the graph shows is the network, not this subset" in found.words


def test_shuffled_memberships_keep_sizes_and_meet_nobody_twice():
    inside = np.random.default_rng(0).random((200, 3)) < [0.1, 0.5, 0.0]
    drawn = shuffle(inside, 200, draws=4, seed=1)
    assert drawn.shape == (200, 12)
    assert drawn.sum(0).tolist() == np.repeat(inside.sum(0), 4).tolist()
    assert (drawn != shuffle(inside, 200, draws=4, seed=1)).nnz == 0


def test_a_shuffle_moves_overlap_with_it():
    both = np.zeros((50, 2), bool)
    both[:10] = True
    drawn = shuffle(both, 50, draws=3).toarray()
    assert (drawn[:, :3] == drawn[:, 3:]).all()


def test_layers_must_agree_and_a_draw_is_needed():
    with pytest.raises(DataError, match="the same layers"):
        judge({"a": [1]}, {"b": [1]}, {"a": [[1]]})
    with pytest.raises(DataError, match="at least one shuffled subset"):
        judge({"a": [1, 0]}, {"a": [1, 1]}, {"a": np.zeros((0, 2))})
