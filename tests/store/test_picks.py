"""Picks keep their rows under a name no other process takes, the last ones only, and never stand in the way."""

from __future__ import annotations

import os

import numpy as np

from underglass.store.picks import MOST, Picks


def test_rows_come_back_under_their_name(tmp_path):
    picks = Picks(tmp_path / "picks")

    number = picks.keep(np.array([3, 7], np.int32))

    assert {name: rows.tolist() for name, rows in Picks(tmp_path / "picks").load().items()} == {f"pick_{number}": [3, 7]}


def test_two_processes_never_share_a_name(tmp_path):
    one, other = Picks(tmp_path / "picks"), Picks(tmp_path / "picks")

    numbers = [picks.keep(np.array([i], np.int32)) for i, picks in enumerate([one, other, one, other])]

    assert len(set(numbers)) == 4
    assert one.keep(np.array([9], np.int32), after=40) == 41


def test_the_oldest_are_forgotten(tmp_path):
    picks = Picks(tmp_path / "picks")

    for i in range(MOST + 3):
        picks.keep(np.array([i], np.int32))

    assert picks.numbers() == list(range(4, MOST + 4))


def test_a_damaged_or_foreign_file_is_passed_over(tmp_path):
    picks = Picks(tmp_path / "picks")
    picks.keep(np.array([1], np.int32))
    (tmp_path / "picks" / "pick_2.npy").write_bytes(b"no array")
    (tmp_path / "picks" / "notes.txt").write_text("mine")

    assert list(picks.load()) == ["pick_1"]


def test_where_nothing_can_be_written_a_pick_lasts_as_long_as_the_process(tmp_path):
    (tmp_path / "picks").write_text("a file in the way")

    assert Picks(tmp_path / "picks").keep(np.array([1], np.int32)) is None
    assert Picks(tmp_path / "picks").load() == {}


def test_no_pick_leaves_a_folder(tmp_path):
    Picks(tmp_path / "picks").load()

    assert os.listdir(tmp_path) == []
