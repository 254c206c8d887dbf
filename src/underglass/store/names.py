"""What is a person's name for a thing called on the disk?

Percent-encoded, so that ``block/1``, ``..`` and ``con`` are plain folders, two names never share one, and the name can
be read back. A name too long for a file system keeps its beginning and ends in its hash.
"""

from __future__ import annotations

import string
from urllib.parse import unquote_to_bytes

from underglass.store.fingerprints import hash_bytes

PLAIN = frozenset(string.ascii_lowercase + string.digits + "_-.")
LONGEST = 150
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789")}


def to_folder(name: str) -> str:
    """The folder name of a name: never empty, hidden, ``..``, reserved on Windows or different only by case.

    Examples
    --------
    >>> to_folder("conv1")
    'conv1'
    >>> to_folder("../Block 1")
    '%2E%2E%2F%42lock%201'
    """
    data = name.encode("utf-8", "surrogatepass")
    out = "".join(chr(byte) if chr(byte) in PLAIN else f"%{byte:02X}" for byte in data)
    if out.startswith(".") or out.endswith("."):
        out = out.replace(".", "%2E")
    if not out or out.split(".", maxsplit=1)[0] in RESERVED:
        out = f"%{ord(out[0]):02X}{out[1:]}" if out else "%"
    if len(out) > LONGEST:
        out = f"{out[: LONGEST - 34]}%~{hash_bytes(data)}"
    return out


def from_folder(folder: str) -> str | None:
    """The name behind a folder name; None where it was too long to be kept whole.

    Examples
    --------
    >>> from_folder(to_folder("features.0/Conv"))
    'features.0/Conv'
    """
    if "%~" in folder:
        return None
    return "" if folder == "%" else unquote_to_bytes(folder).decode("utf-8", "surrogatepass")
