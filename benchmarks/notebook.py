"""How much does a JupyterLab page receive for ten views in one notebook, and how soon have all ten drawn?

The time runs from running the cell to the last view that says that it has drawn all instances: the code that draws is fetched in
it, the kernel has imported the package and opened the case before. The bytes are all that came over the kernel's connection
meanwhile, without the pictures that are kept in the notebook. The peer is the plain way of anywidget, in which each widget's
state carries its code: the bytes of that code ten times over, computed.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from tools import chromium

from benchmarks import app  # noqa: F401  (puts what tests make on the path)
from underglass.hosts.notebook.drawing import drawing

N = 20_000
VIEWS = 10
RUNS = 5
MOST_SECONDS = 3.0
MORE_THAN_CODE = 1.2
"""Bytes received at most, in bytes of the code that draws."""
KINDS = ("confusion", "confidence", "column", "column", "column", "column", "column", "column", "column", "column")
COLUMNS = ("age", "score", "site", "day", "checked", "confidence", "split", "label")
OPEN = "import underglass as ug\nfrom IPython.display import display\ncase = ug.Case.open({path!r})\ncase.info()['name']"


def run() -> list[dict[str, Any]]:
    """One row: seconds until ten views have drawn, bytes in the note and in the ratio."""
    from browser.notebooks import jupyter, write_book
    from planted import planted_case

    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        home = Path(place)
        planted_case(home / "planted.case", N).close()
        (home / "lab").mkdir()
        columns = iter(COLUMNS)
        shown = [f"case.view({kind!r}" + (f", column={next(columns)!r})" if kind == "column" else ")") for kind in KINDS]
        cells = [OPEN.format(path=str(home / "planted.case")), "\n".join(f"display({view})" for view in shown)]
        with jupyter(home / "lab") as address:
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
            measured = []
            for turn in range(RUNS):
                write_book(home / "lab", f"ten-{turn}", cells)
                measured.append(_drawn(browser, f"{address}/doc/tree/ten-{turn}.ipynb"))
            browser.close()
    seconds, received, code = (statistics.median(column) for column in zip(*measured, strict=True))
    took = [one[0] for one in measured]
    return [
        {
            "capability": f"ten views in one JupyterLab notebook, {N:,} instances",
            "peer": "ten anywidgets that carry their code (bytes, computed)",
            "ours": "one transfer of code",
            "peer_seconds": None,
            "our_seconds": seconds,
            "ratio": VIEWS * code / received,
            "bar": f"received < {MORE_THAN_CODE} × the code, all drawn ≤ {MOST_SECONDS:g} s",
            "met": received < MORE_THAN_CODE * code and seconds <= MOST_SECONDS,
            "note": f"{received / 1e3:.0f} kB received for {code / 1e3:.0f} kB of code ({len(drawing().first) / 1e3:.0f} kB "
            f"compressed before the first view); {min(took):.1f} to {max(took):.1f} s",
        }
    ]


def _drawn(browser: Browser, address: str) -> tuple[float, float, float]:
    """Seconds until all views have drawn, bytes received, and bytes of the code that was."""
    from browser.notebooks import TOKEN, Lab

    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    page.goto(f"{address}?token={TOKEN}")
    lab = Lab(page)
    lab.ready()
    lab.run(0)
    before = sum(received)
    page.evaluate(
        f"""() => {{
          const looked = performance.now();
          const look = () => {{
            const views = window.underglass?.mounted.filter((one) => one.handle.describe()?.n > {0.9 * N}) ?? [];
            if (views.length === {VIEWS}) window.tookSeconds = (performance.now() - looked) / 1000;
            else requestAnimationFrame(look);
          }};
          requestAnimationFrame(look);
        }}"""
    )
    lab.run(1, wait=False)
    while not (seconds := page.evaluate("window.tookSeconds")):
        page.wait_for_timeout(20)
    lab.ended(1)
    while len(kept := _pictures(lab)) < VIEWS:
        page.wait_for_timeout(50)
    names = page.evaluate("[...globalThis[Symbol.for('underglass')].runtimes.values()].flatMap((one) => Object.keys(one.urls))")
    code = sum(len(drawing().code[name].encode()) for name in names)
    bytes_ = sum(received) - before - sum(kept)
    _end(page)
    return float(seconds), float(bytes_), float(code)


def _pictures(lab: Any) -> list[int]:
    """Characters of the pictures that are in the notebook."""
    return [len(one["data"]["image/png"]) for one in lab.outputs(1) if "image/png" in one.get("data", {})]


def _end(page: Page) -> None:
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.context.close()


if __name__ == "__main__":
    print(run())
