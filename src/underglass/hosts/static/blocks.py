"""How do bytes travel inside a page? As blocks of base64, compressed where that helps; ``blocks.ts`` reads them."""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVEL = 6


@dataclass(frozen=True)
class Block:
    """One piece of a page's data.

    Parameters
    ----------
    name : the page asks for it by this.
    text : base64 of the bytes.
    gzip : whether the bytes are compressed.
    what : what it is for people, in messages about size.
    """

    name: str
    text: str
    gzip: bool
    what: str


def block(name: str, data: bytes, what: str, *, compress: bool = True) -> Block:
    """Bytes as a block; what is compressed already, such as pictures, is left as it is."""
    packed = gzip.compress(data, LEVEL, mtime=0) if compress else data
    return Block(name, base64.b64encode(packed).decode(), compress, what)


def zipped(name: str, data: bytes, what: str) -> Block:
    """Bytes that are compressed already, and are to be unpacked, as a block."""
    return Block(name, base64.b64encode(data).decode(), True, what)


def packed(head: Any, parts: Mapping[str, bytes | np.ndarray[Any, Any]]) -> bytes:
    """Plain JSON and named bytes in one: length of the head (uint32), the head, then the parts, each at a multiple of 8."""
    places: dict[str, tuple[int, int]] = {}
    body = bytearray()
    for name, part in parts.items():
        data = part if isinstance(part, bytes) else np.ascontiguousarray(part).tobytes()
        places[name] = (len(body), len(data))
        body += data + b"\0" * (-len(data) % 8)
    text = json.dumps({"json": head, "parts": places}, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    start = struct.pack("<I", len(text)) + text
    return start + b"\0" * (-len(start) % 8) + bytes(body)
