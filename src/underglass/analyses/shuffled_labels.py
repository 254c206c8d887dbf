"""Is a subset's graph its own, or would any instances give it? (the shuffled-label control)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from underglass.analyses.membership import Membership, as_membership
from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

REFUSED_FROM = 0.05


@dataclass(frozen=True)
class Control:
    """How distinct a subset's units are, against random subsets of the same size.

    Attributes
    ----------
    distinct : mapping of layer to float
        Total variation between how the subset's active units and everybody else's are spread, 0 (alike) to 1 (none in common).
    shuffled : mapping of layer to (draws,) float64
        The same for the shuffled subsets.
    overall : float
        Mean of `distinct` over the layers.
    p_value : float
        Share of shuffled subsets, counting this one, that are as distinct overall.
    refused : bool
        The subset is no more distinct than chance: its graph shows the network, not the subset.
    words : str
        The verdict in a sentence.
    """

    distinct: Mapping[str, float]
    shuffled: Mapping[str, Floats]
    overall: float
    p_value: float
    refused: bool
    words: str


def shuffle(membership: Membership, instances: int, *, draws: int = 39, seed: int = 0) -> csr_array:
    """Memberships with the same sizes and overlaps, handed to other instances: (instances, subsets · draws), the draws of a
    subset together.

    Append them to the real membership and count activations and influence once for all: ``scipy.sparse.hstack([real,
    shuffled])``.
    """
    inside = as_membership(membership, instances).tocsc()
    random = np.random.default_rng(seed)
    orders = [random.permutation(instances) for _ in range(draws)]
    rows = [
        order[inside.indices[inside.indptr[subset] : inside.indptr[subset + 1]]]
        for subset in range(inside.shape[1])
        for order in orders
    ]
    columns = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    index = np.concatenate([np.zeros(0, np.int64), *rows])
    return csr_array((np.ones(len(index), bool), (index, columns)), shape=(instances, len(rows)))


def judge(counts: Mapping[str, ArrayLike], everybody: Mapping[str, ArrayLike], shuffled: Mapping[str, ArrayLike]) -> Control:
    """Compare a subset with shuffled ones.

    Parameters
    ----------
    counts : mapping of layer to (units,) counts of the subset
        From `aggregate_activations`.
    everybody : mapping of layer to (units,) counts
        Over all instances, those of the subset included.
    shuffled : mapping of layer to (draws, units) counts
        Of the subset's shuffled memberships.

    Raises
    ------
    DataError
        If the layers differ or there is no draw.
    """
    if not counts or set(counts) != set(everybody) or set(counts) != set(shuffled):
        raise DataError("a control needs the same layers for the subset, for everybody and for the shuffled subsets.")
    real: dict[str, float] = {}
    by_chance: dict[str, Floats] = {}
    for name, values in counts.items():
        whole, draws = np.asarray(everybody[name], np.float64), np.atleast_2d(np.asarray(shuffled[name], np.float64))
        real[name] = float(_apart(np.asarray(values, np.float64)[None], whole)[0])
        by_chance[name] = _apart(draws, whole)
    overall = float(np.nanmean(list(real.values())))
    chance = np.nanmean(np.stack(list(by_chance.values())), axis=0)
    if not len(chance):
        raise DataError("a control needs at least one shuffled subset.")
    p_value = float((1 + (chance >= overall - 1e-12).sum()) / (1 + len(chance))) if overall == overall else 1.0  # noqa: PLR0124 (NaN)
    refused = p_value > REFUSED_FROM
    verdict = (
        "as distinct as random instances are: what the graph shows is the network, not this subset"
        if refused
        else "more distinct than random instances are"
    )
    words = (
        f"{overall:.2f} of the active units' weight lies elsewhere than for all other instances, {chance.mean():.2f} for "
        f"{len(chance)} random subsets of the same size (p = {p_value:.2g}): {verdict}."
    )
    return Control(real, by_chance, overall, p_value, refused, words)


def _apart(some: Floats, whole: Floats) -> Floats:
    """Total variation between each row and the rest of the whole, NaN where either is empty."""
    rest = np.maximum(whole - some, 0)
    with np.errstate(invalid="ignore"):
        apart: Floats = 0.5 * np.abs(some / some.sum(1, keepdims=True) - rest / rest.sum(1, keepdims=True)).sum(1)
    return apart
