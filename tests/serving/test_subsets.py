"""Are named subsets tables that follow the edits, under names that never change their meaning?"""

import pytest

from serving.building import CLASSES, read, serve
from underglass.errors import FilterError, StaleError
from underglass.filters import parse


def _define(served, edits, name, text):
    tree = parse(text, served.column_types(), subsets=[subset["name"] for subset in served.subsets()])
    edits.append("subset", new={"name": name, "kind": "live", "filter": tree, "note": ""})
    served.apply()


def _subset(served, name):
    return next(subset for subset in served.subsets() if subset["name"] == name)


def _members(served, name):
    return read(served.query(f'SELECT "row" FROM {_subset(served, name)["table"]} ORDER BY "row"'))["row"].to_pylist()


def test_a_live_subset_is_what_its_filter_holds(edited, edits):
    _define(edited, edits, "unsure shirts", "label = 'Shirt' and confidence < .5")

    found = _subset(edited, "unsure shirts")
    expected = edited.rows(parse("label = 'Shirt' and confidence < .5", edited.column_types())).tolist()
    assert _members(edited, "unsure shirts") == expected
    assert {key: found[key] for key in ("kind", "count", "filter", "author", "problem")} == {
        "kind": "live",
        "count": len(expected),
        "filter": "label = 'Shirt' and confidence < 0.5",
        "author": "ann",
        "problem": None,
    }


def test_a_frozen_subset_keeps_its_rows(edited, edits):
    edits.append("subset", rows=[9, 2, 5], new={"name": "these", "kind": "frozen", "filter": None, "note": ""})
    edited.apply()
    edits.append("label", rows=[2], new=None)
    edited.apply()

    assert _members(edited, "these") == [2, 5, 9]
    assert edited.subsets_of(5) == ["these"]
    assert edited.subsets_of(6) == []
    assert _subset(edited, "these")["filter"] is None


def test_a_live_subset_follows_an_edit_into_a_new_table(edited, edits):
    _define(edited, edits, "shirts", "label = 'Shirt'")
    before, members = _subset(edited, "shirts")["table"], _members(edited, "shirts")

    edits.append("label", rows=members[:2], new=CLASSES.index("Coat"))
    edited.apply()

    assert _members(edited, "shirts") == members[2:]
    assert _subset(edited, "shirts")["table"] != before
    with pytest.raises(StaleError, match=f"{before} is gone: the data have changed since"):
        edited.query(f"SELECT * FROM {before}")


def test_a_subset_that_an_edit_cannot_touch_keeps_its_table(edited, edits):
    _define(edited, edits, "shirts", "label = 'Shirt'")
    table = _subset(edited, "shirts")["table"]

    edits.append("tag", rows=[1, 2], new="x")
    edited.apply()

    assert _subset(edited, "shirts")["table"] == table


def test_a_subset_of_a_subset_follows_too(edited, edits):
    _define(edited, edits, "tagged", "tags contains 'x'")
    _define(edited, edits, "tagged shirts", "in subset 'tagged' and label = 'Shirt'")
    assert _members(edited, "tagged shirts") == []
    shirts = edited.rows(parse("label = 'Shirt'", edited.column_types())).tolist()

    edits.append("tag", rows=shirts[:4], new="x")
    edited.apply()

    assert _members(edited, "tagged shirts") == shirts[:4]
    assert edited.subsets_of(shirts[0]) == ["tagged", "tagged shirts"]


def test_renaming_and_dropping_follow(edited, edits):
    _define(edited, edits, "a", "confidence > .5")
    _define(edited, edits, "b", "not in subset 'a'")
    members = _members(edited, "b")

    edits.append("rename_subset", new={"name": "a", "to": "A"})
    edited.apply()
    assert [subset["name"] for subset in edited.subsets()] == ["A", "b"]
    assert _subset(edited, "b")["filter"] == "not in subset 'A'"
    assert _members(edited, "b") == members

    edits.append("drop_subset", new={"name": "b"})
    edited.apply()
    assert [subset["name"] for subset in edited.subsets()] == ["A"]
    edits.undo()
    edited.apply()
    assert _members(edited, "b") == members


def test_names_that_differ_in_case_only_are_two_subsets(edited, edits):
    _define(edited, edits, "shirts", "label = 'Shirt'")
    _define(edited, edits, "Shirts", "label = 'Coat'")

    assert _members(edited, "shirts") != _members(edited, "Shirts")


def test_a_subset_whose_column_is_gone_says_so(edited, edits):
    edited.add_columns({"pattern.conv2": [1, 2]}, rows=[0, 1])
    _define(edited, edits, "seconds", "pattern.conv2 = 2")
    assert _members(edited, "seconds") == [1]

    edited.drop_columns(["pattern.conv2"])

    found = _subset(edited, "seconds")
    assert (found["count"], found["table"]) == (0, "")
    assert found["problem"].startswith("no column named 'pattern.conv2'")
    with pytest.raises(FilterError, match=r"the subset 'seconds' cannot be evaluated: no column named 'pattern\.conv2'"):
        edited.count({"op": "subset", "name": "seconds"})
    edited.add_columns({"pattern.conv2": [2, 2]}, rows=[0, 1])
    assert _members(edited, "seconds") == [0, 1]


def test_subsets_defined_before_are_served_from_the_beginning(edited, edits):
    _define(edited, edits, "tagged", "tags contains 'x'")
    edits.append("tag", rows=[4], new="x")

    afresh = serve(edits)

    assert _members(afresh, "tagged") == [4]
    afresh.close()
