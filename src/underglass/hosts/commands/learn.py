"""``underglass learn``: small networks that train in the page, served here or written as files that need no server."""

from __future__ import annotations

import contextlib
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from underglass.errors import UnderglassError, unknown
from underglass.hosts.commands.options import NoOpen, Port
from underglass.learn.pages import explorables, write_pages

if TYPE_CHECKING:
    from starlette.applications import Starlette

Points = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Points for the generator of [cyan]gan[/] to learn: two numbers a line, or an .npy (n, 2)."
    ),
]
Export = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write one HTML each and an index, and serve nothing.")]


def learn(
    name: Annotated[
        str | None, typer.Argument(help="[cyan]gan[/] or [cyan]rnn[/]; none for the index.", show_default=False)
    ] = None,
    *,
    points: Points = None,
    export: Export = None,
    port: Port = None,
    no_open: NoOpen = False,
) -> None:
    """Open the explorables: networks small enough to watch, which train in your browser.

    With --export they become files that work from a folder, a web space or a stick, without a server and without a network.
    """
    from underglass.hosts.commands.saying import aside, out

    known = explorables()
    if name is not None and name not in known:
        raise UnderglassError(unknown("explorable", name, known))
    if points is not None and name != "gan":
        raise UnderglassError("--points is for gan: underglass learn gan --points points.csv")
    if export is not None:
        for path in write_pages(export, [name] if name else known):
            out().print(str(path))
        return
    where = f"#{name}" if name else ""
    if points is not None:
        from underglass.learn.points import packed_file

        where += f"?v=1&shape=own&points={packed_file(points)}"
    aside().print("Ctrl-C ends it.", style="dim")
    _serve(where, port=port or 0, open_browser=not no_open)


def create_learn_app(port: int | None = None) -> Starlette:
    """The app that serves the pages for learning: files of the package and nothing else, so that no token is needed.

    Parameters
    ----------
    port
        That it listens at; None in tests.
    """
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, RedirectResponse, Response
    from starlette.routing import Route

    from underglass.hosts.answering import NotFound
    from underglass.hosts.server.pages import Pages
    from underglass.hosts.server.security import HEADERS, allowed_hosts

    pages, hosts = Pages(), allowed_hosts(port)

    def page(request: Request) -> Response:
        if request.headers.get("host", "").lower() not in hosts:
            return PlainTextResponse("this host name is not the server's: open the address it printed", 400, headers=HEADERS)
        name = request.path_params["path"]
        if not name:
            return RedirectResponse("learn.html", 303, headers=HEADERS)
        try:
            found = pages.page(name)
        except NotFound as missing:
            return PlainTextResponse(str(missing), 404, headers=HEADERS)
        return Response(found.data, found.status, headers=HEADERS | found.headers, media_type=found.media_type)

    return Starlette(routes=[Route("/{path:path}", page, methods=["GET", "HEAD"])])


def _serve(where: str, *, port: int, open_browser: bool) -> None:
    import socket

    import uvicorn

    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise UnderglassError(f"port {port} cannot be used: {error.strerror or error}. Give another --port, or none") from None
    with contextlib.closing(listening):
        number = listening.getsockname()[1]
        address = f"http://127.0.0.1:{number}/learn.html{where}"
        typer.echo(f"underglass learn is at {address}")
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        config = uvicorn.Config(create_learn_app(number), log_level="error", access_log=False, timeout_graceful_shutdown=1)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
