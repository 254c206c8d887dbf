"""What is on the paper: outlines, lines, words and pictures, in the order in which they are painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from underglass.architecture.font import inter

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Outline:
    """A closed shape.

    Parameters
    ----------
    points : corners in order.
    fill, stroke : "#rrggbb"; "" for none.
    width : of the stroke.
    dash : length of dashes and gaps; 0 for an unbroken stroke.
    """

    points: tuple[Point, ...]
    fill: str
    stroke: str = ""
    width: float = 0.0
    dash: float = 0.0


@dataclass(frozen=True)
class Line:
    """An open stroke through points."""

    points: tuple[Point, ...]
    stroke: str
    width: float = 1.0


@dataclass(frozen=True)
class Word:
    """A text on one line; ``x`` is where its anchor stands, ``y`` its baseline.

    Parameters
    ----------
    turned : it is read from below to above: ``x`` is then its baseline, and ``y`` where its anchor stands.
    """

    x: float
    y: float
    text: str
    size: float
    fill: str
    anchor: Anchor = "start"
    turned: bool = False

    @property
    def start(self) -> Point:
        """Where the baseline begins."""
        before = inter().width(self.text, self.size) * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]
        return (self.x, self.y + before) if self.turned else (self.x - before, self.y)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom: from the capitals' height to the depth of a descender."""
        font = inter()
        long, high, deep = font.width(self.text, self.size), self.size * font.capitals / font.units, 0.22 * self.size
        x, y = self.start
        return (x - high, y - long, x + deep, y) if self.turned else (x, y - high, x + long, y + deep)


@dataclass(frozen=True)
class Picture:
    """A picture from outside, in a box of its own proportions.

    Parameters
    ----------
    x, y : upper left corner.
    data : the file's bytes.
    kind : "png" or "jpeg".
    """

    x: float
    y: float
    width: float
    height: float
    data: bytes
    kind: str


Mark = Outline | Line | Word | Picture


@dataclass(frozen=True)
class Part:
    """What belongs to one block, edge or entry of the legend.

    Parameters
    ----------
    kind : "glyph", "edge" or "legend".
    key : id of the block, "source → target", or the type.
    about : lines for a tooltip and for people who hear the figure.
    marks : painted in this order.
    """

    kind: Literal["glyph", "edge", "legend"]
    key: str
    about: tuple[str, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Scene:
    """A whole figure.

    Parameters
    ----------
    width, height : of the paper; all other measures are in the same unit, a point of the screen.
    title, description : said to those who cannot see it.
    parts : painted in this order.
    """

    width: float
    height: float
    title: str
    description: str
    parts: tuple[Part, ...]
