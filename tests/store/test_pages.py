"""Composed pages in the journal: kept, taken back, refused."""

from __future__ import annotations

import copy
import re

import pytest

from planted import planted_case
from underglass.errors import EditError
from underglass.store.pages import checked_page

TILE = {
    "id": "t1",
    "kind": "view",
    "view": "column",
    "props": {},
    "text": None,
    "title": None,
    "x": 0,
    "y": 0,
    "width": 4,
    "height": 5,
}
PAGE = {"name": "Report", "title": "Report", "tabs": [{"title": "", "tiles": [TILE]}], "version": 1}


def with_tile(**changes):
    page = copy.deepcopy(PAGE)
    page["tabs"][0]["tiles"][0] |= changes
    return page


@pytest.fixture
def journal(tmp_path):
    folder = planted_case(tmp_path / "a.case", 20)
    yield folder.journal
    folder.close()


def test_a_page_is_kept_changed_taken_back_and_done_again(journal):
    journal.append("page", new={"page": PAGE})
    wider = with_tile(width=8)
    edit = journal.append("page", new={"page": wider})

    assert edit.summary() == "arranged the page 'Report'"
    assert journal.state().pages == {"Report": wider}
    journal.undo()
    assert journal.state().pages == {"Report": PAGE}
    journal.undo()
    assert journal.state().pages == {}
    journal.redo()
    journal.redo()
    assert journal.state().pages == {"Report": wider}
    assert journal.verify() is None


def test_pages_are_there_when_the_case_is_opened_anew(journal, tmp_path):
    journal.append("page", new={"page": PAGE})

    from underglass.store import CaseFolder

    again = CaseFolder.open(tmp_path / "a.case")
    assert again.journal.state().pages == {"Report": PAGE}
    again.close()


def test_settings_that_nobody_knows_survive(journal):
    page = with_tile(props={"of_a_newer_version": {"deep": [1, None, "é🙂"]}}, later="kept")
    page["from_elsewhere"] = 3

    journal.append("page", new={"page": page})

    assert journal.state().pages["Report"] == page


def test_a_renamed_page_stands_under_its_new_name_and_comes_back_by_undo(journal):
    journal.append("page", new={"page": PAGE})
    edit = journal.append("page", new={"page": {**PAGE, "name": "Findings"}, "was": "Report"})

    assert edit.summary() == "renamed the page 'Report' to 'Findings'"
    assert list(journal.state().pages) == ["Findings"]
    journal.undo()
    assert list(journal.state().pages) == ["Report"]


def test_a_page_that_somebody_else_changed_is_not_written_over(journal):
    journal.append("page", new={"page": PAGE}, author="ann")
    journal.append("page", new={"page": with_tile(width=6)}, author="ben")

    with pytest.raises(EditError, match="the page has been changed since you opened it: look at it again, then arrange it"):
        journal.append("page", new={"page": with_tile(width=8)}, old=PAGE, author="ann")
    with pytest.raises(
        EditError, match=r"cannot undo .* ben has since arranged the page 'Report', which is about the same thing"
    ):
        journal.undo("ann")

    assert journal.state().pages["Report"]["tabs"][0]["tiles"][0]["width"] == 6


def test_a_removed_page_is_gone_and_an_unknown_one_cannot_be(journal):
    journal.append("page", new={"page": PAGE})
    with pytest.raises(EditError, match=re.escape("no page named 'Reprot'; did you mean 'Report'? Known: Report.")):
        journal.append("drop_page", new={"name": "Reprot"})
    journal.append("drop_page", new={"name": "Report"})

    assert journal.state().pages == {}
    journal.undo()
    assert list(journal.state().pages) == ["Report"]


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (3, "a page is an object with a name, a title and tabs"),
        ({**PAGE, "name": " "}, "a page needs a name"),
        ({**PAGE, "tabs": []}, "a page has 1 to 40 tabs"),
        ({**PAGE, "version": 2}, "the page was made by a newer underglass (page version 2; this one reads up to 1)"),
        (with_tile(kind="picture"), "tile 't1': no kind of tile named 'picture'; Known: view, text, widget."),
        (with_tile(view=None), "tile 't1': a tile of the kind 'view' needs its view, which is text"),
        (with_tile(kind="text"), "tile 't1': a tile of the kind 'text' needs its text, which is text"),
        (with_tile(x=10), "tile 't1': columns 10 to 14 are not within 0 to 12"),
        (with_tile(y=-1), "tile 't1': rows -1 to 4 are not within 0 to 400"),
        (with_tile(width=0), "tile 't1': columns 0 to 0 are not within 0 to 12"),
        (with_tile(width=2.5), "tile 't1': x, y, width and height are whole numbers of columns and rows"),
        (with_tile(props=[1]), "tile 't1': props are settings by name"),
        (with_tile(props={"a": float("nan")}), "a page must be plain JSON"),
        ({**PAGE, "tabs": [{"title": "", "tiles": [TILE, TILE]}]}, "two tiles of the page have the id 't1'"),
    ],
)
def test_what_is_no_page_is_refused_with_what_is_wrong(page, message):
    with pytest.raises(EditError, match=re.escape(message)):
        checked_page(page)


def test_a_page_too_large_to_keep_is_refused():
    with pytest.raises(EditError, match="the page is larger than 2,000,000 bytes"):
        checked_page(with_tile(props={"text": "x" * 2_000_001}))
