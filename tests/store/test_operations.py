"""Is every operation checked, with an error that says what is allowed?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from store.building import CLASSES, INSTANCES
from underglass.errors import EditError
from underglass.store import Journal
from underglass.store.operations import checked, references

LIVE = {"name": "s", "kind": "live", "filter": {"op": "null", "column": "age"}}


@pytest.mark.parametrize(
    ("op", "rows", "new", "message"),
    [
        ("lable", [1], 0, r"no edit named 'lable'; did you mean 'label'\?"),
        ("label", None, 0, "the edit 'label' needs rows"),
        ("label", [], 0, "no instances are selected: there is nothing to do"),
        ("label", [37], 0, "there is no instance 37: rows are 0 to 36"),
        ("label", [-1], 0, "there is no instance -1: rows are 0 to 36"),
        ("label", [0.5], 0, "rows must be a list of whole numbers, not float64 of 1 axes"),
        ("label", [True, False], 0, "rows must be a list of whole numbers, not bool"),
        ("label", [[1]], 0, "of 2 axes"),
        ("label", [1], 3, "there is no class 3: "),
        ("label", [1], -1, "there is no class -1: "),
        ("label", [1], "Coat", "a label is a class index or None, not 'Coat'"),
        ("label", [1], True, "a label is a class index or None, not True"),
        ("label", [1, 2], [0], "1 labels for 2 instances"),
        ("label", [1, 2], [0, 3], "there is no class 3"),
        ("label", [1, 1], [0, 1], "an instance is given twice with different labels"),
        ("tag", [1], " ", "a tag needs a name"),
        ("tag", [1], None, "a tag needs a name"),
        ("tag", [1], "x" * 201, "the tag's name has 201 characters; at most 200 are kept"),
        ("note", [1], 5, "a note is text or None, not int"),
        ("note", [1], "x" * 100_001, "the note has 100001 characters"),
        ("exclude", [1], True, "the edit 'exclude' takes no value"),
        ("confirm", [1], "yes", "the edit 'confirm' takes True or False, not 'yes'"),
        ("flag", None, None, "the edit 'flag' needs rows, or a kind of thing and its ids"),
        ("hide", None, {"kind": "label", "ids": []}, "needs rows, or a kind of thing and its ids"),
        ("hide", None, {"kind": "", "ids": ["a"]}, "a kind of thing needs a name"),
        ("subset", None, None, "the edit 'subset' takes a definition with a name"),
        ("subset", None, {"name": "", "kind": "live"}, "a subset needs a name"),
        ("subset", None, {"name": "s", "kind": "alive"}, "a subset is 'live' or 'frozen', not 'alive'"),
        ("subset", None, {"name": "s", "kind": "live"}, "a live subset needs a filter and no rows"),
        ("subset", [1], LIVE, "a live subset needs a filter and no rows"),
        ("subset", None, {"name": "s", "kind": "frozen"}, "a frozen subset needs rows"),
        (
            "subset",
            None,
            {"name": "s", "kind": "live", "filter": {"value": float("nan")}},
            "a subset's filter must be plain JSON",
        ),
        ("subset", None, LIVE | {"note": 3}, "a subset's note is text"),
        ("rename_subset", None, {"name": "s"}, "a subset needs a name"),
    ],
)
def test_what_cannot_be_done_says_why(op: str, rows: Any, new: Any, message: str) -> None:
    with pytest.raises(EditError, match=message):
        checked(op, rows, new, n=INSTANCES, classes=CLASSES)


def test_rows_are_sorted_and_each_once() -> None:
    found = checked("exclude", [5, 1, 5, 3], None, n=INSTANCES, classes=CLASSES)

    assert found.rows is not None
    assert found.rows.tolist() == [1, 3, 5]
    assert found.count == 3


def test_a_label_per_row_follows_its_row() -> None:
    found = checked("label", [9, 2, 5], [2, None, 1], n=INSTANCES, classes=CLASSES)

    assert found.rows is not None
    assert found.codes is not None
    assert found.rows.tolist() == [2, 5, 9]
    assert found.codes.tolist() == [-1, 1, 2]


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.uint64])
def test_rows_of_any_whole_type_are_taken(kind: type) -> None:
    found = checked("exclude", np.array([3, 1], kind), None, n=INSTANCES, classes=CLASSES)

    assert found.rows is not None
    assert (found.rows.dtype, found.rows.tolist()) == (np.int32, [1, 3])


def test_references_are_found_however_deep() -> None:
    tree = {"op": "and", "terms": [{"op": "subset", "name": "a"}, {"op": "not", "term": {"op": "subset", "name": "b"}}]}

    assert sorted(references(tree)) == ["a", "b"]
    assert list(references({"op": "compare", "column": "name", "value": "subset"})) == []


def using(name: str) -> dict[str, Any]:
    return {"op": "not", "term": {"op": "subset", "name": name}}


def test_a_subset_may_use_another_but_not_one_that_is_not_there(journal: Journal) -> None:
    with pytest.raises(EditError, match=r"no subset named 'odd'; there are none\.|no subset named 'odd'; .*"):
        journal.append("subset", new={"name": "even", "kind": "live", "filter": using("odd")})
    journal.append("subset", new={"name": "odd", "kind": "frozen"}, rows=[1, 3])
    journal.append("subset", new={"name": "even", "kind": "live", "filter": using("odd")})

    assert list(journal.state().subsets) == ["odd", "even"]


def test_a_subset_in_use_cannot_be_dropped(journal: Journal) -> None:
    journal.append("subset", new={"name": "odd", "kind": "frozen"}, rows=[1, 3])
    journal.append("subset", new={"name": "even", "kind": "live", "filter": using("odd")})

    with pytest.raises(EditError, match="the subset 'odd' is used by 'even': change or drop that one first"):
        journal.append("drop_subset", new={"name": "odd"})
    journal.append("drop_subset", new={"name": "even"})
    journal.append("drop_subset", new={"name": "odd"})
    assert journal.state().subsets == {}


def test_a_subset_cannot_be_defined_by_itself(journal: Journal) -> None:
    journal.append("subset", new={"name": "a", "kind": "frozen"}, rows=[1])
    journal.append("subset", new={"name": "b", "kind": "live", "filter": using("a")})

    with pytest.raises(EditError, match="the subset 'a' would be defined by itself"):
        journal.append("subset", new={"name": "a", "kind": "live", "filter": using("b")})


def test_renaming_a_subset_renames_it_where_it_is_used(journal: Journal) -> None:
    journal.append("subset", new={"name": "a", "kind": "frozen"}, rows=[1])
    journal.append("subset", new={"name": "b", "kind": "live", "filter": using("a")})

    journal.append("rename_subset", new={"name": "a", "to": "c"})

    assert list(journal.state().subsets) == ["c", "b"]
    assert journal.state().subsets["b"].filter == using("c")
    journal.undo()
    assert journal.state().subsets["b"].filter == using("a")


@pytest.mark.parametrize(
    ("op", "new", "message"),
    [
        ("drop_subset", {"name": "aa"}, r"no subset named 'aa'; did you mean 'a1'\?|no subset named 'aa'"),
        ("rename_subset", {"name": "zz", "to": "b"}, "no subset named 'zz'"),
        ("rename_subset", {"name": "a1", "to": "b1"}, "there is a subset 'b1' already"),
    ],
)
def test_names_of_subsets_are_checked(journal: Journal, op: str, new: dict, message: str) -> None:
    for name in ("a1", "b1"):
        journal.append("subset", new={"name": name, "kind": "frozen"}, rows=[1])

    with pytest.raises(EditError, match=message):
        journal.append(op, new=new)
