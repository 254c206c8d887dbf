"""How much does each input channel add to each unit of a layer, at every position and at its peak?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from underglass.probes.channel_operations import Window, padded
from underglass.probes.linear_paths import Term
from underglass.probes.strongest import keep_strongest, keep_strongest_products, nothing_yet

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

CACHED = 512 * 1024
"""Contributions computed at a time, in numbers: what fits into a core's own memory is not fetched twice."""


def at_every_position(term: Term, value: Tensor) -> Tensor:
    """Contributions of each input channel to each output: (instances, outputs, channels, …space).

    Summed over channels and with the bias they are what the operation gives. Large: for a look at single instances, and for
    tests.
    """
    value = value.float().cpu()
    if term.kind == "identity":
        assert term.channels is not None
        outputs = len(term.weight)
        spread = value.new_zeros(len(value), outputs, value.shape[1], *value.shape[2:])
        scale = term.weight.reshape(-1, *[1] * (value.ndim - 2))
        spread[:, torch.arange(outputs), term.channels] = value[:, term.channels] * scale
        return spread
    if term.kind == "linear":
        products = term.weight[None] * value[:, None]
        return products.reshape(*products.shape[:2], -1, term.fold).sum(3)
    assert term.window is not None
    outputs, each = term.weight.shape[:2]
    windows = _unfolded(padded(value, term.window), term)
    count, channels, taps, positions = windows.shape
    spread = value.new_zeros(count, outputs, channels, positions)
    per_group = outputs // term.window.groups
    kernel = term.weight.reshape(outputs, each, taps)
    for group in range(term.window.groups):
        into = slice(group * per_group, (group + 1) * per_group)
        out_of = slice(group * each, (group + 1) * each)
        spread[:, into, out_of] = torch.einsum("jik,nikl->njil", kernel[into], windows[:, out_of])
    height, width = _space(padded(value, term.window), term)
    return spread.reshape(count, outputs, channels, *((height, width) if value.ndim == 4 else (width,)))


def strongest(term: Term, value: Tensor, top: int) -> tuple[Floats, Ints]:
    """The ``top`` input channels of each output by the largest contribution at any position.

    Parameters
    ----------
    term : Term
        The operation.
    value : (instances, channels, …space)
        Its input, whole maps.
    top : int
        How many.

    Returns
    -------
    Contributions (instances, outputs, top) float32, in falling order, 0 where fewer are positive; and their channels, int32, −1
    there.
    """
    value = value.detach().float().cpu()
    if term.kind == "identity":
        return _passed_on(term, value, top)
    values, sources = nothing_yet(len(value), len(term.weight), top)
    if term.kind == "linear" and term.fold == 1:
        inputs = value.numpy()
        keep_strongest_products(term.weight.numpy(), inputs, inputs, 1, values, sources)
    elif term.kind == "linear":
        _linear_folded(term, value, values, sources)
    else:
        assert term.window is not None
        value = padded(value, term.window)
        if term.weight.shape[2:].numel() == 1:
            stride = term.window.stride
            seen = value[:, :, :: stride[0], :: stride[1]].flatten(2)
            high, low = seen.amax(2).numpy(), seen.amin(2).numpy()
            weight = np.ascontiguousarray(term.weight.flatten(1).numpy())
            keep_strongest_products(weight, high, low, term.window.groups, values, sources)
        elif term.weight.shape[1] == 1:
            return _depthwise(term, value, top)
        else:
            _convolved(term, value, values, sources)
    return values, sources


def _passed_on(term: Term, value: Tensor, top: int) -> tuple[Floats, Ints]:
    """What a residual connection passes on: one source for each unit."""
    assert term.channels is not None
    values, sources = nothing_yet(len(value), len(term.weight), top)
    seen = value[:, term.channels].flatten(2) if value.ndim > 2 else value[:, term.channels, None]
    peak = torch.where(term.weight > 0, term.weight * seen.amax(2), term.weight * seen.amin(2)).numpy()
    values[:, :, 0] = np.maximum(peak, 0)
    sources[:, :, 0] = np.where(peak > 0, term.channels.numpy(), -1)
    return values, sources


def _depthwise(term: Term, value: Tensor, top: int) -> tuple[Floats, Ints]:
    """One input channel for each output: the convolution itself, without its bias, is the contribution."""
    window = term.window
    assert window is not None
    given = functional.conv2d(value, term.weight, None, window.stride, 0, window.dilation, window.groups)
    peak = given.amax((2, 3)).numpy()
    values, sources = nothing_yet(len(value), len(term.weight), top)
    values[:, :, 0] = np.maximum(peak, 0)
    sources[:, :, 0] = np.where(peak > 0, np.arange(len(term.weight)) // (len(term.weight) // window.groups), -1)
    return values, sources


def _linear_folded(term: Term, value: Tensor, values: Floats, sources: Ints) -> None:
    """A linear layer on a flattened map: a channel adds up over all positions."""
    weight = term.weight.reshape(len(term.weight), -1, term.fold).permute(1, 0, 2).contiguous()
    inputs = value.reshape(len(value), -1, term.fold)
    for at in range(len(value)):
        keep_strongest(torch.bmm(weight, inputs[at, :, :, None]).squeeze(2).numpy(), 0, values[at], sources[at])


def _convolved(term: Term, value: Tensor, values: Floats, sources: Ints) -> None:
    """A convolution without the sum over channels, a few channels at a time, so that only the peak of each leaves the core."""
    window = term.window
    assert window is not None
    outputs, each = term.weight.shape[:2]
    per_group = outputs // window.groups
    kernel = term.weight.reshape(window.groups, per_group, each, -1).permute(0, 2, 1, 3).contiguous()
    positions = int(np.prod(_space(value, term)))
    each_map = per_group * positions
    step = max(1, min(each, CACHED // each_map))
    together = max(1, CACHED // (each_map * step)) if step == each else 1

    def some(start: int) -> None:
        windows = _unfolded(value[start : start + together], term).permute(1, 2, 0, 3)
        count = windows.shape[2]
        windows = windows.reshape(windows.shape[0], windows.shape[1], -1)
        room = torch.empty(step * per_group * count * positions)
        for group in range(window.groups):
            into = slice(group * per_group, (group + 1) * per_group)
            for first in range(0, each, step):
                part = kernel[group, first : first + step]
                out_of = windows[group * each + first : group * each + first + len(part)]
                out = room[: len(part) * per_group * count * positions].view(len(part), per_group, count * positions)
                peak = torch.bmm(part, out_of, out=out).view(len(part), per_group, count, positions).amax(3)
                for at, one in enumerate(peak.permute(2, 0, 1).contiguous().numpy(), start):
                    keep_strongest(one, group * each + first, values[at, into], sources[at, into])

    _on_all_cores(some, range(0, len(value), together))


def _on_all_cores(work: Callable[[int], None], items: Sequence[int]) -> None:
    """Each item on one core: with products this small, threads that share one of them would mostly wait for each other."""
    threads = torch.get_num_threads()

    def alone(item: int) -> None:
        with torch.no_grad():
            work(item)

    try:
        torch.set_num_threads(1)
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(alone, item) for item in items]:
                done.result()
    finally:
        torch.set_num_threads(threads)


def _unfolded(value: Tensor, term: Term) -> Tensor:
    """What each position of the output looks at: (instances, channels, taps, positions)."""
    window = term.window
    assert window is not None
    value = value.contiguous()
    instance, channel, row, column = value.stride()
    taps, space = tuple(term.weight.shape[2:]), _space(value, term)
    steps = (row * window.dilation[0], column * window.dilation[1], row * window.stride[0], column * window.stride[1])
    seen = value.as_strided((*value.shape[:2], *taps, *space), (instance, channel, *steps))
    return seen.reshape(*value.shape[:2], taps[0] * taps[1], space[0] * space[1])


def _space(value: Tensor, term: Term) -> tuple[int, int]:
    """Height and width of what a convolution gives, from its input with margin."""
    window: Window | None = term.window
    assert window is not None
    sizes = zip(value.shape[2:], term.weight.shape[2:], window.dilation, window.stride, strict=True)
    height, width = ((size - dilation * (taps - 1) - 1) // stride + 1 for size, taps, dilation, stride in sizes)
    return height, width
