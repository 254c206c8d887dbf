"""Pages composed in Python: what stands on them, and where."""

from __future__ import annotations

import re

import pytest

import underglass as ug
from planted import planted_case
from underglass.case import Case
from underglass.pages.placing import place


@pytest.fixture
def case(tmp_path):
    case = Case(planted_case(tmp_path / "a.case", 60))
    yield case
    case.close()


def places(page, tab=0):
    return {tile["id"]: (tile["x"], tile["y"], tile["width"], tile["height"]) for tile in page.spec["tabs"][tab]["tiles"]}


def test_items_follow_in_rows_and_a_row_is_as_high_as_its_highest(case):
    page = ug.page([case.view("confusion"), case.view("confidence"), "*why*", case.view("column", column="age")], title="Report")

    assert places(page) == {"t1": (0, 0, 8, 10), "t2": (8, 0, 4, 10), "t3": (0, 10, 12, 2), "t4": (0, 12, 4, 5)}
    assert [tile["kind"] for tile in page.spec["tabs"][0]["tiles"]] == ["view", "view", "text", "view"]
    assert page.spec["tabs"][0]["tiles"][3]["props"] == {"column": "age"}
    assert repr(page) == "<page 'Report': 4 tiles>"


def test_a_layout_is_a_number_of_columns_or_a_place_for_each(case):
    views = [case.view("column"), case.view("confidence")]

    assert places(ug.page(views, layout=2)) == {"t1": (0, 0, 6, 6), "t2": (6, 0, 6, 6)}
    assert places(ug.page(views, layout=[(0, 4, 5, 3), (5, 0, 7, 9)])) == {"t1": (0, 4, 5, 3), "t2": (5, 0, 7, 9)}
    assert places(ug.page([views[0].sized(6, 8), views[1]])) == {"t1": (0, 0, 6, 8), "t2": (6, 0, 4, 8)}
    assert places(ug.page([views[0].at(2, 0, 10, 4), views[1]])) == {"t1": (2, 0, 10, 4), "t2": (0, 4, 4, 6)}


def test_tabs_part_a_page_and_ids_are_unique_over_all_of_them(case):
    page = ug.page([ug.tab("Errors", [case.view("confusion")]), ug.tab("Data", [case.view("column"), "text"])], name="two")

    assert [tab["title"] for tab in page.spec["tabs"]] == ["Errors", "Data"]
    assert list(places(page, 0)) == ["t1"]
    assert list(places(page, 1)) == ["t2", "t3"]


def test_two_views_of_one_kind_with_other_settings_and_filters_coexist(case):
    page = ug.page(
        [case.view("column", column="age"), case.view("column", column="site", shown_for="label = 'Coat'")], title="Two columns"
    )

    assert [tile["props"] for tile in page.spec["tabs"][0]["tiles"]] == [
        {"column": "age"},
        {"column": "site", "shown_for": {"filter": "label = 'Coat'"}},
    ]


def test_a_page_is_kept_in_its_case_and_found_again(case):
    page = ug.page([case.view("column")], title="Report").save()

    assert case.page("Report").spec == page.spec
    assert case.info()["pages"] == ["Report"]
    assert case.info()["edits"]["undo"] == "Undo: arranged the page 'Report'"
    case.undo()
    assert case.info()["pages"] == []
    with pytest.raises(ug.errors.DataError, match="no page named 'Report'; there are none"):
        case.page("Report")


def test_two_dozen_reads_of_a_page_give_it_as_it_was_kept(case):
    spec = ug.page([case.view("column")], title="Report").save().spec

    assert case.views["pages"].calls["read"](case, "Report") == spec
    with pytest.raises(ug.errors.DataError, match=re.escape("no page named 'Repor'; did you mean 'Report'? Known: Report.")):
        case.views["pages"].calls["read"](case, "Repor")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda case: case.view("confusoin"), "no view named 'confusoin'; did you mean 'confusion'? Known:"),
        (
            lambda case: case.view("column", colunm="age"),
            "the view 'column' has no setting named 'colunm'; did you mean 'column'? Known: column, shown_for.",
        ),
        (lambda case: case.view("column", shown_for=3), 'shown_for is a typed filter, or {"filter": …, "model": …}, not 3'),
        (lambda case: ug.page([3]), 'a int cannot stand on a page: give case.view("…")'),
        (lambda case: ug.page(case.view("column")), "a page takes a list of items, not a CaseView"),
        (lambda case: ug.page(["a"], layout=5), "12 columns cannot be shared by 5: give one of 1, 2, 3, 4, 6, 12"),
        (lambda case: ug.page(["a"], layout=[(0, 0, 13, 1)]), "place 1, (0, 0, 13, 1), does not lie within 12 columns"),
        (lambda case: ug.page(["a", "b"], layout=[(0, 0, 6, 2), (5, 1, 2, 2)]), "places 1 and 2 lie on each other"),
        (lambda case: ug.page(["a", "b"], layout=[(0, 0, 6, 2)]), "the layout has 1 places for 2 items"),
        (lambda case: ug.page(["a", ug.tab("t", [])]), "a page has either tabs or items: put the items into a ug.tab"),
        (lambda case: ug.page([ug.tab("t", [])], layout=2), "the layout of a page with tabs is said for each"),
        (lambda case: ug.tab(" ", []), "a tab needs a title"),
        (lambda case: ug.page(["a"]).save(), "a page without a view of a case cannot be kept: put a case.view(…) on it"),
        (lambda case: ug.markdown(3), "a text is a str, not a int"),
        (lambda case: case.widget("counter"), "no widget named 'counter'; there are none."),
    ],
)
def test_what_cannot_be_composed_says_why(case, make, message):
    with pytest.raises(ug.UnderglassError, match=re.escape(message)):
        make(case)


def test_views_of_two_cases_do_not_share_a_page(case, tmp_path):
    wrong = pytest.raises(ug.errors.DataError, match="the views of a page are of one case, not of 'a' and 'b'")
    with Case(planted_case(tmp_path / "b.case", 20)) as other, wrong:
        ug.page([case.view("column"), other.view("column")])


def test_places_never_lie_on_each_other_nor_outside():
    sizes = [(w, h) for w in (1, 3, 4, 5, 7, 12, 20) for h in (1, 2, 9)]
    found = place(sizes)

    for i, (x, y, width, height) in enumerate(found):
        assert x >= 0
        assert x + width <= 12
        for a, b, w, h in found[:i]:
            assert not (x < a + w and a < x + width and y < b + h and b < y + height)
