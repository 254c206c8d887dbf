"""Do edits travel to a copy of the case, to the same labels, and to no other data?"""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.building import INSTANCES, STEADY, make_case, table
from store.test_journal import OPERATIONS, seen
from underglass.errors import EditError
from underglass.store import Applied, CaseFolder, Journal, apply_patch, export_patch
from underglass.store.patches import to_ranges


def exported_labels(case: CaseFolder) -> bytes:
    """The current labels as a Parquet file."""
    out = io.BytesIO()
    pq.write_table(pa.table({"id": case.instances["id"], "label": case.labels()}), out)
    return out.getvalue()


def edited(case: CaseFolder) -> None:
    journal = case.journal
    journal.append("label", rows=range(0, 30, 2), new=2, author="ann")
    journal.append("label", rows=[1, 3, 5], new=[0, None, 1], author="bob")
    journal.append("confirm", rows=[2, 4], author="ann")
    journal.append("tag", rows=[9, 3], new="ünsure", author="bob")
    journal.append("note", rows=[9], new="a\nb", author="bob")
    journal.append("subset", rows=[1, 2], new={"name": "s", "kind": "frozen", "note": "two"}, author="ann")
    journal.append("subset", new={"name": "l", "kind": "live", "filter": {"op": "subset", "name": "s"}}, author="ann")
    journal.append("rename_subset", new={"name": "s", "to": "t"}, author="ann")
    journal.append("hide", new={"kind": "unit", "ids": ["conv1/3"]}, author="ann")
    journal.append("exclude", rows=[7], author="ann")
    journal.undo("ann")
    journal.append("exclude", rows=[8], author="bob")
    journal.undo("bob")
    journal.redo("bob")


@pytest.fixture
def copies(tmp_path: Path) -> tuple[CaseFolder, CaseFolder]:
    return make_case(tmp_path / "first.case"), make_case(tmp_path / "second.case")


def test_a_patch_replays_on_a_fresh_copy_to_the_same_labels_byte_for_byte(
    copies: tuple[CaseFolder, CaseFolder], tmp_path: Path
) -> None:
    first, second = copies
    edited(first)

    assert first.export_patch(tmp_path / "edits.jsonl") == 14
    assert second.apply_patch(tmp_path / "edits.jsonl") == Applied(14, 0)

    assert exported_labels(second) == exported_labels(first) != exported_labels(make_case(tmp_path / "third.case"))
    assert seen(second.journal.state()) == seen(first.journal.state())
    assert second.journal.chain == first.journal.chain
    assert [edit.summary() for edit in second.journal.edits()] == [edit.summary() for edit in first.journal.edits()]
    assert second.verify() == []


@settings(STEADY, max_examples=15)
@given(st.lists(st.sampled_from(["undo", "redo"]) | OPERATIONS, max_size=15), st.integers(0, 15))
def test_any_edits_travel_in_one_patch_or_in_two(tmp_path_factory: pytest.TempPathFactory, steps: list, cut: int) -> None:
    folder = tmp_path_factory.mktemp("patches")
    with journal_in(folder, "a") as first, journal_in(folder, "b") as second:
        for i, step in enumerate(steps):
            if i == cut:
                export_patch(first, folder / "early.jsonl")
                apply_patch(second, folder / "early.jsonl")
            try:
                getattr(first, step)() if isinstance(step, str) else first.append(step[0], rows=step[1], new=step[2])
            except EditError:
                continue
        export_patch(first, folder / "late.jsonl")

        done = apply_patch(second, folder / "late.jsonl")

        assert done.added + done.there == first.sequence
        assert second.chain == first.chain
        assert seen(second.state()) == seen(first.state())
        assert apply_patch(second, folder / "late.jsonl") == Applied(0, first.sequence)


def journal_in(folder: Path, name: str) -> Journal:
    return Journal(
        folder / f"{name}.sqlite", instances=INSTANCES, data_fingerprint="data", classes=("Shirt", "Coat", "Bag"), author="ann"
    )


def test_a_patch_for_other_data_is_refused(copies: tuple[CaseFolder, CaseFolder], tmp_path: Path) -> None:
    edited(copies[0])
    copies[0].export_patch(tmp_path / "edits.jsonl")
    other = make_case(tmp_path / "other.case", data_fingerprint="other")
    shorter = make_case(tmp_path / "shorter.case", 30)
    renamed = make_case(tmp_path / "renamed.case", classes=("Shirt", "Coat", "Boot"))

    for case in (other, shorter):
        with pytest.raises(EditError, match=r"edits\.jsonl is for other data than this case holds: it cannot be applied here"):
            case.apply_patch(tmp_path / "edits.jsonl")
    with pytest.raises(EditError, match="is for other classes than this case has"):
        renamed.apply_patch(tmp_path / "edits.jsonl")
    assert [case.journal.sequence for case in (other, shorter, renamed)] == [0, 0, 0]


def test_edits_of_two_people_on_two_copies_come_together(copies: tuple[CaseFolder, CaseFolder], tmp_path: Path) -> None:
    first, second = copies
    first.journal.append("label", rows=[0], new=1, author="ann")
    first.export_patch(tmp_path / "shared.jsonl")
    second.apply_patch(tmp_path / "shared.jsonl")
    first.journal.append("label", rows=[1, 2], new=2, author="ann")
    first.journal.append("tag", rows=[2], new="odd", author="ann")
    first.journal.append("tag", rows=[3], new="wrong", author="ann")
    first.journal.undo("ann")
    second.journal.append("label", rows=[3], new=0, author="bob")

    first.export_patch(tmp_path / "first.jsonl")
    assert second.apply_patch(tmp_path / "first.jsonl") == Applied(2, 1)

    assert second.labels()[[0, 1, 2, 3]].tolist() == [1, 2, 2, 0]
    assert list(second.journal.state().tags) == ["odd"]
    assert second.apply_patch(tmp_path / "first.jsonl").added == 0
    assert second.journal.verify() is None


def test_two_people_who_changed_the_same_are_named_and_nothing_is_added(
    copies: tuple[CaseFolder, CaseFolder], tmp_path: Path
) -> None:
    first, second = copies
    first.journal.append("tag", rows=[5], new="fine", author="ann")
    first.journal.append("label", rows=[1, 2], new=2, author="ann")
    first.export_patch(tmp_path / "first.jsonl")
    second.journal.append("label", rows=[2, 3], new=0, author="bob")

    message = "“labelled 2 instances 'Bag'” by ann cannot be added: bob has labelled 2 instances 'Shirt' here, which is about 1"
    with pytest.raises(EditError, match=message):
        second.apply_patch(tmp_path / "first.jsonl")

    assert second.journal.sequence == 1
    assert second.journal.state().tags == {}
    second.journal.undo("bob")
    assert second.apply_patch(tmp_path / "first.jsonl") == Applied(2, 0)


def test_a_patch_that_takes_back_what_both_had_is_refused_on_a_copy_that_went_on(
    copies: tuple[CaseFolder, CaseFolder], tmp_path: Path
) -> None:
    first, second = copies
    first.journal.append("label", rows=[0], new=1, author="ann")
    first.export_patch(tmp_path / "shared.jsonl")
    second.apply_patch(tmp_path / "shared.jsonl")
    second.journal.append("tag", rows=[9], new="mine", author="bob")
    first.journal.undo("ann")
    first.export_patch(tmp_path / "undone.jsonl")

    with pytest.raises(EditError, match="the patch takes back edit 1, which both copies had: undo it here, then apply the patch"):
        second.apply_patch(tmp_path / "undone.jsonl")


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def rewritten(path: Path, lines: list) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "is cut short: it holds 13 of 14 edits"),
        (lambda lines: lines[1:], "is not a patch of edits"),
        (lambda lines: [], "is not a patch of edits"),
        (lambda lines: [lines[0], *reversed(lines[1:])], "line 2 is not edit 1"),
        (lambda lines: [lines[0], "x", *lines[2:]], "line 2 is not edit 1"),
        (lambda lines: [lines[0] | {"schema": 2}, *lines[1:]], r"was written by a newer underglass \(patch schema 2\)"),
        (
            lambda lines: [lines[0], lines[1] | {"author": "eve"}, *lines[2:]],
            "was changed after it was written: edit 1 is not what was made",
        ),
        (lambda lines: [lines[0], lines[1] | {"new": 1}, *lines[2:]], "was changed after it was written"),
        (
            lambda lines: [lines[0], lines[1] | {"rows": "0-4000000000"}, *lines[2:]],
            "the patch names more rows than the 37 of this case",
        ),
        (lambda lines: [lines[0], lines[1] | {"rows": "5-1"}, *lines[2:]], "rows are written from the first to the last"),
        (
            lambda lines: [lines[0], lines[1] | {"rows": "0-5,36-37"}, *lines[2:]],
            "the patch speaks of instance 37: rows are 0 to 36",
        ),
        (lambda lines: [lines[0], lines[1] | {"rows": [1]}, *lines[2:]], r"rows are written as 0-2,7 and not as '\[1\]'"),
        (lambda lines: [lines[0], lines[1] | {"rows": "1;2"}, *lines[2:]], "rows are written as 0-2,7"),
        (lambda lines: [lines[0], lines[1] | {"time": "yesterday"}, *lines[2:]], "'yesterday' in the patch is no time"),
        (lambda lines: [lines[0], lines[1] | {"author": None}, *lines[2:]], "edit 1 of the patch has no author"),
        (lambda lines: [lines[0], lines[1] | {"op": "eval"}, *lines[2:]], "no edit named 'eval'"),
        (lambda lines: [lines[0], lines[1] | {"new": 99}, *lines[2:]], "there is no class 99"),
        (lambda lines: [lines[0], lines[1] | {"op": "undo"}, *lines[2:]], "was changed after it was written"),
    ],
)
def test_a_patch_that_was_spoiled_changes_nothing(
    copies: tuple[CaseFolder, CaseFolder], tmp_path: Path, change, message: str
) -> None:
    edited(copies[0])
    path = tmp_path / "edits.jsonl"
    copies[0].export_patch(path)
    rewritten(path, change(lines_of(path)))

    with pytest.raises(EditError, match=message):
        copies[1].apply_patch(path)

    assert copies[1].journal.sequence == 0
    assert exported_labels(copies[1]) == exported_labels(make_case(tmp_path / "fresh.case"))


def test_a_missing_patch_is_named(case: CaseFolder, tmp_path: Path) -> None:
    with pytest.raises(EditError, match=r"none\.jsonl cannot be read: No such file"):
        case.apply_patch(tmp_path / "none.jsonl")


def test_a_patch_can_be_read_by_people(copies: tuple[CaseFolder, CaseFolder], tmp_path: Path) -> None:
    edited(copies[0])
    copies[0].export_patch(tmp_path / "edits.jsonl")

    head, first, second, *_ = lines_of(tmp_path / "edits.jsonl")

    assert (head["kind"], head["instances"], head["classes"], head["edits"]) == (
        "underglass edits",
        37,
        ["Shirt", "Coat", "Bag"],
        14,
    )
    assert (first["op"], first["rows"], first["new"], first["author"]) == ("label", ",".join(map(str, range(0, 30, 2))), 2, "ann")
    assert (second["rows"], second["codes"]) == ("1,3,5", [0, -1, 1])


@STEADY
@given(st.sets(st.integers(0, 200), min_size=1))
def test_ranges_say_exactly_the_rows(rows: set[int]) -> None:
    text = to_ranges(np.array(sorted(rows), np.int32))

    spans = [part.split("-") for part in text.split(",")]
    assert {row for span in spans for row in range(int(span[0]), int(span[-1]) + 1)} == rows
    assert all(int(one[-1]) + 1 < int(other[0]) for one, other in pairwise(spans))


def test_the_source_is_never_changed(copies: tuple[CaseFolder, CaseFolder], tmp_path: Path) -> None:
    before = (copies[1].path / "instances.parquet").read_bytes()
    edited(copies[0])
    copies[0].export_patch(tmp_path / "edits.jsonl")
    copies[1].apply_patch(tmp_path / "edits.jsonl")

    assert (copies[1].path / "instances.parquet").read_bytes() == before
    assert copies[1].instances["label"].to_pylist() == table()["label"].to_pylist()
