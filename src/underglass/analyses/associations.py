"""Which labels go with which identities, and where do two identities differ, without any ground truth?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from underglass.analyses import association_metrics as formulas
from underglass.analyses.association_counts import count, find_identities, label_sets, position
from underglass.analyses.association_metrics import METRICS, REASONS, TOO_FEW
from underglass.analyses.group_tables import nullable
from underglass.analyses.outcomes import check_share
from underglass.errors import DataError, unknown

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

REST = "rest"


@dataclass(frozen=True)
class Associations:
    """Counts of labels and identities, and every metric that follows from them.

    Attributes
    ----------
    items : int
        All items.
    identities : tuple of str
        Names of the identities x; the label's position as text where labels have no names.
    labels : tuple of str
        Names of the labels y, or their positions as text.
    identity_count : (identities,) int64
    label_count : (labels,) int64
    joint : (identities, labels) int64
        Items that have both.
    min_count : int
        Labels that occur less often have no value (NaN).
    """

    items: int
    identities: tuple[str, ...]
    labels: tuple[str, ...]
    identity_count: Integers
    label_count: Integers
    joint: Integers
    min_count: int = 0

    def value(self, metric: str) -> Floats:
        """How strongly each identity and label go together (identities, labels).

        Parameters
        ----------
        metric : str
            One of METRICS. Positive is attraction for ``pmi``, ``npmi_y``, ``npmi_xy``, ``tau_b`` and ``t_test``, 0 independence.

        Returns
        -------
        (identities, labels)
            Never together: ``npmi_xy`` -1, ``pmi`` -inf. NaN where undefined; `reason` says why.
        """
        return self._sieved(formulas.value(_known(metric), *self._table()))

    def interval(self, metric: str, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper end (identities, labels) of each value, were the items a sample; see `association_metrics.interval`."""
        check_share(confidence, "confidence")
        low, high = formulas.interval(_known(metric), *self._table(), confidence=confidence)
        return self._sieved(low), self._sieved(high)

    def reason(self, metric: str) -> NDArray[np.int8]:
        """Why a value is no plain number (identities, labels), as a position in REASONS; 0 where it is one."""
        why = formulas.reason(_known(metric), *self._table())
        return np.where(self.label_count < self.min_count, np.int8(TOO_FEW), why)

    def gap(self, metric: str, a: int | str, b: int | str) -> Floats:
        """By how much each label goes more with one identity than with another (labels,).

        Parameters
        ----------
        metric : str
            One of METRICS.
        a, b : int or str
            Positions in `identities` or names; `b` may be ``"rest"``, the mean over the others.

        Returns
        -------
        (labels,)
            ``value[a] - value[b]``: positive, the label goes more with `a`. NaN if either side is undefined, also in one of the
            others.
        """
        first, others = self.sides(a, b)
        value = self.value(metric)
        with np.errstate(invalid="ignore"):
            return np.asarray(value[first] - value[others].mean(axis=0))

    def gap_interval(self, metric: str, a: int | str, b: int | str, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper end (labels,) of each gap.

        The intervals of both sides combined by squares (Newcombe's method), as if the sides were independent; where one side is
        infinite, from end to end.
        """
        first, others = self.sides(a, b)
        value, (low, high) = self.value(metric), self.interval(metric, confidence=confidence)
        with np.errstate(invalid="ignore"):
            gap = value[first] - value[others].mean(axis=0)
            down = np.sqrt(
                (value[first] - low[first]) ** 2 + ((high[others] - value[others]) ** 2).sum(axis=0) / len(others) ** 2
            )
            up = np.sqrt((high[first] - value[first]) ** 2 + ((value[others] - low[others]) ** 2).sum(axis=0) / len(others) ** 2)
            far_low, far_high = low[first] - high[others].mean(axis=0), high[first] - low[others].mean(axis=0)
            low_end = np.where(np.isfinite(gap - down), gap - down, far_low)
            high_end = np.where(np.isfinite(gap + up), gap + up, far_high)
        return np.where(np.isnan(gap), np.nan, low_end), np.where(np.isnan(gap), np.nan, high_end)

    def table(
        self, metrics: Sequence[str] = METRICS, *, pairs: Sequence[tuple[int | str, int | str]] = (), confidence: float = 0.95
    ) -> pa.Table:
        """Everything about every label, with counts and intervals.

        Parameters
        ----------
        metrics : sequence of str
            Which of METRICS.
        pairs : sequence of (a, b)
            Identities whose gaps are wanted, as for `gap`.
        confidence : float
            Of the intervals, fraction.

        Returns
        -------
        pyarrow.Table
            A row for each label: ``label``, ``count``; for each identity x ``count@x``, and ``<metric>@x``, ``<metric>_low@x``,
            ``<metric>_high@x``, ``<metric>_reason@x``; for each pair ``<metric>_gap@a|b`` with ``_gap_low`` and ``_gap_high``.
            Null where undefined.
        """
        columns: dict[str, pa.Array] = {"label": pa.array(self.labels, pa.string()), "count": pa.array(self.label_count)}
        for x, name in enumerate(self.identities):
            columns[f"count@{name}"] = pa.array(self.joint[x])
        for metric in metrics:
            value, (low, high), why = self.value(metric), self.interval(metric, confidence=confidence), self.reason(metric)
            for x, name in enumerate(self.identities):
                for part, numbers in (("", value), ("_low", low), ("_high", high)):
                    columns[f"{metric}{part}@{name}"] = nullable(numbers[x])
                columns[f"{metric}_reason@{name}"] = pa.DictionaryArray.from_arrays(
                    pa.array(why[x], pa.int8(), mask=why[x] == 0), pa.array(REASONS)
                )
            for a, b in pairs:
                name = f"{self._name(a)}|{self._name(b)}"
                ends = self.gap_interval(metric, a, b, confidence=confidence)
                for part, numbers in (("", self.gap(metric, a, b)), ("_low", ends[0]), ("_high", ends[1])):
                    columns[f"{metric}_gap{part}@{name}"] = nullable(numbers)
        return pa.table(columns)

    def _table(self) -> tuple[Floats, Floats, Floats, float]:
        return (
            self.joint.astype(np.float64),
            self.identity_count.astype(np.float64)[:, None],
            self.label_count.astype(np.float64)[None],
            float(self.items),
        )

    def _sieved(self, values: Floats) -> Floats:
        return np.where(self.label_count < self.min_count, np.nan, values) if self.min_count > 0 else values

    def sides(self, a: int | str, b: int | str) -> tuple[int, list[int]]:
        """Position of the first identity, and of the one or all others it is compared with."""
        first = self._position(a)
        if b == REST and REST not in self.identities:
            others = [other for other in range(len(self.identities)) if other != first]
            if not others:
                raise DataError(f"there is no rest: {self.identities[0]!r} is the only identity.")
            return first, others
        return first, [self._position(b)]

    def _position(self, identity: int | str) -> int:
        return position(self.identities, len(self.identities), identity, "identity")

    def _name(self, identity: int | str) -> str:
        return REST if identity == REST else self.identities[self._position(identity)]


def associate(
    items_by_labels: Any,
    identities: Sequence[int | str] | Mapping[str, ArrayLike],
    *,
    names: Sequence[str] | None = None,
    threshold: float | None = None,
    top: int | None = None,
    min_count: int = 0,
) -> Associations:
    """Count which labels go with which identities.

    Parameters
    ----------
    items_by_labels : (items, labels) matrix, or one list of labels for each item
        Sparse or dense booleans; scores 0..1, with `threshold` or `top`; lists of names or of positions.
    identities : sequence of int or str, or mapping of name to (items,) bool
        Labels that stand for identities, by position or name; or attributes of the items that are no labels.
    names : sequence of str, optional
        Of the labels [their positions, or the names in the lists, sorted].
    threshold : float, optional
        A score of at least this is a yes.
    top : int, optional
        The so many highest scores of an item are a yes.
    min_count : int
        Labels that occur less often get no value.

    Returns
    -------
    Associations
        Counts; metrics, gaps and intervals are computed when asked for.

    Raises
    ------
    DataError
        If there is no item or label, values are no yes or no and no scores 0..1, or an identity is unknown, ambiguous or given
        twice.

    Source: Aka, Burke, Bäuerle, Greer, Mitchell 2021, "Measuring model biases in the absence of ground truth".

    Examples
    --------
    >>> found = associate([["man", "tie"], ["man", "tie"], ["woman"], ["woman", "tie"]], ["man", "woman"])
    >>> found.gap("dp", "man", "woman").tolist(), found.labels
    ([1.0, 0.5, -1.0], ('man', 'tie', 'woman'))
    """
    if min_count < 0:
        raise DataError(f"min_count must not be negative; got {min_count}.")
    sets = label_sets(items_by_labels, names=names, threshold=threshold, top=top)
    asked = find_identities(sets, identities)
    labels, identity_count, joint = count(sets, asked)
    told = sets.names if sets.names is not None else tuple(map(str, range(sets.labels)))
    return Associations(sets.items, asked.names, told, identity_count, labels, joint, min_count)


def _known(metric: str) -> str:
    if metric not in METRICS:
        raise DataError(unknown("metric", metric, METRICS))
    return metric
