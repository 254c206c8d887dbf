"""What does one operation of a traced module do to the channels it is given?

Each function answers for one kind of operation and gives None for all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from underglass.probes.traced_module import (
    FLATTENING,
    GATING,
    Traced,
    constant,
    is_activation,
    is_getitem,
    keeps_channels,
)

Kind: TypeAlias = Literal["convolution", "linear", "identity"]


@dataclass(frozen=True)
class Window:
    """How a convolution moves over its input.

    Parameters
    ----------
    padding : as ``torch.nn.functional.pad`` takes it, last axis first.
    mode : of the padding, as there.
    """

    stride: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    padding: tuple[int, ...]
    mode: str


Weighted: TypeAlias = tuple[Kind, Tensor, Tensor, Window | None]


def padded(value: Tensor, window: Window) -> Tensor:
    """The input of a convolution, (instances, channels, height, width), with its margin."""
    if value.ndim == 3:
        value = value[:, :, None]
    return functional.pad(value, window.padding, mode=window.mode) if any(window.padding) else value


def operand_of(node: fx.Node) -> fx.Node:
    """The first operand of an operation."""
    operand = node.args[0] if node.args else node.kwargs.get("input")
    assert isinstance(operand, fx.Node)
    return operand


def adds_tensors(traced: Traced, node: fx.Node) -> bool:
    """Whether both operands are tensors or numbers."""
    return (
        all(constant(one) or (isinstance(one, fx.Node) and one.name in traced.shapes) for one in node.args[:2])
        and len(node.args) >= 2
    )


def _parameter(traced: Traced, argument: Any) -> Tensor | None:
    if isinstance(argument, fx.Node) and argument.op == "get_attr":
        value: Any = traced.graph
        for name in str(argument.target).split("."):
            value = getattr(value, name)
        return value if isinstance(value, Tensor) else None
    return None


def weighted(traced: Traced, node: fx.Node) -> Weighted | None:
    """Kind, weight, bias and window of a convolution or linear layer, as a module or as a function."""
    module = traced.module(node)
    if isinstance(module, nn.Conv1d | nn.Conv2d):
        weight, bias, settings = module.weight, module.bias, (module.stride, module.dilation, module.groups)
        padding, mode = module._reversed_padding_repeated_twice, module.padding_mode
        window = Window(
            _pair(settings[0]), _pair(settings[1]), settings[2], tuple(padding), "constant" if mode == "zeros" else mode
        )
        return ("convolution", *_flat(weight, bias), window)
    if isinstance(module, nn.Linear):
        return ("linear", *_flat(module.weight, module.bias), None)
    word = traced.word(node)
    if word in {"conv2d", "conv1d", "linear"} and node.args:
        names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
        given = {**dict(zip(names, node.args, strict=False)), **node.kwargs}
        found = _parameter(traced, given.get("weight"))
        if found is None:
            return None
        bias = _parameter(traced, given.get("bias"))
        if given.get("bias") is not None and bias is None:
            return None
        if word == "linear":
            return ("linear", *_flat(found, bias), None)
        stride, dilation = _pair(given.get("stride", 1)), _pair(given.get("dilation", 1))
        sides = _sides(given.get("padding", 0), found.shape[2:], dilation)
        groups = given.get("groups", 1)
        if sides is None or not isinstance(groups, int):
            return None
        return ("convolution", *_flat(found, bias), Window(stride, dilation, groups, sides, "constant"))
    return None


def _flat(weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """Weight with two axes or four, and a bias, on the CPU in float32."""
    values = weight.detach().float().cpu()
    if values.ndim == 3:
        values = values[:, :, None]
    offset = torch.zeros(len(values)) if bias is None else bias.detach().float().cpu()
    return values, offset


def _pair(value: Any) -> tuple[int, int]:
    """The two axes of a setting; a convolution over one axis has a first of length one."""
    if isinstance(value, int):
        return value, value
    return (1, value[0]) if len(value) == 1 else (value[0], value[1])


def _sides(padding: Any, kernel: torch.Size, dilation: tuple[int, int]) -> tuple[int, ...] | None:
    if padding == "valid":
        padding = 0
    if padding == "same":
        total = [dilation[at - len(kernel)] * (size - 1) for at, size in enumerate(kernel)]
        return tuple(side for one in reversed(total) for side in (one // 2, one - one // 2))
    if isinstance(padding, int):
        padding = (padding,) * len(kernel)
    if not isinstance(padding, list | tuple) or not all(isinstance(one, int) for one in padding):
        return None
    each = list(padding) * (len(kernel) if len(padding) == 1 else 1)
    return tuple(side for one in reversed(each) for side in (one, one))


def normalised(traced: Traced, node: fx.Node) -> tuple[Tensor, Tensor] | None:
    """Gain and offset of a batch normalisation in evaluation mode, each (channels,)."""
    module = traced.module(node)
    if not isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) or module.running_mean is None or module.running_var is None:
        return None
    with torch.no_grad():
        gain = 1 / torch.sqrt(module.running_var.float() + module.eps)
        if module.weight is not None:
            gain = gain * module.weight.float()
        offset = -module.running_mean.float() * gain
        if module.bias is not None:
            offset = offset + module.bias.float()
    return gain.cpu(), offset.cpu()


def flattens(traced: Traced, node: fx.Node) -> bool:
    """Whether an operation lays out the maps of each channel one after the other, as before a linear layer."""
    if not (traced.word(node) in FLATTENING or isinstance(traced.module(node), nn.Flatten)):
        return False
    operand = node.args[0]
    if not isinstance(operand, fx.Node) or operand.name not in traced.shapes or node.name not in traced.shapes:
        return False
    shape, was = traced.shapes[node.name], traced.shapes[operand.name]
    return len(shape) == 2 and len(was) >= 2 and shape[0] == was[0] and shape[1] == was[1] * traced.space(operand)


def features_per_channel(traced: Traced, node: fx.Node) -> int:
    """How many features of a flattened tensor belong to one channel."""
    while keeps_channels(traced, node) and is_activation(traced, node):
        node = operand_of(node)
    return traced.space(operand_of(node)) if flattens(traced, node) else 1


def gated(traced: Traced, node: fx.Node) -> fx.Node | None:
    """The operand whose channels a product scales: by a number, by one gate for each channel, or by a function of itself."""
    if traced.word(node) not in GATING or len(node.args) < 2 or node.name not in traced.shapes:
        return None
    one, two = node.args[:2]
    for main, other in ((one, two), (two, one)):
        if not isinstance(main, fx.Node) or traced.shapes.get(main.name) != traced.shapes[node.name]:
            continue
        if constant(other):
            return main
        if isinstance(other, fx.Node) and other.name in traced.shapes:
            if traced.space(other) == 1 < traced.space(main) and len(traced.shapes[other.name]) == len(traced.shapes[main.name]):
                return main
            if keeps_channels(traced, other) and is_activation(traced, other) and operand_of(other) is main:
                return main
    return None


def concatenated(traced: Traced, node: fx.Node) -> list[tuple[fx.Node, int, int]] | None:
    """The branches of a concatenation along channels, with first channel and count."""
    if traced.word(node) not in {"cat", "concat", "concatenate"}:
        return None
    axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
    branches = node.args[0]
    ndim = len(traced.shapes[node.name])
    if not isinstance(axis, int) or axis % ndim != 1 or not isinstance(branches, list | tuple):
        return None
    found, first = [], 0
    for branch in branches:
        if not isinstance(branch, fx.Node):
            return None
        size = traced.channels(branch)
        found.append((branch, first, size))
        first += size
    return found


def picked(traced: Traced, node: fx.Node) -> tuple[fx.Node, int] | None:
    """The tensor that a split, chunk, narrow or slice along channels takes a part of, and the first channel of that part."""
    if is_getitem(node):
        source, index = node.args
        if not isinstance(source, fx.Node):
            return None
        if traced.word(source) in {"chunk", "split", "tensor_split", "split_with_sizes"} and isinstance(index, int):
            axis = source.kwargs.get("dim", source.args[2] if len(source.args) > 2 else 0)
            whole = source.args[0]
            if axis not in {1, -len(traced.shapes[node.name]) + 1} or not isinstance(whole, fx.Node):
                return None
            parts = {
                user.args[1]: traced.channels(user) for user in source.users if is_getitem(user) and isinstance(user.args[1], int)
            }
            sizes = _split_sizes(source, traced.channels(whole), parts)
            return (whole, sum(sizes[: index % len(sizes)])) if sizes else None
        plain = slice(None)
        if isinstance(index, tuple) and len(index) >= 2 and index[0] == plain and all(one == plain for one in index[2:]):
            channels = index[1]
            if isinstance(channels, slice) and channels.step in {None, 1} and source.name in traced.shapes:
                return source, channels.indices(traced.channels(source))[0]
        return None
    if traced.word(node) == "narrow" and len(node.args) == 4 and node.args[1] == 1:
        source, start = node.args[0], node.args[2]
        return (source, start) if isinstance(source, fx.Node) and isinstance(start, int) else None
    return None


def _split_sizes(node: fx.Node, channels: int, seen: dict[Any, int]) -> list[int] | None:
    amount = node.args[1] if len(node.args) > 1 else node.kwargs.get("split_size_or_sections", node.kwargs.get("chunks"))
    if isinstance(amount, list | tuple):
        return [int(size) for size in amount if isinstance(size, int)]
    if not isinstance(amount, int):
        return None
    word = str(node.target) if node.op == "call_method" else str(getattr(node.target, "__name__", ""))
    each = amount if word == "split" else -(-channels // amount)
    sizes = [min(each, channels - first) for first in range(0, channels, each)]
    return sizes if all(sizes[index] == size for index, size in seen.items() if index < len(sizes)) else None
