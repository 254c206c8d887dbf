"""What does a unit respond to, in the words of the labels, and how sure is that?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import hypergeom

from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

SURE = 1e-3


@dataclass(frozen=True)
class UnitNames:
    """A class for each unit whose strongest instances allow one.

    Attributes
    ----------
    label : (units,) int32
        The class, −1 where the labels do not tell.
    count : (units,) int32
        How many of the strongest instances are of the best class, named or not.
    shown : (units,) int32
        How many of the strongest instances have a label.
    p_value : (units,) float64
        Chance of so many among instances drawn at random, for any of the classes.
    text : tuple of str
        The evidence in words.
    """

    label: Ints
    count: Ints
    shown: Ints
    p_value: Floats
    text: tuple[str, ...]


def name_units(top_rows: ArrayLike, labels: ArrayLike, classes: Sequence[str]) -> UnitNames:
    """Name units after the class that their strongest instances share, where that is no accident.

    Parameters
    ----------
    top_rows : (units, k) int
        Rows of the instances that excite each unit most, as `top_instances.top` gives them; −1 = none.
    labels : (instances,) int
        Class of each instance, −1 = unlabelled.
    classes : sequence of str
        Names.

    Raises
    ------
    DataError
        If a row or a label is outside.

    Examples
    --------
    >>> name_units([range(8)], [1] * 8 + [0] * 92, ["cat", "dog"]).text
    ("'dog': 8 of the 8 strongest, 8% of all",)
    """
    rows, given = np.asarray(top_rows), np.asarray(labels)
    if rows.size and (rows.max() >= len(given) or rows.min() < -1):
        raise DataError(f"the strongest instances name row {rows.max()}, and there are {len(given)} instances.")
    if len(given) and given.max() >= len(classes):
        raise DataError(f"label {given.max()} is outside the {len(classes)} classes.")
    found = np.where(rows >= 0, given[rows], -1)
    size = np.bincount(given[given >= 0], minlength=max(len(classes), 1))
    counts = (
        np.stack([(found == one).sum(1) for one in range(len(classes))], axis=1) if classes else np.zeros((len(rows), 1), int)
    )
    shown = (found >= 0).sum(1)
    chance = hypergeom.sf(counts - 1, size.sum(), size[None], shown[:, None])
    best = np.where(counts > 0, chance, 1).argmin(1)
    units = np.arange(len(rows))
    p_value = np.minimum(chance[units, best] * max(len(classes), 1), 1)
    label = np.where((p_value < SURE) & (shown > 0), best, -1)
    share = size / max(int(size.sum()), 1)
    text = tuple(
        f"{classes[best[unit]]!r}: {counts[unit, best[unit]]} of the {shown[unit]} strongest, {share[best[unit]]:.0%} of all"
        if label[unit] >= 0
        else "no class stands out among its strongest instances"
        for unit in units
    )
    return UnitNames(label.astype(np.int32), counts[units, best].astype(np.int32), shown.astype(np.int32), p_value, text)
