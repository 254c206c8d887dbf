"""Where does everything of a figure stand, and how is it painted?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from underglass.architecture.blocks import ENTRY, INPUT, OUTPUT, ROUTE, Block, Drawing
from underglass.architecture.columns import Places, place
from underglass.architecture.glyphs import End, hatched, outline
from underglass.architecture.graph import Shape
from underglass.architecture.labels import ABOVE, BELOW, Stack, above, below
from underglass.architecture.samples import Sample
from underglass.architecture.scene import Line, Mark, Outline, Part, Point
from underglass.architecture.sizes import Sizes
from underglass.architecture.style import INK, MUTED, PALETTES, PAPER, RULE, TEXT, TEXTURES, Style, hues, shade

MARGIN, LABEL_GAP, UPRIGHT = 10.0, 8.0, 0.4
SIDE = 0.4
"""Height of a lane's end beside a glyph's own lane, as a share of what its resolution asks for: skips stay slender."""
RECURRENT = ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell", "SimpleRNN", "Bidirectional", "ConvLSTM2D")
NEUTRAL = (INPUT, OUTPUT, ENTRY)
ROUTE_COLOUR = "#c9cdd1"


@dataclass(frozen=True)
class Paint:
    """How blocks of one type are filled: a colour, and the number of a texture or None."""

    colour: str
    texture: int | None


@dataclass(frozen=True)
class Painted:
    """A network on paper: its parts, from (0, 0) to its width and height."""

    width: float
    height: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class _Glyph:
    """One block before it has its place: its ends by lane, and its words."""

    block: Block
    width: float
    own: int
    into: Mapping[int, float]
    out: Mapping[int, float]
    below: Stack
    above: tuple[Stack, ...]
    crown: float

    @property
    def lanes(self) -> list[int]:
        return sorted({*self.into, *self.out})

    @property
    def words(self) -> float:
        """Width of its widest words."""
        return max(stack.wide for stack in (self.below, *self.above)) if self.above else self.below.wide


def paint_network(
    drawing: Drawing, style: Style, paints: Mapping[str, Paint], samples: Mapping[str, Sample] | None = None
) -> Painted:
    """Lay out a drawing and paint it.

    Parameters
    ----------
    samples : pictures for inputs and outputs, by their blocks.
    """
    places, sizes = place(drawing), Sizes(drawing, style)
    glyphs = [_glyph(one, drawing, places, sizes, style) for one in drawing.blocks]
    centres, width = _across(glyphs, places, style)
    levels, height = _down(glyphs, places, style)
    parts = []
    sides = {glyph.block.id: _sides(centres[places.column[glyph.block.id]], glyph.width) for glyph in glyphs}
    for (source, target), lane in sorted(places.edge.items(), key=lambda item: (places.column[item[0][0]], item[1], item[0])):
        ends = (sides[source][1], levels[lane]), (sides[target][0], levels[lane])
        parts.append(Part("edge", f"{source} → {target}", (), (Line(ends, INK, 1.2 * style.stroke),)))
    for glyph in glyphs:
        sample = (samples or {}).get(glyph.block.id)
        parts.append(_paint_glyph(glyph, sides[glyph.block.id], levels, style, paints, sample=sample))
    return Painted(width, height, tuple(parts))


def network_width(drawing: Drawing, style: Style) -> float:
    """How wide a drawing would be."""
    places, sizes = place(drawing), Sizes(drawing, style)
    return _across([_glyph(one, drawing, places, sizes, style) for one in drawing.blocks], places, style)[1]


def choose_paints(drawings: Sequence[Drawing], style: Style) -> dict[str, Paint]:
    """A colour for every type, in order of appearance, aggregates' own members last; textures begin where colours end.

    A type whose colour or texture is set keeps its place in the order, so that the others keep theirs.
    """
    types = dict.fromkeys(kind for drawing in drawings for kind in _types(drawing))
    drawn = [kind for kind in types if kind not in (*NEUTRAL, ROUTE)]
    colours = PALETTES[style.palette] or tuple(hues(len(drawn)))
    paints = {ROUTE: Paint(PAPER if style.texture else ROUTE_COLOUR, None)}
    for i, kind in enumerate(drawn):
        texture = style.textures.get(kind)
        if style.texture:
            paints[kind] = Paint(PAPER, i % len(TEXTURES) if texture is None else texture)
        elif kind in style.colours:
            paints[kind] = Paint(style.colours[kind], texture)
        else:
            repeat = None if i < len(colours) else (i // len(colours) - 1) % len(TEXTURES)
            paints[kind] = Paint(colours[i % len(colours)], repeat if texture is None else texture)
    return paints


def _types(drawing: Drawing) -> list[str]:
    inner = [kind for one in drawing.blocks if one.inside for kind in _types(one.inside)]
    return [*(one.type for one in drawing.blocks), *inner]


def fill_glyph(block: Block, points: tuple[Point, ...], paints: Mapping[str, Paint], scale: float = 1.0) -> list[Outline | Line]:
    """The body of a glyph: layers with a dark edge, dense ones without, aggregates dark with a bold edge, samples dashed."""
    if block.type in (INPUT, OUTPUT):
        return [Outline(points, "", RULE, 1.0 * scale, 3.0)]
    if block.type == ENTRY:
        return [Outline(points, RULE)]
    if block.type == ROUTE:
        return [Outline(points, paints[ROUTE].colour, RULE, 0.8 * scale)]
    paint = paints[block.type]
    if paint.colour == PAPER:
        edge = Outline(points, PAPER, INK, (2.4 if block.inside else 0.9) * scale)
    elif block.inside is not None:
        edge = Outline(points, shade(paint.colour, 0.78), paint.colour, 3.0 * scale)
    elif block.extent_out:
        edge = Outline(points, paint.colour, shade(paint.colour, 0.62), 1.0 * scale)
    else:
        edge = Outline(points, paint.colour)
    marks: list[Outline | Line] = [edge]
    if paint.texture is not None:
        marks = [replace(edge, stroke="")]
        for angle, distance in TEXTURES[paint.texture]:
            marks += hatched(points, angle, distance * max(scale, 0.7), MUTED if paint.colour == PAPER else INK, 0.6 * scale)
        marks.append(replace(edge, fill=""))
    return marks


def _glyph(block: Block, drawing: Drawing, places: Places, sizes: Sizes, style: Style) -> _Glyph:
    after = sizes.high(block.extent_out, block.features)
    own = places.lane[block.id]
    into = {
        places.edge[(source, block.id)]: _before(block, drawing.edges[(source, block.id)], after, sizes)
        for source in drawing.sources[block.id]
    } or {own: after}
    out = {places.edge[(block.id, target)]: after for target in drawing.targets[block.id]} or {own: after}
    into = {lane: height * (1 if lane == own else SIDE) for lane, height in into.items()}
    out = {lane: height * (1 if lane == own else SIDE) for lane, height in out.items()}
    crown = 11.0 if block.type in RECURRENT else 0.0
    return _Glyph(block, sizes.wide(block), own, into, out, below(block, drawing, style), above(block, style), crown)


def _before(block: Block, extent: Shape, after: float, sizes: Sizes) -> float:
    """Height where a tensor comes in; what only changes its kind, such as from positions to units, is no trapezoid."""
    if bool(extent) != bool(block.extent_out) or min(len(extent), 2) != min(len(block.extent_out), 2) or not extent:
        return after
    return sizes.high(extent, block.features)


def _across(glyphs: list[_Glyph], places: Places, style: Style) -> tuple[list[float], float]:
    """The middle of every column, such that no glyph or word reaches into another column's."""
    count = max(places.column.values(), default=-1) + 1
    bodies, words = [0.0] * count, [0.0] * count
    for glyph in glyphs:
        at = places.column[glyph.block.id]
        bodies[at] = max(bodies[at], glyph.width / 2 + 1.5 * style.stroke)
        words[at] = max(words[at], glyph.words / 2)
    near = LABEL_GAP * min(1.0, style.size / TEXT) * (UPRIGHT if style.labels == "upright" else 1.0)
    centres: list[float] = []
    for j in range(count):
        centre = MARGIN + max(bodies[j], words[j])
        for i, before in enumerate(centres):
            apart = max(
                bodies[i] + bodies[j] + style.gap,
                words[i] + words[j] + near,
                words[i] + bodies[j] + near,
                bodies[i] + words[j] + near,
            )
            centre = max(centre, before + apart)
        centres.append(round(centre, 2))
    right = max((centre + max(bodies[i], words[i]) for i, centre in enumerate(centres)), default=0.0)
    return centres, right + MARGIN


def _down(glyphs: list[_Glyph], places: Places, style: Style) -> tuple[dict[int, float], float]:
    """The middle of every lane, such that what stands in one lane reaches into no other."""
    lanes = sorted({*places.lane.values(), *places.edge.values()}) or [0]
    up, down = dict.fromkeys(lanes, 4.0), dict.fromkeys(lanes, 4.0)
    for glyph in glyphs:
        for ends in (glyph.into, glyph.out):
            for lane, height in ends.items():
                up[lane], down[lane] = max(up[lane], height / 2), max(down[lane], height / 2)
    for glyph in glyphs:
        top, bottom = glyph.lanes[0], glyph.lanes[-1]
        high = max(ends.get(top, 0.0) for ends in (glyph.into, glyph.out)) / 2
        low = max(ends.get(bottom, 0.0) for ends in (glyph.into, glyph.out)) / 2
        up[top] = max(up[top], high + glyph.crown + sum(ABOVE + stack.high for stack in glyph.above))
        down[bottom] = max(down[bottom], low + (BELOW + glyph.below.high if glyph.below.lines else 0.0))
    levels: dict[int, float] = {}
    y = MARGIN
    for lane in lanes:
        levels[lane] = round(y + up[lane], 2)
        y = levels[lane] + down[lane] + style.lane_gap
    return levels, y - style.lane_gap + MARGIN


def _sides(centre: float, width: float) -> tuple[float, float]:
    return round(centre - width / 2, 2), round(centre + width / 2, 2)


def _paint_glyph(
    glyph: _Glyph,
    sides: tuple[float, float],
    levels: Mapping[int, float],
    style: Style,
    paints: Mapping[str, Paint],
    *,
    sample: Sample | None,
) -> Part:
    left, right = sides
    into = [End(levels[lane], glyph.into[lane]) for lane in sorted(glyph.into)]
    out = [End(levels[lane], glyph.out[lane]) for lane in sorted(glyph.out)]
    points = outline(left, right, into, out, levels[glyph.own])
    marks: list[Mark] = [*fill_glyph(glyph.block, points, paints, style.stroke)]
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    if sample is not None and glyph.block.type in (INPUT, OUTPUT):
        half = max(glyph.into.get(glyph.own, 0.0), glyph.out.get(glyph.own, 0.0)) / 2
        marks.append(sample.within(left, levels[glyph.own] - half, right - left, 2 * half))
    elif _shows_positions(glyph.block) and len(into) == len(out) == 1:
        marks += _positions(left, right, top, bottom)
    if glyph.crown:
        marks += _loop(left, right, top)
    middle = (left + right) / 2
    marks += glyph.below.hanging(middle, bottom + BELOW)
    foot = top - glyph.crown
    for stack in glyph.above:
        marks += stack.standing(middle, foot - ABOVE)
        foot -= ABOVE + stack.high
    return Part("glyph", glyph.block.id, glyph.block.about, tuple(marks))


def _shows_positions(block: Block) -> bool:
    return len(block.extent_out) == 1 and block.inside is None and block.type not in (INPUT, OUTPUT, ROUTE)


def _positions(left: float, right: float, top: float, bottom: float) -> list[Line]:
    """Rows across a glyph: a sequence, in place of a picture."""
    rows = max(2, round((bottom - top) / 14))
    levels = [top + (bottom - top) * k / rows for k in range(1, rows)]
    return [Line(((left, round(y, 2)), (right, round(y, 2))), PAPER, 1.0) for y in levels]


def _loop(left: float, right: float, top: float) -> list[Outline | Line]:
    """An arrow from the end of a recurrent layer back to its start."""
    half = (right - left) / 2
    head = min(3.0, 0.4 * half)
    reach = min(14.0, half - head - 0.05)
    a, b, y = (left + right) / 2 + reach, (left + right) / 2 - reach, top - 8
    arrow = Outline(((b - head, top - 5), (b + head, top - 5), (b, top - 0.5)), INK)
    return [Line(((a, top), (a, y), (b, y), (b, top - 4)), INK, 1.2), arrow]
