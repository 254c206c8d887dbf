"""How are extremes kept while activations stream by?"""

from __future__ import annotations

import numba
import numpy as np

CHUNK = 64


@numba.njit(cache=True, nogil=True)
def outside(values, low, high):  # type: ignore[no-untyped-def]
    """How many values are beyond their limits; a NaN is, and anything is where a limit is still NaN."""
    count = 0
    for unit in range(values.shape[0]):
        count += not ((values[unit] <= high[unit]) & (values[unit] >= low[unit]))
    return count


@numba.njit(cache=True, nogil=True)
def scan(block, first_row, first_unit, last_unit, values, rows):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Put the extremes of some units of a block into ``values`` and ``rows`` (2, units, k); False if one is NaN.

    ``values[0]`` descends, ``values[1]`` ascends. Rows come in order, so that a later equal never displaces an earlier one.
    """
    k = values.shape[2]
    high = values[0, :, k - 1].copy()
    low = values[1, :, k - 1].copy()
    for local in range(block.shape[0]):
        for start in range(first_unit, last_unit, CHUNK):
            end = min(start + CHUNK, last_unit)
            if outside(block[local, start:end], low[start:end], high[start:end]) == 0:
                continue
            for unit in range(start, end):
                value = block[local, unit]
                if np.isnan(value):
                    return False
                if value > high[unit] or rows[0, unit, k - 1] < 0:
                    place = k - 1
                    while place > 0 and (rows[0, unit, place - 1] < 0 or values[0, unit, place - 1] < value):
                        values[0, unit, place] = values[0, unit, place - 1]
                        rows[0, unit, place] = rows[0, unit, place - 1]
                        place -= 1
                    values[0, unit, place] = value
                    rows[0, unit, place] = first_row + local
                    high[unit] = values[0, unit, k - 1]
                if value < low[unit] or rows[1, unit, k - 1] < 0:
                    place = k - 1
                    while place > 0 and (rows[1, unit, place - 1] < 0 or values[1, unit, place - 1] > value):
                        values[1, unit, place] = values[1, unit, place - 1]
                        rows[1, unit, place] = rows[1, unit, place - 1]
                        place -= 1
                    values[1, unit, place] = value
                    rows[1, unit, place] = first_row + local
                    low[unit] = values[1, unit, k - 1]
    return True
