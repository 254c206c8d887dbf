"""How is the server started and ended? It binds first, prints one address, and runs until it is interrupted."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import ipaddress
import os
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from underglass.errors import UnderglassError
from underglass.hosts.answering import ServedCase
from underglass.hosts.server.app import create_app
from underglass.hosts.server.drawing import Drawing
from underglass.hosts.server.start import Recent, state_folder
from underglass.wire import DemoInfo

TOKEN_BYTES = 32
PATIENCE = 2
"""Seconds that open connections get when the server ends."""
WAITING = 128
"""Connections that wait until the server takes them: who follows the printed address at once is not refused."""


def serve(
    case: ServedCase | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = True,
    token: str | None = None,
    viewer_token: str | None = None,
    annotators: Sequence[str] = (),
    allow_remote: bool = False,
    host_names: Sequence[str] = (),
    roots: Sequence[Path] = (),
    demos: Sequence[DemoInfo] = (),
    say: Callable[[str], None] = print,
    view: str | None = None,
    drawing: Drawing | None = None,
) -> None:
    """Show a case, or the start page, in the browser; returns when it is interrupted.

    Parameters
    ----------
    case
        To show; None shows the start page.
    host
        Address to listen at. Anything but this machine itself needs `allow_remote` and a token of the caller's.
    port
        None or 0: any free one.
    open_browser
        Whether to open the page.
    token
        What the address must end in; by default 32 random bytes, the same again for a port that is given, so that pages
        which are still open go on after a restart.
    viewer_token
        For people who may look but not edit.
    annotators
        Names of people who may edit and nothing else. Each gets an address of their own, whose token signs what they do.
    allow_remote
        Whether other machines may reach the server.
    host_names
        Further names it is reached by, such as a proxy's.
    roots
        Folders whose cases may be opened from the start page.
    demos
        That the start page offers.
    say
        Prints the address.
    view
        That the page opens on; the overview without.
    drawing
        Models that are drawn without a case.

    Raises
    ------
    UnderglassError
        If the port is in use, the address is not this machine's, or other machines could reach it without leave.
    """
    _refuse_exposure(host, token, allow_remote=allow_remote)
    secret = token or (kept_token(port) if port else secrets.token_urlsafe(TOKEN_BYTES))
    tokens = {name: kept_token(port, of=name) if port else secrets.token_urlsafe(TOKEN_BYTES) for name in _named(annotators)}
    recent = Recent(roots=roots, demos=demos)
    with contextlib.closing(_bound(host, port or 0)) as listening:
        number = listening.getsockname()[1]
        own_name = [] if _is_loopback(host) else [f"{host}:{number}"]
        app = create_app(
            case,
            token=secret,
            viewer_token=viewer_token,
            annotators={own: name for name, own in tokens.items()},
            port=number,
            host_names=[*own_name, *host_names],
            recent=recent,
            drawing=drawing,
        )
        if case is not None:
            recent.add(case.folder)
        place = f"http://{f'[{host}]' if ':' in host else host}:{number}/?token="
        address = f"{place}{secret}{f'#{view}' if view else ''}"
        say(f"underglass is at {address}")
        if viewer_token:
            say(f"  to look only: {place}{viewer_token}")
        for name, own in tokens.items():
            say(f"  for {name}, who may edit: {place}{own}")
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=PATIENCE, lifespan="on")
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


def kept_token(port: int, folder: Path | None = None, *, of: str | None = None) -> str:
    """The token of a port: made when first asked for, kept where only this person can read it.

    Parameters
    ----------
    port
        That is listened at.
    folder
        Where it is kept; by default the person's state folder. If nothing can be kept there, every start has its own token.
    of
        Whose it is; the owner's without.
    """
    whose = "" if of is None else f"-{hashlib.sha256(of.encode()).hexdigest()[:16]}"
    file = (folder or state_folder()) / f"token-{port}{whose}"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        found = file.read_text().strip()
        if len(found) >= TOKEN_BYTES and file.stat().st_mode & 0o077 == 0:
            return found
    made = secrets.token_urlsafe(TOKEN_BYTES)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(made)
    return made


def _named(annotators: Sequence[str]) -> list[str]:
    """The annotators' names, each once."""
    names = [name.strip() for name in annotators]
    if not all(names):
        raise UnderglassError("an annotator needs a name: --annotator ana")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UnderglassError(f"{twice[0]} is named twice: every annotator gets an address of their own")
    return names


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_exposure(host: str, token: str | None, *, allow_remote: bool) -> None:
    if _is_loopback(host):
        return
    if not allow_remote:
        raise UnderglassError(f"{host} can be reached from other machines: say so with --allow-remote, and give a --token")
    if not token:
        raise UnderglassError(f"a server at {host} needs a --token of yours: other machines can reach it")


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens there from now on, so that the address can be given out."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(WAITING)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise UnderglassError(f"port {port} is in use: give another --port, or none for any that is free") from None
        if error.errno == errno.EACCES:
            raise UnderglassError(f"port {port} may not be used here: give one from 1024 on, or none") from None
        raise UnderglassError(f"the server cannot listen at {host}:{port}: {error.strerror or error}") from None
    except OverflowError:
        listening.close()
        raise UnderglassError(f"{port} is no port: they go from 1 to 65535") from None
    return listening
