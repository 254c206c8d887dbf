"""A real TensorBoard with our tab: the same numbers as the web app, edits that arrive, and nothing blocked."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Frame, Page, Request

from browser.conftest import LOCAL
from browser.describing import describe, settled, until
from planted import planted_case
from underglass.case import Case

STARTS_WITHIN = 120


@contextmanager
def tensorboard(logs: Path, *arguments: str) -> Iterator[str]:
    """TensorBoard as a person starts it; gives its address."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logs), "--port", "0", "--load_fast=false", *arguments]
    process = subprocess.Popen(command, cwd=logs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"http://[^\s/]+:(\d+)/", line):
                threading.Thread(target=process.stdout.read, daemon=True).start()
                yield f"http://localhost:{found.group(1)}/"
                return
        raise AssertionError("TensorBoard did not start:\n" + "".join(said))
    finally:
        process.terminate()
        process.wait(STARTS_WITHIN)


def asked(address: str, path: str) -> object:
    with urllib.request.urlopen(address + path) as answer:
        return json.loads(answer.read())


@pytest.fixture
def start() -> Iterator[Callable[..., str]]:
    """Start a TensorBoard over a log directory; all end when the test does, after its pages."""
    with ExitStack() as running:
        yield lambda *given: running.enter_context(tensorboard(*given))


@pytest.fixture
def tab(browser: Browser, start: Callable[..., str]) -> Iterator[object]:
    """Open TensorBoard at our tab; fails on what our frame's console says and on requests of ours that leave the machine."""
    contexts, wrong = [], []

    def open_(address: str, *, width: int = 1440) -> tuple[Page, Frame]:
        context = browser.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text) if _is_ours(said) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: _check(request, wrong))
        page.goto(address + "#underglass")
        until(page, "document.querySelector('iframe') !== null", STARTS_WITHIN)
        frame = page.locator("iframe").element_handle().content_frame()
        assert frame is not None
        return page, frame

    yield open_
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


def _is_ours(said: ConsoleMessage) -> bool:
    return said.type == "error" and "underglass" in said.location["url"]


def _check(request: Request, wrong: list[str]) -> None:
    """TensorBoard's own page asks its makers for fonts; ours asks nobody."""
    if urlsplit(request.url).hostname not in LOCAL and "plugin" in request.frame.url:
        wrong.append(f"a request left this machine: {request.url}")


def test_the_tab_shows_what_the_web_app_shows(planted_app, open_page, start, tab, tmp_path):
    case, address = planted_app(400, images=True)
    page = open_page(address)
    settled(page)
    expected = describe(page, "overview")
    logs = tmp_path / "logs" / "experiment"
    logs.mkdir(parents=True)
    shutil.copytree(case.folder.path, logs / "study.case")

    board = start(tmp_path / "logs")
    assert asked(board, "data/plugins_listing")["underglass"]["enabled"]
    _, frame = tab(board)
    assert describe(frame, "overview")["n"] == 400
    settled(frame)
    found = describe(frame, "overview")
    for part in ("confusion", "confidence", "column"):
        assert found[part] == expected[part], part
    frame.evaluate("() => void window.underglass.case.edit({ op: 'exclude', rows: [0, 1, 2] })")
    until(frame, "window.underglass.describe('overview').n === 397")
    with_edits = Case.open(logs / "study.case")
    with_edits.exclude([5, 6])
    until(frame, "window.underglass.describe('overview').n === 395")
    assert [edit.op for edit in with_edits.history()] == ["exclude", "exclude"]
    with_edits.close()
    frame.evaluate("() => { location.hash = '#instances'; }")
    assert describe(frame, "instances")["n"] == 395


def test_several_cases_are_listed_and_a_damaged_one_says_so(start, tab, tmp_path):
    for name, n in (("first", 60), ("second", 80)):
        planted_case(tmp_path / "logs" / f"{name}.case", n, images=False)
    broken = tmp_path / "logs" / "broken.case"
    shutil.copytree(tmp_path / "logs" / "first.case", broken)
    (broken / "case.json").write_text("{")

    board = start(tmp_path / "logs")
    _, frame = tab(board)
    frame.get_by_role("heading", name="Cases in the log directory").wait_for()
    assert frame.get_by_role("button", name="broken").is_disabled()
    assert str(tmp_path) not in frame.content()
    rows = frame.locator("li").filter(has_text="80 instances")
    rows.get_by_role("button").click()
    assert describe(frame, "overview")["n"] == 80
    frame.get_by_role("button", name=re.compile("^Case ")).click()
    frame.get_by_role("link", name="All cases").click()
    frame.locator("li").filter(has_text="60 instances").get_by_role("button").click()
    until(frame, "window.underglass.describe('overview')?.n === 60")


def test_where_there_is_nothing_the_tab_is_not_active(start, tmp_path):
    board = start(tmp_path)
    assert not asked(board, "data/plugins_listing")["underglass"]["enabled"]
    assert asked(board, "data/plugin/underglass/cases") == []


def test_where_others_reach_tensorboard_they_look_but_do_not_edit(start, tab, tmp_path):
    planted_case(tmp_path / "logs" / "study.case", 50, images=False)
    board = start(tmp_path / "logs", "--bind_all")
    _, frame = tab(board)
    assert describe(frame, "overview")["n"] == 50
    assert frame.evaluate("window.underglass.case.cannotEdit") == "You may look at this case, but not change it."
