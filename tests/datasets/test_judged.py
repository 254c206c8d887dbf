"""Are labels with probabilities read from arrays, .npz and tables, and is what does not fit said?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from underglass.case import Case
from underglass.datasets import judged, read_judged
from underglass.errors import DataError

NAMES = ("cat", "dog", "eel")
CHANCES = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]])
LABELS = [0, 1, 2, 2]


def write_npz(path, **arrays):
    np.savez(path, **{"probabilities": CHANCES, "labels": LABELS, **arrays})
    return path


def test_an_npz_with_pictures_becomes_a_case_that_other_views_work_on(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 6)).astype(np.uint8)
    path = write_npz(tmp_path / "a.npz", classes=NAMES, images=images, split=["train", "train", "test", "test"], age=[1, 2, 3, 4])

    with Case.create_judged(tmp_path / "a.case", read_judged(path)) as case:
        np.testing.assert_allclose(np.asarray(case.model.probabilities), CHANCES.astype(np.float32))
        np.testing.assert_array_equal(case.activations("pixels"), images.reshape(4, -1))
        assert case.count("prediction = 'dog'") == 1
        assert case.count("age > 2 and split = 'test'") == 2
        assert case.model.record.accuracy_captured == 1
        np.testing.assert_array_equal(np.asarray(case.folder.media.image(2)), images[2])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_of_scores_is_read_by_the_names_of_its_columns(tmp_path, suffix):
    table = pa.table(
        {
            "id": ["a", "b", "c", "d"],
            "label": ["cat", "dog", "eel", None],
            **{f"p_{name}": CHANCES[:, i] for i, name in enumerate(NAMES)},
            "text": ["purr", "woof", "blub", "?"],
            "site": ["north", "south", "south", "north"],
        }
    )
    path = tmp_path / f"scores.{suffix}"
    (pa.csv.write_csv if suffix == "csv" else pa.parquet.write_table)(table, path)

    with Case.create_judged(tmp_path / "s.case", read_judged(path, text="text")) as case:
        assert case.folder.manifest.classes == NAMES
        assert case.labels().tolist() == [0, 1, 2, -1]
        assert case.folder.media.text(1) == "woof"
        assert case.count("site = 'north' and prediction = 'eel'") == 1
        assert case.instance(0)["id"] == "a"


def test_columns_called_as_the_classes_and_labels_as_numbers(tmp_path):
    path = tmp_path / "n.csv"
    path.write_text("y,cat,dog\ncat,.9,.1\ndog,.4,.6\n")
    assert read_judged(path, label="y").dataset.classes == ("cat", "dog")
    path.write_text("y,a,b\n0,.9,.1\n1,.4,.6\n")
    found = read_judged(path, label="y", probabilities=["a", "b"])
    assert found.dataset.table["label"].to_pylist() == [0, 1]


def test_a_column_with_a_taken_name_is_kept_under_another(tmp_path):
    path = tmp_path / "taken.csv"
    path.write_text("label,p_a,p_b,prediction\na,.9,.1,b\nb,.4,.6,b\n")

    assert read_judged(path).dataset.table["prediction_given"].to_pylist() == ["b", "b"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"probabilities": CHANCES * 100},
            r"instance 0 sum to 100, the least is 10 \(4 instances are like that\); they must sum to 1",
        ),
        ({"probabilities": CHANCES - 0.5}, "must sum to 1 and not be negative"),
        ({"probabilities": CHANCES[:3]}, "3 rows of probabilities|4 labels for 3"),
        ({"probabilities": CHANCES[:, :1]}, "a label is 2, but there are 1 classes|says nothing"),
        ({"labels": [0, 1, 2, 3]}, "a label is 3, but there are 3 classes: 0 to 2"),
        ({"labels": [0, 1, 2, -1]}, "labels go down to -1"),
        ({"classes": ["cat", "dog"]}, "2 class names for probabilities of 3 classes"),
        ({"features": np.full((4, 2), np.nan)}, "'features' of instance 0 holds NaN"),
        ({"features": np.zeros((3, 2))}, "3 rows of 'features' for 4 labels"),
        ({"images": np.zeros((3, 4, 4))}, "3 images for 4 rows"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_left(tmp_path, arrays, message):
    path = write_npz(tmp_path / "bad.npz", **arrays)

    with pytest.raises(DataError, match=message):
        Case.create_judged(tmp_path / "bad.case", read_judged(path))
    assert not (tmp_path / "bad.case").exists()


def test_a_file_that_is_not_there_or_holds_something_else_is_named(tmp_path):
    write_npz(tmp_path / "scores.npz")
    with pytest.raises(DataError, match=r"did you mean 'scores\.npz'"):
        read_judged(tmp_path / "score.npz")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 no")
    with pytest.raises(DataError, match="cannot be read as arrays"):
        read_judged(tmp_path / "broken.npz")
    np.savez(tmp_path / "other.npz", x=[1])
    with pytest.raises(DataError, match="holds x and no 'probabilities'"):
        read_judged(tmp_path / "other.npz")
    (tmp_path / "plain.csv").write_text("label,age\na,3\n")
    with pytest.raises(DataError, match="no columns of probabilities; they must be called p_<class>"):
        read_judged(tmp_path / "plain.csv")
    (tmp_path / "named.csv").write_text("labl,p_a,p_b\na,1,0\n")
    with pytest.raises(DataError, match=r"did you mean 'labl'.*--label"):
        read_judged(tmp_path / "named.csv")
    (tmp_path / "outside.csv").write_text("label,p_a,p_b\na,1,0\nc,1,0\n")
    with pytest.raises(DataError, match="label of instance 1 is outside the classes"):
        read_judged(tmp_path / "outside.csv")


def test_names_of_classes_are_not_guessed_where_they_are_unclear():
    with pytest.raises(DataError, match="which column is which is not said"):
        judged(CHANCES, ["cat", "cat", "dog", "dog"])
    assert judged(CHANCES[:, :2] / CHANCES[:, :2].sum(1, keepdims=True), ["cat", "cat", "dog", "dog"]).dataset.classes == (
        "cat",
        "dog",
    )
    with pytest.raises(DataError, match="images or texts"):
        judged(CHANCES, LABELS, images=np.zeros((4, 2, 2)), texts=["a"] * 4)
