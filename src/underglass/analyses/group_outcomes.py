"""What counts as bad, and how bad is it in a group?

An outcome is a number for each instance it is defined for; the value of a group is its mean there. The rates of a confusion
matrix are such outcomes: recall is "was it found", defined for the positives. Divergence, t, p and q of many groups follow from
three sums each.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.confusion import DIRECTIONS, PARTS
from underglass.analyses.evidence import beta_t, false_discovery, welch, welch_p
from underglass.analyses.group_tables import nullable
from underglass.analyses.intervals import wilson

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """What is measured for each instance.

    Attributes
    ----------
    name : str
        Of the metric.
    values : (instances,) float64
        The outcome, NaN where it is not defined.
    direction : int
        1 if higher is better, -1 if lower is, 0 if neither.
    yes_no : bool
        Whether all values are 0 or 1, so that tests and intervals can be exact.
    """

    name: str
    values: Floats
    direction: int
    yes_no: bool

    @property
    def of(self) -> Booleans:
        """Where the outcome is defined."""
        return ~np.isnan(self.values)

    @property
    def count(self) -> Booleans:
        """Where a yes-no outcome is yes."""
        return np.asarray(self.values == 1)

    def total(self, rows: NDArray[np.intp] | None = None) -> Floats:
        """Number, sum and sum of squares (3,) of all instances, or of these."""
        values = self.values if rows is None else self.values[rows]
        known = values[~np.isnan(values)]
        return np.array([len(known), known.sum(), (known**2).sum()])

    def sums(self, group: NDArray[np.intp], groups: int) -> Floats:
        """Number, sum and sum of squares (groups, 3) of each group, by the group (instances,) of each instance; -1 is in none."""
        at = np.flatnonzero(self.of & (group >= 0))
        values, group = self.values[at], group[at]
        weights = (None, values, values**2)
        return np.column_stack([np.bincount(group, weights=weight, minlength=groups) for weight in weights]).astype(np.float64)


@dataclass(frozen=True)
class Verdicts:
    """What is known about each group, (groups,) each.

    Attributes
    ----------
    size : int64, instances.
    sums : (groups, 3), number, sum and sum of squares of the outcome.
    value, low, high : mean outcome with its interval.
    divergence : value minus everyone's.
    t : of the divergence, as published, with its sign.
    p, q : of the group against the rest, alone and among all tested.
    """

    size: Integers
    sums: Floats
    value: Floats
    low: Floats
    high: Floats
    divergence: Floats
    t: Floats
    p: Floats
    q: Floats

    def take(self, rows: NDArray[np.intp]) -> Verdicts:
        """Only these groups, in this order."""
        return Verdicts(*(getattr(self, field.name)[rows] for field in fields(self)))

    def columns(self, instances: int, yes_no: bool) -> dict[str, pa.Array]:
        """As columns of a table."""
        count = pa.array(self.sums[:, 1].astype(np.int64)) if yes_no else pa.nulls(len(self.size), pa.int64())
        named = {"value": self.value, "value_low": self.low, "value_high": self.high}
        named |= {"divergence": self.divergence, "t": self.t, "p": self.p, "q": self.q}
        counted = {"size": pa.array(self.size), "support": pa.array(self.size / instances)}
        counted |= {"count": count, "of": pa.array(self.sums[:, 0].astype(np.int64))}
        return counted | {name: nullable(values) for name, values in named.items()}


def of_metric(metric: str, cell: NDArray[np.int8]) -> Outcome:
    """The outcome behind a metric of the confusion matrix.

    Parameters
    ----------
    metric : str
        One of METRICS. ``f1`` is no mean of instances; its outcome is TP / (TP + FP + FN), which orders groups alike.
    cell : (instances,)
        0 tp, 1 fp, 2 tn, 3 fn.
    """
    top, bottom = PARTS[metric]
    values = np.where(bottom > 0, (top > 0).astype(np.float64), np.nan)[cell]
    return Outcome(metric, values, DIRECTIONS[metric], True)


def judge(
    outcome: Outcome,
    size: Integers,
    sums: Floats,
    whole: Floats,
    *,
    confidence: float,
    unseen: tuple[Floats, Floats] | None = None,
) -> Verdicts:
    """Compare groups with everyone.

    Parameters
    ----------
    outcome : Outcome
        What was summed.
    size : (groups,)
        Instances of each group.
    sums : (groups, 3)
        Number, sum and sum of squares of the outcome in each group.
    whole : (3,)
        The same of everyone.
    confidence : float
        Of the intervals, fraction.
    unseen : ((groups, 3), (3,)), optional
        Sums over instances that had no part in finding the groups, for t, p and q [all instances].
    """
    value, everyone = mean(outcome, sums), mean(outcome, whole)
    count, of = sums[:, 1], sums[:, 0]
    if outcome.yes_no:
        low, high = wilson(count, of, confidence=confidence)
        low, high = (from_share(outcome, end) for end in (low, high))
    else:
        low, high = _student(sums, confidence)
    tested, against = (sums, whole) if unseen is None else unseen
    if outcome.yes_no:
        from underglass.analyses.lattice_kernels import exact_p

        k, n, hits, total = tested[:, 1].astype(np.int64), tested[:, 0].astype(np.int64), int(against[1]), int(against[0])
        t = beta_t(k, n, hits, total)
        p = exact_p(k, n, np.full(len(k), hits), np.full(len(k), total))
    else:
        t, p = welch(tested, against), welch_p(tested, against)
    p = np.where(tested[:, 0] > 0, p, np.nan)
    return Verdicts(size, sums, value, low, high, value - everyone, t, p, false_discovery(p))


def mean(outcome: Outcome, sums: Floats) -> Floats:
    """The value of groups with these sums (..., 3), NaN where the outcome is defined for nobody."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return from_share(outcome, np.asarray(sums[..., 1] / sums[..., 0]))


def from_share(outcome: Outcome, share: Floats) -> Floats:
    """The metric behind the mean of its outcome."""
    return 2 * share / (1 + share) if outcome.name == "f1" else share


def _student(sums: Floats, confidence: float) -> tuple[Floats, Floats]:
    from scipy.special import stdtrit

    n = sums[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = sums[:, 1] / n
        spread = np.maximum(sums[:, 2] / n - centre**2, 0) / (n - 1)
        half = stdtrit(np.maximum(n - 1, 1), (1 + confidence) / 2) * np.sqrt(spread)
    half = np.where(n > 1, half, np.nan)
    return centre - half, centre + half
