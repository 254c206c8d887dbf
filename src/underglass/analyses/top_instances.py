"""Which instances excite each unit most, and which least?"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from underglass.errors import DataError

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class TopInstances:
    """The extreme instances of every unit; equal activations stand in the order of their rows.

    Attributes
    ----------
    rows : (units, k) int32
        The strongest first.
    values : (units, k) float32
        Their activations, descending.
    lowest_rows, lowest_values : (units, k)
        The weakest first, ascending.
    """

    rows: Array
    values: Array
    lowest_rows: Array
    lowest_values: Array


def top(activations: Array | Iterable[tuple[slice, Array]], k: int = 20) -> TopInstances:
    """Find the ``k`` strongest and the ``k`` weakest instances of every unit, exactly and in one pass.

    Parameters
    ----------
    activations : (instances, units), or an iterable of (slice of rows, (rows, units))
        Blocks in ascending order of rows, such as ``Activations.blocks()`` yields; each is read once. Compared as float32.
    k : int
        At least 1; as many as there are instances come back if that is fewer.

    Raises
    ------
    DataError
        If a block is not as wide as the first or not in order, an activation is NaN, or there is none at all.

    Examples
    --------
    >>> found = top(np.array([[1.0, 5.0], [3.0, 5.0], [2.0, 0.0]]), k=2)
    >>> found.rows.tolist(), found.lowest_rows.tolist()
    ([[1, 2], [0, 1]], [[0, 2], [2, 0]])
    """
    from underglass.analyses.top_kernel import scan

    if k < 1:
        raise DataError(f"k must be at least 1; got {k}.")
    blocks = [(slice(0, len(activations)), activations)] if isinstance(activations, np.ndarray) else activations
    values: Array = np.empty((0, 0, 0), np.float32)
    rows: Array = np.empty((0, 0, 0), np.int32)
    seen = 0
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        for place, given in blocks:
            block = np.ascontiguousarray(given, np.float32)
            if block.ndim != 2:
                raise DataError(f"activations must be (instances, units); got shape {block.shape}.")
            if place.start != seen:
                raise DataError(f"blocks must follow each other: row {seen} comes next, got {place.start}.")
            units = block.shape[1]
            if seen == 0:
                values = np.full((2, units, k), np.nan, np.float32)
                rows = np.full((2, units, k), -1, np.int32)
            elif units != values.shape[1]:
                raise DataError(f"a block has {units} units, the first had {values.shape[1]}.")
            edges = np.linspace(0, units, threads + 1).astype(int)
            parts = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
            sound = pool.map(lambda part: scan(block, seen, *part, values, rows), list(parts))  # noqa: B023
            if not all(sound):
                row, unit = np.argwhere(np.isnan(block))[0]
                raise DataError(f"activations hold NaN, first in row {seen + row}, unit {unit}.")
            seen += len(block)
    if seen == 0:
        raise DataError("there are no activations to look through.")
    kept = min(k, seen)
    return TopInstances(rows[0, :, :kept], values[0, :, :kept], rows[1, :, :kept], values[1, :, :kept])
