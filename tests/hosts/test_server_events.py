"""Do open pages hear of what happens, from this process and from others, and does leaving end a query?"""

from __future__ import annotations

import json
import threading
import time
from http.client import HTTPConnection

import httpx
import pytest

from hosts.serving_case import make_app, running
from underglass.case import Case

PATIENCE = 60
GONE = httpx.Timeout(PATIENCE, read=0.3)
"""Of a page that leaves before it is answered."""
ENDLESS = "SELECT count(*) FROM range(100000000) a, range(100000000) b"


@pytest.fixture
def page(case, tmp_path):
    """A browser at a real socket."""
    with running(make_app(case, tmp_path)) as client:
        yield client


class Stream:
    """The events of one page, as they come."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()

    def next(self, wanted: str) -> dict:
        """The next event of a type."""
        for line in self._lines:
            if line.startswith("data: "):
                event = json.loads(line[6:])
                if event["type"] == wanted:
                    return event
        raise AssertionError(f"the stream ended before {wanted}")


def test_a_page_is_greeted_with_where_things_stand(page, case):
    with page.stream("GET", "api/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        hello = Stream(answer).next("hello")

    assert hello["version"] == case.serving.version
    assert len(hello["session"]) == 16


def test_two_pages_hear_of_an_edit(page, case):
    with page.stream("GET", "api/events") as first, page.stream("GET", "api/events") as second:
        streams = Stream(first), Stream(second)
        for stream in streams:
            stream.next("hello")
        version = page.post("api/edits", json={"op": "tag", "rows": [1], "value": "x"}).json()["version"]

        assert [stream.next("version")["version"] for stream in streams] == [version, version]


def test_an_edit_of_another_process_is_heard(page, case):
    with page.stream("GET", "api/events") as answer, Case.open(case.folder.path) as other:
        stream = Stream(answer)
        stream.next("hello")

        other.tag([1, 2], "from elsewhere")

        heard = stream.next("version")["version"]
    assert heard == case.serving.version
    assert case.serving.count({"op": "contains", "column": "tags", "text": "from elsewhere"}) == 2


def test_a_page_hears_of_jobs(page, case):
    with page.stream("GET", "api/events") as answer:
        stream = Stream(answer)
        stream.next("hello")

        case.jobs.submit("patterns", "patterns of conv2", lambda progress: {"count": 3})

        states = [stream.next("job")["job"] for _ in range(3)]
    assert [job["state"] for job in states] == ["queued", "running", "done"]
    assert states[-1]["result"] == {"count": 3}


def test_a_page_that_comes_back_is_greeted_with_the_new_version(page, case):
    with page.stream("GET", "api/events") as answer:
        before = Stream(answer).next("hello")
    page.post("api/edits", json={"op": "tag", "rows": [1], "value": "x"})

    with page.stream("GET", "api/events") as answer:
        after = Stream(answer).next("hello")

    assert after["version"] == before["version"] + 1
    assert after["session"] == before["session"]


def test_a_quiet_stream_is_kept_alive(page, case, monkeypatch):
    monkeypatch.setattr("underglass.hosts.server.events.HEARTBEAT", 0.05)

    with page.stream("GET", "api/events") as answer:
        lines = answer.iter_lines()
        assert any(line == ": still here" for line in lines)


def test_a_query_ends_when_its_page_leaves(page, case):
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        page.post("api/query", json={"type": "arrow", "sql": ENDLESS}, timeout=GONE)

    watch = case.serving._database.watch
    while watch._running and time.monotonic() - began < PATIENCE:
        threading.Event().wait(0.02)

    assert not watch._running
    assert time.monotonic() - began < PATIENCE
    assert page.post("api/query", json={"type": "arrow", "sql": "SELECT 1"}).status_code == 200


def test_the_queries_of_a_batch_end_when_their_page_leaves(page, case):
    with pytest.raises(httpx.ReadTimeout):
        page.post("api/queries", json={"sql": ["SELECT 1", ENDLESS, ENDLESS]}, timeout=GONE)

    watch = case.serving._database.watch
    began = time.monotonic()
    while watch._running and time.monotonic() - began < PATIENCE:
        threading.Event().wait(0.02)

    assert not watch._running
    assert page.post("api/queries", json={"sql": ["SELECT 1"]}).status_code == 200


def test_long_queries_do_not_keep_short_ones_waiting(page, case):
    running = case.serving._database.watch._running
    asked = page.build_request("POST", "api/query", json={"type": "arrow", "sql": ENDLESS})
    pages = [HTTPConnection(asked.url.host, asked.url.port) for _ in range(4)]
    for one in pages:
        one.request("POST", asked.url.path, asked.read(), dict(asked.headers))
    end = time.monotonic() + PATIENCE
    while len(running) < len(pages):
        assert time.monotonic() < end
        time.sleep(0.02)

    assert page.get("api/jobs").status_code == 200
    assert page.post("api/query", json={"type": "arrow", "sql": "SELECT 1"}).status_code == 200
    assert len(running) == len(pages), "the long ones are at work all the while"
    for one in pages:
        one.close()


def test_a_server_that_ends_ends_its_streams(case, tmp_path):
    with running(make_app(case, tmp_path)) as page:
        context = page.stream("GET", "api/events")
        answer = context.__enter__()
        Stream(answer).next("hello")
        began = time.monotonic()

    assert time.monotonic() - began < PATIENCE
    answer.close()
