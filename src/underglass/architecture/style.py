"""How may a figure look: scales, sizes, colours, textures, and what is written?"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from math import log, sqrt
from typing import Literal

from underglass.errors import UnderglassError, unknown

INK, MUTED, RULE, PAPER = "#1b1d20", "#5b5f65", "#85898e", "#ffffff"
PALETTES = {
    # Okabe and Ito 2008, "Color Universal Design"; black is left to ink.
    "okabe-ito": ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"),
    # Paul Tol 2021, "Colour schemes", SRON/EPS/TN/09-002, figures 8 and 4.
    "tol-light": ("#77aadd", "#ee8866", "#44bb99", "#ffaabb", "#99ddff", "#eedd88", "#bbcc33", "#aaaa00"),
    "tol-muted": ("#88ccee", "#cc6677", "#ddcc77", "#117733", "#332288", "#44aa99", "#aa4499", "#999933", "#882255"),
}
TEXTURES: tuple[tuple[tuple[float, float], ...], ...] = (
    ((45, 6),),
    ((0, 5),),
    ((135, 6),),
    ((90, 5),),
    ((45, 7), (135, 7)),
    ((0, 6), (90, 6)),
    ((45, 3),),
    ((0, 2.5),),
    ((135, 3),),
    ((90, 2.5),),
    ((45, 4), (135, 4)),
    ((0, 3.5), (90, 3.5)),
)
"""Of each texture, its hatchings: angle in degrees and distance."""

ScaleName = Literal["linear", "sqrt", "log"]


@dataclass(frozen=True)
class Style:
    """All settings of a figure's look.

    Parameters
    ----------
    feature_scale, extent_scale : how width follows features and height follows resolution.
    widths, heights : of the glyphs with the fewest and the most.
    gap : least distance between two glyphs.
    palette : one of ``tol-light``, ``okabe-ito``, ``tol-muted``; all are safe for colour-blind readers.
    texture : hatchings in place of colours, for print in black.
    features, extents, names : whether channels, sizes and types are written at the glyphs.
    legend : whether types and aggregates are explained below.
    text : size of all words.
    max_width : what a figure is folded to fit into, if folding can.
    """

    feature_scale: ScaleName = "sqrt"
    extent_scale: ScaleName = "sqrt"
    widths: tuple[float, float] = (18.0, 64.0)
    heights: tuple[float, float] = (30.0, 100.0)
    gap: float = 22.0
    palette: str = "tol-light"
    texture: bool = False
    features: bool = True
    extents: bool = True
    names: bool = False
    legend: bool = True
    text: float = 12.0
    max_width: float = 1100.0

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if self.palette not in PALETTES:
            raise UnderglassError(unknown("palette", self.palette, PALETTES))
        for name in ("feature_scale", "extent_scale"):
            if getattr(self, name) not in ("linear", "sqrt", "log"):
                raise UnderglassError(unknown("scale", str(getattr(self, name)), ("linear", "sqrt", "log")))
        for name in ("widths", "heights"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise UnderglassError(f"{name} are ({low:g}, {high:g}); the first must be above 0 and not above the second.")
        for name in ("gap", "text", "max_width"):
            if not getattr(self, name) > 0:
                raise UnderglassError(f"{name} is {getattr(self, name):g}; it must be above 0.")


SETTINGS = tuple(one.name for one in fields(Style))


class Scale:
    """From numbers to lengths: the least becomes the shortest, the greatest the longest; all equal become the longest."""

    def __init__(self, numbers: Sequence[float], lengths: tuple[float, float], name: ScaleName) -> None:
        self.bend: Callable[[float], float] = {"linear": _same, "sqrt": sqrt, "log": log}[name]
        bent = [self.bend(n) for n in numbers]
        self.low, self.high = (min(bent), max(bent)) if bent else (0.0, 0.0)
        self.lengths = lengths

    def __call__(self, number: float) -> float:
        short, long = self.lengths
        if self.high == self.low:
            return long
        share = (self.bend(number) - self.low) / (self.high - self.low)
        return short + min(1.0, max(0.0, share)) * (long - short)


def _same(number: float) -> float:
    return number


def shade(colour: str, factor: float) -> str:
    """The same hue, with its brightness multiplied."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hsv_to_rgb(hue, saturation, min(1.0, value * factor)))
