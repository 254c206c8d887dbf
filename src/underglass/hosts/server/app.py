"""Which addresses does the server answer? A case over HTTP; all of them relative, so that a proxy may put a prefix before."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from underglass.errors import DataError, UnderglassError
from underglass.hosts.answering import NotFound, Reply, ServedCase, answer, signature
from underglass.hosts.server.answers import Threads, body_of, failed, json_answer, refused
from underglass.hosts.server.auditing import Auditing
from underglass.hosts.server.batches import Batch
from underglass.hosts.server.drawing import Drawing
from underglass.hosts.server.events import Events
from underglass.hosts.server.holder import Holder, opener
from underglass.hosts.server.pages import Pages
from underglass.hosts.server.security import BodyTooLarge, Security, allowed_hosts
from underglass.hosts.server.start import Recent
from underglass.roles import Person, who
from underglass.serving import Answer, Stop
from underglass.wire import PersonInfo

SYNC_EVERY = 0.5
"""Seconds between two looks for edits of other processes, while a page is open."""
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def create_app(
    case: ServedCase | None,
    *,
    token: str,
    viewer_token: str | None = None,
    annotators: Mapping[str, str] | None = None,
    port: int | None = None,
    host_names: Sequence[str] = (),
    recent: Recent | None = None,
    open_case: Callable[[Path], ServedCase] | None = None,
    pages: Pages | None = None,
    drawing: Drawing | None = None,
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
    annotators
        Names of people who may edit, by their token; their edits are signed with it.
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
    drawing
        Models that are drawn without a case.
    """
    return _Server(case, recent or Recent(), open_case, pages or Pages(), drawing or Drawing()).app(
        Middleware(
            Security,
            people=_people(token, viewer_token, annotators or {}),
            hosts=allowed_hosts(port, host_names),
            cookie=f"underglass-{port or 0}",
        )
    )


class _Server:
    def __init__(
        self,
        case: ServedCase | None,
        recent: Recent,
        open_case: Callable[[Path], ServedCase] | None,
        pages: Pages,
        drawing: Drawing,
    ) -> None:
        self.events = Events()
        self.threads = Threads()
        self.holder = Holder(case, self.events)
        self.recent = recent
        self.auditing = Auditing(recent.home)
        self.drawing = drawing
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
            Route("/api/selection", self.selection, methods=post),
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
            Route("/api/draw/send", self.draw_send, methods=post),
            Route("/api/draw/open", self.draw_open, methods=post),
            Route("/api/draw/{model}/{name}", self.draw, methods=post),
            Route("/api/{rest:path}", self.nowhere, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
            Route("/extensions/{name}/{digest}/{file:path}", self.module, methods=get),
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
            await self.threads.run(self.drawing.close)
            self.threads.close()

    async def follow(self) -> None:
        """Take in edits that other processes made to the case."""
        while True:
            await asyncio.sleep(SYNC_EVERY)
            if self.events.listened_to:
                try:
                    await self.threads.run(self.holder.sync)
                except UnderglassError:
                    continue  # what is wrong with the case is said to who asks for it
                except Exception:  # noqa: BLE001 - such as of a case that its owner closes: the next round looks again
                    traceback.print_exc()

    async def asked(self, request: Request, ask: str, given: Mapping[str, Any]) -> Response:
        """Answer as every host does (`underglass.hosts.answering`), in a thread that ends when the browser leaves."""

        def answered(stop: Stop) -> Reply:
            with self.holder.using() as case:
                return answer(case, {**given, "ask": ask}, stop=stop)

        return _response(await self.threads.run_while_wanted(request, answered), ask)

    async def case(self, request: Request) -> Response:
        return await self.asked(request, "case", {"author": request.query_params.get("author")})

    async def query(self, request: Request) -> Response:
        return await self.asked(request, "query", await body_of(request))

    async def queries(self, request: Request) -> Response:
        def answered(sql: str, stop: Stop) -> Answer:
            with self.holder.using() as case:
                return case.serving.answer(sql, stop=stop)

        return Batch(request, self.threads, (await body_of(request)).get("sql"), answered)

    async def call(self, request: Request) -> Response:
        path, arguments = request.path_params, await body_of(request)
        return await self.asked(request, "call", {"view": path["view"], "name": path["name"], "arguments": arguments})

    async def edits(self, request: Request) -> Response:
        return await self.asked(request, "edit", await body_of(request))

    async def undo(self, request: Request) -> Response:
        return await self.asked(request, "undo", await body_of(request))

    async def redo(self, request: Request) -> Response:
        return await self.asked(request, "redo", await body_of(request))

    async def model(self, request: Request) -> Response:
        return await self.asked(request, "model", await body_of(request))

    async def picks(self, request: Request) -> Response:
        return await self.asked(request, "pick", await body_of(request))

    async def selection(self, request: Request) -> Response:
        return await self.asked(request, "select", await body_of(request))

    async def instance(self, request: Request) -> Response:
        given = {"row": request.path_params["row"], "layer": request.query_params.get("layer")}
        return await self.asked(request, "instance", given)

    async def media(self, request: Request) -> Response:
        return await self.asked(request, "image", {"row": request.path_params["row"]})

    async def module(self, request: Request) -> Response:
        reply = await self.asked(request, "module", request.path_params)
        if reply.status_code == 200:
            reply.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return reply

    async def sheet(self, request: Request) -> Response:
        try:
            rows = [int(row) for row in request.query_params.get("rows", "").split(",")]
            size = int(request.query_params.get("size", "56"))
        except ValueError:
            raise DataError("a sheet is asked for as ?rows=1,2,3&size=56") from None
        return await self.asked(request, "sheet", {"rows": rows, "size": size})

    async def jobs(self, request: Request) -> Response:
        return await self.asked(request, "jobs", {})

    async def cancel(self, request: Request) -> Response:
        return await self.asked(request, "cancel", {"job": request.path_params["id"]})

    async def news(self, request: Request) -> Response:
        signed = signature(request.query_params.get("author"))
        stream = self.events.stream(self.holder.hello, self.person(signed))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    def person(self, signed: str | None) -> PersonInfo:
        """Who asks, as the others see them."""
        role = who().role
        own = self.holder.case.author if role == "owner" and self.holder.is_open else None
        return PersonInfo(name=signed or own or f"a{'n' * (role != 'viewer')} {role}", role=role)

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
        return await self.received(request, self.auditing.receive)

    async def received(self, request: Request, receive: Callable[[str, int, bytes], dict[str, Any]]) -> Response:
        """Take a piece of a file."""
        given, data = request.query_params, await request.body()
        try:
            at = int(given.get("at", "0"))
        except ValueError:
            raise DataError("a piece of a file is sent as ?name=scores.csv&at=0") from None
        return json_answer(await self.threads.run(lambda: receive(given.get("name", ""), at, data)))

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

    async def draw_send(self, request: Request) -> Response:
        return await self.received(request, self.drawing.receive)

    async def draw_open(self, request: Request) -> Response:
        return json_answer(await self.threads.run(self.drawing.open))

    async def draw(self, request: Request) -> Response:
        path, arguments = request.path_params, await body_of(request)
        return _response(await self.threads.run(lambda: self.drawing.answer(path["model"], path["name"], arguments)))

    async def nowhere(self, request: Request) -> Response:
        raise NotFound("there is no such address")

    async def page(self, request: Request) -> Response:
        page = self.pages.page(request.path_params.get("path", ""))
        return Response(page.data, page.status, page.headers, page.media_type)


def _people(token: str, viewer_token: str | None, annotators: Mapping[str, str]) -> dict[str, Person]:
    """Who may come in, by token."""
    people = {token: Person("owner")}
    if viewer_token is not None:
        people[viewer_token] = Person("viewer")
    people |= {own: Person("annotator", name) for own, name in annotators.items()}
    if len(people) != 1 + (viewer_token is not None) + len(annotators):
        raise UnderglassError("two people have the same token: give each their own")
    return people


def _response(reply: Reply, ask: str = "") -> Response:
    headers = {} if reply.version is None else {"X-Data-Version": str(reply.version)}
    if reply.buffers:
        if ask == "image":
            headers["Content-Security-Policy"] = PICTURE_POLICY
        return Response(reply.buffers[0], headers=headers, media_type=reply.type)
    return json_answer(reply.json, headers=headers)
