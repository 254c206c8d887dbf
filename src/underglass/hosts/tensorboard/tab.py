"""What does the tab answer? The built pages, the list of cases, and each case's requests, over WSGI.

The addresses below ``case/<id>/api/`` are those of the web app, so that one browser host serves both. TensorBoard has no token:
who can reach it, may look. Editing takes a TensorBoard that only this machine can reach, and a request of our own page.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from underglass.case import Case
from underglass.errors import DataError, UnderglassError
from underglass.hosts.answering import NotFound, answer, refusal, signature, to_json
from underglass.hosts.server.batches import MOST, PART
from underglass.hosts.server.pages import Pages
from underglass.hosts.tensorboard.logs import Logs
from underglass.hosts.tensorboard.news import News
from underglass.roles import Person, acting
from underglass.serving import QueryError
from underglass.wire import PersonInfo

LONGEST_BODY = 32 * 2**20
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
PICTURE_POLICY = "default-src 'none'"


class Refused(UnderglassError):
    """A request that is not of our own page."""


class Tab:
    """The applications of the tab.

    Parameters
    ----------
    logs
        Where the cases are.
    alone
        Whether nobody but this machine reaches TensorBoard; others may look but not edit.
    pages
        The built browser half.
    """

    def __init__(self, logs: Logs, *, alone: bool, pages: Pages | None = None) -> None:
        self._logs, self._pages = logs, pages or Pages()
        self._person = Person("owner" if alone else "viewer")
        self._news: dict[str, News] = {}
        self._guard = threading.Lock()

    def apps(self) -> dict[str, Callable[..., Any]]:
        """The routes, each as a WSGI application."""
        routes = {"/static/*": self.static, "/cases": self.cases, "/case/*": self.case}
        return {route: Request.application(answered) for route, answered in routes.items()}

    def static(self, request: Request) -> Response:
        """A built file."""
        try:
            page = self._pages.page(_after(request, "/static/"))
        except NotFound as error:
            return _said(404, {"error": str(error)})
        return Response(page.data, page.status, {**HEADERS, **page.headers}, content_type=page.media_type)

    def cases(self, request: Request) -> Response:
        """What there is to open."""
        return _said(200, self._logs.cases())

    def case(self, request: Request) -> Response:
        """A request about one case."""
        key, _, asked = _after(request, "/case/").partition("/")
        try:
            if request.method == "POST":
                _check_own(request)
            elif request.method not in ("GET", "HEAD"):
                raise NotFound("there is no such address")
            with acting(self._person):
                return self._answered(request, key, asked)
        except Refused as error:
            return _said(403, {"error": str(error)})
        except Exception as error:  # noqa: BLE001  (whatever a request meets is said to the page, and TensorBoard goes on)
            return _said(*refusal(error))

    def _answered(self, request: Request, key: str, asked: str) -> Response:
        case = self._logs.case(key)
        place, _, asked = asked.partition("/")
        if place == "extensions":
            return self._module(case, asked)
        if place != "api":
            raise NotFound("there is no such address")
        name, _, rest = asked.partition("/")
        if name == "events":
            person = PersonInfo(name=signature(request.args.get("author")) or case.author, role=self._person.role)
            stream = self._news_of(key).stream(person)
            return Response(cast(Iterable[bytes], stream), headers=HEADERS, content_type="text/event-stream")
        if name == "queries":
            parts = self._parts(key, _body(request).get("sql"))
            return Response(cast(Iterable[bytes], parts), headers=HEADERS, content_type="application/octet-stream")
        reply = answer(case, _asked(request, name, rest))
        headers = dict(HEADERS) | {"Cache-Control": "no-store"}
        if reply.version is not None:
            headers["X-Data-Version"] = str(reply.version)
        if name == "media":
            headers["Content-Security-Policy"] = PICTURE_POLICY
        if reply.buffers:
            return Response(reply.buffers[0], headers=headers, content_type=reply.type)
        return Response(to_json(reply.json), headers=headers, content_type="application/json")

    def _module(self, case: Case, asked: str) -> Response:
        """A file of the browser half of somebody else's view."""
        name, digest, file = [*asked.split("/", 2), "", ""][:3]
        reply = answer(case, {"ask": "module", "name": name, "digest": digest, "file": file})
        return Response(reply.buffers[0], headers=HEADERS, content_type=reply.type)

    def _parts(self, key: str, queries: object) -> Iterator[bytes]:
        if not isinstance(queries, list) or not all(isinstance(sql, str) for sql in queries) or not 0 < len(queries) <= MOST:
            raise QueryError(f'queries are {{"sql": a list of 1 to {MOST} texts}}')
        return self._each_part(key, queries)

    def _each_part(self, key: str, queries: list[str]) -> Iterator[bytes]:
        serving = self._logs.case(key).serving
        for number, sql in enumerate(queries):
            try:
                found = serving.answer(sql)
                yield PART.pack(number, 200, found.version, len(found.data)) + found.data
            except Exception as error:  # noqa: BLE001  (what breaks one answer leaves the others whole)
                status, said = refusal(error)
                body = to_json(said)
                yield PART.pack(number, status, 0, len(body)) + body

    def _news_of(self, key: str) -> News:
        with self._guard:
            if key not in self._news:
                self._news[key] = News(self._logs.case(key), secrets.token_hex(8))
            return self._news[key]


def _asked(request: Request, name: str, rest: str) -> Mapping[str, Any]:
    """An address of the web app as the request it stands for."""
    given = request.args
    if request.method == "POST":
        body = _body(request)
        if name == "call":
            view, _, call = rest.partition("/")
            return {"ask": "call", "view": view, "name": call, "arguments": body}
        if name == "jobs":
            return {"ask": "cancel", "job": rest.removesuffix("/cancel")}
        asks = {
            "query": "query",
            "edits": "edit",
            "undo": "undo",
            "redo": "redo",
            "model": "model",
            "picks": "pick",
            "selection": "select",
        }
        if name in asks and not rest:
            return {**body, "ask": asks[name]}
    elif name == "case":
        return {"ask": "case", "author": given.get("author")}
    elif name in ("instance", "media"):
        row = int(rest) if rest.isdecimal() else None
        return {"ask": "image" if name == "media" else "instance", "row": row, "layer": given.get("layer")}
    elif name == "sheet":
        try:
            return {"ask": "sheet", "rows": [int(row) for row in given.get("rows", "").split(",")], "size": int(given["size"])}
        except (ValueError, KeyError):
            raise DataError("a sheet is asked for as ?rows=1,2,3&size=56") from None
    elif name == "jobs":
        return {"ask": "jobs"}
    raise NotFound("there is no such address")


def _check_own(request: Request) -> None:
    """Refuse a change that a page of another site asks for: it can neither set our header nor send our origin."""
    if request.headers.get("X-Underglass") != "1":
        raise Refused("the request lacks the header X-Underglass: 1")
    if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
        raise Refused("the request comes from another origin")
    if (request.content_length or 0) > LONGEST_BODY:
        raise Refused(f"the request is larger than {LONGEST_BODY:,} bytes")


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError) as error:
        raise UnderglassError(f"the request is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise UnderglassError("the request must be a JSON object")
    return body


def _after(request: Request, mark: str) -> str:
    """What follows a mark in the path."""
    path: str = request.path
    return path.partition(mark)[2]


def _said(status: int, value: object) -> Response:
    headers = {**HEADERS, "Cache-Control": "no-store"}
    return Response(to_json(value), status, headers, content_type="application/json")
