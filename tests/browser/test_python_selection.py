"""What Python picks is shown in the web app, and what is picked there is heard of in Python once somebody listens."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from browser.describing import PATIENCE, describe, settled, still_box, until

N = 600


def heard_within(heard: list, wanted: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until Python has heard it."""
    end = time.monotonic() + patience
    while not wanted():
        assert time.monotonic() < end, heard
        time.sleep(0.01)


def test_selection_subsets_and_edits_go_both_ways(planted_app, open_page):
    case, address = planted_app(N)
    case.selection = "age >= 40"
    page = open_page(f"{address}#confidence")
    age = np.asarray(case.folder.instances["age"].to_pylist())
    old = int((age >= 40).sum())
    until(page, f"window.underglass?.describe('confidence')?.selected === {old}")
    assert describe(page, "confidence")["n"] == N

    heard: list[int | None] = []
    stop = case.on_selection(lambda selection: heard.append(None if selection is None else len(selection)))
    bars = page.locator("svg[aria-roledescription=histogram]").first

    def click(nth: int) -> None:
        box = still_box(bars)
        page.mouse.click(box["x"] + 1 + (nth + 0.5) * (box["width"] - 2) / 10, box["y"] + 60)

    click(6)
    settled(page)
    both = page.evaluate("window.underglass.describe('confidence').selected")
    assert 0 < both < old
    heard_within(heard, lambda: bool(heard) and heard[-1] == both)

    case.selection = None
    until(page, "window.underglass.describe('confidence').selected === null")
    stop()
    click(7)
    until(page, "window.underglass.describe('confidence').selected > 0")
    assert heard[-1] is None

    case.subsets["old"] = "age >= 40"
    until(page, "window.underglass.case.info.subsets.some((one) => one.name === 'old')")

    def broken(selection: object) -> None:
        raise ValueError("not today")

    case.on_selection(broken)
    case.selection = [1, 2]
    until(page, "document.body.innerText.includes('broken, which follows the selection, failed: ValueError: not today')")
    until(page, "window.underglass.describe('confidence').selected === 2")
