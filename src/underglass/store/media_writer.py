"""How do images and texts come into the case? In sessions that add new files and replace the index at the end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from underglass.errors import CaseError, DataError
from underglass.store import npy
from underglass.store.fingerprints import hash_file
from underglass.store.sealed import read_sealed, write_sealed
from underglass.store.writing import disk_errors, remove_parts, sync_file, write_file

COLUMNS = ("kind", "mime", "file", "at", "length")
ENTRY = np.dtype([(name, "<i8") for name in COLUMNS])
NOTHING, STACKED, PACKED, LINK, MISSING = range(5)
TABLE, INDEX = "media.json", "index-{:05d}.npy"
LARGEST_PACK = 1 << 30
CHANNELS = (1, 3, 4)
PLAIN_TEXT = "text/plain; charset=utf-8"


@dataclass
class _Growing:
    """A file that is being filled: its number, how many images or bytes are in it, and the shape of one image of a stack."""

    number: int
    file: BinaryIO
    filled: int = 0
    shape: tuple[int, ...] = ()


class MediaWriter:
    """One session of adding media; made by `MediaStore.writing`."""

    def __init__(self, path: Path, instances: int) -> None:
        self.path, self.instances = path, instances
        self._table: dict[str, Any] = {"files": [], "hashes": [], "mimes": [], "index": "", "index_hash": "", "session": 0}
        self._index = np.zeros(instances, ENTRY)
        self._pack: _Growing | None = None
        self._stack: _Growing | None = None
        self._written: list[str] = []

    def __enter__(self) -> Self:
        remove_parts(self.path)
        try:
            self._table = read_sealed(self.path / TABLE)
            self._index = read_index(self.path / self._table["index"], self.instances).copy()
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError) as error:
            raise CaseError(f"{self.path / TABLE} is damaged ({error}): restore it from a copy of the case") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._commit()
        finally:
            for growing in (self._pack, self._stack):
                if growing is not None:
                    with suppress(OSError):
                        growing.file.close()
            for name in self._written:
                with suppress(OSError):
                    (self.path / name).unlink()

    def put(self, row: int, data: bytes, mime: str) -> None:
        """An encoded image (``image/…``), a text (``text/…``), a sound (``audio/…``) or a film (``video/…``)."""
        if not mime.startswith(("image/", "text/", "audio/", "video/")):
            raise DataError(f"media are images, texts, sounds or films, not {mime!r}")
        if mime not in self._table["mimes"]:
            self._table["mimes"].append(mime)
        self._put(row, PACKED, data, self._table["mimes"].index(mime))

    def put_text(self, row: int, text: str) -> None:
        """A text."""
        self.put(row, text.encode("utf-8", "replace"), PLAIN_TEXT)

    def link(self, row: int, path: str) -> None:
        """An image that stays where it is; `path` is relative to the data's folder and inside it."""
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise DataError(f"a link must lie inside the data's folder, not {path!r}")
        self._put(row, LINK, path.encode("utf-8", "surrogateescape"))

    def put_missing(self, row: int, reason: str) -> None:
        """Nothing can be shown for this instance, and why."""
        self._put(row, MISSING, reason.encode("utf-8", "replace"))

    def put_array(self, images: np.ndarray[Any, Any], rows: Sequence[int] | np.ndarray[Any, Any] | None = None) -> None:
        """Images of one size; may be called again with more of them.

        Parameters
        ----------
        images : (images, height, width) or (images, height, width, 1|3|4)
            Pixels, uint8.
        rows : (images,)
            The instance of each image; without it the images belong to rows 0, 1, 2 …
        """
        if images.dtype != np.uint8 or images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] not in CHANNELS):
            raise DataError(
                "a stack of images is (images, height, width) or (images, height, width, 1|3|4) uint8, "
                f"not {images.shape} {images.dtype}"
            )
        where = np.arange(len(images)) if rows is None else np.asarray(rows, dtype=np.int64)
        if where.shape != (len(images),):
            raise DataError(f"{len(images)} images but {where.size} rows")
        if not where.size:
            return
        self._check(int(where.min()))
        self._check(int(where.max()))
        stack = self._stack
        if stack is None or stack.shape != images.shape[1:]:
            self._close_stack()
            stack = self._stack = self._new("stack-{:05d}.npy", images.shape[1:])
            self._fill(stack, npy.header(np.uint8, (0, *stack.shape)))
        self._fill(stack, np.ascontiguousarray(images).reshape(-1).data)
        self._index[where] = np.zeros((), ENTRY)
        self._index["kind"][where], self._index["file"][where] = STACKED, stack.number
        self._index["at"][where] = np.arange(stack.filled, stack.filled + len(images))
        stack.filled += len(images)

    def _put(self, row: int, kind: int, data: bytes, mime: int = 0) -> None:
        self._check(row)
        if self._pack is None or self._pack.filled + len(data) > LARGEST_PACK:
            self._close_pack()
            self._pack = self._new("pack-{:05d}.bin")
        self._fill(self._pack, data)
        self._index[row] = (kind, mime, self._pack.number, self._pack.filled, len(data))
        self._pack.filled += len(data)

    def _commit(self) -> None:
        """Make the session's media visible."""
        self._close_stack()
        self._close_pack()
        self._table["session"] += 1
        name = self._table["index"] = INDEX.format(self._table["session"])
        write_file(self.path / name, *npy.pieces(self._index.view("<i8").reshape(-1, len(COLUMNS))))
        self._written.append(name)
        self._table["index_hash"] = hash_file(self.path / name)
        write_sealed(self.path / TABLE, self._table)
        self._written.clear()
        self._sweep()

    def _sweep(self) -> None:
        """Take away what a killed session left, and the index before."""
        known = {TABLE, self._table["index"], *self._table["files"]}
        for path in self.path.iterdir():
            if path.name not in known and path.suffix in (".npy", ".bin"):
                with suppress(OSError):  # Windows keeps a file that somebody has mapped; the next session takes it
                    path.unlink()

    def _check(self, row: int) -> None:
        if not 0 <= row < self.instances:
            raise DataError(f"there is no instance {row}: rows are 0 to {self.instances - 1}")

    def _new(self, name: str, shape: tuple[int, ...] = ()) -> _Growing:
        number = len(self._table["files"])
        path = self.path / name.format(number)
        with disk_errors(path):
            file = path.open("wb")
        self._table["files"].append(path.name)
        self._table["hashes"].append("")
        self._written.append(path.name)
        return _Growing(number, file, 0, shape)

    def _fill(self, growing: _Growing, data: bytes | memoryview) -> None:
        with disk_errors(self.path / self._table["files"][growing.number]):
            growing.file.write(data)

    def _close_stack(self) -> None:
        if self._stack is not None:
            with disk_errors(self.path / self._table["files"][self._stack.number]):
                self._stack.file.seek(0)
                self._stack.file.write(npy.header(np.uint8, (self._stack.filled, *self._stack.shape)))
            self._finish(self._stack)
            self._stack = None

    def _close_pack(self) -> None:
        if self._pack is not None:
            self._finish(self._pack)
            self._pack = None

    def _finish(self, growing: _Growing) -> None:
        path = self.path / self._table["files"][growing.number]
        with disk_errors(path):
            growing.file.flush()
            os.fsync(growing.file.fileno())
            growing.file.close()
            sync_file(self.path)
        self._table["hashes"][growing.number] = hash_file(path)


def read_index(path: Path, instances: int) -> np.ndarray[Any, Any]:
    """The index, ``(instances,)`` of `ENTRY`, mapped read-only; on the disk a plain ``(instances, 5)`` int64 array."""
    index: np.ndarray[Any, Any] = npy.open_array(path, dtype=np.int64, shape=(instances, len(COLUMNS))).view(ENTRY)[:, 0]
    return index
