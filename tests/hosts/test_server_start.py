"""Does the start page list what was opened here, and open that and nothing else?"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hosts.serving_case import browser, make_app, make_case
from underglass.case import Case
from underglass.errors import UnderglassError
from underglass.hosts.answering import NotFound
from underglass.hosts.server import serve
from underglass.hosts.server.events import Events
from underglass.hosts.server.holder import Holder
from underglass.hosts.server.running import kept_token
from underglass.hosts.server.start import Recent, state_folder


@pytest.fixture
def recent(tmp_path):
    return Recent(
        tmp_path / "state", demos=[{"name": "fashion", "title": "Fashion", "text": "2,000 images", "command": "underglass demo"}]
    )


def test_without_a_case_the_page_can_only_start(tmp_path, recent):
    with browser(make_app(None, tmp_path, recent=recent)) as client:
        answer = client.get("/api/case")
        assert (answer.status_code, answer.json()["error"]) == (404, "no case is open: choose one on the start page")
        assert client.post("/api/query", json={"type": "arrow", "sql": "SELECT 1"}).status_code == 404
        assert client.get("/api/cases").json() == {"recent": [], "demos": recent._demos}
        assert client.get("/").status_code == 200


def test_a_case_that_was_opened_is_listed_and_can_be_opened_again(tmp_path, recent, case):
    recent.add(case.folder)
    case.tag([1], "x")

    with browser(make_app(None, tmp_path, recent=recent)) as client:
        (listed,) = client.get("/api/cases").json()["recent"]
        assert (listed["name"], listed["instances"], listed["classes"], listed["edits"]) == ("small", 40, 3, 0)

        assert client.post("/api/open", json={"path": listed["path"]}).json() == {"ok": True}

        assert client.get("/api/case").json()["name"] == "small"
        assert client.get("/api/cases").json()["recent"][0]["edits"] == 1


def test_switching_closes_the_case_opened_before_and_tells_the_pages(tmp_path, recent, case):
    opened = []

    def open_case(path: Path) -> Case:
        opened.append(Case.open(path))
        return opened[-1]

    other = make_case(tmp_path / "other.case", 12)
    for one in (case, other):
        recent.add(one.folder)
    other.close()
    with browser(make_app(case, tmp_path, recent=recent, open_case=open_case)) as client:
        client.post("/api/open", json={"path": str(tmp_path / "other.case")})
        assert client.get("/api/case").json()["instances"] == 12
        client.post("/api/open", json={"path": str(tmp_path / "small.case")})
        assert client.get("/api/case").json()["instances"] == 40

    assert case.count("true") == 40
    with pytest.raises(UnderglassError, match="the case is closed"):
        opened[0].serving.count()


def test_a_case_is_closed_only_when_its_last_answer_is_given(tmp_path):
    for name in ("first", "second"):
        make_case(tmp_path / f"{name}.case", 12).close()
    holder = Holder(None, Events())
    holder.switch(tmp_path / "first.case", Case.open)

    with holder.using() as first:
        with holder.using():
            holder.switch(tmp_path / "second.case", Case.open)
        assert first.count("true") == 12
    with pytest.raises(UnderglassError, match="the case is closed"):
        first.serving.count()

    holder.close()
    with pytest.raises(NotFound), holder.using():
        pass


def test_a_case_that_cannot_be_opened_leaves_the_one_before(tmp_path, recent, case):
    broken = make_case(tmp_path / "broken.case", 12)
    recent.add(broken.folder)
    broken.close()
    (tmp_path / "broken.case" / "instances.parquet").write_bytes(b"no parquet")

    with browser(make_app(case, tmp_path, recent=recent)) as client:
        answer = client.post("/api/open", json={"path": str(tmp_path / "broken.case")})

        assert answer.status_code == 400
        assert "damaged" in answer.json()["error"]
        assert client.get("/api/case").json()["name"] == "small"


@pytest.mark.parametrize("path", [None, 3, "", "\0", "/etc", "/", "..", "~", "//server/share", "a" * 5000])
def test_nothing_else_on_this_machine_can_be_opened(tmp_path, recent, case, path):
    with browser(make_app(case, tmp_path, recent=recent)) as client:
        answer = client.post("/api/open", json={"path": path})

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_case_never_opened_here_needs_the_command_line_first(tmp_path, recent, case):
    stranger = make_case(tmp_path / "stranger.case", 12)
    stranger.close()
    inside, path = tmp_path / "allowed", str(tmp_path / "stranger.case")
    inside.mkdir()
    (inside / "link.case").symlink_to(tmp_path / "stranger.case")

    with browser(make_app(case, tmp_path, recent=Recent(tmp_path / "state", roots=[inside]))) as client:
        for asked in (path, str(inside / "link.case"), str(inside / ".." / "stranger.case")):
            answer = client.post("/api/open", json={"path": asked})
            assert answer.json()["error"] == (
                "stranger.case was not opened on this machine before: open it once with `underglass open stranger.case`"
            )
    with browser(make_app(None, tmp_path, recent=Recent(tmp_path / "state", roots=[tmp_path]))) as client:
        assert client.post("/api/open", json={"path": path}).status_code == 200


def test_a_case_that_is_gone_is_not_listed(tmp_path, recent, case):
    recent.add(case.folder)
    (case.folder.path / "case.json").rename(tmp_path / "case.json")

    assert recent.info()["recent"] == []
    (tmp_path / "case.json").rename(case.folder.path / "case.json")
    assert len(recent.info()["recent"]) == 1


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1}', "[{}]", "null", '[{"path": 3}]'])
def test_a_list_that_cannot_be_read_is_empty(tmp_path, recent, case, text):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "recent.json").write_text(text)

    assert recent.info()["recent"] == []
    recent.add(case.folder)
    assert len(recent.info()["recent"]) == 1


def test_a_list_that_cannot_be_written_is_no_reason_to_fail(tmp_path, case):
    (tmp_path / "state").write_text("a file in the way")

    Recent(tmp_path / "state").add(case.folder)


def test_the_last_opened_comes_first_and_once(tmp_path, recent, case):
    other = make_case(tmp_path / "other.case", 12)
    for one in (case, other, case):
        recent.add(one.folder)
    other.close()

    assert [listed["name"] for listed in recent.info()["recent"]] == ["small", "other"]


def test_the_list_is_kept_where_the_system_keeps_such_things(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "underglass"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder() == tmp_path / ".local" / "state" / "underglass"


def test_a_port_keeps_its_token_so_that_open_pages_go_on_after_a_restart(tmp_path):
    token = kept_token(8123, tmp_path)

    assert kept_token(8123, tmp_path) == token
    assert kept_token(8124, tmp_path) != token
    assert len(token) >= 43
    assert (tmp_path / "token-8123").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "spoil", [lambda file: file.chmod(0o644), lambda file: file.write_text("short"), lambda file: file.write_bytes(b"\xff" * 50)]
)
def test_a_token_that_others_could_have_read_or_written_is_made_anew(tmp_path, spoil):
    token = kept_token(8123, tmp_path)
    spoil(tmp_path / "token-8123")

    again = kept_token(8123, tmp_path)

    assert again != token
    assert kept_token(8123, tmp_path) == again


def test_where_nothing_can_be_kept_every_start_has_its_own_token(tmp_path):
    (tmp_path / "state").write_text("a file in the way")

    assert kept_token(8123, tmp_path / "state") != kept_token(8123, tmp_path / "state")


def test_a_port_in_use_is_named(case):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(UnderglassError, match=f"port {port} is in use: give another --port, or none for any that is free"):
            serve(case, port=port, open_browser=False)
    with pytest.raises(UnderglassError, match="70000 is no port: they go from 1 to 65535"):
        serve(case, port=70000, open_browser=False)


def test_who_follows_the_address_at_once_is_not_refused(case):
    def follow(line: str) -> None:
        port = int(line.split("/?token", maxsplit=1)[0].rsplit(":", 1)[1])
        socket.create_connection(("127.0.0.1", port)).close()
        raise KeyboardInterrupt  # before the server takes anything

    with pytest.raises(KeyboardInterrupt):
        serve(case, open_browser=False, say=follow)


def test_the_server_prints_one_address_and_ends_cleanly_when_interrupted(case, tmp_path):
    case.close()
    code = (
        "import sys; from underglass.case import Case; from underglass.hosts.server import serve;"
        "serve(Case.open(sys.argv[1]), open_browser=False); print('ended')"
    )
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "xdg"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", code, str(tmp_path / "small.case")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as server:
        line = server.stdout.readline()
        address = line.removeprefix("underglass is at ").strip()
        with httpx.Client(follow_redirects=True, timeout=30) as client:
            client.get(address)
            assert client.get(address.split("?", maxsplit=1)[0] + "api/case").json()["name"] == "small"
            with client.stream("GET", address.split("?", maxsplit=1)[0] + "api/events") as events:
                next(events.iter_lines())
                server.send_signal(signal.SIGINT)
                out, errors = server.communicate(timeout=30)

    assert (server.returncode, out, errors) == (0, "ended\n", "")
    assert len(address.split("token=")[1]) >= 43
    (listed,) = json.loads((tmp_path / "xdg" / "underglass" / "recent.json").read_text())
    assert listed["name"] == "small"
