"""What must open pages be told of their own accord? The data version, jobs, who is here, and that another case is open.

Server-sent events, each a JSON object. The first, ``hello``, says where things stand, so that a page that was away for a
while needs no history: it compares the version and asks anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from underglass.hosts.answering import to_json
from underglass.wire import PersonInfo, ServerEvent

HEARTBEAT = 10.0
"""Seconds; a silent connection is found dead by it, and by proxies kept alive."""
RETRY = 1000
"""Milliseconds until the browser asks again after the connection broke."""
MOST_WAITING = 256


class Events:
    """The open pages; told from any thread."""

    def __init__(self) -> None:
        self._pages: dict[asyncio.Queue[ServerEvent | None], PersonInfo] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def listened_to(self) -> bool:
        """Whether any page is open."""
        return bool(self._pages)

    def tell(self, event: ServerEvent) -> None:
        """Tell all pages; returns at once."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # the loop ended between the look and the call
                loop.call_soon_threadsafe(self._put, event)

    def close(self) -> None:
        """End all streams."""
        for page in self._pages:
            _end(page)

    @property
    def people(self) -> list[PersonInfo]:
        """Who has a page open, each once, in the order they came; what they look at is theirs."""
        return [dict(person) for person in dict.fromkeys(tuple(one.items()) for one in self._pages.values())]  # type: ignore[misc]

    async def stream(self, hello: Callable[[], ServerEvent], person: PersonInfo) -> AsyncIterator[bytes]:
        """The events of one person's page, from now on."""
        self._loop = asyncio.get_running_loop()
        page: asyncio.Queue[ServerEvent | None] = asyncio.Queue(MOST_WAITING)
        self._pages[page] = person
        self._put_people()
        try:
            yield f"retry: {RETRY}\n\n".encode() + _written(hello())
            while True:
                try:
                    event = await asyncio.wait_for(page.get(), HEARTBEAT)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event is None:
                    return
                yield _written(event)
        finally:
            self._pages.pop(page, None)
            self._put_people()

    def _put_people(self) -> None:
        self._put(ServerEvent(type="people", people=self.people))

    def _put(self, event: ServerEvent) -> None:
        for page in list(self._pages):
            if page.full():
                _end(page)  # it does not read: it will reconnect and be greeted anew
            else:
                page.put_nowait(event)


def _end(page: asyncio.Queue[ServerEvent | None]) -> None:
    while not page.empty():
        page.get_nowait()
    page.put_nowait(None)


def _written(event: ServerEvent) -> bytes:
    return b"data: " + to_json(event) + b"\n\n"
