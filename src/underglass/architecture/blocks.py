"""What stands in a figure: layers and aggregates of layers, and what joins them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from underglass.architecture.graph import ModelGraph, Shape, written

INPUT, OUTPUT, ENTRY = "Input", "Output", "Entry"
HIDDEN = (
    *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "GroupNorm", "LayerNorm", "RMSNorm", "LocalResponseNorm"),
    *("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "batch_norm", "layer_norm", "group_norm", "normalize"),
    *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid"),
    *("Hardtanh", "Sigmoid", "Tanh", "Softplus", "Softmax", "LogSoftmax", "relu", "relu6", "leaky_relu", "elu", "gelu", "silu"),
    *("hardswish", "sigmoid", "tanh", "softmax", "log_softmax", "Dropout", "Dropout1d", "Dropout2d", "AlphaDropout", "dropout"),
    *("Identity", "Flatten", "Unflatten", "flatten", "unflatten", "view", "reshape", "transpose", "permute", "contiguous"),
    *("unsqueeze", "squeeze", "expand", "getitem", "to", "float", "clone", "detach", "chunk", "split", "unbind", "T", "mT"),
)
"""Types not drawn unless asked for: they change neither the features nor the extent that a figure shows."""


@dataclass(frozen=True)
class Block:
    """A glyph to be: one operation, or an aggregate of several.

    Parameters
    ----------
    id : of its operation; of an aggregate, the path of its module or its first member.
    type : decides colour and name.
    features : of what it gives; None without.
    extent_in, extent_out : positions before and after; () where there are none.
    parameters, multiply_adds : summed over all it stands for.
    members : the operations it stands for.
    inside : an aggregate's own drawing; None for an operation.
    times : how many equal aggregates in a row it stands for.
    about : lines for a tooltip.
    """

    id: str
    type: str
    features: int | str | None
    extent_in: Shape
    extent_out: Shape
    parameters: int
    multiply_adds: int
    members: tuple[str, ...]
    inside: Drawing | None = None
    times: int = 1
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """Blocks in order of execution, and which follows which.

    Parameters
    ----------
    blocks : sources before targets.
    edges : pairs (source id, target id) → extent of the tensor on the way.
    hidden : types left out → how many operations of each.
    """

    blocks: tuple[Block, ...]
    edges: Mapping[tuple[str, str], Shape]
    hidden: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> dict[str, Block]:
        """Blocks by their ids."""
        return {one.id: one for one in self.blocks}

    @cached_property
    def sources(self) -> dict[str, list[str]]:
        """What goes into each block, in the order of the edges."""
        found: dict[str, list[str]] = {one.id: [] for one in self.blocks}
        for source, target in self.edges:
            found[target].append(source)
        return found

    @cached_property
    def targets(self) -> dict[str, list[str]]:
        """What each block goes into."""
        found: dict[str, list[str]] = {one.id: [] for one in self.blocks}
        for source, target in self.edges:
            found[source].append(target)
        return found


def draw_operations(graph: ModelGraph, *, hide: tuple[str, ...] | frozenset[str] = HIDDEN) -> Drawing:
    """Every operation as a block, with hidden types left out and what was before them joined to what comes after.

    An operation is only left out if exactly one tensor comes into it: what merges is always drawn.
    """
    shapes = graph.by_id
    before: dict[str, list[str]] = {one.id: [] for one in graph.operations}
    for edge in graph.connections:
        before[edge.target].append(edge.source)
    seen_as: dict[str, str] = {}
    blocks: list[Block] = []
    edges: dict[tuple[str, str], Shape] = {}
    hidden: dict[str, int] = {}
    for one in graph.operations:
        if one.type in hide and len(before[one.id]) == 1:
            seen_as[one.id] = seen_as[before[one.id][0]]
            hidden[one.type] = hidden.get(one.type, 0) + 1
            continue
        seen_as[one.id] = one.id
        came = shapes[before[one.id][0]].extent if before[one.id] else one.extent
        about = (
            f"{one.id}: {one.type}" if one.type != one.id else one.id,
            " and ".join(written(shape) for shape in one.shapes),
            *((f"{one.parameters:,} parameters",) if one.parameters else ()),
            *((f"{one.multiply_adds:,} multiply-adds",) if one.multiply_adds else ()),
            *(f"{name} {value}" for name, value in one.details.items()),
            *((one.line,) if one.line else ()),
        )
        blocks.append(
            Block(one.id, one.type, one.features, came, one.extent, one.parameters, one.multiply_adds, (one.id,), about=about)
        )
        for source in before[one.id]:
            edges.setdefault((seen_as[source], one.id), shapes[source].extent)
    for name in graph.outputs:
        extent = shapes[name].extent
        if extent and seen_as[name] in {one.id for one in blocks}:
            end = Block(f"output {name}", OUTPUT, shapes[name].features, extent, extent, 0, 0, (), about=("output",))
            blocks.append(end)
            edges[(seen_as[name], end.id)] = extent
    return Drawing(tuple(blocks), edges, hidden)


def merge(drawing: Drawing, groups: list[tuple[str, str, list[str]]]) -> Drawing:
    """Replace sets of blocks by aggregates.

    Parameters
    ----------
    groups : id and type of each aggregate, and the ids of its blocks; no block in two.
    """
    home = {member: name for name, _, members in groups for member in members}
    made = {name: _aggregate(drawing, name, kind, members) for name, kind, members in groups}
    edges: dict[tuple[str, str], Shape] = {}
    for (source, target), extent in drawing.edges.items():
        a, b = home.get(source, source), home.get(target, target)
        if a != b:
            edges.setdefault((a, b), extent)
    named = {**{one.id: one for one in drawing.blocks if one.id not in home}, **made}
    return Drawing(tuple(named[name] for name in ordered(list(named), edges)), edges, drawing.hidden)


def ordered(names: list[str], edges: Mapping[tuple[str, str], Shape]) -> list[str]:
    """Sources before targets, as near to the given order as that allows.

    Raises
    ------
    ValueError
        If the edges form a circle.
    """
    waiting = dict.fromkeys(names, 0)
    after: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        waiting[target] += 1
        after[source].append(target)
    place = {name: i for i, name in enumerate(names)}
    ready = [name for name in names if not waiting[name]]
    found = []
    while ready:
        ready.sort(key=place.__getitem__, reverse=True)
        name = ready.pop()
        found.append(name)
        for target in after[name]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(found) < len(names):
        raise ValueError("the blocks follow each other in a circle")
    return found


def structure(drawing: Drawing) -> tuple[object, ...]:
    """What two aggregates share when they are built alike: types and how they are joined, not widths or sizes."""
    place = {one.id: i for i, one in enumerate(drawing.blocks)}
    return tuple(
        (one.type, one.times, structure(one.inside) if one.inside else (), tuple(place[name] for name in drawing.sources[one.id]))
        for one in drawing.blocks
    )


def _aggregate(drawing: Drawing, name: str, kind: str, members: list[str]) -> Block:
    chosen = set(members)
    blocks = [one for one in drawing.blocks if one.id in chosen]
    entering = [(edge, extent) for edge, extent in drawing.edges.items() if edge[1] in chosen and edge[0] not in chosen]
    leaving = [edge[0] for edge in drawing.edges if edge[0] in chosen and edge[1] not in chosen]
    last = drawing.by_id[leaving[0]] if leaving else blocks[-1]
    first = entering[0][1] if entering else blocks[0].extent_in
    inner = {edge: extent for edge, extent in drawing.edges.items() if edge[0] in chosen and edge[1] in chosen}
    doors = {source: f"{name} entry {i}" for i, source in enumerate(dict.fromkeys(edge[0] for edge, _ in entering))}
    inner = {**{(doors[edge[0]], edge[1]): extent for edge, extent in entering}, **inner}
    blocks = [*(Block(door, ENTRY, None, first, first, 0, 0, ()) for door in doors.values()), *blocks]
    parameters, products = sum(one.parameters for one in blocks), sum(one.multiply_adds for one in blocks)
    operations = tuple(member for one in blocks for member in one.members)
    about = (
        f"{name}: {kind}",
        f"{len(operations)} operations drawn",
        f"{parameters:,} parameters",
        f"{products:,} multiply-adds",
    )
    inside = Drawing(tuple(blocks), inner)
    return Block(name, kind, last.features, first, last.extent_out, parameters, products, operations, inside, about=about)


def renamed(drawing: Drawing, names: Mapping[str, str]) -> Drawing:
    """Other types for some blocks, by id."""
    return replace(drawing, blocks=tuple(replace(one, type=names.get(one.id, one.type)) for one in drawing.blocks))
