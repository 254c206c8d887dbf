"""Does every host answer alike? Requests as objects, without any server."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from hosts.serving_case import CLASSES, N
from underglass.case import Case
from underglass.errors import DataError, EditError, StaleError, UnderglassError
from underglass.hosts.answering import ASKS, NotFound, answer, refusal
from underglass.serving import QueryError, Stop


def test_a_query_is_answered_with_arrow_and_the_version_it_was_read_at(kept_case: Case) -> None:
    reply = answer(kept_case, {"ask": "query", "type": "arrow", "sql": "SELECT count(*) AS n FROM instances"})

    assert pa.ipc.open_stream(reply.buffers[0]).read_all().to_pylist() == [{"n": N}]
    assert (reply.json, reply.version) == (None, kept_case.serving.version)


@pytest.mark.parametrize(
    "sql", ["DELETE FROM instances", "SELECT * FROM read_csv('/etc/passwd')", "ATTACH 'x.db'", "SELECT 1; SELECT 2"]
)
def test_nothing_but_a_select_over_the_served_tables_passes(kept_case: Case, sql: str) -> None:
    with pytest.raises(QueryError):
        answer(kept_case, {"ask": "query", "type": "arrow", "sql": sql})


def test_a_query_ends_when_nobody_waits_for_it(kept_case: Case) -> None:
    stop = Stop()
    stop.set()

    with pytest.raises(UnderglassError):
        answer(
            kept_case,
            {
                "ask": "query",
                "type": "arrow",
                "sql": "SELECT sum(a.row*b.row*c.row*d.row) FROM instances a, instances b, instances c, instances d",
            },
            stop=stop,
        )


def test_a_call_gives_json_bytes_or_a_job(kept_case: Case) -> None:
    assert answer(kept_case, {"ask": "call", "view": "odd", "name": "adds", "arguments": {"a": 2}}).json["sum"] == 3
    found = answer(kept_case, {"ask": "call", "view": "odd", "name": "bytes"})
    assert np.frombuffer(found.buffers[0], np.float32).tolist() == [0, 1, 2]
    assert answer(kept_case, {"ask": "call", "view": "odd", "name": "job"}).json["state"] == "done"


def test_an_edit_is_made_and_taken_back(case: Case) -> None:
    made = answer(case, {"ask": "edit", "op": "label", "rows": [0, 1], "value": CLASSES[0], "author": " mara "})
    assert made.json["count"] == 2
    assert case.history()[-1].author == "mara"

    answer(case, {"ask": "undo", "author": "mara"})

    assert case.labels().tolist() == case.folder.instances["label"].to_pylist()


def test_pictures_travel_as_bytes_with_their_type(kept_case: Case) -> None:
    sheet = answer(kept_case, {"ask": "sheet", "rows": [0, 1], "size": 16})
    image = answer(kept_case, {"ask": "image", "row": 0})

    assert (sheet.type, image.type) == ("image/png", "image/png")
    assert sheet.buffers[0].startswith(b"\x89PNG")
    assert image.buffers[0].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("request_", "kind", "said"),
    [
        ({}, NotFound, "no request named 'None'"),
        ({"ask": "querry"}, NotFound, "did you mean 'query'?"),
        ({"ask": ["query"]}, NotFound, "no request named"),
        ({"ask": "query", "type": "json", "sql": "SELECT 1"}, QueryError, "a query is"),
        ({"ask": "query", "type": "arrow", "sql": 7}, QueryError, "a query is"),
        ({"ask": "call", "view": "od", "name": "adds"}, NotFound, "did you mean 'odd'?"),
        ({"ask": "call", "view": "odd", "name": "ads"}, NotFound, "did you mean 'adds'?"),
        ({"ask": "call", "view": "odd", "name": "adds", "arguments": {"c": 1}}, UnderglassError, "wrong arguments"),
        ({"ask": "call", "view": "odd", "name": "adds", "arguments": [1]}, UnderglassError, "a JSON object"),
        ({"ask": "edit"}, EditError, "an edit needs an op"),
        ({"ask": "edit", "op": "tag", "rows": [0], "value": "a", "author": 7}, EditError, "an author is a name"),
        ({"ask": "model", "name": None}, DataError, "a model is named by a text"),
        ({"ask": "pick", "rows": [True]}, DataError, "a pick needs rows"),
        ({"ask": "pick", "rows": "0"}, DataError, "a pick needs rows"),
        ({"ask": "instance", "row": "0"}, DataError, "named by its row"),
        ({"ask": "image", "row": -1}, NotFound, ""),
        ({"ask": "image", "row": 10**9}, NotFound, ""),
        ({"ask": "sheet", "rows": ["../x"], "size": 8}, DataError, "a sheet is asked for"),
        ({"ask": "sheet", "rows": [0], "size": "8"}, DataError, "a sheet is asked for"),
        ({"ask": "cancel", "job": "99"}, UnderglassError, "no job named '99'"),
    ],
)
def test_a_wrong_request_says_what_was_wrong(kept_case: Case, request_: dict, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind) as caught:
        answer(kept_case, request_)

    assert said in str(caught.value)


def test_errors_become_a_number_and_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(NotFound("gone")) == (404, {"error": "gone"})
    assert refusal(StaleError("old"))[0] == 409
    assert refusal(EditError("no")) == (400, {"error": "no"})
    try:
        raise ZeroDivisionError("in /home/mara/secret\nand more")
    except ZeroDivisionError as error:
        status, body = refusal(error)

    assert status == 500
    assert body["details"].startswith("ZeroDivisionError: in /home/mara/secret (test_answering.py, line ")
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_every_request_of_the_browsers_host_is_known() -> None:
    assert set(ASKS) >= {"case", "query", "call", "edit", "undo", "redo", "model", "pick", "instance", "image", "sheet", "jobs"}
