"""A page made by hand: compared sides, tiles and tabs by keyboard, texts, its name, its link, and fifty edits taken back."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import underglass as ug
from browser.describing import PATIENCE, describe, settled, until
from browser.test_composed_pages import drawn, open_named

AXES = """tile => {
    const svg = document.querySelector(`[data-tile=${tile}] svg[data-most]`);
    const box = svg.getBoundingClientRect();
    return {
        most: Number(svg.dataset.most),
        width: box.width,
        edges: [...svg.querySelectorAll("text.edge")].map(one => [one.textContent, one.getBoundingClientRect().left - box.left]),
        bars: [...svg.querySelectorAll("g[data-bar]")].map(bar => {
            const mark = bar.querySelector("rect.all").getBoundingClientRect();
            return [bar.dataset.bar, Number(bar.dataset.n), mark.height, mark.left - box.left, box.bottom - mark.bottom];
        }),
    };
}"""


def kept(case, name, wanted):
    """Wait until what the case keeps of a page is as it should be."""
    end = time.monotonic() + PATIENCE
    while True:
        spec = case.page(name).spec if name in case.pages else None
        if spec is not None and wanted(spec):
            return spec
        assert time.monotonic() < end, spec
        time.sleep(0.05)


def arrange(page, name):
    page.evaluate("to => { location.hash = to; }", f"pages?p.page={json.dumps(name)}")
    until(page, f"window.underglass?.describe('pages')?.page === {name!r}")
    page.get_by_role("button", name="Arrange", exact=True).first.click()


def same_axes(page, first, second):
    """Both tiles draw on one scale: the same bins at the same places, and as many pixels to an instance."""
    a, b = page.evaluate(AXES, first), page.evaluate(AXES, second)
    assert a["most"] == b["most"]
    assert a["width"] == pytest.approx(b["width"], abs=0.5)
    for (text, left), (other, x) in zip(a["edges"], b["edges"], strict=True):
        assert (text, left) == (other, pytest.approx(x, abs=0.5))
    bars = a["bars"] + b["bars"]
    pixels = max(height / n for _, n, height, _, _ in bars if n == a["most"])
    for (name, _, _, left, below), (other, _, _, x, y) in zip(a["bars"], b["bars"], strict=True):
        assert (name, left, below) == (other, pytest.approx(x, abs=0.5), pytest.approx(y, abs=0.5))
    for name, n, height, _, _ in bars:
        assert n == 0 or height == pytest.approx(n * pixels, abs=1), name
    return a["most"]


def test_compare_puts_two_subsets_and_two_models_side_by_side_on_one_scale(planted_app, open_page):
    case, address = planted_app(400)
    case.add_scores(np.random.default_rng(3).dirichlet(np.ones(5), 400), name="random")
    case.use_model("planted")
    case.subset("it's old", "age >= 60")
    case.keep_page(ug.page(["Two sides"], title="Sides").spec)
    page = open_page(address)
    arrange(page, "Sides")

    page.get_by_role("button", name="Compare two subsets or models").click()
    menu = page.get_by_role("dialog", name="Compare two subsets or models")
    put = menu.get_by_role("button", name="Put side by side")
    menu.get_by_label("One view twice").select_option("confidence")
    assert put.is_disabled(), "nothing is chosen for B yet"
    menu.get_by_label("Filter of side B").fill("lable = 'Coat'")
    assert "no column named 'lable'; did you mean 'label'?" in menu.get_by_role("alert").inner_text()
    assert put.is_disabled()
    menu.get_by_label("What side B is shown for").select_option("everything")
    assert "A and B are the same" in menu.inner_text()
    assert put.is_disabled()
    menu.get_by_label("What side B is shown for").select_option("all but A")
    assert "All but everything is nothing" in menu.get_by_role("alert").inner_text()
    menu.get_by_label("What side A is shown for").select_option("it's old")
    put.click()
    for tile in ("t2", "t3"):
        until(page, f"underglass.describe({tile!r})?.n > 0")
    settled(page)

    confidence = np.asarray(case.table()["confidence"].to_pylist())
    old = np.asarray(case.table()["age"].to_pylist()) >= 60
    bins = [np.histogram(confidence[rows], np.linspace(0, 1, 11))[0].tolist() for rows in (old, ~old)]
    for tile, counted in zip(("t2", "t3"), bins, strict=True):
        assert page.evaluate(f"underglass.describe({tile!r}).bins") == counted
    assert same_axes(page, "t2", "t3") == max(bins[0] + bins[1])
    sides = kept(case, "Sides", lambda spec: len(spec["tabs"][0]["tiles"]) == 3)["tabs"][0]["tiles"][1:]
    assert [tile["title"] for tile in sides] == ["A · it's old", "B · All but it's old"]
    assert sides[1]["props"] == {"shown_for": {"filter": "not (in subset 'it''s old')"}}
    assert [(tile["x"], tile["y"], tile["width"]) for tile in sides] == [(0, 4, 6), (6, 4, 6)] or sides[0]["y"] == sides[1]["y"]

    # two models, below; a view that can be drawn for the active one alone says so before it is put there
    page.get_by_role("button", name="Compare two subsets or models").click()
    menu.get_by_label("What side A is shown for").select_option("planted")
    menu.get_by_label("What side B is shown for").select_option("random")
    menu.get_by_label("One view twice").select_option("suspects")
    assert "“Suspects” looks for wrong labels by the active model's probabilities" in menu.get_by_role("alert").inner_text()
    assert put.is_disabled()
    menu.get_by_label("One view twice").select_option("column")
    put.click()
    for tile in ("t4", "t5"):
        until(page, f"underglass.describe({tile!r})?.n === 400")
        page.locator(f"[data-tile={tile}] select").first.select_option("confidence")
        until(page, f"underglass.describe({tile!r}).question.includes('confidence')")
    settled(page)
    top = max(max(drawn(page, tile).values()) for tile in ("t4", "t5"))
    assert same_axes(page, "t4", "t5") == top
    spread = {tile: drawn(page, tile) for tile in ("t4", "t5")}
    for tile, name in (("t4", "confidence"), ("t5", "confidence@random")):
        values = np.asarray(case.table()[name].to_pylist())
        lows = {bar: [float(one) for one in bar.replace("to .", "to 0.").split(" to ")] for bar in spread[tile]}
        for bar, n in spread[tile].items():
            low, high = lows[bar]
            assert n == ((values >= low) & ((values < high) | (high == 1))).sum(), (tile, bar)


def test_a_page_is_renamed_duplicated_and_removed_and_each_is_undone(planted_app, open_page):
    case, address = planted_app(100)
    first = ug.page([case.view("column"), "Words"], title="First").save().spec
    case.keep_page(ug.page(["Other"], title="Other").spec)
    page = open_page(address)
    arrange(page, "First")

    title = page.get_by_role("textbox", name="Title of this page")
    title.fill("Renamed 🙂")
    title.press("Enter")
    kept(case, "Renamed 🙂", lambda spec: spec["tabs"] == first["tabs"] and spec["title"] == "Renamed 🙂")
    until(page, "underglass.describe('pages').page === 'Renamed 🙂' && location.hash.includes('Renamed')")
    assert list(case.pages) == ["Renamed 🙂", "Other"] or sorted(case.pages) == ["Other", "Renamed 🙂"]
    title.fill("Other")
    title.press("Enter")
    page.get_by_text("Another page is called “Other”: this one keeps its name.").wait_for()
    assert title.input_value() == "Renamed 🙂"
    assert case.page("Other").spec["tabs"][0]["tiles"][0]["text"] == "Other"

    page.get_by_role("button", name="This page", exact=True).click()
    page.get_by_role("button", name="Duplicate this page").click()
    until(page, "underglass.describe('pages').page === 'Renamed 🙂 (2)'")
    assert kept(case, "Renamed 🙂 (2)", bool)["tabs"] == first["tabs"]
    page.get_by_role("button", name="This page", exact=True).click()
    page.get_by_role("button", name="Remove this page").click()
    until(page, "!underglass.case.info.pages.includes('Renamed 🙂 (2)')")
    until(page, "underglass.describe('pages')?.page !== 'Renamed 🙂 (2)'")
    page.get_by_role("button", name="Undo").first.click()
    until(page, "underglass.case.info.pages.includes('Renamed 🙂 (2)')")
    for _ in range(2):
        page.get_by_role("button", name="Undo").first.click()
        settled(page)
    until(page, "JSON.stringify(underglass.case.info.pages.toSorted()) === JSON.stringify(['First', 'Other'])")
    assert case.page("First").spec == first


def test_tiles_and_tabs_are_changed_by_keyboard_alone(planted_app, open_page):
    case, address = planted_app(100)
    ug.page([case.view("about"), "Words"], title="Keys").save()
    page = open_page(address)
    arrange(page, "Keys")

    page.get_by_role("button", name="Add view").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("spread")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    until(page, "underglass.describe('t3')?.n === 100")
    until(page, "document.activeElement.closest('[data-tile]')?.dataset.tile === 't3'")
    said = page.locator("[data-said]")
    before = kept(case, "Keys", lambda spec: len(spec["tabs"][0]["tiles"]) == 3)["tabs"][0]["tiles"][2]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    after = kept(case, "Keys", lambda spec: spec["tabs"][0]["tiles"][2]["width"] == before["width"] + 1)["tabs"][0]["tiles"][2]
    assert after["x"] == before["x"] + 1
    page.keyboard.press("Tab")  # settings, duplicate, remove
    page.keyboard.press("Enter")
    page.keyboard.type("Spread of labels")
    page.keyboard.press("Tab")
    page.keyboard.type("site = 'north'")
    page.keyboard.press("Enter")
    north = case.count("site = 'north'")
    until(page, f"underglass.describe('t3')?.n === {north}")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    until(page, "underglass.describe('t4')?.n > 0")
    copied = kept(case, "Keys", lambda spec: len(spec["tabs"][0]["tiles"]) == 4)["tabs"][0]["tiles"]
    assert {key: copied[3][key] for key in ("view", "props", "title")} == {
        "view": "column",
        "props": {"shown_for": {"filter": "site = 'north'"}},
        "title": "Spread of labels",
    }
    page.locator("[data-tile=t4]").get_by_role("button", name="Remove Spread of labels").focus()
    page.keyboard.press("Enter")
    kept(case, "Keys", lambda spec: [tile["id"] for tile in spec["tabs"][0]["tiles"]] == ["t1", "t2", "t3"])
    assert said.inner_text() == "Removed Spread of labels."

    page.get_by_role("button", name="Add tab").focus()
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('[role=tab]').length === 2")
    page.get_by_role("textbox", name="Title of this tab").fill("Second")
    page.get_by_role("textbox", name="Title of this tab").press("Tab")
    kept(case, "Keys", lambda spec: [tab["title"] for tab in spec["tabs"]] == ["Tab 1", "Second"])
    page.get_by_role("button", name="Move this tab left").press("Enter")
    kept(case, "Keys", lambda spec: [tab["title"] for tab in spec["tabs"]] == ["Second", "Tab 1"])
    page.get_by_role("tab", name="Second").focus()
    page.keyboard.press("ArrowRight")
    until(page, "document.activeElement.textContent === 'Tab 1' && document.activeElement.ariaSelected === 'true'")
    until(page, "underglass.describe('t3')?.n > 0")
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Remove this tab and what is on it").press("Enter")
    spec = kept(case, "Keys", lambda spec: len(spec["tabs"]) == 1)
    assert [tile["id"] for tile in spec["tabs"][0]["tiles"]] == ["t1", "t2", "t3"]


def test_a_text_is_seen_while_it_is_written_and_kept_when_it_is_done(planted_app, open_page):
    case, address = planted_app(100)
    ug.page([case.view("about")], title="Words").save()
    page = open_page(address)
    arrange(page, "Words")

    page.get_by_role("button", name="Add text").click()
    area = page.get_by_role("textbox", name="Text in Markdown")
    area.fill("## Why\n\n- one\n- two")
    until(page, "document.querySelectorAll('[data-tile=t2] li').length === 2")
    assert kept(case, "Words", lambda spec: len(spec["tabs"][0]["tiles"]) == 2)["tabs"][0]["tiles"][1]["text"] == ""
    page.get_by_role("button", name="Done writing").click()
    kept(case, "Words", lambda spec: spec["tabs"][0]["tiles"][1]["text"] == "## Why\n\n- one\n- two")
    page.locator("[data-tile=t2] h3, [data-tile=t2] h2").first.dblclick()
    assert area.input_value() == "## Why\n\n- one\n- two"


def test_a_page_s_link_draws_the_same_in_a_browser_that_never_saw_it(planted_app, open_page):
    case, address = planted_app(300)
    case.subset("old", "age >= 60")
    tabs = [
        ug.tab("One", ["# First"]),
        ug.tab(
            "Two",
            [
                case.view("column", column="age", shown_for="in subset 'old'"),
                case.view("confusion"),
                case.view("confidence").titled("Sure?"),
                "## Words",
            ],
        ),
    ]
    ug.page(tabs, title="Linked").save()
    page = open_page(address)
    open_named(page, "Linked", [])
    page.get_by_role("tab", name="Two").click()
    until(page, "underglass.describe('t2')?.n > 0")
    page.locator("[data-tile=t2] select").select_option("site")
    until(page, "underglass.describe('t2').question.includes('site')")
    page.locator("#filter").fill("checked = true")
    page.locator("#filter").press("Enter")
    page.evaluate("underglass.case.picks.pickPoints({}, ['label'], [['Coat']], 'label Coat')")
    until(page, f"underglass.describe('t3').n === {case.count('checked = true')} && underglass.describe('t3').selected > 0")
    settled(page)
    ids = ("pages", "t2", "t3", "t4")
    wanted = {one: page.evaluate(f"underglass.describe({one!r})") for one in ids}
    before = None
    while before != (before := page.evaluate("location.hash")):
        page.wait_for_timeout(300)

    other = open_page(address + before)

    until(other, f"window.underglass?.describe('t3')?.selected === {wanted['t3']['selected']}")
    until(other, f"underglass.describe('t2')?.n === {wanted['t2']['n']} && underglass.describe('t4')?.n > 0")
    settled(other)
    assert {one: other.evaluate(f"underglass.describe({one!r})") for one in ids} == wanted
    assert wanted["t2"]["n"] == case.count("checked = true and age >= 60")


def test_what_the_keys_move_is_kept_on_its_own_tab_however_soon_one_goes_on(planted_app, open_page):
    case, address = planted_app(60)
    case.keep_page(ug.page([ug.tab("One", ["A", "B"]), ug.tab("Two", ["C"])], title="Soon").spec)
    page = open_page(address)
    arrange(page, "Soon")
    kinds = [[tile["text"] for tile in tab["tiles"]] for tab in case.page("Soon").spec["tabs"]]

    def width(tab):
        return case.page("Soon").spec["tabs"][tab]["tiles"][0]["width"]

    def narrower(tab):
        before = width(tab)
        page.locator(".tile .handle").first.press("Shift+ArrowLeft")
        return lambda spec: spec["tabs"][tab]["tiles"][0]["width"] == before - 1

    on_first = narrower(0)
    page.get_by_role("tab", name="Two").click()
    kept(case, "Soon", on_first)
    page.locator(".tile", has_text="C").wait_for()
    on_second = narrower(1)
    page.evaluate("() => { location.hash = 'about'; }")
    spec = kept(case, "Soon", on_second)
    assert on_first(spec)
    assert [[tile["text"] for tile in tab["tiles"]] for tab in spec["tabs"]] == kinds
    assert case.folder.journal.sequence == 3


def test_fifty_edits_of_a_page_are_taken_back_one_by_one(planted_app, open_page):
    case, address = planted_app(60)
    first = ug.page(["# One", case.view("about"), "Two"], title="Undone").save().spec
    page = open_page(address)
    arrange(page, "Undone")
    before = case.folder.journal.sequence
    states = [first]

    def after(act):
        act()
        states.append(kept(case, "Undone", lambda spec: spec != states[-1]))
        until(page, f"underglass.case.info.edits.sequence === {case.folder.journal.sequence}")

    for turn in range(10):
        after(lambda: page.get_by_role("button", name="Add text").click())
        after(
            lambda turn=turn: (
                page.get_by_role("textbox", name="Text in Markdown").fill(f"Text {turn}"),
                page.get_by_role("button", name="Done writing").click(),
            )
        )
        after(lambda: page.locator("[data-tile=t1] button[aria-label^=Duplicate]").click())
        after(lambda: page.locator("[data-tile=t1] .handle").press("Shift+ArrowDown"))
        newest = states[-1]["tabs"][0]["tiles"][-1]["id"]
        after(lambda newest=newest: page.locator(f"[data-tile={newest}] button[aria-label^=Remove]").click())

    assert case.folder.journal.sequence - before == 50
    assert len({json.dumps(state) for state in states}) == 51
    page.get_by_role("button", name="Done", exact=True).click()
    for wanted in reversed(states[:-1]):
        page.keyboard.press("Control+z")
        kept(case, "Undone", lambda spec, wanted=wanted: spec == wanted)
        until(page, f"underglass.case.info.edits.sequence === {case.folder.journal.sequence}")
    assert case.page("Undone").spec == first
    until(page, "underglass.describe('pages').tiles.length === 3")
    drawn_now = {tile["id"]: (tile["x"], tile["y"], tile["width"], tile["height"]) for tile in describe(page, "pages")["tiles"]}
    assert drawn_now == {
        tile["id"]: tuple(tile[key] for key in ("x", "y", "width", "height")) for tile in first["tabs"][0]["tiles"]
    }


def test_changes_made_faster_than_they_are_answered_are_all_kept_in_their_order(planted_app, open_page):
    case, address = planted_app(60)
    ug.page(["One", case.view("about")], title="Fast").save()
    page = open_page(address)
    arrange(page, "Fast")
    page.locator("[data-tile=t1] button[aria-label^=Duplicate]").wait_for()

    page.evaluate("""(async () => {
        const press = (tile, what) => document.querySelector(`[data-tile=${tile}] button[aria-label^=${what}]`).click();
        for (let i = 0; i < 6; i++) {
            press("t1", "Duplicate");
            await new Promise((done) => setTimeout(done, 15 * i));
        }
        press("t3", "Remove");
        press("t1", "Duplicate");
    })()""")

    wanted = ["t1", "t2", "t4", "t5", "t6", "t7", "t8", "t9"]
    kept(case, "Fast", lambda spec: [tile["id"] for tile in spec["tabs"][0]["tiles"]] == wanted)
    until(page, f"underglass.describe('pages').tiles.map(tile => tile.id).toSorted().join() === '{','.join(wanted)}'")
    assert case.info()["edits"]["count"] == 9
