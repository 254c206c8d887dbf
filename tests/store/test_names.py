"""Is every name a plain folder, and no two the same?"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.building import STEADY
from underglass.store.names import LONGEST, from_folder, to_folder

HOSTILE = [
    "",
    ".",
    "..",
    "../../etc",
    "/etc/passwd",
    "C:\\x",
    "con",
    "NUL",
    "a/b",
    "a\0b",
    "conv1 ",
    "conv1.",
    ".hidden",
    "%2e",
    "ü",
    "-rf",
    "~",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_one_plain_folder_inside(tmp_path: Path, name: str) -> None:
    made = tmp_path / to_folder(name)
    made.mkdir()

    assert [path.name for path in tmp_path.iterdir()] == [to_folder(name)]
    assert made.resolve().parent == tmp_path.resolve()
    assert not made.name.startswith(".")


@STEADY
@given(st.text(st.characters(codec=None), max_size=12))
def test_a_name_can_be_read_back(name: str) -> None:
    assert from_folder(to_folder(name)) == name


@STEADY
@given(st.text(max_size=400), st.text(max_size=400))
def test_two_names_share_no_folder_even_where_case_does_not_count(one: str, other: str) -> None:
    assert (to_folder(one).lower() == to_folder(other).lower()) == (one == other)


@STEADY
@given(st.text(max_size=1000))
def test_a_folder_name_is_short_and_plain(name: str) -> None:
    folder = to_folder(name)

    assert 1 <= len(folder) <= LONGEST
    assert folder.isascii()
    assert not set(folder) & set('/\\:*?"<>|\0 ')


def test_long_names_that_begin_alike_differ() -> None:
    assert to_folder("x" * 500 + "a") != to_folder("x" * 500 + "b")
    assert from_folder(to_folder("x" * 500)) is None
