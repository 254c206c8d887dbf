"""Where do the explorables' pages come from? From the built browser half, as files that need no server and ask no network."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import underglass
from underglass.errors import UnderglassError

STATIC = Path(underglass.__file__).parent / "static" / "single"
SINGLE_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; worker-src blob: data:; style-src 'unsafe-inline'; "
    "font-src data:; img-src data: blob:"
)


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
    found = {f"{name or 'index'}.html": page(name) for name in [None, *names]}
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in found.items():
            path = folder / name
            path.write_text(text, encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise UnderglassError(f"the pages cannot be written to {folder}: {error.strerror or error}") from None
    return written


def page(name: str | None, given: Mapping[str, Any] | None = None) -> str:
    """One HTML that holds everything it needs.

    Parameters
    ----------
    name
        Of an explorable; None for the index.
    given
        What the page opens with, as ``web/src/learn/shell/given.ts`` reads it: plain JSON.

    Raises
    ------
    UnderglassError
        If the browser half is not built.
    """
    script = _single("learn.js").replace("</script", "<\\/script")
    style = _single("style.css").replace("</style", "<\\/style")
    which = f' data-explorable="{html.escape(name)}"' if name else ""
    data = ""
    if given is not None:
        text = json.dumps(given, separators=(",", ":"), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
        data = f'<script type="application/json" id="given">{text}</script>'
    return (
        f'<!doctype html><html lang="en"{which}><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{SINGLE_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f'<link rel="icon" href="data:,"><title>Learn · underglass</title><style>{style}</style></head><body>'
        '<div id="learn"></div><noscript>The explorables train small networks in this page, which needs JavaScript.</noscript>'
        f"{data}<script>{script}</script></body></html>\n"
    )


def _single(name: str) -> str:
    try:
        return (STATIC / name).read_text(encoding="utf-8")
    except OSError:
        raise UnderglassError("the browser half is not built: run make web, or install the package") from None
