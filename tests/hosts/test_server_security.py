"""Is everybody turned away who has no business here? The platform's tick list, P35 to P38."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from hosts.serving_case import BASE, TOKEN, N, browser, make_app
from underglass.errors import UnderglassError
from underglass.hosts.server import serve
from underglass.hosts.server.security import LONGEST_BODY, allowed_hosts

POSTS = [
    "api/query",
    "api/call/odd/adds",
    "api/edits",
    "api/undo",
    "api/redo",
    "api/picks",
    "api/open",
    "api/jobs/1/cancel",
    "api/model",
]
GETS = ["", "start", "api/case", "api/instance/1", "api/media/1", "api/sheet?rows=1", "api/jobs", "api/cases", "chunks/a-1b2c.js"]


@pytest.fixture
def stranger(kept_case, tmp_path):
    """A browser without the token."""
    with browser(make_app(kept_case, tmp_path), token=None) as client:
        yield client


@pytest.mark.parametrize("path", GETS)
def test_without_the_token_nothing_is_given(stranger, path):
    assert stranger.get(f"/{path}").status_code == 403


@pytest.mark.parametrize("path", POSTS)
def test_without_the_token_nothing_is_done(stranger, path):
    assert stranger.post(f"/{path}", json={}).status_code == 403


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1], TOKEN.upper(), "ü", "\x00"])
def test_a_wrong_token_is_not_exchanged(stranger, token):
    answer = stranger.get("/", params={"token": token}, follow_redirects=False)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert TOKEN not in answer.text


def test_a_wrong_cookie_opens_nothing(stranger):
    for value in ("wrong", "", TOKEN + "x"):
        assert stranger.get("/api/case", headers={"Cookie": f"underglass-0={value}"}).status_code == 403
    assert stranger.get("/api/case", headers={"Cookie": f"other={TOKEN}"}).status_code == 403
    assert stranger.get("/api/case", headers={"Cookie": "\x00;;=;"}).status_code == 403


def test_the_token_becomes_a_cookie_no_script_reads_and_leaves_the_address(stranger):
    answer = stranger.get(f"/?token={TOKEN}", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "./")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert stranger.get("/api/case").status_code == 200


def test_a_token_in_any_other_address_is_ignored(stranger):
    assert stranger.get(f"/api/case?token={TOKEN}").status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "192.168.1.7:8000", "localhost.evil", ""]
)
def test_a_host_name_that_is_not_ours_is_refused(kept, host):
    assert kept.get("/api/case", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_our_host_names_are_ours(kept, host):
    assert kept.get("/api/case", headers={"Host": host, "Cookie": f"underglass-0={TOKEN}"}).status_code == 200


def test_with_a_port_only_that_port_is_ours(case, tmp_path):
    with TestClient(make_app(case, tmp_path, port=8123), base_url="http://127.0.0.1:8123") as client:
        client.get(f"/?token={TOKEN}")
        assert client.get("/api/case").status_code == 200
        assert client.get("/api/case", headers={"Host": "127.0.0.1:8124"}).status_code == 400
        assert client.get("/api/case", headers={"Host": "127.0.0.1"}).status_code == 400
    assert allowed_hosts(8123, ["Hub.Example"]) == {"127.0.0.1:8123", "localhost:8123", "[::1]:8123", "hub.example"}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://127.0.0.1.evil.example", "null", "", "file://", "http://127.0.0.1.:8000"]
)
def test_a_post_from_another_origin_is_refused(kept, path, origin):
    answer = kept.post(f"/{path}", json={}, headers={"Origin": origin})

    assert (answer.status_code, answer.json()["error"]) == (403, "the request comes from another origin")


@pytest.mark.parametrize("path", POSTS)
def test_a_post_without_an_origin_or_our_header_is_refused(kept_case, tmp_path, path):
    with TestClient(make_app(kept_case, tmp_path), base_url=BASE) as client:
        client.get(f"/?token={TOKEN}")
        assert client.post(f"/{path}", json={}, headers={"X-Underglass": "1"}).status_code == 403
        answer = client.post(f"/{path}", json={}, headers={"Origin": BASE})
        assert (answer.status_code, answer.json()["error"]) == (403, "the request lacks the header X-Underglass: 1")


def test_other_methods_change_nothing(kept, kept_case):
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert kept.request(method, "/api/edits", json={"op": "tag", "rows": [1], "value": "x"}).status_code in (404, 405)
        assert kept.request(method, "/api/edits", headers={"Origin": "http://evil.example"}).status_code == 403
    assert kept.get("/api/edits").status_code == 404
    assert kept_case.folder.journal.sequence == 0


@pytest.mark.parametrize("path", [*GETS, "api/nowhere"])
def test_every_answer_carries_the_headers_and_none_of_cors(kept, path):
    headers = kept.get(f"/{path}", headers={"Origin": "http://evil.example"}).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert (
        "default-src 'self'" in headers["content-security-policy"] or "default-src 'none'" in headers["content-security-policy"]
    )
    assert "unsafe-inline" not in headers["content-security-policy"].split("style-src")[0]
    assert not [name for name in headers if name.startswith("access-control-")]


def test_a_refusal_carries_the_headers_too(stranger):
    headers = stranger.get("/").headers

    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt",
        "%2e%2e/outside.txt",
        "..%2foutside.txt",
        "chunks/../../outside.txt",
        "/etc/passwd",
        "//etc/passwd",
        "C:/Windows/win.ini",
        "%5c%5cserver%5cshare",
        "chunks%00.js",
        "chunks/a-1b2c.js%00.png",
        "chunks",
        "chunks/",
        "api/media/%2e%2e",
        "api/media/..%2f..%2fetc%2fpasswd",
        "api/media/1%00",
        "api/media/%5c%5cserver%5cshare",
    ],
)
def test_no_path_leads_out(kept, path):
    answer = kept.get(f"/{path}")

    assert answer.status_code in (400, 404)
    assert "secret" not in answer.text
    assert "root:" not in answer.text


def test_a_link_in_the_pages_is_part_of_the_build_or_not_served(kept, tmp_path):
    """What lies in the package is ours; what a page names is looked up in the list of its files, never on the disk."""
    assert kept.get("/../outside.txt").status_code == 404
    assert kept.get("/outside.txt").status_code == 404


def test_a_linked_picture_outside_the_datas_folder_is_not_shown(case, client, tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "outside.png")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link.png").symlink_to(tmp_path / "outside.png")
    case.folder.media.root = tmp_path / "data"
    with case.folder.media.writing() as writer:
        for row, link in enumerate(("link.png", "no.png")):
            writer.link(row, link)

    for row in range(2):
        answer = client.get(f"/api/media/{row}")
        assert answer.status_code == 404, row
        assert answer.json()["error"]


def test_a_picture_with_a_script_in_it_is_never_sent(case, client):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
    case.folder.media.put(1, svg, "image/svg+xml")
    case.folder.media.put(2, b"<script>alert(1)</script>", "text/html")

    assert client.get("/api/media/1").status_code == 404
    page = client.get("/api/media/2")
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    sheet = client.get("/api/sheet?rows=1,2,3")
    assert Image.open(io.BytesIO(sheet.content)).format == "PNG"


def test_hostile_names_travel_as_plain_json(kept):
    answer = kept.get("/api/case")

    assert answer.headers["content-type"] == "application/json"
    assert "<img onerror=alert(1)>" in answer.json()["classes"]


def test_no_message_of_a_client_changes_a_table_or_reads_a_file(kept, kept_case):
    for sql in (
        "DELETE FROM instances",
        "WITH a AS (DELETE FROM instances RETURNING 1) SELECT * FROM a",
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY instances TO '/tmp/underglass-should-not-be'",
        "ATTACH ':memory:' AS other",
        "SET memory_limit = '1TB'",
        "INSTALL httpfs",
    ):
        for kind in ("arrow", "exec"):
            answer = kept.post("/api/query", json={"type": kind, "sql": sql})
            assert answer.status_code == 400
            assert "root:" not in answer.text
    assert kept_case.serving.count() == N


@pytest.mark.parametrize("origin", [None, "http://evil.example", BASE])
def test_there_is_no_websocket(kept, origin):
    headers = {} if origin is None else {"Origin": origin}

    with pytest.raises(WebSocketDisconnect), kept.websocket_connect("/api/events", headers=headers):
        pass


def test_nothing_of_a_case_stays_in_the_browsers_cache(kept):
    """Another case on the same port has other pictures under the same address."""
    for path in ("api/case", "api/media/1", "api/sheet?rows=1", "api/instance/1"):
        assert kept.get(f"/{path}").headers["cache-control"] == "no-store"


def test_a_request_that_is_too_large_is_refused(kept):
    claimed = kept.post("/api/query", content=b"{}", headers={"Content-Length": str(LONGEST_BODY + 1)})
    assert claimed.status_code == 413

    def endless():
        for _ in range(LONGEST_BODY // 2**20 + 2):
            yield b" " * 2**20

    assert kept.post("/api/query", content=endless()).status_code == 413
    assert kept.get("/api/case").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.com"])
def test_an_address_others_can_reach_needs_leave_and_a_token(host):
    with pytest.raises(
        UnderglassError, match="can be reached from other machines: say so with --allow-remote, and give a --token"
    ):
        serve(None, host=host, open_browser=False)
    with pytest.raises(UnderglassError, match=f"a server at {host} needs a --token of yours"):
        serve(None, host=host, allow_remote=True, open_browser=False)
