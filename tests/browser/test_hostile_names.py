"""Whatever the data is called, no view runs it, breaks by it or leaves the page's width: every listed view over hostile names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from browser.describing import go_to, listed, until
from planted import planted_case
from underglass import datasets
from underglass.case import Case

MARKUP = "<img src=x onerror=window.pwned=1>"
NAMES = (MARKUP, "</script><script>window.pwned=1</script>", "javascript:window.pwned=1", "\u202eשמלה 👗", "name " * 60)
COLUMN = "\"><svg onload=window.pwned=1> '; DROP TABLE instances; --"


@pytest.fixture
def hostile(tmp_path: Path) -> Case:
    """Labels, ids, a column's name and its values, a tag, a note, a subset and the author: all of them markup."""
    case = Case(planted_case(tmp_path / "planted.case", 80, classes=NAMES, ids=[f"{MARKUP}{row}" for row in range(80)]))
    case.tag(range(40), MARKUP)
    case.note(range(10), NAMES[1])
    case.subset(MARKUP, range(20))
    case.author = MARKUP
    case.exclude([79])
    return case


def walk(page) -> None:
    """Open every listed view and wait until it has drawn."""
    for name in listed(page):
        go_to(page, name)
        page.wait_for_timeout(150)
        assert page.evaluate("window.pwned") is None, name
        assert page.evaluate("document.querySelectorAll('[onerror], [onload]').length") == 0, name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


@pytest.mark.parametrize("width", [1440, 800])
def test_hostile_names_are_words_in_every_view(serve_case, hostile, open_page, width):
    page = open_page(serve_case(hostile), width=width)
    until(page, "window.underglass?.describe('overview')?.n === 79")
    page.evaluate("() => { window.underglass.case.picks.pickRows?.(document, [1, 2, 3]); }")
    walk(page)


def test_a_hostile_column_is_a_column_in_filters_and_views(serve_case, open_page, tmp_path):
    rows = {"id": [f"r{row}" for row in range(50)], COLUMN: [NAMES[row % 5] for row in range(50)], "x": np.arange(50.0)}
    case = Case.create(tmp_path / "columns.case", datasets.table(pa.table(rows), features=["x"]))
    page = open_page(serve_case(case))
    until(page, "window.underglass?.describe('overview')?.n === 50")
    names = page.evaluate("window.underglass.case.info.columns.map((one) => one.name)")
    assert any("DROP TABLE" in name for name in names)
    walk(page)
    assert case.count("x >= 0") == 50
