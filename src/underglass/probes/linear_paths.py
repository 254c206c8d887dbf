"""Through which linear operations does one tensor of a network feed the next?

Every unit of a layer is, before its activation function, a sum: over the input channels of a convolution or linear layer, over
the branches of a residual connection. `parts_of` finds these sums by walking the traced module backwards from the layer:
through activations, dropout and pooling, which keep channels apart; through batch normalisation, which is folded into the
weights; through additions, concatenations and splits. `origins` says of each channel of an operand which unit of which tensor
it is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor, fx

from underglass.probes.channel_operations import (
    Kind,
    Weighted,
    Window,
    adds_tensors,
    concatenated,
    features_per_channel,
    flattens,
    gated,
    normalised,
    operand_of,
    picked,
    weighted,
)
from underglass.probes.traced_module import ADDING, Traced, keeps_channels


@dataclass(frozen=True)
class Term:
    """One linear operation that adds to some units of a layer.

    Parameters
    ----------
    kind : "identity" for what a residual connection passes on.
    node : operation at which it is measured, one of whose arguments is the input.
    argument : which.
    weight : (out, in / groups, height, width), (out, in) or, for an identity, (out,); what follows linearly is folded in.
    bias : (out,)
    window : of a convolution.
    channels : (out,) for an identity, the input's channel that each output is.
    fold : how many features of a flattened input belong to one channel.
    units : (out,) the layer's unit that each output adds to.
    """

    kind: Kind
    node: fx.Node
    argument: int
    weight: Tensor
    bias: Tensor
    units: Tensor
    window: Window | None = None
    channels: Tensor | None = None
    fold: int = 1

    @property
    def operand(self) -> fx.Node:
        """The operation that gives the input."""
        operand = self.node.args[self.argument]
        assert isinstance(operand, fx.Node)
        return operand


@dataclass(frozen=True)
class Part:
    """Some units of a layer and the sum they are before their activation function.

    Parameters
    ----------
    anchor : operation that gives that sum.
    rows : (units,) channel of the anchor that each unit is.
    units : (units,) of the layer.
    terms : what is summed.
    """

    anchor: fx.Node
    rows: Tensor
    units: Tensor
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Origin:
    """Where the channels of a tensor come from.

    Parameters
    ----------
    tensor : operation of each channel's tensor; None = the network's input.
    unit : (channels,) the unit of that tensor.
    """

    tensor: tuple[fx.Node | None, ...]
    unit: Tensor


class Opaque(Exception):
    """An operation that is no sum over channels; its words say which."""


def parts_of(traced: Traced, node: fx.Node, shown: Collection[fx.Node]) -> tuple[Part, ...]:
    """The sums that the units of a tensor are.

    Parameters
    ----------
    traced : Traced
        The module.
    node : torch.fx.Node
        Operation that gives the tensor.
    shown : collection of torch.fx.Node
        Operations of all layers asked for; the walk ends at each.

    Raises
    ------
    Opaque
        If the way back meets an operation that mixes channels other than by a sum.
    """
    everything = torch.arange(traced.channels(node))
    return tuple(_Walk(traced, frozenset(shown) - {node}).parts(node, everything, everything))


def origins(traced: Traced, node: fx.Node, shown: Collection[fx.Node]) -> Origin:
    """Of each channel of a tensor, the unit of the nearest tensor that stands for itself.

    That is a layer asked for, a sum (hidden, if not asked for), or whatever else mixes channels.
    """
    tensor, unit = _Walk(traced, frozenset(shown)).origin(node, torch.arange(traced.channels(node)))
    return Origin(tuple(tensor), unit)


@dataclass(frozen=True)
class _Walk:
    """A walk backwards that ends at some operations."""

    traced: Traced
    stop: frozenset[fx.Node]

    def is_sum(self, node: fx.Node) -> bool:
        """Whether an operation is a sum over channels or branches, a batch normalisation of one included."""
        if weighted(self.traced, node) is not None:
            return True
        if normalised(self.traced, node) is not None:
            below = operand_of(node)
            return below not in self.stop and self.is_sum(below)
        return self.traced.word(node) in ADDING and adds_tensors(self.traced, node)

    def past(self, node: fx.Node) -> fx.Node | None:
        """The operand, if an operation keeps its channels apart and is no sum."""
        gate = gated(self.traced, node)
        if gate is not None:
            return gate
        if keeps_channels(self.traced, node) or (normalised(self.traced, node) is not None and not self.is_sum(node)):
            return operand_of(node)
        return None

    def parts(self, node: fx.Node, rows: Tensor, units: Tensor) -> list[Part]:
        """The sums behind some channels (rows) of an operation, which are some units of the layer."""
        while True:
            if node in self.stop:
                return [_same(node, rows, units)]
            if self.is_sum(node):
                terms = self.terms(node, rows, units, torch.ones(len(rows)), torch.zeros(len(rows)))
                return [Part(node, rows, units, tuple(terms))]
            below, part, branches = self.past(node), picked(self.traced, node), concatenated(self.traced, node)
            if below is not None:
                node = below
            elif part is not None:
                node, rows = part[0], rows + part[1]
            elif branches is not None:
                found: list[Part] = []
                for branch, first, size in branches:
                    here = (rows >= first) & (rows < first + size)
                    found += self.parts(branch, rows[here] - first, units[here]) if here.any() else []
                return found
            else:
                raise Opaque(self.said(node))

    def terms(self, node: fx.Node, rows: Tensor, units: Tensor, scale: Tensor, shift: Tensor) -> list[Term]:
        """What is summed in some channels of a sum, scaled; the shift goes to the bias of the first term."""
        norm, weights = normalised(self.traced, node), weighted(self.traced, node)
        if norm is not None:
            gain, offset = norm[0][rows], norm[1][rows]
            return self.terms(operand_of(node), rows, units, scale * gain, shift + scale * offset)
        if weights is not None:
            return [self.weighted_term(node, weights, rows=rows, units=units, scale=scale, shift=shift)]
        found: list[Term] = []
        for at, operand in enumerate(node.args[:2]):
            if isinstance(operand, int | float):
                shift = shift + scale * float(operand)
                continue
            assert isinstance(operand, fx.Node)
            if self.traced.shapes.get(operand.name) != self.traced.shapes[node.name]:
                raise Opaque(f"{node.name} adds a tensor of another shape")
            # A sum that is also read elsewhere, as along a chain of residual blocks, stands for itself: it is measured once.
            if operand not in self.stop and len(operand.users) == 1 and self.is_sum(operand):
                found += self.terms(operand, rows, units, scale, torch.zeros(len(rows)))
            else:
                found.append(Term("identity", node, at, scale, torch.zeros(len(rows)), units, channels=rows))
        found[0] = replace(found[0], bias=found[0].bias + shift)
        return found

    def weighted_term(
        self, node: fx.Node, weights: Weighted, *, rows: Tensor, units: Tensor, scale: Tensor, shift: Tensor
    ) -> Term:
        """A convolution or linear layer with the scale folded in."""
        kind, weight, bias, window = weights
        operand = operand_of(node)
        weight = weight[rows] * scale.reshape(-1, *[1] * (weight.ndim - 1))
        fold = 1
        if kind == "linear":
            if len(self.traced.shapes[operand.name]) != 2:
                raise Opaque(f"{self.traced.title(node)!r} is applied at many positions, with channels on the last axis")
            fold = features_per_channel(self.traced, operand)
        elif window is not None and window.groups > 1:
            weight, window = _ungrouped(weight, rows, window, self.traced.channels(node), self.traced.channels(operand))
        return Term(kind, node, 0, weight, bias[rows] * scale + shift, units, window=window, fold=fold)

    def origin(self, node: fx.Node, rows: Tensor) -> tuple[list[fx.Node | None], Tensor]:
        """Tensor and unit of some channels (rows) of an operation."""
        while True:
            if node.op == "placeholder":
                return [None] * len(rows), rows
            if node in self.stop or self.is_sum(node):
                return [node] * len(rows), rows
            below, part, branches = self.past(node), picked(self.traced, node), concatenated(self.traced, node)
            if below is not None:
                node = below
            elif flattens(self.traced, node):
                node, rows = operand_of(node), rows // features_per_channel(self.traced, node)
            elif part is not None:
                node, rows = part[0], rows + part[1]
            elif branches is None:
                return [node] * len(rows), rows
            else:
                tensor: list[fx.Node | None] = [None] * len(rows)
                unit = torch.zeros_like(rows)
                for branch, first, size in branches:
                    here = ((rows >= first) & (rows < first + size)).nonzero().ravel()
                    nodes, unit[here] = self.origin(branch, rows[here] - first)
                    for at, one in zip(here.tolist(), nodes, strict=True):
                        tensor[at] = one
                return tensor, unit

    def said(self, node: fx.Node) -> str:
        """Why an operation is no sum."""
        module = self.traced.module(node)
        what = type(module).__name__ if module is not None else self.traced.word(node) or node.op
        return f"{self.traced.title(node)!r} ({what}) is no sum over channels"


def _same(node: fx.Node, rows: Tensor, units: Tensor) -> Part:
    """Units that another shown layer already is, but for what keeps channels apart; measured where that layer is first read."""
    reader = next(iter(node.users))
    argument = next(at for at, one in enumerate(reader.args) if one is node)
    ones, zeros = torch.ones(len(rows)), torch.zeros(len(rows))
    return Part(node, rows, units, (Term("identity", reader, argument, ones, zeros, units, channels=rows),))


def _ungrouped(weight: Tensor, rows: Tensor, window: Window, outputs: int, inputs: int) -> tuple[Tensor, Window]:
    """A grouped convolution of some of its outputs: still grouped if those are all, otherwise spelled out over all inputs."""
    if len(rows) == outputs and bool((rows == torch.arange(outputs)).all()):
        return weight, window
    each_in, each_out = inputs // window.groups, outputs // window.groups
    spelled = weight.new_zeros(len(rows), inputs, *weight.shape[2:])
    for at, row in enumerate(rows.tolist()):
        first = (row // each_out) * each_in
        spelled[at, first : first + each_in] = weight[at]
    return spelled, replace(window, groups=1)
