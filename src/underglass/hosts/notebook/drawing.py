"""Where does the code that draws come from? From the package, compressed, named by its hash so that a page asks once."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import underglass
from underglass.errors import UnderglassError

BUILT = Path(underglass.__file__).parent / "static" / "notebook" / "notebook.js"
STUB = Path(__file__).with_name("stub.js")


class Drawing(NamedTuple):
    """The browser half as it is sent.

    Parameters
    ----------
    hash : blake2b of the code, 16 hex digits.
    data : gzip of an ES module.
    size : bytes of the module.
    """

    hash: str
    data: bytes
    size: int


@cache
def drawing() -> Drawing:
    """The browser half for notebooks.

    Raises
    ------
    UnderglassError
        If this checkout was never built.
    """
    try:
        code = BUILT.read_bytes()
    except OSError:
        raise UnderglassError(
            "the browser half for notebooks is not built: run `make web` (an installed package always has it)"
        ) from None
    return Drawing(hashlib.blake2b(code, digest_size=8).hexdigest(), gzip.compress(code, 9, mtime=0), len(code))


@cache
def stub() -> str:
    """What a widget carries: it shows the last picture, asks for the drawing code, and hands over."""
    return "".join(line.strip() + "\n" for line in STUB.read_text(encoding="utf-8").splitlines())
