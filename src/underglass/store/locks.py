"""Who may change this now? One process at a time, told by the operating system, let go when the process dies."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from underglass.store.writing import disk_errors


class Busy(Exception):
    """Somebody else holds the lock."""


@dataclass
class _Held:
    """One lock file within this process: which thread is in, and how deep."""

    thread: threading.RLock = field(default_factory=threading.RLock)
    depth: int = 0


_held: dict[Path, _Held] = {}
_guard = threading.Lock()


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock file, across threads and processes; the thread that holds it may enter again if it would wait.

    Parameters
    ----------
    path
        The lock file; made if missing, never removed (a removed lock file can be held twice).
    wait
        Wait for the holder, else raise `Busy` at once.
    """
    with _guard:
        held = _held.setdefault(path.resolve(), _Held())
    if not held.thread.acquire(blocking=wait):
        raise Busy
    try:
        if held.depth and not wait:
            raise Busy
        with contextlib.ExitStack() as stack:
            if held.depth == 0:
                stack.enter_context(_locked_file(path, wait=wait))
            held.depth += 1
            try:
                yield
            finally:
                held.depth -= 1
    finally:
        held.thread.release()


@contextlib.contextmanager
def _locked_file(path: Path, *, wait: bool) -> Iterator[None]:
    with disk_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock(descriptor, wait=wait)
        yield
    finally:
        os.close(descriptor)  # lets go of the lock


if os.name == "nt":
    import msvcrt

    def _lock(descriptor: int, *, wait: bool) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
                return
            except OSError:
                if not wait:
                    raise Busy from None
                time.sleep(0.05)

else:
    import fcntl

    def _lock(descriptor: int, *, wait: bool) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy from None
