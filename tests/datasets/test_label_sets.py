"""Is each shape of a table of many labels read as the same label sets, and is what is none refused in a sentence?"""

import numpy as np
import pytest

from underglass.datasets import read_labels
from underglass.errors import DataError

SETS = [["man", "tie"], ["woman"], [], ["tie", "woman"]]


def sets_of(read):
    return [[read.names[at] for at in read.found[read.starts[i] : read.starts[i + 1]]] for i in range(len(read.starts) - 1)]


@pytest.mark.parametrize(
    "table",
    [
        {"id": list("abcd"), "labels": ["man|tie", "woman", "", "woman| tie |tie"]},
        {"id": list("abcd"), "labels": SETS},
        {"id": list("abcd"), "man": [1, 0, 0, 0], "tie": [True, False, False, True], "woman": ["no", "Yes", "", "yes"]},
        {"id": list("abcd"), "man": [0.9, 0.1, 0.0, 0.2], "tie": [0.5, 0.4, 0.1, 0.7], "woman": [0.0, 0.99, 0.2, 1.0]},
        {"id": ["a", "a", "b", "c", "d", "d"], "label": ["man", "tie", "woman", None, "tie", "woman"]},
    ],
    ids=["text", "lists", "yes and no", "scores", "a row for each label"],
)
def test_every_shape_gives_the_same_label_sets(table):
    read = read_labels(table)
    assert read.names == ("man", "tie", "woman")
    assert sets_of(read) == SETS
    assert read.instances.table["id"].to_pylist() == list("abcd")


def test_the_highest_scores_and_a_threshold_decide():
    scores = np.random.default_rng(0).random((50, 6))
    table = {f"y{j}": scores[:, j] for j in range(6)}
    top = read_labels(table, top=2)
    assert (np.diff(top.starts) == 2).all()
    assert {tuple(row) for row in top.found.reshape(-1, 2)} == {tuple(sorted(row)) for row in scores.argsort(axis=1)[:, -2:]}
    assert len(read_labels(table, threshold=0.8).found) == (scores.astype(np.float32) >= 0.8).sum()


def test_what_is_no_label_is_kept_as_a_column(tmp_path):
    path = tmp_path / "tags.csv"
    path.write_text('id,labels,site,music\n1,"a;b",north,true\n2,b,south,false\n', encoding="utf-8")
    read = read_labels(path)
    assert read.instances.table.column_names[4:] == ["site", "music"]
    assert read.instances.table["music"].to_pylist() == [True, False]


@pytest.mark.parametrize(
    ("table", "settings", "message"),
    [
        ({"age": [31, 45]}, {}, "no labels were found.*there are: age"),
        ({"labels": ["a", "b"]}, {"labels": "label"}, "no column named 'label'; did you mean 'labels'"),
        ({"a": [0.2, 1.7]}, {"labels": ["a"]}, "scores must lie between 0 and 1; those of 'a' go from 0.2 to 1.7"),
        ({"a": [1, None]}, {"labels": ["a"]}, "column 'a' misses 1 values"),
        ({"labels": ["a", "b"]}, {"threshold": 0.5}, "lists labels, which are already yes or no"),
        ({"a": [0, 1]}, {"top": 2}, "top must be between 1 and the 1 labels; got 2"),
        ({"a": [0, 1]}, {"threshold": 0.5, "top": 1}, "not both"),
        ({"labels": ["", ""]}, {}, "holds no label at all"),
        ({"a": ["yes", "perhaps"]}, {"labels": ["a", "a"]}, "holds 'perhaps'"),
    ],
)
def test_what_is_no_table_of_labels_is_refused(table, settings, message):
    with pytest.raises(DataError, match=message):
        read_labels(table, **settings)
