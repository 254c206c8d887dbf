"""How does a file get onto the disk whole or not at all?

Written beside its place, flushed to the disk, then renamed: a reader sees the old bytes or the new ones, whenever the
process is killed. A disk that is full is said as such, and what was begun is taken away again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from underglass.errors import CaseError

PART = ".part"
FULL = {errno.ENOSPC, errno.EDQUOT}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
Bytes = bytes | bytearray | memoryview


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full or write-protected disk into a `CaseError` that names the file and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise CaseError(
                f"the disk is full: {path} was not written, and nothing is half-written; free some space and try again"
            ) from error
        if error.errno in FORBIDDEN:
            raise CaseError(f"{path} cannot be written: {error.strerror}") from error
        raise


def write_file(path: Path, *pieces: Bytes, sync: bool = True) -> None:
    """Write a file from consecutive pieces, atomically; with `sync` it also survives a loss of power.

    Raises
    ------
    CaseError
        If the disk is full or write-protected; the old file, if there was one, stays.
    """
    part = part_beside(path)
    with disk_errors(path):
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            try:
                for piece in pieces:
                    write_all(descriptor, piece)
                if sync:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        if sync:
            sync_folder(path.parent)


def write_all(descriptor: int, data: Bytes, offset: int | None = None) -> None:
    """Write all of the bytes, at an offset or where the descriptor stands; a short write goes on where it stopped."""
    view = memoryview(data).cast("B")
    while view:
        if offset is None:
            written = os.write(descriptor, view)
        else:
            written = os.pwrite(descriptor, view, offset)
            offset += written
        view = view[written:]


def write_json(path: Path, value: Any) -> bytes:
    """Write plain JSON atomically, two spaces deep, and return its bytes."""
    data = json_bytes(value)
    write_file(path, data)
    return data


def json_bytes(value: Any) -> bytes:
    """Plain JSON as the bytes that are written: readable, and the same for the same value."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def part_beside(path: Path) -> Path:
    """A fresh hidden name in the same folder, for what is not finished."""
    return path.with_name(f".{path.name[:60]}.{os.getpid()}.{secrets.token_hex(4)}{PART}")


def remove_parts(folder: Path) -> None:
    """Take away what a killed process left half-written, in this folder and below; call it only under its lock."""
    for part in folder.rglob(f".*{PART}"):
        with contextlib.suppress(OSError):
            part.unlink()


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a loss of power; where folders cannot be opened (Windows) the system does it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
