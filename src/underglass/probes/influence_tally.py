"""How often, over the instances of each subset, is a channel among the strongest sources of a unit, and how strong in all?"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

LARGEST_TABLE = 1_000_000
MOST_WAITING = 4_000_000


class Tally:
    """Counts and totals over (subset, unit, source).

    Held as a table where that is small, otherwise as sorted lists of what was ever counted: for a thousand classes nearly all
    of the table would be empty.

    Parameters
    ----------
    subsets, units, sources : int
        Sizes.
    """

    def __init__(self, subsets: int, units: int, sources: int) -> None:
        self.shape = (subsets, units, sources)
        self._small = subsets * units * sources <= LARGEST_TABLE
        size = self.shape if self._small else (0, 0, 0)
        self._count, self._total = np.zeros(size, np.int64), np.zeros(size)
        self._waiting: list[tuple[Ints, Ints, Floats]] = []

    def add(self, values: Floats, sources: Ints, pointers: Ints, subsets: Ints) -> None:
        """Count a batch.

        Parameters
        ----------
        values, sources : (instances, units, top)
            Strongest contributions; source −1 = none.
        pointers, subsets : the subsets of instance i are ``subsets[pointers[i] : pointers[i + 1]]``.
        """
        if self._small:
            _add(values, sources, pointers, subsets, self._count, self._total)
            return
        size = int((pointers[-1] - pointers[0]) * values.shape[1] * values.shape[2])
        key, weight = np.empty(size, np.int64), np.empty(size)
        used = _keys(values, sources, pointers, subsets, self.shape[1], self.shape[2], key, weight)
        self._waiting.append(_summed(key[:used], np.ones(used, np.int64), weight[:used]))
        if sum(len(part[0]) for part in self._waiting[1:]) > MOST_WAITING:
            self._merge()

    def entries(self) -> tuple[Ints, Ints, Ints, Ints, Floats]:
        """All that was counted at least once: subset, unit, source, count, total; ordered by the first three."""
        if self._small:
            subset, unit, source = np.nonzero(self._count)
            at = (subset, unit, source)
            return subset, unit, source, self._count[at], self._total[at]
        self._merge()
        key, count, total = self._waiting[0] if self._waiting else (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        subset, rest = np.divmod(key, self.shape[1] * self.shape[2])
        unit, source = np.divmod(rest, self.shape[2])
        return subset, unit, source, count, total

    def _merge(self) -> None:
        if len(self._waiting) > 1:
            self._waiting = [_summed(*(np.concatenate(column) for column in zip(*self._waiting, strict=True)))]


def _summed(key: Ints, count: Ints, total: Floats) -> tuple[Ints, Ints, Floats]:
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, np.int64)
    if not len(first):
        return key, count, total
    return key[first], np.add.reduceat(count[order], first), np.add.reduceat(total[order], first)


@numba.njit(cache=True, nogil=True)
def _add(values, sources, pointers, subsets, count, total):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    for n in range(values.shape[0]):
        for at in range(pointers[n], pointers[n + 1]):
            subset = subsets[at]
            for unit in range(values.shape[1]):
                for rank in range(values.shape[2]):
                    source = sources[n, unit, rank]
                    if source < 0:
                        break
                    count[subset, unit, source] += 1
                    total[subset, unit, source] += values[n, unit, rank]


@numba.njit(cache=True, nogil=True)
def _keys(values, sources, pointers, subsets, units, channels, key, weight):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    used = 0
    for n in range(values.shape[0]):
        for at in range(pointers[n], pointers[n + 1]):
            for unit in range(values.shape[1]):
                for rank in range(values.shape[2]):
                    source = sources[n, unit, rank]
                    if source < 0:
                        break
                    key[used] = (subsets[at] * units + unit) * channels + source
                    weight[used] = values[n, unit, rank]
                    used += 1
    return used
