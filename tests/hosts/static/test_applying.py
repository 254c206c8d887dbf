"""Edits of an exported page come back to the case: all of them, or none, with a word about why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from planted import planted_case
from underglass.case import Case
from underglass.errors import EditError
from underglass.hosts.command_line import app
from underglass.hosts.static import apply_edits

TIME = "2026-02-03T10:00:00.125+00:00"


@pytest.fixture
def case(tmp_path: Path):
    opened = Case(planted_case(tmp_path / "planted.case", 100, nulls=False))
    yield opened
    opened.close()


def patch_of(case: Case, *edits: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A patch as a page writes it."""
    manifest = case.folder.manifest
    return {
        "kind": "underglass page edits",
        "schema": 1,
        "underglass": "0.1",
        "case": manifest.name,
        "data_fingerprint": manifest.data_fingerprint,
        "instances": manifest.instances,
        "classes": list(manifest.classes),
        "sequence": case.folder.journal.sequence,
        "edits": [
            {"time": TIME, "author": "Ada", "rows": None, "value": None, "seen": None, "filter": None} | one for one in edits
        ],
        **changed,
    }


def write(tmp_path: Path, patch: Any) -> Path:
    path = tmp_path / "patch.json"
    path.write_text(patch if isinstance(patch, str) else json.dumps(patch))
    return path


def label_of(case: Case, row: int) -> str:
    return case.folder.manifest.classes[case.labels()[row]]


def test_all_kinds_of_edits_are_made_with_their_author_and_time(case: Case, tmp_path: Path):
    old = [label_of(case, row) for row in (3, 4)]
    tree = {"op": "compare", "column": "confidence", "is": "<", "value": 0.5}
    patch = patch_of(
        case,
        {"op": "label", "rows": [3, 4], "value": "Coat", "seen": old},
        {"op": "tag", "rows": [1, 2], "value": "odd"},
        {"op": "exclude", "rows": [9]},
        {"op": "note", "rows": [5], "value": "why?"},
        {"op": "flag", "rows": [6], "value": True},
        {"op": "confirm", "rows": [7], "value": True},
        {"op": "subset", "value": {"name": "unsure", "kind": "live", "note": ""}, "filter": tree},
        {"op": "subset", "value": {"name": "both", "kind": "live", "note": ""}, "filter": {"op": "subset", "name": "unsure"}},
        {"op": "subset", "rows": [1, 3], "value": {"name": "two", "kind": "frozen", "note": ""}},
    )

    applied = apply_edits(case, write(tmp_path, patch))

    assert (applied.added, applied.there, applied.authors) == (9, 0, ("Ada",))
    assert [label_of(case, row) for row in (3, 4)] == ["Coat", "Coat"]
    assert case.count("tags contains 'odd'") == 2
    assert case.count("excluded") == 1
    assert case.count("in subset 'unsure'") == case.count("confidence < .5") == case.count("in subset 'both'")
    assert case.subsets["two"].rows.tolist() == [1, 3]
    assert {(edit.author, edit.time) for edit in case.history()} == {("Ada", TIME)}


def test_a_patch_that_was_applied_is_not_applied_again(case: Case, tmp_path: Path):
    path = write(tmp_path, patch_of(case, {"op": "label", "rows": [3], "value": "Coat", "seen": [label_of(case, 3)]}))
    apply_edits(case, path)

    again = apply_edits(case, path)

    assert (again.added, again.there) == (0, 1)
    assert len(case.history()) == 1


def test_a_label_that_has_changed_since_refuses_the_whole_patch(case: Case, tmp_path: Path):
    patch = patch_of(
        case,
        {"op": "tag", "rows": [1], "value": "odd"},
        {"op": "label", "rows": [3], "value": "Coat", "seen": [label_of(case, 3)]},
    )
    case.relabel([3], "Dress" if label_of(case, 3) != "Dress" else "Trouser")
    before = len(case.history())

    with pytest.raises(EditError, match="nothing was changed: its edit 2: 1 of 1 instances have changed since you looked"):
        apply_edits(case, write(tmp_path, patch))

    assert len(case.history()) == before
    assert case.count("tags contains 'odd'") == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"data_fingerprint": "0" * 32}, "was made on other data: a page of the case 'planted' with 100 instances"),
        ({"instances": 7}, "was made on other data"),
        ({"schema": 2, "underglass": "9.1"}, "of underglass 9.1 in schema 2; this version reads schema 1: update underglass"),
        ({"kind": "something"}, "is no patch of edits. An exported page saves one with “Save edits”"),
        ({"edits": None}, "is cut short"),
        ({"edits": [{"op": "format c:"}]}, "its edit 1 is none that a page makes: 'format c:'"),
        ({"edits": [{"op": "tag", "rows": ["1"], "value": "a"}]}, "its edit 1 names its instances by something other than rows"),
        ({"edits": [{"op": "tag", "rows": [1], "value": "a", "time": "soon", "author": "A"}]}, "has no time: 'soon'"),
        ({"edits": [{"op": "tag", "rows": [1], "value": "a", "time": TIME, "author": ""}]}, "has no author"),
        ({"edits": [{"op": "tag", "rows": [100], "value": "a", "time": TIME, "author": "A"}]}, "there is no instance 100"),
        (
            {"edits": [{"op": "label", "rows": [1], "value": "Coot", "seen": ["Coat"], "time": TIME, "author": "A"}]},
            "no label named 'Coot'; did you mean 'Coat'?",
        ),
        ({"edits": [{"op": "label", "rows": [1], "value": "Coat", "time": TIME, "author": "A"}]}, "which labels the person saw"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_patch_is_said(case: Case, tmp_path: Path, changed: dict, said: str):
    with pytest.raises(EditError) as refused:
        apply_edits(case, write(tmp_path, patch_of(case) | changed))

    assert said in str(refused.value)
    assert not case.history()


@pytest.mark.parametrize("text", ["", "{", "not json at all", "[]"])
def test_a_file_that_is_no_patch_is_refused(case: Case, tmp_path: Path, text: str):
    with pytest.raises(EditError, match="is no patch"):
        apply_edits(case, write(tmp_path, text))


def test_a_subset_of_that_name_made_since_is_not_overwritten(case: Case, tmp_path: Path):
    patch = patch_of(case, {"op": "subset", "rows": [1, 3], "value": {"name": "two", "kind": "frozen", "note": ""}})
    case.subset("two", [7, 8])

    with pytest.raises(EditError, match="the case has a subset 'two' by now that the page did not know"):
        apply_edits(case, write(tmp_path, patch))
    assert case.subsets["two"].rows.tolist() == [7, 8]


def test_export_and_apply_on_the_command_line(case: Case, tmp_path: Path):
    patch = write(tmp_path, patch_of(case, {"op": "tag", "rows": [1], "value": "odd", "author": "exported page"}))
    place = str(case.folder.path)
    run = CliRunner().invoke

    exported = run(app, ["export", place, str(tmp_path / "page.html"), "--view", "overview", "--media", "none"])
    applied = run(app, ["apply", place, str(patch), "--author", "Ada"])
    refused = run(app, ["export", place, str(tmp_path / "no such folder" / "page.html")])

    assert exported.exit_code == 0, exported.output
    assert (tmp_path / "page.html").is_file()
    assert applied.exit_code == 0, applied.output
    assert "1 edit made by Ada." in applied.output
    assert refused.exit_code == 1
    assert "there is no folder" in refused.output + refused.stderr
