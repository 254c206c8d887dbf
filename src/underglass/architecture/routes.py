"""Where a tensor goes to several layers: a glyph of its own for the split, so that a branch has one way in.

Source: Bäuerle, van Onzenoodt, Ropinski 2021, "Net2Vis", split layers.
"""

from __future__ import annotations

from collections.abc import Mapping

from underglass.architecture.blocks import ENTRY, INPUT, OUTPUT, ROUTE, Block, Drawing
from underglass.architecture.graph import Shape


def with_routes(drawing: Drawing) -> Drawing:
    """Put a route behind every block that goes to more than one."""
    blocks: list[Block] = []
    start: dict[str, str] = {}
    edges: dict[tuple[str, str], Shape] = {}
    for one in drawing.blocks:
        blocks.append(one)
        targets = drawing.targets[one.id]
        if len(targets) < 2 or one.type in (ENTRY, ROUTE):
            continue
        extent = drawing.edges[(one.id, targets[0])]
        name = f"{one.id} route"
        start[one.id] = name
        about = (f"the output of {one.id} goes to {len(targets)} layers",)
        blocks.append(Block(name, ROUTE, None, extent, extent, 0, 0, (name,), about=about))
        edges[(one.id, name)] = extent
    for (source, target), extent in drawing.edges.items():
        edges[(start.get(source, source), target)] = extent
    return Drawing(tuple(blocks), edges, drawing.hidden)


def route_paths(drawing: Drawing, paths: Mapping[str, str]) -> dict[str, str]:
    """In which module a split happens: in the deepest that holds all it goes to.

    Parameters
    ----------
    paths : of the other blocks.
    """
    found = dict(paths)
    for one in reversed(drawing.blocks):
        if one.type == ROUTE:
            ways = [found.get(name, "").split(".") for name in drawing.targets[one.id] if drawing.by_id[name].type != OUTPUT]
            shared: list[str] = []
            for parts in zip(*ways, strict=False):
                if len(set(parts)) > 1:
                    break
                shared.append(parts[0])
            found[one.id] = ".".join(shared)
    return {name: path for name, path in found.items() if drawing.by_id[name].type != INPUT}
