"""An exported page in a real browser, from the disk, with the network cut: it draws what the web app draws; edits come back."""

from __future__ import annotations

import base64
import json
import math
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import uvicorn
from playwright.sync_api import Browser, Page

import underglass as ug
from browser.describing import describe, frames_drawn, settled, until, untimed
from planted import planted_case
from underglass.case import Case
from underglass.hosts.server import create_app
from underglass.hosts.server.start import Recent
from underglass.hosts.static import apply_edits, writing

VIEWS = ("overview", "instances", "projection", "patterns", "associations")
N = 300
RESTS = 5
PATIENCE = 60.0
"""Seconds."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A case with results and subsets, exported with either engine."""
    place = tmp_path_factory.mktemp("exported")
    case = Case(planted_case(place / "planted.case", N))
    case.projection("fc")
    case.patterns("fc")
    case.subset("unsure", "confidence < .5")
    case.subset("some", range(20, 60))
    case.tag("checked", "seen twice")
    case.exclude([7, 8])
    pages = {name: case.export(place / f"{name}.html", engine=name).path for name in ("small", "duckdb")}
    case.close()
    return {**pages, "case": place / "planted.case"}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[[Path], tuple[Case, str]]]:
    """Serve a case from a thread of this process."""
    opened: list[tuple[uvicorn.Server, threading.Thread, Case]] = []

    def serve(path: Path) -> tuple[Case, str]:
        case = Case.open(path)
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        app = create_app(case, token="t" * 32, port=port, recent=Recent(tmp_path / "state"))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        opened.append((server, thread, case))
        return case, f"http://127.0.0.1:{port}/?token={'t' * 32}"

    yield serve
    for server, thread, case in opened:
        server.should_exit = True
        thread.join(60)
        case.close()


def described(page: Page, view: str) -> dict[str, Any]:
    """What a view says once it is drawn."""
    page.evaluate(f"location.hash = '#{view}'")
    until(page, f"window.underglass?.describe({view!r})?.n != null")
    settled(page)
    last, now, same, end = None, None, 0, time.monotonic() + PATIENCE
    while time.monotonic() < end:  # a drawing that comes in steps has come to rest when it goes on saying the same
        last, now = now, untimed(page.evaluate(f"window.underglass.describe({view!r})"))
        same = same + 1 if now == last else 0
        if same == RESTS:
            return now
        frames_drawn(page)
        page.wait_for_timeout(150)
    raise AssertionError(f"{view} does not come to rest: {[key for key in now if now[key] != last.get(key)]}")


def alike(one: Any, other: Any) -> None:
    """Equal, numbers to 1e-6."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            alike(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            alike(left, right)
    elif isinstance(one, float) and isinstance(other, int | float):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-6)
    elif not str(one).endswith("on disk"):  # the case grows with its journal, the page does not
        assert one == other


def rows_of(data: bytes) -> list[list[Any]]:
    """The rows of Arrow bytes, plain: numbers as floats, times in milliseconds."""
    opened = pa.ipc.open_file if data.startswith(b"ARROW1") else pa.ipc.open_stream  # DuckDB in the page writes files
    table = opened(pa.BufferReader(data)).read_all()
    columns = []
    for column in table.columns:
        kind = column.type
        if pa.types.is_timestamp(kind):
            columns.append(
                [
                    None if one is None else float(one // 1000)
                    for one in column.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
                ]
            )
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            columns.append([None if one is None else float(one) for one in column.to_pylist()])
        else:
            columns.append(column.to_pylist())
    return [list(row) for row in zip(*columns, strict=True)]


def same_rows(sql: str, found: list[list[Any]], expected: list[list[Any]]) -> None:
    key = lambda row: json.dumps([round(one, 4) if isinstance(one, float) else one for one in row])  # noqa: E731
    if "ORDER BY" not in sql.rsplit(")", 1)[-1]:  # without it the server may answer in any order
        found, expected = sorted(found, key=key), sorted(expected, key=key)
    assert len(found) == len(expected), sql
    for left, right in zip(found, expected, strict=True):
        for one, other in zip(left, right, strict=True):
            close = isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)
            assert close or one == other, f"{sql}: {left} and {right}"


def act(page: Page) -> None:
    """Look at every view with many selections, so that each asks its questions of them."""
    for view in VIEWS:
        described(page, view)
    page.evaluate("location.hash = '#overview'")
    settled(page)
    selections = [
        '{op: "bin", column: "confidence", low: 0, step: 0.1, bins: 10, first: 3, last: 6}',
        '{op: "bin", column: "day", low: 1735689600000, step: 3e9, bins: 11, first: 2, last: 7}',
        '{op: "compare", column: "label", is: "=", value: "Coat"}',
        '{op: "subset", name: "unsure"}',
        '{op: "not", term: {op: "subset", name: "some"}}',
        '{op: "in", column: "site", values: ["north", "east"]}',
        '{op: "contains", column: "tags", text: "seen twice"}',
        '{op: "null", column: "score"}',
    ]
    for view in ("overview", "instances", "patterns", "projection"):
        page.evaluate(f"location.hash = '#{view}'")
        for tree in selections:
            page.evaluate(f"window.underglass.case.picks.pickTree(window.here ??= {{}}, {tree}, 'picked')")
            settled(page)
        page.evaluate("window.underglass.case.picks.clear()")
    filter_ = '{op: "and", terms: [{op: "compare", column: "age", is: ">=", value: 30}, {op: "truth", column: "checked"}]}'
    page.evaluate(f"window.underglass.case.picks.setFilter({{tree: {filter_}, text: 'age >= 30 and checked'}})")
    for view in VIEWS[:4]:
        page.evaluate(f"location.hash = '#{view}'")
        settled(page)


def answered_by(page: Page, engine: str) -> None:
    """Have everything answered by one engine, also what another answered before it had started."""
    if engine == "duckdb":
        page.evaluate("window.underglass.case.host.engine.begin().then(() => window.underglass.case.refresh(true))")
    assert page.evaluate("window.underglass.case.host.engine.name") == engine


def test_all_engines_answer_alike_and_all_views_draw_the_same(exported, serving, open_page, open_offline, monkeypatch):
    case, address = serving(exported["case"])
    asked: dict[str, bytes] = {}
    answer = type(case.serving).answer

    def recorded(self: Any, sql: str, **options: Any) -> Any:
        found = answer(self, sql, **options)
        asked[sql] = bytes(found.data)
        return found

    monkeypatch.setattr(type(case.serving), "answer", recorded)
    app = open_page(address)
    expected = {view: described(app, view) for view in VIEWS}
    act(app)
    assert len(asked) > 100

    for engine in ("small", "duckdb"):
        page = open_offline(exported[engine].as_uri())
        settled(page)
        answered_by(page, engine)
        for view in VIEWS:
            alike(described(page, view), expected[view])
        texts = list(asked)
        found = page.evaluate(
            """async (all) => {
                const { connector } = window.underglass.case.host;
                const answers = [];
                for (const sql of all) {
                    const bytes = await connector.query({ type: "arrow", sql });
                    let text = "";
                    for (const byte of bytes) text += String.fromCharCode(byte);
                    answers.push(btoa(text));
                }
                return answers;
            }""",
            texts,
        )
        for sql, text in zip(texts, found, strict=True):
            same_rows(sql, rows_of(base64.b64decode(text)), rows_of(asked[sql]))


@pytest.mark.parametrize("engine", ["small", "duckdb"])
def test_edits_made_in_a_page_come_back_to_the_case_as_if_made_there(exported, open_offline, tmp_path: Path, engine: str):
    page = open_offline(exported[engine].as_uri())
    settled(page)
    answered_by(page, engine)
    page.evaluate("window.underglass.case.sign('Ada')")
    edit = "window.underglass.case.edit"
    low = {"op": "compare", "column": "confidence", "is": "<", "value": 0.4}
    edits: list[dict[str, Any]] = [
        {"op": "label", "rows": [3, 4], "value": "Coat"},
        {"op": "tag", "where": low, "value": "very unsure"},
        {"op": "note", "rows": [5], "value": "</script> 🐟"},
        {"op": "subset", "where": {"op": "compare", "column": "label", "is": "=", "value": "Coat"}, "value": {"name": "coats"}},
        {"op": "exclude", "where": low},
    ]
    before = describe(page, "overview")["n"]
    for one in edits:
        page.evaluate(f"{edit}({json.dumps(one)})")
    page.evaluate(f"{edit}({json.dumps({'op': 'flag', 'rows': [1]})})")
    page.evaluate("window.underglass.case.undo()")
    settled(page)
    copy = Case.open(exported["case"])
    excluded = copy.count("confidence < .4 and not excluded")
    until(page, f"window.underglass.describe('overview').n === {before - excluded}")
    coats = page.evaluate("window.underglass.case.info.subsets.find((one) => one.name === 'coats').count")
    page.reload()
    settled(page)
    until(page, f"window.underglass.describe('overview').n === {before - excluded}")

    with page.expect_download() as download:
        page.get_by_role("button", name="Save edits (5)").click()
    download.value.save_as(tmp_path / "patch.json")
    answered_by(page, engine)
    page.evaluate("Promise.all(Array.from({ length: 5 }, () => window.underglass.case.host.undo()))")
    page.evaluate("window.underglass.case.refresh()")
    until(page, f"window.underglass.describe('overview').n === {before}")
    counts = page.evaluate(
        """async () => {
            const { host, coordinator } = window.underglass.case;
            const picks = await Promise.all([[1], [2, 3], [4, 5, 6]].map((rows) => host.pick({ rows })));
            const sql = ({ name }) => `SELECT count(*) AS "n" FROM "instances" WHERE "row" IN (SELECT "row" FROM "${name}")`;
            const found = await Promise.all(picks.map((pick) => coordinator.query(sql(pick))));
            return found.map((table) => Number(table.at(0).n));
        }"""
    )
    assert counts == [1, 2, 3]
    copy.close()

    journals = []
    for name in ("patched", "edited"):
        here = tmp_path / f"{name}.case"
        shutil.copytree(exported["case"], here)
        case = Case.open(here)
        if name == "patched":
            applied = apply_edits(case, tmp_path / "patch.json")
            assert (applied.added, applied.authors) == (5, ("Ada",))
            assert case.count("in subset 'coats'") == coats
        else:
            for one in edits:
                case.edit(one["op"], where=one.get("where"), rows=one.get("rows"), value=one.get("value"), author="Ada")
        history = case.history()[-5:]
        journals.append(
            [(one.op, one.author, one.text, None if one.rows is None else one.rows.tolist(), _plain(one.new)) for one in history]
        )
        case.close()
    assert journals[0] == journals[1]


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def test_a_folder_opens_from_the_disk_and_from_a_plain_web_server(exported, open_offline, tmp_path: Path):
    case = Case.open(exported["case"])
    case.export(tmp_path / "site", media="copy")
    case.close()
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "site")
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    from_disk = open_offline((tmp_path / "site" / "index.html").as_uri())
    served = open_offline(f"http://127.0.0.1:{server.server_port}/index.html", offline=False)

    for view in ("overview", "patterns"):
        alike(described(served, view), described(from_disk, view))
    for page in (from_disk, served):
        page.evaluate("window.underglass.case.open(12)")
        until(page, "document.querySelector('img[alt^=\"instance\"]')?.naturalWidth === 12")
        detail = page.evaluate("window.underglass.case.detail")
        assert len(detail["neighbours"]) == 7
    server.shutdown()


def test_a_folder_that_lost_a_part_of_its_program_says_which_and_lives(exported, browser: Browser, tmp_path: Path):
    case = Case.open(exported["case"])
    case.export(tmp_path / "site")
    case.close()
    lost = tmp_path / "site" / "d" / "part-patterns.js"
    kept = lost.read_bytes()
    lost.unlink()
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((tmp_path / "site" / "index.html").as_uri() + "#patterns")
    until(page, "document.querySelector('main')?.innerText.includes('d/part-patterns.js is not where this page left it')")

    page.evaluate("location.hash = '#overview'")
    assert described(page, "overview")["n"] == N - 2
    lost.write_bytes(kept)
    page.evaluate("location.hash = '#patterns'")

    assert described(page, "patterns")["n"] == N - 2
    context.close()


def test_what_needs_python_is_off_and_says_so(exported, open_offline):
    page = open_offline(exported["small"].as_uri() + "#review")
    said = describe(page, "review")
    assert said["absent"] is True
    assert "an exported page holds neither" in page.locator("main").inner_text()

    page.evaluate("location.hash = '#patterns'")
    describe(page, "patterns")
    page.get_by_role("button", name="Settings").click()
    off = page.get_by_role("button", name="Find patterns")
    assert off.count() == 0 or off.first.is_disabled()
    refused = page.evaluate(
        "window.underglass.case.host.call('patterns', 'start', {layer: 'fc'}).catch((error) => error.message)"
    )
    assert "Open the case with underglass" in refused


def test_groups_of_the_audit_are_those_that_python_counts(exported, open_offline):
    case = Case.open(exported["case"])
    calls = case.views["subgroups"].calls
    told = calls["setup"](case)
    makings = [{"by": [{"feature": name, "values": None} for name in told["by"]]}]
    counted = calls["groups"](case, makings=makings)
    case.close()

    page = open_offline(exported["small"].as_uri() + "#subgroups")
    described(page, "subgroups")

    assert page.evaluate("window.underglass.describe('subgroups').n") == counted["n"]
    text = page.locator("main").inner_text()
    assert "Whom does the score fail?" in text
    refused = page.evaluate(
        "window.underglass.case.host.call('subgroups', 'groups', {audit: {}, makings: []}).catch((e) => e.message)"
    )
    assert "Open the case with underglass" in refused


def test_a_filter_that_holds_nothing_leaves_a_page_that_says_so(exported, open_offline):
    page = open_offline(exported["small"].as_uri() + "#overview?filter=age%20%3E%20900")
    until(page, "window.underglass?.describe('overview')?.n === 0")
    for view in ("instances", "projection", "patterns"):
        page.evaluate(f"location.hash = '#{view}?filter=age%20%3E%20900'")
        until(page, f"window.underglass?.describe({view!r})?.n === 0")


def test_numbers_counted_before_an_edit_are_not_shown_after_it(exported, open_offline):
    page = open_offline(exported["small"].as_uri() + "#subgroups")
    n = described(page, "subgroups")["n"]
    page.evaluate("window.underglass.case.edit({op: 'exclude', rows: [0, 1]})")
    until(page, "document.querySelector('main').innerText.includes('counted before the edits made in this page')")
    page.evaluate("location.hash = '#patterns'")
    until(page, "document.querySelector('main').innerText.includes('instances were excluded in this page')")
    page.evaluate("location.hash = '#edits'")
    assert described(page, "edits")["journal"][0]["text"] == "excluded 2 instances"
    page.evaluate("window.underglass.case.undo()")
    page.evaluate("location.hash = '#subgroups'")
    until(page, f"window.underglass.describe('subgroups')?.n === {n}")


def test_the_address_keeps_filter_and_selection(exported, open_offline):
    page = open_offline(exported["small"].as_uri())
    settled(page)
    tree = '{op: "compare", column: "label", is: "=", value: "Coat"}'
    page.evaluate(f"window.underglass.case.picks.pickTree({{}}, {tree}, 'coats')")
    until(page, "location.hash.includes('coats')")

    again = open_offline(page.url)
    settled(again)

    assert describe(again, "overview")["selected"] == describe(page, "overview")["selected"] > 0


def test_a_part_of_a_case_gives_its_edits_the_rows_of_the_case(exported, open_offline, tmp_path: Path):
    case = Case.open(exported["case"])
    rows = case.rows("label = 'Coat' and not excluded")
    case.export(tmp_path / "part.html", where="label = 'Coat' and not excluded", views=["overview", "instances", "projection"])
    page = open_offline((tmp_path / "part.html").as_uri())
    assert describe(page, "overview")["n"] == len(rows)

    page.evaluate("window.underglass.case.edit({op: 'tag', rows: [0, 2], value: 'mine'})")
    (tmp_path / "patch.json").write_text(page.evaluate("window.underglass.case.host.patch().text"))
    page.evaluate("window.underglass.case.undo()")

    apply_edits(case, tmp_path / "patch.json", author="Bo")
    assert case.rows("tags contains 'mine'").tolist() == [int(rows[0]), int(rows[2])]
    case.undo("Bo")
    case.close()


def test_names_that_are_markup_stay_text(open_offline, tmp_path: Path):
    wicked = "</script><img src=x onerror=window.bad=1>"
    case = Case(planted_case(tmp_path / "wicked.case", 40, classes=(wicked, "fine"), ids=[f"{wicked}{i}" for i in range(40)]))
    case.note([1], wicked)
    case.subset(wicked, "confidence < .5")
    case.export(tmp_path / "page.html", views=["overview", "instances"])
    case.close()

    page = open_offline((tmp_path / "page.html").as_uri())
    described(page, "overview")
    page.evaluate("window.underglass.case.open(1)")
    described(page, "instances")

    assert page.evaluate("window.bad === undefined && !document.querySelector('img[src=x]')")


def test_data_of_another_format_are_refused_with_what_to_do(exported, open_offline, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("underglass.hosts.static.exporting.FORMAT", writing.FORMAT + 1)
    case = Case.open(exported["case"])
    case.export(tmp_path / "page.html", views=["overview"])
    case.close()

    page = open_offline((tmp_path / "page.html").as_uri())

    text = page.locator("main").inner_text()
    assert "This page cannot be shown" in text
    assert f"in format {writing.FORMAT + 1}; the script beside it reads format {writing.FORMAT}" in text
    assert "Export it anew" in text


def test_a_composed_page_draws_its_tiles(exported, open_offline, tmp_path: Path):
    case = Case.open(exported["case"])
    page_ = ug.page(
        [case.view("confusion"), ug.markdown("**What** the model confuses"), case.view("projection"), case.view("instances")],
        title="Three views",
    )
    page_.export(tmp_path / "three.html")
    case.close()

    page = open_offline((tmp_path / "three.html").as_uri())

    assert describe(page, "confusion")["n"] == describe(page, "instances")["n"] == N - 2
    until(page, f"window.underglass.describe('projection')?.drawn === {N - 2}")
    assert "What the model confuses" in page.locator("main").inner_text()
