"""Which operations does a model consist of, and which of its layers do they give?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import fx

from underglass.models.torch_evaluation import evaluating
from underglass.models.torch_model import TorchModel
from underglass.probes.influence_run import arguments
from underglass.probes.traced_module import Traced, trace


@dataclass(frozen=True)
class Operation:
    """One operation and what it gives.

    Attributes
    ----------
    type : the module's class, or the function's name; "input" for what comes in.
    layers : names of the layers whose value this is, the innermost first; empty for a value no layer is named after.
    shape : of one instance's value, without the batch axis.
    inputs : numbers of the operations whose values it takes.
    """

    type: str
    layers: tuple[str, ...]
    shape: tuple[int, ...]
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class ModuleGraph:
    """A model as operations in the order of execution.

    Attributes
    ----------
    operations : tuple of Operation
    reason : why this is only the layers in the order they ran, one behind the other; None if the operations were traced.
    """

    operations: tuple[Operation, ...]
    reason: str | None


def module_graph(model: TorchModel, example: Sequence[Any]) -> ModuleGraph:
    """Trace a model on one instance; where that cannot be done, its layers in the order they ran stand in, with the reason.

    Parameters
    ----------
    model : TorchModel
    example : raw instances
        At least one.

    Raises
    ------
    ModelError
        If the model cannot take the instance.
    """
    listed = model.layers(list(example))
    prepared = model.prepare(list(example)[:1])
    inputs = prepared.inputs
    if isinstance(inputs, dict):
        traced: Traced | str = "it is called with named inputs"
    else:
        with evaluating(model.net):
            traced = trace(model.net, arguments(inputs))
    if isinstance(traced, str):
        chain = [Operation("input", (), (), ())]
        for layer in listed:
            chain.append(Operation(layer.type, (layer.name,), layer.shape, (len(chain) - 1,)))
        return ModuleGraph(tuple(chain), traced)
    return ModuleGraph(_operations(traced, {layer.name for layer in listed}), None)


def _operations(traced: Traced, listed: set[str]) -> tuple[Operation, ...]:
    names: dict[fx.Node, list[str]] = {}
    for name, node in traced.named.items():
        if name in listed:
            names.setdefault(node, []).append(name)
    numbers: dict[fx.Node, int] = {}
    found: list[Operation] = []
    for node in traced.graph.graph.nodes:
        if node.name not in traced.shapes or node.op == "output":
            continue
        inputs = tuple(dict.fromkeys(numbers[one] for one in node.all_input_nodes if one in numbers))
        if node.op != "placeholder" and not inputs:
            continue
        numbers[node] = len(found)
        module = traced.module(node)
        kind = "input" if node.op == "placeholder" else type(module).__name__ if module is not None else traced.word(node)
        layers = tuple(sorted(names.get(node, []), key=len, reverse=True))
        found.append(Operation(kind, layers, tuple(traced.shapes[node.name][1:]), inputs))
    return tuple(found)
