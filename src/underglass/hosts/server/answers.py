"""How is a request answered? Work in a thread of its own pool, errors as JSON with a message for people."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from underglass.errors import UnderglassError
from underglass.hosts.answering import refusal, to_json
from underglass.hosts.server.security import BodyTooLarge
from underglass.serving import Stop

T = TypeVar("T")

THREADS = 16


class Threads:
    """Where requests are worked on, so that a long one does not keep the others waiting."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="underglass request")

    async def run(self, work: Callable[[], T]) -> T:
        """Do work in a thread, as the person whose request this is."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, contextvars.copy_context().run, work)

    async def run_while_wanted(self, request: Request, work: Callable[[Stop], T]) -> T:
        """Do work in a thread that is stopped when the browser no longer waits for it."""
        stop = Stop()
        working = asyncio.ensure_future(self.run(lambda: work(stop)))
        leaving = asyncio.ensure_future(_left(request))
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not working.done():
                stop.set()
            leaving.cancel()
        return await working

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


async def body_of(request: Request) -> dict[str, Any]:
    """The request's JSON object.

    Raises
    ------
    UnderglassError
        If it is none.
    """
    try:
        body = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError) as error:
        raise UnderglassError(f"the request is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise UnderglassError("the request must be a JSON object")
    return body


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(to_json(value), status, headers, "application/json")


async def refused(request: Request, error: Exception) -> Response:
    """An error a person can mend: its message."""
    if isinstance(error, BodyTooLarge):
        return json_answer({"error": "the request is too large"}, 413)
    status, body = refusal(error)
    return json_answer(body, status)


async def failed(request: Request, error: Exception) -> Response:
    """An error nobody foresaw: what and where in short to the page, all of it to the terminal."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=499)
    status, body = refusal(error)
    return json_answer(body, status)


async def _left(request: Request) -> None:
    """Return when the browser has left; the request's body must have been read."""
    with contextlib.suppress(RuntimeError):
        while (await request.receive())["type"] != "http.disconnect":
            pass
