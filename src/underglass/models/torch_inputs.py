"""How do raw instances become the input of a torch module?"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch

from underglass.errors import ModelError


@dataclass(frozen=True)
class Prepared:
    """A batch that a module can be called with.

    Parameters
    ----------
    inputs : a tensor, or a tuple or mapping of tensors, on the module's device.
    count : number of instances in it.
    """

    inputs: Any
    count: int


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
    batch = _call(collate, single, "collate") if collate is not None else _stack(single)
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
        return _tensor(_call(preprocess, raw, "preprocess"))
    if isinstance(raw, np.ndarray) and raw.dtype == np.uint8 and raw.ndim in (2, 3):
        raise ModelError(
            "instances are images of bytes, 0 to 255, and no preprocess was given, so how the model wants them is unknown. "
            "Give preprocess=…; underglass.models.to_tensor makes (channels, height, width) floats from 0 to 1."
        )
    if isinstance(raw, str):
        raise ModelError("instances are texts and no preprocess was given; give preprocess=…, a function from a text to tensors.")
    if isinstance(raw, Mapping) and all(isinstance(value, int | float | bool) or value is None for value in raw.values()):
        missing = next((name for name, value in raw.items() if value is None), None)
        if missing is not None:
            raise ModelError(f"feature {missing!r} is missing in a row, and no preprocess was given that says what to put there.")
        return torch.tensor([float(value) for value in raw.values()])
    return _tensor(raw)


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
    shapes = {tuple(one.shape): i for i, one in reversed(list(enumerate(single)))}
    if len(shapes) > 1:
        (a, i), (b, j) = sorted(shapes.items(), key=lambda item: item[1])[:2]
        raise ModelError(
            f"preprocess gives shape {a} for instance {i} of the batch and {b} for instance {j}; "
            "they must be equal to be stacked: resize or pad in preprocess, or pass collate=…."
        )
    return torch.stack(single)


def _place(batch: Any, device: Any, kind: Any) -> Any:
    if isinstance(batch, torch.Tensor):
        return batch.to(device, kind) if batch.is_floating_point() else batch.to(device)
    if isinstance(batch, Mapping):
        return {key: _place(part, device, kind) for key, part in batch.items()}
    if isinstance(batch, list | tuple):
        return tuple(_place(part, device, kind) for part in batch)
    return batch


def _call(function: Callable[[Any], Any], argument: Any, role: str) -> Any:
    try:
        return function(argument)
    except Exception as error:  # a person's own function may raise anything; it is named with its place
        raise ModelError(f"{role} failed on {describe(argument)}: {said(error)}") from error


def said(error: BaseException) -> str:
    """Another's error in one line, with the file and line it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if len(frames) > 1 else ""
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"{type(error).__name__}: {first}{place}" if first else f"{type(error).__name__}{place}"


def describe(value: Any) -> str:
    """What something is, in a few words: shape and type of arrays, length of texts.

    Examples
    --------
    >>> describe(np.zeros((28, 28), np.uint8))
    '(28, 28) uint8'
    """
    if isinstance(value, Prepared):
        return describe(value.inputs)
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {describe(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(describe(part) for part in value[:4]) + (", …)" if len(value) > 4 else ")")
    return type(value).__name__


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
