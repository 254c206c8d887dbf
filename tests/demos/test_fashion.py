"""Is the demo what it says: these pictures, this network, this accuracy?"""

import numpy as np
import pytest

from underglass import models
from underglass.demos import fashion


@pytest.fixture(scope="module")
def demo():
    return fashion.make()


def test_the_network_is_the_one_described(demo):
    _, model = demo

    assert model.parameters == 105_866
    assert [layer.name for layer in model.layers([np.zeros((28, 28), np.uint8)]) if layer.suggested] == list(fashion.LAYERS)


def test_it_is_as_accurate_on_the_sample_as_on_the_whole_test_set(demo):
    data, model = demo

    right = model.forward(data.load(range(len(data)))).probabilities.argmax(1) == data.table["label"].to_numpy()

    assert abs(right.mean() - model.accuracy) < 0.015
    assert 0.88 < model.accuracy < 0.92


def test_pictures_are_2000_of_ten_classes(demo):
    data, _ = demo

    assert len(data) == 2000
    assert data.classes == fashion.CLASSES
    assert np.bincount(data.table["label"].to_numpy()).min() > 150
    assert data.load([0])[0].shape == (28, 28)


def test_ids_are_positions_in_the_original_test_set(demo):
    ids = demo[0].table["id"].to_numpy()

    assert ids.max() < 10_000
    assert (np.diff(ids) > 0).all()


def test_preprocessing_centres_the_pixels(demo):
    data, model = demo
    prepared = model.prepare(data.load(range(len(data)))).inputs

    assert abs(float(prepared.mean())) < 0.05
    assert abs(float(prepared.std()) - 1) < 0.05


def test_wrong_preprocessing_would_show(demo):
    data, model = demo
    wrong = models.torch(model.net, preprocess=models.to_tensor)

    right = wrong.forward(data.load(range(500))).probabilities.argmax(1) == data.table["label"].to_numpy()[:500]

    assert right.mean() < 0.8


def test_measures_are_as_counted_by_hand():
    half = np.zeros((1, 2, 4), np.uint8)
    half[0, :, :2] = [[255, 0], [255, 255]]

    measured = fashion.measures(half)

    assert measured["coverage"].tolist() == [3 / 8]
    assert measured["brightness"].tolist() == [1.0]
    assert measured["symmetry"].tolist() == [0.0]


def test_an_empty_picture_has_measures_too():
    measured = fashion.measures(np.zeros((1, 2, 2), np.uint8))

    assert [measured[name].tolist() for name in ("coverage", "brightness", "symmetry")] == [[0.0], [0.0], [1.0]]
