"""How do the pictures and texts of the instances come into the case? As small copies, so that it can travel alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from underglass.datasets import Dataset, Encoded
from underglass.store import MediaWriter

LONGEST_SIDE = 256
"""Pixels; larger images are shown, not analysed, at this size."""
CHUNK = 512
QUALITY = 88

Progress = Callable[[int, int, str], None]
Picture = np.ndarray[Any, Any]
Shown = Picture | str | Encoded


def copy_media(dataset: Dataset, writer: MediaWriter, progress: Progress | None = None) -> None:
    """Write what a person is shown of every instance.

    Small images of one size go unchanged into one memory-mapped stack; others are scaled down to at most 256 pixels and
    encoded. An instance that cannot be shown is kept as missing, with the reason, and never as an empty picture.

    Parameters
    ----------
    dataset : Dataset
        Its `media` gives (H, W) or (H, W, 3) uint8, a text, encoded bytes, or None.
    writer : MediaWriter
        Of the case that is being made.
    progress : callable (done, total, stage)
        Called with instances done, all instances, and what is being done.
    """
    total = len(dataset)
    for start in range(0, total, CHUNK):
        rows = range(start, min(start + CHUNK, total))
        pictures: list[tuple[int, Picture]] = []
        for row in rows:
            shown = _shown(dataset, row)
            if isinstance(shown, str):
                writer.put_text(row, shown)
            elif isinstance(shown, Encoded):
                writer.put(row, shown.data, shown.type)
            elif isinstance(shown, Exception):
                writer.put_missing(row, str(shown) or type(shown).__name__)
            elif shown is not None:
                pictures.append((row, shown))
        _put(writer, pictures)
        if progress is not None:
            progress(rows.stop, total, "copying what is shown")


def _shown(dataset: Dataset, row: int) -> Shown | Exception | None:
    try:
        return dataset.media(row)
    except Exception as error:  # noqa: BLE001 - a file may be broken in any way; the instance says which
        return error


def _put(writer: MediaWriter, pictures: list[tuple[int, Picture]]) -> None:
    if not pictures:
        return
    shapes = {picture.shape for _, picture in pictures}
    if len(shapes) == 1 and max(pictures[0][1].shape[:2]) <= LONGEST_SIDE:
        writer.put_array(np.stack([picture for _, picture in pictures]), [row for row, _ in pictures])
        return
    for row, picture in pictures:
        writer.put(row, *_encoded(picture))


def _encoded(picture: Picture) -> tuple[bytes, str]:
    image = Image.fromarray(picture)
    small = max(image.size) <= LONGEST_SIDE
    if not small:
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    if small or image.mode not in ("RGB", "L"):
        image.save(out, "PNG")
        return out.getvalue(), "image/png"
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue(), "image/jpeg"
