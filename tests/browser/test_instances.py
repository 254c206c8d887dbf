"""The instances view in Chromium: the same rows, order and counts as the data, at any length, by mouse and by keyboard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from playwright.sync_api import Locator, Page

from browser.describing import describe, reload, settled, still_box, until

VIEW = "instances"
ROW = '[role="row"][data-row]'
HOSTILE = (
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=1</script>",
    "../../etc/passwd",
    "\u202eשמלה 👗",
    "name " * 60,
)


def open_instances(open_page, address: str, fragment: str = "", **how: Any) -> Page:
    page = open_page(f"{address}#instances{fragment}", **how)
    page.wait_for_selector("[data-view=instances] [data-row], [data-view=instances] .state")
    return page


def rows_become(page: Page, expected: list[int], first: int = 6) -> None:
    """Wait until the first rows drawn are these, and all else is drawn too."""
    until(page, f"window.underglass?.describe('{VIEW}')?.rows.slice(0, {first}).join() === '{joined(expected[:first])}'")
    settled(page)


def joined(rows: list[int]) -> str:
    return ",".join(map(str, rows))


def becomes(page: Page, name: str, expected: Any) -> None:
    """Wait until the view says this number."""
    until(page, f"window.underglass.describe('{VIEW}').{name} === {'null' if expected is None else expected}")


def order(table: pa.Table, *keys: tuple[str, str]) -> list[int]:
    """The rows in an order, by numpy: missing values last, `row` as tie-breaker; categories in the order of the case."""
    levels = [table["row"].to_numpy()]
    for name, direction in reversed(keys):
        column = table[name].combine_chunks()
        codes = column.indices if pa.types.is_dictionary(column.type) else column
        missing = codes.is_null().to_numpy(zero_copy_only=False)
        values = codes.fill_null(0).to_numpy().astype(np.float64)
        levels += [np.where(missing, 0, values if direction == "ascending" else -values), missing]
    return table["row"].to_numpy()[np.lexsort(levels)].tolist()


def row(page: Page, place: int) -> Locator:
    return page.locator(f'{ROW}[data-index="{place}"]')


def test_rows_stand_least_confident_first_and_a_head_sorts_with_further_keys(planted_app, open_page):
    case, address = planted_app(500)
    page = open_instances(open_page, address)
    table = case.table()
    rows_become(page, order(table, ("confidence", "ascending")))

    page.locator('[role="columnheader"][data-column="label"] .name').click()
    rows_become(page, order(table, ("label", "ascending")))
    page.locator('[role="columnheader"][data-column="age"] .name').click(modifiers=["Shift"])
    page.locator('[role="columnheader"][data-column="age"] .name').click(modifiers=["Shift"])
    rows_become(page, order(table, ("label", "ascending"), ("age", "descending")))

    assert "sorted by label, in the order of the case, then age, most first" in describe(page, VIEW)["sentence"]
    until(page, "location.hash.includes('age') && location.hash.includes('desc')")
    reload(page)
    rows_become(page, order(table, ("label", "ascending"), ("age", "descending")))


def test_cells_and_heads_hold_the_data_s_own_numbers(planted_app, open_page):
    case, address = planted_app(500)
    page = open_instances(open_page, address)
    table = case.table()
    first = order(table, ("confidence", "ascending"))
    rows_become(page, first)
    found = describe(page, VIEW)
    cells = dict(zip(found["columns"], found["cells"][0], strict=False))

    assert cells["id"] == table["id"][first[0]].as_py()
    assert cells["prediction"] == table["prediction"][first[0]].as_py()
    assert float(cells["confidence"]) == round(table["confidence"][first[0]].as_py(), 2)
    labels = found["histograms"]["label"]
    names = table["label"].to_pylist()
    counted = {name: names.count(name) for name in set(names)}
    assert {name if name != "no value" else None: n for name, n, _ in labels} == counted
    bins = np.bincount(
        np.minimum(np.floor(table["confidence"].to_numpy().astype(np.float64) / 0.05), 19).astype(int), minlength=20
    )
    assert [n for _, n, _ in found["histograms"]["confidence"]] == bins.tolist()


def test_brushing_a_head_picks_whole_bins_and_a_click_picks_a_value(planted_app, open_page):
    case, address = planted_app(800)
    page = open_instances(open_page, address)
    rows_become(page, order(case.table(), ("confidence", "ascending")))
    box = still_box(page.locator('[data-histogram="confidence"] svg'))
    step = box["width"] / 20

    page.mouse.move(box["x"] + 8.5 * step, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + 11.5 * step, box["y"] + 12, steps=4)
    page.mouse.up()
    expected = case.count("bin(confidence, 0, .05, 20) between 8 and 11")
    becomes(page, "selected", expected)
    assert 0 < expected < 800

    page.locator('[data-histogram="label"] [data-bar="Dress"]').click(force=True)
    both = case.count("bin(confidence, 0, .05, 20) between 8 and 11 and label = 'Dress'")
    becomes(page, "selected", both)
    until(page, f"window.underglass.describe('{VIEW}').histograms.label.find(([name]) => name === 'Dress')[2] === {both}")


def test_rows_are_picked_by_mouse_one_by_one_and_as_a_range(planted_app, open_page):
    case, address = planted_app(300)
    page = open_instances(open_page, address)
    listed = order(case.table(), ("confidence", "ascending"))
    rows_become(page, listed)

    row(page, 1).click(modifiers=["Control"])
    becomes(page, "selected", 1)
    row(page, 4).click(modifiers=["Shift"])
    becomes(page, "selected", 4)
    row(page, 2).click(modifiers=["Control"])
    becomes(page, "selected", 3)
    until(page, f"window.underglass.describe('{VIEW}').picked.join() === '{joined([listed[1], listed[3], listed[4]])}'")

    page.keyboard.press("Escape")
    becomes(page, "selected", None)


def test_a_row_is_added_to_what_was_picked_elsewhere_and_taken_off_it(planted_app, open_page):
    case, address = planted_app(300)
    page = open_instances(open_page, address)
    table = case.table()
    listed = order(table, ("confidence", "ascending"))
    rows_become(page, listed)
    page.locator('[data-histogram="label"] [data-bar="Dress"]').click(force=True)
    dresses = case.count("label = 'Dress'")
    becomes(page, "selected", dresses)
    names = table["label"].to_pylist()
    other = next(place for place, at in enumerate(listed) if names[at] != "Dress")
    dress = next(place for place, at in enumerate(listed) if names[at] == "Dress")

    row(page, other).click(modifiers=["Control"])
    becomes(page, "selected", dresses + 1)
    row(page, dress).click(modifiers=["Control"])
    becomes(page, "selected", dresses)


def test_the_keyboard_alone_walks_picks_extends_and_opens(planted_app, open_page):
    case, address = planted_app(300)
    page = open_instances(open_page, address)
    listed = order(case.table(), ("confidence", "ascending"))
    rows_become(page, listed)

    page.locator('[role="grid"]').focus()
    for key in ("ArrowDown", "ArrowDown", "Space"):
        page.keyboard.press(key)
    becomes(page, "selected", 1)
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    becomes(page, "selected", 4)
    page.keyboard.press("End")
    until(page, f"document.querySelector('[role=row][data-index=\"299\"]')?.dataset.row === '{listed[-1]}'")
    page.keyboard.press("Enter")
    becomes(page, "selected", 5)
    assert str(case.table()["id"][listed[-1]].as_py()) in page.locator("aside h2").inner_text()


def test_the_keyboard_reaches_a_head_sorts_by_it_and_picks_a_bin(planted_app, open_page):
    case, address = planted_app(300)
    page = open_instances(open_page, address)
    rows_become(page, order(case.table(), ("confidence", "ascending")))
    heads = describe(page, VIEW)["columns"]

    page.locator('[role="grid"]').focus()
    page.keyboard.press("ArrowUp")
    for _ in range(heads.index("label")):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    rows_become(page, order(case.table(), ("label", "ascending")))
    for key in ("b", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    becomes(page, "selected", case.count("label = 'Trouser'"))


def test_a_hundred_thousand_rows_are_scrolled_to_their_end_with_few_elements(planted_app, open_page):
    case, address = planted_app(100_000, images=False, units=2)
    page = open_instances(open_page, address)
    listed = order(case.table(), ("confidence", "ascending"))
    rows_become(page, listed)

    page.evaluate("(() => { const grid = document.querySelector('[role=grid]'); grid.scrollTop = grid.scrollHeight; })()")
    until(page, f"document.querySelector('[role=row][data-index=\"99999\"]')?.dataset.row === '{listed[-1]}'")

    assert page.evaluate("document.querySelectorAll('[role=row]').length") < 60
    assert describe(page, VIEW)["listed"] == 100_000


def test_pages_of_a_large_list_are_the_order_s_own_however_they_are_reached(planted_app, open_page):
    """Above 200,000 rows pages are found from their neighbours, from the nearer end, and from counts of blocks."""
    n = 210_000
    case, address = planted_app(n, images=False, units=2)
    page = open_instances(open_page, address)
    table = case.table(None)
    listed = order(table, ("confidence", "ascending"))
    rows_become(page, listed)

    for share in (0.3, 0.9, 0.31, 1.0):
        page.evaluate(
            f"(() => {{ const grid = document.querySelector('[role=grid]'); grid.scrollTop = grid.scrollHeight * {share}; }})()"
        )
        matches_the_order(page, listed, round(share * (n - 60)))
    for name in ("confidence", "confidence"):
        page.locator(f'[role="columnheader"][data-column="{name}"] .name').click()
    rows_become(page, list(range(10)))
    page.evaluate("(() => { const grid = document.querySelector('[role=grid]'); grid.scrollTop = grid.scrollHeight * .7; })()")
    matches_the_order(page, list(range(n)), round(0.7 * (n - 60)))


LINES = "[...document.querySelectorAll('[role=row][data-index]')].map(({ dataset }) => dataset)"


def matches_the_order(page: Page, listed: list[int], around: int) -> None:
    """Wait until rows around a place are drawn, then compare every drawn one with the order."""
    there = f"Math.abs(lines[0].index - {around}) < 2000 && lines.every(({{ row }}) => row !== undefined)"
    numbers = "lines.map(({ index, row }) => [Number(index), Number(row)])"
    drawn = until(page, f"((lines) => lines.length > 5 && {there} && {numbers})({LINES})", 120)
    assert [listed[place] for place, _ in drawn] == [at for _, at in drawn]


def test_a_search_lists_what_contains_the_words_and_says_how_many(planted_app, open_page):
    case, address = planted_app(400)
    page = open_instances(open_page, address)
    rows_become(page, order(case.table(), ("confidence", "ascending")))

    page.get_by_placeholder("Search id").fill("trous")
    expected = case.count("label contains 'trous' or prediction contains 'trous'")
    becomes(page, "listed", expected)
    assert f"{expected} of them contain “trous”" in describe(page, VIEW)["sentence"]
    assert describe(page, VIEW)["n"] == 400

    page.get_by_placeholder("Search id").fill("nothing has this")
    page.get_by_text("Nothing contains “nothing has this”").wait_for()
    page.get_by_role("button", name="Clear the search").click()
    becomes(page, "listed", 400)


def test_an_instance_is_found_by_its_id_wherever_it_stands(planted_app, open_page):
    case, address = planted_app(2_000)
    page = open_instances(open_page, address)
    listed = order(case.table(), ("confidence", "ascending"))
    rows_become(page, listed)
    wanted = listed[1_500]

    page.get_by_placeholder("Go to id").fill(str(case.table()["id"][wanted].as_py()))
    page.keyboard.press("Enter")

    until(page, f"document.querySelector('.row.cursor')?.dataset.row === '{wanted}'")
    assert row(page, 1_500).get_attribute("data-row") == str(wanted)


def test_only_the_selected_are_listed_on_request_and_nothing_selected_says_so(planted_app, open_page):
    case, address = planted_app(400)
    page = open_instances(open_page, address)
    rows_become(page, order(case.table(), ("confidence", "ascending")))

    page.get_by_role("button", name="Selected", exact=True).click()
    page.get_by_text("Nothing selected").wait_for()
    wrong = case.count("correct = false")
    page.get_by_role("button", name=f"Select all {wrong} wrong").click()

    becomes(page, "listed", wrong)
    expected = [at for at in order(case.table(), ("confidence", "ascending")) if at in set(case.rows("correct = false").tolist())]
    rows_become(page, expected)


def test_the_grid_holds_the_same_rows_in_the_same_order(planted_app, open_page):
    case, address = planted_app(400)
    page = open_instances(open_page, address)
    listed = order(case.table(), ("confidence", "ascending"))
    rows_become(page, listed)

    page.get_by_role("button", name="Grid").click()
    rows_become(page, listed, 12)
    page.locator('[role="grid"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    becomes(page, "selected", 1)
    until(page, f"window.underglass.describe('{VIEW}').picked[0] === {listed[1]}")


def test_by_class_stand_the_correct_and_the_wrong_of_each_class(planted_app, open_page):
    case, address = planted_app(400)
    page = open_instances(open_page, address, "?p.mode=%22classes%22")
    until(page, "document.querySelectorAll('[data-class]').length === 5")

    found = page.evaluate(
        "[...document.querySelectorAll('[data-class]')].map(({ dataset }) => [dataset.class, +dataset.n, +dataset.wrong])"
    )

    assert found == [
        [name, case.count(f"label = '{name}'"), case.count(f"label = '{name}' and correct = false")]
        for name in case.folder.manifest.classes
    ]


def test_columns_are_chosen_reordered_and_kept_in_the_address(planted_app, open_page):
    case, address = planted_app(100)
    page = open_instances(open_page, address)
    rows_become(page, order(case.table(), ("confidence", "ascending")))

    page.get_by_role("button", name="Columns").click()
    page.get_by_role("dialog").get_by_label("label", exact=True).uncheck()
    page.get_by_role("button", name="Move prediction up").click()
    page.keyboard.press("Escape")
    until(page, f"window.underglass.describe('{VIEW}').columns.slice(0, 2).join() === 'prediction,id'")
    until(page, "location.hash.includes('columns=%5B%22prediction')")
    reload(page)

    until(page, f"window.underglass?.describe('{VIEW}')?.columns.slice(0, 2).join() === 'prediction,id'")
    assert "label" not in describe(page, VIEW)["columns"]


def test_an_edit_made_elsewhere_shows_in_cells_and_heads(planted_app, open_page):
    case, address = planted_app(300)
    page = open_instances(open_page, address)
    listed = order(case.table(), ("confidence", "ascending"))
    rows_become(page, listed)
    before = {name: n for name, n, _ in describe(page, VIEW)["histograms"]["label"]}
    names = case.table()["label"].to_pylist()
    place = next(i for i, at in enumerate(listed) if names[at] == "Trouser")

    case.relabel([listed[place]], "Dress")

    until(page, f"document.querySelector('[role=row][data-index=\"{place}\"] [data-column=label]')?.innerText.trim() === 'Dress'")
    until(
        page,
        f"window.underglass.describe('{VIEW}').histograms.label.find(([name]) => name === 'Dress')[1] === {before['Dress'] + 1}",
    )


def test_a_filter_that_leaves_nothing_says_so_and_offers_the_way_back(planted_app, open_page):
    _, address = planted_app(200)
    page = open_instances(open_page, address, "?filter=confidence%20%3E%202")

    page.get_by_text("confidence > 2 leaves 0 of 200.").wait_for()
    page.get_by_role("button", name="Clear the filter").last.click()
    becomes(page, "listed", 200)


def test_a_case_of_one_instance_is_one_row(planted_app, open_page):
    case, address = planted_app(1, nulls=False)
    page = open_instances(open_page, address)

    rows_become(page, [0], 1)
    assert describe(page, VIEW)["sentence"].startswith("1 shown, ")
    assert case.count("confidence >= 0") == 1


def test_hostile_names_are_shown_as_text_and_break_nothing(planted_app, open_page):
    case, address = planted_app(
        60, classes=HOSTILE, ids=[f"<img src=x onerror=window.pwned={i}>/../{i}" + "x" * 200 for i in range(60)]
    )
    case.tag(range(60), "<img src=x onerror=window.pwned=2>")
    case.note(range(60), "</script><script>window.pwned=3</script>" + "long " * 100)
    page = open_instances(open_page, address)

    for mode in ("Table", "Grid", "By class"):
        page.get_by_role("button", name=mode).click()
        page.wait_for_selector("[data-row]")
        page.wait_for_timeout(100)
        assert page.evaluate("window.pwned") is None
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Table").click()
    until(page, "document.querySelector('[role=row][data-index] [data-column=id]')?.innerText.startsWith('<img')")
    assert {
        round(one["height"]) for one in page.locator(ROW).evaluate_all("(all) => all.map((one) => one.getBoundingClientRect())")
    } == {44}
