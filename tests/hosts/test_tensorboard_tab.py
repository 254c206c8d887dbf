"""Does the tab answer as the web app does, find cases without keeping anybody waiting, and refuse what is not its own?"""

from __future__ import annotations

import json
import struct
import threading
import time
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from tensorboard.backend.application import TensorBoardWSGI
from tensorboard.plugins.base_plugin import TBContext
from werkzeug.test import Client

from hosts.serving_case import make_case
from their_packages import VIEW, installing
from underglass.case import Case
from underglass.datasets.npmi_runs import NpmiRun, write_events
from underglass.hosts.tensorboard import logs as looking
from underglass.hosts.tensorboard.logs import Logs, _cases_below, roots_of
from underglass.hosts.tensorboard.plugin import UnderglassPlugin

BASE = "/data/plugin/underglass"
OURS = {"X-Underglass": "1", "Origin": "http://localhost"}


def board(logs, **flags):
    """Our tab inside TensorBoard's own routing."""
    told = SimpleNamespace(**{"bind_all": False, "host": None, "logdir_spec": ""} | flags)
    plugin = UnderglassPlugin(TBContext(logdir=str(logs), flags=told))
    return plugin, Client(TensorBoardWSGI([plugin], path_prefix=""))


@pytest.fixture
def logs(tmp_path):
    make_case(tmp_path / "logs" / "run" / "study.case").close()
    return tmp_path / "logs"


def first(client):
    return json.loads(client.get(f"{BASE}/cases").data)[0]["id"]


def test_the_routes_answer_as_the_web_app_does(logs):
    _, client = board(logs)
    key = first(client)
    api = f"{BASE}/case/{key}/api"
    assert client.get(f"{api}/case").json["instances"] == 40
    asked = client.post(f"{api}/query", json={"type": "arrow", "sql": "SELECT count(*) AS n FROM instances"}, headers=OURS)
    assert pa.ipc.open_stream(asked.data).read_all().to_pydict() == {"n": [40]}
    assert int(asked.headers["X-Data-Version"]) > 0
    assert client.get(f"{api}/instance/3").json["row"] == 3
    assert client.get(f"{api}/media/3").content_type == "image/png"
    assert client.get(f"{api}/sheet?rows=1,2&size=56").content_type == "image/png"
    edited = client.post(f"{api}/edits", json={"op": "tag", "rows": [1], "value": "odd", "author": "mara"}, headers=OURS)
    assert (edited.status_code, edited.json["summary"]) == (200, "Tagged 1 instance 'odd'")
    assert client.post(f"{api}/undo", json={"author": "mara"}, headers=OURS).status_code == 200
    with Case.open(logs / "run" / "study.case") as case:
        assert [(edit.op, edit.author) for edit in case.history()] == [("tag", "mara"), ("undo", "mara")]


def test_the_questions_of_one_brush_are_answered_part_by_part_and_an_error_leaves_the_others_whole(logs):
    _, client = board(logs)
    sql = ["SELECT 1 AS a", "SELECT nothing FROM nowhere", "SELECT 3 AS a"]
    data = client.post(f"{BASE}/case/{first(client)}/api/queries", json={"sql": sql}, headers=OURS).data
    parts = []
    while data:
        number, status, _, length = struct.unpack_from("<IIQQ", data)
        parts.append((number, status))
        body, data = data[24 : 24 + length], data[24 + length :]
        if status == 200:
            assert pa.ipc.open_stream(body).read_all()["a"].to_pylist() == [number + 1]
    assert parts == [(0, 200), (1, 400), (2, 200)]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "the request lacks the header X-Underglass: 1"),
        ({"X-Underglass": "1"}, "the request comes from another origin"),
        ({"X-Underglass": "1", "Origin": "http://evil.example"}, "the request comes from another origin"),
    ],
)
def test_a_change_that_another_site_asks_for_is_refused(logs, headers, said):
    _, client = board(logs)
    answer = client.post(f"{BASE}/case/{first(client)}/api/edits", json={"op": "tag", "rows": [1], "value": "x"}, headers=headers)
    assert (answer.status_code, answer.json) == (403, {"error": said})


@pytest.mark.parametrize("flags", [{"bind_all": True}, {"host": "10.1.2.3"}, {"host": "box"}])
def test_where_others_reach_tensorboard_nobody_edits(logs, flags):
    _, client = board(logs, **flags)
    api = f"{BASE}/case/{first(client)}/api"
    assert client.get(f"{api}/case").json["role"] == "viewer"
    assert client.post(f"{api}/edits", json={"op": "tag", "rows": [1], "value": "x"}, headers=OURS).status_code == 403
    assert client.post(f"{api}/query", json={"type": "arrow", "sql": "SELECT 1"}, headers=OURS).status_code == 200


def test_bad_requests_are_answered_with_a_message(logs):
    _, client = board(logs)
    api = f"{BASE}/case/{first(client)}/api"
    for path in ("nothing", "media/-1", "media/..%2F..%2Fcase.json", "instance/x", "open", "cases"):
        answer = client.get(f"{api}/{path}")
        assert answer.status_code in (400, 404), path
        assert answer.json["error"]
    for path in ("../case.json", "..%2f..%2fcase.json", "nothing.js"):
        assert client.get(f"{BASE}/static/{path}").status_code == 404
    assert client.get(f"{BASE}/case/unknown/api/case").json["error"].startswith("this case is not in the log directory")
    assert client.post(f"{api}/edits", data=b"{", headers=OURS).json["error"].startswith("the request is no JSON")
    assert client.put(f"{api}/case").status_code == 404


def test_every_answer_passes_tensorboards_own_checks(logs):
    """Its middleware warns of an answer without a type or without nosniff; in its next version it refuses."""
    _, client = board(logs)
    key = first(client)
    for path in ("cases", f"case/{key}/api/case", f"case/{key}/api/media/1", f"case/{key}/api/jobs", "static/nothing.js"):
        answer = client.get(f"{BASE}/{path}")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"]


def test_news_tell_of_edits_of_another_process_and_of_who_is_here(logs):
    _, client = board(logs)
    stream = client.get(f"{BASE}/case/{first(client)}/api/events?author=mara", buffered=False).iter_encoded()
    events = ({**json.loads(line[6:])} for part in stream for line in part.decode().splitlines() if line.startswith("data: "))
    assert next(events)["type"] == "hello"
    assert next(events)["people"] == [{"name": "mara", "role": "owner"}]
    with Case.open(logs / "run" / "study.case") as other:
        other.tag([1], "odd")
    assert next(events)["type"] == "version"


def test_an_empty_log_directory_has_no_tab_and_says_so_at_once(tmp_path):
    plugin, client = board(tmp_path)
    began = time.perf_counter()
    assert not plugin.is_active()
    assert time.perf_counter() - began < 10, "a look that has ended is not waited for"
    assert json.loads(client.get(f"{BASE}/cases").data) == []


def test_a_case_that_comes_later_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("underglass.hosts.tensorboard.logs.LOOK_EVERY", 0)
    found = Logs([tmp_path])
    assert not found.any
    make_case(tmp_path / "later.case").close()
    end = time.monotonic() + 60
    while not found.any:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_first_question_waits_for_a_look_that_takes_a_moment(logs, monkeypatch):
    def slow(root):
        time.sleep(0.2)
        yield from _cases_below(root)

    monkeypatch.setattr(looking, "FIRST_PATIENCE", 60)
    monkeypatch.setattr(looking, "_cases_below", slow)
    assert Logs([logs]).any


def test_nobody_waits_for_a_look_that_is_long_and_what_it_finds_is_known_later(logs, monkeypatch):
    goes_on = threading.Event()

    def endless(root):
        goes_on.wait()
        yield from _cases_below(root)

    monkeypatch.setattr(looking, "FIRST_PATIENCE", 0.05)
    monkeypatch.setattr(looking, "_cases_below", endless)
    found = Logs([logs])
    assert not found.any
    assert not found.any
    goes_on.set()
    assert [one["name"] for one in found.cases()] == ["study"]
    assert found.any


def test_folders_inside_a_case_deep_ones_and_links_are_not_looked_at(tmp_path):
    make_case(tmp_path / "study.case").close()
    deep = tmp_path.joinpath(*"abcdefgh")
    deep.mkdir(parents=True)
    make_case(deep / "deep.case").close()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [one["name"] for one in Logs([tmp_path]).cases()] == ["study"]


def test_runs_of_the_former_plugin_become_a_case(tmp_path):
    values = np.array([[0.5, 3], [np.nan, 0]])
    write_events(NpmiRun("first", ("cat", "dog"), ("nPMI@she", "count@she"), values), tmp_path / "first")
    plugin, client = board(tmp_path)
    assert "npmi" in plugin.data_plugin_names()
    listed = json.loads(client.get(f"{BASE}/cases").data)
    assert [one["id"] for one in listed] == ["npmi"]
    card = client.get(f"{BASE}/case/npmi/api/case").json
    assert card["instances"] == 2
    assert next(view for view in card["views"] if view["name"] == "associations")["listed"]


def test_log_directories_are_read_from_both_of_tensorboards_flags():
    assert [str(path) for path in roots_of("/a/b", "")] == ["/a/b"]
    assert [str(path) for path in roots_of(None, "x:/a,/b")] == ["/a", "/b"]
    assert roots_of(None, None) == []


def test_the_entry_point_names_the_plugin():
    from importlib.metadata import entry_points

    found = [point for point in entry_points(group="tensorboard_plugins") if point.name == "underglass"]
    assert [point.load() for point in found] == [UnderglassPlugin]


def test_the_browser_half_of_another_packages_view_is_sent(logs, tmp_path):
    with installing(tmp_path) as install:
        half = "export function mount() {}"
        files = {"ann/__init__.py": VIEW.format(name="bar"), "ann/browser/view.js": half, "ann/browser/secret.py": "x"}
        install("ann", {"underglass.views": {"bar": "ann:VIEW"}}, files)
        _, client = board(logs)
        place = f"{BASE}/case/{first(client)}"
        address = next(view["module"] for view in client.get(f"{place}/api/case").json["views"] if view["name"] == "bar")
        sent = client.get(f"{place}/{address}")
        assert (sent.status_code, sent.text, sent.content_type) == (200, half, "text/javascript; charset=utf-8")
        for wrong in (address.replace("view.js", "secret.py"), address.replace("/bar/", "/baz/"), "extensions", "elsewhere/x"):
            assert client.get(f"{place}/{wrong}").status_code == 404, wrong
