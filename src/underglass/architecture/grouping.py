"""Which operations belong together: by the modules they stand in, by repetition, and how often in a row?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from underglass.architecture.blocks import INPUT, OUTPUT, ROUTE, Block, Drawing, merge, ordered, renamed, structure
from underglass.architecture.graph import ModelGraph, Shape
from underglass.architecture.routes import route_paths

TO = " to "
"""Between the ends of an aggregate, where it has no name of its own."""
PLAIN = ("Sequential", "ModuleList", "ModuleDict")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LONGEST = 40
"""Layers of the longest repetition looked for: a chain of 400 has 80,000 longer ones."""


def by_modules(drawing: Drawing, graph: ModelGraph, depth: int, *, sizes: bool = False) -> Drawing:
    """Fold every module at a depth of the hierarchy into an aggregate, where one block leaves it, and those inside it before.

    Parameters
    ----------
    depth : 1 for the model's own parts; a module that cannot be folded gives way to its parts.
    sizes : modules of one class and structure but of other sizes are named apart.
    """
    levels: dict[int, list[str]] = {}
    for path in graph.modules:
        levels.setdefault(path.count(".") + 1, []).append(path)
    for level in sorted((one for one in levels if one >= depth), reverse=True):
        drawing = _one_level(drawing, graph, levels[level], sizes=sizes)
    return drawing


def _one_level(drawing: Drawing, graph: ModelGraph, modules: list[str], *, sizes: bool) -> Drawing:
    """Fold modules of which none stands in another."""
    paths = {one.id: graph.by_id[one.id].path for one in drawing.blocks if one.id in graph.by_id and one.type != INPUT}
    paths |= {one.id: one.id for one in drawing.blocks if one.id in graph.modules and one.inside is not None}
    if any(one.type == ROUTE for one in drawing.blocks):
        paths = route_paths(drawing, paths)
    within: dict[str, list[str]] = {path: [] for path in modules}
    for name, at in paths.items():
        for path in _outward(at):
            if path in within:
                within[path].append(name)
    order = {one.id: i for i, one in enumerate(drawing.blocks)}
    groups = [
        (path, graph.modules[path], members)
        for path, members in within.items()
        if len(members) > 1 and foldable(drawing, members, order)
    ]
    return named(merge(drawing, groups), {name: kind for name, kind, _ in groups}, sizes=sizes) if groups else drawing


def most_common_repetition(drawing: Drawing) -> tuple[str, str] | None:
    """Ends of the first place of the chain of layers that occurs most often, ties to the longest; None if nothing occurs twice.

    Source: Bäuerle, van Onzenoodt, Ropinski 2021, "Net2Vis", automatic grouping.
    """
    types = {one.id: one.type for one in drawing.blocks}
    chains = _chains(drawing)
    counts: dict[tuple[str, ...], int] = {}
    for sequence in {
        tuple(types[name] for name in chain[i:j])
        for chain in chains
        for i in range(len(chain))
        for j in range(i + 2, min(len(chain), i + LONGEST) + 1)
    }:
        counts[sequence] = sum(len(_occurrences([types[name] for name in chain], sequence)) for chain in chains)
    best = max(counts, key=lambda sequence: (counts[sequence], len(sequence), sequence), default=None)
    if best is None or counts[best] < 2:
        return None
    for chain in chains:
        for start in _occurrences([types[name] for name in chain], best):
            return chain[start], chain[start + len(best) - 1]
    return None


def fold_repeats(drawing: Drawing) -> Drawing:
    """Equal aggregates in a row, with equal sizes, become one with ×N."""
    drawing = replace(
        drawing, blocks=tuple(replace(one, inside=fold_repeats(one.inside)) if one.inside else one for one in drawing.blocks)
    )
    home: dict[str, str] = {}
    for one in drawing.blocks:
        before = drawing.sources[one.id]
        if len(before) == 1 and len(drawing.targets[before[0]]) == 1 and _alike(drawing.by_id[before[0]], one):
            home[one.id] = home.get(before[0], before[0])
    if not home:
        return drawing
    runs: dict[str, list[Block]] = {}
    for one in drawing.blocks:
        runs.setdefault(home.get(one.id, one.id), []).append(one)
    edges: dict[tuple[str, str], Shape] = {}
    for (source, target), extent in drawing.edges.items():
        a, b = home.get(source, source), home.get(target, target)
        if a != b:
            edges.setdefault((a, b), extent)
    made = {name: _run(run) for name, run in runs.items()}
    return Drawing(tuple(made[name] for name in ordered(list(made), edges)), edges, drawing.hidden)


def deepest(graph: ModelGraph) -> int:
    """How many levels of modules there are."""
    return max((path.count(".") + 1 for path in graph.modules), default=0)


def _run(run: list[Block]) -> Block:
    first = run[0]
    if len(run) == 1:
        return first
    parameters, products = sum(one.parameters for one in run), sum(one.multiply_adds for one in run)
    return replace(
        first,
        times=len(run),
        parameters=parameters,
        multiply_adds=products,
        members=tuple(member for one in run for member in one.members),
        about=(
            f"{first.id.split(TO)[0]}{TO}{run[-1].id.split(TO)[-1]}: {len(run)} × {first.type}",
            f"{parameters:,} parameters",
            f"{products:,} multiply-adds",
        ),
    )


def _alike(one: Block, two: Block) -> bool:
    if one.inside is None or two.inside is None or one.type != two.type:
        return False
    same = (one.features, one.extent_out) == (two.features, two.extent_out) and two.extent_in == two.extent_out
    inner = structure(one.inside, sizes=True) == structure(two.inside, sizes=True)
    return same and inner and one.extent_in == one.extent_out


def foldable(drawing: Drawing, members: list[str], order: Mapping[str, int]) -> bool:
    """One block leaves it, and nothing that leaves comes back."""
    chosen, last = set(members), max(order[name] for name in members)
    leaving = {name for name in members if any(target not in chosen for target in drawing.targets[name])}
    ends = {name for name in members if not drawing.targets[name]}
    if len(leaving | ends) != 1:
        return False
    seen: set[str] = set()
    ahead = [target for name in leaving for target in drawing.targets[name] if target not in chosen]
    while ahead:
        name = ahead.pop()
        if name in chosen:
            return False
        if name not in seen and order[name] < last:  # what stands behind the last member cannot come back
            seen.add(name)
            ahead += drawing.targets[name]
    return True


def named(drawing: Drawing, kinds: Mapping[str, str], *, sizes: bool) -> Drawing:
    """The class names an aggregate; letters tell structures of one class apart, and a plain container is called a block."""
    forms: dict[str, list[tuple[object, ...]]] = {}
    form: dict[str, tuple[str, int]] = {}
    for one in drawing.blocks:
        if one.id not in kinds or one.inside is None:
            continue
        kind = kinds[one.id] if kinds[one.id] not in PLAIN else "Block"
        known = forms.setdefault(kind, [])
        shape = structure(one.inside, sizes=sizes)
        if shape not in known:
            known.append(shape)
        form[one.id] = kind, known.index(shape)
    taken = _inner_types(drawing)
    names = {kind: _names(kind, len(known), taken) for kind, known in forms.items()}
    return renamed(drawing, {name: names[kind][index] for name, (kind, index) in form.items()})


def _names(kind: str, count: int, taken: set[str]) -> list[str]:
    """So many names for one class, none of which stands for something else already."""
    if count == 1 and kind not in taken and f"{kind} A" not in taken:
        return [kind]
    letters = (LETTERS[i] if i < len(LETTERS) else str(i + 1) for i in range(count + len(taken)))
    free = (name for name in (f"{kind} {letter}" for letter in letters) if name not in taken)
    return [name for name, _ in zip(free, range(count), strict=False)]


def _inner_types(drawing: Drawing) -> set[str]:
    found: set[str] = set()
    for one in drawing.blocks:
        if one.inside is not None:
            found |= {inner.type for inner in one.inside.blocks} | _inner_types(one.inside)
    return found


def _chains(drawing: Drawing) -> list[list[str]]:
    """Longest runs in which each block follows only the one before."""
    chains: list[list[str]] = []
    place: dict[str, int] = {}
    for one in drawing.blocks:
        if one.type in (INPUT, OUTPUT):
            continue
        before = drawing.sources[one.id]
        if len(before) == 1 and before[0] in place and len(drawing.targets[before[0]]) == 1:
            place[one.id] = place[before[0]]
            chains[place[one.id]].append(one.id)
        else:
            place[one.id] = len(chains)
            chains.append([one.id])
    return chains


def _occurrences(types: list[str], sequence: tuple[str, ...]) -> list[int]:
    """Where a sequence starts, without overlaps, from the left."""
    found, at, n = [], 0, len(sequence)
    while at + n <= len(types):
        if tuple(types[at : at + n]) == sequence:
            found.append(at)
            at += n
        else:
            at += 1
    return found


def _outward(path: str) -> list[str]:
    """A path and all it stands in, but the model itself."""
    parts = path.split(".") if path else []
    return [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
