"""Are instances in memory read as they are, and refused where they cannot be used?"""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from underglass import datasets
from underglass.errors import DataError


def images(n: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *(shape or (4, 5))), dtype=np.uint8)


def test_load_gives_the_same_pixels():
    x = images(5)

    data = datasets.arrays(x)

    assert np.array_equal(np.stack(data.load([4, 0])), x[[4, 0]])


def test_float_images_reach_the_model_untouched_and_are_shown_as_bytes():
    x = np.linspace(0, 1, 2 * 3 * 4).reshape(2, 3, 4)

    data = datasets.arrays(x)

    assert np.array_equal(data.load([1])[0], x[1])
    assert np.array_equal(data.media(1), np.rint(x[1] * 255).astype(np.uint8))


def test_channels_first_are_shown_with_channels_last():
    x = images(2, 3, 8, 9)

    shown = datasets.arrays(x).media(0)

    assert np.array_equal(shown, np.moveaxis(x[0], 0, 2))


def test_tensors_count_as_arrays():
    x = torch.arange(24).reshape(2, 3, 4)

    data = datasets.arrays(x, torch.tensor([1, 0]))

    assert data.table["label"].to_pylist() == [1, 0]
    assert np.array_equal(data.load([1])[0], x[1].numpy())


def test_names_as_labels_become_sorted_classes():
    data = datasets.arrays(images(3), ["dog", "cat", "dog"])

    assert data.classes == ("cat", "dog")
    assert data.table["label"].to_pylist() == [1, 0, 1]


def test_missing_labels_stay_missing():
    data = datasets.arrays(images(3), [1, None, 0], classes=["a", "b"])

    assert data.table["label"].to_pylist() == [1, None, 0]


def test_gaps_in_a_pandas_label_column_stay_gaps():
    labels = pd.Series([1, None, 0])

    assert datasets.arrays(images(3), labels).table["label"].to_pylist() == [1, None, 0]


def test_classes_of_the_same_name_are_made_distinct():
    names = ["missile", "projectile", "missile"]

    assert datasets.arrays(images(1), [2], classes=names).classes == ("missile", "projectile", "missile (2)")


def test_a_label_name_that_two_classes_bear_is_refused():
    with pytest.raises(DataError, match="2 classes are called 'missile', so that label is ambiguous"):
        datasets.arrays(images(1), ["missile"], classes=["missile", "missile"])


def test_an_unknown_label_suggests_a_known_one():
    with pytest.raises(DataError, match=r"no class named 'Sirt'; did you mean 'Shirt'\? Known: Shirt, Bag\."):
        datasets.arrays(images(1), ["Sirt"], classes=["Shirt", "Bag"])


def test_labels_counted_from_one_are_suspected():
    with pytest.raises(DataError, match=r"a label is 2, but there are 2 classes: 0 to 1\. Counted from 1\?"):
        datasets.arrays(images(2), [1, 2], classes=["a", "b"])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, -1], "labels go down to -1; class indexes start at 0"),
        ([0.5, 1], r"labels are fractions \(0.5 among them\)"),
        ([0], "1 labels for 2 instances"),
        ([datetime.date(2020, 1, 1)] * 2, "labels are date32"),
    ],
)
def test_labels_that_are_none_are_refused(labels, message):
    with pytest.raises(DataError, match=message):
        datasets.arrays(images(2), labels)


def test_duplicate_ids_are_named():
    with pytest.raises(DataError, match=r"1 ids are given more than once: 'b'\. An id names one instance"):
        datasets.arrays(images(3), ids=["a", "b", "b"])


def test_ids_may_be_numbers_or_words():
    assert datasets.arrays(images(2), ids=[7, 3]).table["id"].to_pylist() == [7, 3]
    assert datasets.arrays(images(2), ids=["x", "y"]).table["id"].to_pylist() == ["x", "y"]


@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame, pa.table])
def test_metadata_keep_types_and_nulls(make):
    when = datetime.datetime(2024, 5, 1, 12)
    columns = {"age": [31, None, 45], "city": ["Bonn", None, "Rom"], "ok": [True, False, None], "seen": [when, None, when]}

    table = datasets.arrays(images(3), metadata=make(columns)).table

    assert {name: table[name].to_pylist() for name in columns} == columns
    assert pa.types.is_timestamp(table.schema.field("seen").type)
    assert pa.types.is_boolean(table.schema.field("ok").type)


def test_nan_in_metadata_is_a_null():
    table = datasets.arrays(images(2), metadata={"score": np.array([0.5, np.nan])}).table

    assert table["score"].to_pylist() == [0.5, None]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"age": [1]}, "metadata column 'age' has 1 values for 2 instances"),
        ({"Label": [1, 2]}, "cannot be called 'Label': that name is taken"),
        ({"a": [1, "x"]}, "column 'a' mixes int, str"),
        ({"a": [1, 2], "A": [1, 2]}, "differ from 'a' only in case"),
        ({"a": [[1], [2]]}, "metadata column 'a' holds list"),
        (3, "metadata is int; it may be a dict of columns"),
    ],
)
def test_metadata_that_cannot_be_columns_are_refused(metadata, message):
    with pytest.raises(DataError, match=message):
        datasets.arrays(images(2), metadata=metadata)


@given(st.lists(st.text(), min_size=1, max_size=4, unique=True))
@settings(max_examples=60, deadline=None)
def test_hostile_words_stay_words(words):
    table = datasets.arrays(images(len(words)), metadata={"note_given": words}).table

    kept = table["note_given"].to_pylist()

    assert kept == [word.replace("\x00", "�") for word in words]


def test_lone_surrogates_become_a_sign_instead_of_an_error():
    table = datasets.arrays(images(1), metadata={"file": ["caf\udce9"]}).table

    assert table["file"].to_pylist() == ["caf�"]


def test_texts_are_instances_of_their_own():
    data = datasets.arrays(["one", "two"], [0, 1])

    assert (data.kind, data.media(1), data.load([0])) == ("text", "two", ["one"])


def test_rows_of_features_can_be_filtered_by():
    x = np.arange(6.0).reshape(2, 3)

    data = datasets.arrays(x)

    assert data.kind == "row"
    assert data.table["feature_2"].to_pylist() == [2.0, 5.0]


def test_features_with_nan_are_refused_with_their_place():
    with pytest.raises(DataError, match="features hold NaN, the first at row 1, feature 0"):
        datasets.arrays(np.array([[1.0, 2.0], [np.nan, 3.0]]))


def test_images_of_different_sizes_come_as_a_list():
    data = datasets.arrays([images(1)[0], images(1, 9, 9, 3)[0]])

    assert [one.shape for one in data.load([0, 1])] == [(4, 5), (9, 9, 3)]


def test_a_shape_that_is_no_instance_is_refused():
    with pytest.raises(DataError, match=r"x has shape \(3,\); images are \(instances, height, width\)"):
        datasets.arrays(np.zeros(3))


@pytest.mark.parametrize("n", [0, 1])
def test_none_and_one_instance_are_data_sets(n):
    data = datasets.arrays(images(n), [0] * n)

    assert len(data) == n == data.table.num_rows


def test_the_fingerprint_rests_on_ids_and_bytes_alone():
    x, other = images(3), images(3)
    other[2, 0, 0] ^= 1

    same = datasets.arrays(x, [0, 1, 1], metadata={"a": [1, 2, 3]}).fingerprint

    assert datasets.arrays(x).fingerprint == same
    assert datasets.arrays(other).fingerprint != same
    assert datasets.arrays(x, ids=[3, 4, 5]).fingerprint != same
