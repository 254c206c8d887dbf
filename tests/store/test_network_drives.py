"""Is a network drive known as such, and warned about?"""

from __future__ import annotations

from pathlib import Path

import pytest

from underglass.store import Journal, journal_file
from underglass.store.network_drives import network_drive


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    (tmp_path / "share" / "inside").mkdir(parents=True)
    (tmp_path / "mes été").mkdir()
    table = tmp_path / "mounts"
    lines = [
        "/dev/sda1 / ext4 rw 0 0",
        f"server:/x {tmp_path}/share nfs4 rw 0 0",
        f"me@host: {tmp_path}/mes\\040été fuse.sshfs rw 0 0",
    ]
    table.write_text("\n".join([*lines, f"tmpfs {tmp_path}/share/inside tmpfs rw 0 0", "broken", ""]))
    return table


def test_the_innermost_mount_decides(tmp_path: Path, mounts: Path) -> None:
    assert network_drive(tmp_path, mounts) is None
    assert network_drive(tmp_path / "share", mounts) == "nfs4"
    assert network_drive(tmp_path / "share" / "inside", mounts) is None
    assert network_drive(tmp_path / "mes été", mounts) == "fuse.sshfs"


def test_a_link_is_followed_to_where_it_leads(tmp_path: Path, mounts: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "share")

    assert network_drive(tmp_path / "link", mounts) == "nfs4"


def test_without_a_table_of_mounts_a_drive_counts_as_local(tmp_path: Path) -> None:
    assert network_drive(tmp_path, tmp_path / "none") is None


def test_this_folder_is_local(tmp_path: Path) -> None:
    assert network_drive(tmp_path) is None


def test_a_journal_on_a_network_drive_warns_and_keeps_no_log_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "network_drive", lambda folder: "nfs4")

    settings = {"instances": 5, "data_fingerprint": "data"}
    message = (
        r"is on a network drive \(nfs4\): edits are slower there, .* keep the case on a local disk while several people edit"
    )
    with pytest.warns(UserWarning, match=message):
        journal = Journal(tmp_path / "edits.sqlite", **settings)
    with pytest.warns(UserWarning, match=message):
        other = Journal(tmp_path / "edits.sqlite", **settings)

    with journal, other:
        journal.append("tag", rows=[1], new="a")
        assert list(other.state().tags) == ["a"]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["edits.sqlite"]
