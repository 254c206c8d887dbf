"""Are classes alike that use the same units, and is what is empty left empty?"""

import numpy as np
import pytest

from underglass.analyses.class_embedding import embed_classes, similarity
from underglass.errors import DataError


def families(classes=24, units=40, seed=0):
    """Counts of classes of which every third uses mostly the same units."""
    r = np.random.default_rng(seed)
    mean = np.ones((classes, units))
    for family in range(3):
        mean[family::3, family * 10 : family * 10 + 10] = 30
    return r.poisson(mean)


def test_similarity_is_the_cosine_of_the_counts_and_not_of_their_places():
    counts = np.array([[4, 0, 3], [0, 9, 0], [8, 0, 6]])
    assert similarity(counts, 0).tolist() == pytest.approx([1, 0, 1])


def test_an_empty_class_is_like_none():
    assert np.isnan(similarity([[1, 2], [0, 0]], 0)[1])
    assert np.isnan(similarity([[1, 2], [0, 0]], 1)).all()


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_classes_of_one_family_lie_together(method):
    places = embed_classes({"conv": families()}, method=method).coordinates["conv"]
    centres = np.stack([places[family::3].mean(0) for family in range(3)])
    nearest = np.linalg.norm(places[:, None] - centres, axis=2).argmin(1)
    assert (nearest == np.arange(24) % 3).all()


def test_each_layer_is_turned_onto_the_one_before():
    counts = families()
    found = embed_classes({"a": counts, "b": counts[:, ::-1]}, method="pca").coordinates
    assert found["b"] == pytest.approx(found["a"], abs=1e-4)


def test_a_class_without_instances_has_no_place():
    counts = families()
    counts[5] = 0
    for method in ("pca", "umap"):
        found = embed_classes({"a": counts, "b": counts}, method=method).coordinates
        for places in found.values():
            assert np.isnan(places[5]).all()
            assert not np.isnan(np.delete(places, 5, 0)).any()


def test_few_classes_are_drawn_by_principal_components_and_it_says_so():
    assert embed_classes({"a": families(6)}).method == "pca"


def test_the_same_seed_draws_the_same():
    one, two = (embed_classes({"a": families()}, seed=3).coordinates["a"] for _ in range(2))
    assert (one == two).all()


def test_layers_must_have_the_same_classes():
    with pytest.raises(DataError, match="layer 'b' has 5 subsets, the one before 24"):
        embed_classes({"a": families(), "b": families()[:5]}, method="pca")
