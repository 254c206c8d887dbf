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
LAYER = "_blocks.10"
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
    """The same units in batches of 16, and one by one as the method is usually written."""
    from underglass.demos import photos
    from underglass.probes.feature_visualization import Settings, visualize_units

    model = photos.make_model()
    examples = photos.make_dataset(model.classes).load(list(range(0, 400, 50)))
    settings = Settings(steps=STEPS, size=EDGE)

    def ours() -> np.ndarray[Any, Any]:
        return visualize_units(model, examples, LAYER, range(PICTURES), settings=settings, batch=PICTURES).activation[:, 0]

    def theirs() -> np.ndarray[Any, Any]:
        return np.array([_as_written(model, examples, unit, settings) for unit in range(PICTURES)])

    def check(ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]) -> None:
        apart = np.abs(ours - theirs) / np.abs(theirs).max()
        assert apart.max() < 0.05, f"activations up to {apart.max():.2g} apart"

    seconds = alternate(ours, theirs, check=check)
    note = f"{seconds[0] / PICTURES:.3g} against {seconds[1] / PICTURES:.3g} s a unit; the activations reached within 5 %"
    return row(
        f"feature visualization, {EDGE} px, {STEPS} steps, batches of {PICTURES}",
        "one by one, whole pass, gradients of the weights too, as a plain loop does",
        seconds,
        bar="≤ 0.45 of it",
        met=seconds[0] / seconds[1] <= 0.45,
        note=note,
    )


def _as_written(model: Any, examples: list[Any], unit: int, settings: Any) -> float:
    """The same ascent for one unit: a hook, a pass through all of the network, ``backward``."""
    import torch

    from underglass.probes.feature_visualization import _generator
    from underglass.probes.picture_parameters import Movements, Spectrum
    from underglass.probes.picture_space import picture_space

    space = picture_space(model, examples)
    paint = Spectrum.of(space, (settings.size, settings.size), decay=settings.decay, device="cpu")
    generators = [_generator(settings.seed, unit, 0)]
    spectrum = paint.start(generators).requires_grad_(True)
    shape = {"jitter": settings.jitter, "turn": settings.turn, "zoom": settings.zoom}
    moves = Movements.draw(generators, settings.steps, device="cpu", **shape)
    ascent = torch.optim.Adam([spectrum], lr=settings.rate)
    seen: list[Any] = []
    hook = model.net.get_submodule(LAYER).register_forward_hook(lambda _m, _i, output: seen.append(output))
    try:
        for step in range(settings.steps):
            ascent.zero_grad()
            model.net(space.to_input(moves.moved(paint.pictures(spectrum), step)))
            (-seen.pop()[0, unit].mean()).backward()
            ascent.step()
        with torch.no_grad():
            model.net(space.to_input((paint.pictures(spectrum) * 255).round() / 255))
        return float(seen.pop()[0, unit].mean())
    finally:
        hook.remove()
        model.net.zero_grad(set_to_none=True)
