"""A planted case of any size, served for a benchmark from a thread of this process."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from underglass.case import Case
from underglass.hosts.server import create_app
from underglass.hosts.server.start import Recent

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

TOKEN = "t" * 32


@contextmanager
def serving(folder: Path, n: int, *, units: int = 2) -> Iterator[str]:
    """The address of the web app over a planted case of `n` instances."""
    from planted import planted_case

    with showing(Case(planted_case(folder / "planted.case", n, units=units, images=False)), folder) as address:
        yield address


@contextmanager
def showing(case: Case, folder: Path) -> Iterator[str]:
    """The address of the web app over any case, which is closed in the end."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = create_app(case, token=TOKEN, port=port, recent=Recent(folder / "state"))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/?token={TOKEN}"
    finally:
        server.should_exit = True
        thread.join(30)
        case.close()
