"""When must a running query end? After its time limit, or when nobody waits for it any more."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AGAIN_AFTER = 0.05
"""Seconds; an interrupt that came before the query began is lost, so it is repeated until the query has ended."""


class Stop:
    """Ends queries from another thread; give it to a query, then call `set` when nobody waits for the answer."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._watches: list[Watch] = []
        self._guard = threading.Lock()

    @property
    def stopped(self) -> bool:
        """Whether the queries are to end."""
        return self._event.is_set()

    def set(self) -> None:
        """End the queries that have this stop."""
        self._event.set()
        with self._guard:
            watches = list(self._watches)
        for watch in watches:
            watch.wake()

    @contextmanager
    def heard_by(self, watch: Watch) -> Iterator[None]:
        """While a query runs, let its watch hear of the stop."""
        with self._guard:
            self._watches.append(watch)
        try:
            yield
        finally:
            with self._guard:
                self._watches.remove(watch)


class Watch:
    """One thread that interrupts every query that has run too long or is stopped."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._running: dict[int, tuple[Callable[[], None], Stop]] = {}
        self._due: list[tuple[float, int]] = []
        self._numbers = itertools.count()
        self._woken = False
        self._closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, interrupt: Callable[[], None], seconds: float, stop: Stop) -> Iterator[Callable[[], bool]]:
        """Watch over one query; gives a function that says whether its time is up.

        Parameters
        ----------
        interrupt
            Ends the query; called again until it has ended.
        seconds
            Time limit.
        stop
            Ends it earlier.
        """
        number, deadline = next(self._numbers), time.monotonic() + seconds
        with self._condition:
            self._start()
            self._running[number] = (interrupt, stop)
            heapq.heappush(self._due, (deadline, number))
            if self._due[0][1] == number:
                self._condition.notify()
        try:
            with stop.heard_by(self):
                yield lambda: time.monotonic() >= deadline
        finally:
            with self._condition:
                del self._running[number]

    def wake(self) -> None:
        """Look at the stops."""
        with self._condition:
            self._woken = True
            self._condition.notify()

    def close(self) -> None:
        """End the thread."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(timeout=1)

    def _start(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="underglass query watch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with self._condition:
            while not self._closed:
                self._interrupt_due()
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if not self._woken and (wait is None or wait > 0):
                    self._condition.wait(wait)

    def _interrupt_due(self) -> None:
        now = time.monotonic()
        again: set[int] = set()
        while self._due and self._due[0][0] <= now:
            _, number = heapq.heappop(self._due)
            if number in self._running:
                again.add(number)
        if self._woken:
            self._woken = False
            again.update(number for number, (_, stop) in self._running.items() if stop.stopped)
        for number in again:
            self._running[number][0]()
            heapq.heappush(self._due, (now + AGAIN_AFTER, number))
