"""Which picture stands in the box at an end of the network?"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from underglass.architecture.scene import Picture
from underglass.errors import UnderglassError

KINDS = {"PNG": "png", "JPEG": "jpeg"}
LARGEST = 1200
"""Pixels of the longer side: 300 dpi over 10 cm, more than any box has."""


@dataclass(frozen=True)
class Sample:
    """A picture as a file: its bytes, "png" or "jpeg", and its pixels across and down."""

    data: bytes
    kind: str
    width: int
    height: int

    def within(self, left: float, top: float, width: float, height: float) -> Picture:
        """As large as a box allows, in its middle, with its own proportions."""
        factor = min(width / self.width, height / self.height)
        wide, high = self.width * factor, self.height * factor
        return Picture(left + (width - wide) / 2, top + (height - high) / 2, wide, high, self.data, self.kind)


def read_sample(given: Any) -> Sample:
    """A picture from a path, bytes of a file, a PIL image or an array.

    Parameters
    ----------
    given : PNG and JPEG files are taken as they are unless they are larger than 1,200 pixels; all else becomes PNG.
        Arrays are (height, width) or (height, width, 3 or 4), bytes 0 to 255 or floats 0 to 1.

    Raises
    ------
    UnderglassError
        It is no picture, or there is no such file.
    """
    name = str(given) if isinstance(given, str | Path) else type(given).__name__
    try:
        if isinstance(given, str | Path):
            given = Path(given).read_bytes()
        if isinstance(given, bytes):
            opened = Image.open(io.BytesIO(given))
            opened.load()
            if opened.format in KINDS and max(opened.size) <= LARGEST:
                return Sample(given, KINDS[opened.format], *opened.size)
            picture: Image.Image = opened
        else:
            picture = given if isinstance(given, Image.Image) else _from_array(given)
    except (OSError, UnidentifiedImageError, ValueError, TypeError, SyntaxError) as error:
        raise UnderglassError(
            f"the sample {name} is no picture that can be read; give a PNG or JPEG file, or an array of bytes."
        ) from error
    kept = (
        picture if picture.mode in ("L", "RGB", "RGBA") else picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    )
    if max(kept.size) > LARGEST:
        kept.thumbnail((LARGEST, LARGEST))
    file = io.BytesIO()
    kept.save(file, "PNG", optimize=True)
    return Sample(file.getvalue(), "png", *kept.size)


def _from_array(given: Any) -> Image.Image:
    import numpy as np

    values = np.asarray(given)
    if values.dtype.kind == "f":
        values = np.round(np.clip(values, 0, 1) * 255)
    values = values.astype(np.uint8)
    return Image.fromarray(values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values)
