"""Which units of one tensor feed which units of another, for one subset, and through what?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]


class Hop(Protocol):
    """One direct connection between two tensors, as the influence probe measured it over all subsets.

    The arrays are parallel, one entry for each (subset, target unit, source unit) that was counted at least once.
    """

    @property
    def source(self) -> str:
        """Tensor nearer to the input."""

    @property
    def target(self) -> str:
        """Tensor nearer to the output."""

    @property
    def source_units(self) -> int:
        """How many units the source tensor has."""

    @property
    def target_units(self) -> int:
        """How many units the target tensor has."""

    @property
    def subset(self) -> Ints:
        """Subset of each entry."""

    @property
    def target_unit(self) -> Ints:
        """Unit of the target."""

    @property
    def source_unit(self) -> Ints:
        """Unit of the source."""

    @property
    def count(self) -> Ints:
        """Instances in which the source is among the strongest of the target."""

    @property
    def total(self) -> Floats:
        """Summed strength over those instances."""


class Influence(Protocol):
    """All hops, in the order of execution."""

    @property
    def hops(self) -> Sequence[Hop]:
        """From the input's side to the output's."""


@dataclass(frozen=True)
class Connections:
    """Edges between two tensors for one subset; the arrays are parallel.

    Attributes
    ----------
    source, target : str
        Tensors.
    source_unit, target_unit : (edges,) int64
    count : (edges,) int64
    total : (edges,) float64
    via : tuple of str
        For each edge the hidden tensors it was folded over, "" for none.
    """

    source: str
    target: str
    source_unit: Ints
    target_unit: Ints
    count: Ints
    total: Floats
    via: tuple[str, ...]

    def where(self, keep: Bools | Ints) -> Connections:
        """Some of the edges."""
        index = np.flatnonzero(keep) if keep.dtype == bool else keep
        return Connections(
            self.source,
            self.target,
            self.source_unit[index],
            self.target_unit[index],
            self.count[index],
            self.total[index],
            tuple(self.via[at] for at in index),
        )


@dataclass(frozen=True)
class Sized:
    """Connections with the sizes of their tensors."""

    edges: Connections
    source_units: int
    target_units: int


def connections_of(influence: Influence, subset: int) -> list[Sized]:
    """The edges of one subset, hop by hop."""
    found = []
    for hop in influence.hops:
        here = np.flatnonzero(hop.subset == subset)
        edges = Connections(
            hop.source,
            hop.target,
            hop.source_unit[here].astype(np.int64),
            hop.target_unit[here].astype(np.int64),
            hop.count[here].astype(np.int64),
            hop.total[here].astype(np.float64),
            ("",) * len(here),
        )
        found.append(Sized(edges, hop.source_units, hop.target_units))
    return found


def fold_hidden(hops: Sequence[Sized], shown: dict[str, int], *, top: int) -> list[Connections]:
    """Leave the tensors that are shown, each unit with its ``top`` sources from each of them.

    A path over a hidden unit is as strong as its weaker half; of several paths between the same two units the strongest counts.
    Source: Summit's notebooks, for the bottlenecks inside Inception's blocks.

    Parameters
    ----------
    hops : in the order of execution
    shown : mapping of tensor to units
    top : int

    Raises
    ------
    DataError
        If a hop and ``shown`` disagree about the size of a tensor, or a hop names a unit outside its tensor.
    """
    for hop in hops:
        for name, size, units in (
            (hop.edges.source, hop.source_units, hop.edges.source_unit),
            (hop.edges.target, hop.target_units, hop.edges.target_unit),
        ):
            if name in shown and shown[name] != size:
                raise DataError(
                    f"layer {name!r} has {shown[name]} units in the counts and {size} in the influence: "
                    "they are of different models."
                )
            if len(units) and not 0 <= units.min() <= units.max() < size:
                raise DataError(f"influence names unit {units.max()} of {name!r}, whose units are 0 to {size - 1}.")
    edges = [_strongest(hop.edges, top) for hop in hops]
    hidden = list(dict.fromkeys(edge.target for edge in edges if edge.target not in shown))
    for name in hidden:  # in the order of execution: what leads into it is already folded
        into = [edge for edge in edges if edge.target == name]
        out = [edge for edge in edges if edge.source == name]
        edges = [edge for edge in edges if name not in {edge.source, edge.target}]
        edges += [_joined(first, second) for second in out for first in into]
    edges = [edge for edge in edges if edge.source in shown]
    pairs = dict.fromkeys((edge.source, edge.target) for edge in edges)
    merged = [_merged([edge for edge in edges if (edge.source, edge.target) == pair]) for pair in pairs]
    return [_strongest(edge, top) for edge in merged if len(edge.count)]


def _joined(first: Connections, second: Connections) -> Connections:
    """All paths of two edges that meet in a hidden unit, the strongest between each two ends."""
    order = np.argsort(first.target_unit, kind="stable")
    meets = first.target_unit[order]
    begin, end = np.searchsorted(meets, second.source_unit), np.searchsorted(meets, second.source_unit, side="right")
    length = end - begin
    two = np.repeat(np.arange(len(second.count)), length)
    offset = np.arange(length.sum()) - np.repeat(length.cumsum() - length, length)
    one = order[begin[two] + offset] if len(two) else np.zeros(0, np.int64)
    paths = Connections(
        first.source,
        second.target,
        first.source_unit[one],
        second.target_unit[two],
        np.minimum(first.count[one], second.count[two]),
        np.minimum(first.total[one], second.total[two]),
        tuple(" → ".join(filter(None, (first.via[a], first.target, second.via[b]))) for a, b in zip(one, two, strict=True)),
    )
    return _merged([paths])


def _merged(parts: Sequence[Connections]) -> Connections:
    """One set of edges, the strongest where several join the same two units."""
    joint = Connections(
        parts[0].source,
        parts[0].target,
        np.concatenate([part.source_unit for part in parts]),
        np.concatenate([part.target_unit for part in parts]),
        np.concatenate([part.count for part in parts]),
        np.concatenate([part.total for part in parts]),
        tuple(name for part in parts for name in part.via),
    )
    order = np.lexsort((-joint.total, -joint.count, joint.source_unit, joint.target_unit))
    source, target = joint.source_unit[order], joint.target_unit[order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
    return joint.where(order[fresh])


def _strongest(edges: Connections, top: int) -> Connections:
    """The ``top`` sources of each target unit, by count, then total, then the lower unit."""
    order = np.lexsort((edges.source_unit, -edges.total, -edges.count, edges.target_unit))
    target = edges.target_unit[order]
    place = np.arange(len(order)) - np.searchsorted(target, target)
    return edges.where(order[place < top])
