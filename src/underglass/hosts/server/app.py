"""Which addresses does the server answer? A case over HTTP; all of them relative, so that a proxy may put a prefix before."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from underglass.errors import DataError, EditError, UnderglassError, unknown
from underglass.hosts.server.answers import NotFound, Threads, body_of, failed, json_answer, refused
from underglass.hosts.server.auditing import Auditing
from underglass.hosts.server.batches import Batch
from underglass.hosts.server.events import Events
from underglass.hosts.server.holder import Holder, ServedCase, opener
from underglass.hosts.server.pages import Pages
from underglass.hosts.server.security import BodyTooLarge, Security, allowed_hosts
from underglass.hosts.server.sheets import contact_sheet, picture
from underglass.hosts.server.start import Recent
from underglass.jobs import Job
from underglass.serving import Answer, QueryError

SYNC_EVERY = 0.5
"""Seconds between two looks for edits of other processes, while a page is open."""
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
ARROW = "application/vnd.apache.arrow.stream"


def create_app(
    case: ServedCase | None,
    *,
    token: str,
    viewer_token: str | None = None,
    port: int | None = None,
    host_names: Sequence[str] = (),
    recent: Recent | None = None,
    open_case: Callable[[Path], ServedCase] | None = None,
    pages: Pages | None = None,
) -> Starlette:
    """The app of one server.

    Parameters
    ----------
    case
        To show; None shows the start page.
    token
        Of the owner.
    viewer_token
        Of people who may look but not edit.
    port
        That the server listens at; None for tests.
    host_names
        Further names the server is reached by, for a proxy in front.
    recent
        The list of the start page.
    open_case
        How a case is opened from its folder.
    pages
        The built browser half.
    """
    return _Server(case, recent or Recent(), open_case, pages or Pages()).app(
        Middleware(
            Security,
            token=token,
            viewer_token=viewer_token,
            hosts=allowed_hosts(port, host_names),
            cookie=f"underglass-{port or 0}",
        )
    )


class _Server:
    def __init__(
        self, case: ServedCase | None, recent: Recent, open_case: Callable[[Path], ServedCase] | None, pages: Pages
    ) -> None:
        self.events = Events()
        self.threads = Threads()
        self.holder = Holder(case, self.events)
        self.recent = recent
        self.auditing = Auditing(recent.home)
        self.open_case = open_case
        self.pages = pages

    def app(self, security: Middleware) -> Starlette:
        get, post = ["GET"], ["POST"]
        routes = [
            Route("/api/case", self.case, methods=get),
            Route("/api/query", self.query, methods=post),
            Route("/api/queries", self.queries, methods=post),
            Route("/api/call/{view}/{name}", self.call, methods=post),
            Route("/api/edits", self.edits, methods=post),
            Route("/api/undo", self.undo, methods=post),
            Route("/api/redo", self.redo, methods=post),
            Route("/api/model", self.model, methods=post),
            Route("/api/picks", self.picks, methods=post),
            Route("/api/instance/{row:int}", self.instance, methods=get),
            Route("/api/media/{row:int}", self.media, methods=get),
            Route("/api/sheet", self.sheet, methods=get),
            Route("/api/jobs", self.jobs, methods=get),
            Route("/api/jobs/{id}/cancel", self.cancel, methods=post),
            Route("/api/events", self.news, methods=get),
            Route("/api/cases", self.cases, methods=get),
            Route("/api/open", self.open, methods=post),
            Route("/api/audit/send", self.audit_send, methods=post),
            Route("/api/audit/look", self.audit_look, methods=post),
            Route("/api/audit/preview", self.audit_preview, methods=post),
            Route("/api/audit/make", self.audit_make, methods=post),
            Route("/api/{rest:path}", self.nowhere, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
            Route("/start", self.page, methods=get),
            Route("/{path:path}", self.page, methods=get),
        ]
        handlers = {UnderglassError: refused, BodyTooLarge: refused, Exception: failed}
        return Starlette(routes=routes, middleware=[security], exception_handlers=handlers, lifespan=self.lifespan)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        following = asyncio.create_task(self.follow())
        try:
            yield
        finally:
            following.cancel()
            self.events.close()
            with suppress(asyncio.CancelledError):
                await following
            await self.threads.run(self.holder.close)
            await self.threads.run(self.auditing.close)
            self.threads.close()

    async def follow(self) -> None:
        """Take in edits that other processes made to the case."""
        while True:
            await asyncio.sleep(SYNC_EVERY)
            if self.events.listened_to:
                with suppress(UnderglassError):  # what is wrong with the case is said to who asks for it
                    await self.threads.run(self.holder.sync)

    async def case(self, request: Request) -> Response:
        author = _author(request.query_params.get("author"))
        return json_answer(await self.threads.run(lambda: self.holder.case.info(author)))

    async def query(self, request: Request) -> Response:
        body = await body_of(request)
        kind, sql = body.get("type"), body.get("sql")
        if kind not in ("arrow", "exec") or not isinstance(sql, str):
            raise QueryError('a query is {"type": "arrow" or "exec", "sql": a text}')
        serving = self.holder.case.serving
        if kind == "exec":
            await self.threads.run_while_wanted(request, lambda stop: serving.exec(sql, stop=stop))
            return json_answer({}, headers={"X-Data-Version": str(serving.version)})
        answer: Answer = await self.threads.run_while_wanted(request, lambda stop: serving.answer(sql, stop=stop))
        return Response(answer.data, headers={"X-Data-Version": str(answer.version)}, media_type=ARROW)

    async def queries(self, request: Request) -> Response:
        serving = self.holder.case.serving
        sql = (await body_of(request)).get("sql")
        return Batch(request, self.threads, sql, lambda one, stop: serving.answer(one, stop=stop))

    async def call(self, request: Request) -> Response:
        arguments = await body_of(request)
        view, name = request.path_params["view"], request.path_params["name"]
        case = self.holder.case
        if view not in case.views:
            raise NotFound(unknown("view", view, case.views))
        calls = case.views[view].calls
        if name not in calls:
            raise NotFound(unknown(f"call of {view}", name, calls))
        _check_arguments(calls[name], arguments)
        found = await self.threads.run(lambda: calls[name](case, **arguments))
        if isinstance(found, bytes | bytearray | memoryview):
            return Response(bytes(found), media_type="application/octet-stream")
        return json_answer(found.info() if isinstance(found, Job) else found)

    async def edits(self, request: Request) -> Response:
        body = await body_of(request)
        if not isinstance(body.get("op"), str):
            raise EditError("an edit needs an op")
        asked = {key: body.get(key) for key in ("where", "rows", "value", "seen")}
        asked["author"] = _author(body.get("author"))
        return json_answer(await self.threads.run(lambda: self.holder.case.edit(body["op"], **asked)))

    async def undo(self, request: Request) -> Response:
        author = _author((await body_of(request)).get("author"))
        return json_answer(await self.threads.run(lambda: self.holder.case.undo(author)))

    async def redo(self, request: Request) -> Response:
        author = _author((await body_of(request)).get("author"))
        return json_answer(await self.threads.run(lambda: self.holder.case.redo(author)))

    async def model(self, request: Request) -> Response:
        name = (await body_of(request)).get("name")
        if not isinstance(name, str):
            raise DataError("a model is named by a text")
        case = self.holder.case
        await self.threads.run(lambda: case.use_model(name))
        return json_answer({"version": case.serving.version})

    async def picks(self, request: Request) -> Response:
        body = await body_of(request)
        serving = self.holder.case.serving

        def pick() -> dict[str, Any]:
            if "polygon" in body:
                inside = serving.rows_in_polygon(str(body.get("layer")), body["polygon"])
                return {"name": serving.make_pick(inside, keep=True), "count": len(inside)}
            rows = body.get("rows")
            if not isinstance(rows, list) or not all(isinstance(row, int) and not isinstance(row, bool) for row in rows):
                raise DataError("a pick needs rows, or a polygon and a layer")
            return {"name": serving.make_pick(rows, keep=True), "count": len(set(rows))}

        return json_answer(await self.threads.run(pick))

    async def instance(self, request: Request) -> Response:
        row, layer = request.path_params["row"], request.query_params.get("layer")
        return json_answer(await self.threads.run(lambda: self.holder.case.instance(row, layer)))

    async def media(self, request: Request) -> Response:
        row, media = request.path_params["row"], self.holder.case.folder.media
        try:
            found = await self.threads.run(lambda: picture(media, row))
        except DataError as error:
            raise NotFound(str(error)) from None
        if found is None:
            text = await self.threads.run(lambda: media.text(row))
            if text is not None:
                return Response(text, media_type="text/plain; charset=utf-8")
            raise NotFound(media.missing(row) or "there is nothing to show")
        return Response(found[0], headers={"Content-Security-Policy": PICTURE_POLICY}, media_type=found[1])

    async def sheet(self, request: Request) -> Response:
        media = self.holder.case.folder.media
        try:
            rows = [int(row) for row in request.query_params.get("rows", "").split(",")]
            size = int(request.query_params.get("size", "56"))
        except ValueError:
            raise DataError("a sheet is asked for as ?rows=1,2,3&size=56") from None
        data = await self.threads.run(lambda: contact_sheet(media, rows, size))
        return Response(data, media_type="image/png")

    async def jobs(self, request: Request) -> Response:
        return json_answer([job.info() for job in self.holder.case.jobs.all()])

    async def cancel(self, request: Request) -> Response:
        case = self.holder.case
        return json_answer((await self.threads.run(lambda: case.jobs.cancel(request.path_params["id"]))).info())

    async def news(self, request: Request) -> Response:
        stream = self.events.stream(self.holder.hello)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def cases(self, request: Request) -> Response:
        return json_answer(await self.threads.run(self.recent.info))

    async def open(self, request: Request) -> Response:
        path = self.recent.allowed((await body_of(request)).get("path"))

        def switch() -> None:
            self.holder.switch(path, self.open_case or opener())
            self.recent.add(self.holder.case.folder)

        await self.threads.run(switch)
        return json_answer({"ok": True})

    async def audit_send(self, request: Request) -> Response:
        given, data = request.query_params, await request.body()
        try:
            at = int(given.get("at", "0"))
        except ValueError:
            raise DataError("a piece of a file is sent as ?name=scores.csv&at=0") from None
        return json_answer(await self.threads.run(lambda: self.auditing.receive(given.get("name", ""), at, data)))

    async def audit_look(self, request: Request) -> Response:
        body = await body_of(request)
        return json_answer(await self.threads.run(lambda: self.auditing.look(body.get("separator"), body.get("encoding"))))

    async def audit_preview(self, request: Request) -> Response:
        body = await body_of(request)
        return json_answer(await self.threads.run(lambda: self.auditing.preview(body)))

    async def audit_make(self, request: Request) -> Response:
        body = await body_of(request)

        def make() -> None:
            place = self.auditing.make(body)
            self.holder.switch(place, self.open_case or opener())
            self.recent.add(self.holder.case.folder)

        await self.threads.run(make)
        return json_answer({"ok": True})

    async def nowhere(self, request: Request) -> Response:
        raise NotFound("there is no such address")

    async def page(self, request: Request) -> Response:
        page = self.pages.page(request.path_params.get("path", ""))
        return Response(page.data, page.status, page.headers, page.media_type)


def _author(given: Any) -> str | None:
    """Who signs, if the page says so."""
    if given is not None and not isinstance(given, str):
        raise EditError("an author is a name")
    return given.strip() or None if given else None


def _check_arguments(function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    try:
        inspect.signature(function).bind(None, **arguments)
    except TypeError as error:
        raise UnderglassError(f"wrong arguments: {error}") from None
