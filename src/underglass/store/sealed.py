"""Was this JSON changed since it was written? Each small file of a case carries the hash of its own fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from underglass.store.fingerprints import hash_json
from underglass.store.writing import json_bytes, write_file

SEAL = "seal"


def sealed_line(fields: Mapping[str, Any]) -> bytes:
    """Fields as one line that ends in a line break."""
    return json.dumps({**fields, SEAL: hash_json(fields)}, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def write_sealed(path: Path, fields: Mapping[str, Any]) -> None:
    """Write fields atomically, readable by people."""
    write_file(path, json_bytes({**fields, SEAL: hash_json(fields)}))


def open_sealed(data: bytes) -> tuple[dict[str, Any], bool]:
    """The fields, and whether they are as they were written.

    Raises
    ------
    ValueError
        If the bytes are no JSON object.
    """
    try:
        fields = json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(fields, dict):
        raise ValueError("it is no JSON object")
    seal = fields.pop(SEAL, None)
    return fields, seal == hash_json(fields)


def read_sealed(path: Path) -> dict[str, Any]:
    """The fields of a file that nobody has changed.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is damaged or was changed.
    """
    fields, whole = open_sealed(path.read_bytes())
    if not whole:
        raise ValueError("its content was changed after it was written")
    return fields
