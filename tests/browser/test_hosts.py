"""The same views of the same case draw the same numbers in every place where people work, at one size, to 1e-6.

The web app, JupyterLab 4, marimo, a single file without a network, TensorBoard: all of them real.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Frame, Page

from browser.cells import (  # the fixtures are used by name
    FRAME,
    HEIGHT,
    OPEN,
    SIZED,
    VIEWS,
    WIDTH,
    N,
    assert_same,
    book,
    home,
    lab_address,
    watched,
)
from browser.describing import at_rest, describe, go_to, settled
from browser.notebooks import marimo
from browser.test_tensorboard import start, tab
from underglass.case import Case

__all__ = ["book", "home", "lab_address", "start", "tab", "watched"]


PLACE = "(({ clientWidth, clientHeight }) => [clientWidth, clientHeight])(document.querySelector('main'))"


def fit(page: Page, inside: Page | Frame) -> None:
    """Give the window the size at which the place of a view is as large as in the other hosts."""
    for _ in range(3):
        width, height = inside.evaluate(PLACE)
        window = page.viewport_size
        assert window is not None
        page.set_viewport_size({"width": window["width"] + WIDTH - width, "height": window["height"] + HEIGHT - height})
        settled(inside)


def web_app(serve: Callable[..., tuple[Case, str]], open_page: Callable[..., Page]) -> dict[str, Any]:
    """What the web app draws, in a main part of that size."""
    case, address = serve(N)
    case.projection("fc")
    page = open_page(address)
    describe(page, "overview")
    fit(page, page)
    found = {}
    for view in VIEWS:
        go_to(page, view)
        found[view] = at_rest(page, view)
    return found


def drawn_as(wanted: dict[str, Any], page: Page, inside: Page | Frame, host: str) -> None:
    """Every view draws what it draws in the web app."""
    settled(inside)
    go_to(inside, "overview")
    fit(page, inside)
    for view in VIEWS:
        go_to(inside, view)
        assert_same(at_rest(inside, view), wanted[view], f"{host}: {view}")


def test_five_hosts_draw_the_same_numbers(
    book: Callable[..., Any],
    home: Path,
    watched: Callable[..., Page],
    planted_app: Callable[..., tuple[Case, str]],
    open_page: Callable[..., Page],
    open_offline: Callable[..., Page],
    start: Callable[..., str],
    tab: Callable[..., tuple[Page, Frame]],
    browser: Browser,
    tmp_path: Path,
):
    wanted = web_app(planted_app, open_page)
    sized = [SIZED.format(view=view, width=WIDTH + FRAME, height=HEIGHT) for view in VIEWS]

    lab = book("same", sized)
    lab.run_all()
    for i, view in enumerate(VIEWS):
        lab.page.evaluate(f"window.jupyterapp.shell.currentWidget.content.scrollToItem({i + 1})")
        assert_same(at_rest(lab.page, view), wanted[view], f"JupyterLab: {view}")

    with marimo(home / "marimo", [OPEN.format(path=str(home / "planted.case")), *sized]) as address:
        page = watched(address)
        for view in VIEWS:
            assert_same(at_rest(page, view), wanted[view], f"marimo: {view}")
        page.context.close()

    shutil.copytree(home / "planted.case", tmp_path / "logs" / "planted.case")
    with Case.open(tmp_path / "logs" / "planted.case") as case:
        case.projection("fc")
        file = case.export(tmp_path / "page.html").path
    page = open_offline(file.as_uri())
    drawn_as(wanted, page, page, "file")

    board, frame = tab(start(tmp_path / "logs"))
    drawn_as(wanted, board, frame, "TensorBoard")
