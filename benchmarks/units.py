"""How long until a live subset's row of the matrix is on the screen, and what do batches give feature visualization?"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright
from tools import chromium

from benchmarks.app import serving
from benchmarks.side_by_side import alternate, row

INSTANCES, UNITS = 100_000, 832
MOVES = 12
PICTURES, STEPS, EDGE = 16, 64, 128
BRUSH = """async ([first, last]) => {
  const { case: study } = window.underglass;
  window.brush ??= {};
  const start = performance.now();
  study.picks.pickBins(window.brush, { column: "confidence", low: 0, step: 0.1, bins: 10 }, first, last, "brush");
  for (;;) {
    await new Promise(requestAnimationFrame);
    const line = document.querySelector('.name.selection .n')?.textContent;
    if (line && line !== window.last) {
      window.last = line;
      await new Promise(requestAnimationFrame);
      return [performance.now() - start, Number(line.replaceAll(",", ""))];
    }
  }
}"""


def run() -> list[dict[str, Any]]:
    """Both, on the screen and in batches."""
    return [_live(), _batches()]


def _live() -> dict[str, Any]:
    """A brush over confidence, moved by a bin; peer: a boolean index and a mean in numpy, without a screen."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from underglass.store import CaseFolder

    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), INSTANCES, units=UNITS) as address:
        opened = CaseFolder.open(Path(folder) / "planted.case")
        model = opened.model("planted")
        values = model.activations("fc").array()
        bins = np.minimum(np.floor(model.predictions["confidence"].to_numpy().astype(np.float64) / 0.1), 9)
        times, sizes, peers = [], [], []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium.find(), args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(address + "#units")
            end = time.monotonic() + 120
            while not page.evaluate("(window.underglass?.describe('units')?.painted?.cells ?? 0) > 0"):
                assert time.monotonic() < end, "the matrix did not appear"
                page.wait_for_timeout(200)
            for move in range(MOVES + 2):
                first, last = 2 + move % 3, 5 + move % 4
                milliseconds, n = page.evaluate(BRUSH, [first, last])
                inside = (bins >= first) & (bins <= last)
                started = time.perf_counter()
                mean = values[inside].mean(0)
                peers.append(time.perf_counter() - started)
                page.wait_for_timeout(100)
                drawn = page.evaluate("window.underglass.describe('units').rows[0]")
                assert n == inside.sum() == drawn["n"]
                np.testing.assert_allclose(drawn["values"], mean, rtol=1e-3, atol=1e-3)
                if move >= 2:
                    times.append(milliseconds / 1000)
                    sizes.append(n)
            browser.close()
        opened.close()
    seconds = (statistics.median(times), statistics.median(peers[2:]))
    note = f"{min(sizes):,} to {max(sizes):,} of {INSTANCES:,} instances picked; equal; slowest {max(times):.2g} s"
    peer = "numpy: boolean index and mean, no query, no screen"
    return row(
        f"live subset, {INSTANCES:,} × {UNITS}, brush to row on screen",
        peer,
        seconds,
        bar="≤ 0.5 s",
        met=seconds[0] <= 0.5,
        note=note,
    )


def _batches() -> dict[str, Any]:
    """The same units in batches of 16 and one by one."""
    from underglass.demos import photos
    from underglass.probes.feature_visualization import FeatureImages, Settings, visualize_units

    model = photos.make_model()
    examples = photos.make_dataset(model.classes).load(list(range(0, 400, 50)))
    settings = Settings(steps=STEPS, size=EDGE)

    def look(batch: int) -> FeatureImages:
        return visualize_units(model, examples, "_blocks.10", range(PICTURES), settings=settings, batch=batch)

    def check(ours: FeatureImages, theirs: FeatureImages) -> None:
        apart = np.abs(ours.activation - theirs.activation) / np.abs(theirs.activation).max()
        assert apart.max() < 0.05, f"activations up to {apart.max():.2g} apart"

    seconds = alternate(lambda: look(PICTURES), lambda: look(1), check=check)
    note = f"{seconds[0] / PICTURES:.3g} against {seconds[1] / PICTURES:.3g} s a unit; activations equal within 5 %"
    met = seconds[0] / seconds[1] <= 0.45
    return row(
        f"feature visualization, {EDGE} px, {STEPS} steps, batches of {PICTURES}",
        "one by one",
        seconds,
        bar="≤ 0.45 of it",
        met=met,
        note=note,
    )
