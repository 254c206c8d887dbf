"""Who may change this now? One process at a time, told by the operating system, let go when the process dies."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from underglass.store.writing import disk_errors

_threads: dict[Path, threading.RLock] = {}
_threads_guard = threading.Lock()


class Busy(Exception):
    """Somebody else holds the lock."""


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock file, across threads and processes.

    Parameters
    ----------
    path : the lock file; made if missing, never removed (a removed lock file can be held twice).
    wait : wait for the holder, else raise `Busy` at once.
    """
    with _threads_guard:
        among_threads = _threads.setdefault(path.resolve(), threading.RLock())
    if not among_threads.acquire(blocking=wait):
        raise Busy
    try:
        with disk_errors(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor, wait=wait)
            yield
        finally:
            os.close(descriptor)  # lets go of the lock
    finally:
        among_threads.release()


if os.name == "nt":  # pragma: no cover
    import msvcrt
    import time

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
