"""Which words stand at a glyph, and how much room do they take?"""

from __future__ import annotations

from dataclasses import dataclass

from underglass.architecture.blocks import INPUT, OUTPUT, ROUTE, Block, Drawing
from underglass.architecture.font import inter
from underglass.architecture.graph import ModelGraph, Shape
from underglass.architecture.scene import Word
from underglass.architecture.style import INK, MUTED, Style

LINE, LONGEST_WORD, LONGEST_UPRIGHT = 1.2, 150.0, 110.0
ABOVE, BELOW = 5.0, 4.0
"""Distance of words to the glyph."""


@dataclass(frozen=True)
class Stack:
    """Lines of words with their colours, level or upright."""

    lines: tuple[tuple[str, str], ...]
    size: float
    upright: bool = False

    @property
    def wide(self) -> float:
        """From left to right."""
        return len(self.lines) * LINE * self.size if self.upright else self._longest

    @property
    def high(self) -> float:
        """From top to bottom."""
        return self._longest if self.upright else len(self.lines) * LINE * self.size

    @property
    def _longest(self) -> float:
        return max((inter().width(text, self.size) for text, _ in self.lines), default=0.0)

    def hanging(self, middle: float, top: float) -> list[Word]:
        """Below a level, around a middle."""
        step = LINE * self.size
        if not self.upright:
            return [
                Word(middle, top + (i + 0.82) * step, text, self.size, colour, "middle")
                for i, (text, colour) in enumerate(self.lines)
            ]
        return [Word(x, top, text, self.size, colour, "end", True) for x, text, colour in self._columns(middle)]

    def standing(self, middle: float, bottom: float) -> list[Word]:
        """Above a level, around a middle; the first line is the lowest."""
        step = LINE * self.size
        if not self.upright:
            return [
                Word(middle, bottom - i * step, text, self.size, colour, "middle") for i, (text, colour) in enumerate(self.lines)
            ]
        return [Word(x, bottom, text, self.size, colour, "start", True) for x, text, colour in self._columns(middle)]

    def _columns(self, middle: float) -> list[tuple[float, str, str]]:
        step, left = LINE * self.size, middle - self.wide / 2
        return [(left + (i + 0.82) * step, text, colour) for i, (text, colour) in enumerate(self.lines)]


def below(block: Block, drawing: Drawing, style: Style) -> Stack:
    """Features and sizes in the framework's order, then a number if one is asked for; upright, all of it in one line."""
    upright = style.labels == "upright"
    lines = []
    if style.features and block.features is not None and block.type != ROUTE:
        lines.append((str(block.features), INK))
    if style.extents and block.extent_out and _is_news(block, drawing):
        lines.insert(0 if style.order == "last" else len(lines), (written_extent(block.extent_out), MUTED))
    if style.numbers != "none" and block.type not in (INPUT, OUTPUT, ROUTE):
        amount = block.parameters if style.numbers == "parameters" else block.multiply_adds
        if amount:
            lines.append((short(amount), MUTED))
    if upright and len(lines) > 1:  # one line a glyph: twice as many have room
        lines = [(" · ".join(text for text, _ in lines), INK)]
    return Stack(tuple(lines), style.size, upright)


def above(block: Block, style: Style) -> tuple[Stack, ...]:
    """How often it is repeated, and its type; nearest to the glyph first."""
    stacks = []
    if block.times > 1:
        stacks.append(Stack(((f"×{block.times}", INK),), style.size))
    if style.names and block.type != ROUTE:
        upright = style.labels == "upright"
        name = inter().cut(style.called(block.type), style.size, LONGEST_UPRIGHT if upright else LONGEST_WORD)
        stacks.append(Stack(((name, INK),), style.size, upright))
    return tuple(stacks)


def written_extent(extent: Shape) -> str:
    """Sizes for people.

    Examples
    --------
    >>> written_extent((56, 56)), written_extent((30,)), written_extent(("H//2", 8))
    ('56×56', 'length 30', 'H//2×8')
    """
    return f"length {extent[0]}" if len(extent) == 1 else "×".join(str(one) for one in extent)


def short(amount: int) -> str:
    """A count in three digits.

    Examples
    --------
    >>> short(950), short(25_557_032), short(4_089_184_256), short(1_234), short(999_999)
    ('950', '25.6 M', '4.09 G', '1.23 k', '1 M')
    """
    value = float(amount)
    for unit in ("", " k", " M", " G", " T", " P"):
        text = f"{value:.3g}" if value < 999.5 else ""
        if text and "e" not in text:
            return text + unit
        value /= 1000
    return f"{amount:.2e}"


def channels_last(graph: ModelGraph) -> bool:
    """Whether the framework counts features after positions, by the shapes of pictures; of sequences where there are none."""
    votes = {True: 0, False: 0}
    for pictures in (True, False):
        for one in graph.operations:
            for last in (True, False):
                if (len(one.extent) > 1) is pictures and one.extent and one.features is not None:
                    shape = one.shapes[0]
                    ordered = (*one.extent, one.features) if last else (one.features, *one.extent)
                    votes[last] += tuple(shape[-len(ordered) :]) == ordered
        if votes[True] != votes[False]:
            return votes[True] > votes[False]
    return False


def _is_news(block: Block, drawing: Drawing) -> bool:
    """Sizes are written where they change."""
    before = drawing.sources[block.id]
    return block.type != ROUTE and (len(before) != 1 or drawing.by_id[before[0]].extent_out != block.extent_out)
