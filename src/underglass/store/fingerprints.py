"""How do we know that two pieces of data are the same?

Everything is named by what it holds: 32 hexadecimal digits of BLAKE2b over type, shape and bytes, so that an
``int32`` zero and a ``float32`` zero differ, and a copy in another memory order does not.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

DIGEST_BYTES = 16
CHUNK = 1 << 22


def hash_bytes(data: bytes | bytearray | memoryview, *more: bytes | bytearray | memoryview) -> str:
    """Hash of bytes, given whole or in consecutive pieces.

    Examples
    --------
    >>> hash_bytes(b"ab") == hash_bytes(b"a", b"b")
    True
    >>> len(hash_bytes(b""))
    32
    """
    digest = blake2b(data, digest_size=DIGEST_BYTES)
    for piece in more:
        digest.update(piece)
    return digest.hexdigest()


def hash_array(array: np.ndarray[Any, Any]) -> str:
    """Hash of an array's type, shape and values (any shape; no Python objects).

    Examples
    --------
    >>> a = np.arange(6).reshape(2, 3)
    >>> hash_array(a) == hash_array(np.asfortranarray(a))
    True
    >>> hash_array(a) == hash_array(a.reshape(3, 2))
    False
    """
    if array.dtype.hasobject:
        raise TypeError("an array of Python objects has no stable bytes to hash")
    head = f"{array.dtype.newbyteorder('<').str}{tuple(int(n) for n in array.shape)}".encode()
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hash_bytes(head, plain.reshape(-1).view(np.uint8).data if plain.size else b"")


def hash_table(table: pa.Table) -> str:
    """Hash of a table's column names, types and values in order, whatever its chunks (its metadata is left out).

    Examples
    --------
    >>> one = pa.table({"a": [1, 2, None]})
    >>> hash_table(one) == hash_table(pa.concat_tables([one.slice(0, 1), one.slice(1)]))
    True
    """
    digest = blake2b(digest_size=DIGEST_BYTES)
    for name in table.column_names:
        column = table.column(name)
        whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if isinstance(whole, pa.ChunkedArray):  # combine_chunks of no chunks, or of more than 2 GB of text
            whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)
        digest.update(f"{name!r}:{whole.type}:{len(whole)}".encode())
        # `take` rewrites offsets and validity from zero: a slice and its copy get the same bytes
        fresh = whole.take(pa.array(np.arange(len(whole), dtype=np.int64)))
        digest.update(hash_array(np.asarray(fresh.is_null())).encode())
        for buffer in _value_buffers(fresh):
            digest.update(buffer)
    return digest.hexdigest()


def _value_buffers(array: pa.Array) -> list[bytes | memoryview]:
    """Bytes that stand for the values of a null-free reading of an array."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        zero = pa.scalar(0).cast(kind)
        return [np.ascontiguousarray(array.fill_null(zero).to_numpy(zero_copy_only=False)).view(np.uint8).data]
    if pa.types.is_boolean(kind):
        return [np.asarray(array.fill_null(False)).view(np.uint8).data]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        large = array.cast(pa.large_string()).fill_null("")
        lengths = np.diff(np.frombuffer(large.buffers()[1], np.int64, len(large) + 1))
        return [lengths.tobytes(), (large.buffers()[2] or pa.py_buffer(b"")).to_pybytes()]
    return [json.dumps(array.to_pylist(), default=repr, ensure_ascii=False).encode()]


def hash_file(path: Path) -> str:
    """Hash of a file's bytes, read in pieces of 4 MB."""
    digest = blake2b(digest_size=DIGEST_BYTES)
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def hash_json(value: Any) -> str:
    """Hash of plain JSON, whatever the order of its keys: what settings are keyed by.

    Examples
    --------
    >>> hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})
    True
    """
    return hash_bytes(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
