"""Where does a network branch and meet again, and which of these parts are built alike? For models that name no modules."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from underglass.architecture.blocks import INPUT, OUTPUT, ROUTE, Drawing, merge, structure
from underglass.architecture.grouping import TO, foldable, named

KIND = "Block"


def by_regions(drawing: Drawing, *, sizes: bool = False) -> Drawing:
    """Fold every part between two layers through which everything passes, if it branches and occurs more than once.

    A residual block is such a part: from what follows a sum to the next sum; an inception module is one: from one
    concatenation to the next. A part takes one tensor and gives one.

    Parameters
    ----------
    sizes : parts of one structure but of other sizes are named apart.

    Source: the layers through which everything passes are the chain of dominators of Lengauer and Tarjan 1979, found here in
    one pass, because the blocks are in order: after such a layer nothing is waited for but what it gives.
    """
    parts = regions(drawing)
    if not parts:
        return drawing
    names = {part[0]: f"{part[0]}{TO}{part[-1]}" for part in parts}
    whole = merge(drawing, [(names[part[0]], KIND, part) for part in parts])
    forms = {one.id: structure(one.inside) for one in whole.blocks if one.id in names.values() and one.inside is not None}
    often = Counter(forms.values())
    chosen = [(names[part[0]], KIND, part) for part in parts if often[forms[names[part[0]]]] > 1]
    return named(merge(drawing, chosen), {name: KIND for name, _, _ in chosen}, sizes=sizes) if chosen else drawing


def regions(drawing: Drawing) -> list[list[str]]:
    """Blocks of every part that branches, in order: from after one layer that everything passes to the next, included."""
    order = {one.id: i for i, one in enumerate(drawing.blocks)}
    cuts = _passed(drawing)
    found = []
    for before, after in pairwise(cuts):
        start = before if drawing.blocks[before].type == ROUTE else before + 1  # a split belongs to what it splits for
        part = drawing.blocks[start : after + 1]
        if len(part) < 2 or any(one.type in (INPUT, OUTPUT) for one in part):
            continue
        names = [one.id for one in part]
        if foldable(drawing, names, order):
            found.append(names)
    return found


def _passed(drawing: Drawing) -> list[int]:
    """Places of the blocks after which nothing is waited for but what they give, and of the last."""
    waiting: dict[str, int] = {}
    found = []
    for i, one in enumerate(drawing.blocks):
        for source in drawing.sources[one.id]:
            waiting[source] -= 1
            if not waiting[source]:
                del waiting[source]
        if drawing.targets[one.id]:
            waiting[one.id] = len(drawing.targets[one.id])
        if list(waiting) == [one.id] or (not waiting and i + 1 == len(drawing.blocks)):
            found.append(i)
    return found
