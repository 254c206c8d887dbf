"""Does a table come from a page into a case, and is what cannot be used refused in words?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scored_tables import people
from underglass.case import Case
from underglass.errors import DataError
from underglass.hosts.server.auditing import Auditing

CHOICE = {"label": "y", "score": ["p"], "threshold": 0.5, "by": ["region", "sex"], "min_size": 30}


@pytest.fixture
def sent(tmp_path: Path) -> Auditing:
    """A table that came in two pieces."""
    sink = pa.BufferOutputStream()
    pa.csv.write_csv(pa.table(people(600)), sink)
    data = sink.getvalue().to_pybytes()
    auditing = Auditing(tmp_path / "home")
    auditing.receive("my scores.csv", 0, data[:1000])
    assert auditing.receive("my scores.csv", 1000, data[1000:]) == {"received": len(data)}
    return auditing


def test_columns_are_told_and_label_and_score_guessed(sent):
    found = sent.look()

    assert (found["rows"], found["separator"], found["label"], found["score"]) == (600, ",", "y", "p")
    columns = {column["name"]: column for column in found["columns"]}
    assert columns["p"]["share"]
    assert columns["sex"]["values"] == sorted(columns["sex"]["values"], key=lambda pair: -pair[1])
    assert sum(count for _, count in columns["sex"]["values"]) == 600


def test_the_preview_counts_and_warns_of_small_groups(sent):
    table = people(600)

    found = sent.preview({**CHOICE, "min_size": 100})

    assert found["wrong"] is None
    assert found["positives"] == int(np.sum(table["y"]))
    assert found["flagged"] == int((table["p"] >= 0.5).sum())
    assert (found["groups"], found["small"]) == (8, 8)
    assert "8 of 8 groups hold fewer than 100 rows" in found["warnings"][0]
    assert sent.preview({**CHOICE, "by": ["regoin"]})["wrong"] is not None
    assert "column 'y' is the label" in sent.preview({**CHOICE, "score": ["y"]})["wrong"]


def test_what_is_wrong_is_said_without_the_words_of_the_command_line(sent, tmp_path):
    table = people(600)
    words = Auditing(tmp_path / "words")
    text = "y;p\n" + "".join(f"{'good' if y else 'bad'};{p}\n" for y, p in zip(table["y"], table["p"], strict=True))
    words.receive("words.csv", 0, text.encode())

    assert words.preview({**CHOICE, "by": []})["wrong"] == "say which label counts as positive: 'bad' or 'good'."
    assert "the threshold is not a number" in sent.preview({**CHOICE, "threshold": None})["wrong"]
    with pytest.raises(DataError, match=r"It looks like comma\.$"):
        sent.look(separator=";")
    words.close()


def test_the_case_is_made_beside_others_and_the_table_forgotten(sent, tmp_path):
    place = sent.make(CHOICE)

    assert place == tmp_path / "home" / "my scores.case"
    with Case.open(place) as case:
        assert case.folder.manifest.instances == 600
        assert case.info()["description"] == "my scores.csv, a table of scores"
    with pytest.raises(DataError, match="no table was sent yet"):
        sent.look()


def test_a_missing_piece_is_noticed(tmp_path):
    auditing = Auditing(tmp_path)
    auditing.receive("../../evil.csv", 0, b"a,b\n")

    with pytest.raises(DataError, match="a piece of the file is missing"):
        auditing.receive("../../evil.csv", 99, b"1,2\n")
    auditing.close()
    assert list(tmp_path.iterdir()) == []


def test_only_the_owner_may_send_a_table(kept):
    assert kept.post("/api/audit/look", json={}).status_code == 400
    from underglass.hosts.server.security import OWNERS_ONLY

    assert "/api/audit/look".startswith(OWNERS_ONLY)
