"""Which layers does a person draw as one, may they be one glyph, and where else do the same layers stand?

A group is named by its two ends: the layer that everything comes in by and the layer that everything leaves by; what lies
between belongs to it. Whatever else is built alike becomes the same aggregate, also inside other aggregates.

Source: Bäuerle, van Onzenoodt, Ropinski 2021, "Net2Vis", manual grouping and occurrences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from underglass.architecture.blocks import ENTRY, INPUT, OUTPUT, ROUTE, Block, Drawing, kind_of, merge
from underglass.errors import UnderglassError, unknown

MOST_STEPS = 5_000
"""Tries for one occurrence: only many equal branches side by side need more than its number of layers."""
FIELDS = ("name", "first", "last", "active", "everywhere")


@dataclass(frozen=True)
class Group:
    """Layers that are drawn as one.

    Parameters
    ----------
    name : its type in the figure.
    first, last : ids of the operations it begins and ends with, or paths of modules.
    active : whether it is drawn as one now.
    everywhere : whether what is built alike is drawn so too.
    """

    name: str
    first: str
    last: str
    active: bool = True
    everywhere: bool = True

    def __post_init__(self) -> None:
        """Refuse a group without a name."""
        if not all(isinstance(one, str) and one.strip() for one in (self.name, self.first, self.last)):
            raise UnderglassError("a group needs a name, its first layer and its last: Group('Stem', 'conv1', 'maxpool').")


@dataclass(frozen=True)
class Standing:
    """How a group stands in a drawing: at how many places, and why at none."""

    group: Group
    places: int
    problem: str = ""


@dataclass(frozen=True)
class _Pattern:
    """Kinds of a group's layers in order, which of them each follows, and to how many each goes."""

    kinds: tuple[object, ...]
    came: tuple[frozenset[int], ...]


def as_group(given: Any) -> Group:
    """A group from what a person or a file writes: a Group, (name, first, last), or a mapping."""
    if isinstance(given, Group):
        return given
    if isinstance(given, Mapping):
        for name in given:
            if name not in FIELDS:
                raise UnderglassError(unknown("setting of a group", str(name), FIELDS))
        missing = [name for name in FIELDS[:3] if name not in given]
        if not missing:
            return Group(**given)
    elif isinstance(given, list | tuple) and len(given) == 3:
        return Group(*given)
    raise UnderglassError(f"{given!r} is no group; write Group('Stem', 'conv1', 'maxpool'): a name, the first layer, the last.")


def apply_groups(
    drawing: Drawing, groups: Sequence[Group], paths: Mapping[str, str], *, sizes: bool = False
) -> tuple[Drawing, tuple[Standing, ...]]:
    """Draw groups as one, in their order; a group may hold aggregates of those before.

    Parameters
    ----------
    paths : operation → path of its module.
    sizes : only what has the same sizes too is the same.
    """
    standings = []
    names: set[str] = set()
    for group in groups:
        if not group.active:
            standings.append(Standing(group, 0))
            continue
        try:
            if group.name in names or group.name in types_of(drawing):
                raise UnderglassError(f"something else in this figure is called {group.name!r}; give the group another name.")
            home, first, last = locate(drawing, group.first, group.last, paths)
            chosen = between(home, first, last)
            drawing, places = _replace(drawing, home, chosen, group, sizes=sizes)
            names.add(group.name)
            standings.append(Standing(group, places))
        except UnderglassError as error:
            standings.append(Standing(group, 0, str(error)))
    return drawing, tuple(standings)


def locate(drawing: Drawing, first: str, last: str, paths: Mapping[str, str]) -> tuple[Drawing, str, str]:
    """The drawing, the given one or one inside, in which two ends stand apart, and their blocks there.

    Raises
    ------
    UnderglassError
        One of them is nowhere, or both are one layer.
    """
    ends = _named(drawing, first, paths, at=0), _named(drawing, last, paths, at=-1)
    here = drawing
    while True:
        blocks = [_holding(here, name) for name in ends]
        missing = [name for name, block in zip(ends, blocks, strict=True) if block is None]
        if missing:
            raise UnderglassError(f"{missing[0]!r} is not drawn now.")
        one, two = (block for block in blocks if block is not None)
        if one.id != two.id:
            return here, one.id, two.id
        if one.inside is None:
            raise UnderglassError(f"a group needs two layers or more, and {one.id!r} is one.")
        here = one.inside


def between(drawing: Drawing, first: str, last: str) -> list[str]:
    """Everything on the ways from one block to another, both included, if it may be one glyph.

    Raises
    ------
    UnderglassError
        No way leads from one to the other, or more than one connection comes in or goes out: which, and what helps.
    """
    ahead, behind = _reach(drawing.targets, first), _reach(drawing.sources, last)
    if last not in ahead:
        if first in _reach(drawing.targets, last):
            return between(drawing, last, first)
        raise UnderglassError(f"no way leads from {first!r} to {last!r}, so they cannot be one glyph.")
    chosen = [one.id for one in drawing.blocks if one.id in ahead and one.id in behind]
    check(drawing, chosen)
    return chosen


def check(drawing: Drawing, chosen: Sequence[str]) -> None:
    """Refuse blocks that cannot be one glyph with one way in and one way out, and say what helps.

    Raises
    ------
    UnderglassError
    """
    inside = set(chosen)
    if len(inside) < 2:
        raise UnderglassError("a group needs two layers or more.")
    order = [one for one in drawing.blocks if one.id in inside]
    for one in order:
        if one.type in (INPUT, OUTPUT, ENTRY):
            what = {INPUT: "the input", OUTPUT: "an output", ENTRY: "where tensors come in"}[one.type]
            raise UnderglassError(f"{one.id!r} is {what}, a place for a picture, and stays outside groups.")
    first, last = order[0].id, order[-1].id
    for one in order[1:]:
        for source in drawing.sources[one.id]:
            if source not in inside:
                raise UnderglassError(
                    f"{one.id!r} also takes {source!r} from outside, and only the first layer of a group may. "
                    + _hint_in(drawing, first, source)
                )
    for one in order[:-1]:
        for target in drawing.targets[one.id]:
            if target not in inside:
                raise UnderglassError(
                    f"{one.id!r} also goes to {target!r} outside, and only the last layer of a group may. "
                    f"Extend the group to where {target!r} comes back, or end it at {one.id!r}."
                )
    loose = [one.id for one in order[1:] if not drawing.sources[one.id]] + [
        one.id for one in order[:-1] if not drawing.targets[one.id]
    ]
    if loose:
        raise UnderglassError(f"{loose[0]!r} is not on a way from {first!r} to {last!r}.")


def ends_of(drawing: Drawing, chosen: Iterable[str]) -> tuple[str, str]:
    """The first and the last operation of blocks that a person picked, if they may be one glyph.

    Raises
    ------
    UnderglassError
        They may not, or something between them was not picked.
    """
    picked = set(chosen)
    for name in picked:
        if name not in drawing.by_id:
            raise UnderglassError(unknown("layer", name, drawing.by_id))
    order = [one for one in drawing.blocks if one.id in picked]
    check(drawing, [one.id for one in order])
    found = between(drawing, order[0].id, order[-1].id)
    missed = [name for name in found if name not in picked]
    if missed:
        raise UnderglassError(f"{missed[0]!r} lies between {order[0].id!r} and {order[-1].id!r} and is not picked.")
    return end_of(order[0], at=0), end_of(order[-1], at=-1)


def end_of(block: Block, *, at: int) -> str:
    """The operation that a block begins (0) or ends (-1) with."""
    while block.inside is not None:
        inner = [one for one in block.inside.blocks if one.type != ENTRY]
        block = inner[at]
    return block.id


def types_of(drawing: Drawing) -> set[str]:
    """Of all blocks, those inside aggregates included."""
    found = {one.type for one in drawing.blocks}
    for one in drawing.blocks:
        if one.inside is not None:
            found |= types_of(one.inside)
    return found


def _replace(drawing: Drawing, home: Drawing, chosen: list[str], group: Group, *, sizes: bool) -> tuple[Drawing, int]:
    """The same drawing with the group's aggregate at every place, and at how many."""
    pattern = _pattern(home, chosen, sizes=sizes)
    found = 0

    def through(here: Drawing) -> Drawing:
        nonlocal found
        blocks = [replace(one, inside=through(one.inside)) if one.inside is not None else one for one in here.blocks]
        changed = any(new is not old and new.inside is not old.inside for new, old in zip(blocks, here.blocks, strict=True))
        places = [chosen] if here is home else []
        if group.everywhere:
            places += _occurrences(here, pattern, {name for place in places for name in place}, sizes=sizes)
        found += len(places)
        if not places and not changed:
            return here
        same = Drawing(tuple(blocks), here.edges, here.hidden) if changed else here
        made = [
            (f"{end_of(same.by_id[one[0]], at=0)} to {end_of(same.by_id[one[-1]], at=-1)}", group.name, one) for one in places
        ]
        return merge(same, made) if made else same

    return through(drawing), found


def _pattern(drawing: Drawing, chosen: list[str], *, sizes: bool) -> _Pattern:
    place = {name: i for i, name in enumerate(chosen)}
    came = tuple(frozenset(place[source] for source in drawing.sources[name] if source in place) for name in chosen)
    return _Pattern(tuple(kind_of(drawing.by_id[name], sizes=sizes) for name in chosen), came)


def _occurrences(drawing: Drawing, pattern: _Pattern, taken: set[str], *, sizes: bool) -> list[list[str]]:
    """Every other place that is built like the pattern, without overlaps, from the left."""
    kinds = {one.id: kind_of(one, sizes=sizes) for one in drawing.blocks}
    used, places = set(taken), []
    for one in drawing.blocks:
        if one.id not in used and kinds[one.id] == pattern.kinds[0]:
            place = _grown(drawing, pattern, kinds, used, one.id)
            if place is not None:
                places.append(place)
                used.update(place)
    return places


def _grown(drawing: Drawing, pattern: _Pattern, kinds: Mapping[str, object], used: set[str], start: str) -> list[str] | None:
    """A place grown from its first block, layer by layer; None if it cannot be completed."""
    steps = 0

    def grow(place: list[str]) -> list[str] | None:
        nonlocal steps
        steps += 1
        i = len(place)
        if i == len(pattern.kinds):
            inside = set(place)
            closed = all(set(drawing.targets[name]) <= inside for name in place[:-1])
            return place if closed and not set(drawing.targets[place[-1]]) & inside else None
        sources = {place[j] for j in pattern.came[i]}
        for name in drawing.targets[place[min(pattern.came[i])]]:
            fits = kinds[name] == pattern.kinds[i] and name not in used and name not in place
            if fits and set(drawing.sources[name]) == sources and steps < MOST_STEPS:
                found = grow([*place, name])
                if found is not None:
                    return found
        return None

    return grow([start])


def _named(drawing: Drawing, name: str, paths: Mapping[str, str], *, at: int) -> str:
    """An operation's own id; of a module's path, the id of its first or last operation."""
    if _holding(drawing, name) is not None:
        return name
    within = [one for one, path in paths.items() if path == name or path.startswith(f"{name}.")]
    drawn = [one for one in within if _holding(drawing, one) is not None]
    if drawn:
        return drawn[at]
    if within or name in paths:
        raise UnderglassError(f"{name!r} is not drawn now: its type is hidden, or nothing of it is.")
    if name.endswith(" route"):
        raise UnderglassError(f"{name!r} is not drawn now: turn on route layers.")
    raise UnderglassError(unknown("layer", name, paths))


def _holding(drawing: Drawing, name: str) -> Block | None:
    """The block that an operation is drawn in, as itself, inside, or hidden behind it."""
    if name in drawing.by_id:
        return drawing.by_id[name]
    for one in drawing.blocks:
        if name in one.members or any(name == other for other, _ in one.absorbed):
            return one
    return None


def _hint_in(drawing: Drawing, first: str, source: str) -> str:
    if source in drawing.sources[first] and drawing.by_id[source].type != ROUTE:
        return "Turn on route layers: the split before them then has a glyph of its own, and the group can begin with it."
    return f"Begin the group before {source!r}, so that it is inside."


def _reach(ways: Mapping[str, list[str]], start: str) -> set[str]:
    found, ahead = {start}, [start]
    while ahead:
        for name in ways[ahead.pop()]:
            if name not in found:
                found.add(name)
                ahead.append(name)
    return found
