"""A page whose server goes away says so, keeps what it shows, and goes on by itself when the server is back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from operator import eq
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page

from browser.describing import describe, settled, until
from browser.notebooks import kept_port
from planted import planted_case
from underglass.case import Case
from underglass.hosts.server import create_app
from underglass.hosts.server.start import Recent

TOKEN = "t" * 32
DIAGONAL = """window.underglass.describe("overview")?.confusion?.cells
    .reduce((sum, [label, said, n]) => sum + (label === said ? n : 0), 0)"""


class Running:
    """The web app on one port, stopped and started as a person would."""

    def __init__(self, case: Case, state: Recent, port: int = 0) -> None:
        listening = socket.create_server(("127.0.0.1", port))
        self.port = listening.getsockname()[1]
        app = create_app(case, token=TOKEN, port=self.port, recent=state)
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]}, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)


@pytest.fixture
def port() -> Iterator[int]:
    """A port to which a server can come back."""
    with kept_port() as port:
        yield port


def test_a_page_outlives_its_server_and_takes_in_what_was_changed_meanwhile(tmp_path, browser, port):
    folder = planted_case(tmp_path / "planted.case", 300, images=False)
    recent = Recent(tmp_path / "state")
    first = Running(Case(folder), recent, port)
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(f"http://127.0.0.1:{first.port}/?token={TOKEN}")
    assert describe(page, "overview")["n"] == 300
    settled(page)

    first.stop()

    page.get_by_text("not answer").first.wait_for(timeout=60_000)
    assert describe(page, "overview")["n"] == 300

    away = Case.open(tmp_path / "planted.case")
    away.exclude("label = 'Coat'")
    left = away.count("not excluded")
    away.close()
    second = Running(Case.open(tmp_path / "planted.case"), recent, port)

    until(page, f"window.underglass.describe('overview').n === {left}")
    until(page, "!document.body.innerText.includes('not answer')")
    second.stop()
    page.context.close()


def diagonal(page: Page) -> int:
    """Instances that the overview draws as told right."""
    describe(page, "overview")
    return until(page, DIAGONAL)


def open_elsewhere(page: Page, place: Path) -> None:
    """Open a case as another page's start page does."""
    page.evaluate(
        """async (path) => {
            const headers = { "Content-Type": "application/json", "X-Underglass": "1" };
            const answer = await fetch("api/open", { method: "POST", headers, body: JSON.stringify({ path }) });
            if (!answer.ok) throw new Error(await answer.text());
        }""",
        str(place),
    )


def test_a_page_shows_the_other_case_that_was_opened_elsewhere(tmp_path, open_page):
    recent = Recent(tmp_path / "state")
    first = Running(Case(planted_case(tmp_path / "planted.case", 300, images=False)), recent)
    recent.add(planted_case(tmp_path / "other.case", 120, images=False))
    page = open_page(f"http://127.0.0.1:{first.port}/?token={TOKEN}")
    assert describe(page, "overview")["n"] == 300
    settled(page)

    open_elsewhere(page, tmp_path / "other.case")

    until(page, "window.underglass?.case?.info.name === 'other' && window.underglass.describe('overview')?.n === 120")
    page.goto("about:blank")
    first.stop()


def test_a_case_that_was_opened_before_the_page_began_to_listen_is_shown_too(tmp_path, open_page):
    """Of the same name and size, so that nothing but its identity tells it from the first."""
    recent = Recent(tmp_path / "state")
    first = Running(Case(planted_case(tmp_path / "planted.case", 120, images=False)), recent)
    (tmp_path / "elsewhere").mkdir()
    elsewhere = planted_case(tmp_path / "elsewhere" / "planted.case", 120, seed=1, images=False)
    with Case(elsewhere) as other:
        right = sum(map(eq, other.table()["label"].to_pylist(), other.table()["prediction"].to_pylist()))
        recent.add(other.folder)
    page = open_page(f"http://127.0.0.1:{first.port}/?token={TOKEN}")
    held = []
    page.route("**/api/events*", lambda route: route.continue_() if held else held.append(route))
    page.reload()
    assert diagonal(page) != right
    settled(page)

    open_elsewhere(page, tmp_path / "elsewhere" / "planted.case")
    held[0].continue_()

    until(page, f"window.underglass?.case && ({DIAGONAL}) === {right}")
    page.goto("about:blank")
    first.stop()
