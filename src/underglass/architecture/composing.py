"""A model graph as a scene: folded until it fits, painted, explained and put in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from underglass.architecture.blocks import INPUT, OUTPUT, ROUTE, Drawing, draw_operations
from underglass.architecture.drawing import Paint, Painted, choose_paints, paint_network
from underglass.architecture.fitting import Paper, fits, fitted
from underglass.architecture.graph import ModelGraph, written
from underglass.architecture.grouping import by_modules, deepest, fold_repeats, most_common_repetition
from underglass.architecture.groups import Group, Standing, apply_groups, end_of, types_of
from underglass.architecture.labels import channels_last
from underglass.architecture.legend import moved, paint_legend
from underglass.architecture.plan import Plan
from underglass.architecture.regions import by_regions
from underglass.architecture.routes import with_routes
from underglass.architecture.samples import Sample
from underglass.architecture.scene import Part, Scene
from underglass.architecture.style import Style
from underglass.errors import UnderglassError

MOST_FOLDINGS, MOST_BLOCKS = 8, 400
LEGEND_WIDTH = 560.0


@dataclass(frozen=True)
class Arranged:
    """What is drawn of a model.

    Parameters
    ----------
    drawing : with aggregates, and equal ones in a row folded.
    open : the same before equal ones in a row were folded: what groups are made of.
    depth : level of modules that is drawn as one.
    standings : how the plan's groups stand.
    repetitions : groups that were made so that it fits.
    """

    drawing: Drawing
    open: Drawing
    depth: int
    standings: tuple[Standing, ...] = ()
    repetitions: tuple[Group, ...] = ()


def arrange(
    graph: ModelGraph, plan: Plan | None = None, style: Style | None = None, *, paper: Paper | None = None, ends: bool = False
) -> Arranged:
    """Choose what is drawn as one.

    Without a depth it is the deepest level of modules that fits the paper. If none does, parts between which everything passes
    one layer are folded where they repeat, and if that does not do, repetitions of layers are. Groups made by hand come after
    that, so that making one never changes the level.

    Parameters
    ----------
    ends : outputs without positions get a box, for a picture.

    Raises
    ------
    UnderglassError
        If more than 400 blocks would be drawn.
    """
    plan, style = plan or Plan(), style or Style()
    paper = paper or Paper(style.max_width)
    sizes = plan.same == "shape"
    plain = draw_operations(graph, hide=plan.hide, boxes=style.boxes, ends=ends)
    if plan.routes:
        plain = with_routes(plain)
    paths = {one.id: one.path for one in graph.operations}

    def level(depth: int) -> Drawing:
        return by_modules(plain, graph, depth, sizes=sizes) if depth else plain

    def folded(drawing: Drawing) -> Drawing:
        return fold_repeats(drawing) if plan.fold else drawing

    repetitions: tuple[Group, ...] = ()
    if plan.depth is not None:
        depth, found = plan.depth, level(plan.depth)
    else:
        depth, found, fit = _deepest_that_fits(level, folded, deepest(graph), style, paper)
        if not fit:
            whole = _deepest_that_fits(lambda at: by_regions(level(at), sizes=sizes), folded, deepest(graph), style, paper)
            if whole[2] or len(folded(whole[1]).blocks) < len(folded(found).blocks):
                depth, found, fit = whole
        if not fit and len(folded(found).blocks) <= MOST_BLOCKS:
            found, repetitions = _repeated(found, folded, paths, style, paper, taken={one.name for one in plan.groups})
    found, standings = apply_groups(found, plan.groups, paths, sizes=sizes)
    return Arranged(_checked(folded(found)), found, depth, standings, repetitions)


def repetition(arranged: Arranged, taken: set[str]) -> Group | None:
    """The group that one press of automatic grouping makes: the most common chain of layers; None if nothing repeats."""
    return _repetition(arranged.open, arranged.drawing, taken)


@dataclass(frozen=True)
class Composed:
    """A figure and what it was painted with.

    Parameters
    ----------
    scene : everything on the paper.
    style : with all decided that was left open.
    paints : colour and texture by type.
    """

    scene: Scene
    style: Style
    paints: Mapping[str, Paint]


def compose(
    graph: ModelGraph,
    drawing: Drawing,
    style: Style,
    *,
    paper: Paper | None = None,
    samples: Mapping[str, Sample] | None = None,
) -> Composed:
    """Paint a drawing, with its legend if the style has one.

    Parameters
    ----------
    samples : pictures for inputs and outputs, by their blocks.
    """
    paper = paper or Paper(style.max_width)
    style, paints = _decided(graph, drawing, style, paper)
    network = paint_network(drawing, style, paints, samples)
    legend = Painted(0, 0, ())
    if style.legend:
        legend = paint_legend(drawing, style, paints, paper.width if paper.exact else max(network.width, LEGEND_WIDTH))
    width = max(network.width, legend.width, paper.width if paper.exact else 0.0)
    across = (width - network.width) / 2 if paper.exact else 0.0
    parts = (*moved(network, across, 0.0), *moved(legend, 0.0, network.height))
    title = f"Architecture of {graph.name}"
    return Composed(_scene(width, network.height + legend.height, title, describe(graph, drawing, style), parts), style, paints)


def compose_legend(graph: ModelGraph, drawing: Drawing, style: Style, *, paper: Paper | None = None) -> Scene:
    """The legend alone."""
    paper = paper or Paper(style.max_width)
    style, paints = _decided(graph, drawing, style, paper)
    legend = paint_legend(drawing, style, paints, paper.width if paper.exact else LEGEND_WIDTH)
    width = max(legend.width, paper.width if paper.exact else 0.0)
    kinds = ", ".join(style.called(kind) for kind in paints if kind in types_of(drawing))
    return _scene(width, legend.height, f"Legend of {graph.name}", f"What the glyphs mean: {kinds}.", legend.parts)


def describe(graph: ModelGraph, drawing: Drawing, style: Style) -> str:
    """A figure in words: sizes of the model, its blocks in order, what skips."""
    blocks = [one for one in drawing.blocks if one.type not in (OUTPUT, ROUTE)]
    said = []
    for one in blocks:
        features = (one.features,) if one.features is not None else ()
        size = " × ".join(
            str(n) for n in ((*one.extent_out, *features) if style.order == "last" else (*features, *one.extent_out))
        )
        said.append(f"{f'{one.times} × ' if one.times > 1 else ''}{style.called(one.type)} {size}".strip())
    kinds = Counter(len(drawing.sources[one.id]) > 1 for one in blocks)
    merging = f" {kinds[True]} blocks merge several inputs." if kinds[True] > 1 else ""
    inputs = ", ".join(written(one.shapes[0]) for one in graph.operations if one.type == INPUT)
    sizes = f"{graph.parameters:,} parameters, {graph.multiply_adds:,} multiply-adds for input {inputs}"
    return f"{graph.name}: {sizes}. From left to right: {'; '.join(said)}.{merging}"


def _decided(graph: ModelGraph, drawing: Drawing, style: Style, paper: Paper) -> tuple[Style, dict[str, Paint]]:
    paints = choose_paints([drawing], style)
    if style.order == "framework":
        style = replace(style, order="last" if channels_last(graph) else "first")
    return fitted(drawing, style, paper), paints


def _scene(width: float, height: float, title: str, description: str, parts: tuple[Part, ...]) -> Scene:
    return Scene(round(max(width, 1.0), 2), round(max(height, 1.0), 2), title, description, parts)


def _deepest_that_fits(
    level: Callable[[int], Drawing], folded: Callable[[Drawing], Drawing], most: int, style: Style, paper: Paper
) -> tuple[int, Drawing, bool]:
    """The depth, its drawing, and whether it fits; the one with the fewest glyphs if none does."""
    best: tuple[int, int, Drawing] | None = None
    for depth in (0, *range(most, 0, -1)):
        found = level(depth)
        shown = folded(found)
        if fits(shown, style, paper):
            return depth, found, True
        if best is None or len(shown.blocks) <= best[0]:
            best = len(shown.blocks), depth, found
    assert best is not None
    return best[1], best[2], False


def _repeated(
    drawing: Drawing,
    folded: Callable[[Drawing], Drawing],
    paths: Mapping[str, str],
    style: Style,
    paper: Paper,
    *,
    taken: set[str],
) -> tuple[Drawing, tuple[Group, ...]]:
    """Group what repeats until it fits, or nothing repeats."""
    groups: list[Group] = []
    for _ in range(MOST_FOLDINGS):
        group = _repetition(drawing, drawing, taken | {one.name for one in groups})
        if group is None:
            break
        drawing, standings = apply_groups(drawing, [group], paths)
        if standings[0].problem:
            break
        groups.append(group)
        if fits(folded(drawing), style, paper):
            break
    return drawing, tuple(groups)


def _repetition(open_: Drawing, shown: Drawing, taken: set[str]) -> Group | None:
    ends = most_common_repetition(open_)
    if ends is None:
        return None
    names = taken | types_of(shown)
    number = 1
    while f"Group {number}" in names:
        number += 1
    return Group(f"Group {number}", end_of(open_.by_id[ends[0]], at=0), end_of(open_.by_id[ends[1]], at=-1))


def _checked(drawing: Drawing) -> Drawing:
    if len(drawing.blocks) > MOST_BLOCKS:
        raise UnderglassError(
            f"the figure would have {len(drawing.blocks):,} glyphs, and more than {MOST_BLOCKS} cannot be read; "
            "fold modules with a smaller depth, such as depth=1."
        )
    return drawing
