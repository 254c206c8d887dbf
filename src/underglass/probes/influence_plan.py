"""Which operations must be measured so that the influence between some layers is known?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import fx

from underglass.probes.linear_paths import Opaque, Origin, Term, origins, parts_of
from underglass.probes.traced_module import Traced


@dataclass(frozen=True)
class Measured:
    """One operation to be measured.

    Parameters
    ----------
    target : tensor it adds to.
    term : the operation.
    origin : where its input channels come from.
    """

    target: fx.Node
    term: Term
    origin: Origin


@dataclass(frozen=True)
class Plan:
    """What to measure exactly, and what can only be estimated.

    Parameters
    ----------
    measured : in the order of execution.
    estimated : layer → the layers before it, and why it must be estimated.
    shown : operation → layer it gives.
    """

    measured: tuple[Measured, ...]
    estimated: dict[str, tuple[tuple[str, ...], str]]
    shown: dict[fx.Node, str]


def plan(traced: Traced, layers: Sequence[str]) -> Plan:
    """Follow each layer back to the layers before it.

    Tensors met on the way that nobody asked for (the bottleneck inside a block) are measured like layers and stay hidden. A
    layer whose way back meets something that is no sum over channels is to be estimated from the nearest layers before it.
    """
    shown = {traced.node(layer): layer for layer in layers}
    order = {node: place for place, node in enumerate(traced.graph.graph.nodes)}
    found: dict[fx.Node, tuple[Measured, ...]] = {}
    estimated: dict[str, tuple[tuple[str, ...], str]] = {}
    for node, layer in shown.items():
        try:
            way = _way_back(traced, node, shown)
        except Opaque as reason:
            before = tuple(sorted((shown[one] for one in _shown_before(node, shown)), key=lambda name: order[traced.node(name)]))
            if before:
                estimated[layer] = before, str(reason)
        else:
            found |= way
    useful = _leading_from(found, shown, order)
    measured = [one for node in found if node in useful for one in found[node] if _known(one, useful, shown)]
    return Plan(tuple(sorted(measured, key=lambda one: (order[one.target], order[one.term.node]))), estimated, shown)


def _way_back(traced: Traced, node: fx.Node, shown: dict[fx.Node, str]) -> dict[fx.Node, tuple[Measured, ...]]:
    """All operations between a layer and the layers before it, by the tensor they add to."""
    found: dict[fx.Node, tuple[Measured, ...]] = {}
    waiting = [node]
    while waiting:
        target = waiting.pop()
        if target in found:
            continue
        terms = [term for part in parts_of(traced, target, shown) for term in part.terms]
        found[target] = tuple(Measured(target, term, origins(traced, term.operand, shown)) for term in terms)
        waiting += {one for measured in found[target] for one in measured.origin.tensor if one is not None and one not in shown}
    return found


def _leading_from(
    found: dict[fx.Node, tuple[Measured, ...]], shown: dict[fx.Node, str], order: dict[fx.Node, int]
) -> set[fx.Node]:
    """The tensors that some shown layer leads into."""
    useful: set[fx.Node] = set()
    for target in sorted(found, key=order.__getitem__):
        if any(_known(one, useful, shown) for one in found[target]):
            useful.add(target)
    return useful


def _known(one: Measured, useful: set[fx.Node], shown: dict[fx.Node, str]) -> bool:
    return any(tensor in shown or tensor in useful for tensor in set(one.origin.tensor) if tensor is not None)


def _shown_before(node: fx.Node, shown: dict[fx.Node, str]) -> set[fx.Node]:
    """The nearest shown layers that a tensor is computed from, whatever lies between."""
    found: set[fx.Node] = set()
    seen: set[fx.Node] = set()
    waiting = list(node.all_input_nodes)
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        if one in shown:
            found.add(one)
        else:
            waiting += one.all_input_nodes
    return found
