"""Views in a notebook are linked with each other and with Python, travel light, and say how the kernel stands.

That they draw the numbers of the web app is tested with all hosts, in `test_hosts`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from browser.conftest import _check
from browser.describing import describe, until
from browser.notebooks import TOKEN, Lab, jupyter_lab, write_book
from planted import planted_case
from underglass.hosts.notebook.drawing import drawing
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
    with jupyter_lab(home / "lab") as address:
        yield address


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address; errors in the console and requests that leave this machine fail the test in the end."""
    wrong: list[str] = []
    contexts = []

    def open_(address: str, *, before: str = "", **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if _is_ours(message) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
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
    opened: list[Page] = []

    def open_(name: str, cells: list[str], **options: Any) -> Lab:
        first = OPEN.format(path=str(home / "planted.case"))
        write_book(home / "lab", name, [first, *cells])
        return again(name, **options)

    def again(name: str, *, kernel: bool = True, **options: Any) -> Lab:
        page = watched(f"{lab_address}/doc/tree/{name}.ipynb?token={TOKEN}", **options)
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
    lab.page.wait_for_timeout(300)
    return shown(lab, cell)


def parts_here(page: Page) -> set[str]:
    """The parts of the browser half that the page has."""
    return set(page.evaluate("[...globalThis[Symbol.for('underglass')].runtimes.values()].flatMap((one) => Object.keys(one.urls))"))


def brush(page: Page, first: int, last: int, nth: int = 0) -> None:
    """Brush bins of the nth histogram of confidence with the mouse."""
    bars = page.locator('[data-view="confidence"] svg[aria-roledescription=histogram]').nth(nth)
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    assert box is not None
    step = (box["width"] - 2) / 10
    page.mouse.move(box["x"] + 1 + (first + 0.5) * step, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 1 + (last + 0.5) * step, box["y"] + 60, steps=4)
    page.mouse.up()


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


def test_cells_are_linked_with_each_other_and_with_python(book, home):
    heard = "heard = []\nstop = case.on_selection(lambda selection: heard.append(None if selection is None else len(selection)))"
    cells = [
        "case.view('confidence')",
        "case.view('column', column='age')",
        "case.view('column', column='score')",
        heard,
        "print(case.selection.rows.tolist())",
        "case.selection = \"site = 'north'\"",
        "case.subsets['young'] = 'age < 30'; case.tag('age < 20', 'minor')",
        "print(heard)",
    ]
    lab = book("linked", cells)
    lab.run_all(last=4)
    for cell in (3, 2, 1):
        drawn(lab, cell)
    assert shown(lab, 2) != shown(lab, 3)

    brush(lab.page, 6, 8)
    rows = in_bins(home, 6, 8)
    for cell in (1, 2, 3):
        until(lab.page, f"window.underglass.describe({names(lab, cell)!r}).selected === {len(rows)}")
    lab.run(5)
    assert json.loads(lab.text(5)) == rows.tolist()

    lab.run(6)
    folder = CaseFolder.open(home / "planted.case")
    north = sum(site == "north" for site in folder.instances["site"].to_pylist())
    folder.close()
    for cell in (1, 2, 3):
        until(lab.page, f"window.underglass.describe({names(lab, cell)!r}).selected === {north}")

    lab.run(7)
    until(lab.page, "window.underglass.case.info.subsets.some((one) => one.name === 'young')")
    until(lab.page, "window.underglass.case.info.tags.some((one) => one.name === 'minor')")
    lab.run(8)
    assert json.loads(lab.text(8))[-1] == north
    assert len(rows) in json.loads(lab.text(8))


def test_ten_views_fetch_the_code_once_and_the_file_shows_them_without_a_kernel(book, home):
    bins = [f"case.view('column', column='{name}')" for name in ("age", "score", "confidence")]
    cells = ["case.view('confusion')", "case.view('confidence')", *(bins * 3)[:8]]
    lab = book("ten", cells)
    lab.run(0)
    before = sum(lab.page.received)

    for cell in range(1, 11):
        lab.run(cell)
        assert drawn(lab, cell)["n"] > 0.9 * N

    assert lab.page.evaluate("globalThis[Symbol.for('underglass')].runtimes.size") == 1
    first, sent, every = len(drawing().first), parts_here(lab.page), len(drawing().code)
    assert sum(size > 0.8 * first for size in lab.page.received) == 1
    assert {"confusion", "confidence", "column"} <= {name.split("-")[0] for name in sent}
    assert not {"patterns", "instances", "CasePage", "more_letters"} & {name.split("-")[0] for name in sent}
    pictures = sum(len(lab.outputs(cell)[0]["data"]["image/png"]) for cell in range(1, 11))
    got = sum(lab.page.received) - before - pictures
    runtime = sum(len(drawing().code[name].encode()) for name in sent)
    print("FIRST", first, "GOT", got, "RUNTIME", runtime, len(sent), every)
    assert first < got < 1.2 * runtime, (first, got, runtime)

    lab.save()
    path = home / "lab" / "books" / "ten.ipynb"
    saved = json.loads(path.read_text())
    kept = saved["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert len(kept) == 10
    in_state = sum(len(one["state"]["picture"]) for one in kept.values())
    assert path.stat().st_size - pictures - in_state < 200_000
    for cell in saved["cells"][1:]:
        assert base64.b64decode(cell["outputs"][0]["data"]["image/png"]).startswith(b"\x89PNG")
        assert "n = " in "".join(cell["outputs"][0]["data"]["text/plain"])
    assert str(home) not in json.dumps([kept, [cell["outputs"] for cell in saved["cells"]]])
    lab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    lab.page.context.close()

    stale = dict(saved, metadata={key: value for key, value in saved["metadata"].items() if key != "kernelspec"})
    (home / "lab" / "books" / "still.ipynb").write_text(json.dumps(stale))
    still = book.again("still", kernel=False)
    still.page.evaluate("window.jupyterapp.shell.currentWidget.content.scrollToItem(1)")
    until(still.page, "document.querySelectorAll('.jp-OutputArea-output img').length > 1")
    images = "[...document.querySelectorAll('.jp-OutputArea-output img')]"
    assert still.page.evaluate(f"{images}.every((image) => image.complete && image.naturalWidth > 200)")
    assert "model not found" not in still.page.inner_text("body")


BUSY = "import pathlib, time\nwhile not pathlib.Path({path!r}).exists():\n    time.sleep(.05)"
"""Runs until the test says that it may end."""


@pytest.mark.parametrize("subshells", [True, False], ids=["subshells", "none"])
def test_a_view_answers_while_a_cell_runs_or_says_that_it_waits(book, home, subshells: bool):
    end = home / f"end-{subshells}"
    busy = BUSY.format(path=str(end))
    lab = book(f"busy-{subshells}", ["case.view('confidence')", "case.view('column', column='age')", busy])
    if not subshells:
        lab.page.evaluate("window.jupyterapp.serviceManager.kernels.commsOverSubshells = 'disabled'")
        lab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        lab.ready()
    lab.run_all(last=2)
    for cell in (2, 1):
        drawn(lab, cell)
    running = "window.jupyterapp.shell.currentWidget.content.model.cells.get(3).executionState === 'running'"
    wanted = f"window.underglass.describe({names(lab, 2)!r}).selected === {len(in_bins(home, 4, 6))}"
    waits = (
        "[...document.querySelectorAll('.underglass')].some((one) => /Waiting for the kernel/.test(one.shadowRoot.textContent))"
    )

    lab.run(3, wait=False)
    until(lab.page, running)
    brush(lab.page, 4, 6)

    if subshells:
        until(lab.page, wanted)
        assert lab.page.evaluate(running)
        end.touch()
    else:
        until(lab.page, waits)
        assert lab.page.evaluate(running)
        end.touch()
        lab.ended(3)
        until(lab.page, wanted)
        until(lab.page, f"!({waits})")


def test_after_a_kernel_restart_one_cell_brings_all_views_back(book, home):
    lab = book("restart", ["case.view('confidence')", "case.view('column', column='age')"])
    lab.run_all()
    for cell in (2, 1):
        drawn(lab, cell)
    brush(lab.page, 2, 7)
    wanted = f"window.underglass.describe({names(lab, 2)!r}).selected"
    until(lab.page, f"{wanted} === {len(in_bins(home, 2, 7))}")
    gone = "[...document.querySelectorAll('.underglass')].filter((one) => /started anew/.test(one.shadowRoot.textContent)).length"

    lab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    until(lab.page, f"{gone} === 2")
    assert describe(lab.page, names(lab, 2))["n"] == N

    old = names(lab, 2)
    lab.run(0)
    lab.run(1)
    until(lab.page, f"{gone} === 0")
    drawn(lab, 1)
    brush(lab.page, 5, 6)
    assert names(lab, 2) == old
    until(lab.page, f"{wanted} === {len(in_bins(home, 5, 6))}")


def test_the_theme_follows_the_notebook_and_the_notebook_keeps_its_own(book):
    lab = book("theme", ["case.view('confidence')"])
    style = "JSON.stringify([getComputedStyle(document.body).fontFamily, document.documentElement.dataset.theme ?? null])"
    before = lab.page.evaluate(style)
    lab.run_all()
    drawn(lab, 1)
    surface = "getComputedStyle(document.querySelector('.underglass')).backgroundColor"
    light = lab.page.evaluate(surface)

    lab.command("apputils:change-theme", {"theme": "JupyterLab Dark"})
    until(lab.page, f"{surface} !== {light!r}")

    assert light == "rgb(255, 255, 255)"
    assert lab.page.evaluate(surface) == "rgb(24, 27, 30)"
    assert lab.page.evaluate(style) == before
    lab.page.keyboard.press("Escape")
    lab.page.locator('[data-view="confidence"] button[aria-label^="About"], [data-view="confidence"] .icon-button').first.click()
    box = lab.page.locator(".underglass .pop").first.bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= 1440
    lab.page.keyboard.press("d")
    lab.page.keyboard.press("d")
    assert lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.model.cells.length") == 2
