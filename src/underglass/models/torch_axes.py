"""Which axis of a tensor holds the features, and which the positions?"""

from __future__ import annotations

from typing import Any

Axes = tuple[int, int | None]
"""Batch axis and feature axis; None for a tensor without features, such as token numbers."""

FIRST = ("Conv", "BatchNorm", "InstanceNorm", "GroupNorm", "MaxPool", "AvgPool", "Upsample", "PixelShuffle", "conv", "_pool")
LAST = ("Linear", "Bilinear", "LayerNorm", "RMSNorm", "Embedding", "linear", "layer_norm", "embedding", "attention")
SEQUENCE = ("LSTM", "GRU", "RNN", "Attention", "Transformer")
MOVED = ("transpose", "swapaxes", "permute", "movedim", "mT", "T")


def axes_of_input(shape: tuple[int, ...], *, whole_numbers: bool) -> Axes:
    """Channels stand second in pictures and last in sequences; whole numbers without channels are tokens."""
    if whole_numbers and len(shape) <= 2:
        return 0, None
    if len(shape) <= 1:
        return 0, None
    return 0, 1 if len(shape) == 2 or len(shape) >= 4 else 2


def axes_of_output(kind: str, shape: tuple[int, ...], came: tuple[tuple[int, ...], Axes] | None, call: dict[str, Any]) -> Axes:
    """Axes of what an operation gives.

    Parameters
    ----------
    kind : type of the layer or name of the function.
    shape : of the tensor.
    came : shape and axes of the first operand, None if there is none.
    call : ``batch_first`` of recurrent and attention layers, ``arguments`` of a function that moves axes.
    """
    n = len(shape)
    batch = came[1][0] if came is not None and came[1][0] < n else 0
    if n <= 1:
        return 0, None
    if n == 2:
        return 0, 1
    if any(word in kind for word in SEQUENCE):
        return (0 if call.get("batch_first") else 1), n - 1
    if any(word in kind for word in FIRST):
        return 0, 1
    if any(word in kind for word in LAST):
        return batch, n - 1
    if came is None:
        return axes_of_input(shape, whole_numbers=False)
    old, (old_batch, old_features) = came
    if kind in MOVED and len(old) == n:
        order = _moved(kind, n, call.get("arguments", ()))
        if order is not None and old_features is not None:
            return order.index(old_batch), order.index(old_features)
    if old_features is not None and len(old) == n:
        return old_batch, old_features
    if old_features is not None and kind in ("flatten", "unflatten", "view", "reshape") and old_features < n:
        same = shape[: old_features + 1] == old[: old_features + 1]
        if same:
            return old_batch, old_features
    if old_features is not None and old[old_features] == shape[-1]:
        return batch, n - 1
    return (0, 1) if n >= 4 else (batch, n - 1)


def _moved(kind: str, n: int, arguments: tuple[Any, ...]) -> list[int] | None:
    """Which old axis stands at each new place; None if the arguments are not understood."""
    order = list(range(n))
    if kind in ("T", "mT"):
        return [*order[:-2], n - 1, n - 2] if kind == "mT" else order[::-1]
    plain = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], tuple | list) else arguments
    if not all(isinstance(one, int) for one in plain):
        return None
    axes = [int(one) % n for one in plain]
    if kind == "permute" and sorted(axes) == order:
        return axes
    if kind in ("transpose", "swapaxes") and len(axes) == 2:
        order[axes[0]], order[axes[1]] = axes[1], axes[0]
        return order
    if kind == "movedim" and len(axes) == 2:
        order.insert(axes[1], order.pop(axes[0]))
        return order
    return None
