"""What do the glyphs of a figure mean?"""

from __future__ import annotations

from collections.abc import Mapping

from underglass.architecture.blocks import ENTRY, Block, Drawing
from underglass.architecture.columns import place
from underglass.architecture.drawing import NEUTRAL, Paint, Painted, fill_glyph
from underglass.architecture.font import inter
from underglass.architecture.glyphs import End, outline
from underglass.architecture.scene import Line, Outline, Part, Word
from underglass.architecture.style import INK, MUTED, Style

SWATCH, LANE, DOOR, STEP = (13.0, 26.0), 30.0, 4.0, 25.0
GAP, ROW_GAP, MARGIN = 22.0, 12.0, 10.0

Marks = list[Outline | Line | Word]


def paint_legend(drawing: Drawing, style: Style, paints: Mapping[str, Paint], width: float) -> Painted:
    """Every type with its colour; every aggregate with what is in it; last, what is not drawn.

    Parameters
    ----------
    width : to wrap at; one aggregate may be wider.
    """
    items = [_swatch(block, style, paints) for block in _firsts(drawing).values()]
    rows: list[list[tuple[Part, float, float]]] = [[]]
    x = y = reached = MARGIN
    for item in items:
        if rows[-1] and x + item[1] > width - MARGIN:
            rows.append([])
            x = MARGIN
        rows[-1].append(item)
        x += item[1] + GAP
        reached = max(reached, x - GAP)
    parts: list[Part] = []
    for row in rows if items else []:
        x, tallest = MARGIN, max(high for _, _, high in row)
        for part, wide, high in row:
            parts.append(_moved(part, x, y + (tallest - high) / 2))
            x += wide + GAP
        y += tallest + ROW_GAP
    y -= ROW_GAP if items else 0.0
    for line in _lines(drawing.hidden, style, max(width, reached + MARGIN) - 2 * MARGIN):
        y += style.text * 1.5
        parts.append(Part("legend", "not drawn", (), (Word(MARGIN, y, line, style.text, MUTED),)))
        reached = max(reached, MARGIN + inter().width(line, style.text))
    return Painted(max(reached, 0.0) + MARGIN, y + MARGIN if parts else 0.0, tuple(parts))


def _firsts(drawing: Drawing) -> dict[str, Block]:
    """One block of every type, aggregates after layers, and what is only inside aggregates between."""
    layers: dict[str, Block] = {}
    aggregates: dict[str, Block] = {}

    def look(inner: Drawing) -> None:
        for one in inner.blocks:
            if one.type not in NEUTRAL:
                (aggregates if one.inside else layers).setdefault(one.type, one)
        for one in inner.blocks:
            if one.inside:
                look(one.inside)

    look(drawing)
    return layers | aggregates


def _swatch(block: Block, style: Style, paints: Mapping[str, Paint]) -> tuple[Part, float, float]:
    """One entry at the origin, with its width and height."""
    wide, high = SWATCH
    inside = _inside(block.inside, style, paints) if block.inside is not None else None
    height = max(high, inside[2]) if inside else high
    middle = height / 2
    body = ((0.0, middle - high / 2), (wide, middle - high / 2), (wide, middle + high / 2), (0.0, middle + high / 2))
    marks: Marks = [*fill_glyph(block, body, paints, 0.8)]
    name = inter().cut(block.type, style.text, 220)
    base = middle + 0.36 * style.text
    marks.append(Word(wide + 7, base, name, style.text, INK))
    x = wide + 7 + inter().width(name, style.text)
    if inside:
        marks.append(Word(x + 7, base, "=", style.text, INK))
        x += 20
        marks += _shift(inside[0], x, middle - inside[2] / 2)
        x += inside[1]
    return Part("legend", block.type, block.about[1:] if block.inside else (block.type,), tuple(marks)), x, height


def _inside(drawing: Drawing, style: Style, paints: Mapping[str, Paint]) -> tuple[Marks, float, float]:
    """An aggregate's members as a small graph at the origin, all of one size."""
    places = place(drawing)
    wide, high = SWATCH
    lanes = sorted({*places.lane.values(), *places.edge.values()})
    above = 14.0 if any(one.times > 1 for one in drawing.blocks) else 0.0
    level = {lane: above + high / 2 + i * LANE for i, lane in enumerate(lanes)}
    columns = max(places.column.values()) + 1
    left = {one.id: 8 + places.column[one.id] * STEP + ((wide - DOOR) / 2 if one.type == ENTRY else 0) for one in drawing.blocks}
    right = {one.id: left[one.id] + (DOOR if one.type == ENTRY else wide) for one in drawing.blocks}
    marks: Marks = []
    for (source, target), lane in places.edge.items():
        marks.append(Line(((right[source], level[lane]), (left[target], level[lane])), INK, 1.0))
    for one in drawing.blocks:
        own = level[places.lane[one.id]]
        into = sorted(level[places.edge[(source, one.id)]] for source in drawing.sources[one.id]) or [own]
        out = sorted(level[places.edge[(one.id, target)]] for target in drawing.targets[one.id]) or [own]
        if one.type == ENTRY:
            marks.append(Line(((left[one.id] - 8, own), (left[one.id], own)), INK, 1.0))
        if not drawing.targets[one.id]:
            marks.append(Line(((right[one.id], own), (right[one.id] + 8, own)), INK, 1.0))
        if one.type == ENTRY and len(out) == 1:
            marks.append(Line(((left[one.id], own), (right[one.id], own)), INK, 1.0))
            continue
        ends = [[End(y, high if y == own else high / 2) for y in side] for side in (into, out)]
        marks += fill_glyph(one, outline(left[one.id], right[one.id], ends[0], ends[1], own), paints, 0.8)
        if one.times > 1:
            top = min(into[0], out[0]) - high / 2
            marks.append(Word((left[one.id] + right[one.id]) / 2, top - 4, f"×{one.times}", style.text - 1, INK, "middle"))
    return marks, 16 + columns * STEP - (STEP - wide), above + high + (len(lanes) - 1) * LANE


def _lines(hidden: Mapping[str, int], style: Style, room: float) -> list[str]:
    """What is not drawn, most frequent first, broken where the paper ends."""
    if not hidden:
        return []
    words = [f"{n} {kind}" for kind, n in sorted(hidden.items(), key=lambda item: (-item[1], item[0]))]
    font, lines = inter(), ["Not drawn: "]
    for i, word in enumerate(words):
        piece = word + (", " if i + 1 < len(words) else "")
        if lines[-1] and lines[-1] != "Not drawn: " and font.width(lines[-1] + piece, style.text) > room:
            lines.append("")
        lines[-1] += font.cut(piece, style.text, room)
    return [line.rstrip() for line in lines]


def _moved(part: Part, dx: float, dy: float) -> Part:
    return Part(part.kind, part.key, part.about, tuple(_shift(part.marks, dx, dy)))


def _shift(marks: Marks | tuple[Outline | Line | Word, ...], dx: float, dy: float) -> Marks:
    moved: Marks = []
    for one in marks:
        if isinstance(one, Word):
            moved.append(Word(one.x + dx, one.y + dy, one.text, one.size, one.fill, one.anchor))
        elif isinstance(one, Line):
            moved.append(Line(tuple((x + dx, y + dy) for x, y in one.points), one.stroke, one.width))
        else:
            points = tuple((x + dx, y + dy) for x, y in one.points)
            moved.append(Outline(points, one.fill, one.stroke, one.width, one.dash))
    return moved


def below(network: Painted, legend: Painted) -> tuple[float, float, tuple[Part, ...]]:
    """A network with its legend under it: width, height and all parts."""
    parts = (*network.parts, *(_moved(part, 0, network.height) for part in legend.parts))
    return max(network.width, legend.width), network.height + legend.height, parts
