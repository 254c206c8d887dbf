"""Are the queries of one brush answered each for itself, and let go when the browser has left?"""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import pyarrow as pa
import pytest

from hosts.serving_case import N

SQL = "SELECT label, count(*) AS n FROM instances GROUP BY label"


def parts(content: bytes) -> dict[int, tuple[int, int, Any]]:
    """Status, version, and table or error, by the number of the query."""
    found = {}
    while content:
        number, status, version, length = struct.unpack("<IIQQ", content[:24])
        body, content = content[24 : 24 + length], content[24 + length :]
        found[number] = (status, version, pa.ipc.open_stream(io.BytesIO(body)).read_all() if status == 200 else json.loads(body))
    return found


def test_each_query_is_answered_and_a_wrong_one_spoils_no_other(kept, kept_case):
    asked = [SQL, "DELETE FROM instances", "SELECT count(*) AS n FROM instances"]

    answer = kept.post("api/queries", json={"sql": asked})

    found = parts(answer.content)
    assert answer.status_code == 200
    assert {number: status for number, (status, _, _) in found.items()} == {0: 200, 1: 400, 2: 200}
    assert sum(found[0][2]["n"].to_pylist()) == found[2][2]["n"].to_pylist()[0] == N
    assert found[0][1] == kept_case.serving.version
    assert "only a SELECT can be asked" in found[1][2]["error"]


@pytest.mark.parametrize("sql", [None, [], "SELECT 1", [1], ["SELECT 1"] * 65])
def test_what_is_no_list_of_queries_is_refused(kept, sql):
    answer = kept.post("api/queries", json={"sql": sql})

    assert (answer.status_code, answer.json()["error"]) == (400, 'queries are {"sql": a list of 1 to 64 texts}')
