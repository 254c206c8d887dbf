"""What do the glyphs of a figure mean?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from underglass.architecture.blocks import ENTRY, ROUTE, Block, Drawing
from underglass.architecture.columns import place
from underglass.architecture.drawing import NEUTRAL, Paint, Painted, fill_glyph
from underglass.architecture.font import inter
from underglass.architecture.glyphs import End, outline
from underglass.architecture.scene import Line, Mark, Part, Picture, Word
from underglass.architecture.style import INK, MUTED, TEXT, Style

SWATCH, LANE, DOOR, STEP, REACH = (13.0, 26.0), 30.0, 4.0, 25.0, 8.0
ROW_GAP, MARGIN, ROUTE_WIDTH, LONGEST = 12.0, 10.0, 5.0, 220.0

Marks = list[Mark]


def paint_legend(drawing: Drawing, style: Style, paints: Mapping[str, Paint], width: float) -> Painted:
    """Every type with its colour; every aggregate with what is in it; last, what is not drawn.

    Parameters
    ----------
    width : to wrap at; one aggregate may be wider.
    """
    items = [_swatch(block, style, paints) for block in _firsts(drawing).values()]
    if style.legend_reversed:
        items.reverse()
    rows: list[list[tuple[Part, float, float]]] = [[]]
    x = y = reached = MARGIN
    for item in items:
        if rows[-1] and x + item[1] > width - MARGIN:
            rows.append([])
            x = MARGIN
        rows[-1].append(item)
        x += item[1] + style.legend_gap
        reached = max(reached, x - style.legend_gap)
    parts: list[Part] = []
    for row in rows if items else []:
        x, tallest = MARGIN, max(high for _, _, high in row)
        for part, wide, high in row:
            parts.append(_moved(part, x, y + (tallest - high) / 2))
            x += wide + style.legend_gap
        y += tallest + ROW_GAP
    y -= ROW_GAP if items else 0.0
    hidden = drawing.hidden if style.legend_hidden else {}
    for line in _lines(hidden, style, max(width, reached + MARGIN) - 2 * MARGIN):
        y += style.size * 1.5
        parts.append(Part("legend", "not drawn", (), (Word(MARGIN, y, line, style.size, MUTED),)))
        reached = max(reached, MARGIN + inter().width(line, style.size))
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
    scale = style.size / TEXT
    wide, high = (ROUTE_WIDTH if block.type == ROUTE else SWATCH[0]) * scale, SWATCH[1] * scale
    inside = _inside(block.inside, style, paints) if block.inside is not None else None
    height = max(high, inside[2]) if inside else high
    middle = height / 2
    body = ((0.0, middle - high / 2), (wide, middle - high / 2), (wide, middle + high / 2), (0.0, middle + high / 2))
    marks: Marks = [*fill_glyph(block, body, paints, 0.8 * style.stroke)]
    name = inter().cut(style.called(block.type), style.size, LONGEST * scale)
    base = middle + 0.36 * style.size
    marks.append(Word(wide + 7 * scale, base, name, style.size, INK))
    x = wide + 7 * scale + inter().width(name, style.size)
    if inside:
        marks.append(Word(x + 7 * scale, base, "=", style.size, INK))
        x += 20 * scale
        marks += _shift(inside[0], x, middle - inside[2] / 2)
        x += inside[1]
    return Part("legend", block.type, block.about[1:] if block.inside else (block.type,), tuple(marks)), x, height


def _inside(drawing: Drawing, style: Style, paints: Mapping[str, Paint]) -> tuple[Marks, float, float]:
    """An aggregate's members as a small graph at the origin, all of one size."""
    scale = style.size / TEXT
    places = place(drawing)
    high, step, reach = SWATCH[1] * scale, STEP * scale, REACH * scale
    widths = {one.id: {ENTRY: DOOR, ROUTE: ROUTE_WIDTH}.get(one.type, SWATCH[0]) * scale for one in drawing.blocks}
    lanes = sorted({*places.lane.values(), *places.edge.values()})
    over = 14.0 * scale if any(one.times > 1 for one in drawing.blocks) else 0.0
    level = {lane: over + high / 2 + i * LANE * scale for i, lane in enumerate(lanes)}
    columns = max(places.column.values()) + 1
    left = {one.id: reach + places.column[one.id] * step + (SWATCH[0] * scale - widths[one.id]) / 2 for one in drawing.blocks}
    right = {one.id: left[one.id] + widths[one.id] for one in drawing.blocks}
    thin = style.stroke
    marks: Marks = []
    for (source, target), lane in places.edge.items():
        marks.append(Line(((right[source], level[lane]), (left[target], level[lane])), INK, thin))
    for one in drawing.blocks:
        own = level[places.lane[one.id]]
        into = sorted({level[places.edge[(source, one.id)]] for source in drawing.sources[one.id]}) or [own]
        out = sorted({level[places.edge[(one.id, target)]] for target in drawing.targets[one.id]}) or [own]
        if not drawing.sources[one.id]:
            marks.append(Line(((left[one.id] - reach, own), (left[one.id], own)), INK, thin))
        if not drawing.targets[one.id]:
            marks.append(Line(((right[one.id], own), (right[one.id] + reach, own)), INK, thin))
        if one.type == ENTRY and len(out) == 1:
            marks.append(Line(((left[one.id], own), (right[one.id], own)), INK, thin))
            continue
        ends = [[End(y, high if y == own else high / 2) for y in side] for side in (into, out)]
        marks += fill_glyph(one, outline(left[one.id], right[one.id], ends[0], ends[1], own), paints, 0.8 * style.stroke)
        if one.times > 1:
            top = min(into[0], out[0]) - high / 2
            middle = (left[one.id] + right[one.id]) / 2
            marks.append(Word(middle, top - 4 * scale, f"×{one.times}", style.size - 1, INK, "middle"))
    return marks, 2 * reach + columns * step - (step - SWATCH[0] * scale), over + high + (len(lanes) - 1) * LANE * scale


def _lines(hidden: Mapping[str, int], style: Style, room: float) -> list[str]:
    """What is not drawn, most frequent first, broken where the paper ends."""
    if not hidden:
        return []
    words = [f"{n} {style.called(kind)}" for kind, n in sorted(hidden.items(), key=lambda item: (-item[1], item[0]))]
    font, lines = inter(), ["Not drawn: "]
    for i, word in enumerate(words):
        piece = word + (", " if i + 1 < len(words) else "")
        if lines[-1] and lines[-1] != "Not drawn: " and font.width(lines[-1] + piece, style.size) > room:
            lines.append("")
        lines[-1] += font.cut(piece, style.size, room)
    return [line.rstrip() for line in lines]


def _moved(part: Part, dx: float, dy: float) -> Part:
    return Part(part.kind, part.key, part.about, tuple(_shift(part.marks, dx, dy)))


def _shift(marks: Marks | tuple[Mark, ...], dx: float, dy: float) -> Marks:
    moved: Marks = []
    for one in marks:
        if isinstance(one, Word | Picture):
            moved.append(replace(one, x=one.x + dx, y=one.y + dy))
        else:
            moved.append(replace(one, points=tuple((x + dx, y + dy) for x, y in one.points)))
    return moved


def moved(painted: Painted, dx: float, dy: float) -> tuple[Part, ...]:
    """All parts, elsewhere on the paper."""
    return tuple(_moved(part, dx, dy) for part in painted.parts) if dx or dy else painted.parts
