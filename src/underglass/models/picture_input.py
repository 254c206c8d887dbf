"""How do pictures of bytes become what a network takes: size, channels, scale, mean, deviation, order of axes?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from underglass.errors import ModelError
from underglass.models.model import Array

CHANNELS = (1, 3)


@dataclass(frozen=True)
class Pictures:
    """Preprocessing of pictures; call it with one, (height, width) or (height, width, channels) of bytes.

    The middle of a picture is cut out in the network's proportions and made its size; then it is divided by ``scale``, and
    ``mean`` is taken off and ``std`` divided by.

    Parameters
    ----------
    height, width : of the network's input.
    channels : 1 grey, 3 colours.
    mean, std : one number, or one a channel, on the scale after the division.
    scale : what bytes are divided by, 255 for 0 to 1, 1 to keep 0 to 255.
    channels_first : whether the network takes (channels, height, width).
    """

    height: int
    width: int
    channels: int = 3
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    scale: float = 255.0
    channels_first: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.channels not in CHANNELS:
            raise ModelError(f"pictures have 1 channel or 3, and the model takes {self.channels}; give preprocess=….")
        if not (self.height > 0 and self.width > 0 and self.scale > 0):
            raise ModelError(f"height, width and scale must be above 0; they are {self.height}, {self.width}, {self.scale:g}.")
        for name in ("mean", "std"):
            count = len(getattr(self, name))
            if count not in (1, self.channels):
                raise ModelError(f"{name} has {count} numbers for {self.channels} channels; give one, or one a channel.")
        if not all(one > 0 for one in self.std):
            raise ModelError(f"std is {self.std}; a deviation is above 0.")

    def __call__(self, image: Array) -> Array:
        """(channels, height, width) float32, or (height, width, channels).

        Raises
        ------
        ModelError
            It is no picture of bytes.
        """
        from PIL import Image, ImageOps

        array = np.asarray(image)
        if array.dtype != np.uint8 or array.ndim not in (2, 3):
            raise ModelError(f"a picture of bytes (height, width, channels) is needed, and this is {array.shape} {array.dtype}.")
        picture = Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] in (1, 2) else array)
        picture = picture.convert("L" if self.channels == 1 else "RGB")
        if picture.size != (self.width, self.height):
            picture = ImageOps.fit(picture, (self.width, self.height), Image.Resampling.BILINEAR)
        pixels = np.asarray(picture, np.float32).reshape(self.height, self.width, self.channels)
        mean, std = (np.asarray(one, np.float32) for one in (self.mean, self.std))
        scaled: Array = (pixels / np.float32(self.scale) - mean) / std
        return np.ascontiguousarray(scaled.transpose(2, 0, 1) if self.channels_first else scaled, np.float32)

    def __str__(self) -> str:
        scaled = "0 to 255" if self.scale == 1 else f"divided by {self.scale:g}"
        mean, std = (", ".join(f"{one:g}" for one in numbers) for numbers in (self.mean, self.std))
        more = "" if (self.mean, self.std) == ((0.0,), (1.0,)) else f", less mean {mean}, by deviation {std}"
        return f"{self.height} × {self.width} × {self.channels}, bytes {scaled}{more}".replace("-", "−")


def pictures(
    height: int,
    width: int | None = None,
    *,
    channels: int = 3,
    mean: float | Sequence[float] = 0.0,
    std: float | Sequence[float] = 1.0,
    scale: float = 255.0,
    channels_first: bool = True,
) -> Pictures:
    """Preprocessing of pictures, said rather than assumed; see `Pictures` for each word.

    Examples
    --------
    >>> pictures(2, channels=1, mean=0.5, std=0.5)(np.full((2, 2), 255, np.uint8)).tolist()
    [[[1.0, 1.0], [1.0, 1.0]]]
    """
    return Pictures(height, width or height, channels, _numbers(mean), _numbers(std), scale, channels_first)


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(float(one) for one in value) if isinstance(value, Sequence) else (float(value),)
