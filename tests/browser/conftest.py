"""A real Chromium over a real server: fails on console errors and on any request that leaves this machine."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from tools import chromium

from browser.describing import PATIENCE
from planted import planted_case
from scored_tables import audited, people
from underglass.case import Case
from underglass.hosts.commands.learn import create_learn_app
from underglass.hosts.server import create_app
from underglass.hosts.server.start import Recent
from underglass.views import about

ROOT = Path(__file__).resolve().parents[2]
LOCAL = {"127.0.0.1", "localhost"}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
    "--font-render-hinting=none",
]
STARTS_WITHIN = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Its pages wait as long as `until` does, whoever opens them."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
        launched.on("context", lambda context: context.set_default_timeout(1000 * PATIENCE))
        yield launched
        launched.close()


@contextmanager
def running(*arguments: str, home: Path) -> Iterator[str]:
    """The command ``underglass …`` as a process of its own; gives the address it prints."""
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "underglass", *arguments],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            printed.append(line)
            found = re.search(r"http://\S+token=\S+", line)
            if found:
                yield found.group()
                return
        raise AssertionError(f"underglass {' '.join(arguments)} printed no address:\n{''.join(printed)}")
    finally:
        process.terminate()
        process.wait(STARTS_WITHIN)


@pytest.fixture
def serve_case(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Serve any case, or none, from a thread of this process; gives its address and closes the case in the end."""
    opened: list[tuple[uvicorn.Server, threading.Thread, Case | None]] = []

    def serve(case: Case | None, **people: Any) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        app = create_app(case, token="t" * 32, port=port, recent=Recent(tmp_path / "state"), **people)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        opened.append((server, thread, case))
        return f"http://127.0.0.1:{port}/?token={'t' * 32}"

    yield serve
    for server, thread, case in opened:
        server.should_exit = True
        thread.join(STARTS_WITHIN)
        if case is not None:
            case.close()


@pytest.fixture
def planted_app(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve_case: Callable[..., str]
) -> Callable[..., tuple[Case, str]]:
    """Serve a planted case from a thread of this process, so that a test can look at both ends."""

    def serve(n: int, *, preaggregate: bool = False, people: dict[str, Any] | None = None, **planted: Any) -> tuple[Case, str]:
        monkeypatch.setattr(about, "PREAGGREGATE_FROM", 0 if preaggregate else n + 1)
        case = Case(planted_case(tmp_path / f"planted-{n}.case", n, **planted))
        return case, serve_case(case, **(people or {}))

    return serve


@pytest.fixture
def serve_audit(tmp_path: Path, serve_case: Callable[..., str]) -> Callable[..., tuple[Case, str]]:
    """Serve an audit of people, or of another table of scores; see `audited`."""

    def serve(table: dict[str, Any] | None = None, **settings: Any) -> tuple[Case, str]:
        case = audited(tmp_path / "people.case", table, **settings)
        return case, f"{serve_case(case)}#subgroups"

    return serve


@pytest.fixture(scope="session")
def scored_people() -> pd.DataFrame:
    """The people of `serve_audit`, with what the score says of them at its threshold."""
    return pd.DataFrame(people()).assign(said=lambda one: one["p"] >= 0.5)


@pytest.fixture(scope="session")
def learn() -> Iterator[str]:
    """The address of the pages for learning, served from a thread of this process."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_learn_app(port), log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}/learn.html"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def fashion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the default demo, captured for real."""
    with running("demo", "--no-open", home=tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture
def open_page(browser: Browser, serve_case: Callable[..., str]) -> Iterator[Callable[..., Page]]:
    """Open an address in a page of its own; what went wrong in any of them fails the test in the end.

    It asks for `serve_case` so that pages are closed before the servers they listen to.
    """
    wrong: list[str] = []
    contexts = []

    def open_(address: str, *, width: int = 1440, height: int = 900, dark: bool = False, **options: Any) -> Page:
        viewport: Any = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, color_scheme="dark" if dark else "light", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda one: wrong.append(f"{one.text} {one.location['url']}") if one.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: _check(request.url, wrong))
        page.goto(address)
        page.wait_for_selector("main, header")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


def _check(url: str, wrong: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in LOCAL:
        wrong.append(f"a request left this machine: {url}")


@pytest.fixture
def open_offline(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page without a network; any console error, failed request or request to elsewhere fails the test in the end."""
    wrong: list[str] = []
    contexts = []

    def open_(address: str, *, offline: bool = True, width: int = 1440) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=offline, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url[:200]}"))
        page.on("request", lambda request: None if _stays(request.url) else wrong.append(f"left: {request.url[:200]}"))
        page.goto(address)
        page.wait_for_selector("main")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


def _stays(url: str) -> bool:
    return url.startswith(("file:", "data:", "blob:")) or any(url.startswith(f"http://{host}:") for host in LOCAL)
