"""A model graph as a scene: folded until it fits, painted, explained and put in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from underglass.architecture.blocks import HIDDEN, INPUT, OUTPUT, Drawing, draw_operations
from underglass.architecture.drawing import choose_paints, network_width, paint_network
from underglass.architecture.graph import ModelGraph, written
from underglass.architecture.grouping import by_modules, deepest, fold_repeats, most_common_repetition
from underglass.architecture.legend import below, paint_legend
from underglass.architecture.scene import Scene
from underglass.architecture.style import Style
from underglass.errors import UnderglassError

MOST_FOLDINGS, MOST_BLOCKS = 8, 400
LEGEND_WIDTH, LEAST_GAP = 560.0, 12.0


def arrange(
    graph: ModelGraph, style: Style, *, depth: int | None = None, hide: tuple[str, ...] | None = None, fold: bool = True
) -> Drawing:
    """Choose what is drawn as one.

    Parameters
    ----------
    depth : level of the module hierarchy that is folded, 0 for none.
        None takes the deepest that fits ``style.max_width``, and folds repetitions if no level does.
    hide : types not drawn; None for activations, normalisations and what only reshapes.
    fold : equal aggregates in a row become one with ×N.

    Raises
    ------
    UnderglassError
        If more than 400 blocks would be drawn.
    """
    plain = draw_operations(graph, hide=HIDDEN if hide is None else hide)
    if depth is not None:
        found = by_modules(plain, graph, depth) if depth else plain
        return _checked(fold_repeats(found) if fold else found)
    coarsest = plain
    for level in (0, *range(deepest(graph), 0, -1)):
        found = by_modules(plain, graph, level) if level else plain
        found = fold_repeats(found) if fold else found
        if len(found.blocks) <= len(coarsest.blocks):
            coarsest = found
        if _fits(found, style):
            return found
    for _ in range(MOST_FOLDINGS):
        again = most_common_repetition(coarsest) if len(coarsest.blocks) <= MOST_BLOCKS else None
        if again is None:
            break
        coarsest = fold_repeats(again) if fold else again
        if _fits(coarsest, style):
            break
    return _checked(coarsest)


def compose(graph: ModelGraph, drawing: Drawing, style: Style) -> Scene:
    """Paint a drawing, with its legend."""
    paints = choose_paints([drawing], style)
    style = _closer(drawing, style)
    network = paint_network(drawing, style, paints)
    if style.legend:
        width, height, parts = below(network, paint_legend(drawing, style, paints, max(network.width, LEGEND_WIDTH)))
    else:
        width, height, parts = network.width, network.height, network.parts
    return Scene(round(width, 2), round(height, 2), f"Architecture of {graph.name}", describe(graph, drawing), parts)


def describe(graph: ModelGraph, drawing: Drawing) -> str:
    """A figure in words: sizes of the model, its blocks in order, what skips."""
    blocks = [one for one in drawing.blocks if one.type != OUTPUT]
    said = []
    for one in blocks:
        size = " × ".join(str(n) for n in (*((one.features,) if one.features is not None else ()), *one.extent_out))
        said.append(f"{f'{one.times} × ' if one.times > 1 else ''}{one.type} {size}".strip())
    kinds = Counter(len(drawing.sources[one.id]) > 1 for one in blocks)
    merging = f" {kinds[True]} blocks merge several inputs." if kinds[True] > 1 else ""
    inputs = ", ".join(written(one.shapes[0]) for one in graph.operations if one.type == INPUT)
    sizes = f"{graph.parameters:,} parameters, {graph.multiply_adds:,} multiply-adds for input {inputs}"
    return f"{graph.name}: {sizes}. From left to right: {'; '.join(said)}.{merging}"


def _fits(drawing: Drawing, style: Style) -> bool:
    if len(drawing.blocks) * (style.widths[0] + style.gap) > 4 * style.max_width:
        return False
    closest = replace(style, gap=min(style.gap, LEAST_GAP))
    return network_width(drawing, closest) <= style.max_width


def _closer(drawing: Drawing, style: Style) -> Style:
    """The same style with glyphs as near as they must be to fit."""
    gap = style.gap
    while gap > LEAST_GAP and network_width(drawing, replace(style, gap=gap)) > style.max_width:
        gap = max(LEAST_GAP, gap - 2)
    return replace(style, gap=gap)


def _checked(drawing: Drawing) -> Drawing:
    if len(drawing.blocks) > MOST_BLOCKS:
        raise UnderglassError(
            f"the figure would have {len(drawing.blocks):,} glyphs, and more than {MOST_BLOCKS} cannot be read; "
            "fold modules with a smaller depth, such as depth=1."
        )
    return drawing
