"""What must the pages of a tab be told of their own accord? Server-sent events, each page read by a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

from underglass.case import Case
from underglass.errors import UnderglassError
from underglass.hosts.answering import to_json
from underglass.wire import PersonInfo, ServerEvent

LOOK_EVERY = 0.5
"""Seconds between two looks for edits of other processes."""
HEARTBEAT = 10.0
"""Seconds; a page that has gone is found out by it."""
RETRY = 1000
MOST_WAITING = 256


class News:
    """The open pages of one case."""

    def __init__(self, case: Case, session: str) -> None:
        self._case, self._session = case, session
        self._guard = threading.Lock()
        self._pages: dict[queue.Queue[ServerEvent], PersonInfo] = {}
        self._stops: list[Callable[[], None]] = []

    def stream(self, person: PersonInfo) -> Iterator[bytes]:
        """The events of one page, from now on; ends when the page has gone."""
        page: queue.Queue[ServerEvent] = queue.Queue(MOST_WAITING)
        self._enter(page, person)
        try:
            hello = self._case.greeting()
            hello["session"] = self._session
            yield f"retry: {RETRY}\n\n".encode() + _written(hello)
            silent = 0.0
            while True:
                try:
                    yield _written(page.get(timeout=LOOK_EVERY))
                    silent = 0.0
                except queue.Empty:
                    silent += LOOK_EVERY
                    with suppress(UnderglassError):  # what is wrong with the case is said to who asks for it
                        self._case.sync()
                    if silent >= HEARTBEAT:
                        silent = 0.0
                        yield b": still here\n\n"
        finally:
            self._leave(page)

    def _enter(self, page: queue.Queue[ServerEvent], person: PersonInfo) -> None:
        with self._guard:
            self._pages[page] = person
            if not self._stops:
                self._stops = [self._case.follow(self._tell)]
        self._tell_people()

    def _leave(self, page: queue.Queue[ServerEvent]) -> None:
        with self._guard:
            self._pages.pop(page, None)
            stops, self._stops = ([], self._stops) if self._pages else (self._stops, [])
        for stop in stops:
            stop()
        self._tell_people()

    def _tell_people(self) -> None:
        with self._guard:
            people = list({(one["name"], one["role"]): one for one in self._pages.values()}.values())
        self._tell(ServerEvent(type="people", people=people))

    def _tell(self, event: ServerEvent) -> None:
        with self._guard:
            pages = list(self._pages)
        for page in pages:
            with suppress(queue.Full):  # it does not read: what it misses it asks for when it looks again
                page.put_nowait(event)


def _written(event: ServerEvent) -> bytes:
    return b"data: " + to_json(event) + b"\n\n"
