"""Every page of the real demo: accessible, readable in both themes and widths, nothing overlapping, no foreign request."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from browser.describing import describe, go_to, listed, reload, settled, until

AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
SIZES = {"wide": (1440, 900), "narrow": (800, 900)}


def go(page: Page, view: str) -> None:
    page.evaluate(f"location.hash = '#{view}'")
    describe(page, view)
    settled(page)


def violations(page: Page) -> list[str]:
    """What axe-core finds, a line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'], rules: { region: { enabled: false } } })")
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found["violations"] for node in one["nodes"]]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_view_is_accessible_and_fits_its_page(fashion, open_page, size: str, dark: bool):
    width, height = SIZES[size]
    page = open_page(fashion, width=width, height=height, dark=dark)

    settled(page)
    views = listed(page)
    assert len(views) >= 12

    for view in views:
        go_to(page, view)
        assert violations(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_the_captured_accuracy_stands_beside_the_stated_one(fashion, open_page):
    page = open_page(fashion)

    facts = dict(describe(page, "overview")["about"]["facts"])

    assert facts["Accuracy"] == ".900 captured · .902 stated"
    assert facts["Model"].startswith("cnn · 3 layers captured")


def test_keys_alone_pick_a_cell_open_an_instance_and_take_both_back(fashion, open_page):
    page = open_page(fashion)
    describe(page, "overview")

    page.locator('svg[aria-roledescription="confusion matrix"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.selection') !== null")
    settled(page)
    shown = describe(page, "overview")
    cell = next(n for label, prediction, n, _ in shown["confusion"]["cells"] if (label, prediction) == ("T-shirt", "Trouser"))
    assert shown["selected"] == cell

    page.keyboard.press("Escape")
    until(page, "document.querySelector('.selection') === null")

    page.locator("[data-row]").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("aside h2")


def test_a_view_s_card_answers_with_the_case_s_own_numbers(fashion, open_page):
    page = open_page(fashion)
    describe(page, "overview")

    page.locator('[data-view="confusion"] button[aria-label^="What this view shows"]').click()

    card = page.get_by_role("dialog").inner_text()
    assert all(word in card for word in ("Why", "Who", "What", "How", "When", "Source", "Limits"))
    assert "0 of 2,000 instances have no label" in card


def test_the_theme_is_kept_and_turns_every_colour(fashion, open_page):
    page = open_page(fashion)
    describe(page, "overview")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name="Dark theme").click()
    reload(page)

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_an_export_holds_the_drawn_numbers(fashion, open_page):
    page = open_page(fashion)
    describe(page, "overview")
    page.locator('[data-view="confusion"] button[aria-label="Export this view"]').click()

    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers, CSV").click()

    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0] == "label,prediction,n,selected"
    assert sum(int(line.split(",")[2]) for line in lines[1:]) == 2_000
