"""Which layers does a torch module have, and where are the axes of what each gives?

Found by running: the same instance once alone and once twice in a batch. The axis that has doubled is the batch axis,
wherever a module keeps it, and what does not grow is no property of an instance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from underglass.errors import ModelError
from underglass.models.layer_axes import FEWEST_UNITS, Axes, batch_axis, spread
from underglass.models.model import Layer
from underglass.models.torch_hooks import watching

CHANNELS_FIRST = ("Conv", "BatchNorm", "InstanceNorm", "GroupNorm", "MaxPool", "AvgPool", "Upsample", "PixelShuffle", "Dropout2d")
CHANNELS_LAST = ("Linear", "LayerNorm", "RMSNorm", "Embedding", "Attention", "LSTM", "GRU", "RNN", "Transformer")
WEIGHTED = ("Conv", "Linear", "LSTM", "GRU", "RNN", "Attention")


@dataclass(frozen=True)
class Place:
    """One layer, and where to find its value during a pass: in which call of which module, and where in its output."""

    layer: Layer
    module: str
    call: int
    path: str
    axes: Axes


@dataclass(frozen=True)
class Listing:
    """The layers of a module in order of execution, and what was left out.

    Parameters
    ----------
    places : layer name → place.
    left_out : pairs of name and reason.
    """

    places: dict[str, Place]
    left_out: tuple[tuple[str, str], ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers alone."""
        return tuple(place.layer for place in self.places.values())


@dataclass(frozen=True)
class _Value:
    """The shape of one tensor seen in a pass."""

    module: str
    call: int
    path: str
    shape: tuple[int, ...]


def list_layers(net: Any, run: Callable[[int], Any]) -> Listing:
    """Run once with one instance and once with two, and put the two sightings together.

    Parameters
    ----------
    net : torch.nn.Module
        In evaluation mode, without gradients.
    run : callable
        Runs ``net`` on a batch that holds the same instance the given number of times.

    Raises
    ------
    ModelError
        Not one layer was seen, as in a TorchScript module.
    """
    modules = dict(net.named_modules())
    watched = [name for name in modules if name] or [""]
    alone, twice = (_sight(net, watched, run, count) for count in (1, 2))
    doubled = {(value.module, value.call, value.path): value.shape for value in twice}
    calls = Counter((value.module, value.path) for value in alone)
    places: dict[str, Place] = {}
    left_out: list[tuple[str, str]] = []
    axis_of_shape: dict[tuple[int, ...], int] = {}
    for value in alone:
        name = _name(value, calls[value.module, value.path] > 1, modules)
        batch = batch_axis(value.shape, doubled.get((value.module, value.call, value.path)))
        if isinstance(batch, str):
            left_out.append((name, batch))
            continue
        kind = type(modules[value.module]).__name__
        axes = _axes(kind, value.shape, batch, axis_of_shape)
        instance = tuple(size for axis, size in enumerate(value.shape) if axis != batch)
        if axes.fold > 1:
            instance = (axes.fold, *instance)
        layer = Layer(name, kind, value.shape[axes.channels], instance, suggested=False)
        places[name] = Place(layer, value.module, value.call, value.path, axes)
    if not places:
        raise ModelError(
            f"{type(net).__name__} lets no layer be seen; a TorchScript or exported module hides them: give the nn.Module itself."
        )
    return Listing(_suggest(places, modules), tuple(left_out))


def _sight(net: Any, names: Sequence[str], run: Callable[[int], Any], count: int) -> list[_Value]:
    values: list[_Value] = []

    def seen(module: str, call: int, path: str, tensor: Any) -> None:
        values.append(_Value(module, call, path, tuple(tensor.shape)))

    with watching(net, names, seen):
        run(count)
    return values


def _name(value: _Value, repeated: bool, modules: dict[str, Any]) -> str:
    name = value.module or "output"
    if repeated:
        name = f"{name}:{value.call}"
    if value.path:
        dotted = f"{name}.{value.path}"
        name = dotted if dotted not in modules else f"{name}[{value.path}]"
    return name


def _axes(kind: str, shape: tuple[int, ...], batch: int, axis_of_shape: dict[tuple[int, ...], int]) -> Axes:
    """Channels stand first in what convolutions give and last in what linear layers give; others pass on what they got."""
    rest = [axis for axis in range(len(shape)) if axis != batch]
    instance = tuple(shape[axis] for axis in rest)
    if any(word in kind for word in CHANNELS_LAST):
        position = len(rest) - 1
    elif any(word in kind for word in CHANNELS_FIRST):
        position = 0
    elif instance in axis_of_shape:
        position = axis_of_shape[instance]
    else:
        position = 0 if len(rest) >= 3 else len(rest) - 1
    axis_of_shape[instance] = position
    return Axes(batch=batch, channels=rest[position], fold=shape[batch], ndim=len(shape))


def _suggest(places: dict[str, Place], modules: dict[str, Any]) -> dict[str, Place]:
    """Mark the outputs of blocks that recur and of weighted layers outside them, at most a dozen, never the logits."""
    blocks = _blocks(modules)
    last = max((i for i, name in enumerate(places) if _weighted(modules[places[name].module])), default=-1)
    good = [
        name
        for i, (name, place) in enumerate(places.items())
        if i < last
        and place.layer.units >= FEWEST_UNITS
        and place.path in ("", "0")
        and (place.module in blocks or (_weighted(modules[place.module]) and not _inside(place.module, blocks)))
    ]
    chosen = spread(good)
    return {
        name: Place(_suggested(place.layer, name in chosen), place.module, place.call, place.path, place.axes)
        for name, place in places.items()
    }


def _suggested(layer: Layer, suggested: bool) -> Layer:
    return Layer(layer.name, layer.type, layer.units, layer.shape, suggested)


def _blocks(modules: dict[str, Any]) -> set[str]:
    """Names of modules with children whose class recurs at least three times, plain containers aside; outermost only."""
    plain = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    kinds = {
        name: type(module) for name, module in modules.items() if name and not isinstance(module, plain) and _has_children(module)
    }
    often = Counter(kinds.values())
    names = {name for name, kind in kinds.items() if often[kind] >= 3}
    return {name for name in names if not _inside(name, names)}


def _has_children(module: Any) -> bool:
    return next(module.children(), None) is not None


def _weighted(module: Any) -> bool:
    """A layer that computes with weights of its own and has no parts."""
    kind = type(module).__name__
    return any(word in kind for word in WEIGHTED) and next(module.parameters(recurse=False), None) is not None


def _inside(name: str, blocks: set[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:i]) in blocks for i in range(1, len(parts)))
