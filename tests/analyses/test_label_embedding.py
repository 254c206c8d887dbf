"""Do labels that occur with the same others lie together, and does the sparse decomposition equal the dense one?"""

import numpy as np
import pytest

from underglass.analyses.label_embedding import embed_labels
from underglass.errors import DataError


def planted(items=3000, groups=4, each=8, seed=0):
    """Label sets drawn within one of four groups; label 32 never occurs."""
    r = np.random.default_rng(seed)
    sets = [np.sort(r.choice(each, 3, replace=False) + each * r.integers(groups)) for _ in range(items)]
    return np.arange(0, 3 * items + 1, 3), np.concatenate(sets), groups * each + 1


def dense_vectors(starts, found, labels, rank):
    """The same by dense numpy: positive pointwise mutual information, then its singular vectors."""
    yes = np.zeros((len(starts) - 1, labels))
    for i in range(len(starts) - 1):
        yes[i, found[starts[i] : starts[i + 1]]] = 1
    joint = yes.T @ yes
    np.fill_diagonal(joint, 0)
    known = joint.sum(axis=1) > 0
    joint = joint[known][:, known]
    size = joint.sum(axis=1)
    with np.errstate(divide="ignore"):
        ppmi = np.maximum(np.log(joint * size.sum() / np.outer(size, size)), 0)
    left, strength, _ = np.linalg.svd(ppmi)
    scaled = left[:, :rank] * np.sqrt(strength[:rank])
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True)


def test_labels_of_a_group_lie_nearest_to_each_other():
    starts, found, labels = planted()
    place = embed_labels(starts, found, labels).vectors
    assert np.isnan(place[32]).all()
    near = (place[:32] @ place[:32].T).argsort(axis=1)[:, ::-1][:, :8]
    assert (near // 8 == np.arange(32)[:, None] // 8).all()


def test_similarities_are_those_of_the_dense_decomposition():
    starts, found, labels = planted(items=400)
    place = embed_labels(starts, found, labels, directions=4).vectors[:32]
    dense = dense_vectors(starts, found, labels, 4)
    assert place @ place.T == pytest.approx(
        dense @ dense.T, abs=1e-3
    )  # the fourth direction is the last one kept, so rounds matter


def test_the_same_seed_gives_the_same_places_and_the_plane_is_centred():
    starts, found, labels = planted()
    one, two = embed_labels(starts, found, labels), embed_labels(starts, found, labels)
    assert np.array_equal(one.places, two.places, equal_nan=True)
    assert np.nanmean(one.places, axis=0) == pytest.approx([0, 0], abs=1e-9)
    assert one.explained[0] >= one.explained[1]


def test_an_item_with_very_many_labels_is_thinned_not_refused():
    found = np.concatenate([np.arange(500), [0, 1], [2, 3], [1, 2]])
    place = embed_labels(np.array([0, 500, 502, 504, 506]), found, 500)
    assert np.isfinite(place.vectors).any()


def test_labels_that_never_meet_have_no_map():
    with pytest.raises(DataError, match="0 labels occur together with another one; a map needs at least three"):
        embed_labels(np.arange(11), np.arange(10), 10)
