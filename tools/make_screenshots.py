"""Photograph the real app over the demo case for the README: docs/images/overview.png, patterns.png, suspects.png, review.png."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import chromium

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"


def main() -> None:
    _photograph([], {"overview": _overview, "patterns": _patterns})
    _photograph(["labels"], {"suspects": _suspects, "review": _review})


def _photograph(demo: list[str], views: dict[str, Callable[[Page], None]]) -> None:
    """Photograph views of one demo, one after the other in the same page."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        environment = {"XDG_CACHE_HOME": home, "XDG_STATE_HOME": home, "PATH": "/usr/bin:/bin", "HOME": home, "USER": "mara"}
        server = subprocess.Popen(
            [sys.executable, "-u", "-m", "underglass", "demo", *demo, "--no-open"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        try:
            assert server.stdout is not None
            address = next(found.group() for line in server.stdout if (found := re.search(r"http://\S+", line)))
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(address)
            for name, show in views.items():
                show(page)
                _save(page, name)
            browser.close()
        finally:
            server.terminate()
            server.wait()


def _overview(page: Page) -> None:
    bars = page.locator('[data-view="confidence"] svg[aria-roledescription=histogram]')
    bars.wait_for()
    box = bars.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 40, steps=5)
    page.mouse.up()
    page.locator('[data-view="images"] .tile').nth(3).click()
    page.locator('g[data-label="Shirt"][data-prediction="T-shirt"]').hover()
    page.wait_for_timeout(1500)


def _patterns(page: Page) -> None:
    page.keyboard.press("Escape")
    page.locator('nav a[href="#patterns"]').click()
    page.locator('[data-pattern="1"]').first.wait_for(timeout=60_000)
    page.locator('[data-pattern="1"]').first.click()
    page.wait_for_timeout(2500)


def _suspects(page: Page) -> None:
    page.locator('nav a[href="#suspects"]').click()
    page.locator(".cell").first.wait_for()
    page.wait_for_timeout(1500)


def _review(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Review")).click()
    page.locator("[data-item]").first.wait_for()
    for key in "rrrrRrrrrrrrrrrrrrrrrrrrrr":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.locator("svg[data-inspected='27']").wait_for()
    page.wait_for_timeout(1000)


def _save(page: Page, name: str) -> None:
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").save(path, optimize=True)


if __name__ == "__main__":
    main()
