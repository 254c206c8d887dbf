"""Which axis of a tensor in an ONNX graph holds the features, and which the batch?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from underglass.architecture.graph import Shape

Axes = tuple[int, int | None]
"""Batch axis and feature axis; None for a tensor without features, such as token numbers."""

SECOND = (
    *("Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "FusedConv", "BatchNormalization", "InstanceNormalization", "LRN"),
    *("GroupNormalization", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"),
    *("DepthToSpace", "SpaceToDepth", "Upsample", "MaxUnpool", "RoiAlign", "MaxRoiPool"),
)
LAST = (
    *("Gemm", "MatMul", "MatMulInteger", "QLinearMatMul", "FusedMatMul", "FusedGemm", "LayerNormalization", "RMSNormalization"),
    *("SkipLayerNormalization", "EmbedLayerNormalization", "Attention", "MultiHeadAttention", "GroupQueryAttention"),
)
RECURRENT = ("LSTM", "GRU", "RNN")
FEW = (1, 3, 4)


def axes_of_input(shape: Shape, *, whole_numbers: bool) -> Axes:
    """Channels stand second in pictures unless the last axis alone is as short as colours are, and last in sequences."""
    n = len(shape)
    if n <= 1 or (whole_numbers and n == 2):
        return 0, None
    if n >= 4:
        return 0, (n - 1 if shape[-1] in FEW and shape[1] not in FEW else 1)
    return 0, n - 1


def axes_of_output(
    kind: str, shape: Shape, came: Sequence[tuple[Shape, Axes]], attributes: Mapping[str, Any], *, table: bool
) -> Axes:
    """Axes of the first tensor that an operation gives.

    Parameters
    ----------
    kind : type of the operation.
    shape : of what it gives.
    came : shape and axes of each tensor that it takes and that is no constant.
    attributes : of the operation.
    table : whether it looks numbers up in a table of weights.
    """
    n = len(shape)
    if n <= 1:
        return 0, None
    if kind in RECURRENT and n >= 3:
        layout = attributes.get("layout", 0)
        return (0 if layout else n - 2), n - 1
    if kind in SECOND:
        return 0, 1
    if kind in LAST or (kind == "Gather" and table):
        return (came[0][1][0] if came and came[0][1][0] < n else 0), n - 1
    if not came:
        return axes_of_input(shape, whole_numbers=False)
    old, (batch, features) = max(came, key=lambda one: len(one[0]))
    if kind == "Transpose" and features is not None:
        order = list(attributes.get("perm", range(len(old) - 1, -1, -1)))
        return (order.index(batch), order.index(features)) if sorted(order) == list(range(len(old))) else (0, n - 1)
    if features is not None and len(old) == n:
        return batch, features
    if features is not None and features < n and shape[: features + 1] == old[: features + 1]:
        return batch, features
    if features is not None and old[features] == shape[-1]:
        return min(batch, n - 2), n - 1
    return (0, 1) if n == 2 or n >= 4 else (min(batch, n - 2), n - 1)
