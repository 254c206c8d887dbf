"""Which operations does a Keras model consist of, and how is what they compute seen on the way, on any backend?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from threading import get_ident
from typing import Any

import keras

from underglass.models.layers import Call
from underglass.models.nested import leaves

Seen = Callable[[Call, Any], None]
"""Called with where a tensor is given, and the tensor."""


def parts_of(operation: Any) -> list[Any]:
    """The operations a model or layer is made of, those that repeat over time aside: they are looked at as one."""
    if isinstance(operation, keras.layers.RNN | keras.layers.Bidirectional | keras.layers.TimeDistributed):
        return []
    if isinstance(operation, keras.Sequential):
        return list(operation.layers)
    if isinstance(operation, keras.Function):
        return [one for one in operation.operations if not isinstance(one, keras.layers.InputLayer)]
    return [one for one in getattr(operation, "_layers", ()) if isinstance(one, keras.layers.Layer)]


def name_operations(model: Any) -> dict[str, Any]:
    """Every operation inside a model by its dotted path, a shared one by its first, outer ones before inner ones.

    Examples
    --------
    >>> list(name_operations(model))
    ['stem', 'block', 'block.conv', 'head']
    """
    found: dict[str, Any] = {}
    seen = {id(model)}

    def walk(operation: Any, before: str) -> None:
        for part in parts_of(operation):
            if id(part) in seen:
                continue
            seen.add(id(part))
            name = free = f"{before}{part.name}"
            number = 1
            while free in found:
                free, number = f"{name}_{number}", number + 1
            found[free] = part
            walk(part, f"{free}.")

    walk(model, "")
    return found


@contextmanager
def watching(operations: Mapping[str, Any], seen: Seen) -> Iterator[None]:
    """Tell ``seen`` of every tensor the operations give, at the moment they give it; nothing of it is left after."""
    calls: Counter[str] = Counter()
    thread = get_ident()
    replaced = []

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            output = function(*args, **kwargs)
            if get_ident() == thread:  # another thread may run the same model
                number = calls[name]
                calls[name] += 1
                for path, tensor in tensors(output):
                    seen(Call(name, number, path), tensor)
            return output

        return call

    try:
        for name, operation in operations.items():
            method = "quantized_call" if getattr(operation, "quantization_mode", None) else "call"
            # past Keras' own __setattr__, which would track it
            operation.__dict__[method] = watched(name, getattr(operation, method))
            replaced.append((operation, method))
        yield
    finally:
        for operation, method in replaced:
            del operation.__dict__[method]


def tensors(output: Any) -> Iterator[tuple[str, Any]]:
    """The real-valued tensors inside an output, each with its path: ``""``, ``"0"``, ``"1.0"``, ``"key"``."""
    for path, one in leaves(output):
        if keras.ops.is_tensor(one) and "float" in keras.backend.standardize_dtype(one.dtype):
            yield path, one


def channels_of(operation: Any, ndim: int, default: str) -> int:
    """The axis whose entries are the units: what the layer itself says, else its model's own order."""
    order = getattr(operation, "data_format", None) or default
    return 1 if order == "channels_first" and ndim > 2 else ndim - 1


def order_of(model: Any) -> str:
    """Where a model's layers have their channels; Keras' own setting if none says it."""
    orders = [getattr(one, "data_format", None) for one in name_operations(model).values()]
    return str(next((one for one in orders if one), keras.config.image_data_format()))
