"""How many products does a Keras layer sum?"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras

from underglass.models.einsum_counts import einsum_products
from underglass.models.onnx_counts import number, size

Sizes = tuple[Any, ...]


def multiply_adds(operation: Any, taken: Sequence[Sizes], given: Sizes) -> int:
    """Products of one call; a size that may vary counts as 1. 0 for what multiplies no weights or matrices.

    Parameters
    ----------
    operation : keras.Operation
        Built.
    taken : shape of each tensor it takes, in order.
    given : shape of the first tensor it gives.
    """
    kind = type(operation).__name__
    source = taken[0] if taken else ()
    if isinstance(operation, keras.layers.TimeDistributed):
        return number(source[1]) * multiply_adds(operation.layer, [(source[0], *source[2:])], (given[0], *given[2:]))
    if isinstance(operation, keras.layers.Bidirectional):
        return sum(_recurrent(one, source, given) for one in (operation.forward_layer, operation.backward_layer))
    if isinstance(operation, keras.layers.RNN):
        return _recurrent(operation, source, given)
    if isinstance(operation, keras.layers.MultiHeadAttention):
        return _attention(operation, taken)
    if kind in ("Attention", "AdditiveAttention", "Dot", "Matmul", "Einsum", "Dense", "EinsumDense"):
        return _products(operation, kind, taken, given)
    if hasattr(operation, "depthwise_kernel") and hasattr(operation, "pointwise_kernel"):
        positions = size(given[:1]) * _positions(operation, given)
        return positions * (size(operation.depthwise_kernel.shape) + size(operation.pointwise_kernel.shape))
    kernel = getattr(operation, "kernel", None)
    if kernel is not None and hasattr(operation, "kernel_size"):
        counted = source if "Transpose" in kind else given
        return size(counted[:1]) * _positions(operation, counted) * size(kernel.shape)
    return 0


def _products(operation: Any, kind: str, taken: Sequence[Sizes], given: Sizes) -> int:
    if kind == "Dense":
        return size(given[:-1]) * size(operation.kernel.shape)
    if kind == "EinsumDense":
        return einsum_products(operation.equation, [taken[0], operation.kernel.shape], number)
    if kind == "Einsum":
        return einsum_products(operation.subscripts, taken, number)
    if kind in ("Attention", "AdditiveAttention"):
        query, value = taken[0], taken[1]
        pairs = number(query[0]) * number(query[-2]) * number(value[-2])
        return pairs * (number(value[-1]) + (number(query[-1]) if kind == "Attention" else 0))
    if kind == "Dot":
        axes = operation.axes if isinstance(operation.axes, int) else operation.axes[0]
        return size(given) * number(taken[0][axes])
    return size(given) * number(taken[0][-1]) if len(taken) == 2 and taken[0] else 0


def _positions(operation: Any, shape: Sizes) -> int:
    space = shape[2:] if getattr(operation, "data_format", "") == "channels_first" else shape[1:-1]
    return size(space)


def _recurrent(layer: Any, source: Sizes, given: Sizes) -> int:
    """Of all steps, cells and gates; convolutions over all positions of a recurrent convolution."""
    cells = getattr(layer.cell, "cells", None) or [layer.cell]
    steps = number(source[0]) * number(source[1])
    one = 0
    for cell in cells:
        weights = [getattr(cell, name, None) for name in ("kernel", "recurrent_kernel")]
        one += sum(size(weight.shape) for weight in weights if weight is not None)
    spatial = given[-len(source) + 2 : -1] if len(source) > 3 else ()
    return steps * one * size(spatial)


def _attention(operation: Any, taken: Sequence[Sizes]) -> int:
    """Three projections, scores, their sums over values, and the projection of the heads."""
    query, value = taken[0], taken[1] if len(taken) > 1 else taken[0]
    key = taken[2] if len(taken) > 2 else value
    batch = number(query[0])
    ahead, behind = (prod(number(one) for one in shape[1:-1]) for shape in (query, value))
    weights = {name: size(getattr(operation, f"_{name}_dense").kernel.shape) for name in ("query", "key", "value", "output")}
    key_dim = operation._key_dim
    value_dim = operation._value_dim or key_dim
    along = (
        ahead * (weights["query"] + weights["output"])
        + prod(number(n) for n in key[1:-1]) * weights["key"]
        + behind * weights["value"]
    )
    total: int = batch * (along + operation._num_heads * ahead * behind * (key_dim + value_dim))
    return total
