"""Which of many subsets look least like the class they are mostly made of?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.analyses.subset_summary import summarize
from underglass.errors import DataError

Ints = NDArray[np.integer[Any]]
FEWEST = 5


@dataclass(frozen=True)
class RankedSubset:
    """How far a subset's unit means lie from those of a class.

    Attributes
    ----------
    place : int
        Of the candidate, as given.
    count : int
    label : int
        The class it is compared with: the one most of its labelled instances are of, −1 = all instances.
    deviation : float
        Root mean square over units of the distance between the means, in the class's standard deviations.
    expected : float
        The same for as many of the class drawn at random.
    """

    place: int
    count: int
    label: int
    deviation: float
    expected: float

    @property
    def ratio(self) -> float:
        """Deviation over what chance gives."""
        return self.deviation / self.expected


def rank_subsets(
    activations: ArrayLike, labels: ArrayLike, candidates: Sequence[ArrayLike], *, fewest: int = FEWEST
) -> tuple[RankedSubset, ...]:
    """Rank subsets by how far they deviate from the mean of their class, against chance, the farthest first.

    Parameters
    ----------
    activations : (instances, units)
        Pooled output of one layer.
    labels : (instances,) int
        −1 = unlabelled.
    candidates : sequence of (members,) int
        Rows of each subset; overlap is normal.
    fewest : int
        Smaller subsets are left out.

    Raises
    ------
    DataError
        If labels are not as many as activations.

    Examples
    --------
    >>> values = [[0.0]] * 9 + [[1.0]] * 9 + [[9.0]] * 2
    >>> [one.place for one in rank_subsets(values, [0] * 20, [range(2, 12), range(15, 20)])]
    [1, 0]
    """
    values, given = np.asarray(activations, np.float32), np.asarray(labels)
    if len(values) != len(given):
        raise DataError(f"{len(values)} activations and {len(given)} labels do not belong together.")
    classes = int(given.max(initial=-1)) + 1
    groups = summarize(values, given.astype(np.int64)) if classes else None
    everyone = summarize(values, np.ones(len(values), bool))
    found = []
    for place, members in enumerate(candidates):
        rows = np.asarray(members, np.int64)
        if len(rows) < fewest:
            continue
        own = given[rows]
        label = int(np.bincount(own[own >= 0]).argmax()) if (own >= 0).any() else -1
        whole, at = (everyone, 0) if label < 0 or groups is None else (groups, label)
        spread, size = whole.deviation[at].astype(np.float64), int(whole.count[at])
        live = spread > 0
        if not live.any() or size < 2:
            continue
        moved = (values[rows].mean(0, dtype=np.float64) - whole.mean[at])[live] / spread[live]
        expected = float(np.sqrt(1 / len(rows)))
        found.append(RankedSubset(place, len(rows), label, float(np.sqrt(np.mean(moved**2))), expected))
    return tuple(sorted(found, key=lambda one: (-one.ratio, one.place)))
