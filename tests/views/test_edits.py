"""What the view of edits says, gives away and takes in."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from planted import planted_case
from underglass.case import Case
from underglass.errors import DataError, EditError
from underglass.views.edits import VIEW, apply_patch, journal, labels, patch, pick, set_author, stacks, standing, table
from underglass.views.tables import write_table


@pytest.fixture
def case(tmp_path):
    with Case(planted_case(tmp_path / "planted.case", 200)) as opened:
        opened.author = "mara"
        yield opened


@pytest.fixture
def copy(tmp_path):
    """A second case of the same data."""
    with Case(planted_case(tmp_path / "copy.case", 200)) as opened:
        opened.author = "jo"
        yield opened


def other_label(case, row):
    """A class that is not the row's label."""
    classes = case.folder.manifest.classes
    return classes[(int(case.labels()[row]) + 1) % len(classes)]


# what holds ------------------------------------------------------------------------------------------------------


def test_a_case_without_edits_has_nothing_standing(case):
    found = standing(case)

    assert (found["stands"], found["undone"], found["undo"], found["redo"], found["authors"]) == (0, 0, None, None, [])
    assert (found["relabelled"], found["excluded"], found["flagged"], found["confirmed"], found["noted"]) == (0, 0, 0, 0, 0)


def test_changed_labels_are_counted_from_what_they_were_to_what_they_are(case):
    classes = case.folder.manifest.classes
    rows = np.flatnonzero(case.labels() == 0)[:3].tolist()

    case.relabel(rows, classes[1])
    case.relabel([rows[0]], None)
    case.relabel([rows[1]], classes[0])

    assert standing(case)["changes"] == [
        {"old": classes[0], "new": None, "count": 1},
        {"old": classes[0], "new": classes[1], "count": 1},
    ]
    assert standing(case)["relabelled"] == 2


def test_exclusions_flags_and_notes_are_listed_with_their_counts(case):
    case.exclude(range(100))
    case.flag([3, 5])
    case.note([7], "<script>alert(1)</script>")
    found = standing(case)

    assert (found["excluded"], found["excluded_rows"][:3]) == (100, [0, 1, 2])
    assert len(found["excluded_rows"]) < 100
    assert (found["flagged"], found["flagged_rows"]) == (2, [3, 5])
    assert found["notes"] == [{"row": 7, "id": str(case.folder.instances["id"][7].as_py()), "text": "<script>alert(1)</script>"}]


def test_undo_and_redo_say_what_they_would_do_for_the_author(case):
    case.tag([1, 2], "odd")
    case.edit("tag", rows=[3], value="theirs", author="jo")

    assert standing(case)["undo"] == "tagged 2 instances 'odd'"
    assert standing(case)["redo"] is None
    assert standing(case)["authors"] == [{"name": "mara", "edits": 1}, {"name": "jo", "edits": 1}]

    case.undo()

    assert standing(case)["undo"] is None
    assert standing(case)["redo"] == "tagged 2 instances 'odd'"
    assert (standing(case)["stands"], standing(case)["undone"]) == (1, 1)


def test_what_undo_would_take_back_is_what_it_takes_back_after_any_steps(case):
    random = np.random.default_rng(3)
    for step in range(40):
        done, undone = stacks(case.folder.journal.edits())
        way = random.integers(3)
        if way == 0 or not (done.get("mara") or undone.get("mara")):
            case.tag([int(random.integers(200))], f"t{step}")
        elif way == 1 and done.get("mara"):
            expected = standing(case)["undo"]
            assert case.undo()["summary"] == f"Undid: {expected}"
        elif undone.get("mara"):
            expected = standing(case)["redo"]
            assert case.redo()["summary"] == f"Redid: {expected}"

    done, undone = stacks(case.folder.journal.edits())
    assert bool(done["mara"]) == case.folder.journal.can_undo()
    assert bool(undone["mara"]) == case.folder.journal.can_redo()


# the journal -----------------------------------------------------------------------------------------------------


def test_the_journal_is_listed_newest_first_with_the_undone_marked(case):
    case.tag([1], "a")
    case.tag([2, 3], "b")
    case.undo()
    page = journal(case)

    assert [(edit["op"], edit["count"], edit["undone"], edit["author"]) for edit in page["edits"]] == [
        ("undo", 2, False, "mara"),
        ("tag", 2, True, "mara"),
        ("tag", 1, False, "mara"),
    ]
    assert page["more"] is False


def test_the_journal_is_read_page_by_page_without_gap_or_repeat(case):
    for step in range(7):
        case.tag([step], "t")

    first = journal(case, limit=3)
    second = journal(case, before=first["edits"][-1]["sequence"], limit=3)
    third = journal(case, before=second["edits"][-1]["sequence"], limit=3)

    assert [edit["sequence"] for page in (first, second, third) for edit in page["edits"]] == [7, 6, 5, 4, 3, 2, 1]
    assert [first["more"], second["more"], third["more"]] == [True, True, False]


def test_a_page_of_no_or_too_many_edits_is_refused(case):
    with pytest.raises(EditError, match="the journal is listed 1 to 500 edits at a time, not 0"):
        journal(case, limit=0)


# picking what an edit touched ------------------------------------------------------------------------------------


def test_the_instances_of_an_edit_can_be_picked(case):
    case.tag([4, 9, 2], "odd")
    picked = pick(case, "edit", 1)

    assert picked["count"] == 3
    assert case.rows({"op": "pick", "name": picked["name"]}).tolist() == [2, 4, 9]


def test_the_instances_of_a_change_of_label_can_be_picked(case):
    row = 11
    old, new = case.folder.manifest.classes[case.labels()[row]], other_label(case, row)
    case.relabel([row], new)
    picked = pick(case, "change", {"old": old, "new": new})

    assert case.rows({"op": "pick", "name": picked["name"]}).tolist() == [row]


def test_an_edit_that_is_not_there_or_not_about_instances_cannot_be_picked(case):
    case.subset("sure", "confidence > .9")

    with pytest.raises(EditError, match="there is no edit 2"):
        pick(case, "edit", 2)
    with pytest.raises(EditError, match="edit 1 is not about instances: defined the subset 'sure'"):
        pick(case, "edit", 1)
    with pytest.raises(EditError, match="no kind of pick named 'edits'; did you mean 'edit'"):
        pick(case, "edits", 1)
    with pytest.raises(EditError, match="no label named 'Dres'; did you mean 'Dress'"):
        pick(case, "change", {"old": "Dres", "new": None})


# files that leave ------------------------------------------------------------------------------------------------


def test_the_table_holds_the_values_as_they_are_now(case):
    label = other_label(case, 5)
    case.relabel([5], label)
    case.tag([5, 6], "odd")
    case.tag([5], "second")
    case.note([6], "look")
    found = pa.parquet.read_table(io.BytesIO(table(case, "parquet")))

    assert found.num_rows == 200
    assert found["label"][5].as_py() == label
    assert [found["tags"][row].as_py() for row in (4, 5, 6)] == [[], ["odd", "second"], ["odd"]]
    assert found["note"].to_pylist()[5:7] == [None, "look"]
    assert set(found.column_names) == {column["name"] for column in case.serving.columns()}


def test_the_table_can_be_cut_by_a_filter(case):
    where = {"op": "compare", "column": "confidence", "is": "<", "value": 0.5}
    found = pa.parquet.read_table(io.BytesIO(table(case, "parquet", where)))

    assert found["row"].to_pylist() == case.rows("confidence < .5").tolist()


def test_every_format_holds_the_same_values(case):
    case.tag([1], "odd")
    columns = ["row", "label", "confidence", "correct"]
    parquet = pa.parquet.read_table(io.BytesIO(table(case, "parquet"))).select(columns)
    gaps = pa.csv.ConvertOptions(strings_can_be_null=True)
    csv = pa.csv.read_csv(io.BytesIO(table(case, "csv")), convert_options=gaps).select(columns)
    lines = [json.loads(line) for line in table(case, "jsonl").splitlines()]

    assert csv["label"].to_pylist() == parquet["label"].to_pylist() == [line["label"] for line in lines]
    np.testing.assert_array_equal(np.float32(csv["confidence"].to_numpy()), parquet["confidence"].to_numpy())
    np.testing.assert_array_equal(np.float32([line["confidence"] for line in lines]), parquet["confidence"].to_numpy())
    assert lines[1]["tags"] == ["odd"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_a_spreadsheet_would_execute_is_guarded(start):
    hostile = f'{start}cmd|"/c calc"!A0'
    given = pa.table({"=name": [hostile, "plain", None], "tags": [[hostile], [], ["a", "b"]], "number": [-1.5, 2, None]})
    lines = write_table(given, "csv").decode()
    read = pa.csv.read_csv(
        io.BytesIO(lines.encode()),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False),
    )

    assert read.column_names == ["'=name", "tags", "number"]
    assert read["'=name"].to_pylist() == [f"'{hostile}", "plain", None]
    assert read["tags"].to_pylist()[0] == f"'{hostile}"
    assert read["tags"].to_pylist()[2] == "a; b"
    assert read["number"].to_pylist() == [-1.5, 2, None]


def test_lines_of_json_have_no_number_that_json_does_not_know():
    given = pa.table({"x": [float("nan"), float("inf"), 1.5], "when": pa.array([0, 1, None], pa.timestamp("s"))})
    lines = write_table(given, "jsonl").decode().splitlines()

    assert [json.loads(line, parse_constant=pytest.fail) for line in lines] == [
        {"x": None, "when": "1970-01-01T00:00:00"},
        {"x": None, "when": "1970-01-01T00:00:01"},
        {"x": 1.5, "when": None},
    ]


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_a_table_of_no_instances_can_be_written(case, format):
    nothing = {"op": "compare", "column": "confidence", "is": ">", "value": 2}

    assert isinstance(table(case, format, nothing), bytes)


def test_an_unknown_format_names_the_nearest(case):
    with pytest.raises(DataError, match="no format named 'cvs'; did you mean 'csv'"):
        table(case, "cvs")


def test_labels_say_what_they_were_and_what_they_are(case):
    row = 8
    old, new = case.folder.manifest.classes[case.labels()[row]], other_label(case, row)
    case.relabel([row], new)
    case.edit("confirm", rows=[2])
    found = pa.parquet.read_table(io.BytesIO(labels(case, "parquet")))

    assert (found["label"][row].as_py(), found["source_label"][row].as_py(), found["changed"][row].as_py()) == (new, old, True)
    assert found["changed"].to_pylist().count(True) == 1
    assert np.flatnonzero(found["confirmed"].to_numpy(zero_copy_only=False)).tolist() == [2]


# patches ---------------------------------------------------------------------------------------------------------


def test_a_patch_replays_on_a_copy(case, copy):
    case.relabel([5], other_label(case, 5))
    case.tag(range(50), "odd")
    case.undo()
    case.subset("sure", "confidence > .9")
    before = copy.serving.version
    done = apply_patch(copy, patch(case).decode())

    assert done["added"] == 4
    assert done["version"] > before
    assert copy.labels().tolist() == case.labels().tolist()
    assert copy.count("in subset 'sure'") == case.count("in subset 'sure'")
    assert apply_patch(copy, patch(case).decode())["added"] == 0


def test_a_patch_of_other_data_is_refused_by_the_name_of_its_file(case, tmp_path):
    with Case(planted_case(tmp_path / "other.case", 150)) as other:
        other.tag([1], "odd")
        text = patch(other).decode()

    with pytest.raises(EditError, match=r"^mara\.jsonl is for other data than this case holds: it cannot be applied here$"):
        apply_patch(case, text, "mara.jsonl")
    assert case.folder.journal.sequence == 0


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"kind": "something"}', "\ud800", "null\n" * 3])
def test_what_is_no_patch_is_refused_and_nothing_changes(case, text):
    with pytest.raises(EditError, match=r"^the patch "):
        apply_patch(case, text)
    assert case.folder.journal.sequence == 0


def test_a_patch_names_no_folder_of_this_machine(case, tmp_path):
    case.tag([1], "odd")

    assert str(tmp_path) not in patch(case).decode()


# who -------------------------------------------------------------------------------------------------------------


def test_the_author_is_who_signs_from_then_on(case):
    assert set_author(case, "  jo <b> ") == {"author": "jo <b>"}
    case.tag([1], "odd")

    assert journal(case)["edits"][0]["author"] == "jo <b>"


def test_an_author_without_a_name_is_refused(case):
    with pytest.raises(EditError, match="an author needs a name"):
        set_author(case, "   ")


def test_the_card_answers_every_question():
    assert all(VIEW.card[word].strip() for word in ("why", "who", "what", "how", "when", "source", "limits"))
