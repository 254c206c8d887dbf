"""What stands in a figure: layers and aggregates of layers, and what joins them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from underglass.architecture.graph import ModelGraph, Operation, Shape, written

INPUT, OUTPUT, ENTRY, ROUTE = "Input", "Output", "Entry", "Route"
HIDDEN = (
    *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "GroupNorm", "LayerNorm", "RMSNorm", "LocalResponseNorm"),
    *("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "batch_norm", "layer_norm", "group_norm", "normalize"),
    *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid"),
    *("Hardtanh", "Sigmoid", "Tanh", "Softplus", "Softmax", "LogSoftmax", "relu", "relu6", "leaky_relu", "elu", "gelu", "silu"),
    *("hardswish", "sigmoid", "tanh", "softmax", "log_softmax", "Dropout", "Dropout1d", "Dropout2d", "AlphaDropout", "dropout"),
    *("Identity", "Flatten", "Unflatten", "flatten", "unflatten", "view", "reshape", "transpose", "permute", "contiguous"),
    *("unsqueeze", "squeeze", "expand", "getitem", "to", "float", "clone", "detach", "chunk", "split", "unbind", "T", "mT"),
    *("ZeroPad1d", "ZeroPad2d", "ZeroPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ReflectionPad1d", "pad"),
    *("ReflectionPad2d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "CircularPad1d", "CircularPad2d"),
    # Keras
    *("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "Normalization", "Rescaling"),
    *("Activation", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout", "GaussianNoise", "Reshape", "Permute"),
    *("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"),
    # ONNX
    *(
        "Relu",
        "Clip",
        "LeakyRelu",
        "PRelu",
        "Elu",
        "Selu",
        "Gelu",
        "HardSigmoid",
        "HardSwish",
        "Transpose",
        "Squeeze",
        "Unsqueeze",
    ),
    *("Cast", "LRN", "InstanceNormalization", "Pad"),
    # what takes one tensor and a constant, as a normalisation's scale and shift; sums and products of two are drawn
    *("Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Neg", "Expand", "Shape", "LpNormalization", "MeanVarianceNormalization"),
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
    absorbed : hidden operations behind it, with their types; its numbers include theirs.
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
    absorbed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
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


def draw_operations(graph: ModelGraph, *, hide: Sequence[str] | None = None, boxes: bool = True, ends: bool = False) -> Drawing:
    """Every operation as a block, with hidden types left out and what was before them joined to what comes after.

    Parameters
    ----------
    hide : types left out; None for `HIDDEN`, of which only those are that take one tensor: what merges is drawn.
    boxes : whether inputs and outputs are drawn as samples.
    ends : whether outputs without positions, such as scores of classes, get a box too.
    """
    kinds, any_number = (HIDDEN, False) if hide is None else (tuple(hide), True)
    shapes = graph.by_id
    before: dict[str, list[str]] = {one.id: [] for one in graph.operations}
    for edge in graph.connections:
        before[edge.target].append(edge.source)
    seen_as: dict[str, tuple[str, ...]] = {}
    blocks: dict[str, Block] = {}
    edges: dict[tuple[str, str], Shape] = {}
    hidden: dict[str, int] = {}
    for one in graph.operations:
        came_from = before[one.id]
        if one.type in kinds and one.type != INPUT and came_from and (any_number or len(came_from) == 1):
            seen_as[one.id] = tuple(dict.fromkeys(name for source in came_from for name in seen_as[source]))
            hidden[one.type] = hidden.get(one.type, 0) + 1
            _absorb(blocks, seen_as[one.id], one)
            continue
        if one.type == INPUT and not boxes:
            seen_as[one.id] = ()
            continue
        seen_as[one.id] = (one.id,)
        came = shapes[came_from[0]].extent if came_from else one.extent
        features, numbers = one.features, (one.parameters, one.multiply_adds)
        blocks[one.id] = Block(one.id, one.type, features, came, one.extent, *numbers, (one.id,), about=_about(one))
        for source in came_from:
            for name in seen_as[source]:
                edges.setdefault((name, one.id), shapes[source].extent)
    for name in graph.outputs:
        extent = shapes[name].extent
        if boxes and (extent or ends):
            for source in seen_as[name]:
                end = Block(f"output {name}", OUTPUT, shapes[name].features, extent, extent, 0, 0, (), about=("output",))
                blocks[end.id] = end
                edges[(source, end.id)] = extent
    return Drawing(tuple(blocks.values()), edges, hidden)


def _about(one: Operation) -> tuple[str, ...]:
    return (
        f"{one.id}: {one.type}" if one.type != one.id else one.id,
        " and ".join(written(shape) for shape in one.shapes),
        *((f"{one.parameters:,} parameters",) if one.parameters else ()),
        *((f"{one.multiply_adds:,} multiply-adds",) if one.multiply_adds else ()),
        *(f"{name} {value}" for name, value in one.details.items()),
        *((one.line,) if one.line else ()),
    )


def _absorb(blocks: dict[str, Block], names: Sequence[str], one: Operation) -> None:
    """The first block before a hidden operation speaks for it."""
    if not names:
        return
    block = blocks[names[0]]
    own = f", {one.parameters:,} parameters" if one.parameters else ""
    blocks[names[0]] = replace(
        block,
        parameters=block.parameters + one.parameters,
        multiply_adds=block.multiply_adds + one.multiply_adds,
        about=(*block.about, f"then {one.type}{own}"),
        absorbed=(*block.absorbed, (one.id, one.type)),
    )


def merge(drawing: Drawing, groups: list[tuple[str, str, list[str]]]) -> Drawing:
    """Replace sets of blocks by aggregates.

    Parameters
    ----------
    groups : id and type of each aggregate, and the ids of its blocks; no block in two.
    """
    home = {member: name for name, _, members in groups for member in members}
    insides = {name: _Inside() for name, _, _ in groups}
    edges: dict[tuple[str, str], Shape] = {}
    for (source, target), extent in drawing.edges.items():
        a, b = home.get(source, source), home.get(target, target)
        if a != b:
            edges.setdefault((a, b), extent)
        if a == b and a in insides:
            insides[a].edges[(source, target)] = extent
        else:
            if a in insides:
                insides[a].leaving.append(source)
            if b in insides:
                insides[b].entering.append((source, target, extent))
    for one in drawing.blocks:
        if one.id in home:
            insides[home[one.id]].blocks.append(one)
    made = {name: _aggregate(name, kind, insides[name]) for name, kind, _ in groups}
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


def structure(drawing: Drawing, *, sizes: bool = False) -> tuple[object, ...]:
    """What two aggregates share when they are built alike: types and how they are joined.

    Parameters
    ----------
    sizes : features, extents and what is hidden behind a block count too.
    """
    place = {one.id: i for i, one in enumerate(drawing.blocks)}
    last = len(drawing.blocks) - 1
    return tuple(
        (
            kind_of(one, sizes=sizes),
            tuple(sorted(place[name] for name in drawing.sources[one.id])),
            # what is hidden behind the last one may belong to what comes after
            tuple(kind for _, kind in one.absorbed) if sizes and i < last and one.inside is None else (),
        )
        for i, one in enumerate(drawing.blocks)
    )


def kind_of(one: Block, *, sizes: bool = False) -> tuple[object, ...]:
    """What two blocks share when they are alike, wherever they stand."""
    inside = structure(one.inside, sizes=sizes) if one.inside else ()
    if not sizes or one.type == ENTRY:
        return one.type, one.times, inside
    return one.type, one.times, inside, one.features, one.extent_in, one.extent_out


@dataclass
class _Inside:
    """What an aggregate is made of: its blocks, the edges between them, and those across its border."""

    blocks: list[Block] = field(default_factory=list)
    edges: dict[tuple[str, str], Shape] = field(default_factory=dict)
    entering: list[tuple[str, str, Shape]] = field(default_factory=list)
    leaving: list[str] = field(default_factory=list)


def _aggregate(name: str, kind: str, inside: _Inside) -> Block:
    last = next((one for one in inside.blocks if inside.leaving and one.id == inside.leaving[0]), inside.blocks[-1])
    first = inside.entering[0][2] if inside.entering else inside.blocks[0].extent_in
    doors = {source: f"{name} entry {i}" for i, source in enumerate(dict.fromkeys(source for source, _, _ in inside.entering))}
    inner = {**{(doors[source], target): extent for source, target, extent in inside.entering}, **inside.edges}
    blocks = [*(Block(door, ENTRY, None, first, first, 0, 0, ()) for door in doors.values()), *inside.blocks]
    parameters, products = sum(one.parameters for one in blocks), sum(one.multiply_adds for one in blocks)
    operations = tuple(member for one in blocks for member in one.members)
    absorbed = tuple(member for one in blocks for member in one.absorbed)
    about = (
        f"{name}: {kind}",
        f"{len(operations)} operations drawn",
        f"{parameters:,} parameters",
        f"{products:,} multiply-adds",
    )
    drawn = Drawing(tuple(blocks), inner)
    sizes = last.features, first, last.extent_out, parameters, products
    return Block(name, kind, *sizes, operations, drawn, about=about, absorbed=absorbed)


def renamed(drawing: Drawing, names: Mapping[str, str]) -> Drawing:
    """Other types for some aggregates, by id."""

    def called(one: Block) -> Block:
        kind = names.get(one.id, one.type)
        return one if kind == one.type else replace(one, type=kind, about=(f"{one.id}: {kind}", *one.about[1:]))

    return replace(drawing, blocks=tuple(called(one) for one in drawing.blocks))
