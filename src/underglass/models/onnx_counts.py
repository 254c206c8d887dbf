"""How many products does an ONNX operation sum?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from underglass.architecture.graph import Shape
from underglass.models.einsum_counts import einsum_products

CONVOLUTIONS = {"Conv": (0, 1), "FusedConv": (0, 1), "ConvInteger": (0, 1), "QLinearConv": (0, 3), "ConvTranspose": (0, 1)}
"""Where input and kernel stand among the inputs."""
PRODUCTS = {
    "Gemm": (0, 1),
    "FusedGemm": (0, 1),
    "MatMul": (0, 1),
    "FusedMatMul": (0, 1),
    "MatMulInteger": (0, 1),
    "QLinearMatMul": (0, 3),
}
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def multiply_adds(kind: str, taken: Sequence[Shape | None], given: Shape, attributes: Mapping[str, Any]) -> int:
    """Products of one call; a size that may vary counts as 1. 0 for what multiplies no weights or matrices.

    Parameters
    ----------
    kind : type of the operation.
    taken : shape of each input in order, None for one that is left out or unknown.
    given : shape of the first output.
    attributes : of the operation.
    """
    if kind in CONVOLUTIONS:
        source, kernel = (taken[i] if i < len(taken) else None for i in CONVOLUTIONS[kind])
        if source is None or kernel is None:
            return 0
        # a kernel is (out, in / groups, …), taken at each position of what is given; of a transposed one it is
        # (in, out / groups, …), and taken at each position of what comes in
        counted = source if kind == "ConvTranspose" else given
        return size(counted[:1]) * size(counted[2:]) * size(kernel)
    if kind in PRODUCTS:
        left, right = (taken[i] if i < len(taken) else None for i in PRODUCTS[kind])
        if left is None or right is None or not left or not right:
            return 0
        inner = left[0] if attributes.get("transA") and len(left) == 2 else left[-1]
        return size(given) * size((inner,))
    if kind in GATES and len(taken) > 2:
        source, kernel, recurrent = taken[:3]
        if source is None or kernel is None or recurrent is None:
            return 0
        return size(source[:2]) * (size(kernel) + size(recurrent))
    if kind == "Einsum":
        return einsum_products(attributes["equation"].decode(), [one or () for one in taken], number)
    if kind in ("Attention", "MultiHeadAttention"):
        return _attention(kind, taken, attributes)
    return 0


def number(one: int | str) -> int:
    """A size, 1 where it may vary."""
    return one if isinstance(one, int) else 1


def size(shape: Shape) -> int:
    """Count of entries, each size that may vary as 1."""
    return prod(number(one) for one in shape)


def _attention(kind: str, taken: Sequence[Shape | None], attributes: Mapping[str, Any]) -> int:
    """Scores and their sums over values; of the fused kind with one input also the projection."""
    if not taken or taken[0] is None:
        return 0
    if kind == "Attention" and len(taken) > 1 and taken[1] is not None and len(taken[1]) == 2 and len(taken[0]) == 3:
        batch, length, width = (number(one) for one in taken[0])
        projected = number(taken[1][1])
        return batch * length * width * projected + 2 * batch * length * length * (projected // 3)
    if len(taken) < 3 or taken[1] is None or taken[2] is None:
        return 0
    query, key, value = (tuple(number(one) for one in shape) for shape in (taken[0], taken[1], taken[2]))
    keys = key[-2]
    return prod(query[:-1]) * keys * query[-1] + prod(query[:-1]) * keys * value[-1]
