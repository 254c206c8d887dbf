"""How is a picture read from a file, and what is wrong with one that cannot be?"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from underglass.datasets.dataset import Progress
from underglass.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MOST_PIXELS = 100_000_000
SMALL = (64, 64)
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)
"""What Pillow raises on files that are damaged, cut short, of another kind or hostile."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Inspected:
    """What reading a file to its last byte has shown.

    Parameters
    ----------
    fault : why it cannot be used, or None.
    digest : 32 hexadecimal digits over the file's bytes; empty if it could not be read.
    width, height : of the picture in pixels, 0 if unknown.
    """

    fault: str | None
    digest: str = ""
    width: int = 0
    height: int = 0


def inspect(path: Path) -> Inspected:
    """Read a picture to its last byte, as cheaply as its format allows."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Inspected("no such file")
    except OSError as error:
        return Inspected(f"cannot be read: {error.strerror or error}")
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    if not content:
        return Inspected("the file is empty", digest)
    try:
        with _opened(content) as image:
            width, height = image.size
            image.draft("RGB", SMALL)
            image.load()
    except UNREADABLE as error:
        return Inspected(_reason(error), digest)
    return Inspected(None, digest, width, height)


def inspect_all(paths: Sequence[Path], progress: Progress | None = None) -> list[Inspected]:
    """`inspect` many files, on as many threads as there are processors (decoding lets go of the interpreter)."""
    found: list[Inspected] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done, seen in enumerate(pool.map(inspect, paths), start=1):
            found.append(seen)
            if progress is not None and (done % 100 == 0 or done == len(paths)):
                progress(done, len(paths), "reading pictures")
    return found


def read_picture(path: Path) -> Array:
    """A picture as the eye sees it: (H, W) or (H, W, 3) uint8, turned as its EXIF note says.

    Raises
    ------
    DataError
        The file is gone or damaged; it was whole when the data set was made.
    """
    try:
        with _opened(path.read_bytes()) as image:
            return pixels(image)
    except UNREADABLE as error:
        raise DataError(f"image {str(path)!r}: {_reason(error)}. It could be read when the data set was made.") from error


def pixels(image: Image.Image) -> Array:
    """(H, W) uint8 of a grey picture, (H, W, 3) of any other; transparent parts lie on white, 16 bits are scaled to 8."""
    image = ImageOps.exif_transpose(image) or image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return shown(np.asarray(image))
    if image.mode in ("L", "1"):
        return np.asarray(image.convert("L"))
    if "A" in image.getbands() or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return np.asarray(Image.alpha_composite(white, layer).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def shown(image: Array) -> Array:
    """Any picture-like array as a person can be shown it: (H, W) or (H, W, 3) uint8.

    Floats within 0 to 1 are stretched to 255, other ranges from their least to their greatest value; channels may come
    first or last; a fourth channel is dropped, and of two or of five or more only the first is shown.
    """
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[0] in (1, 3, 4) and image.shape[2] not in (1, 3, 4):
        image = np.moveaxis(image, 0, 2)
    if image.ndim == 3:
        channels = image.shape[2]
        image = image[:, :, :3] if channels in (3, 4) else image[:, :, 0]
    if image.dtype == np.uint8:
        return np.ascontiguousarray(image)
    values = np.nan_to_num(image.astype(np.float32))
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if image.dtype == bool or (low >= 0 and high <= 1):
        low, high = 0.0, 1.0
    scaled = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    if image.width * image.height > MOST_PIXELS:
        raise Image.DecompressionBombError
    return image


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "no picture format known here"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {MOST_PIXELS:,} pixels"
    text = str(error)
    if "truncated" in text or isinstance(error, EOFError):
        return "the file is cut short"
    return text[:1].lower() + text[1:] if text else type(error).__name__
