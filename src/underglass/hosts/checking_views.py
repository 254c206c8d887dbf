"""Is a view of somebody's what a view must be? Its Python half is loaded as it would be installed, its browser half really drawn.

The cases it is drawn on are made here: 200 instances with words, numbers, nulls and an emoji, and one instance.
"""

from __future__ import annotations

import importlib
import inspect
import json
import math
import shutil
import socket
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from underglass.errors import DataError
from underglass.extensions import VIEWS
from underglass.views import View, discover

MANY = 200
WITHIN = 60.0
"""Seconds until a view must have drawn."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
COUNTING = """
(() => {
  // what a page holds on to, so that what a view leaves behind can be counted
  const held = (window.held = { listeners: 0, timers: new Set() });
  for (const target of [window, document]) {
    const [add, remove] = [target.addEventListener, target.removeEventListener];
    const known = new Set();
    const key = (type, listener, options) => [type, listener, typeof options === "object" ? !!options?.capture : !!options];
    const same = (a) => [...known].find((b) => a.every((part, i) => part === b[i]));
    target.addEventListener = function (...given) {
      const one = key(...given);
      if (!given[2]?.once && !same(one)) { known.add(one); held.listeners++; }
      return add.apply(this, given);
    };
    target.removeEventListener = function (...given) {
      const one = same(key(...given));
      if (one) { known.delete(one); held.listeners--; }
      return remove.apply(this, given);
    };
  }
  const [start, stop] = [window.setInterval, window.clearInterval];
  window.setInterval = (...given) => { const id = start(...given); held.timers.add(id); return id; };
  window.clearInterval = (id) => { held.timers.delete(id); return stop(id); };
})();
"""
LEFT = """(() => ({
  listeners: window.held.listeners, timers: window.held.timers.size,
  head: document.head.querySelectorAll(":scope > :not(link[href*='/assets/'], link[href*='/chunks/'])").length,
  body: document.body.children.length, sheets: document.adoptedStyleSheets.length,
  clients: window.underglass.case.coordinator.clients.size,
}))()"""

NOTHING = "{ tree: { op: 'compare', column: 'row', is: '<', value: -1 }, text: 'row < -1' }"


@dataclass(frozen=True)
class Result:
    """One thing that was looked at; `passed` is None where it could not be."""

    view: str
    what: str
    passed: bool | None
    why: str = ""


def check_project(project: Path, *, browser: bool = True) -> Iterator[Result]:
    """Look at every view that a project brings.

    Raises
    ------
    DataError
        There is no project, or it names no view.
    """
    entries = entries_of(project)
    with installed(project, entries):
        found = discover()
        broken = {one.name: one.reason for one in found.broken}
        for name, value in entries.items():
            if name in broken:
                yield Result(name, "its Python half can be loaded", False, broken[name])
                continue
            view = _loaded(value)
            yield Result(name, "its Python half can be loaded", True)
            yield from _python_half(view)
            if browser:
                yield from _browser_half(view)
            else:
                yield Result(view.name, "its browser half was not drawn", None, "as asked")


def entries_of(project: Path) -> dict[str, str]:
    """The views that a project's ``pyproject.toml`` names.

    Raises
    ------
    DataError
        There is none, or it cannot be read.
    """
    file = project / "pyproject.toml"
    if not file.is_file():
        raise DataError(
            f"there is no pyproject.toml in {project}: give the folder of a project, such as underglass new view makes"
        )
    try:
        entries = tomllib.loads(file.read_text("utf-8")).get("project", {}).get("entry-points", {}).get(VIEWS, {})
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{file} cannot be read: {error}") from None
    if not isinstance(entries, dict) or not entries:
        raise DataError(f'{file} names no view: it needs [project.entry-points."{VIEWS}"] with name = "package:VIEW"')
    return {str(name): str(value) for name, value in entries.items()}


@contextmanager
def installed(project: Path, entries: dict[str, str]) -> Iterator[None]:
    """As if the project were installed, for as long as it is looked at."""
    with TemporaryDirectory() as folder:
        about = Path(folder) / "underglass_looked_at-0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project.resolve().name}\nVersion: 0\n")
        (about / "entry_points.txt").write_text(
            f"[{VIEWS}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        )
        places = [folder, str(project.resolve()), str((project / "src").resolve())]
        sys.path[:0] = places
        importlib.invalidate_caches()
        try:
            yield
        finally:
            for place in places:
                sys.path.remove(place)


def _loaded(value: str) -> View:
    module, _, name = value.partition(":")
    view = getattr(importlib.import_module(module), name)
    assert isinstance(view, View)
    return view


def _python_half(view: View) -> Iterator[Result]:
    yield Result(
        view.name, "its question is one", view.question.endswith("?"), "" if view.question.endswith("?") else view.question
    )
    for name, call in view.calls.items():
        takes = list(inspect.signature(call).parameters) if callable(call) else []
        why = "" if takes else "it must be a function of (case, …)"
        yield Result(view.name, f"its call {name!r} takes the case", bool(takes), why)
    width, height = view.size
    fits = 1 <= width <= 12 and 1 <= height <= 100
    yield Result(view.name, "its size fits on a page", fits, "" if fits else f"{view.size}: 1 to 12 columns, 1 to 100 rows")


def _browser_half(view: View) -> Iterator[Result]:
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        yield Result(view.name, "its browser half was not drawn", None, "needs Playwright and a Chromium: pip install playwright")
        return
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        except Error as error:
            yield Result(view.name, "its browser half was not drawn", None, str(error).split("\n", 1)[0])
            return
        try:
            for n in (MANY, 1):
                with _served(Path(folder) / f"{n}.case", n) as address:
                    yield from _Drawn(browser, address, view, n).results()
        finally:
            browser.close()


class _Drawn:
    """One view on one case in one page."""

    def __init__(self, browser: Any, address: str, view: View, n: int) -> None:
        self.view, self.n = view, n
        self.wrong: list[str] = []
        self.foreign: list[str] = []
        self.page = browser.new_page(viewport={"width": 1440, "height": 900})
        self.page.add_init_script(COUNTING)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        own = address.split("/?", 1)[0]
        self.page.on("request", lambda asked: self._asked(asked.url, own))
        self.page.goto(address)

    def results(self) -> Iterator[Result]:
        name, page = self.view.name, self.page
        many = f"{self.n:,} instance{'' if self.n == 1 else 's'}"
        self._until("window.underglass?.describe('overview')?.n != null")
        self._go("about")
        before = page.evaluate(LEFT)
        self._go(name)
        drawn = self._until(f"window.underglass?.describe({name!r})?.n != null")
        why = "" if drawn else self._failure() or f"describe() gave no n within {WITHIN:.0f} s"
        yield self._result(f"draws {many}", drawn, why)
        if not drawn:
            page.close()
            return
        told = page.evaluate(f"window.underglass.describe({name!r})")
        yield self._result(f"describes {many} with finite numbers", *_finite(told))
        page.evaluate(f"window.underglass.case.picks.setFilter({NOTHING})")
        page.evaluate("window.underglass.settled()")
        empty = self._until(f"window.underglass.describe({name!r})?.n === 0")
        yield self._result(
            "draws no instances", empty, "" if empty else self._failure() or "with nothing shown describe() must say n = 0"
        )
        page.evaluate("window.underglass.case.picks.setFilter(null)")
        self._go(f"{name}?p.of_a_newer_version={json.dumps({'deep': [1]})}&p.column={json.dumps('no such column')}")
        kept = self._until(f"window.underglass.describe({name!r})?.n > 0") and "of_a_newer_version" in page.evaluate(
            "location.hash"
        )
        yield self._result(
            "survives settings it does not know", kept, "" if kept else self._failure() or "it failed, or lost them"
        )
        self._go("about")
        gone = self._until(f"!document.querySelector('[data-view={name}]')")
        after = page.evaluate(LEFT)
        left = {key: after[key] - before[key] for key in before if after[key] > before[key]}
        yield self._result(
            "leaves nothing behind when it is removed",
            gone and not left,
            ", ".join(f"{n} more {what}" for what, n in left.items()),
        )
        yield self._result("sets no style outside itself", *self._styles(before, after))
        yield self._result("asks nothing of other machines", not self.foreign, ", ".join(self.foreign[:3]))
        yield self._result("raises no error", not self.wrong, "; ".join(self.wrong[:3]))
        page.close()

    def _styles(self, before: dict[str, int], after: dict[str, int]) -> tuple[bool, str]:
        added = after["head"] > before["head"] or after["sheets"] > before["sheets"]
        return not added, "it added a style or script to the page: put styles on its own elements" if added else ""

    def _result(self, what: str, passed: Any, why: str = "") -> Result:
        return Result(self.view.name, what, bool(passed), why if not passed else "")

    def _failure(self) -> str:
        said: str = self.page.evaluate("document.querySelector('main [role=alert]')?.innerText ?? ''")
        return said.replace("\n", " ")

    def _go(self, fragment: str) -> None:
        self.page.evaluate("next => { location.hash = next; }", fragment)
        self._until(f"document.querySelector('main [data-view={fragment.split('?', maxsplit=1)[0]}], main [role=alert]')")

    def _until(self, expression: str) -> bool:
        end = time.monotonic() + WITHIN
        while time.monotonic() < end:
            if self.page.evaluate(f"!!({expression})"):
                return True
            if self.page.evaluate("!!document.querySelector('main [role=alert]')") and "alert" not in expression:
                return False
            self.page.wait_for_timeout(50)
        return False

    def _asked(self, url: str, own: str) -> None:
        if not url.startswith((own, "data:", "blob:")):
            self.foreign.append(url)


def _finite(told: Any, where: str = "describe()") -> tuple[bool, str]:
    """Whether everything described is plain: finite numbers, texts, truths, lists and objects of them."""
    if isinstance(told, float) and not math.isfinite(told):
        return False, f"{where} is not finite"
    parts = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for key, value in parts:
        fine, why = _finite(value, f"{where}[{key!r}]")
        if not fine:
            return fine, why
    return True, ""


@contextmanager
def _served(path: Path, n: int) -> Iterator[str]:
    """The address of a case with known contents, served from a thread."""
    import uvicorn

    from underglass import datasets
    from underglass.case import Case
    from underglass.hosts.server import create_app
    from underglass.hosts.server.start import Recent

    random = np.random.default_rng(0)
    groups = np.array(["north", "south", "<b>east</b> 🙂"])[random.integers(0, 3, n)].tolist()
    metadata = {
        "site": [None if i % 17 == 5 else group for i, group in enumerate(groups)],
        "score": [None if i % 13 == 7 else float(value) for i, value in enumerate(random.normal(0, 1, n))],
    }
    values = random.normal(0, 1, (n, 3)).astype(np.float32)
    split = ["train" if i % 3 else "test" for i in range(n)]
    case = Case.create(
        path, datasets.arrays(values, random.integers(0, 2, n), classes=["no", "yes"], split=split, metadata=metadata)
    )
    listening = socket.create_server(("127.0.0.1", 0))
    port, token = listening.getsockname()[1], "look" * 8
    app = create_app(case, token=token, port=port, recent=Recent(path.parent / "state"))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/?token={token}"
    finally:
        server.should_exit = True
        thread.join(10)
        case.close()
