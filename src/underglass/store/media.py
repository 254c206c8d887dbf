"""What does an instance look like or say? Images and texts of the instances, kept for showing, never for analyses.

::

    media/media.json        which files there are, and the types of what is in them
    media/index.npy         one entry per instance: which kind, in which file, where
    media/stack-00000.npy   images of one size, (images, height, width[, channels]) uint8, memory-mapped
    media/pack-00000.bin    everything else one after the other: encoded images, texts, links, reasons why one is missing

Files are never changed once written: each writing session adds its own and then replaces the index.
"""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from underglass.errors import CaseError, DataError
from underglass.store.fingerprints import hash_file
from underglass.store.locks import locked
from underglass.store.media_writer import COLUMNS, ENTRY, LINK, MISSING, NOTHING, PACKED, STACKED, TABLE, MediaWriter, read_index
from underglass.store.npy import open_array
from underglass.store.sealed import read_sealed
from underglass.store.writing import BINARY, disk_errors

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
MOST_PIXELS = 100_000_000
SHOWN_AS_THEY_ARE = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
NO_MEDIA = "nothing was stored for this instance"
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class MediaStore:
    """The media of a case.

    Parameters
    ----------
    path
        The case's ``media`` folder.
    instances
        How many instances the case has.
    root
        Folder that links are relative to; None if the case has none.
    written
        Called after a session that added something.
    """

    def __init__(
        self, path: Path, instances: int, *, root: Path | None = None, written: Callable[[], None] | None = None
    ) -> None:
        self.path, self.instances, self.root = path, instances, root
        self._after = written
        self._stamp: object = None
        self._index: np.ndarray[Any, Any] = np.zeros(0, ENTRY)
        self._table: Mapping[str, Any] = {"files": [], "mimes": []}
        self._maps: dict[int, Any] = {}

    @contextmanager
    def writing(self) -> Iterator[MediaWriter]:
        """Add media in one session: all of them are there when it ends well, none if it fails."""
        with disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path / ".lock"):
            with MediaWriter(self.path, self.instances) as writer:
                yield writer
            if self._after is not None:
                self._after()

    def put(self, row: int, data: bytes, mime: str) -> None:
        """Add one encoded image or text; for more than a few use `writing`, which adds them in one file."""
        with self.writing() as writer:
            writer.put(row, data, mime)

    def put_array(self, images: np.ndarray[Any, Any], rows: Sequence[int] | None = None) -> None:
        """Add images of one size, ``(images, height, width[, 1|3|4])`` uint8, for rows 0… or the rows given."""
        with self.writing() as writer:
            writer.put_array(images, rows)

    def kind(self, row: int) -> str | None:
        """What there is for an instance: ``"image"``, ``"text"``, ``"audio"``, ``"video"``, ``"link"``, ``"missing"`` or None."""
        entry = self._entry(row)
        if entry["kind"] == PACKED:
            return self._mime(entry).partition("/")[0]
        return {STACKED: "image", LINK: "link", MISSING: "missing", NOTHING: None}[int(entry["kind"])]

    @property
    def types(self) -> tuple[str, ...]:
        """Media types of what was put as bytes."""
        self._refresh()
        return tuple(self._table["mimes"])

    def link(self, row: int) -> str | None:
        """The file an instance's image is read from, relative to the data's folder; None if it is kept in the case."""
        entry = self._entry(row)
        return os.fsdecode(self._bytes(entry)) if entry["kind"] == LINK else None

    def image(self, row: int) -> Image.Image | None:
        """An instance's image, or None if there is none or it cannot be read (`missing` says why)."""
        found = self._image(row)
        return None if isinstance(found, str) else found

    def encoded(self, row: int) -> tuple[bytes, str] | None:
        """Bytes and type of what was put for an instance as bytes; an image of a stack comes as PNG."""
        entry = self._entry(row)
        if entry["kind"] == PACKED:
            return self._bytes(entry), self._mime(entry)
        image = self.image(row)
        if image is None:
            return None
        out = io.BytesIO()
        image.save(out, "PNG")
        return out.getvalue(), "image/png"

    def text(self, row: int) -> str | None:
        """An instance's text, or None if it has none."""
        entry = self._entry(row)
        if entry["kind"] != PACKED or not self._mime(entry).startswith("text/"):
            return None
        return self._bytes(entry).decode("utf-8", "replace")

    def missing(self, row: int) -> str | None:
        """Why there is nothing to show for an instance; None if there is something."""
        if self.kind(row) in ("text", "audio", "video"):
            return None
        found = self._image(row)
        return found if isinstance(found, str) else None

    def stack(self, rows: Sequence[int] | np.ndarray[Any, Any]) -> Bytes | None:
        """Images as they were put, ``(rows, height, width[, channels])`` uint8; None unless all come from one stack."""
        entries = self._entries(rows)
        if not len(entries) or (entries["kind"] != STACKED).any() or (entries["file"] != entries["file"][0]).any():
            return None
        images: Bytes = self._file(int(entries["file"][0]))[entries["at"]]
        return images

    def tiles(self, rows: Sequence[int] | np.ndarray[Any, Any], size: int) -> tuple[Bytes, np.ndarray[Any, np.dtype[np.bool_]]]:
        """Thumbnails for a contact sheet.

        Parameters
        ----------
        rows
            The instances, in the order wanted.
        size
            Edge of a tile in pixels; an image keeps its proportions and stands in the middle on transparent ground.

        Returns
        -------
        ``(rows, size, size, 4)`` uint8 RGBA, and ``(rows,)`` True where there is an image.
        """
        index = np.asarray(rows, dtype=np.int64).reshape(-1)
        out = np.zeros((len(index), size, size, 4), np.uint8)
        shown = np.zeros(len(index), bool)
        stacked = self.stack(index)
        if stacked is not None and size % stacked.shape[1] == 0 and stacked.shape[1] == stacked.shape[2]:
            out[...] = _enlarged(stacked, size // stacked.shape[1])
            shown[:] = True
            return out, shown
        for i, row in enumerate(index):
            image = self._image(int(row), about=size)
            if isinstance(image, str):
                continue
            scale = size / max(image.size)
            width, height = (max(1, round(edge * scale)) for edge in image.size)
            small = image.convert("RGBA").resize((width, height), Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX)
            left, top = (size - width) // 2, (size - height) // 2
            out[i, top : top + height, left : left + width] = np.asarray(small)
            shown[i] = True
        return out, shown

    def _image(self, row: int, about: int | None = None) -> Image.Image | str:
        """The image, or why there is none; `about` is the size in pixels that will do."""
        entry = self._entry(row)
        if entry["kind"] == STACKED:
            images = self._file(int(entry["file"]))
            if entry["at"] >= len(images):
                raise CaseError(
                    f"{self.path / self._table['files'][int(entry['file'])]} is damaged: image {entry['at']} is missing"
                )
            return _from_array(images[entry["at"]])
        if entry["kind"] == PACKED:
            kind = self._mime(entry).partition("/")[0]
            return (
                "it is no image"
                if kind in ("audio", "video")
                else "it is a text"
                if kind == "text"
                else _decoded(io.BytesIO(self._bytes(entry)), "the stored image", about)
            )
        if entry["kind"] == LINK:
            return self._linked(os.fsdecode(self._bytes(entry)), about)
        return NO_MEDIA if entry["kind"] == NOTHING else self._bytes(entry).decode("utf-8", "replace")

    def _linked(self, link: str, about: int | None) -> Image.Image | str:
        if self.root is None:
            return f"{link} is outside the case, and the case does not know its folder"
        path = (self.root / link).resolve()
        if not path.is_relative_to(self.root.resolve()):
            return f"{link} leads out of the data's folder"
        if not path.is_file():
            return f"{link} is no longer in {self.root}"
        return _decoded(path, link, about)

    def _entry(self, row: int) -> Any:
        return self._entries([row])[0]

    def _entries(self, rows: Sequence[int] | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        index = np.asarray(rows, dtype=np.int64).reshape(-1)
        if index.size and (index.min() < 0 or index.max() >= self.instances):
            bad = index[(index < 0) | (index >= self.instances)][0]
            raise DataError(f"there is no instance {bad}: rows are 0 to {self.instances - 1}")
        self._refresh()
        return self._index[index] if len(self._index) else np.zeros(len(index), ENTRY)

    def _refresh(self) -> None:
        """Read the index again if another process replaced it."""
        path = self.path / TABLE
        try:
            seen = path.stat()
        except FileNotFoundError:
            return
        stamp = (seen.st_mtime_ns, seen.st_ino, seen.st_size)
        if stamp == self._stamp:
            return
        for attempt in range(3):
            try:
                table = read_sealed(path)
                if any("/" in name or "\\" in name for name in (*table["files"], table["index"])):
                    raise ValueError("a file lies outside the folder")
                index = read_index(self.path / table["index"], self.instances)
                self._check(index, table)
                break
            except CaseError:
                if attempt == 2:
                    raise  # else another process replaced the index between the two reads
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise CaseError(f"{path} is damaged ({error}): restore it from a copy of the case") from error
        self._table = table  # first: another thread may meet a new table with the old index, not the reverse
        self._index = index
        self._stamp = stamp

    @staticmethod
    def _check(index: np.ndarray[Any, Any], table: Mapping[str, Any]) -> None:
        most = {"kind": MISSING, "file": len(table["files"]) - 1, "mime": len(table["mimes"]) - 1}
        for name in COLUMNS:
            used = index[name][index["kind"] == PACKED if name == "mime" else index["kind"] != NOTHING]
            if used.size and (used.min() < 0 or used.max() > most.get(name, used.max())):
                raise ValueError(f"the index speaks of a {name} that is not there")

    def verify(self) -> list[str]:
        """Names of the files whose bytes are not what was written."""
        path = self.path / TABLE
        try:
            table = read_sealed(path)
        except FileNotFoundError:
            return []
        except (OSError, ValueError):
            return [TABLE]
        try:
            recorded = dict(zip((*table["files"], table["index"]), (*table["hashes"], table["index_hash"]), strict=True))
        except (ValueError, KeyError, TypeError):
            return [TABLE]
        return [
            name for name, value in recorded.items() if not (self.path / name).is_file() or hash_file(self.path / name) != value
        ]

    def _file(self, number: int) -> Any:
        if number not in self._maps:
            path = self.path / self._table["files"][number]
            if path.suffix == ".npy":
                self._maps[number] = open_array(path, dtype=np.uint8)
            else:
                self._maps[number] = _mapped(path)
        return self._maps[number]

    def _bytes(self, entry: Any) -> bytes:
        start, length = int(entry["at"]), int(entry["length"])
        if not length:
            return b""
        data: bytes = self._file(int(entry["file"]))[start : start + length]
        if len(data) != length:
            raise CaseError(f"{self.path / self._table['files'][int(entry['file'])]} is damaged: it is cut short")
        return data

    def _mime(self, entry: Any) -> str:
        mime: str = self._table["mimes"][int(entry["mime"])]
        return mime


def _mapped(path: Path) -> mmap.mmap:
    """A pack mapped read-only. A link is not followed: a case that was sent could show any file of this machine."""
    try:
        descriptor = os.open(path, os.O_RDONLY | BINARY | getattr(os, "O_NOFOLLOW", 0))
        try:
            return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise CaseError(f"{path} is damaged or missing ({error})") from error


def _from_array(pixels: Bytes) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels))


def _decoded(source: Any, name: str, about: int | None) -> Image.Image | str:
    try:
        image: Image.Image = Image.open(source, formats=FORMATS)
        if image.width * image.height > MOST_PIXELS:
            return f"{name} has {image.width} × {image.height} pixels, too many to show"
        if about is not None:
            image.draft(None, (2 * about, 2 * about))  # a JPEG is then decoded at a half, a quarter or an eighth
        image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"{name} cannot be read as an image: {error}"
    return image if image.mode in SHOWN_AS_THEY_ARE else _stretched(image)


def _stretched(image: Image.Image) -> Image.Image:
    """An image of 16 or 32 bits a pixel, its range stretched over the grey levels."""
    values = np.asarray(image, dtype=np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    grey = (np.nan_to_num(values, nan=low) - low) * (255 / (high - low) if high > low else 0)
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def _enlarged(images: Bytes, times: int) -> Bytes:
    if images.ndim == 3:
        images = images[..., None]
    colour = np.repeat(images, 3, axis=3) if images.shape[3] == 1 else images[..., :3]
    alpha = images[..., 3:4] if images.shape[3] == 4 else np.full((*images.shape[:3], 1), 255, np.uint8)
    both = np.concatenate([colour, alpha], axis=3)
    return both.repeat(times, axis=1).repeat(times, axis=2)
