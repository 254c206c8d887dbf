"""A page whose server goes away says so, keeps what it shows, and goes on by itself when the server is back."""

from __future__ import annotations

import json
import socket
import threading

import uvicorn

from browser.describing import describe, settled, until
from planted import planted_case
from underglass.case import Case
from underglass.hosts.server import create_app
from underglass.hosts.server.start import Recent

TOKEN = "t" * 32


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


def test_a_page_outlives_its_server_and_takes_in_what_was_changed_meanwhile(tmp_path, browser):
    folder = planted_case(tmp_path / "planted.case", 300, images=False)
    recent = Recent(tmp_path / "state")
    first = Running(Case(folder), recent)
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(f"http://127.0.0.1:{first.port}/?token={TOKEN}")
    assert describe(page, "overview")["n"] == 300
    settled(page)

    first.stop()

    page.get_by_text("not answer").first.wait_for(timeout=30_000)
    assert describe(page, "overview")["n"] == 300

    away = Case.open(tmp_path / "planted.case")
    away.exclude("label = 'Coat'")
    left = away.count("not excluded")
    away.close()
    second = Running(Case.open(tmp_path / "planted.case"), recent, first.port)

    until(page, f"window.underglass.describe('overview').n === {left}", 40)
    until(page, "!document.body.innerText.includes('not answer')", 40)
    second.stop()
    page.context.close()


def test_a_page_shows_the_other_case_that_was_opened_elsewhere(tmp_path, open_page):
    recent = Recent(tmp_path / "state")
    first = Running(Case(planted_case(tmp_path / "planted.case", 300, images=False)), recent)
    recent.add(planted_case(tmp_path / "other.case", 120, images=False))
    page = open_page(f"http://127.0.0.1:{first.port}/?token={TOKEN}")
    assert describe(page, "overview")["n"] == 300

    body = json.dumps({"path": str(tmp_path / "other.case")})
    headers = '{ "Content-Type": "application/json", "X-Underglass": "1" }'
    page.evaluate(f"fetch('api/open', {{ method: 'POST', headers: {headers}, body: {json.dumps(body)} }})")

    until(page, "window.underglass?.case?.info.name === 'other' && window.underglass.describe('overview')?.n === 120", 40)
    page.goto("about:blank")
    first.stop()
