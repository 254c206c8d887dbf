"""Where does the browser half come from? From the package; its files are listed once, and nothing else can be asked for."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path

import underglass
from underglass.hosts.answering import NotFound

STATIC = Path(underglass.__file__).parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".html": "text/html"}
HASHED = ("assets/", "chunks/")
"""Folders whose file names change with their content."""

NOT_BUILT = b"""<!doctype html><meta charset="utf-8"><title>underglass</title>
<body style="font: 15px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 4rem auto; padding: 0 1rem">
<h1 style="font-size: 22px">The browser half is not built</h1>
<p>The server runs, but this checkout has no pages yet. Build them with <code>make web</code> (Node 20 or newer, or none: the
package brings its own), then load this page again. An installed package always has them.</p>"""


@dataclass(frozen=True)
class Page:
    """A file as it is sent."""

    data: bytes
    media_type: str
    headers: dict[str, str]
    status: int = 200


class Pages:
    """The built files.

    Parameters
    ----------
    folder
        Where they are.
    """

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}

    def page(self, name: str) -> Page:
        """A file by its path inside the folder; the empty path is the page itself.

        Raises
        ------
        NotFound
            If it is none of the built ones.
        """
        name = name or "index.html"
        if name not in self._files:
            self._files = {path.relative_to(self._folder).as_posix(): path for path in self._folder.rglob("*") if path.is_file()}
        path = self._files.get(name)
        if path is None:
            if name == "index.html":
                return Page(NOT_BUILT, "text/html; charset=utf-8", {"Cache-Control": "no-store"}, 503)
            raise NotFound("there is no such page")
        try:
            data = path.read_bytes()
        except OSError:
            self._files = {}
            raise NotFound("there is no such page") from None
        kept = "public, max-age=31536000, immutable" if name.startswith(HASHED) else "no-cache"
        return Page(data, _type(path), {"Cache-Control": kept})


def _type(path: Path) -> str:
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
