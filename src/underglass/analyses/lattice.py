"""Which combinations of values hold enough instances, and how do they relate to each other?

Every frequent combination (itemset) is found, exactly: sets of instances are packed bits, itemsets are extended depth first,
and an itemset below the minimum support is never extended, since no part of it can be frequent. Every part of a frequent
itemset is frequent and therefore present, which is what Shapley contributions and redundancy need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import ceil, factorial

import numpy as np
from numpy.typing import NDArray

from underglass.analyses.feature_codes import Feature
from underglass.errors import DataError

Booleans = NDArray[np.bool_]
Bits = NDArray[np.uint64]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Progress = Callable[[int, int, str], None]

NOWHERE = -1


@dataclass(frozen=True)
class Lattice:
    """All frequent itemsets.

    Attributes
    ----------
    items : (items, 2)
        Feature and code of each frequent item; by feature, then by code.
    bits : (items, words) uint64
        The instances that hold each item.
    itemsets : (itemsets, longest) int32
        Positions in `items`, ascending, padded with -1; parents before children.
    parent : (itemsets,)
        The itemset without its last item, -1 for single items.
    size, of, count : (itemsets,) int64
        Instances; those the outcome is defined for; those it is true for.
    """

    items: NDArray[np.int32]
    bits: Bits
    itemsets: NDArray[np.int32]
    parent: NDArray[np.int32]
    size: Integers
    of: Integers
    count: Integers

    def __len__(self) -> int:
        return len(self.parent)

    @property
    def length(self) -> NDArray[np.int64]:
        """How many items each itemset has."""
        return np.asarray(np.count_nonzero(self.itemsets >= 0, axis=1))

    @cached_property
    def steps(self) -> tuple[Integers, NDArray[np.intp]]:
        """Sorted keys of the step from a parent to its itemset, and the itemset behind each."""
        last = self.itemsets[np.arange(len(self)), self.length - 1]
        key = (self.parent.astype(np.int64) + 1) * len(self.items) + last
        order = np.argsort(key)
        return key[order], order


def search(
    features: Sequence[Feature],
    of: Booleans,
    count: Booleans,
    *,
    min_support: float = 0.01,
    max_length: int | None = 4,
    most: int = 1_000_000,
    progress: Progress | None = None,
) -> Lattice:
    """Find all frequent itemsets.

    Parameters
    ----------
    features : sequence of Feature
        Of equal length.
    of, count : (instances,) bool
        Where the outcome is defined, and where it is true (only where defined).
    min_support : float
        Smallest share of all instances, 0..1, at least one instance.
    max_length : int, optional
        Most items in an itemset [no limit].
    most : int
        With more itemsets than this the search stops.
    progress : callable, optional
        Told done, total and stage after each first item.

    Raises
    ------
    DataError
        If a limit makes no sense, or there are more than `most` itemsets.
    """
    if not 0 < min_support <= 1:
        raise DataError(f"min_support is a share of the instances, above 0 and at most 1; got {min_support:g}.")
    if max_length is not None and max_length < 1:
        raise DataError(f"max_length must be at least 1; got {max_length}.")
    from underglass.analyses import lattice_kernels

    instances = len(of)
    least = max(1, ceil(min_support * instances - 1e-9))
    items, bits = _frequent_items(features, least, instances)
    of_bits, count_bits = pack(of), pack(count)
    width = len(features) if max_length is None else min(max_length, len(features))
    parts, rows = [np.empty((0, lattice_kernels.COLUMNS), np.int32)], 0
    for first in range(len(items)):
        found, more = lattice_kernels.explore(bits, items[:, 0], first, of_bits, count_bits, least, width, most - rows)
        if more:
            raise DataError(
                f"more than {most:,} groups hold at least {least:,} instances; raise min_support (now {min_support:g}), "
                f"lower max_length or leave features out."
            )
        found[1:, 0] += rows
        parts.append(found)
        rows += len(found)
        if progress is not None:
            progress(first + 1, len(items), "searching groups")
    table = np.concatenate(parts)
    itemsets = np.full((rows, width), NOWHERE, np.int32)
    for length in range(1, width + 1):  # parents are complete before their children take them over
        at = np.flatnonzero(table[:, 2] == length)
        itemsets[at, : length - 1] = itemsets[table[at, 0], : length - 1]
        itemsets[at, length - 1] = table[at, 1]
    counted = table[:, lattice_kernels.SIZE :].astype(np.int64)
    return Lattice(items, bits, itemsets, table[:, 0].copy(), *counted.T)


def pack(members: Booleans) -> Bits:
    """A set of instances as 64-bit words."""
    packed = np.packbits(members, bitorder="little")
    return np.concatenate([packed, np.zeros(-len(packed) % 8, np.uint8)]).view(np.uint64)


def unpack(bits: Bits, instances: int) -> Booleans:
    """The set of instances behind 64-bit words."""
    return np.unpackbits(bits.view(np.uint8), count=instances, bitorder="little").astype(bool)


def _frequent_items(features: Sequence[Feature], least: int, instances: int) -> tuple[NDArray[np.int32], Bits]:
    items, bits = [], []
    for place, feature in enumerate(features):
        frequent = np.flatnonzero(np.bincount(feature.codes, minlength=len(feature)) >= least)
        items += [(place, code) for code in frequent]
        bits += [pack(feature.codes == code) for code in frequent]
    words = -(-instances // 64)
    return np.array(items, np.int32).reshape(-1, 2), np.array(bits, np.uint64).reshape(-1, words)


def without(lattice: Lattice, rows: NDArray[np.intp], dropped: int) -> NDArray[np.intp]:
    """The row of each itemset less its item at place `dropped`; -1, everyone, where nothing is left or there is no such item."""
    return find(lattice, np.delete(lattice.itemsets[rows], dropped, axis=1))


def find(lattice: Lattice, itemsets: NDArray[np.int32]) -> NDArray[np.intp]:
    """The rows of itemsets.

    Parameters
    ----------
    lattice : Lattice
        Where to look.
    itemsets : (n, any)
        Ascending positions in its items; -1 is skipped. All must be frequent.

    Returns
    -------
    (n,)
        Rows; -1 for the empty itemset.
    """
    keys, order = lattice.steps
    row = np.full(len(itemsets), NOWHERE, np.intp)
    for item in itemsets.T:
        there = item >= 0
        row[there] = order[np.searchsorted(keys, (row[there] + 1) * len(lattice.items) + item[there])]
    return row


def redundant(lattice: Lattice, divergence: Floats, epsilon: float) -> Booleans:
    """Which itemsets say nothing that one of their parts did not say.

    Parameters
    ----------
    lattice : Lattice
        All itemsets.
    divergence : (itemsets,)
        Of each; NaN where undefined, which is never redundant.
    epsilon : float
        An itemset is redundant if leaving out some item changes its divergence by at most this.

    Source: Pastor, de Alfaro, Baralis 2021, "Looking for trouble", section 4.
    """
    known = np.append(divergence, 0.0)  # row -1 is everyone, who does not diverge from everyone
    pruned = np.zeros(len(lattice), bool)
    for dropped in range(lattice.itemsets.shape[1]):
        rows = np.flatnonzero(lattice.itemsets[:, dropped] >= 0)
        pruned[rows] |= np.abs(divergence[rows] - known[without(lattice, rows, dropped)]) <= epsilon
    return pruned


def contributions(lattice: Lattice, divergence: Floats, rows: NDArray[np.intp]) -> Floats:
    """How much each item contributes to the divergence of its itemset: its Shapley value.

    Parameters
    ----------
    lattice : Lattice
        All itemsets.
    divergence : (itemsets,)
        Of each.
    rows : (n,)
        The itemsets asked about.

    Returns
    -------
    (n, longest)
        In the order of the items; they add up to the divergence. 0 beyond the last item.
    """
    known = np.append(divergence, 0.0)
    shares = np.zeros((len(rows), lattice.itemsets.shape[1]))
    lengths = lattice.length[rows]
    for length in np.unique(lengths).tolist():
        at = np.flatnonzero(lengths == length)
        itemsets = lattice.itemsets[rows[at], :length]
        parts = [part for size in range(length + 1) for part in combinations(range(length), size)]
        value = {part: known[find(lattice, itemsets[:, np.array(part, np.intp)])] for part in parts}
        for part, before in value.items():
            for item in set(range(length)) - set(part):
                weight = factorial(len(part)) * factorial(length - len(part) - 1) / factorial(length)
                shares[at, item] += weight * (value[tuple(sorted((*part, item)))] - before)
    return shares
