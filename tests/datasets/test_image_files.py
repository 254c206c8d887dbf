"""Is a folder of pictures read whole, and is what cannot be read named?"""

import os

import numpy as np
import pytest
from PIL import Image

from underglass import datasets
from underglass.datasets.pictures import pixels, shown
from underglass.errors import DataError


def test_folders_are_the_labels(folder):
    data = datasets.image_folder(folder)

    assert data.classes == ("cat", "dog")
    assert data.table.select(["id", "label", "width", "height"]).to_pylist()[1:3] == [
        {"id": "cat/b.png", "label": 0, "width": 10, "height": 12},
        {"id": "dog/a.png", "label": 1, "width": 10, "height": 12},
    ]


def test_pixels_are_the_file_s(folder, save):
    wanted = save(folder / "cat" / "a.png", 7)

    assert np.array_equal(datasets.image_folder(folder).load([0])[0], wanted)


def test_a_class_without_pictures_keeps_its_place(folder):
    (folder / "bird").mkdir()

    data = datasets.image_folder(folder)

    assert data.classes == ("bird", "cat", "dog")
    assert data.table["label"].to_pylist() == [1, 1, 2, 2]


def test_damaged_pictures_are_named_and_left_out(folder, save):
    whole = save(folder / "cat" / "cut.jpg", 1, (64, 64)) is not None and (folder / "cat" / "cut.jpg").read_bytes()
    (folder / "cat" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "dog" / "empty.png").touch()
    (folder / "dog" / "words.png").write_text("not a picture")

    data = datasets.image_folder(folder)

    assert len(data) == 4
    assert dict(data.skipped) == {
        "cat/cut.jpg": "the file is cut short",
        "dog/empty.png": "the file is empty",
        "dog/words.png": "no picture format known here",
    }


def test_a_picture_of_too_many_pixels_is_not_opened(folder):
    Image.new("1", (20_000, 20_000)).save(folder / "cat" / "bomb.png")

    data = datasets.image_folder(folder)

    assert dict(data.skipped) == {"cat/bomb.png": "more than 100,000,000 pixels"}


def test_a_folder_of_nothing_but_damage_says_the_first(tmp_path):
    (tmp_path / "a.png").touch()

    with pytest.raises(DataError, match=r"not one of 1 pictures can be used; the first, 'a.png': the file is empty\."):
        datasets.image_folder(tmp_path)


def test_splits_are_told_from_classes(tmp_path, save):
    for name in ["train/cat/a.png", "train/dog/a.png", "test/cat/b.png"]:
        save(tmp_path / name, 0)

    data = datasets.image_folder(tmp_path)

    assert data.classes == ("cat", "dog")
    assert data.table["split"].to_pylist() == ["test", "train", "train"]


def test_pictures_beside_each_other_have_no_labels(tmp_path, save):
    save(tmp_path / "a.png", 0)

    data = datasets.image_folder(tmp_path)

    assert data.classes == ()
    assert data.table["label"].to_pylist() == [None]


def test_labels_and_metadata_come_from_a_table(folder, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("file,label,age\ncat/a.png,old,31\ndog/b.png,young,\ngone.png,old,9\n")

    data = datasets.image_folder(folder, labels=table)

    assert data.table["label"].to_pylist() == [0, None, None, 1]
    assert data.table["age"].to_pylist() == [31, None, None, None]
    assert data.skipped == (("gone.png", "in the table of labels, but no such file"),)


def test_labels_come_from_a_mapping(folder):
    data = datasets.image_folder(folder, labels={"cat/a.png": "x", "dog/a.png": "y"})

    assert data.table["label"].to_pylist() == [0, None, 1, None]


def test_a_table_about_other_files_is_refused(folder):
    with pytest.raises(DataError, match=r"not one picture is in the table of labels: files are called like 'cat/a\.png'"):
        datasets.image_folder(folder, labels={"file": ["other.png"], "label": ["x"]})


def test_links_in_a_circle_end(folder):
    (folder / "cat" / "again").symlink_to(folder)

    assert len(datasets.image_folder(folder)) == 4


def test_a_name_that_is_no_text_is_still_read(folder):
    picture = (folder / "cat" / "a.png").read_bytes()
    with open(os.fsencode(folder) + b"/cat/caf\xe9.png", "wb") as file:
        file.write(picture)

    data = datasets.image_folder(folder)

    assert data.table["id"].to_pylist()[2] == "cat/caf�.png"
    assert data.load([2])[0].shape == (12, 10, 3)


def test_a_picture_lost_since_is_named(folder):
    data = datasets.image_folder(folder)
    (folder / "cat" / "a.png").unlink()

    with pytest.raises(DataError, match=r"cat/a\.png'.*It could be read when the data set was made"):
        data.load([0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "nowhere", "is not there; image_folder reads a folder of pictures"),
        (lambda path: path, "no picture below"),
    ],
)
def test_no_folder_and_no_pictures_are_said(tmp_path, make, message):
    with pytest.raises(DataError, match=message):
        datasets.image_folder(make(tmp_path))


def test_transparent_parts_lie_on_white():
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))

    assert pixels(image).tolist() == [[[255, 0, 0], [255, 255, 255]]]


def test_sixteen_bits_are_scaled_to_eight():
    image = Image.fromarray(np.array([[0, 65535]], np.uint16))

    assert pixels(image).tolist() == [[0, 255]]


def test_pictures_are_turned_as_their_camera_says(tmp_path):
    image = Image.new("RGB", (4, 2))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)

    assert datasets.image_folder(tmp_path).load([0])[0].shape == (4, 2, 3)


def test_odd_counts_of_channels_show_the_first():
    image = np.arange(2 * 2 * 5, dtype=np.uint8).reshape(2, 2, 5)

    assert np.array_equal(shown(image), image[:, :, 0])
