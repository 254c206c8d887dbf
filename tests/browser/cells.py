"""Notebooks with views in their cells: a case and a server to open them with, and what each cell has drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page

from browser.conftest import _check
from browser.describing import at_rest, describe, until
from browser.notebooks import TOKEN, Lab, jupyter, write_book
from planted import planted_case
from underglass.store import CaseFolder

N = 800
WIDTH, HEIGHT = 900, 420
VIEWS = ("instances", "projection", "confusion")
TIMES = {"milliseconds"}
"""What a view says of how long it took."""
NOT_OURS = ("Could not restore the debugger state",)
FRAME = 2
"""Pixels of a sheet's own border."""
OPEN = "import underglass as ug\ncase = ug.Case.open({path!r})\ncase.projection('fc')"
SIZED = "case.view({view!r}).as_widget(width={width}, height={height})"
VIEW_MIME = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("notebooks")
    planted_case(made / "planted.case", N).close()
    return made


@pytest.fixture(scope="module")
def lab_address(home: Path) -> Iterator[str]:
    with jupyter(home / "lab") as address:
        yield f"{address}/doc"


@pytest.fixture(scope="module")
def notebook_address(home: Path) -> Iterator[str]:
    with jupyter(home / "lab", "notebook") as address:
        yield f"{address}/notebooks"


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address; errors in the console and requests that leave this machine fail the test in the end."""
    wrong: list[str] = []
    contexts = []

    def open_(address: str, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if _is_ours(message) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)) if not _is_theirs(error) else None)
        page.on("request", lambda request: _check(request.url, wrong))
        page.received = []  # type: ignore[attr-defined]
        page.on("websocket", lambda socket: socket.on("framereceived", lambda data: page.received.append(len(data))))  # type: ignore[attr-defined]
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def book(home: Path, lab_address: str, watched: Callable[..., Page]) -> Iterator[Callable[..., Lab]]:
    """Write a notebook and open it in JupyterLab; its kernel ends with the test."""
    yield from books(home, f"{lab_address}/tree", watched)


@pytest.fixture
def notebook(home: Path, notebook_address: str, watched: Callable[..., Page]) -> Iterator[Callable[..., Lab]]:
    """The same in Notebook 7."""
    yield from books(home, notebook_address, watched)


def books(home: Path, address: str, watched: Callable[..., Page]) -> Iterator[Callable[..., Lab]]:
    """Write notebooks and open them there."""
    opened: list[Page] = []

    def open_(name: str, cells: list[str], *, before: str = "", **options: Any) -> Lab:
        first = before + OPEN.format(path=str(home / "planted.case"))
        write_book(home / "lab", name, [first, *cells])
        return again(name, **options)

    def again(name: str, *, kernel: bool = True, **options: Any) -> Lab:
        page = watched(f"{address}/{name}.ipynb?token={TOKEN}", **options)
        opened.append(page)
        lab = Lab(page)
        if kernel:
            lab.ready()
        return lab

    open_.again = again  # type: ignore[attr-defined]
    yield open_
    for page in [one for one in opened if not one.is_closed()]:
        page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def _is_ours(message: ConsoleMessage) -> bool:
    """Whether it is an error that could be ours: JupyterLab has some of its own when kernels come and go."""
    return message.type == "error" and not any(said in message.text for said in NOT_OURS)


def _is_theirs(error: Error) -> bool:
    """Whether it was thrown by Notebook 7's own scripts, which read the settings of a plugin before they are there."""
    return "/static/notebook/notebook_core" in (error.stack or "")


def names(lab: Lab, cell: int) -> str:
    """The widget of a cell."""
    return next(one["data"][VIEW_MIME]["model_id"] for one in lab.outputs(cell) if VIEW_MIME in one.get("data", {}))


def shown(lab: Lab, cell: int) -> dict[str, Any]:
    """What the view of a cell has drawn."""
    return describe(lab.page, names(lab, cell))


def drawn(lab: Lab, cell: int) -> dict[str, Any]:
    """What the view of a cell has drawn, once its picture is in the notebook too and it stands still."""
    lab.page.evaluate(f"window.jupyterapp.shell.currentWidget.content.scrollToItem({cell})")
    name = names(lab, cell)
    until(lab.page, f"window.underglass?.describe({name!r})?.n > {0.9 * N}")
    output = f"window.jupyterapp.shell.currentWidget.content.model.cells.get({cell}).outputs.toJSON()[0].data"
    until(lab.page, f"{output}['image/png'] !== undefined")
    until(lab.page, f"document.querySelector('.underglass[data-name=\"{name}\"]') !== null")
    return at_rest(lab.page, name)


def parts_here(page: Page) -> set[str]:
    """The parts of the browser half that the page has."""
    return set(
        page.evaluate("[...globalThis[Symbol.for('underglass')].runtimes.values()].flatMap((one) => Object.keys(one.urls))")
    )


def in_bins(home: Path, first: int, last: int) -> np.ndarray:
    """Rows whose confidence lies in these bins, by numpy from the file."""
    folder = CaseFolder.open(home / "planted.case")
    confidence = folder.model().predictions["confidence"].to_numpy().astype(np.float64)
    folder.close()
    number = np.minimum(np.floor(confidence / 0.1), 9)
    return np.flatnonzero((number >= first) & (number <= last))


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """Equal, numbers to 1e-6."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one.keys() - TIMES:
            assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{where}[{i}]")
    elif isinstance(one, float) or isinstance(other, float):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-6), where
    else:
        assert one == other, where
