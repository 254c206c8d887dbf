"""Pages composed by hand and in Python, as a person meets them in the web app; numbers against numpy."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import underglass as ug
from browser.describing import PATIENCE, animated, describe, reload, settled, still_box, until
from underglass.store import CaseFolder

INERT = "# Found\n\n<img src=x onerror=alert(1)> **bold** [paper](https://example.org/) [no](javascript:alert(1))"
BARS = """['t1', 't2'].map(id =>
    document.querySelector(`[data-tile=${id}] g[data-bar] rect`).getBoundingClientRect().height)"""
BOXES = """tiles => tiles.map(tile => {
    const box = tile.getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom];
})"""


def tiles(page):
    return {
        tile["id"]: (tile["x"], tile["y"], tile["width"], tile["height"])
        for tile in page.evaluate("underglass.describe('pages')")["tiles"]
    }


def placed(page, wanted):
    """Wait until the tiles lie where they should: they move there, and keys are kept when they rest."""
    end = time.monotonic() + PATIENCE
    while (found := tiles(page)) != wanted:
        assert time.monotonic() < end, found
        page.wait_for_timeout(50)


def kept(case, name, wanted):
    """Wait until the case keeps the tiles there too."""
    end = time.monotonic() + PATIENCE
    while True:
        listed = case.page(name).spec["tabs"][0]["tiles"]
        found = {tile["id"]: (tile["x"], tile["y"], tile["width"], tile["height"]) for tile in listed}
        if found == wanted:
            return
        assert time.monotonic() < end, found
        time.sleep(0.05)


def open_named(page, name, wanted):
    page.evaluate("to => { location.hash = to; }", f"pages?p.page={json.dumps(name)}")
    until(page, f"window.underglass?.describe('pages')?.page === {name!r}")
    for tile in wanted:
        until(page, f"window.underglass?.describe({tile!r})?.n != null")
    settled(page)


def counts(case, column, where):
    table = case.table(where)[column].to_pylist()
    return {value: table.count(value) for value in set(table) if value is not None}


def drawn(page, tile):
    return {name: n for name, n, _ in page.evaluate(f"underglass.describe({tile!r})")["bars"] if n}


def test_tiles_of_one_view_coexist_each_for_a_filter_of_its_own_and_on_one_scale(planted_app, open_page):
    case, address = planted_app(600)
    case.subset("old", "age >= 60")
    ug.page(
        [
            case.view("column", column="site"),
            case.view("column", column="site", shown_for="label = 'Coat'").titled("Coats"),
            case.view("column", column="site", shown_for="in subset 'old' and checked = true"),
            case.view("column", column="checked"),
            case.view("confusion", shown_for="site = 'north'").sized(6, 10),
            case.view("confusion", shown_for="site = 'south'").sized(6, 10),
            ug.markdown(
                "# Found\n\n<img src=x onerror=alert(1)> **bold** [paper](https://example.org/) [no](javascript:alert(1))"
            ),
        ],
        title="Compare",
    ).save()
    page = open_page(address)
    open_named(page, "Compare", ["t1", "t2", "t3", "t4", "t5", "t6"])

    for tile, where in (("t1", None), ("t2", "label = 'Coat'"), ("t3", "age >= 60 and checked = true")):
        assert drawn(page, tile) == counts(case, "site", where), tile
    # one scale for the three of one column, another for the other column
    most = {tile: page.evaluate(f"underglass.describe({tile!r})")["most"] for tile in ("t1", "t2", "t3", "t4")}
    assert most["t1"] == most["t2"] == most["t3"] == max(counts(case, "site", None).values())
    assert most["t4"] == max(counts(case, "checked", None).values())
    heights = page.evaluate(BARS)
    first = [page.evaluate(f"underglass.describe({tile!r})")["bars"][0][1] for tile in ("t1", "t2")]
    assert heights[0] / heights[1] == pytest.approx(first[0] / first[1], rel=0.06)
    shades = [page.evaluate(f"underglass.describe({tile!r})") for tile in ("t5", "t6")]
    assert shades[0]["worst"] == shades[1]["worst"]
    assert shades[0]["n"] == case.count("site = 'north'")
    # a pick in one is a pick in all, within the filter of each
    page.evaluate("underglass.case.picks.pickPoints({}, ['checked'], [[true]], 'checked')")
    settled(page)
    until(page, "underglass.describe('t2').selected !== null")
    assert page.evaluate("underglass.describe('t2')")["selected"] == case.count("label = 'Coat' and checked = true")
    assert page.evaluate("underglass.describe('t1')")["selected"] == case.count("checked = true")
    # the filter above narrows all of them further
    page.locator("#filter").fill("age < 40")
    page.locator("#filter").press("Enter")
    until(page, "underglass.describe('t1').n < 600")
    settled(page)
    assert drawn(page, "t2") == counts(case, "site", "label = 'Coat' and age < 40")
    # what a text says is text
    assert page.locator("[data-tile=t7] img, [data-tile=t7] script").count() == 0
    assert page.locator("[data-tile=t7] a").evaluate_all("links => links.map(link => [link.href, link.rel])") == [
        ["https://example.org/", "noopener noreferrer"]
    ]
    assert "<img src=x onerror=alert(1)>" in page.locator("[data-tile=t7]").inner_text()


def test_a_page_is_made_arranged_and_undone_by_hand(planted_app, open_page):
    case, address = planted_app(300)
    page = open_page(address)
    page.get_by_role("button", name="New page").first.click()
    until(page, "window.underglass?.describe('pages')?.page === 'Page 1'")
    for view in ("Column", "Confidence"):
        page.get_by_role("button", name="Add view").click()
        page.get_by_role("searchbox", name="Search the views").fill(view.lower())
        page.locator("button.choice", has_text=view).first.click()
        until(page, f"underglass.describe({view.lower()!r})?.n === 300")
    until(page, "underglass.describe('pages').tiles.length === 2")
    placed(page, {"t1": (0, 0, 4, 5), "t2": (4, 0, 4, 6)})

    # by keyboard, read aloud
    page.locator("[data-tile=t1] .handle").focus()
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('[data-said]').textContent === 'Column moved: columns 2 to 5, rows 1 to 5.'")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    until(page, "document.querySelector('[data-said]').textContent === 'Column resized: columns 2 to 6, rows 1 to 6.'")
    assert page.evaluate("document.activeElement.ariaLabel").startswith("Move Column")
    keyed = {"t1": (1, 0, 5, 6), "t2": (4, 6, 4, 6)}
    placed(page, keyed)
    kept(case, "Page 1", keyed)
    until(page, "underglass.case.info.edits.undo === \"Undo: arranged the page 'Page 1'\"")

    # by pointer: past the other one, then two rows taller
    animated(page)
    box = still_box(page.locator("[data-tile=t2] .bar .title"))
    x, y = box["x"] + 20, box["y"] + 10
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 100, steps=4)
    page.mouse.move(x, y - 288, steps=4)
    page.mouse.up()
    dragged = {"t1": (1, 6, 5, 6), "t2": (4, 0, 4, 6)}
    placed(page, dragged)
    kept(case, "Page 1", dragged)
    animated(page)
    corner = still_box(page.locator("[data-tile=t2] .corner"))
    page.mouse.move(corner["x"] + 8, corner["y"] + 8)
    page.mouse.down()
    page.mouse.move(corner["x"] + 8, corner["y"] + 8 + 2 * 48, steps=5)
    page.mouse.up()
    taller = {"t1": (1, 8, 5, 6), "t2": (4, 0, 4, 8)}
    placed(page, taller)
    kept(case, "Page 1", taller)

    # a text, a tab, and the way back
    page.get_by_role("button", name="Add text").click()
    page.get_by_role("textbox", name="Text in Markdown").fill("## Why\n\n- one\n- two")
    page.get_by_role("button", name="Done writing").click()
    until(page, "document.querySelectorAll('[data-tile=t3] li').length === 2")
    page.get_by_role("button", name="Add tab").click()
    until(page, "document.querySelectorAll('[role=tab]').length === 2")
    page.get_by_role("button", name="Done", exact=True).click()
    end = time.monotonic() + PATIENCE
    while [len(tab["tiles"]) for tab in case.page("Page 1").spec["tabs"]] != [3, 0]:
        assert time.monotonic() < end
        time.sleep(0.05)
    tabs = case.page("Page 1").spec["tabs"]
    assert [tile["text"] for tile in tabs[0]["tiles"]] == [None, None, "## Why\n\n- one\n- two"]
    page.evaluate("to => { location.hash = to; }", "overview")
    until(page, "underglass.describe('overview')?.n === 300")
    while case.folder.journal.can_undo():
        case.undo()
    until(page, "underglass.case.info.pages.length === 0")
    page.evaluate("to => { location.hash = to; }", 'pages?p.page="Page 1"')
    until(page, "document.querySelector('main').innerText.includes('Page 1')")
    assert "no page named 'Page 1'; there are none" in page.locator("main").inner_text()
    case.redo()
    until(page, "window.underglass?.describe('pages')?.page === 'Page 1'")


def test_a_page_survives_reload_and_its_link_holds_tab_settings_filter_and_selection(planted_app, open_page, tmp_path):
    case, address = planted_app(300)
    tabs = [ug.tab("One", [case.view("about")]), ug.tab("Two", [case.view("column", column="age"), case.view("confusion")])]
    ug.page(tabs, title="Ü 🙂 <b>").save()
    page = open_page(address)
    page.get_by_role("link", name="Ü 🙂 <b>").click()
    page.get_by_role("tab", name="Two").click()
    until(page, "window.underglass?.describe('column')?.n === 300")
    page.locator("[data-tile=t2] select").select_option("site")
    until(page, "underglass.describe('column').question.includes('site')")
    page.locator("#filter").fill("checked = true")
    page.locator("#filter").press("Enter")
    page.evaluate("underglass.case.picks.pickPoints({}, ['site'], [['north']], 'site north')")
    until(page, f"underglass.describe('column').n === {case.count('checked = true')}")

    reload(page)

    until(page, "window.underglass?.describe('column')?.question.includes('site')")
    until(page, "underglass.describe('column').selected !== null")
    found = describe(page, "column")
    assert found["n"] == case.count("checked = true")
    assert found["selected"] == case.count("checked = true and site = 'north'")
    assert page.get_by_role("tab", name="Two").get_attribute("aria-selected") == "true"
    assert case.page("Ü 🙂 <b>").spec["tabs"][1]["tiles"][0]["props"] == {"column": "age"}, "a look does not change the page"
    page.get_by_role("button", name="Keep them in the page").click()
    until(page, "!location.hash.includes('p.tiles')")
    until(page, "underglass.case.info.edits.count === 2")
    assert case.page("Ü 🙂 <b>").spec["tabs"][1]["tiles"][0]["props"] == {"column": "site"}
    assert list(CaseFolder.open(case.folder.path).journal.state().pages) == ["Ü 🙂 <b>"]


@pytest.mark.parametrize("width", [800, 3840])
def test_no_tile_overlaps_or_leaves_the_page_at_any_width(planted_app, open_page, width):
    case, address = planted_app(200)
    items = [case.view("overview"), "Words.", case.view("confidence"), case.view("column"), case.view("column", column="age")]
    ug.page(items, title="Wide").save()
    page = open_page(address, width=width, height=1000)
    open_named(page, "Wide", ["t1", "t3", "t4", "t5"])

    boxes = page.eval_on_selector_all("[data-tile]", BOXES)
    room = page.eval_on_selector("main", "main => [main.getBoundingClientRect().left, main.getBoundingClientRect().right]")

    for i, (left, top, right, bottom) in enumerate(boxes):
        assert left >= room[0] - 1
        assert right <= room[1] + 1
        for a, b, c, d in boxes[:i]:
            assert right <= a + 0.5 or c <= left + 0.5 or bottom <= b + 0.5 or d <= top + 0.5
    if width == 800:
        assert all(tile[0] == 0 and tile[2] == 12 for tile in tiles(page).values())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_page_cannot_draw_is_said_in_its_tile_and_the_others_live(planted_app, open_page):
    case, address = planted_app(200)
    spec = ug.page([case.view("column"), case.view("about")], title="Half").spec
    bad = spec["tabs"][0]["tiles"]
    bad.append({**bad[0], "id": "t3", "y": 20, "view": "of_a_newer_version"})
    bad.append({**bad[0], "id": "t4", "y": 30, "props": {"shown_for": {"filter": "lable = 'Coat'"}}})
    bad.append({**bad[0], "id": "t5", "y": 40, "props": {"shown_for": {"model": "plantd"}}})
    bad.append({**bad[0], "id": "t6", "y": 50, "kind": "widget", "view": "counter"})
    case.keep_page(spec)
    page = open_page(address)
    open_named(page, "Half", ["t1"])

    for tile, words in (
        ("t3", "There is no view named 'of_a_newer_version' here."),
        ("t4", "no column named 'lable'; did you mean 'label'?"),
        ("t5", "no model named 'plantd'; did you mean 'planted'?"),
    ):
        until(page, f"document.querySelector('[data-tile={tile}]').innerText.includes({json.dumps(words)})")
    assert describe(page, "t1")["n"] == 200
    page.evaluate("""to => { location.hash = to; }""", 'pages?p.page="Hlaf"')
    until(page, "document.querySelector('main').innerText.includes(\"no page named 'Hlaf'; did you mean 'Half'?\")")


def test_the_labels_of_another_model_are_counted_beside_the_active_one(planted_app, open_page):
    case, address = planted_app(400)
    scores = np.random.default_rng(3).dirichlet(np.ones(5), 400)
    case.add_scores(scores, name="random")
    case.use_model("planted")
    ug.page(
        [
            case.view("confusion").sized(6, 10),
            case.view("confusion", shown_for={"model": "random"}).sized(6, 10),
            case.view("column", column="prediction", shown_for={"model": "random"}),
        ],
        title="Models",
    ).save()
    page = open_page(address)
    open_named(page, "Models", ["t1", "t2", "t3"])

    table = case.table()
    labels = table["label"].to_pylist()
    for tile, column in (("t1", "prediction"), ("t2", "prediction@random")):
        predictions = table[column].to_pylist()
        found = page.evaluate(f"underglass.describe({tile!r})")["cells"]
        for label, prediction, n, *_ in found:
            assert n == sum(a == label and b == prediction for a, b in zip(labels, predictions, strict=True)), (
                tile,
                label,
                prediction,
            )
    assert drawn(page, "t3") == counts(case, "prediction@random", None)
    # a cell of the other model's matrix picks by the other model's column
    page.locator("[data-tile=t2] g[data-label='Coat'][data-prediction='Dress']").first.click()
    wanted = sum(a == "Coat" and b == "Dress" for a, b in zip(labels, table["prediction@random"].to_pylist(), strict=True))
    until(page, f"underglass.describe('t1').selected === {wanted}")
