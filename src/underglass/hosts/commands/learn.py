"""``underglass learn``: small networks that train in the page, served here or written as files that need no server."""

from __future__ import annotations

import contextlib
import json
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from underglass.errors import UnderglassError, unknown
from underglass.hosts.commands.options import NoOpen, Port

if TYPE_CHECKING:
    from starlette.applications import Starlette

Points = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Points for the generator of [cyan]gan[/] to learn: two numbers a line, or an .npy (n, 2)."
    ),
]
Export = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write one HTML each and an index, and serve nothing.")]
MOST_POINTS = 600
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SINGLE_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; worker-src blob: data:; style-src 'unsafe-inline'; "
    "font-src data:; img-src data: blob:"
)


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
        where += f"?v=1&shape=own&points={packed_points(points)}"
    aside().print("Ctrl-C ends it.", style="dim")
    _serve(where, port=port or 0, open_browser=not no_open)


def explorables() -> list[str]:
    """Names of the explorables that are built.

    Raises
    ------
    UnderglassError
        If the browser half is not built.
    """
    return list(json.loads(_single("names.json")))


def write_pages(folder: Path, names: list[str]) -> list[Path]:
    """Write one HTML per explorable and an index of all; each holds its script, style and font, and asks no network.

    Parameters
    ----------
    folder
        Made if it is not there. Pages of the same name are written over, other files are left alone.
    names
        Explorables to write.

    Raises
    ------
    UnderglassError
        If the folder cannot be written, or the browser half is not built.
    """
    script = _single("learn.js").replace("</script", "<\\/script")
    style = _single("style.css").replace("</style", "<\\/style")
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in [None, *names]:
            path = folder / f"{name or 'index'}.html"
            path.write_text(_page(name, script, style), encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise UnderglassError(f"the pages cannot be written to {folder}: {error.strerror or error}") from None
    return written


def packed_points(file: Path) -> str:
    """Points as the address of a page carries them: scaled into the square from −1 to 1, two letters a number.

    Parameters
    ----------
    file
        Text with two numbers a line, or an .npy of shape (n, 2).

    Raises
    ------
    UnderglassError
        If there is no such file, or it does not hold at least three different finite points.
    """
    import numpy as np

    try:
        if file.suffix == ".npy":
            found = np.load(file, allow_pickle=False)
        else:
            found = np.array([row for line in file.read_text(encoding="utf-8").splitlines() if len(row := _numbers(line)) >= 2])
    except OSError as error:
        raise UnderglassError(f"{file} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise UnderglassError(f"{file} holds no table of numbers") from None
    if found.ndim != 2 or found.shape[1] < 2 or len(found) < 3 or not np.isfinite(found[:, :2].astype(float)).all():
        raise UnderglassError(f"{file} should hold at least three points, two finite numbers each")
    xy = found[:, :2].astype(float)
    low, high = xy.min(axis=0), xy.max(axis=0)
    if (low == high).all():
        raise UnderglassError(f"all {len(xy)} points of {file} are the same: a generator would have nothing to learn")
    if np.abs(xy).max() > 0.95:
        xy = (xy - (low + high) / 2) * (1.6 / (high - low).max())
    if len(xy) > MOST_POINTS:
        xy = xy[np.linspace(0, len(xy) - 1, MOST_POINTS).astype(int)]
    whole = np.clip(np.round((xy + 1) / 2 * 4095), 0, 4095).astype(int).ravel()
    return "".join(LETTERS[one >> 6] + LETTERS[one & 63] for one in whole)


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

    from underglass.hosts.server.answers import NotFound
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


def _numbers(line: str) -> list[float]:
    """The first two numbers of a line, or fewer if it does not begin with two."""
    cells = line.replace(",", " ").replace(";", " ").split()[:2]
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return []


def _single(name: str) -> str:
    from underglass.hosts.server.pages import STATIC

    try:
        return (STATIC / "single" / name).read_text(encoding="utf-8")
    except OSError:
        raise UnderglassError("the browser half is not built: run make web, or install the package") from None


def _page(name: str | None, script: str, style: str) -> str:
    which = f' data-explorable="{name}"' if name else ""
    return (
        f'<!doctype html><html lang="en"{which}><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{SINGLE_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f'<link rel="icon" href="data:,"><title>Learn · underglass</title><style>{style}</style></head><body>'
        '<div id="learn"></div><noscript>The explorables train small networks in this page, which needs JavaScript.</noscript>'
        f"<script>{script}</script></body></html>\n"
    )
