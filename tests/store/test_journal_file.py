"""Do several processes share one journal, does nothing get lost, and is damage seen?"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from store.building import INSTANCES, make_case, run, start
from store.small_disk import run_on_small_disk
from underglass.errors import CaseError, EditError
from underglass.store import CaseFolder, Journal


def raw(path: Path, *statements: str) -> None:
    """Change the file behind the journal's back."""
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def unguarded(path: Path, *statements: str) -> None:
    """The same past the triggers that forbid it; they are put back."""
    with sqlite3.connect(path) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)
    connection.close()


def reopened(journal: Journal) -> Journal:
    return Journal(journal.path, instances=INSTANCES, data_fingerprint="data", classes=journal.classes)


def test_two_journals_on_one_file_see_each_others_edits(case: CaseFolder) -> None:
    other = CaseFolder.open(case.path).journal
    case.journal.append("tag", rows=[1], new="ours")
    other.append("tag", rows=[2], new="theirs")

    assert case.journal.poll() == other.poll() == 2
    assert list(case.journal.state().tags) == list(other.state().tags) == ["ours", "theirs"]
    assert [edit.new for edit in case.journal.edits(since=1)] == ["theirs"]


def test_polling_tells_every_time_somebody_else_has_edited(case: CaseFolder) -> None:
    other = CaseFolder.open(case.path).journal
    for made in range(4):
        assert case.journal.poll() == made
        assert len(case.journal.state().tags) == made
        other.append("tag", rows=[1], new=f"t{made}")


def test_polling_finds_nothing_while_nothing_happens(journal: Journal) -> None:
    journal.append("tag", rows=[1], new="a")

    assert journal.poll() == journal.poll() == journal.sequence == 1


WRITER = """
from underglass.store import CaseFolder
journal = CaseFolder.open(sys.argv[1]).journal
who = sys.argv[2]
for i in range(40):
    journal.append("tag", rows=[i % 37], new=f"{who}-{i}", author=who)
    if i % 5 == 4:
        journal.undo(who)
"""


def test_several_processes_write_at_once_and_nothing_is_lost(case: CaseFolder) -> None:
    processes = [start(WRITER, case.path, who) for who in ("ann", "bob", "eve")]
    for process in processes:
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error

    edits = case.journal.edits()
    assert [edit.sequence for edit in edits] == list(range(1, 3 * 48 + 1))
    assert case.journal.state().tags.keys() == {f"{who}-{i}" for who in ("ann", "bob", "eve") for i in range(40) if i % 5 != 4}
    assert case.journal.verify() is None


def test_a_killed_process_loses_at_most_the_edit_in_flight(case: CaseFolder) -> None:
    script = """
from underglass.store import CaseFolder
journal = CaseFolder.open(sys.argv[1]).journal
i = 0
while True:
    journal.append("note", rows=[i % 37], new=str(i))
    print(i, flush=True)
    i += 1
"""
    process = start(script, case.path)
    assert process.stdout is not None
    reported = [int(process.stdout.readline()) for _ in range(25)]

    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    reported += [int(line) for line in rest.splitlines() if line.strip()]

    notes = [edit.new for edit in case.journal.edits()]
    assert notes[: len(reported)] == [str(i) for i in reported]
    assert len(notes) - len(reported) in (0, 1)
    assert case.journal.verify() is None
    case.journal.append("note", rows=[0], new="after")


def test_killed_inside_a_transaction_nothing_of_it_is_there(case: CaseFolder) -> None:
    process = start(
        """
from underglass.store import CaseFolder
with CaseFolder.open(sys.argv[1]).journal.transaction() as together:
    for i in range(10):
        together.append("tag", rows=[i], new="half")
    print("inside", flush=True)
    sys.stdin.read()
""",
        case.path,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert case.journal.edits() == []
    case.journal.append("tag", rows=[1], new="whole")
    assert list(case.journal.state().tags) == ["whole"]


EDIT = """
from underglass.store import CaseFolder
CaseFolder.open(sys.argv[1]).journal.append("label", rows=[2], new=0, author="bob")
"""


def test_undo_sees_what_another_process_did_meanwhile(case: CaseFolder) -> None:
    case.journal.append("label", rows=[1, 2], new=2, author="ann")
    run(EDIT, case.path)

    with pytest.raises(EditError, match="bob has since labelled 1 instance 'Shirt'"):
        case.journal.undo("ann")


def test_a_copy_of_the_folder_has_all_edits(case: CaseFolder, tmp_path: Path) -> None:
    case.journal.append("tag", rows=[1], new="kept")

    shutil.copytree(case.path, tmp_path / "copy.case")

    assert list(CaseFolder.open(tmp_path / "copy.case").journal.state().tags) == ["kept"]


def test_closing_leaves_one_file(case: CaseFolder) -> None:
    case.journal.append("tag", rows=[1], new="kept")
    case.close()

    assert sorted(path.name for path in case.path.glob("edits*")) == ["edits.sqlite"]
    assert list(case.journal.state().tags) == ["kept"]


def test_edits_are_never_changed_or_deleted_through_sql(journal: Journal) -> None:
    journal.append("tag", rows=[1], new="a")

    for statement in ("UPDATE edits SET author = 'eve'", "DELETE FROM edits"):
        with pytest.raises(sqlite3.IntegrityError, match="edits are never"):
            raw(journal.path, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE edits SET author = 'eve' WHERE sequence = 2",
        "UPDATE edits SET new = '\"b\"' WHERE sequence = 1",
        "UPDATE edits SET time = '2020-01-01T00:00:00+00:00' WHERE sequence = 1",
        "UPDATE edits SET rows = (SELECT rows FROM edits WHERE sequence = 2) WHERE sequence = 1",
        "UPDATE edits SET before = (SELECT before FROM edits WHERE sequence = 1) WHERE sequence = 3",
        "DELETE FROM edits WHERE sequence = 1",
        "DELETE FROM edits WHERE sequence = 2",
    ],
)
def test_a_row_changed_or_taken_out_is_found(journal: Journal, statement: str) -> None:
    journal.append("tag", rows=[1], new="a")
    journal.append("tag", rows=[2], new="a")
    journal.append("untag", rows=[1], new="a")
    assert journal.verify() is None

    unguarded(journal.path, statement)

    assert journal.verify() is not None


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE edits SET rows = x'00'", "edit 1"),
        ("UPDATE edits SET rows = zeroblob(100000)", "edit 1"),
        ("UPDATE edits SET count = 5", "edit 1: 8 bytes stand for 5 instances"),
        ("UPDATE edits SET new = '7'", "there is no class 7"),
        ("UPDATE edits SET new = '{'", "edit 1"),
        ("UPDATE edits SET op = 'explode'", "edit 1: 'explode'"),
        ("UPDATE edits SET op = 'exclude'", "its parts do not fit together"),
        ("UPDATE edits SET op = 'undo', root = 1, undoes = 1", "edit 1"),
        ("UPDATE edits SET op = 'undo', root = 9, undoes = 9", "edit 9 is missing"),
        ("UPDATE edits SET sequence = 2", "edit 1 is missing"),
    ],
)
def test_a_hostile_journal_is_damage_and_no_crash(journal: Journal, statement: str, message: str) -> None:
    journal.append("label", rows=[1, 2], new=1)
    unguarded(journal.path, statement)

    with reopened(journal) as again:
        with pytest.raises(CaseError, match=message):
            again.state()
        with pytest.raises(CaseError, match=message):
            again.append("exclude", rows=[1])


def test_rows_outside_the_case_are_damage(tmp_path: Path) -> None:
    with Journal(tmp_path / "large.sqlite", instances=1000, data_fingerprint="data") as large:
        large.append("exclude", rows=[999])
    raw(tmp_path / "large.sqlite", "UPDATE meta SET value = '37' WHERE key = 'instances'")

    with (
        Journal(tmp_path / "large.sqlite", instances=37, data_fingerprint="data") as small,
        pytest.raises(CaseError, match="its rows are not sorted rows of this case"),
    ):
        small.state()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE extra (a)",
        "DROP TRIGGER never_changed",
        "CREATE TRIGGER sly AFTER INSERT ON edits BEGIN SELECT 1; END",
        "DROP TABLE meta",
        "CREATE VIEW v AS SELECT 1",
    ],
)
def test_a_file_laid_out_otherwise_is_refused(journal: Journal, statement: str) -> None:
    journal.close()
    raw(journal.path, statement)

    with pytest.raises(CaseError, match="is damaged: it is not laid out as a journal of edits"):
        reopened(journal)


def test_a_newer_journal_is_refused_with_what_to_do(journal: Journal) -> None:
    journal.close()
    raw(journal.path, "UPDATE meta SET value = '2' WHERE key = 'schema'")

    with pytest.raises(
        CaseError, match=r"was written by a newer underglass \(journal schema 2; this one reads up to 1\): upgrade underglass"
    ):
        reopened(journal)


def test_a_file_that_is_no_database_is_named(journal: Journal) -> None:
    journal.close()
    journal.path.write_bytes(b"no database at all" * 100)

    with pytest.raises(CaseError, match=r"edits\.sqlite is damaged: file is not a database"):
        reopened(journal)


def test_a_full_disk_refuses_the_edit_and_keeps_those_before() -> None:
    out = run_on_small_disk(
        """
from pathlib import Path
import numpy as np
from underglass.errors import CaseError
from underglass.store import Journal
journal = Journal(Path(sys.argv[1]) / "edits.sqlite", instances=400_000, data_fingerprint="data")
made = 0
try:
    for seed in range(1000):
        journal.append("label", rows=np.random.default_rng(seed).choice(400_000, 30_000, replace=False), new=1)
        made += 1
except CaseError as error:
    print(str(error).split(":")[0])
print(journal.sequence == made > 0, journal.verify())
journal.close()
again = Journal(Path(sys.argv[1]) / "edits.sqlite", instances=400_000, data_fingerprint="data")
print(again.sequence == made, again.verify())
""",
        kilobytes=1500,
    )

    assert out.splitlines() == ["the disk is full", "True None", "True None"]


READ_ONLY = """
import os
from underglass.errors import CaseError, EditError
from underglass.store import CaseFolder
if os.getuid() == 0:
    os.setuid(65534)
case = CaseFolder.open(sys.argv[1])
try:
    print(list(case.journal.state().tags), case.journal.writable, case.verify())
    case.journal.append("tag", rows=[1], new="b")
except (CaseError, EditError) as error:
    print(error)
"""


def read_only(case: CaseFolder) -> str:
    """What a process prints that may read the case and not write it."""
    folders = [case.path, *(path for path in case.path.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    for path in case.path.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    opened = [folder for folder in case.path.parents if folder.is_relative_to("/tmp") and folder != Path("/tmp")]
    for folder in opened:
        folder.chmod(0o755)
    try:
        return run(READ_ONLY, case.path)
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_a_write_protected_case_can_be_read_and_says_that_it_cannot_be_edited(case: CaseFolder) -> None:
    case.journal.append("tag", rows=[1], new="a")
    case.close()

    state, message = read_only(case).splitlines()

    assert state == "['a'] False []"
    assert message.endswith("small.case is write-protected: its edits can be read but not added to")


def test_a_write_protected_case_with_edits_in_its_log_loses_none_silently(case: CaseFolder, tmp_path: Path) -> None:
    case.journal.append("tag", rows=[1], new="a")
    shutil.copytree(case.path, tmp_path / "copy.case")
    (tmp_path / "copy.case" / "edits.sqlite-shm").unlink()

    out = read_only(CaseFolder.open(tmp_path / "copy.case"))

    assert "was not closed well: its last edits are in edits.sqlite-wal" in out


def test_threads_may_share_a_journal(journal: Journal) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda i: journal.append("tag", rows=[i % INSTANCES], new=f"t{i}"), range(60)))
        list(threads.map(lambda _: journal.state(), range(60)))

    assert [edit.sequence for edit in journal.edits()] == list(range(1, 61))
    assert len(journal.state().tags) == 60
    assert journal.verify() is None


def test_a_waiting_process_gets_its_turn(case: CaseFolder) -> None:
    process = start(
        """
from underglass.store import CaseFolder
with CaseFolder.open(sys.argv[1]).journal.transaction() as together:
    together.append("tag", rows=[1], new="first")
    print("inside", flush=True)
    sys.stdin.readline()
""",
        case.path,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    second = start(EDIT, case.path)

    process.communicate("go\n", timeout=60)
    second.communicate(timeout=60)

    assert second.returncode == 0
    assert [edit.author for edit in case.journal.edits()][1:] == ["bob"]


def test_making_a_journal_twice_at_once_makes_one(tmp_path: Path) -> None:
    script = """
from pathlib import Path
from underglass.store import Journal
Journal(Path(sys.argv[1]), instances=37, data_fingerprint="data").append("tag", rows=[1], new=sys.argv[2])
"""
    processes = [start(script, tmp_path / "edits.sqlite", name) for name in "abc"]
    for process in processes:
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error

    with Journal(tmp_path / "edits.sqlite", instances=37, data_fingerprint="data") as journal:
        assert list(journal.state().tags) == ["a", "b", "c"]


def fields(path: Path) -> list[Any]:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT count(*), sum(length(rows)) FROM edits").fetchone()
    connection.close()
    return list(found)


def test_an_undo_writes_no_rows_again(tmp_path: Path) -> None:
    with Journal(tmp_path / "edits.sqlite", instances=100_000, data_fingerprint="data") as journal:
        journal.append("exclude", rows=range(0, 100_000, 3))
        before = fields(journal.path)
        journal.undo()
        journal.redo()

        assert fields(journal.path) == [3, before[1]]


def test_the_process_umask_is_respected(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        case = make_case(tmp_path / "a.case")
    finally:
        os.umask(old)

    assert (case.path / "case.json").stat().st_mode & 0o777 == 0o640
