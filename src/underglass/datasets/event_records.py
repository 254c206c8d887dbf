"""How does TensorBoard's event file lie on the disk? Records with masked checksums, and the few protobuf fields in them.

A record is its length (uint64), the masked CRC-32C of those eight bytes, the bytes, and their masked CRC-32C, all little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from underglass.errors import DataError

Field = tuple[int, int, int | bytes]
"""Number, wire type (0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes) and value."""

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
MASK = 0xA282EAD8
LONGEST = 2**31


def _table() -> list[int]:
    found = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        found.append(value)
    return found


_CRC = _table()


def crc32c(data: bytes) -> int:
    """Castagnoli's checksum.

    Examples
    --------
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    value = 0xFFFFFFFF
    for byte in data:
        value = _CRC[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    """The checksum as records carry it: rotated by 15 bits and moved."""
    value = crc32c(data)
    return (((value >> 15) | (value << 17)) + MASK) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """One record around some bytes."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def records(path: Path) -> Iterator[bytes]:
    """What the records of a file hold.

    Raises
    ------
    DataError
        If a checksum does not fit or the file ends within a record.
    """
    data = path.read_bytes()
    at = 0
    while at < len(data):
        head = data[at : at + 12]
        if len(head) < 12:
            raise DataError(f"{path.name} ends within a record at byte {at:,}: it was cut short.")
        length, check = struct.unpack("<QI", head)
        if masked(head[:8]) != check or length > LONGEST:
            raise DataError(f"{path.name} is no event file, or is damaged: the record at byte {at:,} has a wrong checksum.")
        body = data[at + 12 : at + 12 + length]
        tail = data[at + 12 + length : at + 16 + length]
        if len(body) < length or len(tail) < 4:
            raise DataError(f"{path.name} ends within a record at byte {at:,}: it was cut short.")
        if masked(body) != struct.unpack("<I", tail)[0]:
            raise DataError(f"{path.name} is damaged: the record at byte {at:,} has a wrong checksum.")
        yield body
        at += 16 + length


def fields(data: bytes) -> Iterator[Field]:
    """Fields of a protobuf message, in order.

    Raises
    ------
    DataError
        If the bytes are none.
    """
    at = 0
    try:
        while at < len(data):
            tag, at = _varint(data, at)
            number, kind = tag >> 3, tag & 7
            value: int | bytes
            if kind == VARINT:
                value, at = _varint(data, at)
            elif kind == BYTES:
                length, at = _varint(data, at)
                value = data[at : at + length]
                if len(value) < length:
                    raise DataError("an event ends within a field.")
                at += length
            elif kind in (EIGHT, FOUR):
                width = 8 if kind == EIGHT else 4
                value = data[at : at + width]
                at += width
            else:
                raise DataError(f"an event has a field of the unknown wire type {kind}.")
            yield number, kind, value
    except IndexError:
        raise DataError("an event ends within a number.") from None


def field(number: int, value: int | bytes | str | float) -> bytes:
    """One field: a whole number as varint, a float as eight bytes, text and bytes with their length."""
    if isinstance(value, float):
        return _coded(number << 3 | EIGHT) + struct.pack("<d", value)
    if isinstance(value, int):
        return _coded(number << 3 | VARINT) + _coded(value)
    body = value.encode() if isinstance(value, str) else value
    return _coded(number << 3 | BYTES) + _coded(len(body)) + body


def packed_floats(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bytes:
    """Floats in row-major order, four bytes each, little-endian."""
    return np.ascontiguousarray(values, "<f4").tobytes()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise DataError("an event holds a number that is too long.")


def _coded(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
