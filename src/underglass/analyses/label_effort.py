"""How many wrong labels does a person fix for the items they look at?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class EffortCurve:
    """Wrong labels found against items inspected.

    Attributes
    ----------
    found : (inspected + 1,) int64
        After 0, 1, 2 … items.
    total : int
        Wrong labels there are in all; −1 when nobody knows, as in a person's own session.
    """

    found: NDArray[np.integer[Any]]
    total: int

    @property
    def inspected(self) -> int:
        """Items looked at."""
        return len(self.found) - 1

    def items_for(self, share: float) -> int | None:
        """Items to inspect until that share of all wrong labels is found; None if it never is."""
        enough = self.found >= np.ceil(share * self.total - 1e-9)
        return int(enough.argmax()) if self.total >= 0 and enough.any() else None

    def share_after(self, items: int) -> float:
        """Share of all wrong labels found after so many items, 0..1; NaN when there is none or the total is not known."""
        return float(self.found[min(items, self.inspected)] / self.total) if self.total > 0 else float("nan")


def effort_curve(order: ArrayLike, wrong: ArrayLike) -> EffortCurve:
    """The curve of inspecting rows in an order when it is known which labels are wrong.

    Parameters
    ----------
    order : (inspected,) int
        Rows, first to last; none twice.
    wrong : (instances,) bool
        Whether a label is wrong.

    Examples
    --------
    >>> effort_curve([2, 0, 1], [False, True, True]).found.tolist()
    [0, 1, 1, 2]
    """
    rows, known = np.asarray(order, dtype=np.int64), np.asarray(wrong, bool)
    if len(np.unique(rows)) != len(rows):
        raise DataError("an order of inspection holds a row twice; looking again finds nothing new.")
    return EffortCurve(np.concatenate([[0], known[rows].cumsum()]), int(known.sum()))


def session_curve(fixed: ArrayLike) -> EffortCurve:
    """The curve of a person's own session: for each item inspected, in order, whether its label was changed."""
    return EffortCurve(np.concatenate([[0], np.asarray(fixed, bool).cumsum()]), -1)


def random_effort(instances: int, wrong: int) -> Floats:
    """Wrong labels expected after 0, 1, 2 … items looked at in random order: (instances + 1,) float64, a straight line."""
    return np.arange(instances + 1) * (wrong / max(instances, 1))
