"""Which operations belong together: by the modules they stand in, by repetition, and how often in a row?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from underglass.architecture.blocks import INPUT, OUTPUT, Block, Drawing, merge, ordered, renamed, structure
from underglass.architecture.graph import ModelGraph, Shape

PLAIN = ("Sequential", "ModuleList", "ModuleDict")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def by_modules(drawing: Drawing, graph: ModelGraph, depth: int) -> Drawing:
    """Fold every module at a depth of the hierarchy into an aggregate, where one block leaves it.

    Parameters
    ----------
    depth : 1 for the model's own parts; a module that cannot be folded gives way to its parts.
    """
    paths = {one.id: graph.by_id[one.id].path for one in drawing.blocks if one.id in graph.by_id and one.type != INPUT}
    groups: list[tuple[str, str, list[str]]] = []
    taken: set[str] = set()
    for path in sorted((path for path in graph.modules if path.count(".") + 1 >= depth), key=lambda path: path.count(".")):
        members = [name for name, at in paths.items() if (at == path or at.startswith(f"{path}.")) and name not in taken]
        if len(members) < 2 or any(_within(path, name) for name, _, _ in groups) or not _foldable(drawing, members):
            continue
        taken.update(members)
        groups.append((path, graph.modules[path], members))
    return _named(merge(drawing, groups), {name: kind for name, kind, _ in groups}) if groups else drawing


def most_common_repetition(drawing: Drawing) -> Drawing | None:
    """Fold the chain of layers that occurs most often, ties to the longest; None if nothing occurs twice.

    Source: Bäuerle, van Onzenoodt, Ropinski 2021, "Net2Vis", automatic grouping.
    """
    types = {one.id: one.type for one in drawing.blocks}
    chains = _chains(drawing)
    counts: dict[tuple[str, ...], int] = {}
    for sequence in {
        tuple(types[name] for name in chain[i:j])
        for chain in chains
        for i in range(len(chain))
        for j in range(i + 2, len(chain) + 1)
    }:
        counts[sequence] = sum(len(_occurrences([types[name] for name in chain], sequence)) for chain in chains)
    best = max(counts, key=lambda sequence: (counts[sequence], len(sequence), sequence), default=None)
    if best is None or counts[best] < 2:
        return None
    groups = []
    kind = _free_name({one.type for one in drawing.blocks})
    for chain in chains:
        for start in _occurrences([types[name] for name in chain], best):
            groups.append((f"{chain[start]} …", kind, chain[start : start + len(best)]))
    return merge(drawing, groups)


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
            f"{first.id} to {run[-1].id}: {len(run)} × {first.type}",
            f"{parameters:,} parameters",
            f"{products:,} multiply-adds",
        ),
    )


def _alike(one: Block, two: Block) -> bool:
    if one.inside is None or two.inside is None or one.type != two.type:
        return False
    same = (one.features, one.extent_out) == (two.features, two.extent_out) and two.extent_in == two.extent_out
    return same and one.extent_in == one.extent_out and structure(one.inside) == structure(two.inside)


def _foldable(drawing: Drawing, members: list[str]) -> bool:
    """One block leaves it, and nothing that leaves comes back."""
    chosen = set(members)
    leaving = {source for source, target in drawing.edges if source in chosen and target not in chosen}
    ends = {name for name in members if not drawing.targets[name]}
    if len(leaving | ends) != 1:
        return False
    seen: set[str] = set()
    ahead = [target for name in leaving for target in drawing.targets[name] if target not in chosen]
    while ahead:
        name = ahead.pop()
        if name in chosen:
            return False
        if name not in seen:
            seen.add(name)
            ahead += drawing.targets[name]
    return True


def _named(drawing: Drawing, kinds: Mapping[str, str]) -> Drawing:
    """The class names an aggregate; letters tell structures of one class apart, and a plain container is named by its path."""
    forms: dict[str, list[tuple[object, ...]]] = {}
    form: dict[str, tuple[str, int]] = {}
    for one in drawing.blocks:
        if one.id not in kinds or one.inside is None:
            continue
        kind = kinds[one.id] if kinds[one.id] not in PLAIN else "Block"
        known = forms.setdefault(kind, [])
        shape = structure(one.inside)
        if shape not in known:
            known.append(shape)
        form[one.id] = kind, known.index(shape)
    names = {}
    for name, (kind, index) in form.items():
        several = len(forms[kind]) > 1
        names[name] = f"{kind} {LETTERS[index] if index < len(LETTERS) else index + 1}" if several else kind
    return renamed(drawing, names)


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


def _free_name(taken: set[str]) -> str:
    number = 1
    while f"Group {number}" in taken:
        number += 1
    return f"Group {number}"


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}.")
