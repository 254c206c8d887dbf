"""How are the queries of one brush answered together? In one response, each as soon as it is known.

A page of six linked views asks six questions at every step of a brush; one request instead of six saves more of the browser's
time than the queries take. The answer is a stream of parts in the order they are done, little-endian::

    uint32   number of the query in the request, from 0
    uint32   status: 200, or that of the error
    uint64   data version it was read at; 0 for an error
    uint64   bytes that follow
    bytes    an Arrow IPC stream, or the error as JSON
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from underglass.errors import UnderglassError
from underglass.hosts.server.answers import Threads, failed, refused
from underglass.serving import Answer, QueryError, Stop

PART = struct.Struct("<IIQQ")
MOST = 64
TYPE = "application/octet-stream"


class Batch(Response):
    """The answers of several queries.

    Parameters
    ----------
    request
        Its body must have been read.
    threads
        Where the queries are worked on.
    queries
        At most 64 texts.
    answer
        Answers one; stopped when the browser no longer waits.

    Raises
    ------
    QueryError
        If `queries` is none.
    """

    def __init__(self, request: Request, threads: Threads, queries: object, answer: Callable[[str, Stop], Answer]) -> None:
        super().__init__(media_type=TYPE)
        if not isinstance(queries, list) or not all(isinstance(sql, str) for sql in queries) or not 0 < len(queries) <= MOST:
            raise QueryError(f'queries are {{"sql": a list of 1 to {MOST} texts}}')
        self._request, self._threads, self._queries, self._answer = request, threads, queries, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [pair for pair in self.raw_headers if pair[0] != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        stops = [Stop() for _ in self._queries]
        working = [asyncio.ensure_future(self._part(number, stop)) for number, stop in enumerate(stops)]
        leaving = asyncio.ensure_future(_left(receive))
        left = list(working)
        try:
            while left:
                every: set[asyncio.Future[Any]] = {*left, leaving}
                done, _ = await asyncio.wait(every, return_when=asyncio.FIRST_COMPLETED)
                if leaving in done:
                    return
                for part in [part for part in left if part in done]:
                    await send({"type": "http.response.body", "body": part.result(), "more_body": True})
                left = [part for part in left if part not in done]
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            if left:
                for stop in stops:
                    stop.set()
                await asyncio.gather(*working, return_exceptions=True)

    async def _part(self, number: int, stop: Stop) -> bytes:
        try:
            sql = self._queries[number]
            answer = await self._threads.run(lambda: self._answer(sql, stop))
            return PART.pack(number, 200, answer.version, len(answer.data)) + answer.data
        except UnderglassError as error:
            said = await refused(self._request, error)
        except Exception as error:  # noqa: BLE001  (what breaks one answer leaves the others whole)
            said = await failed(self._request, error)
        body = bytes(said.body)
        return PART.pack(number, said.status_code, 0, len(body)) + body


async def _left(receive: Receive) -> None:
    """Return when the browser has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
