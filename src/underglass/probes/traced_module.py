"""In which operations does a torch module compute, and which of them is which layer?"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from underglass.errors import LayerError, unknown

_POINTWISE_MODULES = (
    "ReLU ReLU6 LeakyReLU PReLU RReLU ELU SELU CELU GELU SiLU Mish Hardswish Hardsigmoid Hardtanh Sigmoid LogSigmoid Tanh "
    "Tanhshrink Softplus Softsign Softshrink Hardshrink Threshold Identity Dropout Dropout1d Dropout2d AlphaDropout "
    "FeatureAlphaDropout"
)
_SPATIAL_MODULES = (
    "MaxPool1d MaxPool2d AvgPool1d AvgPool2d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool1d AdaptiveMaxPool2d "
    "LPPool2d ZeroPad1d ZeroPad2d ConstantPad2d ReflectionPad2d ReplicationPad2d Upsample"
)
_POINTWISE_FUNCTIONS = (
    "relu relu_ relu6 leaky_relu leaky_relu_ prelu elu elu_ selu celu gelu silu mish hardswish hardsigmoid hardtanh sigmoid "
    "tanh softplus softsign clamp clamp_ dropout dropout1d dropout2d alpha_dropout contiguous clone detach float abs"
)
_SPATIAL_FUNCTIONS = (
    "max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d "
    "adaptive_max_pool2d boolean_dispatch pad interpolate upsample"
)
POINTWISE = tuple(getattr(nn, name) for name in _POINTWISE_MODULES.split())
SPATIAL = tuple(getattr(nn, name) for name in _SPATIAL_MODULES.split())
POINTWISE_WORDS = frozenset(_POINTWISE_FUNCTIONS.split())
SPATIAL_WORDS = frozenset(_SPATIAL_FUNCTIONS.split())
FLATTENING = frozenset({"flatten", "view", "reshape", "squeeze"})
ADDING = frozenset({"add", "add_", "iadd"})
GATING = frozenset({"mul", "mul_", "imul"})


@dataclass(frozen=True)
class Traced:
    """A module as a graph of operations.

    Parameters
    ----------
    graph : the traced module; it shares parameters with the one it was made of.
    shapes : name of an operation → shape of the tensor it gives, for those that give one.
    named : layer name → operation that gives it; ``name:1`` for the second call of a module.
    """

    graph: fx.GraphModule
    shapes: Mapping[str, tuple[int, ...]]
    named: Mapping[str, fx.Node]

    def node(self, layer: str) -> fx.Node:
        """The operation that gives a layer.

        Raises
        ------
        LayerError
            If there is no such layer, with the nearest that is.
        """
        if layer not in self.named:
            raise LayerError(unknown("layer", layer, self.named))
        return self.named[layer]

    def channels(self, node: fx.Node) -> int:
        """How many units a tensor has: the length of its second axis."""
        return self.shapes[node.name][1]

    def space(self, node: fx.Node) -> int:
        """How many positions each unit has."""
        count = 1
        for size in self.shapes[node.name][2:]:
            count *= size
        return count

    def module(self, node: fx.Node) -> nn.Module | None:
        """The module an operation calls, if it calls one."""
        return self.graph.get_submodule(str(node.target)) if node.op == "call_module" else None

    def word(self, node: fx.Node) -> str:
        """The name of the function or method an operation calls, "" for a module."""
        if node.op == "call_method":
            return str(node.target)
        if node.op == "call_function":
            return str(getattr(node.target, "__name__", node.target))
        return ""

    def title(self, node: fx.Node) -> str:
        """A name for a tensor nobody asked for: the outermost module whose output it becomes, else the operation.

        A later module that only passes it on does not lend its name.
        """
        names = [name for name, other in self.named.items() if other is node]
        if not names:
            return str(node.name)
        around = [name for name in names if names[0].startswith(f"{name}.")]
        return min(around, key=len, default=names[0])


class _Tracer(fx.Tracer):  # type: ignore[misc]
    """Remembers which operation gave the output of each module, those with children included."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs: dict[str, list[fx.Node]] = {}

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        path = self.path_of_module(m)
        output = super().call_module(m, forward, args, kwargs)
        if isinstance(output, fx.Proxy):
            self.outputs.setdefault(path, []).append(output.node)
        return output


def trace(net: nn.Module, inputs: Sequence[Any]) -> Traced | str:
    """Trace a module in evaluation mode and run it once on a batch; the reason, in words, if that does not work.

    The traced module must give what the module gives, or it is not used.
    """
    tracer = _Tracer()
    try:
        graph = fx.GraphModule(net, tracer.trace(net))
        shapes = _Shapes(graph)
        given = shapes.run(*inputs)
    except Exception as error:  # noqa: BLE001 (a person's module may raise anything while it is traced)
        lines = str(error).splitlines() or [type(error).__name__]
        return f"its operations cannot be traced ({lines[0][:120]})"
    if not _alike(given, net(*inputs)):
        return "traced, it gives something else than when it is run"
    named: dict[str, fx.Node] = {}
    for path, nodes in tracer.outputs.items():
        for call, node in enumerate(nodes):
            if node.name in shapes.found:
                named[path if len(nodes) == 1 else f"{path}:{call}"] = node
    order = {node: place for place, node in enumerate(graph.graph.nodes)}
    return Traced(graph, shapes.found, dict(sorted(named.items(), key=lambda item: order[item[1]])))


class _Shapes(fx.Interpreter):  # type: ignore[misc]
    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.found: dict[str, tuple[int, ...]] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, torch.Tensor) and n.op != "get_attr":
            self.found[n.name] = tuple(value.shape)
        return value


def _alike(one: Any, two: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(two, torch.Tensor):
        return one.shape == two.shape and bool(torch.allclose(one, two, rtol=1e-3, atol=1e-5 * float(two.abs().max()) + 1e-30))
    if isinstance(one, dict) and isinstance(two, dict):
        return all(_alike(one.get(key), value) for key, value in two.items())
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(_alike(a, b) for a, b in zip(one, two, strict=True))
    return type(one) is type(two)


def keeps_channels(traced: Traced, node: fx.Node) -> bool:
    """Whether unit j of what an operation gives rests on unit j of its first operand alone: activations, pooling, padding."""
    module, word = traced.module(node), traced.word(node)
    like = (
        isinstance(module, (*POINTWISE, *SPATIAL))
        or word in POINTWISE_WORDS
        or word in SPATIAL_WORDS
        or _is_spatial_mean(traced, node)
    )
    operand = node.args[0] if node.args else None
    if not like or not isinstance(operand, fx.Node) or node.name not in traced.shapes or operand.name not in traced.shapes:
        return False
    return traced.channels(node) == traced.channels(operand)


def is_activation(traced: Traced, node: fx.Node) -> bool:
    """Whether an operation is computed position by position, so that it may stand between a sum and what is shown of it."""
    return isinstance(traced.module(node), POINTWISE) or traced.word(node) in POINTWISE_WORDS


def _is_spatial_mean(traced: Traced, node: fx.Node) -> bool:
    if traced.word(node) not in {"mean", "amax"}:
        return False
    axes = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
    operand = node.args[0]
    if not isinstance(operand, fx.Node) or operand.name not in traced.shapes or not isinstance(axes, int | tuple | list):
        return False
    ndim = len(traced.shapes[operand.name])
    picked = {axis % ndim for axis in ((axes,) if isinstance(axes, int) else axes) if isinstance(axis, int)}
    return bool(picked) and picked.isdisjoint({0, 1})


def constant(node: Any) -> bool:
    """Whether an argument is a plain number."""
    return isinstance(node, int | float) and not isinstance(node, bool)


def is_getitem(node: fx.Node) -> bool:
    """Whether an operation picks a part of another's output."""
    return node.op == "call_function" and node.target is operator.getitem
