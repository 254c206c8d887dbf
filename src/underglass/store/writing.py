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
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
MAKE_ROOM = "free some space and try again"
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
BINARY = getattr(os, "O_BINARY", 0)
Bytes = bytes | bytearray | memoryview


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full or write-protected disk into a `CaseError` that names the file and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise CaseError(f"the disk is full: {path} was not written, and nothing is left half-written; {MAKE_ROOM}") from error
        if error.errno in FORBIDDEN:
            raise CaseError(f"{path} cannot be written: {error.strerror}") from error
        raise


@contextlib.contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """A hidden path beside `path` to write to; it takes the place of `path` at the end, or is removed on any error.

    Parameters
    ----------
    path
        The file; what it holds stays until the end.
    sync
        Flush to the disk before the renaming and after, so that a loss of power leaves the old or the new file.

    Raises
    ------
    CaseError
        If the disk is full or write-protected.
    """
    part = path.with_name(f".{path.name[:60]}.{os.getpid()}.{secrets.token_hex(4)}{PART}")
    with disk_errors(path):
        try:
            yield part
            if sync:
                sync_file(part)
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        if sync:
            sync_file(path.parent)


def write_file(path: Path, *pieces: Bytes, sync: bool = True) -> None:
    """Write a file from consecutive pieces, as `replacing` does."""
    with replacing(path, sync=sync) as part:
        write_pieces(part, *pieces)


def write_pieces(path: Path, *pieces: Bytes) -> None:
    """Make a new file of consecutive pieces, without a copy in between."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
    try:
        for piece in pieces:
            write_all(descriptor, piece)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: Bytes, offset: int | None = None) -> None:
    """Write all of the bytes, at an offset or where the descriptor stands; a short write goes on where it stopped."""
    if offset is not None:
        os.lseek(descriptor, offset, os.SEEK_SET)
    view = memoryview(data).cast("B")
    while view:
        view = view[os.write(descriptor, view) :]


def json_bytes(value: Any) -> bytes:
    """Plain JSON as the bytes that are written: readable, and the same for the same value."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def remove_parts(folder: Path) -> None:
    """Take away what a killed process left half-written, in this folder and below; call it only under its lock."""
    for part in folder.rglob(f".*{PART}"):
        with contextlib.suppress(OSError):
            part.unlink()


def sync_file(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk; where folders cannot be opened (Windows) the system does it."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, (os.O_RDWR if os.name == "nt" else os.O_RDONLY) | BINARY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
