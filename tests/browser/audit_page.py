"""The page of an audit, as a test reads and uses it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Download, Page

from browser.describing import still_box, until

WOMEN = "region = east, sex = female"
MEN = "region = west, sex = male"
BY = ["region", "sex"]


def seen(page: Page, condition: str) -> dict[str, Any]:
    """The view's numbers once a condition on them, `d`, holds."""
    look = f"const d = window.underglass?.describe('subgroups'); return d && !d.working && ({condition}) && d;"
    found: dict[str, Any] = until(page, f"(() => {{ {look} }})()")
    return found


def strip(found: dict[str, Any], metric: str) -> dict[str, Any]:
    return next(one for one in found["strips"] if one["metric"] == metric)


def _middle(page: Page, group: str, metric: int) -> tuple[float, float]:
    box = still_box(page.locator(f'line.mark[data-group="{group}"]').nth(metric))
    return box["x"] + box["width"] / 2, box["y"] + 8


def click(page: Page, group: str, metric: int = 0) -> None:
    """Pin a group at its line."""
    page.mouse.click(*_middle(page, group, metric))


def hover(page: Page, group: str) -> None:
    page.mouse.move(*_middle(page, group, 0))


def choose(page: Page, tab: str) -> None:
    page.locator(".tabs").get_by_role("button", name=tab, exact=True).click()


def taken(page: Page, button: str) -> tuple[str, bytes]:
    """What a button gives away: the file's name and its bytes."""
    with page.expect_download() as coming:
        page.get_by_role("button", name=button, exact=True).click()
    file: Download = coming.value
    return file.suggested_filename, file.path().read_bytes()


def named(row: dict[str, Any], by: list[str]) -> str:
    """A row's group, called as the page calls it."""
    return ", ".join(f"{feature} = {row[feature]}" for feature in by)
