"""Every view shows the same n: after any brush, filter or edit, with and without pre-aggregates."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from playwright.sync_api import Page

from browser.brushing import brush
from browser.describing import describe, settled, until

VIEWS = ("confusion", "confidence", "column", "images")
STEPS = 14


def counts(page: Page) -> dict[str, tuple[int, int | None]]:
    """n and selected of every view on the overview."""
    settled(page)
    parts = describe(page, "overview")
    return {name: (parts[name]["n"], parts[name]["selected"]) for name in ("confusion", "confidence", "column")} | {
        "images": (parts["confusion"]["n"], parts["images"]["selected"])
    }


def oracle(table: pa.Table, bins: tuple[int, int] | None, cell: tuple[str, str] | None) -> int:
    """The picked count by numpy, from the file on disk."""
    chosen = np.ones(table.num_rows, bool)
    if bins is not None:
        number = np.minimum(np.floor(table["confidence"].to_numpy().astype(np.float64) / 0.1), 9)
        chosen &= (number >= bins[0]) & (number <= bins[1])
    if cell is not None:
        label, prediction = table["label"].to_pylist(), table["prediction"].to_pylist()
        chosen &= np.array([(a, b) == cell for a, b in zip(label, prediction, strict=True)])
    return int(chosen.sum())


@pytest.mark.parametrize("preaggregate", [False, True], ids=["direct", "pre-aggregated"])
def test_all_views_agree_with_each_other_and_with_numpy_after_random_brushes(planted_app, open_page, preaggregate: bool):
    case, address = planted_app(4_000, preaggregate=preaggregate)
    page = open_page(address)
    table = case.table()
    choose = random.Random(7)
    bins: tuple[int, int] | None = None
    cell: tuple[str, str] | None = None

    for _ in range(STEPS):
        kind = choose.choice(["bins", "bins", "cell", "clear"])
        if kind == "bins":
            first = choose.randrange(9)
            bins = (first, choose.randrange(first + 1, 10))
            brush(page, *bins)
        elif kind == "cell":
            wanted = (choose.choice(case.folder.manifest.classes), choose.choice(case.folder.manifest.classes))
            page.locator(f'g[data-label="{wanted[0]}"][data-prediction="{wanted[1]}"]').click()
            cell = None if cell == wanted else wanted
        else:
            page.keyboard.press("Escape")
            bins = cell = None
        expected = oracle(table, bins, cell)
        found = counts(page)
        anything = bins is not None or cell is not None
        assert {n for n, _ in found.values()} == {4_000}
        assert {selected for _, selected in found.values()} == ({expected} if anything else {None})
        if anything:
            assert page.locator(".selection .count").inner_text() == f"{expected:,} selected"


def test_after_an_edit_no_view_shows_an_old_number(planted_app, open_page):
    case, address = planted_app(1_000, preaggregate=True)
    page = open_page(address)
    brush(page, 0, 4)
    before = counts(page)["confusion"]

    page.get_by_role("button", name="Exclude").click()
    until(page, f"window.underglass.describe('overview').n === {1_000 - before[1]}")

    assert set(counts(page).values()) == {(1_000 - before[1], 0)}
    assert case.count("excluded") == before[1]

    page.keyboard.press("Control+z")
    until(page, "window.underglass.describe('overview').n === 1000")
    assert set(counts(page).values()) == {before}


def test_an_edit_made_elsewhere_arrives(planted_app, open_page):
    case, address = planted_app(500)
    page = open_page(address)
    describe(page, "overview")

    case.exclude("confidence < .4")
    left = case.count("not excluded")

    until(page, f"window.underglass.describe('overview').n === {left}")


def test_a_typed_filter_narrows_every_view_and_says_where_it_cannot_be_read(planted_app, open_page):
    case, address = planted_app(1_000)
    page = open_page(address)
    describe(page, "overview")

    page.keyboard.press("/")
    page.keyboard.type("confidance < .5")
    page.keyboard.press("Enter")
    assert "did you mean 'confidence'?" in page.get_by_role("alert").inner_text()

    page.locator("#filter").fill("confidence < .5 and not excluded")
    page.keyboard.press("Enter")
    expected = case.count("confidence < .5")
    until(page, f"window.underglass.describe('overview').n === {expected}")
    assert {n for n, _ in counts(page).values()} == {expected}


def test_the_address_holds_the_state(planted_app, open_page):
    _, address = planted_app(1_000)
    page = open_page(address)
    brush(page, 2, 5)
    before = counts(page)
    page.locator("[data-row]").first.click()
    page.wait_for_selector("aside h2")
    until(page, "location.hash.includes('row=')")

    again = open_page(address)
    again.goto(page.url)
    again.reload()

    assert counts(again) == before
    assert again.locator("aside h2").inner_text() == page.locator("aside h2").inner_text()


def test_clearing_keeps_what_is_pinned(planted_app, open_page):
    _, address = planted_app(1_000)
    page = open_page(address)
    brush(page, 2, 5)
    pinned: Any = counts(page)["confusion"]
    page.keyboard.press("p")
    page.locator('g[data-margin="label"] text.name').first.click()
    assert counts(page)["confusion"][1] < pinned[1]

    page.keyboard.press("Escape")

    assert counts(page)["confusion"] == pinned
