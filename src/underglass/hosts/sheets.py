"""How do many small pictures travel at once? As one PNG, side by side: a contact sheet.

Images of one size lie in a memory-mapped stack; a sheet of them is gathered, enlarged and written in one go each.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from underglass.errors import DataError
from underglass.store.media import MediaStore

ACROSS = 32
MOST_TILES = 1024
SMALLEST, LARGEST = 8, 512
MOST_PIXELS = 64_000_000
SHOWN_AS_THEY_ARE = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Types a browser shows without running anything; all others are drawn anew."""
COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's colour type by the number of channels."""

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def contact_sheet(media: MediaStore, rows: Sequence[int], size: int) -> bytes:
    """One PNG of the instances' images, row by row, at most 32 across; nothing (transparent) where there is no image.

    Parameters
    ----------
    media
        Of the case.
    rows
        The instances, in the order wanted.
    size
        Edge of a tile in pixels.

    Raises
    ------
    DataError
        If there are too many, the size is out of range, or a row is no instance.
    """
    if not 0 < len(rows) <= MOST_TILES:
        raise DataError(f"a sheet holds 1 to {MOST_TILES:,} instances, not {len(rows):,}")
    if not SMALLEST <= size <= LARGEST or len(rows) * size * size > MOST_PIXELS:
        raise DataError(f"a tile of a sheet is {SMALLEST} to {LARGEST} pixels wide, and all of them {MOST_PIXELS:,} pixels")
    stacked = media.stack(rows)
    if stacked is not None:
        images = stacked if stacked.ndim == 4 else stacked[..., None]
        if images.shape[1] == images.shape[2]:
            return png(resized(_arranged(images), images.shape[1], size))
    tiles, _ = media.tiles(rows, size)
    return png(_arranged(tiles))


def picture(media: MediaStore, row: int) -> tuple[bytes, str] | None:
    """An instance's image, or its sound or film, as bytes and type, safe to be shown; None if it has none."""
    if media.kind(row) in ("audio", "video"):
        return media.encoded(row)
    if media.kind(row) == "image":
        encoded = media.encoded(row)
        if encoded is not None and encoded[1] in SHOWN_AS_THEY_ARE:
            return encoded
    image = media.image(row)
    if image is None:
        return None
    out = io.BytesIO()
    image.convert("RGBA" if image.mode in ("P", "PA", "LA", "RGBA") else "L" if image.mode in ("1", "L") else "RGB").save(
        out, "PNG"
    )
    return out.getvalue(), "image/png"


def png(pixels: Pixels) -> bytes:
    """Pixels ``(height, width, 1|2|3|4)`` as a PNG, not compressed: on one machine that would take longer than it saves."""
    height, width, channels = pixels.shape
    lines = np.zeros((height, 1 + width * channels), np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, COLOURS[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def resized(sheet: Pixels, edge: int, size: int) -> Pixels:
    """A sheet of tiles of one edge, with tiles of another: whole pixels when enlarged, their mean when reduced.

    Tiles begin at whole pixels before and after, so that none runs into its neighbour.
    """
    if size == edge:
        return sheet
    down, across = sheet.shape[0] // edge, sheet.shape[1] // edge
    if size > edge:
        nearest = (2 * np.arange(size) + 1) * edge // (2 * size)
        lines, columns = ((np.arange(tiles)[:, None] * edge + nearest).reshape(-1) for tiles in (down, across))
        return sheet[lines][:, columns]
    image = Image.fromarray(np.ascontiguousarray(sheet[..., 0] if sheet.shape[2] == 1 else sheet))
    smaller = image.resize((across * size, down * size), Image.Resampling.BOX)
    return np.asarray(smaller).reshape(down * size, across * size, sheet.shape[2])


def _arranged(images: Pixels) -> Pixels:
    """Images ``(n, edge, edge, channels)`` side by side, 32 across."""
    n, edge, _, channels = images.shape
    across = min(ACROSS, n)
    down = -(-n // across)
    if n < across * down:
        blank = np.zeros((across * down - n, edge, edge, channels), np.uint8)
        images = np.concatenate([images, blank])
    grid = images.reshape(down, across, edge, edge, channels).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(grid).reshape(down * edge, across * edge, channels)
