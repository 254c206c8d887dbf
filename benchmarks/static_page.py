"""How large is an exported page, and how soon is it ready, without a server and without a network?

Ready is when the overview says that it has drawn all instances, counted from the navigation. The peer's size is Symphony's own
export of 10,000 rows with six components, measured before; it is blank with today's pandas, so that it has no time.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from tools import chromium

from benchmarks import app  # noqa: F401  (puts the planted cases on the path)
from underglass.case import Case

PEER_BYTES = 53e6
BARS = {2_000: (1.5e6, 0.5), 50_000: (5e6, None)}
RUNS = 5


def run() -> list[dict[str, Any]]:
    """A row for each number of instances; size in the note, time to ready as seconds."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        found = [_row(browser, n, *bar) for n, bar in BARS.items()]
        browser.close()
    return found


def _row(browser: Browser, n: int, most_bytes: float, most_seconds: float | None) -> dict[str, Any]:
    from planted import planted_case

    with tempfile.TemporaryDirectory() as place:
        case = Case(planted_case(Path(place) / "planted.case", n, images=False))
        case.projection("fc")
        begun = time.perf_counter()
        page = case.export(Path(place) / "page.html")
        took = time.perf_counter() - begun
        case.close()
        ready = [_ready(browser, page.path, n) for _ in range(RUNS)]
    size, seconds = page.bytes, statistics.median(ready)
    largest = ", ".join(f"{what} {part / 1e6:.2f}" for what, part in sorted(page.parts.items(), key=lambda one: -one[1])[:4])
    time_bar = f" and ≤ {most_seconds} s" if most_seconds else ""
    return {
        "capability": f"exported page, {n:,} instances, no pictures",
        "peer": "Symphony, 10,000 rows (53 MB, blank)",
        "ours": "one HTML from file://",
        "peer_seconds": None,
        "our_seconds": seconds,
        "ratio": PEER_BYTES / size,
        "bar": f"≤ {most_bytes / 1e6:g} MB{time_bar}",
        "met": size <= most_bytes and (most_seconds is None or seconds <= most_seconds),
        "note": f"{size / 1e6:.2f} MB ({largest}); ready in {min(ready):.2f} to {max(ready):.2f} s; written in {took:.1f} s",
    }


def _ready(browser: Browser, path: Path, n: int) -> float:
    """Seconds from the navigation to the overview drawn."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script(
        "const look = () => window.underglass?.describe('overview')?.n === "
        f"{n} ? (window.ready = performance.now()) : requestAnimationFrame(look); requestAnimationFrame(look);"
    )
    page.goto(path.as_uri())
    while not (found := page.evaluate("window.ready")):
        page.wait_for_timeout(20)
    page.close()
    return float(found) / 1000


if __name__ == "__main__":
    print(run())
