"""How is a request answered? Work in a thread of its own pool, errors as JSON with a message for people."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from underglass.errors import JobCancelled, StaleError, UnderglassError
from underglass.hosts.server.security import BodyTooLarge, to_json
from underglass.serving import Stop

T = TypeVar("T")

THREADS = 16
STATUS: tuple[tuple[type[UnderglassError], int], ...] = ((StaleError, 409), (JobCancelled, 409))


class NotFound(UnderglassError):
    """Something an address names is not there."""


class Threads:
    """Where requests are worked on, so that a long one does not keep the others waiting."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="underglass request")

    async def run(self, work: Callable[[], T]) -> T:
        """Do work in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

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
    if isinstance(error, NotFound):
        return json_answer({"error": str(error)}, 404)
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 400)
    body: dict[str, Any] = {"error": str(error)}
    if hasattr(error, "position"):
        body["position"] = error.position
    return json_answer(body, status)


async def failed(request: Request, error: Exception) -> Response:
    """An error nobody foresaw: what and where in short to the page, all of it to the terminal."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=499)
    traceback.print_exception(error, file=sys.stderr)
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({Path(frame[0].filename).name}, line {frame[0].lineno})" if frame else ""
    said = str(error).strip().split("\n", 1)[0]
    details = f"{type(error).__name__}: {said}{where}" if said else f"{type(error).__name__}{where}"
    return json_answer({"error": "the server met an error it did not expect; the terminal says more", "details": details}, 500)


async def _left(request: Request) -> None:
    """Return when the browser has left; the request's body must have been read."""
    with contextlib.suppress(RuntimeError):
        while (await request.receive())["type"] != "http.disconnect":
            pass
