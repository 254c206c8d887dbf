"""How long does the page's own thread work at a stretch? In processor time, so that a busy machine changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page

LONGEST = 50.0
"""Milliseconds: what the web calls a long task."""
MOST = 20 * LONGEST
"""Milliseconds that not even those may take."""
ODD = 2
"""Tasks of a trace that may be longer: when the browser cleans up or translates code, it is in the middle of some task."""


@contextmanager
def traced_tasks(page: Page) -> Iterator[list[float]]:
    """Milliseconds of processor time of every task of the page's main thread while the block runs, longest first, filled at
    its end.
    """
    browser = page.context.browser
    assert browser is not None
    found: list[float] = []
    browser.start_tracing(page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"])
    try:
        yield found
    finally:
        events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
        names = {(one["pid"], one["tid"]): one["args"]["name"] for one in events if one["name"] == "thread_name"}
        started = next(one for one in events if one["name"] == "TracingStartedInBrowser")
        own = {frame["processId"] for frame in started["args"]["data"]["frames"]}
        ours = {key for key, name in names.items() if name == "CrRendererMain" and key[0] in own}
        tasks = [one for one in events if (one["pid"], one["tid"]) in ours and one.get("ph") == "X" and one["name"] == "RunTask"]
        found.extend(sorted((one["tdur"] / 1000 for one in tasks if "tdur" in one), reverse=True))


def all_short(tasks: list[float]) -> bool:
    """Whether the page worked, and never long at a stretch."""
    return len(tasks) > 20 and sum(one >= LONGEST for one in tasks) <= ODD and tasks[0] < MOST
