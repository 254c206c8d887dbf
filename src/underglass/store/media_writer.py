"""How do images and texts come into the case? In sessions that add new files and replace the index at the end."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from underglass.errors import DataError
from underglass.store import npy
from underglass.store.writing import disk_errors, write_file, write_json

ENTRY = np.dtype([(name, "<i8") for name in ("kind", "mime", "file", "at", "length")])
NOTHING, STACKED, PACKED, LINK, MISSING = range(5)
TABLE, INDEX = "media.json", "index-{:05d}.npy"
LARGEST_PACK = 1 << 30
Channels = (1, 3, 4)


class MediaWriter:
    """One session of adding media; made by `MediaStore.writing`."""

    def __init__(self, path: Path, instances: int) -> None:
        self.path, self.instances = path, instances
        self._table: dict[str, Any] = {"files": [], "mimes": [], "index": "", "session": 0}
        self._index = np.zeros(instances, ENTRY)
        self._pack: tuple[int, BinaryIO, int] | None = None
        self._stack: tuple[int, BinaryIO, tuple[int, ...], int] | None = None
        self._written: list[str] = []
        self._committed = False

    def __enter__(self) -> Self:
        if (self.path / TABLE).exists():
            self._table = json.loads((self.path / TABLE).read_bytes())
            self._index = read_index(self.path / self._table["index"], self.instances).copy()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for open_file in (self._pack, self._stack):
            if open_file is not None:
                open_file[1].close()
        if not self._committed:
            for name in self._written:
                with suppress(OSError):
                    (self.path / name).unlink()

    def put(self, row: int, data: bytes, mime: str) -> None:
        """An encoded image (``image/…``) or a text (``text/…``)."""
        if not mime.startswith(("image/", "text/")):
            raise DataError(f"media are images or texts, not {mime!r}")
        if mime not in self._table["mimes"]:
            self._table["mimes"].append(mime)
        self._put(row, PACKED, data, self._table["mimes"].index(mime))

    def put_text(self, row: int, text: str) -> None:
        """A text."""
        self.put(row, text.encode("utf-8", "replace"), "text/plain; charset=utf-8")

    def link(self, row: int, path: str) -> None:
        """An image that stays where it is; `path` is relative to the data's folder and inside it."""
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise DataError(f"a link must lie inside the data's folder, not {path!r}")
        self._put(row, LINK, path.encode("utf-8", "replace"))

    def put_missing(self, row: int, reason: str) -> None:
        """Nothing can be shown for this instance, and why."""
        self._put(row, MISSING, reason.encode("utf-8", "replace"))

    def put_array(self, images: np.ndarray[Any, Any], rows: Sequence[int] | np.ndarray[Any, Any] | None = None) -> None:
        """Images of one size, ``(images, height, width[, 1|3|4])`` uint8; may be called again with more of them.

        Parameters
        ----------
        rows : the instance of each image; without it the images belong to rows 0, 1, 2 …
        """
        if images.dtype != np.uint8 or images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] not in Channels):
            raise DataError(
                f"a stack of images is (images, height, width) or (images, height, width, 1|3|4) uint8, not {images.shape} {images.dtype}"
            )
        where = np.arange(len(images)) if rows is None else np.asarray(rows, dtype=np.int64)
        if where.shape != (len(images),):
            raise DataError(f"{len(images)} images but {where.size} rows")
        for row in (where.min(initial=0), where.max(initial=0)):
            self._check(int(row))
        shape = images.shape[1:]
        if self._stack is None or self._stack[2] != shape:
            self._close_stack()
            number, file = self._new("stack-{:05d}.npy")
            file.write(npy.header(np.uint8, (0, *shape)))
            self._stack = (number, file, shape, 0)
        number, file, shape, count = self._stack
        with disk_errors(self.path):
            file.write(np.ascontiguousarray(images).reshape(-1).data)
        self._index[where] = 0
        self._index["kind"][where], self._index["file"][where] = STACKED, number
        self._index["at"][where] = np.arange(count, count + len(images))
        self._stack = (number, file, shape, count + len(images))

    def commit(self) -> list[str]:
        """Make the session's media visible; returns the names of the files it wrote."""
        self._close_stack()
        self._close_pack()
        self._table["session"] += 1
        self._table["index"] = INDEX.format(self._table["session"])
        write_file(self.path / self._table["index"], *npy.pieces(self._index.view("<i8").reshape(-1, len(ENTRY))))
        self._written.append(self._table["index"])
        write_json(self.path / TABLE, self._table)
        self._committed = True
        with suppress(OSError):  # the index before stays for readers who are about to open it
            (self.path / INDEX.format(self._table["session"] - 2)).unlink()
        return [*self._written, TABLE]

    def _put(self, row: int, kind: int, data: bytes, mime: int = 0) -> None:
        self._check(row)
        if self._pack is None or self._pack[2] + len(data) > LARGEST_PACK:
            self._close_pack()
            number, file = self._new("pack-{:05d}.bin")
            self._pack = (number, file, 0)
        number, file, at = self._pack
        with disk_errors(self.path):
            file.write(data)
        self._index[row] = (kind, mime, number, at, len(data))
        self._pack = (number, file, at + len(data))

    def _check(self, row: int) -> None:
        if not 0 <= row < self.instances:
            raise DataError(f"there is no instance {row}: rows are 0 to {self.instances - 1}")

    def _new(self, name: str) -> tuple[int, BinaryIO]:
        number = len(self._table["files"])
        path = self.path / name.format(number)
        with disk_errors(path):
            file = path.open("wb")
        self._table["files"].append(path.name)
        self._written.append(path.name)
        return number, file

    def _close_stack(self) -> None:
        if self._stack is not None:
            _, file, shape, count = self._stack
            with disk_errors(self.path):
                file.seek(0)
                file.write(npy.header(np.uint8, (count, *shape)))
                _finish(file)
            self._stack = None

    def _close_pack(self) -> None:
        if self._pack is not None:
            with disk_errors(self.path):
                _finish(self._pack[1])
            self._pack = None


def read_index(path: Path, instances: int) -> np.ndarray[Any, Any]:
    """The index, ``(instances,)`` of `ENTRY`, mapped read-only; on the disk a plain ``(instances, 5)`` int64 array."""
    return npy.open_array(path, dtype=np.int64, shape=(instances, len(ENTRY))).view(ENTRY)[:, 0]


def _finish(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
