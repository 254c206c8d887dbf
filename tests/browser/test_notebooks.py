"""Views in a notebook are linked with each other and with Python, travel light, and say how the kernel stands.

That they draw the numbers of the web app is tested with all hosts, in `test_hosts`.
"""

from __future__ import annotations

import base64
import json

import pytest

from browser.brushing import brush
from browser.cells import N, book, drawn, home, in_bins, lab_address, names, parts_here, shown, watched
from browser.describing import describe, settled, until
from underglass.hosts.notebook.drawing import drawing
from underglass.store import CaseFolder

__all__ = ["book", "home", "lab_address", "watched"]


A_VIEW = 25_000
"""Bytes that a view may cost beside its code: its widget, its numbers, and Jupyter's own messages about them."""


def test_cells_are_linked_with_each_other_and_with_python(book, home):
    heard = "heard = []\nstop = case.on_selection(lambda selection: heard.append(None if selection is None else len(selection)))"
    heard += "\nedits = []\nstop_edits = case.on_edit(lambda edit: edits.append([edit.op, edit.count]))"
    cells = [
        "case.view('confidence')",
        "case.view('column', column='age')",
        "case.view('column', column='score')",
        heard,
        "print(case.selection.rows.tolist())",
        "case.selection = \"site = 'north'\"",
        "case.subsets['young'] = 'age < 30'; case.tag('age < 20', 'minor')",
        "print(heard)",
        "import json\nprint(json.dumps([edits[-1], sum(case.table()['excluded'].to_pylist())]))",
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
    settled(lab.page)
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

    lab.page.locator(".underglass").get_by_role("button", name="Exclude", exact=True).click()
    for cell in (1, 2):
        until(lab.page, f"window.underglass.describe({names(lab, cell)!r}).n === {N - north}")
    lab.run(9)
    assert json.loads(lab.text(9)) == [["exclude", north], north]
    lab.page.locator("[data-view=confidence] h2").first.click()
    lab.page.keyboard.press("Control+z")
    for cell in (1, 2):
        until(lab.page, f"window.underglass.describe({names(lab, cell)!r}).n === {N}")
    lab.run(9)
    assert json.loads(lab.text(9))[1] == 0


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
    first, sent = len(drawing().first), parts_here(lab.page)
    assert sum(size > 0.8 * first for size in lab.page.received) == 1
    assert {"confusion", "confidence", "column"} <= {name.split("-")[0] for name in sent}
    assert not {"patterns", "instances", "CasePage", "more_letters"} & {name.split("-")[0] for name in sent}
    pictures = sum(len(lab.outputs(cell)[0]["data"]["image/png"]) for cell in range(1, 11))
    got = sum(lab.page.received) - before - pictures
    parts = len(drawing().parts(drawing().hash, [name for name in sent if name in drawing().needs]))
    assert parts < 15_000
    assert first + parts < got < first + parts + 10 * A_VIEW, (first, parts, got)
    assert got < 1.2 * sum(len(drawing().code[name].encode()) for name in sent)

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
    whole = "images.length > 1 && images.every((image) => image.complete && image.naturalWidth > 200)"
    until(still.page, f"((images) => {whole})([...document.querySelectorAll('.jp-OutputArea-output img')])")
    assert "model not found" not in still.page.inner_text("body")


SLOW = """import time
from underglass.serving.database import Database
ask = Database.ask
def slow(*given, **named):
    time.sleep(2)
    return ask(*given, **named)
Database.ask = slow
"""


def test_the_file_keeps_what_was_drawn_however_long_python_takes(book):
    lab = book("slow", ["case.view('confusion')"], before=SLOW)
    lab.run_all()
    output = "window.jupyterapp.shell.currentWidget.content.model.cells.get(1).outputs.toJSON()[0].data"
    until(lab.page, f"{output}['image/png'] !== undefined")
    assert "n = " in "".join(lab.page.evaluate(f"{output}['text/plain']"))


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


def test_after_a_kernel_restart_one_cell_brings_all_views_back_with_what_was_picked(book, home):
    cells = [
        "case.view('confidence')",
        "case.view('column', column='age')",
        "print(case.selection.rows.tolist())",
        "case.view('confusion')",
    ]
    lab = book("restart", cells)
    lab.run_all(last=2)
    for cell in (2, 1):
        drawn(lab, cell)
    brush(lab.page, 2, 7)
    rows = in_bins(home, 2, 7)
    wanted = f"window.underglass.describe({names(lab, 2)!r}).selected"
    until(lab.page, f"{wanted} === {len(rows)}")
    gone = "[...document.querySelectorAll('.underglass')].filter((one) => /started anew/.test(one.shadowRoot.textContent)).length"

    lab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    until(lab.page, f"{gone} === 2")
    for cell in (1, 2):
        told = describe(lab.page, names(lab, cell))
        assert (told["n"], told["selected"]) == (N, len(rows))

    old = names(lab, 2)
    lab.run(0)
    lab.run(1)
    until(lab.page, f"{gone} === 0")
    drawn(lab, 1)
    settled(lab.page)
    lab.run(3)
    assert json.loads(lab.text(3)) == rows.tolist()
    assert not any(name.startswith("confusion") for name in parts_here(lab.page))
    lab.run(4)
    for cell in (1, 2, 4):
        until(lab.page, f"window.underglass.describe({names(lab, cell)!r})?.selected === {len(rows)}")
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


def test_what_opens_stays_in_its_cell_and_what_follows_the_pointer_is_under_it(book):
    lab = book("opens", ["case.view('patterns', layer='fc').as_widget(height=500)"])
    page = lab.page
    page.set_viewport_size({"width": 800, "height": 900})
    lab.run_all()
    drawn(lab, 1)
    boxes = page.locator("[data-view=patterns] svg[data-units]").first
    boxes.scroll_into_view_if_needed()
    box = boxes.bounding_box()
    assert box is not None
    x, y = box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]
    page.mouse.move(x, y)
    page.mouse.move(x + 1, y)
    tip = page.locator(".tip")
    tip.wait_for()
    at = tip.bounding_box()
    assert at is not None
    assert abs(at["x"] - x) < 260
    assert abs(at["y"] - y) < 160

    height = "(content) => content.getBoundingClientRect().height"
    alone = page.locator(".underglass .content").first.evaluate(height)
    page.evaluate("window.underglass.case.open(3)")
    panel = page.locator("aside.side.open")
    panel.wait_for()
    inside = """(side) => { const [a, b] = [side, side.getRootNode().host].map((one) => one.getBoundingClientRect());
      return a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom && a.height > 100; }"""
    assert panel.evaluate(inside)
    assert page.locator(".underglass .content").first.evaluate(height) == alone == 500
