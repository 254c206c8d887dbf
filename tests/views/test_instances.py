"""Excerpts of texts and rows, and the card of the view."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import underglass as ug
from underglass.case import Case
from underglass.errors import DataError
from underglass.views.instances import LONGEST, MOST_ROWS, VIEW, excerpts, search

HOSTILE = "<img src=x onerror=alert(1)> </script> ../../etc  👗 שמלה"


@pytest.fixture
def texts(tmp_path):
    long = "word " * 300
    table = pa.table(
        {"name": ["a", "b", "c", "d"], "text": [HOSTILE, long, "x" * 1_000, "two\n\nlines"], "label": ["p", "n", "p", "n"]}
    )
    with Case.create(tmp_path / "texts.case", ug.datasets.table(table, text="text", label="label", id="name")) as case:
        yield case


@pytest.fixture
def people(tmp_path):
    table = pa.table({"age": [34, None], "income": [21_000.5, -3.0], "member": [True, False], "label": ["y", "n"]})
    with Case.create(
        tmp_path / "people.case", ug.datasets.table(table, features=["age", "income", "member"], label="label")
    ) as case:
        yield case


def test_an_excerpt_is_the_start_of_the_text_in_one_line(texts):
    found = excerpts(texts, [3, 0])

    assert found == {"3": "two lines", "0": " ".join(HOSTILE.split())}


def test_a_long_text_is_cut_at_a_word_and_a_long_word_anywhere(texts):
    found = excerpts(texts, [1, 2])

    assert found["1"].endswith("word…")
    assert len(found["1"]) <= LONGEST
    assert found["2"] == "x" * (LONGEST - 1) + "…"


def test_an_instance_without_a_text_shows_its_own_columns(people):
    found = excerpts(people, [0, 1])

    assert found == {"0": "age 34 · income 21,000 · member yes", "1": "age n/a · income −3 · member no"}


def test_excerpts_of_no_rows_are_none(people):
    assert excerpts(people, []) == {}


@pytest.mark.parametrize("row", [-1, 2, True, 1.0, "0"])
def test_a_row_that_is_none_is_refused(people, row):
    with pytest.raises(DataError, match=r"there is no instance .*: rows are 0 to 1"):
        excerpts(people, [row])


def test_too_many_rows_at_once_are_refused(people):
    with pytest.raises(DataError, match="5,001 excerpts at once are too many: ask for at most 5,000"):
        excerpts(people, list(np.zeros(MOST_ROWS + 1, int).tolist()))


@pytest.mark.parametrize(("words", "rows"), [("WORD", [1]), ("</script>", [0]), ("%", []), ("x", [0, 2]), ("two\n\nlines", [3])])
def test_a_search_finds_the_instances_whose_text_contains_the_words(texts, words, rows):
    found = search(texts, words)

    assert found["count"] == len(rows)
    assert texts.rows({"op": "pick", "name": found["name"]}).tolist() == rows


def test_a_search_of_rows_without_texts_finds_none(people):
    assert search(people, "y")["count"] == 0


def test_the_card_answers_every_question():
    assert all(VIEW.card[word].strip() for word in ("why", "who", "what", "how", "when", "source", "limits"))
