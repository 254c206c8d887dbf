"""Which parameters and buffers does an operation of a torch module's graph hold?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from underglass.architecture.graph import Operation
from underglass.models.model import Array
from underglass.models.weights import TAKEN, Weight


def weights_in(net: nn.Module, operations: Sequence[Operation]) -> list[Weight]:
    """Weights of operations, each once, at the first that holds it.

    Parameters
    ----------
    net : the module whose graph it is; neither moved nor changed.
    operations : of its graph.
    """
    parameters, modules = dict(net.named_parameters(remove_duplicate=False)), dict(net.named_modules(remove_duplicate=False))
    found: dict[int, Weight] = {}
    for one in operations:
        for name, tensor in _held(one, parameters, modules):
            found.setdefault(id(tensor), _weight(name, one.id, tensor))
    return list(found.values())


def _held(one: Operation, parameters: dict[str, Any], modules: dict[str, nn.Module]) -> Iterator[tuple[str, Any]]:
    """A layer's own, or what a function called between layers takes."""
    if one.module and one.path in modules:
        layer = modules[one.path]
        yield from layer.named_parameters()
        yield from layer.named_buffers()
    elif not one.module:
        yield from ((name, parameters[name]) for name in one.details.get(TAKEN, "").split(", ") if name in parameters)


def _weight(name: str, operation: str, tensor: Any) -> Weight:
    kind = str(tensor.dtype).removeprefix("torch.")
    trained = isinstance(tensor, nn.Parameter) and tensor.requires_grad
    return Weight(name, operation, tuple(tensor.shape), kind, trained, lambda: _read(tensor))


def _read(tensor: Any) -> Array | None:
    values = tensor.detach()
    if values.is_complex() or values.is_quantized:
        return None
    if values.layout is not torch.strided:
        values = values.to_dense()
    if values.is_floating_point() and values.dtype not in (torch.float32, torch.float64):
        values = values.float()  # numpy has no bfloat16
    read: Array = values.cpu().numpy()
    return read
