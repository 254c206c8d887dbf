"""How smoothly do 100,000 points move under the hand?

The projection of a planted case is dragged for 60 steps; a frame's time is the distance between two animation frames of the
browser while the picture moves, drawing and compositing included, in software without a graphics card.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from tools import chromium

from benchmarks.app import serving

N = 100_000
STEPS = 60
WATCH = """() => {
  const times = [], drawn = [];
  let before = performance.now();
  const frame = now => {
    times.push(now - before);
    drawn.push(window.underglass.describe('projection').milliseconds);
    before = now;
    window.watching = requestAnimationFrame(frame);
  };
  window.watching = requestAnimationFrame(frame);
  window.watched = { times, drawn };
}"""
DONE = "() => { cancelAnimationFrame(window.watching); return window.watched; }"
SEEN = "() => window.underglass.describe('projection').seen"


def run() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), N) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}#projection")
        page.wait_for_function(f"() => window.underglass?.describe('projection')?.drawn === {N}", timeout=120_000)
        page.get_by_role("button", name="Move the picture").click()
        box = page.locator("canvas").first.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        before = page.evaluate(SEEN)
        page.mouse.move(x, y)
        page.mouse.down()
        page.evaluate(WATCH)
        page.mouse.move(x + 2 * STEPS, y + STEPS, steps=STEPS)
        moved = page.evaluate(DONE)
        page.mouse.up()
        after = page.evaluate(SEEN)
        browser.close()
    assert after != before, "the picture did not move"
    median, longest = statistics.median(moved["times"]) / 1000, max(moved["times"])
    drawing = statistics.median(moved["drawn"])
    return [
        {
            "capability": f"a frame while {N:,} points are dragged",
            "peer": "none",
            "ours": "points drawn into one bitmap",
            "peer_seconds": None,
            "our_seconds": median,
            "ratio": None,
            "bar": "≤ 16.8 ms, 60 frames a second",
            "met": median <= 0.0168,
            "note": f"{len(moved['times'])} frames, longest {longest:.0f} ms; drawing alone {drawing:.1f} ms",
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
