"""How may a figure look: scales, sizes, colours, textures, and what is written?"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import log, sqrt
from typing import Any, Literal

from underglass.errors import UnderglassError, unknown

INK, MUTED, RULE, PAPER = "#1b1d20", "#5b5f65", "#85898e", "#ffffff"
PALETTES: dict[str, tuple[str, ...]] = {
    # Okabe and Ito 2008, "Color Universal Design"; black is left to ink.
    "okabe-ito": ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"),
    # Paul Tol 2021, "Colour schemes", SRON/EPS/TN/09-002, figures 8 and 4.
    "tol-light": ("#77aadd", "#ee8866", "#44bb99", "#ffaabb", "#99ddff", "#eedd88", "#bbcc33", "#aaaa00"),
    "tol-muted": ("#88ccee", "#cc6677", "#ddcc77", "#117733", "#332288", "#44aa99", "#aa4499", "#999933", "#882255"),
    # Net2Vis' "Interpolation": each new hue stands in the middle of the largest gap, so there are as many as types.
    "hues": (),
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
TEXT, PRINTED_TEXT = 12.0, 28 / 3
"""Size of words on the screen, and on paper: 7 pt."""

ScaleName = Literal["linear", "sqrt", "log"]
Range = tuple[float, float]
CHOICES = {
    "feature_scale": ("linear", "sqrt", "log"),
    "extent_scale": ("linear", "sqrt", "log"),
    "palette": tuple(PALETTES),
    "order": ("framework", "first", "last"),
    "numbers": ("none", "parameters", "multiply-adds"),
    "labels": ("auto", "level", "upright"),
}
WORDS = {"feature_scale": "scale", "extent_scale": "scale"}

LARGEST = 100_000
"""Of lengths on the page; paper of PDF readers ends at 14,400."""


@dataclass(frozen=True)
class Style:
    """All settings of a figure's look.

    Parameters
    ----------
    feature_scale, extent_scale : how width follows features and height follows resolution: linear, sqrt or log.
    widths, heights : of the glyphs with the fewest and the most.
    gap, lane_gap : least distance between two glyphs across, and between two lanes down.
    stroke : thickness of all lines, as a multiple.
    palette : ``tol-light``, ``okabe-ito`` or ``tol-muted``, safe for colour-blind readers; ``hues`` where types are many.
    texture : hatchings in place of colours, for print in black.
    colours, textures : of some types, by name: "#rrggbb", or the number of a texture, 0 to 11.
    aliases : what some types are called in the figure.
    features, extents, names : whether channels, sizes and types are written at the glyphs.
    order : which comes first in the labels: as the model's framework has it, or channels ``first`` or ``last``.
    numbers : ``parameters`` or ``multiply-adds`` are written at each glyph, or ``none``.
    labels : ``level``, ``upright`` (read from below), or ``auto``: upright where a figure is too narrow for level ones.
    boxes : dashed boxes at both ends, places for pictures of an input and an output.
    legend : whether types and aggregates are explained below.
    legend_hidden : whether it says what is not drawn.
    legend_reversed : its entries from the last to the first.
    legend_gap : distance of its entries.
    text : size of all words; None for 12 on the screen and 7 pt on paper.
    max_width : what a figure is folded to fit into, if folding can.
    fit : whether glyphs may grow and shrink with the paper; False keeps ``widths`` and ``heights``, so that figures can be
        compared.
    feature_range, extent_range, length_range, unit_range : numbers that get the least and the greatest size: features,
        rows of pictures, positions of sequences, units of dense layers; None for those of the figure.
    """

    feature_scale: ScaleName = "sqrt"
    extent_scale: ScaleName = "sqrt"
    widths: Range = (18.0, 64.0)
    heights: Range = (30.0, 100.0)
    gap: float = 22.0
    lane_gap: float = 10.0
    stroke: float = 1.0
    palette: str = "tol-light"
    texture: bool = False
    colours: Mapping[str, str] = field(default_factory=dict)
    textures: Mapping[str, int] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    features: bool = True
    extents: bool = True
    names: bool = False
    order: str = "framework"
    numbers: str = "none"
    labels: str = "auto"
    boxes: bool = True
    legend: bool = True
    legend_hidden: bool = True
    legend_reversed: bool = False
    legend_gap: float = 22.0
    text: float | None = None
    max_width: float = 1100.0
    fit: bool = True
    feature_range: Range | None = None
    extent_range: Range | None = None
    length_range: Range | None = None
    unit_range: Range | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise UnderglassError(unknown(WORDS.get(name, name), str(getattr(self, name)), allowed))
        for one in fields(self):
            if isinstance(one.default, bool) and not isinstance(getattr(self, one.name), bool):
                raise UnderglassError(f"{one.name} is {getattr(self, one.name)!r}; it is true or false.")
        for name in ("widths", "heights", "feature_range", "extent_range", "length_range", "unit_range"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _pair(name, getattr(self, name)))
        for name in ("gap", "lane_gap", "stroke", "text", "max_width", "legend_gap"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and 0 < value <= LARGEST):
                raise UnderglassError(f"{name} is {value!r}; it must be a number above 0, at most {LARGEST:,}.")
        for kind, colour in self.colours.items():
            if not re.fullmatch("#[0-9a-fA-F]{6}", str(colour)):
                raise UnderglassError(f"the colour of {kind} is {colour!r}; write it as #rrggbb, such as #56b4e9.")
        for kind, number in self.textures.items():
            if not isinstance(number, int) or not 0 <= number < len(TEXTURES):
                raise UnderglassError(f"the texture of {kind} is {number!r}; textures are numbered 0 to {len(TEXTURES) - 1}.")
        object.__setattr__(self, "colours", {kind: colour.lower() for kind, colour in self.colours.items()})
        object.__setattr__(self, "aliases", {kind: str(name) for kind, name in self.aliases.items() if str(name).strip()})

    @property
    def size(self) -> float:
        """Of all words."""
        return TEXT if self.text is None else self.text

    def called(self, kind: str) -> str:
        """What a type is called in the figure."""
        return self.aliases.get(kind, kind)


SETTINGS = tuple(one.name for one in fields(Style))


class Scale:
    """From numbers to lengths: the least becomes the shortest, the greatest the longest; all equal become the longest.

    Parameters
    ----------
    numbers : all that may be asked for.
    lengths : shortest and longest.
    name : how lengths follow numbers.
    between : numbers in place of the least and the greatest; what lies outside gets the shortest or the longest.
    """

    def __init__(self, numbers: Sequence[float], lengths: Range, name: ScaleName, between: Range | None = None) -> None:
        self.bend: Callable[[float], float] = {"linear": _same, "sqrt": sqrt, "log": _log}[name]
        self.between = between if between is not None else ((min(numbers), max(numbers)) if numbers else None)
        self.low, self.high = (self.bend(self.between[0]), self.bend(self.between[1])) if self.between else (0.0, 0.0)
        self.lengths = lengths

    def __call__(self, number: float) -> float:
        short, long = self.lengths
        if self.high == self.low:
            return long
        share = (self.bend(number) - self.low) / (self.high - self.low)
        return short + min(1.0, max(0.0, share)) * (long - short)


def _same(number: float) -> float:
    return number


def _log(number: float) -> float:
    return log(max(number, 1e-9))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _pair(name: str, value: Any) -> Range:
    pair = tuple(value) if isinstance(value, list | tuple) else ()
    if len(pair) != 2 or not all(_is_number(one) for one in pair) or not 0 < pair[0] <= pair[1]:
        shown = f"({pair[0]:g}, {pair[1]:g})" if len(pair) == 2 and all(map(_is_number, pair)) else repr(value)
        are = "are" if name.endswith("s") else "is"
        raise UnderglassError(f"{name} {are} {shown}; give two numbers: the first above 0, the second not below the first.")
    return float(pair[0]), float(pair[1])


def hues(count: int) -> list[str]:
    """So many colours, each in the middle of the largest gap that those before leave on the circle of hues.

    Source: Bäuerle, van Onzenoodt, Ropinski 2021, "Net2Vis", palette "Interpolation": saturation 0.8, value 0.7, first hue 210.

    Examples
    --------
    >>> hues(3)
    ['#246bb3', '#b36b24', '#24b324']
    """
    found: list[int] = []
    for _ in range(count):
        if not found:
            found.append(210)
            continue
        ring = sorted(found)
        gaps = [((ring[(i + 1) % len(ring)] - hue) % 360 or 360, -hue) for i, hue in enumerate(ring)]
        wide, hue = max(gaps)
        found.append((-hue + wide // 2) % 360)
    return [_hex(colorsys.hsv_to_rgb(hue / 360, 0.8, 0.7)) for hue in found]


def shade(colour: str, factor: float) -> str:
    """The same hue, with its brightness multiplied."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    return _hex(colorsys.hsv_to_rgb(hue, saturation, min(1.0, value * factor)))


def _hex(colour: Sequence[float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)
