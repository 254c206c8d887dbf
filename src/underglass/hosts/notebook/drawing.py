"""Where does the code that draws come from? From the package, in parts: what draws first by the hash of all, the rest by name."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import underglass
from underglass.errors import DataError, UnderglassError

BUILT = Path(underglass.__file__).parent / "static" / "notebook"
STUB = Path(__file__).with_name("stub.js")
MOST_PARTS = 200
"""In one request."""


class Drawing(NamedTuple):
    """The browser half as it is sent.

    Parameters
    ----------
    hash : blake2b of all parts, 16 hex digits.
    first : gzip of the JSON of the parts that every view needs, code by name, each after those that it imports.
    needs : for each other part the parts that it needs before it beside those, in order.
    code : all parts by name: ES modules in which ``underglass-part:NAME`` stands for the address of another.
    """

    hash: str
    first: bytes
    needs: Mapping[str, Sequence[str]]
    code: Mapping[str, str]

    def parts(self, runtime: Any, names: Any) -> bytes:
        """Parts as they are sent: gzip of the JSON of their code by name.

        Raises
        ------
        UnderglassError
            If the page was drawn by another build: its parts fit no part of ours.
        DataError
            If there is no such part.
        """
        if runtime != self.hash:
            raise UnderglassError(
                "underglass was updated since this page was opened: load the page again, then run the cell again"
            )
        if not isinstance(names, list) or not 0 < len(names) <= MOST_PARTS:
            raise DataError(f"parts are asked for by a list of 1 to {MOST_PARTS} names")
        if absent := [name for name in names if not isinstance(name, str) or name not in self.code]:
            raise DataError(f"there is no part named {absent[0]!r}")
        return _packed({name: self.code[name] for name in names})


@cache
def drawing() -> Drawing:
    """The browser half for notebooks.

    Raises
    ------
    UnderglassError
        If this checkout was never built.
    """
    try:
        told = json.loads((BUILT / "parts.json").read_text(encoding="utf-8"))
        names = sorted([*told["first"], *told["needs"]])
        code = {name: (BUILT / name).read_text(encoding="utf-8") for name in names}
    except OSError:
        raise UnderglassError(
            "the browser half for notebooks is not built: run `make web` (an installed package always has it)"
        ) from None
    digest = hashlib.blake2b(digest_size=8)
    for name in names:
        digest.update(f"{name}\0{code[name]}\0".encode())
    first = _packed({name: code[name] for name in told["first"]})
    return Drawing(digest.hexdigest(), first, told["needs"], code)


def _packed(code: Mapping[str, str]) -> bytes:
    return gzip.compress(json.dumps(code, ensure_ascii=False).encode(), 9, mtime=0)


@cache
def stub() -> str:
    """What a widget carries: it shows the last picture, asks for the drawing code, and hands over."""
    return "".join(line.strip() + "\n" for line in STUB.read_text(encoding="utf-8").splitlines())
