"""Which outline does a block have, given where its lanes run?

Source: Bäuerle, van Onzenoodt, Ropinski 2021, "Net2Vis", section on the glyph design.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

from underglass.architecture.scene import Line, Point


@dataclass(frozen=True)
class End:
    """Where one lane meets a glyph: the middle of a straight upright side, and its height."""

    y: float
    height: float

    @property
    def top(self) -> float:
        """Upper corner."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """Lower corner."""
        return self.y + self.height / 2


def outline(left: float, right: float, into: Sequence[End], out: Sequence[End], core: float | None = None) -> tuple[Point, ...]:
    """A polygon with one straight side for each lane.

    Parameters
    ----------
    left, right : of the glyph.
    into, out : lanes from the top, at least one each; the sides of one lane must not overlap.
    core : where a glyph with several lanes on both sides is held together; None for the middle of all.

    Returns
    -------
    Corners, clockwise from the upper left: a trapezoid for one lane on each side; with several lanes on a side, bands that
    run together where their edges meet.
    """
    if len(into) == 1 and len(out) == 1:
        waist = None
    elif len(out) == 1:
        waist = right, out[0]
    elif len(into) == 1:
        waist = left, into[0]
    else:
        lanes = [*into, *out]
        y = core if core is not None else (min(end.y for end in lanes) + max(end.y for end in lanes)) / 2
        tallest = min(max(end.height for end in into), max(end.height for end in out))
        waist = (left + right) / 2, End(y, tallest)
    if waist is None:
        return (left, into[0].top), (right, out[0].top), (right, out[0].bottom), (left, into[0].bottom)
    x, middle = waist
    points: list[Point] = []
    if len(into) == 1 and x == left:
        points += [(left, into[0].bottom), (left, into[0].top)]
    else:
        points += _bands(left, x, into, middle)
    if len(out) == 1 and x == right:
        points += [(right, out[0].top), (right, out[0].bottom)]
    else:
        points += [(x - (px - x), py) for px, py in reversed(_bands(x - (right - x), x, out, middle))]
    return tuple(points)


def _bands(edge: float, x: float, lanes: Sequence[End], waist: End) -> list[Point]:
    """From the waist's lower corner along the lanes' sides, bottom to top, to the waist's upper corner."""
    points: list[Point] = [(x, waist.bottom)]
    for i in range(len(lanes) - 1, -1, -1):
        points += [(edge, lanes[i].bottom), (edge, lanes[i].top)]
        if i:
            points.append(_meeting(edge, x, lanes[i], lanes[i - 1], waist))
    points.append((x, waist.top))
    return points


def _meeting(edge: float, x: float, lower: End, upper: End, waist: End) -> Point:
    """Where the upper side of one band meets the lower side of the band above it."""
    apart, together = lower.top - upper.bottom, waist.bottom - waist.top
    share = apart / (apart + together) if apart + together > 0 else 0.0
    return edge + share * (x - edge), lower.top + share * (waist.top - lower.top)


def hatched(points: Sequence[Point], angle: float, distance: float, stroke: str, width: float) -> list[Line]:
    """Parallel lines at an angle, in degrees, cut to the inside of a polygon."""
    turn = radians(angle)
    along, across = (cos(turn), sin(turn)), (-sin(turn), cos(turn))
    heights = [x * across[0] + y * across[1] for x, y in points]
    lines = []
    step = int(min(heights) // distance) + 1
    while step * distance < max(heights):
        level = step * distance
        cuts = []
        for (x1, y1), (x2, y2), h1, h2 in zip(points, [*points[1:], points[0]], heights, [*heights[1:], heights[0]], strict=True):
            if (h1 <= level) != (h2 <= level):
                share = (level - h1) / (h2 - h1)
                cuts.append((x1 + share * (x2 - x1)) * along[0] + (y1 + share * (y2 - y1)) * along[1])
        cuts.sort()
        for a, b in zip(cuts[::2], cuts[1::2], strict=False):
            ends = [(t * along[0] + level * across[0], t * along[1] + level * across[1]) for t in (a, b)]
            lines.append(Line(tuple(ends), stroke, width))
        step += 1
    return lines
