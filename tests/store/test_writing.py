"""Is a file there whole or not at all, even on a full disk?"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from store.building import start
from store.small_disk import run_on_small_disk
from underglass.errors import CaseError
from underglass.store.writing import disk_errors, remove_parts, replacing, write_all, write_file


def test_a_file_is_replaced_by_consecutive_pieces(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    write_file(tmp_path / "a", b"new", b"", memoryview(b" bytes"))

    assert (tmp_path / "a").read_bytes() == b"new bytes"
    assert os.listdir(tmp_path) == ["a"]


def test_an_error_while_writing_leaves_the_old_file_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def half() -> None:
        with replacing(tmp_path / "a") as part:
            part.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()

    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_killed_process_leaves_the_old_file_and_a_part_that_can_be_removed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    process = start(
        """
import time
from pathlib import Path
from underglass.store.writing import replacing
with replacing(Path(sys.argv[1])) as part:
    part.write_bytes(b"half")
    print("writing", flush=True)
    sys.stdin.read()
""",
        tmp_path / "a",
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"

    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert (tmp_path / "a").read_bytes() == b"old"
    assert len(os.listdir(tmp_path)) == 2
    remove_parts(tmp_path)
    assert os.listdir(tmp_path) == ["a"]


def test_a_full_disk_is_said_and_the_old_file_stays() -> None:
    out = run_on_small_disk(
        """
import os
from pathlib import Path
from underglass.errors import CaseError
from underglass.store.writing import write_file
place = Path(sys.argv[1]) / "a"
write_file(place, b"old")
try:
    write_file(place, bytes(2_000_000))
except CaseError as error:
    print(error)
print(place.read_bytes(), os.listdir(sys.argv[1]))
""",
        kilobytes=1000,
    )

    message, state = out.splitlines()
    assert message.startswith("the disk is full: ")
    assert message.endswith("/a was not written, and nothing is left half-written; free some space and try again")
    assert state == "b'old' ['a']"


def test_a_device_without_space_is_said() -> None:
    with (
        pytest.raises(CaseError, match="the disk is full"),
        disk_errors(Path("/dev/full")),
        open("/dev/full", "wb", buffering=0) as full,
    ):
        write_all(full.fileno(), b"x")


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="/proc/a cannot be written"), disk_errors(Path("/proc/a")):
        raise PermissionError(13, "Permission denied")


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        write_file(Path(__file__) / "a", b"x")
