"""How does the browser half of an extension reach the page? As a plain ES module file, under an address that changes with it.

What lies beside the file is sent too, so that it can import or fetch it by a relative address. Two versions of one extension
have two addresses, and can stand on one page.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from underglass.errors import DataError

SENT = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}
"""What is sent, by suffix; everything else in the folder, Python above all, stays where it is."""
MOST_FILES, LARGEST = 200, 20_000_000
PREFIX = "extensions"


class BrowserHalf(ABC):
    """Files that a page gets under addresses that change with what is in them."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """16 hexadecimal digits over all files."""

    @abstractmethod
    def content(self, file: str) -> bytes | None:
        """Bytes of a file; None if there is none of that name."""

    def read(self, digest: str, file: str) -> tuple[bytes, str]:
        """Bytes and type of a file.

        Raises
        ------
        DataError
            There is none of that name, or it has changed since the page was loaded.
        """
        if digest != self.digest:
            raise DataError("it has changed since this page was opened: load the page anew")
        data = self.content(file)
        if data is None:
            raise DataError(f"there is no file {file!r} beside its module")
        return data, SENT[file[file.rindex(".") :]]


@dataclass(frozen=True)
class Module(BrowserHalf):
    """An ES module file on disk.

    Parameters
    ----------
    path : the file; what is sent from its folder are the kinds of file in `SENT`.
    """

    path: Path
    _digests: dict[tuple[Any, ...], str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def files(self) -> dict[str, Path]:
        """What is sent, by its path within the folder; links that lead out of it are not followed.

        Raises
        ------
        DataError
            The module is not there, or its folder holds too much.
        """
        folder = self.path.parent.resolve()
        if not self.path.is_file():
            raise DataError(f"its browser half {self.path.name} is not there")
        if self.path.suffix not in (".js", ".mjs"):
            raise DataError(f"its browser half must be a .js or .mjs file, not {self.path.name}")
        found = {
            file.relative_to(folder).as_posix(): file
            for file in sorted(folder.rglob("*"))
            if file.suffix in SENT and file.is_file() and file.resolve().is_relative_to(folder)
        }
        if len(found) > MOST_FILES or sum(file.stat().st_size for file in found.values()) > LARGEST:
            raise DataError(
                f"the folder of its browser half holds more than {MOST_FILES} files or {LARGEST:,} bytes: give it its own"
            )
        return found

    @property
    def digest(self) -> str:
        """16 hexadecimal digits over names and bytes of all files; computed anew when one of them was written."""
        files = self.files
        stamp = tuple((name, file.stat().st_mtime_ns, file.stat().st_size) for name, file in files.items())
        if stamp not in self._digests:
            hashed = hashlib.sha256()
            for name, file in files.items():
                data = file.read_bytes()
                hashed.update(f"{name}\0{len(data)}\0".encode() + data)
            self._digests.clear()
            self._digests[stamp] = hashed.hexdigest()[:16]
        return self._digests[stamp]

    def address(self, name: str) -> str:
        """Where a page finds it, relative to the page."""
        return f"{PREFIX}/{name}/{self.digest}/{self.path.name}"

    def content(self, file: str) -> bytes | None:
        """Bytes of a file; None if it is not sent."""
        path = self.files.get(file)
        return None if path is None else path.read_bytes()
