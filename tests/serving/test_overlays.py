"""Do edits show in the served table, and does taking them back leave no trace?"""

import numpy as np
import pytest

from serving.building import CLASSES, N, read, serve
from underglass.errors import EditError


def _value(served, row, column):
    return served.table(columns=[column])[column][row].as_py()


def test_a_relabel_shows_and_changes_what_is_correct(edited, edits):
    rows = [row for row in range(N) if _value(edited, row, "prediction") == "Coat"][:3]
    version = edited.version

    edits.append("label", rows=rows, new=CLASSES.index("Coat"))
    edited.apply()

    assert [_value(edited, row, "label") for row in rows] == ["Coat"] * 3
    assert [_value(edited, row, "correct") for row in rows] == [True] * 3
    assert edited.version == version + 1


def test_a_label_taken_off_is_missing_and_so_is_correct(edited, edits):
    edits.append("label", rows=[1], new=None)
    edited.apply()

    assert _value(edited, 1, "label") is None
    assert _value(edited, 1, "correct") is None
    assert _value(edited, 1, "correct@mlp") is None


def test_labels_one_by_one(edited, edits):
    edits.append("label", rows=[5, 2, 9], new=[0, None, 3])
    edited.apply()

    assert [_value(edited, row, "label") for row in (2, 5, 9)] == [None, "Shirt", "it's"]


def test_tags_notes_and_marks_show_at_once_in_filters(edited, edits):
    edits.append("tag", rows=[1, 2, 3], new="bad 'crop'")
    edits.append("tag", rows=[3, 4], new="a first one")
    edits.append("note", rows=[4], new="look; -- again")
    edits.append("exclude", rows=[7])
    edits.append("confirm", rows=[8], new=True)
    edits.append("flag", rows=[9], new=True)
    edited.apply()

    assert edited.rows({"op": "contains", "column": "tags", "text": "bad 'crop'"}).tolist() == [1, 2, 3]
    assert _value(edited, 3, "tags") == ["a first one", "bad 'crop'"]
    assert edited.rows({"op": "contains", "column": "note", "text": "LOOK; --"}).tolist() == [4]
    assert edited.rows({"op": "truth", "column": "excluded"}).tolist() == [7]
    assert edited.rows({"op": "truth", "column": "confirmed"}).tolist() == [8]
    assert edited.rows({"op": "truth", "column": "flagged"}).tolist() == [9]
    assert read(edited.query("SELECT count(*) AS n FROM instances"))["n"][0].as_py() == N


def test_edits_made_before_are_served_from_the_beginning(edits):
    edits.append("tag", rows=[1], new="old")
    edits.append("label", rows=[2], new=3)
    served = serve(edits)

    assert _value(served, 1, "tags") == ["old"]
    assert _value(served, 2, "label") == "it's"
    assert served.version == 1
    served.close()


def _random_edit(rng, edits):
    rows = rng.choice(N, rng.integers(1, 60), replace=False)
    op = rng.choice(["label", "tag", "untag", "note", "exclude", "include", "confirm", "flag", "undo", "redo"])
    if op in ("undo", "redo"):
        getattr(edits, op)()
    elif op == "label":
        edits.append(op, rows=rows, new=[None, 0, 1, 2, 3][rng.integers(5)])
    elif op in ("tag", "untag"):
        edits.append(op, rows=rows, new=f"tag {rng.integers(3)}")
    elif op == "note":
        edits.append(op, rows=rows, new=[None, "a", "it's"][rng.integers(3)])
    elif op in ("confirm", "flag"):
        edits.append(op, rows=rows, new=bool(rng.integers(2)))
    else:
        edits.append(op, rows=rows)


def test_after_any_edits_the_table_is_the_one_served_afresh(edited, edits):
    rng = np.random.default_rng(5)
    for step in range(60):
        _random_edit(rng, edits)
        if rng.integers(3):
            edited.apply()
        if step % 20 == 19:
            edited.apply()
            afresh = serve(edits)
            assert edited.table().equals(afresh.table())
            afresh.close()


def test_taking_back_everything_leaves_the_table_as_it_was(edited, edits):
    before = edited.table()
    rng = np.random.default_rng(6)
    for _ in range(50):
        _random_edit(rng, edits)
        edited.apply()

    while edits.undo() is not None:
        pass
    edited.apply()

    assert edited.table().equals(before)


def test_tagging_leaves_every_row_in_its_place(edited, edits):
    for turn in range(12):
        edits.append("tag" if turn % 2 == 0 else "untag", rows=range(N), new="x")
        edited.apply()

    places = read(edited.query("SELECT rowid AS place, row FROM instances"))
    assert places["place"].to_pylist() == places["row"].to_pylist() == list(range(N))


def test_an_edit_that_is_refused_changes_nothing(edited, edits):
    version = edited.version

    with pytest.raises(EditError):
        edits.append("label", rows=[1], new=99)
    assert edited.version == version
