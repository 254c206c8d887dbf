"""Which combinations of values hold enough instances? The compiled half of `lattice`, and the exact test of one group.

A set of instances is a row of 64-bit words, one bit each. Imported when a search first runs: compiling takes seconds, once per
machine.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

SIZE, OF, COUNT = 3, 4, 5  # columns of `explore` after parent, item and length
COLUMNS = 6


@intrinsic  # type: ignore[untyped-decorator]
def popcount(context: Any, word: Any) -> Any:
    """Number of set bits of a uint64, as the processor's own instruction where it has one."""
    return types.uint64(types.uint64), lambda context, builder, signature, arguments: builder.ctpop(arguments[0])


@numba.njit(cache=True, nogil=True)
def common(a, b):  # type: ignore[no-untyped-def]
    """How many bits two sets (words,) share."""
    total = np.uint64(0)
    for w in range(a.shape[0]):
        total += popcount(a[w] & b[w])
    return np.int64(total)


@numba.njit(cache=True, nogil=True)
def explore(bits, feature, first, of, count, least, longest, most):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Walk depth first through all frequent itemsets that begin with item ``first``.

    ``bits`` (items, words) are the instances of each item, ``feature`` (items,) its feature, ascending; ``of`` and ``count``
    (words,) the instances the metric is counted over and counts; ``least`` instances make an itemset frequent. Returns
    (itemsets, 6) int32: the row of the parent (−1: none), the item added to it, length, size, size within ``of``, size within
    ``count``; and whether more than ``most`` were found, in which case the walk stopped.
    """
    items, words = bits.shape
    found = np.empty((1024, COLUMNS), np.int32)
    open_items = np.empty(
        (longest + 1, items), np.int32
    )  # at each depth the frequent extensions, and the rows they were recorded in
    open_rows = np.empty((longest + 1, items), np.int32)
    opened = np.zeros(longest + 1, np.int64)
    at = np.zeros(longest + 1, np.int64)
    stack = np.empty((longest + 1, words), np.uint64)
    stack[0] = bits[first]
    found[0, 0], found[0, 1], found[0, 2] = -1, first, 1
    found[0, SIZE], found[0, OF], found[0, COUNT] = (
        common(bits[first], bits[first]),
        common(bits[first], of),
        common(bits[first], count),
    )
    rows, depth, row = 1, 0, 0
    new = True
    while depth >= 0:
        if (
            new
        ):  # extend the itemset on top of the stack, found in `row`, by its sisters to the right (the root: by all later items)
            opened[depth] = 0
            at[depth] = 0
            sisters = items - first - 1 if depth == 0 else opened[depth - 1] - at[depth - 1]
            last = feature[found[row, 1]]
            for k in range(sisters):
                item = first + 1 + k if depth == 0 else open_items[depth - 1, at[depth - 1] + k]
                if feature[item] == last or depth + 2 > longest:
                    continue
                size = common(stack[depth], bits[item])
                if size < least:
                    continue
                if rows == found.shape[0]:
                    grown = np.empty((2 * rows, COLUMNS), np.int32)
                    grown[:rows] = found
                    found = grown
                hits, within = np.uint64(0), np.uint64(0)
                for w in range(words):
                    both = stack[depth, w] & bits[item, w]
                    within += popcount(both & of[w])
                    hits += popcount(both & count[w])
                found[rows, 0], found[rows, 1], found[rows, 2] = row, item, depth + 2
                found[rows, SIZE], found[rows, OF], found[rows, COUNT] = size, within, hits
                open_items[depth, opened[depth]], open_rows[depth, opened[depth]] = item, rows
                opened[depth] += 1
                rows += 1
            if rows > most:
                return found[:rows], True
        if at[depth] < opened[depth]:
            item, row = open_items[depth, at[depth]], open_rows[depth, at[depth]]
            at[depth] += 1
            for w in range(words):
                stack[depth + 1, w] = stack[depth, w] & bits[item, w]
            depth += 1
            new = True
        else:
            depth -= 1
            new = False
    return found[:rows], False


@numba.njit(cache=True, nogil=True)
def members(bits, itemset):  # type: ignore[no-untyped-def]
    """The instances (words,) that hold all items of ``itemset`` (length,), which ends at the first negative one."""
    both = bits[itemset[0]].copy()
    for k in range(1, itemset.shape[0]):
        if itemset[k] < 0:
            break
        for w in range(both.shape[0]):
            both[w] &= bits[itemset[k], w]
    return both


@numba.njit(cache=True, nogil=True)
def moments(bits, itemsets, values):  # type: ignore[no-untyped-def]
    """Number, sum and sum of squares (itemsets, 3) of the ``values`` (instances,), NaN left out, of each itemset's instances."""
    sums = np.zeros((itemsets.shape[0], 3))
    for i in range(itemsets.shape[0]):
        both = members(bits, itemsets[i])
        for w in range(both.shape[0]):
            word = both[w]
            while word:
                low = word & (~word + np.uint64(1))
                value = values[64 * w + np.int64(popcount(low - np.uint64(1)))]
                word ^= low
                if not math.isnan(value):
                    sums[i, 0] += 1
                    sums[i, 1] += value
                    sums[i, 2] += value * value
    return sums


@numba.njit(cache=True, nogil=True)
def exact_p(count, of, all_count, all_of):  # type: ignore[no-untyped-def]
    """Twice the tail (groups,) of the hypergeometric distribution beyond each count, at most 1."""
    p = np.empty(count.shape[0])
    for g in range(count.shape[0]):
        k, n, hits, total = count[g], of[g], all_count[g], all_of[g]
        if n in (0, total):
            p[g] = 1.0
            continue
        choose = math.lgamma(hits + 1) - math.lgamma(k + 1) - math.lgamma(hits - k + 1)
        choose += math.lgamma(total - hits + 1) - math.lgamma(n - k + 1) - math.lgamma(total - hits - n + k + 1)
        choose -= math.lgamma(total + 1) - math.lgamma(n + 1) - math.lgamma(total - n + 1)
        up = k * total >= n * hits
        term, tail = 1.0, 1.0  # relative to the probability of k itself
        while term > 1e-17 * tail:
            if up:
                term *= (hits - k) * (n - k) / ((k + 1.0) * (total - hits - n + k + 1.0))
                k += 1
            else:
                term *= k * (total - hits - n + k) / ((hits - k + 1.0) * (n - k + 1.0))
                k -= 1
            tail += term
        p[g] = min(1.0, 2 * math.exp(choose + math.log(tail)))
    return p
