"""Is this folder on a drive that other computers share? There, SQLite's write-ahead log does not work."""

from __future__ import annotations

import os
import re
from pathlib import Path

NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb",
    "smb2",
    "smb3",
    "smbfs",
    "afpfs",
    "afs",
    "9p",
    "ceph",
    "lustre",
    "gpfs",
    "beegfs",
    "glusterfs",
    "davfs",
    "webdav",
    "ncpfs",
}
NETWORK_FUSE = (
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.ceph",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.gcsfuse",
    "fuse.davfs",
    "fuse.curlftpfs",
    "fuse.nfs",
    "fuse.smb",
)
ESCAPE = re.compile(r"\\([0-7]{3})")  # a space in a mount's path is written \040
MOUNTS = Path("/proc/mounts")


def network_drive(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of network file system a folder is on, such as ``"nfs4"``; None if it is local or cannot be told.

    Parameters
    ----------
    folder
        Any existing folder.
    mounts
        The system's table of mounts; elsewhere than on Linux only ``\\\\server\\share`` paths are known.
    """
    if os.name == "nt":
        return "smb" if str(folder.absolute()).startswith("\\\\") else None
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return None
    place = folder.resolve()
    best, kind = -1, None
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        mount = Path(ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[1]))
        if place.is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), fields[2]
    return kind if kind is not None and (kind in NETWORK or kind.startswith(NETWORK_FUSE)) else None
