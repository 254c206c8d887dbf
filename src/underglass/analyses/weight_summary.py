"""How are the numbers of one weight spread?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
BINS = 24
BLOCK = 1 << 20
"""Numbers that are looked at together."""


@dataclass(frozen=True)
class WeightSummary:
    """Spread of a weight's finite numbers.

    Parameters
    ----------
    count : of all numbers.
    finite : how many of them are; all else rests on these alone.
    zeros : how many are exactly 0.
    mean, deviation, low, high : None without a finite number; the deviation is that of the numbers themselves, not of a sample.
    bins : counts between low and high in steps of equal width, lowest first; one bin where all are equal.
    """

    count: int
    finite: int
    zeros: int
    mean: float | None = None
    deviation: float | None = None
    low: float | None = None
    high: float | None = None
    bins: tuple[int, ...] = ()


def summarise_weight(values: Array, *, bins: int = BINS) -> WeightSummary:
    """Summarise a weight.

    Parameters
    ----------
    values : any shape, any real type; sums are taken in float64.
    bins : how many there are, at least 1.

    Raises
    ------
    ValueError
        If there is less than one bin, or the numbers are complex.

    Examples
    --------
    >>> summarise_weight(np.array([[0.0, 1.0], [2.0, 3.0]]), bins=2)
    WeightSummary(count=4, finite=4, zeros=1, mean=1.5, deviation=1.118033988749895, low=0.0, high=3.0, bins=(2, 2))
    """
    if bins < 1:
        raise ValueError(f"at least 1 bin is needed; got {bins}")
    if np.iscomplexobj(values):
        raise ValueError("complex numbers have no spread along one axis")
    flat = np.asarray(values).reshape(-1)
    spans = [(float(one.min()), float(one.max())) for one in _finite(flat) if one.size]
    if not spans:
        return WeightSummary(flat.size, 0, 0)
    low, high = min(one for one, _ in spans), max(one for _, one in spans)
    finite = sum(one.size for one in _finite(flat))
    mean = sum(float(one.sum(dtype=np.float64)) for one in _finite(flat)) / finite
    counts = np.zeros(1 if low == high else bins, np.int64)
    zeros, squares = 0, 0.0
    for one in _finite(flat):
        zeros += int(np.count_nonzero(one == 0))
        squares += float(np.square(one - np.float64(mean)).sum())
        counts += one.size if low == high else np.histogram(one, bins, (low, high))[0]
    deviation = float(np.sqrt(squares / finite))
    return WeightSummary(flat.size, finite, zeros, mean, deviation, low, high, tuple(counts.tolist()))


def _finite(flat: Array) -> Iterator[Array]:
    """The finite numbers, block by block, in a type that holds their sums: a large weight is not held twice."""
    for start in range(0, flat.size, BLOCK):
        block = flat[start : start + BLOCK]
        if block.dtype.kind == "b":
            block = block.astype(np.uint8)
        elif block.dtype == np.float16:
            block = block.astype(np.float32)
        yield block[np.isfinite(block)] if block.dtype.kind == "f" else block
