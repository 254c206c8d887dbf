"""What is a unit the sum of, channel by channel and at every position? For a close look at a few instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from underglass.errors import LayerError
from underglass.models import torch as adapted
from underglass.models.inputs import Prepared
from underglass.models.torch_evaluation import evaluating
from underglass.models.torch_model import TorchModel
from underglass.probes.contributions import at_every_position
from underglass.probes.influence_run import arguments
from underglass.probes.linear_paths import Opaque, Part, parts_of
from underglass.probes.traced_module import Traced, trace

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class UnitSum:
    """The sum that some units of a layer are before their activation function, taken apart.

    Attributes
    ----------
    units : (units,) int64
        Of the layer; all of them unless branches are concatenated.
    terms : tuple of (operand, (instances, units, channels, …space) tensor)
        What each channel of each operand adds at each position.
    bias : (units,) tensor
    total : (instances, units, …space) tensor
        The sum as the network computes it: terms, summed over channels, plus bias.
    """

    units: Ints
    terms: tuple[tuple[str, Tensor], ...]
    bias: Tensor
    total: Tensor


def take_apart(model: TorchModel | nn.Module, inputs: Any, layer: str, *, layers: Sequence[str] = ()) -> tuple[UnitSum, ...]:
    """Take the sum behind each unit of a layer apart; several sums where branches are concatenated.

    Parameters
    ----------
    model : TorchModel or torch.nn.Module
        Must be one whose operations can be traced.
    inputs : tensors, or what ``model.prepare(raw)`` gives
        A few instances: the result is large.
    layer : name
        As the model lists it.
    layers : names, optional
        Layers at which to stop.

    Raises
    ------
    LayerError
        If there is no such layer or it is no sum over channels; says why.
    """
    net = model.net if isinstance(model, TorchModel) else adapted(model).net
    given = arguments(inputs.inputs if isinstance(inputs, Prepared) else inputs)
    with evaluating(net):
        traced = trace(net, given)
        if isinstance(traced, str):
            raise LayerError(f"{layer!r} cannot be taken apart: {traced}.")
        try:
            parts = parts_of(traced, traced.node(layer), {traced.node(name) for name in layers})
        except Opaque as reason:
            raise LayerError(f"{layer!r} cannot be taken apart: {reason}.") from None
        kept = _Keeping(traced, parts)
        kept.run(*given)
    return tuple(_sum(traced, part, kept) for part in parts)


class _Keeping(fx.Interpreter):  # type: ignore[misc]
    """Runs a traced module and keeps copies of what some operations take and give; in-place ones may change them later."""

    def __init__(self, traced: Traced, parts: Sequence[Part]) -> None:
        super().__init__(traced.graph)
        self.terms = [term for part in parts for term in part.terms]
        self.anchors = {part.anchor for part in parts}
        self.inputs: dict[int, Tensor] = {}
        self.totals: dict[fx.Node, Tensor] = {}

    def run_node(self, n: fx.Node) -> Any:
        for term in self.terms:
            if term.node is n:
                self.inputs[id(term)] = self.env[term.operand].clone()
        value = super().run_node(n)
        if n in self.anchors:
            self.totals[n] = value.clone()
        return value


def _sum(traced: Traced, part: Part, kept: _Keeping) -> UnitSum:
    where = {unit: at for at, unit in enumerate(part.units.tolist())}
    bias = torch.zeros(len(where))
    terms = []
    for term in part.terms:
        at = torch.tensor([where[unit] for unit in term.units.tolist()])
        bias[at] += term.bias
        terms.append((traced.title(term.operand), at_every_position(term, kept.inputs[id(term)])))
    return UnitSum(part.units.numpy(), tuple(terms), bias, kept.totals[part.anchor][:, part.rows].float().cpu())
