"""How are the numbers of one weight spread?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
BINS = 24


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
    if flat.dtype.kind == "b":
        flat = flat.astype(np.uint8)
    elif flat.dtype == np.float16:
        flat = flat.astype(np.float32)  # which holds the sums of bins' edges
    finite = flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
    if not finite.size:
        return WeightSummary(flat.size, 0, 0)
    low, high = float(finite.min()), float(finite.max())
    counts = (finite.size,) if low == high else tuple(int(n) for n in np.histogram(finite, bins, (low, high))[0])
    return WeightSummary(
        flat.size,
        finite.size,
        int(np.count_nonzero(finite == 0)),
        float(finite.mean(dtype=np.float64)),
        float(finite.std(dtype=np.float64)),
        low,
        high,
        counts,
    )
