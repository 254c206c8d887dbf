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

import numpy as np
import pyarrow as pa
from playwright.sync_api import Browser, sync_playwright
from tools import chromium

import underglass as ug
from benchmarks import app  # noqa: F401  (puts the planted cases on the path)
from underglass.case import Case

PEER_BYTES = 53e6
BARS = {2_000: (1.5e6, 0.5), 50_000: (5e6, None), 1_000_000: (None, 3.0)}
PLANTED_UP_TO = 50_000
"""Instances; more are a table of seven columns without a model."""
MOST_MB = 80
RUNS = 5


def run() -> list[dict[str, Any]]:
    """A row for each number of instances; size in the note, time to ready as seconds."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        found = [_row(browser, n, *bar) for n, bar in BARS.items()]
        browser.close()
    return found


def _planted(path: Path, n: int) -> Case:
    from planted import planted_case

    case = Case(planted_case(path, n, images=False))
    case.projection("fc")
    return case


def _seven_columns(path: Path, n: int) -> Case:
    random = np.random.default_rng(0)
    table = pa.table(
        {
            "label": random.choice(["left", "middle", "right"], n, p=[0.5, 0.3, 0.2]),
            "region": random.choice(["north", "south", "east", "west"], n),
            "x": random.normal(0, 1, n).astype(np.float32),
            "y": random.normal(0, 1, n).astype(np.float32),
            "age": random.integers(18, 90, n).astype(np.int32),
            "income": np.round(random.lognormal(10, 0.5, n)).astype(np.int32),
            "member": random.random(n) < 0.4,
        }
    )
    return Case.create(path, ug.datasets.table(table, label="label", features=["x", "y"]))


def _row(browser: Browser, n: int, most_bytes: float | None, most_seconds: float | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        case = (_planted if n <= PLANTED_UP_TO else _seven_columns)(Path(place) / "measured.case", n)
        begun = time.perf_counter()
        page = case.export(Path(place) / "page.html", max_mb=MOST_MB)
        took = time.perf_counter() - begun
        case.close()
        ready = [_ready(browser, page.path, n) for _ in range(RUNS)]
    size, seconds = page.bytes, statistics.median(ready)
    largest = ", ".join(f"{what} {part / 1e6:.2f}" for what, part in sorted(page.parts.items(), key=lambda one: -one[1])[:4])
    bars = [f"≤ {most_bytes / 1e6:g} MB"] if most_bytes else []
    bars += [f"≤ {most_seconds:g} s"] if most_seconds else []
    return {
        "capability": f"exported page, {n:,} instances, {'no pictures' if n <= PLANTED_UP_TO else 'seven columns'}",
        "peer": "Symphony, 10,000 rows (53 MB, blank)",
        "ours": "one HTML from file://",
        "peer_seconds": None,
        "our_seconds": seconds,
        "ratio": PEER_BYTES / size,
        "bar": " and ".join(bars),
        "met": size <= (most_bytes or size) and seconds <= (most_seconds or seconds),
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
