"""How large may glyphs be on this paper, and must their words stand upright?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from underglass.architecture.blocks import Drawing
from underglass.architecture.drawing import network_width
from underglass.architecture.style import PRINTED_TEXT, Style

LEAST_GAP, LEAST_PRINTED_GAP, LEAST_STROKE = 12.0, 6.0, 0.6
SMALLEST, LARGEST, PLEASANT, WELCOME = 0.25, 1.15, 0.7, 0.35
"""Multiples of the glyphs' usual sizes on paper: the least and the greatest, from which on words stay level, and the least at
which a figure is not folded further."""
SMALLEST_SHOWN = 0.6
"""The least multiple on the screen."""
WORTH = 1.15
"""How much larger glyphs must get for words to stand upright: they are harder to read."""
STEPS = 7
"""Halvings of the range of multiples: the last is finer than a hundredth."""


@dataclass(frozen=True)
class Paper:
    """Room across, in points of the screen.

    Parameters
    ----------
    width : to fit into.
    exact : the figure is to be just as wide: a column of print; else it may be narrower.
    """

    width: float
    exact: bool = False


def fits(drawing: Drawing, style: Style, paper: Paper) -> bool:
    """Whether a drawing has room, with glyphs as small and near as they may be."""
    small = smallest(style, paper)
    if len(drawing.blocks) * (small.widths[0] + small.gap) > 4 * paper.width:
        return False
    return network_width(drawing, small) <= paper.width


def smallest(style: Style, paper: Paper) -> Style:
    """A style at its closest."""
    if paper.exact and style.fit:
        upright = "upright" if style.labels == "auto" else style.labels
        return _scaled(replace(style, labels=upright, text=style.text or PRINTED_TEXT), WELCOME)
    near = replace(style, gap=min(style.gap, LEAST_GAP), labels="level" if style.labels == "auto" else style.labels)
    return _scaled(near, SMALLEST_SHOWN, gaps=False) if style.fit else near


def fitted(drawing: Drawing, style: Style, paper: Paper) -> Style:
    """The style in which a drawing is painted: with a size of text, and with all that was ``auto`` decided.

    On the screen glyphs keep their sizes and only come nearer. On paper words have their own size (7 pt unless set) and the
    glyphs grow or shrink until the figure is as wide as the column; where level words would make them too small, they stand.
    """
    level = replace(style, labels="level" if style.labels == "auto" else style.labels)
    if not paper.exact:
        gap = style.gap
        while style.fit and gap > LEAST_GAP and network_width(drawing, replace(level, gap=gap)) > paper.width:
            gap = max(LEAST_GAP, gap - 2)
        near = replace(level, gap=gap, text=style.size)
        if style.fit and network_width(drawing, near) > paper.width:
            multiple = _largest(drawing, near, paper.width, between=(SMALLEST_SHOWN, 1.0), gaps=False)
            return _scaled(near, max(multiple, SMALLEST_SHOWN), gaps=False)
        return near
    level = replace(level, text=style.text or PRINTED_TEXT)
    if not style.fit:
        return level
    multiple = _largest(drawing, level, paper.width)
    if style.labels == "auto" and multiple < PLEASANT:
        upright = replace(level, labels="upright")
        other = _largest(drawing, upright, paper.width)
        if not multiple or other >= WORTH * multiple:
            return _scaled(upright, max(other, SMALLEST))
    return _scaled(level, max(multiple, SMALLEST))


def _largest(
    drawing: Drawing, style: Style, width: float, *, between: tuple[float, float] = (SMALLEST, LARGEST), gaps: bool = True
) -> float:
    """The multiple at which a drawing fills a width; 0 if even the smallest is too wide."""
    low, high = between

    def fits_at(multiple: float) -> bool:
        return network_width(drawing, _scaled(style, multiple, gaps=gaps)) <= width

    if not fits_at(low):
        return 0.0
    if fits_at(high):
        return high
    for _ in range(STEPS):
        middle = (low + high) / 2
        if fits_at(middle):
            low = middle
        else:
            high = middle
    return low


def _scaled(style: Style, multiple: float, *, gaps: bool = True) -> Style:
    """With larger or smaller glyphs, and if asked with larger or smaller gaps between them."""

    def pair(lengths: tuple[float, float]) -> tuple[float, float]:
        return round(lengths[0] * multiple, 2), round(lengths[1] * multiple, 2)

    gap = max(LEAST_PRINTED_GAP, round(style.gap * multiple, 2)) if gaps else style.gap
    lanes = max(LEAST_PRINTED_GAP, round(style.lane_gap * min(multiple, 1.0), 2)) if gaps else style.lane_gap
    stroke = round(style.stroke * min(1.0, max(LEAST_STROKE, multiple)), 3)
    return replace(style, widths=pair(style.widths), heights=pair(style.heights), gap=gap, lane_gap=lanes, stroke=stroke)
