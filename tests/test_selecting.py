"""Can the selection, subsets and edits be read, set and followed from Python?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hosts.serving_case import CLASSES, N, make_case
from underglass.case import Case
from underglass.errors import CaseError, FilterError
from underglass.selecting import Selection


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with make_case(tmp_path / "small.case") as made:
        yield made


@pytest.fixture
def age(case: Case) -> np.ndarray:
    return case.folder.instances["age"].to_numpy()


def test_nothing_is_selected_at_first(case: Case) -> None:
    assert case.selection is None


def test_a_filter_selects(case: Case, age: np.ndarray) -> None:
    case.selection = "age > .5"

    assert case.selection is not None
    assert case.selection.rows.tolist() == np.flatnonzero(age > 0.5).tolist()
    assert (case.selection.text, case.selection.kind) == ("age > .5", "instance")


def test_rows_select_and_none_clears(case: Case) -> None:
    case.selection = [5, 3, 3]
    assert case.selection is not None
    assert case.selection.rows.tolist() == [3, 5]
    assert repr(case.selection) == "<selection of 2 instances: 2 instances picked in Python>"

    case.selection = None

    assert case.selection is None


def test_a_selection_is_read_as_things_are_now(case: Case) -> None:
    case.selection = [0, 1, 2]

    case.exclude([1])

    assert case.selection is not None
    assert case.selection.rows.tolist() == [0, 2]


def test_a_selection_can_be_kept_and_set_again(case: Case) -> None:
    case.selection = "age > 0"
    kept = case.selection
    case.selection = None

    case.selection = kept

    assert case.selection is not None
    assert kept is not None
    assert case.selection.rows.tolist() == kept.rows.tolist()
    case.subset("kept", kept.tree)
    assert case.subsets["kept"].kind == "live"


def test_a_wrong_filter_changes_nothing(case: Case) -> None:
    case.selection = [1]

    with pytest.raises(FilterError, match="did you mean 'age'"):
        case.selection = "agee > 0"

    assert case.selection is not None
    assert len(case.selection) == 1


def test_a_function_follows_the_selection_until_it_stops(case: Case) -> None:
    heard: list[int | None] = []
    stop = case.on_selection(lambda selection: heard.append(None if selection is None else len(selection)))

    case.selection = [1, 2]
    case.selection = None
    stop()
    case.selection = [1]

    assert heard == [2, None]


def test_a_function_that_fails_is_reported_and_the_next_is_called(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[dict] = []
    heard: list[Selection | None] = []
    case.follow(lambda event: told.append(dict(event)))

    def broken(selection: Selection | None) -> None:
        raise ValueError("no such column")

    case.on_selection(broken)
    case.on_selection(heard.append)
    case.selection = [1]

    problem = next(event["text"] for event in told if event["type"] == "problem")
    assert problem == "broken, which follows the selection, failed: ValueError: no such column"
    assert "ValueError: no such column" in capsys.readouterr().err
    assert len(heard) == 1


def test_pages_are_told_when_python_begins_to_listen(case: Case) -> None:
    told: list[str] = []
    case.follow(lambda event: told.append(event["type"]))
    assert case.greeting()["listening"] is False

    case.on_selection(lambda selection: None)
    case.on_selection(lambda selection: None)

    assert told == ["listening"]
    assert case.greeting()["listening"] is True


def test_only_functions_follow(case: Case) -> None:
    with pytest.raises(TypeError, match="what follows the edits is a function"):
        case.on_edit("print")  # type: ignore[arg-type]


def test_a_function_follows_the_edits_undone_ones_too(case: Case) -> None:
    heard: list[tuple[str, int]] = []
    case.on_edit(lambda edit: heard.append((edit.op, edit.count)))

    case.relabel([0, 1], CLASSES[0])
    case.tag([2], "odd")
    case.undo()

    assert [count for _, count in heard] == [2, 1, 1]
    assert heard[0][0] == "label"


def test_edits_of_another_process_are_heard_of(case: Case) -> None:
    heard: list[str] = []
    case.on_edit(lambda edit: heard.append(edit.op))
    with Case.open(case.folder.path) as other:
        other.tag([0], "elsewhere")

    case.sync()

    assert heard == ["tag"]


def test_subsets_are_set_read_and_dropped_by_name(case: Case, age: np.ndarray) -> None:
    case.subsets["old"] = "age > 1"
    case.subsets["some"] = [4, 2]

    assert list(case.subsets) == ["old", "some"]
    assert (case.subsets["old"].kind, case.subsets["some"].kind) == ("live", "frozen")
    assert case.count("in subset 'old'") == int((age > 1).sum())
    del case.subsets["old"]
    assert list(case.subsets) == ["some"]
    case.undo()
    assert list(case.subsets) == ["old", "some"]
    with pytest.raises(CaseError, match="no subset named 'sum'; did you mean 'some'"):
        del case.subsets["sum"]


def test_nothing_selected_by_an_empty_list(case: Case) -> None:
    case.selection = np.array([], np.int32)

    assert case.selection is None
    assert case.count(range(N)) == N
