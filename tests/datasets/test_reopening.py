"""Does a case give back the very instances it was made from, or say what is missing?"""

import numpy as np
import pytest

from underglass import datasets
from underglass.errors import DataError


class Kept:
    """A case's media, in memory."""

    def __init__(self, data):
        self.shown = [data.media(row) for row in range(len(data))]

    def stack(self, rows):
        return np.stack([self.shown[row] for row in rows])

    def text(self, row):
        return self.shown[row] if isinstance(self.shown[row], str) else None


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    "data",
    [
        datasets.arrays(images(3, 8, 9)),
        datasets.arrays(images(3, 8, 9, 1)),
        datasets.arrays(images(3, 8, 9, 3)),
        datasets.arrays(images(3, 3, 8, 9)),
        datasets.arrays(["one", "two"], ids=["a", "b"]),
        datasets.arrays(np.arange(6.0).reshape(3, 2)),
        datasets.table({"x": [1, None], "note": [2.5, 3.5]}, features=["x", "note"]),
        datasets.table({"mail": ["hi", "there"], "label": [0, 1]}, text="mail"),
    ],
    ids=["grey", "one channel", "colour", "channels first", "texts", "features", "table", "table of texts"],
)
def test_instances_come_back_from_the_case_alone(data):
    again = datasets.reopen(data.description, data.table, Kept(data), data.classes)

    rows = range(len(data))
    assert all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
        for a, b in zip(again.load(rows), data.load(rows), strict=True)
    )
    assert again.kind == data.kind
    assert again.fingerprint == data.fingerprint


def test_pictures_come_back_from_where_they_lie(folder):
    data = datasets.image_folder(folder)

    again = datasets.reopen(data.description, data.table, Kept(data))

    assert np.array_equal(again.load([2])[0], data.load([2])[0])
    assert again.fingerprint == data.fingerprint


def test_a_picture_changed_since_changes_the_fingerprint(folder, save):
    data = datasets.image_folder(folder)
    save(folder / "cat" / "a.png", 99)

    assert datasets.reopen(data.description, data.table, Kept(data)).fingerprint != data.fingerprint


def test_pictures_listed_in_a_table_come_back_by_their_column(folder):
    data = datasets.table({"file": ["cat/a.png", "dog/b.png"], "id": [7, 8]}, image="file", root=folder)

    again = datasets.reopen(data.description, data.table, Kept(data))

    assert np.array_equal(again.load([1])[0], data.load([1])[0])
    assert again.fingerprint == data.fingerprint


def test_a_folder_that_is_gone_is_said(folder, tmp_path):
    data = datasets.image_folder(folder)
    moved = {**data.description, "root": str(tmp_path / "gone")}

    with pytest.raises(
        DataError, match=r"and that folder is not there now\. Give the data set itself: case\.attach\(model, dataset\)"
    ):
        datasets.reopen(moved, data.table, Kept(data))


def test_pictures_that_were_no_bytes_are_not_made_up():
    data = datasets.arrays(np.linspace(0, 1, 24).reshape(2, 3, 4))

    with pytest.raises(DataError, match=r"keeps its pictures only as they are shown, not as they were \(float64 \[3, 4\]\)"):
        datasets.reopen(data.description, data.table, Kept(data))
