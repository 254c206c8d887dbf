"""Which combinations of values are worth looking at?

Of tens of thousands of frequent combinations most repeat each other. Two sieves leave the ones to show: the published one drops
an itemset whose divergence one of its parts already has; the second goes down the list and keeps a group only if it still
differs among instances that agree on all groups kept before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from underglass.analyses.feature_codes import Feature
from underglass.analyses.group_outcomes import Outcome, Verdicts, judge
from underglass.analyses.lattice import Lattice, Progress, contributions, redundant, search, unpack

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

LOOKED_AT = 300  # candidates of the second sieve; the rest are far weaker
DOUBT = 0.05
LEFT = 0.75


@dataclass(frozen=True)
class LatticeGroups:
    """Itemsets worth showing, worst first.

    Attributes
    ----------
    lattice : Lattice
        All frequent itemsets.
    rows : (groups,)
        The ones chosen.
    verdicts : Verdicts
        Of the chosen ones; q counts all frequent itemsets.
    shares : (groups, longest)
        Contribution of each item to the divergence.
    """

    lattice: Lattice
    rows: Rows
    verdicts: Verdicts
    shares: Floats


def lattice_groups(
    features: Sequence[Feature],
    outcome: Outcome,
    *,
    min_support: float,
    max_length: int | None,
    redundancy: float | None,
    distinct: bool,
    limit: int | None,
    by_value: bool,
    confidence: float,
    progress: Progress | None,
) -> LatticeGroups:
    """Search all combinations and choose; settings as for `suggest_groups`."""
    of = outcome.of
    count = outcome.count if outcome.yes_no else of
    lattice = search(features, of, count, min_support=min_support, max_length=max_length, progress=progress)
    if outcome.yes_no:
        sums = np.column_stack([lattice.of, lattice.count, lattice.count]).astype(np.float64)
    else:
        from underglass.analyses.lattice_kernels import moments

        padded = np.concatenate([outcome.values, np.full(-len(of) % 64, np.nan)])
        sums = moments(lattice.bits, lattice.itemsets, padded)
    verdicts = judge(outcome, lattice.size, sums, outcome.total(), confidence=confidence)
    chosen = np.flatnonzero(lattice.of > 0)
    if redundancy is not None:
        chosen = chosen[~redundant(lattice, verdicts.divergence, redundancy)[chosen]]
    chosen = chosen[worst_first(verdicts, outcome.direction, by_value=by_value)[chosen].argsort(kind="stable")]
    if distinct:
        chosen = _distinct(lattice, chosen, outcome, limit)
    chosen = chosen[:limit]
    return LatticeGroups(lattice, chosen, verdicts.take(chosen), contributions(lattice, verdicts.divergence, chosen))


def worst_first(verdicts: Verdicts, direction: int, *, by_value: bool) -> Floats:
    """A key (groups,) that is lowest for the group to be shown first.

    Parameters
    ----------
    verdicts : Verdicts
        Of all groups.
    direction : int
        1 if higher is better, -1 if lower is, 0: the farthest from everyone first.
    by_value : bool
        By the value itself instead of the evidence (t) that it differs.
    """
    measure = verdicts.divergence if by_value else verdicts.t
    return np.nan_to_num(direction * measure if direction else -np.abs(measure), nan=np.inf)


def _distinct(lattice: Lattice, candidates: Rows, outcome: Outcome, limit: int | None) -> Rows:
    """Keep a group if most of its evidence is left, or clearly some is, among instances alike in all groups kept before."""
    from underglass.analyses.lattice_kernels import members

    at = np.flatnonzero(outcome.of)
    values = outcome.values[at]
    everyone = _Strata(values, np.zeros(len(at), np.intp))
    alike = everyone
    clear = -float(ndtri(DOUBT / 2 / max(1, len(lattice))))
    kept: list[int] = []
    for row in candidates[:LOOKED_AT].tolist():
        member = unpack(members(lattice.bits, lattice.itemsets[row]), len(outcome.values))[at]
        inside = np.flatnonzero(member)
        alone, left = everyone.surprise(inside), alike.surprise(inside)
        if abs(left) < clear and left * np.sign(alone) < abs(alone) * LEFT:
            continue
        kept.append(row)
        if len(kept) == limit:
            break
        alike = _Strata(values, np.unique(alike.stratum * 2 + member, return_inverse=True)[1].reshape(-1))
    return np.array(kept, np.intp)


class _Strata:
    """Instances divided so that those of one stratum are alike, and the outcome that each stratum predicts."""

    def __init__(self, values: Floats, stratum: Rows) -> None:
        self.values, self.stratum = values, stratum
        self.size = np.bincount(stratum)
        total, squares = (np.bincount(stratum, weights=power) for power in (values, values**2))
        self.mean = total / self.size
        self.spread = np.maximum(squares / self.size - self.mean**2, 0) * self.size / np.maximum(self.size - 1, 1)

    def surprise(self, inside: Rows) -> float:
        """How far the outcome of a group lies from what its strata predict, in standard deviations (Mantel and Haenszel)."""
        m = np.bincount(self.stratum[inside], minlength=len(self.size))
        variance = float(np.sum(m * (self.size - m) / self.size * self.spread))
        surplus = float(self.values[inside].sum() - m @ self.mean)
        return surplus / np.sqrt(variance) if variance > 1e-12 else 0.0
