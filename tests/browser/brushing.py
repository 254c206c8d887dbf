"""Brush as a person does, with the mouse."""

from __future__ import annotations

from playwright.sync_api import Page

from browser.describing import still_box


def brush(page: Page, first: int, last: int, nth: int = 0) -> None:
    """Brush bins of the nth histogram of confidence with the mouse."""
    bars = page.locator('[data-view="confidence"] svg[aria-roledescription=histogram]').nth(nth)
    bars.scroll_into_view_if_needed()
    box = still_box(bars)
    step = (box["width"] - 2) / 10
    page.mouse.move(box["x"] + 1 + (first + 0.5) * step, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 1 + (last + 0.5) * step, box["y"] + 60, steps=4)
    page.mouse.up()
