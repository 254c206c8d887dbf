"""What is on the paper: outlines, lines and words, in the order in which they are painted."""

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
    """A text on one line; ``x`` is where its anchor stands, ``y`` its baseline."""

    x: float
    y: float
    text: str
    size: float
    fill: str
    anchor: Anchor = "start"

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom: from the capitals' height to the depth of a descender."""
        font = inter()
        wide = font.width(self.text, self.size)
        left = self.x - {"start": 0.0, "middle": wide / 2, "end": wide}[self.anchor]
        return left, self.y - self.size * font.capitals / font.units, left + wide, self.y + 0.22 * self.size


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
    marks: tuple[Outline | Line | Word, ...]


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
