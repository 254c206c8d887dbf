"""How often do labels occur together? The compiled half of `association_counts`; one pass over the sets."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def starts_of(row, items):  # type: ignore[no-untyped-def]
    """Where each item's entries start (items + 1,), from the item of each entry, ascending."""
    starts = np.zeros(items + 1, np.int64)
    item = 0
    for entry in range(row.shape[0]):
        while item < row[entry]:
            item += 1
            starts[item] = entry
    while item < items:
        item += 1
        starts[item] = row.shape[0]
    return starts


@numba.njit(cache=True, nogil=True)
def count_few(starts, found, masks, size, first, last):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Count labels, and labels with each of a few identities that are no labels, over items first to last − 1.

    Gives (size, 1 + masks) in one pass without branches, and False if the labels of some item do not ascend, so that one might
    stand there twice; the counts are then of no use.
    """
    counted = np.zeros((size, masks.shape[0] + 1), np.int64)
    weight = np.ones(masks.shape[0] + 1, np.int64)
    for item in range(first, last):
        for k in range(masks.shape[0]):
            weight[k + 1] = masks[k, item]
        before = -1
        ascending = True
        for entry in range(starts[item], starts[item + 1]):
            label = found[entry]
            ascending &= label > before
            before = label
            for k in range(weight.shape[0]):
                counted[label, k] += weight[k]
        if not ascending:
            return counted, False
    return counted, True


@numba.njit(cache=True, nogil=True)
def count_sets(starts, found, slot, masks, masked, identities):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Count labels (labels,) and identities with labels (identities, labels).

    ``found[starts[i] : starts[i + 1]]`` are the labels of item i; ``slot`` (labels,) says which identity a label is, −1 for
    none; ``masks`` (n, items) are further identities, whose numbers are ``masked`` (n,).
    """
    labels = np.zeros(slot.shape[0], np.int64)
    joint = np.zeros((identities, slot.shape[0]), np.int64)
    seen = np.full(slot.shape[0], -1, np.int64)
    present = np.empty(identities, np.int64)
    for item in range(starts.shape[0] - 1):
        begin, end = starts[item], starts[item + 1]
        here = 0
        for k in range(masked.shape[0]):
            if masks[k, item]:
                present[here] = masked[k]
                here += 1
        for entry in range(begin, end):
            label = found[entry]
            if seen[label] == item:
                continue
            seen[label] = item
            labels[label] += 1
            if slot[label] >= 0:
                present[here] = slot[label]
                here += 1
        if here == 0:
            continue
        for entry in range(begin, end):
            label = found[entry]
            if seen[label] != item:  # a second time
                continue
            seen[label] = -1
            for k in range(here):
                joint[present[k], label] += 1
    return labels, joint
