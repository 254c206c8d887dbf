"""What tests do with the page of exploRNN: wait for an epoch, open a cell, save a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from browser.describing import until

STAGES = {
    "lstm": [["cBefore", "g", "hBefore", "x"], ["f", "i", "o"], ["added", "kept"], ["c"], ["bent", "h"], []],
    "gru": [["hBefore", "x"], ["brought", "r", "z"], ["n", "reset"], ["added", "kept"], ["h"], []],
    "rnn": [["hBefore", "x"], ["sum"], ["h"], []],
}
"""Parts of each cell in the order in which they fire."""
CLOSE = 1e-5
"""float32 in the page against float32 in torch."""


def described(page: Page) -> dict[str, Any]:
    return until(page, "window.underglass?.describe?.()", 60)


def at_epoch(page: Page, epoch: int, patience: float = 60) -> dict[str, Any]:
    until(page, f"window.underglass?.describe?.()?.epoch >= {epoch}", patience)
    return described(page)


def one_epoch(page: Page) -> dict[str, Any]:
    before = described(page)["epoch"]
    page.get_by_role("button", name="One epoch").click()
    until(page, f"underglass.describe().epoch === {before + 1} && !underglass.describe().playing")
    return described(page)


def full_speed(page: Page) -> None:
    for _ in range(5):
        if page.locator("[data-speed]").get_attribute("data-speed") != "full":
            page.get_by_role("button", name="Faster").click()
    page.evaluate("document.activeElement?.blur()")  # keys go to the page, not to a button that is disabled now


def go_to(page: Page, at: int) -> dict[str, Any]:
    page.locator(".walk input").fill(str(at))
    until(page, f"underglass.describe().at === {at}")
    return described(page)


def opened(page: Page, layer: int = 1) -> dict[str, Any]:
    page.locator(f'[data-layer="{layer - 1}"] .open').click()
    until(page, f"underglass.describe().opened === {layer - 1} && Object.keys(underglass.describe().cell).length > 0")
    return described(page)


def saved(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def slide(page: Page, name: str, value: float) -> None:
    page.locator(f"#{name}").fill(str(value))
