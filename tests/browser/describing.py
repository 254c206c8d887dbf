"""What the views of a page say they have drawn."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page


def describe(page: Page, view: str) -> dict[str, Any]:
    """The numbers a view has drawn, read back from its marks."""
    page.wait_for_function("view => window.underglass?.describe(view)?.n != null", arg=view)
    return page.evaluate("view => window.underglass.describe(view)", view)


def settled(page: Page) -> None:
    """Wait until nothing is asked of the server any more."""
    page.wait_for_load_state("networkidle")
