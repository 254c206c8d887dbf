"""Is a manifest read back, and is a damaged or newer one said as such?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from store.building import start
from underglass.errors import CaseError
from underglass.store import SCHEMA, CaseFolder
from underglass.store.manifest import change_manifest, read_manifest, write_manifest


def test_what_was_written_is_read(case: CaseFolder) -> None:
    changed = replace(case.manifest, name="Größe", skipped=(("a", "no such file"),), files={"a/b.npy": "x"})

    write_manifest(case.path, changed)

    assert read_manifest(case.path) == (changed, True)


def test_a_newer_schema_is_refused_with_what_to_do(case: CaseFolder) -> None:
    path = case.path / "case.json"
    path.write_text(path.read_text().replace(f'"schema": {SCHEMA}', f'"schema": {SCHEMA + 1}'))

    with pytest.raises(
        CaseError, match=r"small\.case was made by a newer underglass \(schema 2; this one reads up to 1\): upgrade underglass"
    ):
        CaseFolder.open(case.path)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: "", "damaged"),
        (lambda text: "null", "it is no JSON object"),
        (lambda text: text.replace('"classes"', '"klasses"'), "'classes' is missing"),
        (lambda text: text.replace('"instances": 37', '"instances": "37"'), "'37' is no count"),
        (lambda text: text.replace('"schema": 1', '"schema": true'), "True is no count"),
        (lambda text: text.replace('"files": {', '"files": {"../../secret": "x", '), "'../../secret' leads out of the case"),
        (lambda text: text.replace('"files": {', '"files": {"/etc/passwd": "x", '), "leads out of the case"),
        (lambda text: text.replace('"name": "small"', '"name": 7'), "7 is no text"),
    ],
)
def test_a_damaged_manifest_is_named(case: CaseFolder, spoil, reason: str) -> None:
    path = case.path / "case.json"
    path.write_text(spoil(path.read_text()))

    with pytest.raises(CaseError, match=r"case\.json is damaged \(.*\): restore it from a copy of the case") as caught:
        CaseFolder.open(case.path)
    assert reason in str(caught.value)


def test_a_folder_without_manifest_is_not_a_case(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"is not a case: it has no case\.json"):
        CaseFolder.open(tmp_path)
    with pytest.raises(CaseError, match="there is no case at"):
        CaseFolder.open(tmp_path / "none")


def test_an_edit_by_hand_is_read_but_seen(case: CaseFolder) -> None:
    path = case.path / "case.json"
    path.write_text(path.read_text().replace('"name": "small"', '"name": "other"'))

    manifest, whole = read_manifest(case.path)

    assert (manifest.name, whole) == ("other", False)


def test_changes_by_several_processes_are_all_kept(case: CaseFolder) -> None:
    script = """
from dataclasses import replace
from pathlib import Path
from underglass.store.manifest import change_manifest
for i in range(15):
    change_manifest(Path(sys.argv[1]), lambda m: replace(m, files={**m.files, f"{sys.argv[2]}-{i}": "x"}))
"""
    processes = [start(script, case.path, name) for name in "ab"]
    for process in processes:
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error

    assert len(case.manifest.files) == 1 + 30
    assert case.verify() == sorted(f"{name}-{i}" for name in "ab" for i in range(15))


def test_nothing_is_written_when_nothing_changes(case: CaseFolder) -> None:
    before = (case.path / "case.json").stat().st_mtime_ns

    change_manifest(case.path, lambda manifest: manifest)

    assert (case.path / "case.json").stat().st_mtime_ns == before


def test_it_says_where_the_data_came_from_in_plain_json(case: CaseFolder) -> None:
    fields = json.loads((case.path / "case.json").read_text())

    assert fields["source"] == {"reader": "arrays"}
    assert {"numpy", "pyarrow"} <= fields["versions"].keys()
