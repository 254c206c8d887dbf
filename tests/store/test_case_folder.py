"""Is a case made whole or not at all, and does it open as it was?"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from store.building import CLASSES, INSTANCES, capture, files_of, make_case, start, table
from store.small_disk import run_on_small_disk
from underglass.errors import CaseError, DataError
from underglass.store import CaseFolder


def test_a_case_opens_as_it_was_made(tmp_path: Path) -> None:
    made = make_case(tmp_path / "a.case", skipped=[("bad.png", "it is cut short")], source={"root": "photos", "n": 3})

    case = CaseFolder.open(tmp_path / "a.case")

    assert case.manifest == made.manifest
    assert (case.name, case.manifest.kind, case.manifest.classes, case.manifest.instances) == ("a", "image", CLASSES, INSTANCES)
    assert case.manifest.skipped == (("bad.png", "it is cut short"),)
    assert case.manifest.source == {"root": "photos", "n": 3}
    assert case.instances.drop_columns(["row"]).select(table().column_names).equals(table())
    assert (case.models, case.journal.edits(), case.verify()) == ((), [], [])


def test_labels_are_the_source_with_the_edits_over_it(case: CaseFolder) -> None:
    source = [-1 if label is None else label for label in table()["label"].to_pylist()]
    assert case.labels().tolist() == source

    case.journal.append("label", rows=[0, 9], new=2)
    case.journal.append("label", rows=[1], new=None)

    assert case.labels().tolist() == [2, -1, *source[2:9], 2, *source[10:]]
    assert case.source_labels.tolist() == source


def test_edits_change_no_file_of_the_data(captured: CaseFolder) -> None:
    before = {name: data for name, data in files_of(captured.path).items() if not name.startswith("edits")}

    captured.journal.append("label", rows=range(30), new=1)
    captured.journal.append("tag", rows=[1], new="odd")
    captured.close()

    assert {name: data for name, data in files_of(captured.path).items() if not name.startswith("edits")} == before


def test_an_existing_path_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.case").mkdir()
    (tmp_path / "b.case").write_text("mine")
    (tmp_path / "c.case").symlink_to(tmp_path / "nowhere")

    for name in ("a.case", "b.case", "c.case"):
        with pytest.raises(CaseError, match=rf"{name} is there already: choose another path, or open it"):
            make_case(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["a.case", "b.case", "c.case"]


def test_refused_instances_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ids must differ"):
        CaseFolder.create(
            tmp_path / "a.case",
            table().set_column(0, "id", [["x"] * INSTANCES]),
            kind="image",
            classes=CLASSES,
            source={},
            data_fingerprint="",
        )
    with pytest.raises(DataError, match=r"no kind of instances named 'images'; did you mean 'image'"):
        make_case(tmp_path / "a.case", kind="images")
    with pytest.raises(DataError, match="the description of the source must be plain JSON"):
        make_case(tmp_path / "a.case", source={"reader": object()})
    assert os.listdir(tmp_path) == []


def test_media_that_fail_leave_nothing(tmp_path: Path) -> None:
    def fill(writer) -> None:
        writer.put_text(0, "x")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        make_case(tmp_path / "a.case", fill=fill)
    assert os.listdir(tmp_path) == []


def test_media_are_there_when_the_case_appears(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (INSTANCES, 4, 4), dtype=np.uint8)

    case = make_case(tmp_path / "a.case", fill=lambda writer: writer.put_array(images))

    np.testing.assert_array_equal(case.media.stack(range(INSTANCES)), images)
    assert case.verify() == []


def test_killed_while_it_is_made_there_is_no_case_and_the_next_attempt_clears_up(tmp_path: Path) -> None:
    process = start(
        """
from pathlib import Path
from store.building import make_case
def fill(writer):
    writer.put_text(0, "x")
    print("filling", flush=True)
    sys.stdin.read()
make_case(Path(sys.argv[1]), fill=fill)
""",
        tmp_path / "a.case",
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "filling\n"
    make_case(tmp_path / "other.case")
    assert not (tmp_path / "a.case").exists()
    assert len(os.listdir(tmp_path)) == 2

    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert make_case(tmp_path / "a.case").verify() == []
    assert sorted(os.listdir(tmp_path)) == ["a.case", "other.case"]


def test_one_that_is_being_made_is_not_cleared_up_by_another(tmp_path: Path) -> None:
    def fill(writer) -> None:
        make_case(tmp_path / "a.case")

    with pytest.raises(CaseError, match="is there already"):
        make_case(tmp_path / "a.case", fill=fill)

    assert os.listdir(tmp_path) == ["a.case"]
    assert CaseFolder.open(tmp_path / "a.case").verify() == []


def test_a_full_disk_leaves_no_case() -> None:
    out = run_on_small_disk(
        """
import os
from pathlib import Path
import numpy as np
from store.building import make_case
from underglass.errors import CaseError
try:
    make_case(Path(sys.argv[1]) / "a.case", fill=lambda writer: writer.put_array(np.zeros((37, 200, 200), np.uint8)))
except CaseError as error:
    print(str(error).split(":")[0])
print(os.listdir(sys.argv[1]))
""",
        kilobytes=1000,
    )

    assert out.splitlines() == ["the disk is full", "[]"]


def test_another_process_sees_a_new_model(case: CaseFolder) -> None:
    other = CaseFolder.open(case.path)
    assert other.models == ()

    capture(case)

    assert other.models == ("cnn",)
    assert other.model().activations("conv1").shape == (INSTANCES, 6)


def test_a_case_may_be_moved(captured: CaseFolder, tmp_path: Path) -> None:
    captured.journal.append("tag", rows=[1], new="odd")
    captured.close()
    captured.path.rename(tmp_path / "moved.case")

    case = CaseFolder.open(tmp_path / "moved.case")

    assert case.name == "small"
    assert case.model().activations("conv1").array().shape == (INSTANCES, 6)
    assert list(case.journal.state().tags) == ["odd"]
    assert case.verify() == []


def test_a_lost_journal_is_said(case: CaseFolder) -> None:
    case.close()
    (case.path / "edits.sqlite").unlink()

    assert case.verify() == ["edits.sqlite"]
    with pytest.warns(
        UserWarning, match=r"edits\.sqlite is missing: the edits of this case are lost, and new ones start from the source"
    ):
        assert CaseFolder.open(case.path).journal.edits() == []


def test_a_case_holds_no_code_and_no_pickle(captured: CaseFolder) -> None:
    captured.results.put("patterns", "k", {"labels": np.arange(3)}, {}, {})
    captured.media.put(0, b"x", "text/plain")

    suffixes = {Path(name).suffix for name in files_of(captured.path)}
    assert suffixes <= {".json", ".jsonl", ".parquet", ".npy", ".bin", ".sqlite", ".sqlite-wal", ".sqlite-shm"}
