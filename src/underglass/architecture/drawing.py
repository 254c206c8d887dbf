"""Where does everything of a figure stand, and how is it painted?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from underglass.architecture.blocks import ENTRY, INPUT, OUTPUT, Block, Drawing
from underglass.architecture.columns import Places, place
from underglass.architecture.font import inter
from underglass.architecture.glyphs import End, hatched, outline
from underglass.architecture.graph import Shape
from underglass.architecture.scene import Line, Outline, Part, Point, Word
from underglass.architecture.style import INK, MUTED, PALETTES, PAPER, RULE, TEXTURES, Scale, Style, shade

MARGIN, LANE_GAP, LABEL_GAP, LONGEST_WORD = 10.0, 10.0, 8.0, 150.0
SIDE = 0.4
"""Height of a lane's end beside a glyph's own lane, as a share of what its resolution asks for: skips stay slender."""
RECURRENT = ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell")
NEUTRAL = (INPUT, OUTPUT, ENTRY)


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


class Sizes:
    """How wide and how high the blocks of one drawing are."""

    def __init__(self, drawing: Drawing, style: Style) -> None:
        features = [_number(one.features) for one in drawing.blocks if one.features is not None]
        self.width = Scale(features, style.widths, style.feature_scale)
        self.narrow = style.widths[0]
        extents = [one for block in drawing.blocks for one in (block.extent_in, block.extent_out)]
        dense = [_number(one.features) for one in drawing.blocks if one.features is not None and not one.extent_out]
        self.space = Scale([_tall(one) for one in extents if len(one) > 1], style.heights, style.extent_scale)
        self.length = Scale([_tall(one) for one in extents if len(one) == 1], style.heights, style.extent_scale)
        self.units = Scale(dense, style.heights, style.extent_scale)

    def wide(self, block: Block) -> float:
        """Width of a glyph by its features; samples of the input and output are as wide as high."""
        if block.type in (INPUT, OUTPUT) and len(block.extent_out) > 1:
            return self.high(block.extent_out, block.features)
        return self.narrow if block.features is None else self.width(_number(block.features))

    def high(self, extent: Shape, features: int | str | None) -> float:
        """Height by resolution, by length for a sequence, by units where there are no positions."""
        if len(extent) > 1:
            return self.space(_tall(extent))
        if extent:
            return self.length(_tall(extent))
        return self.units(_number(features)) if features is not None else self.units.lengths[0]


@dataclass(frozen=True)
class _Glyph:
    """One block before it has its place: its ends by lane, and its words."""

    block: Block
    width: float
    own: int
    into: Mapping[int, float]
    out: Mapping[int, float]
    below: tuple[tuple[str, str], ...]
    above: tuple[tuple[str, str], ...]
    crown: float

    @property
    def lanes(self) -> list[int]:
        return sorted({*self.into, *self.out})


def paint_network(drawing: Drawing, style: Style, paints: Mapping[str, Paint]) -> Painted:
    """Lay out a drawing and paint it."""
    places, sizes = place(drawing), Sizes(drawing, style)
    glyphs = [_glyph(one, drawing, places, sizes, style) for one in drawing.blocks]
    centres, width = _across(glyphs, places, style)
    levels, height = _down(glyphs, places, style)
    parts = []
    sides = {glyph.block.id: _sides(centres[places.column[glyph.block.id]], glyph.width) for glyph in glyphs}
    for (source, target), lane in sorted(places.edge.items(), key=lambda item: (places.column[item[0][0]], item[1], item[0])):
        ends = (sides[source][1], levels[lane]), (sides[target][0], levels[lane])
        parts.append(Part("edge", f"{source} → {target}", (), (Line(ends, INK, 1.2),)))
    for glyph in glyphs:
        parts.append(_paint_glyph(glyph, sides[glyph.block.id], levels, style, paints))
    return Painted(width, height, tuple(parts))


def network_width(drawing: Drawing, style: Style) -> float:
    """How wide a drawing would be."""
    places, sizes = place(drawing), Sizes(drawing, style)
    return _across([_glyph(one, drawing, places, sizes, style) for one in drawing.blocks], places, style)[1]


def choose_paints(drawings: Sequence[Drawing], style: Style) -> dict[str, Paint]:
    """A colour for every type, in order of appearance, aggregates' own members last; textures begin where colours end."""
    types = dict.fromkeys(kind for drawing in drawings for kind in _types(drawing))
    colours = PALETTES[style.palette]
    paints = {}
    for i, kind in enumerate(kind for kind in types if kind not in NEUTRAL):
        if style.texture:
            paints[kind] = Paint(PAPER, i % len(TEXTURES))
        else:
            paints[kind] = Paint(colours[i % len(colours)], None if i < len(colours) else (i // len(colours) - 1) % len(TEXTURES))
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
    below = []
    if style.features and block.features is not None:
        below.append((str(block.features), INK))
    if style.extents and block.extent_out and _is_news(block, drawing):
        below.append((_size(block.extent_out), MUTED))
    above = [(inter().cut(block.type, style.text, LONGEST_WORD), INK)] if style.names else []
    if block.times > 1:
        above.append((f"×{block.times}", INK))
    crown = 11.0 if block.type in RECURRENT else 0.0
    return _Glyph(block, sizes.wide(block), own, into, out, tuple(below), tuple(above), crown)


def _before(block: Block, extent: Shape, after: float, sizes: Sizes) -> float:
    """Height where a tensor comes in; what only changes its kind, such as from positions to units, is no trapezoid."""
    if bool(extent) != bool(block.extent_out) or min(len(extent), 2) != min(len(block.extent_out), 2) or not extent:
        return after
    return sizes.high(extent, block.features)


def _is_news(block: Block, drawing: Drawing) -> bool:
    """Sizes are written where they change."""
    before = drawing.sources[block.id]
    return len(before) != 1 or drawing.by_id[before[0]].extent_out != block.extent_out


def _across(glyphs: list[_Glyph], places: Places, style: Style) -> tuple[list[float], float]:
    """The middle of every column, such that no glyph or word reaches into another column's."""
    count = max(places.column.values(), default=-1) + 1
    bodies, words = [0.0] * count, [0.0] * count
    font = inter()
    for glyph in glyphs:
        at = places.column[glyph.block.id]
        bodies[at] = max(bodies[at], glyph.width / 2 + 1.5)
        words[at] = max([words[at], *(font.width(text, style.text) / 2 for text, _ in (*glyph.below, *glyph.above))])
    centres: list[float] = []
    for j in range(count):
        centre = MARGIN + max(bodies[j], words[j])
        for i, before in enumerate(centres):
            apart = max(
                bodies[i] + bodies[j] + style.gap,
                words[i] + words[j] + LABEL_GAP,
                words[i] + bodies[j] + LABEL_GAP,
                bodies[i] + words[j] + LABEL_GAP,
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
        up[top] = max(up[top], high + glyph.crown + _words_height(glyph.above, style))
        down[bottom] = max(down[bottom], low + _words_height(glyph.below, style))
    levels: dict[int, float] = {}
    y = MARGIN
    for lane in lanes:
        levels[lane] = round(y + up[lane], 2)
        y = levels[lane] + down[lane] + LANE_GAP
    return levels, y - LANE_GAP + MARGIN


def _words_height(words: tuple[tuple[str, str], ...], style: Style) -> float:
    return 4.0 + len(words) * style.text * 1.2 if words else 0.0


def _sides(centre: float, width: float) -> tuple[float, float]:
    return round(centre - width / 2, 2), round(centre + width / 2, 2)


def _paint_glyph(
    glyph: _Glyph, sides: tuple[float, float], levels: Mapping[int, float], style: Style, paints: Mapping[str, Paint]
) -> Part:
    left, right = sides
    into = [End(levels[lane], glyph.into[lane]) for lane in sorted(glyph.into)]
    out = [End(levels[lane], glyph.out[lane]) for lane in sorted(glyph.out)]
    points = outline(left, right, into, out, levels[glyph.own])
    marks: list[Outline | Line | Word] = [*fill_glyph(glyph.block, points, paints)]
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    if len(glyph.block.extent_out) == 1 and glyph.block.inside is None and len(into) == len(out) == 1:
        marks += _positions(left, right, top, bottom)
    if glyph.crown:
        marks += _loop(left, right, top)
    middle = (left + right) / 2
    for i, (text, colour) in enumerate(glyph.below):
        marks.append(Word(middle, bottom + 4 + (i + 0.82) * style.text * 1.2, text, style.text, colour, "middle"))
    for i, (text, colour) in enumerate(reversed(glyph.above)):
        marks.append(Word(middle, top - glyph.crown - 5 - i * style.text * 1.2, text, style.text, colour, "middle"))
    return Part("glyph", glyph.block.id, glyph.block.about, tuple(marks))


def _positions(left: float, right: float, top: float, bottom: float) -> list[Line]:
    """Rows across a glyph: a sequence, in place of a picture."""
    rows = max(2, round((bottom - top) / 14))
    levels = [top + (bottom - top) * k / rows for k in range(1, rows)]
    return [Line(((left, round(y, 2)), (right, round(y, 2))), PAPER, 1.0) for y in levels]


def _loop(left: float, right: float, top: float) -> list[Outline | Line]:
    """An arrow from the end of a recurrent layer back to its start."""
    reach = max(1.0, min(14.0, (right - left) / 2 - 4))
    a, b, y = (left + right) / 2 + reach, (left + right) / 2 - reach, top - 8
    head = Outline(((b - 3, top - 5), (b + 3, top - 5), (b, top - 0.5)), INK)
    return [Line(((a, top), (a, y), (b, y), (b, top - 4)), INK, 1.2), head]


def _size(extent: Shape) -> str:
    return f"length {extent[0]}" if len(extent) == 1 else "×".join(str(one) for one in extent)


def _tall(extent: Shape) -> float:
    return _number(extent[-2] if len(extent) > 1 else extent[0])


def _number(value: int | str) -> float:
    """A size that may vary counts as 1 in a scale; it is written as what it is called."""
    return float(value) if isinstance(value, int) else 1.0
