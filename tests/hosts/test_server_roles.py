"""May everybody do what their token says, and no more, whatever way they ask?"""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from hosts.serving_case import BASE, OURS, TOKEN, VIEWER, browser, make_app, running
from underglass.errors import RoleError, UnderglassError
from underglass.hosts.server import create_app, serve
from underglass.hosts.server.running import kept_token
from underglass.roles import Person, acting, may, require
from underglass.views import View

ANA, BEN = "ana's own token", "ben's own token"
ANNOTATORS = {ANA: "ana", BEN: "ben"}
TAG = {"op": "tag", "rows": [1], "value": "odd"}


def enter(page, token):
    """Come in as somebody else."""
    page.cookies.clear()
    assert page.get(f"/?token={token}", follow_redirects=False).status_code == 303


@pytest.fixture
def app(case, tmp_path):
    return make_app(case, tmp_path, annotators=ANNOTATORS)


def test_a_viewer_looks_but_does_not_change(app, case):
    with browser(app, token=VIEWER) as viewer:
        card = viewer.get("/api/case")
        assert card.headers["x-underglass-role"] == card.json()["role"] == "viewer"
        assert viewer.post("/api/query", json={"type": "arrow", "sql": "SELECT 1"}).status_code == 200
        assert viewer.post("/api/picks", json={"rows": [1]}).status_code == 200
        for path in ("api/edits", "api/undo", "api/redo"):
            answer = viewer.post(f"/{path}", json=TAG)
            assert answer.status_code == 403
            assert answer.json()["error"] == (
                "you may look at this case but not change it: it takes an annotator, and you are a viewer"
            )
        assert viewer.post("/api/model", json={"name": "net"}).status_code == 403
        for path, method in (("api/open", "POST"), ("api/cases", "GET"), ("api/audit/make", "POST")):
            assert viewer.request(method, f"/{path}", json={}).json() == {
                "error": "only the owner may open other cases; you are here as viewer"
            }
    assert case.folder.journal.sequence == 0


def test_what_a_views_own_call_changes_is_refused_as_well(app, case):
    """A call of a view is code of its own: it is refused where it changes something, not by its name."""
    card = case.views["odd"].card
    case.views = {
        "odd": View(
            name="odd",
            title="Odd",
            group="case",
            question="?",
            card=card,
            calls={
                "edits": lambda case: case.tag([1], "by the back door").sequence,
                "works": lambda case: case.jobs.submit("odd", "an odd job", lambda progress: 1).wait(60),
                "reads": lambda case: case.count("true"),
                "signs": lambda case: setattr(case, "author", "somebody else"),
            },
        )
    }
    status = {}
    with browser(app) as page:
        for who, token in (("viewer", VIEWER), ("annotator", ANA), ("owner", TOKEN)):
            enter(page, token)
            asked = ("reads", "edits", "works", "signs")
            status[who] = [page.post(f"/api/call/odd/{name}", json={}).status_code for name in asked]
    assert status == {"viewer": [200, 403, 403, 403], "annotator": [200, 200, 403, 403], "owner": [200, 200, 200, 200]}
    assert case.folder.journal.edits()[0].author == "ana"


def test_an_annotator_signs_with_the_name_of_the_token_whatever_the_page_says(app, case):
    with browser(app, token=ANA) as page:
        assert (page.get("/api/case").json()["signs_as"], page.get("/api/case").json()["author"]) == ("ana", "ana")
        assert page.post("/api/edits", json={**TAG, "author": "ben"}).status_code == 200
        assert page.get("/api/case?author=ben").json()["edits"]["undo"] == "Undo: tagged 1 instance 'odd'"
        enter(page, BEN)
        assert page.post("/api/undo", json={"author": "ana"}).json()["error"] == "there is nothing to undo"
        assert page.post("/api/edits", json={"op": "untag", "rows": [1], "value": "odd"}).status_code == 200
        enter(page, ANA)
        refused = page.post("/api/undo", json={})
    assert refused.status_code == 400
    assert "ben has since untagged 1 instance 'odd'" in refused.json()["error"]
    assert [edit.author for edit in case.folder.journal.edits()] == ["ana", "ben"]


def test_a_patch_applied_by_an_annotator_is_signed_by_them(app, case, tmp_path):
    with acting(Person("annotator", "ana")):
        case.tag([2], "mine")
    assert case.folder.journal.edits()[-1].author == "ana"
    case.tag([2], "the owner's")
    assert case.folder.journal.edits()[-1].author == case.author


def test_everybody_sees_who_is_here_and_nothing_of_what_they_look_at(case, tmp_path):
    app = make_app(case, tmp_path, annotators=ANNOTATORS)
    with running(app) as page, page.stream("GET", "api/events?author=mara") as first:
        lines = first.iter_lines()
        assert people(lines) == [{"name": "mara", "role": "owner"}]
        enter(page, ANA)
        with page.stream("GET", "api/events?author=somebody") as second:
            assert people(lines) == [{"name": "mara", "role": "owner"}, {"name": "ana", "role": "annotator"}]
            assert len(people(second.iter_lines())) == 2
        assert people(lines) == [{"name": "mara", "role": "owner"}]


def people(lines):
    """The next list of people in a stream of events."""
    for line in lines:
        if line.startswith("data: "):
            event = json.loads(line[6:])
            if event["type"] == "people":
                return event["people"]
    raise AssertionError("the stream ended")


def test_two_pages_of_one_person_are_one_person(case, tmp_path):
    app, events = make_app(case, tmp_path), ("GET", "api/events")
    with running(app) as page, page.stream(*events) as first, page.stream(*events) as second:
        assert people(first.iter_lines()) == people(second.iter_lines()) == [{"name": case.author, "role": "owner"}]


def test_tokens_are_everybodys_own(case, tmp_path):
    with pytest.raises(UnderglassError, match="two people have the same token"):
        create_app(case, token=TOKEN, annotators={TOKEN: "ana"})
    with pytest.raises(UnderglassError, match="ana is named twice"):
        serve(None, annotators=["ana", " ana"], open_browser=False)
    with pytest.raises(UnderglassError, match="an annotator needs a name"):
        serve(None, annotators=["  "], open_browser=False)
    assert len({kept_token(7, tmp_path), kept_token(7, tmp_path, of="ana"), kept_token(7, tmp_path, of="b/../n")}) == 3
    assert kept_token(7, tmp_path, of="ana") == kept_token(7, tmp_path, of="ana")


def test_without_a_viewers_token_there_are_no_viewers(case):
    with TestClient(create_app(case, token=TOKEN), base_url=BASE, headers=OURS) as client:
        assert client.get("/?token=None").status_code == 403
        assert client.get("/?token=").status_code == 403


def test_pythons_own_callers_are_owners(case):
    assert may("owner")
    case.tag([1], "x")
    with acting(Person("viewer")), pytest.raises(RoleError, match="it takes an annotator, and you are a viewer"):
        case.tag([1], "y")
    with acting(Person("annotator")), pytest.raises(RoleError, match="it takes the owner, and you are an annotator"):
        require("owner", "start it")
    assert may("owner")
