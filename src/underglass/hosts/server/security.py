"""Who may ask what? Only pages of our own, from a host name of our own, with the token.

Host names against DNS rebinding; the token, once exchanged, as a cookie that no script reads and no other site sends; for
every POST also a header that no other site can set and an origin that is ours. No CORS header is ever sent.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from underglass.roles import Person, acting

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LONGEST_BODY = 32 * 2**20
OWNERS_ONLY = ("/api/open", "/api/audit/", "/api/draw/", "/api/cases")
"""Addresses of what is not about the open case."""
READS = ("GET", "HEAD")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

NO_TOKEN = """<!doctype html><meta charset="utf-8"><title>underglass</title>
<body style="font: 15px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 4rem auto; padding: 0 1rem">
<h1 style="font-size: 22px">This page needs its token</h1>
<p>Open the whole address that <code>underglass</code> printed where it was started; it ends in <code>?token=…</code></p>"""


def allowed_hosts(port: int | None, names: Iterable[str] = ()) -> frozenset[str]:
    """Values of the Host header that are ours.

    Parameters
    ----------
    port
        That the server listens at; None where it is not known (in tests): any port is then ours.
    names
        Further host names, with their port if it is not the usual one, for a proxy in front.
    """
    own = {f"{name}:{port}" for name in LOOPBACK} if port is not None else set(LOOPBACK)
    if port == 80:
        own |= set(LOOPBACK)
    return frozenset(own | {name.lower() for name in names})


class Security:
    """Turns away requests that are not ours, and puts the headers on every answer.

    Parameters
    ----------
    app
        What answers the others.
    people
        By their token.
    hosts
        From `allowed_hosts`.
    cookie
        Name of the cookie; two servers on one machine need two.
    """

    def __init__(self, app: ASGIApp, *, people: Mapping[str, Person], hosts: frozenset[str], cookie: str) -> None:
        self._app = app
        self._people = [(token.encode(), person) for token, person in people.items()]
        self._hosts = hosts
        self._any_port = not any(":" in host.removeprefix("[::1]") for host in hosts & set(LOOPBACK)) and "127.0.0.1" in hosts
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
                    headers["X-Underglass-Role"] = scope["underglass.person"].role if "underglass.person" in scope else "stranger"
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        with acting(scope["underglass.person"]):
            await self._app(scope, _limited(receive), send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._is_own(headers.get("host", "")):
            return _refused(400, "this host name is not the server's: open the address it printed")
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if given is not None and scope["path"] == "/" and scope["method"] in READS:
            return self._exchange(given[-1])
        person = self._person(headers)
        if person is None:
            wants_page = scope["path"] == "/" and scope["method"] in READS
            return HTMLResponse(NO_TOKEN, 403) if wants_page else _refused(403, "the token is missing or wrong")
        scope["underglass.person"] = person
        if person.role != "owner" and scope["path"].startswith(OWNERS_ONLY):
            return _refused(403, f"only the owner may open other cases; you are here as {person.role}")
        if scope["method"] not in READS:
            return self._refused_writing(scope, headers)
        return None

    def _refused_writing(self, scope: Scope, headers: Headers) -> Response | None:
        if headers.get("x-underglass") != "1":
            return _refused(403, "the request lacks the header X-Underglass: 1")
        scheme, _, host = headers.get("origin", "").partition("://")
        if scheme not in ("http", "https") or not self._is_own(host):
            return _refused(403, "the request comes from another origin")
        claimed = headers.get("content-length", "0")
        if not claimed.isdecimal() or int(claimed) > LONGEST_BODY:
            return _refused(413, f"the request is larger than {LONGEST_BODY:,} bytes")
        return None

    def _is_own(self, host: str) -> bool:
        name = host.lower()
        if self._any_port:
            name = name if name.endswith("]") else name.rsplit(":", 1)[0] if ":" in name else name
        return name in self._hosts

    def _exchange(self, given: str) -> Response:
        if self._person_of(given) is None:
            return HTMLResponse(NO_TOKEN, 403)
        answer = RedirectResponse("./", 303)
        answer.set_cookie(self._cookie, given, httponly=True, samesite="strict", path="/")
        return answer

    def _person(self, headers: Headers) -> Person | None:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return None
        return self._person_of(cookies[self._cookie].value) if self._cookie in cookies else None

    def _person_of(self, given: str) -> Person | None:
        """Whose token it is; every token is compared, so that the time says nothing."""
        asked = given.encode()
        found = [person for token, person in self._people if hmac.compare_digest(asked, token)]
        return found[0] if found else None


class BodyTooLarge(Exception):
    """A body that goes on beyond its limit."""


def _limited(receive: Receive) -> Receive:
    """The request's body, up to its limit, whatever length it claimed."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > LONGEST_BODY:
                raise BodyTooLarge
        return message

    return limited


def _refused(status: int, error: str) -> Response:
    return JSONResponse({"error": error}, status)
