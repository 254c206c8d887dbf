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
import json
import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from underglass.errors import CaseError, DataError
from underglass.store.fingerprints import hash_file
from underglass.store.locks import locked
from underglass.store.media_writer import ENTRY, LINK, MISSING, NOTHING, PACKED, STACKED, TABLE, MediaWriter, read_index
from underglass.store.npy import open_array

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
MOST_PIXELS = 100_000_000
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class MediaStore:
    """The media of a case.

    Parameters
    ----------
    path : the case's ``media`` folder.
    instances : how many instances the case has.
    root : folder that links are relative to; None if the case has none.
    record : called with the hash of each file after a change, to be written into the manifest.
    """

    def __init__(
        self, path: Path, instances: int, *, root: Path | None = None, record: Callable[[Mapping[str, str]], None] | None = None
    ) -> None:
        self.path, self.instances, self.root = path, instances, root
        self._record = record
        self._stamp: object = None
        self._index: np.ndarray[Any, Any] = np.zeros(0, ENTRY)
        self._table: dict[str, Any] = {"files": [], "mimes": []}
        self._maps: dict[int, Any] = {}

    @contextmanager
    def writing(self) -> Iterator[MediaWriter]:
        """Add media in one session: all of them are there when it ends well, none if it fails."""
        self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path / ".lock"), MediaWriter(self.path, self.instances) as writer:
            yield writer
            written = writer.commit()
            if self._record is not None:
                self._record({name: hash_file(self.path / name) for name in written})

    def put(self, row: int, data: bytes, mime: str) -> None:
        """Add one encoded image or text; for more than a few use `writing`, which adds them in one file."""
        with self.writing() as writer:
            writer.put(row, data, mime)

    def put_array(self, images: np.ndarray[Any, Any], rows: Sequence[int] | None = None) -> None:
        """Add images of one size, ``(images, height, width[, 1|3|4])`` uint8, for rows 0… or the rows given."""
        with self.writing() as writer:
            writer.put_array(images, rows)

    def kind(self, row: int) -> str | None:
        """What there is for an instance: ``"image"``, ``"text"``, ``"link"``, ``"missing"`` or None."""
        entry = self._entry(row)
        if entry["kind"] == PACKED:
            return "text" if self._mime(entry).startswith("text/") else "image"
        return {STACKED: "image", LINK: "link", MISSING: "missing", NOTHING: None}[int(entry["kind"])]

    def image(self, row: int) -> Image.Image | None:
        """An instance's image, or None if there is none or it cannot be read (`missing` says why)."""
        found = self._image(row)
        return None if isinstance(found, str) else found

    def encoded(self, row: int) -> tuple[bytes, str] | None:
        """Bytes and type of what was put for an instance as bytes; an image of a stack comes as PNG."""
        entry = self._entry(row)
        if entry["kind"] == PACKED:
            return bytes(self._bytes(entry)), self._mime(entry)
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
        return bytes(self._bytes(entry)).decode("utf-8", "replace")

    def missing(self, row: int) -> str | None:
        """Why there is nothing to show for an instance; None if there is something."""
        entry = self._entry(row)
        if entry["kind"] == MISSING:
            return bytes(self._bytes(entry)).decode("utf-8", "replace")
        if entry["kind"] == NOTHING:
            return "nothing was stored for this instance"
        if self.kind(row) == "text":
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
        rows : the instances, in the order wanted.
        size : edge of a tile in pixels; an image keeps its proportions and stands in the middle on transparent ground.

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
            image = self.image(int(row))
            if image is None:
                continue
            scale = size / max(image.size)
            width, height = (max(1, round(edge * scale)) for edge in image.size)
            small = image.convert("RGBA").resize((width, height), Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX)
            left, top = (size - width) // 2, (size - height) // 2
            out[i, top : top + height, left : left + width] = np.asarray(small)
            shown[i] = True
        return out, shown

    def _image(self, row: int) -> Image.Image | str:
        entry = self._entry(row)
        if entry["kind"] == STACKED:
            return _from_array(self._file(int(entry["file"]))[entry["at"]])
        if entry["kind"] == PACKED and self._mime(entry).startswith("image/"):
            return _decoded(io.BytesIO(self._bytes(entry)), "the stored image")
        if entry["kind"] == LINK:
            return self._linked(bytes(self._bytes(entry)).decode("utf-8", "replace"))
        return self.missing(row) if entry["kind"] in (MISSING, NOTHING) else "it is a text"  # type: ignore[return-value]

    def _linked(self, link: str) -> Image.Image | str:
        if self.root is None:
            return f"{link} is outside the case, and the case does not know its folder"
        path = (self.root / link).resolve()
        if not path.is_relative_to(self.root.resolve()):
            return f"{link} leads out of the data's folder"
        if not path.is_file():
            return f"{link} is no longer in {self.root}"
        return _decoded(path, link)

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
        try:
            table = json.loads(path.read_bytes())
            self._index = read_index(self.path / table["index"], self.instances)
            self._table = {"files": [str(name) for name in table["files"]], "mimes": [str(mime) for mime in table["mimes"]]}
            if any("/" in name or "\\" in name for name in self._table["files"]):
                raise ValueError("a file lies outside the folder")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CaseError(f"{path} is damaged ({error})") from error
        self._stamp = stamp

    def _file(self, number: int) -> Any:
        if number not in self._maps:
            path = self.path / self._table["files"][number]
            if path.suffix == ".npy":
                self._maps[number] = open_array(path, dtype=np.uint8)
            else:
                try:
                    with path.open("rb") as file:
                        self._maps[number] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                except (OSError, ValueError) as error:
                    raise CaseError(f"{path} is damaged or missing ({error})") from error
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


def _from_array(pixels: Bytes) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels))


def _decoded(source: Any, name: str) -> Image.Image | str:
    try:
        image: Image.Image = Image.open(source, formats=FORMATS)
        if image.width * image.height > MOST_PIXELS:
            return f"{name} has {image.width} × {image.height} pixels, too many to show"
        image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"{name} cannot be read as an image: {error}"
    return image


def _enlarged(images: Bytes, times: int) -> Bytes:
    if images.ndim == 3:
        images = images[..., None]
    colour = np.repeat(images, 3, axis=3) if images.shape[3] == 1 else images[..., :3]
    alpha = images[..., 3:4] if images.shape[3] == 4 else np.full((*images.shape[:3], 1), 255, np.uint8)
    both = np.concatenate([colour, alpha], axis=3)
    return both.repeat(times, axis=1).repeat(times, axis=2)
