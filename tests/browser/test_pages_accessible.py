"""A composed page with every kind of tile is accessible and fits: looked at, arranged, its menus open; dark and light."""

from __future__ import annotations

import json

import pytest

import underglass as ug
from browser.describing import animated, settled, until
from browser.test_pages import SIZES, violations

COUNTER = """
export default { render({ model, el }) {
  const button = document.createElement("button");
  const draw = () => (button.textContent = `count is ${model.get("value")}`);
  model.on("change:value", draw);
  draw();
  el.append(button);
} };
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_a_page_of_all_kinds_of_tile_is_accessible_and_fits(planted_app, open_page, size, dark):
    anywidget = pytest.importorskip("anywidget")
    import traitlets

    class Counter(anywidget.AnyWidget):
        _esm = COUNTER
        value = traitlets.Int(3).tag(sync=True)

    case, address = planted_app(200)
    case.subset("old", "age >= 60")
    items = [
        case.view("column"),
        case.view("confusion", shown_for="in subset 'old'").titled("Of the old"),
        case.view("units", shown_for={"model": "gone"}),
        "# Words\n\nA [link](https://example.org), `code` and\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n1. one\n2. two",
        case.add_widget("counter", Counter()),
        case.view("images"),
        case.view("about"),
    ]
    tabs = [ug.tab("A tab with a title that goes on and on 🙂 <b>", items), ug.tab("Empty", [])]
    spec = ug.page(tabs, title="All kinds").spec
    tiles = spec["tabs"][0]["tiles"]
    tiles.append({**tiles[0], "id": "t8", "y": 90, "view": "of_a_newer_version"})
    tiles.append({**tiles[4], "id": "t9", "y": 98, "view": "gone"})
    case.keep_page(spec)
    width, height = SIZES[size]
    page = open_page(address, width=width, height=height, dark=dark)
    page.evaluate("to => { location.hash = to; }", f"pages?p.page={json.dumps('All kinds')}")
    until(page, "window.underglass?.describe('t1')?.n === 200 && underglass.describe('t2')?.n > 0")
    until(page, "document.querySelector('[data-widget=counter] button')?.textContent === 'count is 3'")
    for tile in ("t3", "t8", "t9"):
        page.locator(f"[data-tile={tile}]").get_by_role("alert").wait_for()
    settled(page)
    fits = "document.documentElement.scrollWidth <= innerWidth"

    assert violations(page) == []
    assert page.evaluate(fits)
    page.get_by_role("button", name="Arrange", exact=True).click()
    until(page, "document.querySelectorAll('[data-tile] .handle').length === 9")
    animated(page)
    assert violations(page) == [], "while it is arranged"
    assert page.evaluate(fits), "while it is arranged"
    if dark != (size == "narrow"):
        return  # menus once in each theme and once in each width
    for name in ("Add view", "Compare two subsets or models", "This page", "Title and filter of Of the old", "Write the text"):
        page.get_by_role("button", name=name).first.click()
        assert violations(page) == [], name
        page.keyboard.press("Escape")
    page.get_by_role("tab", name="Empty").click()
    page.get_by_text("Nothing is on this tab yet").wait_for()
    assert violations(page) == [], "an empty tab"
