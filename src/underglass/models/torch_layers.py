"""Which layers does a torch module have, and where in what each gives are the units?

Only which axis holds the units rests on a rule: channels stand first in what convolutions give and last in what linear layers
give; others pass on what they got.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from underglass.models.layers import Call, Role, Sighting

CHANNELS_FIRST = ("Conv", "BatchNorm", "InstanceNorm", "GroupNorm", "MaxPool", "AvgPool", "Upsample", "PixelShuffle", "Dropout2d")
CHANNELS_LAST = ("Linear", "LayerNorm", "RMSNorm", "Embedding", "Attention", "LSTM", "GRU", "RNN", "Transformer")
WEIGHTED = ("Conv", "Linear", "LSTM", "GRU", "RNN", "Attention")


def sightings(net: Any, seen: Sequence[tuple[Call, tuple[int, ...]]]) -> list[Sighting[Call]]:
    """What was seen in a pass of a module, with names, types and roles.

    Parameters
    ----------
    net : torch.nn.Module
    seen : where each value was given, and its shape; in order of execution.
    """
    modules = dict(net.named_modules())
    calls = Counter((call.name, call.path) for call, _ in seen)
    blocks = _blocks(modules)
    found = []
    for call, shape in seen:
        kind = type(modules[call.name]).__name__
        name = _name(call, calls[call.name, call.path] > 1, modules)
        found.append(Sighting(call, name, kind, shape, _channels(kind), _role(call, modules, blocks)))
    return found


def _name(call: Call, repeated: bool, modules: Mapping[str, Any]) -> str:
    name = call.name or "output"
    if repeated:
        name = f"{name}:{call.number}"
    if call.path:
        dotted = f"{name}.{call.path}"
        name = dotted if dotted not in modules else f"{name}[{call.path}]"
    return name


def _channels(kind: str) -> int | None:
    if any(word in kind for word in CHANNELS_LAST):
        return -1
    return 0 if any(word in kind for word in CHANNELS_FIRST) else None


def _role(call: Call, modules: Mapping[str, Any], blocks: set[str]) -> Role:
    weighted, first = _weighted(modules[call.name]), call.path in ("", "0")
    if call.name in blocks and first:
        return "block"
    if weighted:
        return "weighted" if first and not _inside(call.name, blocks) else "inside"
    return "other"


def _blocks(modules: Mapping[str, Any]) -> set[str]:
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
