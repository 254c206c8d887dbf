"""How wide and how high is each glyph of a figure?"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from functools import cache

from underglass.architecture.blocks import INPUT, OUTPUT, ROUTE, Block, Drawing
from underglass.architecture.graph import Shape
from underglass.architecture.style import Range, Scale, Style

ROUTE_SHARE = 0.35
"""Width of a route, as a share of the narrowest glyph."""
NOMINAL = 256.0
"""What a size that may vary counts as in a scale; it is written as what it is called."""
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


class Sizes:
    """Lengths for the blocks of one drawing."""

    def __init__(self, drawing: Drawing, style: Style) -> None:
        features = [nominal(one.features) for one in drawing.blocks if one.features is not None]
        self.narrow = style.widths[0]
        extents = [one for block in drawing.blocks for one in (block.extent_in, block.extent_out)]
        dense = [nominal(one.features) for one in drawing.blocks if one.features is not None and not one.extent_out]
        rows = [tall(one) for one in extents if len(one) > 1]
        positions = [tall(one) for one in extents if len(one) == 1]
        self.width = Scale(features, style.widths, style.feature_scale, style.feature_range)
        self.space = Scale(rows, style.heights, style.extent_scale, style.extent_range)
        self.length = Scale(positions, style.heights, style.extent_scale, style.length_range)
        self.units = Scale(dense, style.heights, style.extent_scale, style.unit_range)

    @property
    def ranges(self) -> dict[str, Range | None]:
        """The numbers that get the least and the greatest lengths, as settings of a style."""
        scales = {"feature": self.width, "extent": self.space, "length": self.length, "unit": self.units}
        return {f"{name}_range": scale.between for name, scale in scales.items()}

    def wide(self, block: Block) -> float:
        """Width of a glyph by its features; samples of the input and output are as wide as high."""
        if block.type == ROUTE:
            return ROUTE_SHARE * self.narrow
        if block.type in (INPUT, OUTPUT) and len(block.extent_out) > 1:
            return self.high(block.extent_out, block.features)
        return self.narrow if block.features is None else self.width(nominal(block.features))

    def high(self, extent: Shape, features: int | str | None) -> float:
        """Height by resolution, by length for a sequence, by units where there are no positions."""
        if len(extent) > 1:
            return self.space(tall(extent))
        if extent:
            return self.length(tall(extent))
        return self.units(nominal(features)) if features is not None else self.units.lengths[0]


def tall(extent: Shape) -> float:
    """Rows of a picture, or positions of a sequence."""
    return nominal(extent[-2] if len(extent) > 1 else extent[0])


@cache
def nominal(value: int | str) -> float:
    """A size as a number above 0; where it may vary, with 256 for every name in it.

    Examples
    --------
    >>> nominal(64), nominal("H"), nominal("H//4"), nominal("2*(N + 1)"), nominal("?")
    (64.0, 256.0, 64.0, 514.0, 256.0)
    """
    if isinstance(value, int):
        return max(float(value), 1.0)
    try:
        return max(_worth(ast.parse(value, mode="eval").body), 1.0)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, OverflowError):
        return NOMINAL


def _worth(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name):
        return NOMINAL
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_worth(node.left), _worth(node.right))
    raise ValueError(ast.dump(node))
