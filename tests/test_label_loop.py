"""Is nothing ever lost? Corrections are undone to the byte, replayed on a copy, refused elsewhere, guarded between two people."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from judged import CLASSES, digits
from underglass.case import Case
from underglass.errors import EditError
from underglass.views.edits import labels, patch


@pytest.fixture
def case(tmp_path):
    with Case.create_judged(tmp_path / "digits.case", digits().judged()) as opened:
        opened.author = "mara"
        yield opened


def correct_all(case):
    rows = np.flatnonzero(digits().wrong)
    for row in rows.tolist():
        case.relabel([row], CLASSES[digits().truth[row]])
    return rows


@pytest.mark.parametrize("format", ["csv", "parquet", "jsonl", "npz"])
def test_relabelling_and_undoing_gives_the_same_file_of_labels_to_the_byte(case, format):
    before = labels(case, format)
    rows = correct_all(case)
    assert labels(case, format) != before

    for _ in rows:
        case.undo()

    assert labels(case, format) == before


def test_the_npz_holds_what_a_training_run_needs(case, tmp_path):
    correct_all(case)
    path = tmp_path / "labels.npz"
    path.write_bytes(labels(case, "npz"))

    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["label"], case.labels())
        np.testing.assert_array_equal(file["source_label"], digits().given)
        assert file["classes"].tolist() == list(CLASSES)
        assert file["changed"].sum() == digits().wrong.sum()
        assert file["split"].tolist() == digits().split.tolist()


def test_the_corrections_replay_on_a_fresh_copy_with_their_authors(case, tmp_path):
    shutil.copytree(case.folder.path, tmp_path / "copy.case")
    correct_all(case)
    case.edit("confirm", rows=[1], author="jo")
    path = tmp_path / "edits.jsonl"
    path.write_bytes(patch(case))

    with Case.open(tmp_path / "copy.case") as copy:
        copy.folder.apply_patch(path)
        copy.sync()
        assert labels(copy, "csv") == labels(case, "csv")
        assert [edit.author for edit in copy.history()] == [edit.author for edit in case.history()]


def test_corrections_made_for_other_data_are_refused_and_nothing_changes(case, tmp_path):
    correct_all(case)
    path = tmp_path / "edits.jsonl"
    path.write_bytes(patch(case))

    with Case.create_judged(tmp_path / "other.case", digits(copies=False).judged()) as other:
        with pytest.raises(EditError, match=r"other data|708 instances"):
            other.folder.apply_patch(path)
        assert other.history() == []


def test_a_label_that_somebody_else_changed_since_is_not_overwritten(case):
    seen = CLASSES[digits().given[7]]
    other = next(name for name in CLASSES if name != seen)
    case.edit("label", rows=[7], value=other, author="jo")

    with pytest.raises(EditError, match="1 of 1 instances have changed since you looked"):
        case.edit("label", rows=[7], value=[seen], seen=[seen])
    assert CLASSES[case.labels()[7]] == other
    case.edit("label", rows=[7], value=[seen], seen=[other])
    assert CLASSES[case.labels()[7]] == seen


def test_an_undo_of_what_somebody_else_changed_since_is_refused_and_names_them(case):
    case.edit("label", rows=[7], value="one")
    case.edit("label", rows=[7], value="two", author="jo")

    with pytest.raises(EditError, match="jo has since"):
        case.undo("mara")
    assert CLASSES[case.labels()[7]] == "two"


def test_a_hundred_labels_each_its_own_are_one_edit_that_one_undo_takes_back(case):
    before = case.labels()
    rows = list(range(100))
    wanted = [CLASSES[(code + 1) % 10] for code in before[:100]]

    case.edit("label", rows=rows, value=wanted)

    assert [CLASSES[code] for code in case.labels()[:100]] == wanted
    case.undo()
    np.testing.assert_array_equal(case.labels(), before)


def test_a_wrong_name_among_many_labels_changes_nothing(case):
    with pytest.raises(EditError, match="did you mean 'three'"):
        case.edit("label", rows=[1, 2], value=["one", "tree"])
    assert case.history() == []
