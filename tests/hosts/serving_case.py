"""What do the tests of the server start from? A small case of images with one odd view, and a browser that knows the token."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
from starlette.testclient import TestClient

from underglass import datasets
from underglass.case import Case
from underglass.errors import LayerError
from underglass.hosts.server import create_app
from underglass.hosts.server.pages import Pages
from underglass.hosts.server.start import Recent
from underglass.views import View
from underglass.wire import Card

N = 40
CLASSES = ("Shirt", "<img onerror=alert(1)>", "Coat")
TOKEN, VIEWER = "the-token", "the-viewers-token"
BASE = "http://127.0.0.1:8000"
OURS = {"X-Underglass": "1", "Origin": BASE}


def images(n: int = N) -> np.ndarray:
    """Grey images of 28 × 28."""
    return np.random.default_rng(0).integers(0, 255, (n, 28, 28), np.uint8)


def make_case(path: Path, n: int = N) -> Case:
    """A case of these images, with a view that can be asked all kinds of things."""
    rng = np.random.default_rng(1)
    made = Case.create(
        path, datasets.arrays(images(n), rng.integers(0, 3, n), classes=CLASSES, metadata={"age": rng.normal(size=n)})
    )
    card = Card(why="", who="", what="", how="", when="", source="", limits="")
    made.views = {"odd": View(name="odd", title="Odd", group="case", question="What is odd?", card=card, calls=odd_calls())}
    return made


def odd_calls() -> dict[str, Callable[..., Any]]:
    """Calls that answer in every way there is."""

    def fails(case: Case) -> None:
        raise LayerError("no layer named 'conv_1'; did you mean 'conv1'?")

    def crashes(case: Case) -> None:
        raise ZeroDivisionError("in /home/mara/secret")

    return {
        "adds": lambda case, a, b=1: {"sum": a + b, "instances": case.count("true")},
        "bytes": lambda case: np.arange(3, dtype=np.float32).tobytes(),
        "job": lambda case: case.jobs.submit("odd", "an odd job", lambda progress: {"done": True}).wait(60),
        "fails": fails,
        "crashes": crashes,
        "nan": lambda case: {"x": float("nan")},
    }


def make_app(case: Case | None, tmp_path: Path, **settings: Any) -> Any:
    """The app as a test needs it: nothing of this machine's state."""
    static = tmp_path / "static"
    if not static.exists():
        (static / "chunks").mkdir(parents=True)
        (static / "index.html").write_text("<!doctype html><title>built</title>")
        (static / "chunks" / "a-1b2c.js").write_text("export {};")
        (tmp_path / "outside.txt").write_text("secret")
        (static / "link.txt").symlink_to(tmp_path / "outside.txt")
    settings.setdefault("recent", Recent(tmp_path / "state"))
    return create_app(case, token=TOKEN, viewer_token=VIEWER, pages=Pages(static), **settings)


@contextmanager
def browser(app: Any, token: str | None = TOKEN) -> Iterator[TestClient]:
    """A browser that has opened the printed address."""
    with TestClient(app, base_url=BASE, headers=OURS) as client:
        if token is not None:
            assert client.get(f"/?token={token}", follow_redirects=False).status_code == 303
        yield client


@contextmanager
def running(app: Any) -> Iterator[httpx.Client]:
    """The app behind a real socket, and a browser at it."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=address, headers={"X-Underglass": "1", "Origin": address}, timeout=60) as client:
            client.get(f"/?token={TOKEN}")
            yield client
    finally:
        server.should_exit = True
        thread.join(10)
