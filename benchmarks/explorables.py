"""How fast do the explorables train, against TensorFlow.js in the same page of the same Chromium?

Both sides begin with the same weights and see the same batches; the losses of their first steps are asserted equal before a
rate is printed. Rounds of all sides alternate, and the best round of each side counts: on a busy machine the others measure
the machine. The peer is the fastest of its backends that runs here.
"""

from __future__ import annotations

import functools
import http.server
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from tools import chromium

WEB = Path(__file__).resolve().parent.parent / "web"
BAR = 5.0
SAME = 1e-3
"""Of the first losses; WebGL without a graphics card rounds its exponentials this roughly."""
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


def run() -> list[dict[str, Any]]:
    """One row a workload."""
    return [gan(8), gan(16), lstm()]


def gan(neurons: int) -> dict[str, Any]:
    """One update of each network of a GAN on 150 samples, Adam on both; 8 neurons a layer are the original's, 16 are ours."""
    found = measured("gan", f"?neurons={neurons}")
    rates = {name: max(values) for name, values in found["rates"].items()}
    assert all(away < SAME for away in found["away"].values()), f"losses differ: {found['away']}"
    ours = rates.pop("engine")
    peer = max(rates, key=lambda name: rates[name])
    others = ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items()) + "".join(f", {name} –" for name in found["failed"])
    return {
        "capability": f"GAN Lab: one step of both networks, {neurons} neurons a layer",
        "peer": f"TensorFlow.js 4.22, {peer}",
        "ours": f"{ours:,.0f} steps/s",
        "peer_seconds": 1 / rates[peer],
        "our_seconds": 1 / ours,
        "ratio": ours / rates[peer],
        "bar": f"≥ {BAR:g} × its fastest backend",
        "met": ours / rates[peer] >= BAR,
        "note": f"steps/s: engine {ours:,.0f}, {others}; 2 hidden layers each, batch 150",
    }


def lstm() -> dict[str, Any]:
    """An epoch of exploRNN: 3 layers of 16 units, 100 sequences of 15 steps in batches of 20, squared error, RMSProp."""
    found = measured("lstm")
    times = {name: min(values) for name, values in found["times"].items()}
    assert all(away < SAME for away in found["away"].values()), f"losses differ: {found['away']}"
    ours = times.pop("engine")
    peer = min(times, key=lambda name: times[name])
    others = ", ".join(f"{name} {time:,.0f}" for name, time in times.items()) + "".join(f", {name} –" for name in found["failed"])
    return {
        "capability": "exploRNN: one epoch of an LSTM, 3 layers of 16 units",
        "peer": f"TensorFlow.js 4.22, {peer}",
        "ours": f"{ours:,.1f} ms",
        "peer_seconds": times[peer] / 1000,
        "our_seconds": ours / 1000,
        "ratio": times[peer] / ours,
        "bar": f"≥ {BAR:g} × its fastest backend",
        "met": times[peer] / ours >= BAR,
        "note": f"ms an epoch: engine {ours:,.1f}, {others}; 100 sequences of 15 steps, batches of 20",
    }


def measured(name: str, query: str = "") -> dict[str, Any]:
    """What the page ``web/benchmarks/<name>.ts`` found."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["node", "benchmarks/build.mjs", name, folder], cwd=WEB, check=True, stdout=subprocess.DEVNULL)
        with served(Path(folder)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
            page = browser.new_page()
            page.goto(address + query)
            page.wait_for_function("() => window.found !== undefined", timeout=240_000)
            found: dict[str, Any] = page.evaluate("window.found")
            browser.close()
    return found


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
    finally:
        server.shutdown()


if __name__ == "__main__":
    print(run(), file=sys.stdout)
