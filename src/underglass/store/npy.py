"""What do the bytes of an array on the disk look like? A plain ``.npy`` file whose values begin at byte 128.

numpy reads it with ``np.load``. The header is written here because numpy's own writer takes an ``np.int64`` in a shape
and writes a header nobody can read, and because a fixed offset lets a file be grown and its shape filled in at the end.
"""

from __future__ import annotations

import math
import mmap
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from underglass.errors import CaseError

OFFSET = 128
FIELDS = re.compile(r"\{'descr': '(?P<descr>[^']+)', 'fortran_order': False, 'shape': \((?P<shape>[\d, ]*)\),? ?\}")
"""Of a header. Not read as Python: several threads that parse at once can fail in Python 3.11 (SystemError, recursion depth)."""


def header(dtype: np.dtype[Any] | type, shape: Sequence[int]) -> bytes:
    """The first 128 bytes of a C-ordered array file."""
    kind = np.dtype(dtype).newbyteorder("<")
    if kind.hasobject:
        raise TypeError("Python objects are never stored: they would need pickle")
    text = f"{{'descr': {kind.str!r}, 'fortran_order': False, 'shape': {tuple(int(n) for n in shape)!r}, }}"
    room = OFFSET - 10
    if len(text) + 1 > room:
        raise ValueError(f"an array of {len(shape)} axes does not fit the header")
    return b"\x93NUMPY\x01\x00" + room.to_bytes(2, "little") + text.ljust(room - 1).encode() + b"\n"


def pieces(array: np.ndarray[Any, Any]) -> tuple[bytes, memoryview | bytes]:
    """Header and values of an array, ready to be written one after the other without a copy."""
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
    return header(plain.dtype, plain.shape), plain.reshape(-1).view(np.uint8).data if plain.size else b""


def open_array(
    path: Path, *, dtype: np.dtype[Any] | type | None = None, shape: Sequence[int] | None = None
) -> np.ndarray[Any, Any]:
    """Map an array file read-only into memory.

    Parameters
    ----------
    path
        A file with the header above, or any ``.npy`` of format 1 without objects.
    dtype, shape
        What it must hold; anything else is damage.

    Raises
    ------
    CaseError
        If the file is missing, cut short, or holds something else.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}") from error
    try:
        size = os.fstat(descriptor).st_size
        found_dtype, found_shape, offset = _parse(os.read(descriptor, 1 << 16), path)
        if (dtype is not None and found_dtype != np.dtype(dtype)) or (shape is not None and found_shape != tuple(shape)):
            wanted = f"{np.dtype(dtype) if dtype else found_dtype} {tuple(shape or found_shape)}"
            raise CaseError(f"{path} is damaged: it holds {found_dtype} {found_shape}, not {wanted}")
        expected = offset + found_dtype.itemsize * math.prod(found_shape)
        if size != expected:
            raise CaseError(f"{path} is damaged: {size} bytes instead of {expected}")
        if expected == offset:
            return np.empty(found_shape, found_dtype)
        mapped = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)
    return np.frombuffer(mapped, np.uint8, offset=offset).view(found_dtype).reshape(found_shape)


def _parse(start: bytes, path: Path) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    try:
        if start[:6] != b"\x93NUMPY" or start[6] not in (1, 2):
            raise ValueError("not an array file")
        width = 2 if start[6] == 1 else 4
        end = 8 + width + int.from_bytes(start[8 : 8 + width], "little")
        fields = FIELDS.fullmatch(start[8 + width : end].decode("latin1").strip())
        if fields is None or end > len(start):
            raise ValueError("not a plain array file")
        dtype, shape = np.dtype(fields["descr"]), tuple(int(n) for n in fields["shape"].split(",") if n.strip())
        if dtype.hasobject:
            raise ValueError("not a plain array file")
    except (ValueError, TypeError, IndexError) as error:
        raise CaseError(f"{path} is damaged: {error}") from error
    return dtype, shape, end
