"""Which of many contributions to a unit are the strongest? (compiled)

A contribution that is not positive anywhere supports nothing and is never among the strongest. Among equals the lower source
wins.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


def nothing_yet(count: int, units: int, top: int) -> tuple[Floats, Ints]:
    """Room for the strongest of each instance and unit: values (count, units, top) of 0, sources of −1."""
    return np.zeros((count, units, top), np.float32), np.full((count, units, top), -1, np.int32)


@numba.njit(cache=True, nogil=True)
def keep_strongest(peak, first, values, sources):  # type: ignore[no-untyped-def]
    """Put contributions (sources, units) among the strongest of each unit, (units, top), in falling order."""
    top = values.shape[1]
    for i in range(peak.shape[0]):
        for j in range(peak.shape[1]):
            here = peak[i, j]
            if here > values[j, top - 1]:
                at = top - 1
                while at > 0 and values[j, at - 1] < here:
                    values[j, at] = values[j, at - 1]
                    sources[j, at] = sources[j, at - 1]
                    at -= 1
                values[j, at] = here
                sources[j, at] = first + i


@numba.njit(cache=True, nogil=True)
def keep_strongest_products(weight, high, low, groups, values, sources):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """The strongest of ``max over positions of weight · input``, from each channel's largest and least input alone.

    A product with one weight is largest where the input is largest, or least if the weight is negative: no map is needed.
    """
    units, each = weight.shape
    top = values.shape[2]
    product = np.empty(each, np.float32)
    for n in range(high.shape[0]):
        for j in range(units):
            first = (j // (units // groups)) * each
            most, least = high[n, first : first + each], low[n, first : first + each]
            row = weight[j]
            for i in range(each):
                product[i] = row[i] * (most[i] if row[i] > 0 else least[i])
            for i in range(each):
                here = product[i]
                if here > values[n, j, top - 1]:
                    at = top - 1
                    while at > 0 and values[n, j, at - 1] < here:
                        values[n, j, at] = values[n, j, at - 1]
                        sources[n, j, at] = sources[n, j, at - 1]
                        at -= 1
                    values[n, j, at] = here
                    sources[n, j, at] = first + i
