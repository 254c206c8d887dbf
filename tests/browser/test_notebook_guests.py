"""What other people made stands in cells as ours does: a view of another package, one as it was scaffolded, a stock anywidget.

In JupyterLab and in Notebook 7, whose own ways of starting anew are tried on the way.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np

from browser.brushing import brush
from browser.cells import N, book, drawn, home, in_bins, lab_address, names, notebook, notebook_address, watched
from browser.describing import describe, settled, until
from browser.test_extending import BAR, ESM
from their_packages import VIEW, installing
from underglass.extensions.scaffolding import project_files
from underglass.store import CaseFolder

__all__ = ["book", "home", "lab_address", "notebook", "notebook_address", "watched"]
THROWS = "export function mount() { throw new Error('no licence'); }"
COUNTER = f'''
import anywidget, traitlets
class Counter(anywidget.AnyWidget):
    _esm = """{ESM}"""
    _css = ".counter-button {{ color: rgb(1, 2, 3); }}"
    value = traitlets.Int(3).tag(sync=True)
    data = traitlets.Bytes(b"\\x07").tag(sync=True)
counter = Counter()
ug.page([case.add_widget("counter", counter), case.view("column", column="age")], layout=2)
'''
IN_SHADOWS = "[...document.querySelectorAll('.underglass')].map((one) => one.shadowRoot)"


def test_other_peoples_views_and_widgets_stand_in_cells(book, home, tmp_path: Path):
    with installing(tmp_path) as install:
        bar = {"bar/__init__.py": VIEW.format(name="bar"), "bar/browser/view.js": BAR.replace("NAME", "bar")}
        throws = {"cid/__init__.py": VIEW.format(name="throws"), "cid/browser/view.js": THROWS}
        places = [
            install("underglass_spread", {"underglass.views": {"spread": "underglass_spread:VIEW"}}, project_files("spread")),
            install("bar", {"underglass.views": {"bar": "bar:VIEW"}}, bar),
            install("cid", {"underglass.views": {"throws": "cid:VIEW"}}, throws),
        ]
    cells = [
        "case.view('spread', column='site')",
        "case.view('bar', text='a cell')",
        "case.view('throws')",
        COUNTER,
        "print(case.selection.rows.tolist())",
        "import time\nwhile counter.value != 4:\n    time.sleep(.05)\ncounter.value = 40; counter.data = b'\\xff'",
        "while counter.value != 41:\n    time.sleep(.05)\nprint(counter.value)",
    ]
    lab = book("guests", cells, before=f"import sys\nsys.path[:0] = {[str(place) for place in places]!r}\n")
    lab.run_all(last=4)
    folder = CaseFolder.open(home / "planted.case")
    sites = folder.instances["site"].to_pylist()
    folder.close()
    counted = Counter(sites)

    spread = drawn(lab, 1)
    assert spread["n"] == N
    assert dict(spread["bars"]) == {str(site).replace("None", "null"): n for site, n in counted.items()}
    rarest, n = min(((site, n) for site, n in counted.items() if site), key=lambda one: one[::-1])
    until(lab.page, f"window.underglass.describe({names(lab, 1)!r}).sentence === 'The rarest site is {rarest}: {n}.'")
    until(lab.page, f"window.underglass.describe({names(lab, 2)!r})?.number === 42")
    assert describe(lab.page, names(lab, 2))["text"].endswith("a cell")
    said = f"{IN_SHADOWS}.some((one) => /no licence/.test(one.textContent) && /rest of the page goes on/.test(one.textContent))"
    until(lab.page, said)

    lab.page.locator("button[data-value=north]").click()
    until(lab.page, f"window.underglass.describe({names(lab, 1)!r}).selected === {counted['north']}")
    assert lab.page.evaluate(f"{IN_SHADOWS}.some((one) => one.activeElement?.dataset.value === 'north')")
    until(lab.page, f"window.underglass.describe('t2')?.selected === {counted['north']}")
    settled(lab.page)
    lab.run(5)
    assert json.loads(lab.text(5)) == np.flatnonzero(np.array(sites) == "north").tolist()

    button = lab.page.locator(".counter-button")
    button.click()
    until(lab.page, f"{IN_SHADOWS}.some((one) => one.querySelector('.counter-button')?.textContent === 'count is 4')")
    assert button.evaluate("button => getComputedStyle(button).color") == "rgb(1, 2, 3)"
    lab.run(6)
    until(lab.page, f"{IN_SHADOWS}.some((one) => one.querySelector('.counter-button')?.textContent === 'count is 40')")
    until(lab.page, f"{IN_SHADOWS}.some((one) => one.querySelector('[data-widget] output')?.textContent === '255')")
    button.click()
    until(lab.page, f"{IN_SHADOWS}.some((one) => one.querySelector('.counter-button')?.textContent === 'count is 41')")
    lab.run(7)
    assert lab.text(7) == "41"


def test_notebook_7_draws_links_and_starts_anew(notebook, home):
    lab = notebook("seven", ["case.view('confidence')", "case.view('column', column='age')"])
    lab.run_all()
    for cell in (2, 1):
        assert drawn(lab, cell)["n"] == N
    rows = len(in_bins(home, 3, 5))
    gone = f"{IN_SHADOWS}.filter((one) => /started anew/.test(one.textContent)).length"

    brush(lab.page, 3, 5)
    until(lab.page, f"window.underglass.describe({names(lab, 2)!r}).selected === {rows}")
    lab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    until(lab.page, f"{gone} === 2")
    lab.run(0)
    lab.run(2)
    until(lab.page, f"{gone} === 0")
    for cell in (1, 2):
        until(lab.page, f"window.underglass.describe({names(lab, cell)!r})?.selected === {rows}")
