"""What the views of a page say they have drawn."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Error, Locator, Page

PATIENCE = 60.0
"""Seconds."""
MOST_SAID = 3000
"""Characters of what a page says of itself when a test has waited in vain."""
STATE = """(() => {
  const { case: study, mounted, describe } = window.underglass ?? {};
  return JSON.stringify([location.hash, study?.jobs, mounted?.map(({ name }) => describe(name))]);
})()"""


def until(page: Page, expression: str, patience: float = PATIENCE) -> Any:
    """Wait until an expression of the page is true; gives its value."""
    end = time.monotonic() + patience
    while True:
        try:
            value = page.evaluate(expression)
        except Error as error:
            if "context was destroyed" not in str(error):  # by going to another page, where it is asked again
                raise
            value = None
        if value:
            return value
        assert time.monotonic() < end, f"not true within {patience} s: {expression}\n{_state(page)}"
        page.wait_for_timeout(20)


def _state(page: Page) -> str:
    """What the page shows instead, for whoever reads the failure."""
    try:
        return str(page.evaluate(STATE))[:MOST_SAID]
    except Error as error:
        return f"the page says nothing of itself: {error}"


def describe(page: Page, view: str) -> dict[str, Any]:
    """The numbers a view has drawn, read back from its marks."""
    until(page, f"window.underglass?.describe({view!r})?.n != null")
    return page.evaluate(f"window.underglass.describe({view!r})")


def settled(page: Page) -> None:
    """Wait until every view has its answers and has drawn them."""
    until(page, "window.underglass !== undefined")
    page.evaluate("window.underglass.settled()")


def listed(page: Page) -> list[str]:
    """The views in the rail, by name."""
    return page.evaluate("window.underglass.case.info.views.filter((one) => one.listed).map((one) => one.name)")


def go_to(page: Page, view: str) -> None:
    """Open a view as its link does, and wait until it has drawn."""
    page.evaluate("(name) => { location.hash = '#' + name; }", view)
    until(page, f"window.underglass.mounted.some((one) => one.name === {view!r})")
    settled(page)


def at_rest(page: Page, view: str) -> dict[str, Any]:
    """What a view says once its fonts are there and it says the same twice, with frames drawn between: time alone is no sign
    that a busy machine has drawn anything.
    """
    end, before = time.monotonic() + PATIENCE, None
    describe(page, view)
    page.evaluate("document.fonts.ready.then(() => true)")
    settled(page)
    while untimed(now := describe(page, view)) != before:
        assert time.monotonic() < end, f"{view} does not come to rest within {PATIENCE} s"
        before = untimed(now)
        frames_drawn(page)
        settled(page)
        page.wait_for_timeout(300)
    return now


def untimed(said: Any) -> Any:
    """What a view says without how long it took to draw."""
    if isinstance(said, list):
        return [untimed(one) for one in said]
    if isinstance(said, dict):
        return {key: untimed(one) for key, one in said.items() if key != "milliseconds"}
    return said


def still_box(one: Locator) -> dict[str, float]:
    """Where an element lies, in pixels of the window, once the fonts are there and it lies there after frames were drawn too."""
    end, before = time.monotonic() + PATIENCE, None
    one.evaluate("() => document.fonts.ready.then(() => true)")
    while (now := one.bounding_box()) is None or now != before:
        assert time.monotonic() < end, f"it does not come to rest within {PATIENCE} s: {before}, then {now}"
        before = now
        frames_drawn(one.page)
    return dict(now)


def animated(page: Page) -> None:
    """Wait until what moves or fades, and does not do so for ever, has ended or was broken off."""
    ends = "(one) => one.effect.getComputedTiming().endTime < Infinity"
    page.evaluate(f"Promise.allSettled(document.getAnimations().filter({ends}).map((one) => one.finished)).then(() => true)")


def frames_drawn(page: Page) -> None:
    """Wait until the browser has drawn six frames, however long a busy machine takes for them."""
    page.evaluate("(async () => { for (let i = 0; i < 6; i++) await new Promise(requestAnimationFrame); return true; })()")


def reload(page: Page) -> None:
    """Load the page's address anew, once it holds what the page shows: it is written when the hand rests."""
    before = None
    while before != (before := page.evaluate("location.hash")):
        page.wait_for_timeout(300)
    page.reload()
