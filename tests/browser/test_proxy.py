"""Behind a proxy that puts a path before, such as JupyterHub's, the page works: all its addresses are relative."""

from __future__ import annotations

import socket
import threading

import uvicorn
from starlette.types import Receive, Scope, Send

from browser.describing import describe, go_to, until
from planted import planted_case
from underglass.case import Case
from underglass.hosts.server import create_app
from underglass.hosts.server.start import Recent

PREFIX = "/user/ana/proxy/8888"


def test_a_path_before_every_address_changes_nothing(tmp_path, open_page):
    case = Case(planted_case(tmp_path / "planted.case", 120))
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = create_app(case, token="t" * 32, port=port, recent=Recent(tmp_path / "state"))
    outside: list[str] = []

    async def proxied(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not scope["path"].startswith(PREFIX):
                outside.append(scope["path"])
            scope = {**scope, "path": scope["path"].removeprefix(PREFIX) or "/", "raw_path": None}
        await app(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(proxied, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        page = open_page(f"http://127.0.0.1:{port}{PREFIX}/?token={'t' * 32}")
        assert describe(page, "overview")["n"] == 120
        page.evaluate("() => void window.underglass.case.edit({ op: 'exclude', rows: [0, 1] })")
        until(page, "window.underglass.describe('overview').n === 118")
        go_to(page, "projection")
        go_to(page, "instances")
        assert describe(page, "instances")["n"] == 118
        assert page.evaluate("location.pathname") == f"{PREFIX}/"
        assert outside == []
        page.context.close()
    finally:
        server.should_exit = True
        thread.join(30)
        case.close()
