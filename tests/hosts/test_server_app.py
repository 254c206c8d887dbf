"""Does each address do what it says, and say what went wrong?"""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from hosts.serving_case import CLASSES, N, browser, images, make_app

SQL = "SELECT label, count(*) AS n FROM instances GROUP BY label"


def _ask(client, sql):
    answer = client.post("api/query", json={"type": "arrow", "sql": sql})
    assert answer.status_code == 200, answer.text
    return pa.ipc.open_stream(io.BytesIO(answer.content)).read_all(), int(answer.headers["X-Data-Version"])


def test_the_case_is_described(kept, kept_case):
    info = kept.get("api/case").json()

    assert (info["name"], info["instances"], info["classes"]) == ("small", N, list(CLASSES))
    assert info["version"] == kept_case.serving.version


def test_a_query_is_answered_with_its_version(kept, kept_case):
    table, version = _ask(kept, SQL)

    assert sum(table["n"].to_pylist()) == N
    assert version == kept_case.serving.version


def test_a_preaggregate_is_made_and_asked(kept, kept_case):
    version = kept_case.serving.version
    sql = f'CREATE SCHEMA IF NOT EXISTS "pre_{version}";\nCREATE TABLE IF NOT EXISTS "pre_{version}"."preagg_1" AS {SQL}'

    made = kept.post("api/query", json={"type": "exec", "sql": sql})

    assert (made.status_code, made.headers["X-Data-Version"]) == (200, str(version))
    assert _ask(kept, f'SELECT * FROM "pre_{version}"."preagg_1"')[0]["n"].to_pylist()
    stale = kept.post("api/query", json={"type": "exec", "sql": sql.replace(f"pre_{version}", f"pre_{version + 7}")})
    assert (stale.status_code, stale.json()) == (
        200,
        {"stale": f"the data are at version {version}, not {version + 7}: ask for the case anew"},
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"not json", "the request is no JSON"),
        (b"[1]", "the request must be a JSON object"),
        (b"{}", 'a query is {"type": "arrow" or "exec", "sql": a text}'),
        (b'{"type": "arrow", "sql": 3}', 'a query is {"type"'),
        (b'{"type": "json", "sql": "SELECT 1"}', 'a query is {"type"'),
        (b'{"type": "arrow", "sql": "DELETE FROM instances"}', "only a SELECT can be asked"),
        (b'{"type": "exec", "sql": "DROP TABLE instances"}', "only pre-aggregates can be made"),
        (b'{"type": "arrow", "sql": "SELECT labl FROM instances"}', 'the query failed: Binder Error: Referenced column "labl"'),
        (b"[" * 100_000, "the request is no JSON"),
    ],
)
def test_a_wrong_query_is_refused_with_a_message(kept, body, error):
    answer = kept.post("api/query", content=body)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)


def test_an_edit_is_made_undone_and_redone(client, case):
    where = {"op": "compare", "column": "label", "is": "=", "value": "Shirt"}
    count, version = case.count(where), case.serving.version

    made = client.post("api/edits", json={"op": "tag", "where": where, "value": "odd"}).json()
    assert (made["count"], made["version"]) == (count, version + 1)
    assert case.count("tags contains 'odd'") == count

    assert client.post("api/undo", json={}).json()["count"] == count
    assert case.count("tags contains 'odd'") == 0
    client.post("api/redo", json={})
    assert _ask(client, "SELECT count(*) AS n FROM instances WHERE list_contains(tags, 'odd')")[0]["n"].to_pylist() == [count]


def test_a_relabel_answers_with_the_new_numbers(client):
    client.post("api/edits", json={"op": "label", "rows": list(range(N)), "value": "Coat"})

    table, _ = _ask(client, SQL)
    assert table.to_pylist() == [{"label": "Coat", "n": N}]


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        ({"op": "label", "rows": [1], "value": "Coart"}, "no label named 'Coart'; did you mean 'Coat'?"),
        ({"op": "tag", "rows": [999], "value": "x"}, "there is no instance 999: rows are 0 to 39"),
        ({"op": "tga", "rows": [1], "value": "x"}, "no edit named 'tga'; did you mean 'tag'?"),
        ({"rows": [1]}, "an edit needs an op"),
        (
            {"op": "tag", "where": {"op": "truth", "column": "lable"}, "value": "x"},
            "no column named 'lable'; did you mean 'label'?",
        ),
    ],
)
def test_a_wrong_edit_is_refused_and_nothing_changes(kept, kept_case, edit, error):
    version = kept_case.serving.version

    answer = kept.post("api/edits", json=edit)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)
    assert (kept_case.serving.version, kept_case.folder.journal.sequence) == (version, 0)


def test_a_filter_error_says_where(kept):
    where = {"op": "and", "terms": [{"op": "truth", "column": "excluded"}, {"op": "truth", "column": "lable"}]}

    answer = kept.post("api/edits", json={"op": "tag", "where": where, "value": "x"}).json()

    assert answer["position"] == len("excluded and ")


def test_nothing_to_undo_is_said(kept):
    answer = kept.post("api/undo", json={})

    assert (answer.status_code, answer.json()["error"]) == (400, "there is nothing to undo")


def test_rows_become_a_pick(kept, kept_case):
    made = kept.post("api/picks", json={"rows": [3, 1, 3]}).json()

    assert made["count"] == 2
    assert kept_case.serving.rows({"op": "pick", "name": made["name"]}).tolist() == [1, 3]


def test_a_lasso_becomes_a_pick(client, case):
    case.serving.add_columns({"x.conv1": np.linspace(0, 1, N), "y.conv1": np.full(N, 0.5)})

    made = client.post("api/picks", json={"layer": "conv1", "polygon": [[-1, 0], [0.5, 0], [0.5, 1], [-1, 1]]}).json()

    assert made["count"] == N // 2
    table, _ = _ask(client, f'SELECT count(*) AS n FROM instances WHERE "row" IN (SELECT "row" FROM {made["name"]})')
    assert table["n"].to_pylist() == [N // 2]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "a pick needs rows, or a polygon and a layer"),
        ({"rows": ["1"]}, "a pick needs rows"),
        ({"rows": [True]}, "a pick needs rows"),
        ({"rows": [-1]}, "there is no instance -1"),
        ({"rows": [10**30]}, "rows are whole numbers from 0 to 39"),
        ({"polygon": [[0, 0]], "layer": "conv1"}, "no projected layer named 'conv1'; there are none."),
    ],
)
def test_a_wrong_pick_is_refused(kept, body, error):
    answer = kept.post("api/picks", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)


def test_a_view_is_asked(kept):
    assert kept.post("api/call/odd/adds", json={"a": 2}).json() == {"sum": 3, "instances": N}
    answer = kept.post("api/call/odd/bytes", json={})
    assert answer.headers["content-type"] == "application/octet-stream"
    assert np.frombuffer(answer.content, np.float32).tolist() == [0, 1, 2]
    assert kept.post("api/call/odd/job", json={}).json()["state"] == "done"


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("odd/add", {}, 404, "no call of odd named 'add'; did you mean 'adds'?"),
        ("od/adds", {}, 404, "no view named 'od'; did you mean 'odd'?"),
        ("odd/adds", {}, 400, "wrong arguments: missing a required argument: 'a'"),
        ("odd/adds", {"a": 1, "c": 2}, 400, "wrong arguments: got an unexpected keyword argument 'c'"),
        ("odd/adds", {"case": 1, "a": 2}, 400, "wrong arguments: multiple values for argument 'case'"),
        ("odd/fails", {}, 400, "no layer named 'conv_1'; did you mean 'conv1'?"),
    ],
)
def test_a_wrong_call_is_refused(kept, path, body, status, error):
    answer = kept.post(f"api/call/{path}", json=body)

    assert answer.status_code == status
    assert answer.json()["error"].startswith(error)


def test_an_error_nobody_foresaw_is_told_in_short(case, tmp_path, capsys):
    from starlette.testclient import TestClient

    with TestClient(make_app(case, tmp_path), base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        client.get("/?token=the-token")
        ours = {"X-Underglass": "1", "Origin": "http://127.0.0.1:8000"}
        crashed = client.post("api/call/odd/crashes", json={}, headers=ours)
        no_json = client.post("api/call/odd/nan", json={}, headers=ours)

    assert crashed.status_code == no_json.status_code == 500
    assert crashed.json()["error"] == "the server met an error it did not expect; the terminal says more"
    assert crashed.json()["details"].startswith("ZeroDivisionError")
    assert "Traceback" not in crashed.text
    assert "Traceback" in capsys.readouterr().err


def test_an_instance_is_described(kept):
    detail = kept.get("api/instance/3").json()

    assert (detail["row"], detail["label"] in CLASSES) == (3, True)
    assert kept.get("api/instance/999").status_code == 400


def test_a_picture_is_sent_as_it_was_put(kept):
    answer = kept.get("api/media/3")

    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), images()[3])
    assert kept.get(f"api/media/{N}").status_code == 404


def test_a_sheet_holds_the_pictures_side_by_side(kept):
    rows = [*range(N), 5]

    answer = kept.get(f"api/sheet?rows={','.join(map(str, rows))}&size=56")

    sheet = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert sheet.shape == (2 * 56, 32 * 56)
    for place, row in enumerate(rows):
        top, left = place // 32 * 56, place % 32 * 56
        np.testing.assert_array_equal(sheet[top : top + 56 : 2, left : left + 56 : 2], images()[row])
    assert (sheet[56:, (len(rows) - 32) * 56 :] == 0).all()


@pytest.mark.parametrize(
    "query",
    ["", "rows=", "rows=1,x", "rows=1&size=x", "rows=1&size=7", "rows=1&size=513", "rows=999", f"rows={','.join(['1'] * 1025)}"],
)
def test_a_wrong_sheet_is_refused(kept, query):
    answer = kept.get(f"api/sheet?{query}")

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_jobs_are_listed_and_cancelled(client, case):
    job = case.jobs.submit("a", "a job", lambda progress: 3).wait(60)

    assert [found["title"] for found in client.get("api/jobs").json()] == ["a job"]
    assert client.post(f"api/jobs/{job.id}/cancel", json={}).json()["state"] == "done"
    assert client.post("api/jobs/99/cancel", json={}).json()["error"].startswith("no job named '99'")


def test_a_model_that_is_not_there_is_named(kept):
    answer = kept.post("api/model", json={"name": "cnn"})

    assert (answer.status_code, "model" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("path", ["api/nowhere", "api/", "api/query/more", "nowhere.js", "api/media/x", "api/media/-1"])
def test_an_address_that_is_none_is_not_found(kept, path):
    answer = kept.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"] == "there is no such address" or "page" in answer.json()["error"]


def test_the_page_and_its_parts_are_served(kept):
    page, chunk = kept.get("/"), kept.get("chunks/a-1b2c.js")

    assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
    assert "<title>built</title>" in page.text
    assert kept.get("start").text == page.text
    assert chunk.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in chunk.headers["cache-control"]


def test_a_checkout_without_pages_says_how_to_build_them(case, tmp_path):
    (tmp_path / "static").mkdir()

    with browser(make_app(case, tmp_path)) as client:
        answer = client.get("/")
        assert (answer.status_code, "make web" in answer.text) == (503, True)
        assert client.get("api/case").status_code == 200
        (tmp_path / "static" / "index.html").write_text("built now")
        assert client.get("/").text == "built now"
