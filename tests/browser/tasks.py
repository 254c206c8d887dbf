"""How long does the page's own thread work at a stretch? In processor time, so that a busy machine changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page

LONGEST = 50.0
"""Milliseconds: what the web calls a long task."""


@contextmanager
def traced_tasks(page: Page) -> Iterator[list[float]]:
    """Milliseconds of processor time of every task of the main thread while the block runs, longest first, filled at its end."""
    browser = page.context.browser
    assert browser is not None
    found: list[float] = []
    browser.start_tracing(page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"])
    try:
        yield found
    finally:
        events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
        names = {(one["pid"], one["tid"]): one["args"]["name"] for one in events if one["name"] == "thread_name"}
        ours = {key for key, name in names.items() if name == "CrRendererMain"}
        tasks = [one for one in events if (one["pid"], one["tid"]) in ours and one.get("ph") == "X" and "RunTask" in one["name"]]
        found.extend(sorted((one["tdur"] / 1000 for one in tasks if "tdur" in one), reverse=True))
