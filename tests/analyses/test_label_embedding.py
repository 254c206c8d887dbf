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
    """The same by dense numpy: positive pointwise mutual information, then the vectors of its largest positive eigenvalues."""
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
    strength, vectors = np.linalg.eigh(ppmi)
    scaled = vectors[:, ::-1][:, :rank] * np.sqrt(strength[::-1][:rank])
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True)


def test_labels_of_a_group_lie_nearest_to_each_other():
    starts, found, labels = planted()
    place = embed_labels(starts, found, labels).vectors
    assert np.isnan(place[32]).all()
    near = (place[:32] @ place[:32].T).argsort(axis=1)[:, ::-1][:, :8]
    assert (near // 8 == np.arange(32)[:, None] // 8).all()


@pytest.mark.parametrize(("groups", "rank"), [(4, 4), (40, 40)], ids=["32 labels", "320 labels"])
def test_similarities_are_those_of_the_dense_decomposition(groups, rank):
    starts, found, labels = planted(items=100 * groups, groups=groups)
    place = embed_labels(starts, found, labels, directions=rank).vectors[:-1]
    dense = dense_vectors(starts, found, labels, rank)
    assert np.abs(place @ place.T - dense @ dense.T).mean() < 2e-3


def test_labels_that_always_stand_together_and_labels_with_the_same_others_are_alike():
    """0 and 1 are never apart; 2 and 3 never meet, but stand with the same others; the rest by chance."""
    r = np.random.default_rng(0)
    sets = []
    for _ in range(4000):
        one = set(4 + np.flatnonzero(r.random(20) < 0.2))
        if r.random() < 0.2:
            one |= {0, 1}
        if r.random() < 0.4:
            one |= {int(r.integers(2, 4)), *(4 + np.flatnonzero(r.random(10) < 0.7))}
        sets.append(sorted(one))
    starts = np.concatenate([[0], np.cumsum([len(one) for one in sets])])
    place = embed_labels(starts, np.concatenate(sets).astype(int), 24).vectors
    like = place @ place.T
    assert like[0, 1] > 0.999
    assert like[2, 3] > 0.9
    assert np.abs(like[:2, 14:]).max() < 0.5 > np.abs(like[2:4, 14:]).max()  # what meets them by chance is not like them


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
