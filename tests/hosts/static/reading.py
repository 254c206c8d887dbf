"""What is inside an exported page, read back without a browser."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa


def blocks_of(path: Path) -> dict[str, bytes]:
    """The blocks of a page, one HTML or a folder, by name."""
    if path.is_dir():
        page = (path / "index.html").read_text()
        found = {}
        for name, file, zipped in re.findall(r'<link data-block="([^"]+)" data-path="([^"]+)"( data-gzip)?>', page):
            text = (path / file).read_text().split('="', 1)[1].rstrip('"\n')
            found[name] = _bytes(text, bool(zipped))
        return found
    page = path.read_text()
    held = re.findall(r'<script type="text/plain" id="ug-([^"]+)"( data-gzip)?>([^<]*)</script>', page)
    return {name: _bytes(text, bool(zipped)) for name, zipped, text in held}


def _bytes(text: str, zipped: bool) -> bytes:
    data = base64.b64decode(text)
    return gzip.decompress(data) if zipped else data


def head_of(path: Path) -> dict[str, Any]:
    """The card of a page."""
    head: dict[str, Any] = json.loads(blocks_of(path)["head"])
    return head


def table_of(path: Path) -> pa.Table:
    """The instances of a page."""
    return pa.ipc.open_stream(blocks_of(path)["instances"]).read_all()


def packed_of(block: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Plain JSON and the named parts of a packed block."""
    (size,) = struct.unpack_from("<I", block)
    head = json.loads(block[4 : 4 + size])
    base = -(-(4 + size) // 8) * 8
    return head["json"], {name: block[base + at : base + at + n] for name, (at, n) in head["parts"].items()}


def everything_in(path: Path) -> bytes:
    """All bytes of a page, unpacked, to be searched."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return b"\n".join([*(file.read_bytes() for file in files), *blocks_of(path).values()])
