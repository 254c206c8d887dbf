"""How do raw instances become the input of a torch module?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch

from underglass.errors import ModelError
from underglass.models.inputs import Prepared, called, one_shape, refuse_raw, row_of_features

PLAINEST = "underglass.models.to_tensor makes (channels, height, width) floats from 0 to 1"


def prepare(
    raw: Sequence[Any], preprocess: Callable[[Any], Any] | None, collate: Callable[[list[Any]], Any] | None, net: Any
) -> Prepared:
    """Preprocess instance by instance, collate, and put on the module's device; the module itself never moves.

    Floats take the type of the module's parameters (float32 for float64 input of a float32 module, and so on).

    Raises
    ------
    ModelError
        ``preprocess`` fails, gives nothing usable, or gives shapes that cannot be stacked.
    """
    single = [_preprocess(one, preprocess) for one in raw]
    batch = called(collate, single, "collate") if collate is not None else _stack(single)
    device, kind = home(net)
    return Prepared(_place(batch, device, kind), len(raw))


def home(net: Any) -> tuple[Any, Any]:
    """Device and float type of a module, taken from its first floating parameter or buffer; CPU and float32 without."""
    for tensor in chain(net.parameters(), net.buffers()):
        if tensor.is_floating_point():
            return tensor.device, tensor.dtype
    return torch.device("cpu"), torch.float32


def _preprocess(raw: Any, preprocess: Callable[[Any], Any] | None) -> Any:
    if preprocess is not None:
        return _tensor(called(preprocess, raw, "preprocess"))
    refuse_raw(raw, PLAINEST)
    row = row_of_features(raw)
    return _tensor(raw) if row is None else torch.from_numpy(row)


def _tensor(value: Any) -> Any:
    """Arrays, numbers and PIL images as tensors; containers stay what they are."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, Mapping):
        return {key: _tensor(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_tensor(part) for part in value)
    try:
        return torch.as_tensor(np.require(value, requirements=["W"]))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"preprocess gives {type(value).__name__}; it must give a tensor, an array, or a tuple or dict of them."
        ) from error


def _stack(single: list[Any]) -> Any:
    first = single[0]
    if isinstance(first, Mapping):
        return {key: _stack([one[key] for one in single]) for key in first}
    if isinstance(first, tuple):
        return tuple(_stack([one[i] for one in single]) for i in range(len(first)))
    one_shape([tuple(one.shape) for one in single])
    return torch.stack(single)


def _place(batch: Any, device: Any, kind: Any) -> Any:
    if isinstance(batch, torch.Tensor):
        return batch.to(device, kind) if batch.is_floating_point() else batch.to(device)
    if isinstance(batch, Mapping):
        return {key: _place(part, device, kind) for key, part in batch.items()}
    if isinstance(batch, list | tuple):
        return tuple(_place(part, device, kind) for part in batch)
    return batch


def flat(inputs: Any) -> list[Any]:
    """All tensors of an input, mappings by sorted key."""
    if isinstance(inputs, torch.Tensor):
        return [inputs]
    if isinstance(inputs, Mapping):
        return [tensor for key in sorted(inputs, key=str) for tensor in flat(inputs[key])]
    if isinstance(inputs, list | tuple):
        return [tensor for part in inputs for tensor in flat(part)]
    return []


def laid_out(inputs: Any) -> Any:
    """The same values, with images' channels last in memory: convolutions of a CPU then need no reordering in between."""
    if isinstance(inputs, torch.Tensor):
        return inputs.contiguous(memory_format=torch.channels_last) if inputs.ndim == 4 else inputs
    if isinstance(inputs, Mapping):
        return {key: laid_out(part) for key, part in inputs.items()}
    return tuple(laid_out(part) for part in inputs)
