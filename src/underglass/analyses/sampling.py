"""Which instances stand for all, when there are too many to draw?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underglass.errors import DataError

Array = np.ndarray[Any, Any]


def stratified(strata: Array, count: int, *, seed: int = 0) -> Array:
    """Draw a sample in which every stratum has its share.

    The places are dealt by largest remainder (Hamilton): a stratum of share s gets ⌊s · count⌋ or one more, so that the sample's
    proportions are exact to one instance. Equal remainders are served in the order of the strata.

    Parameters
    ----------
    strata : (instances,)
        Any values that sort, the class of an instance for example; missing values (NaN, None) are a stratum of their own.
    count : int
        Instances to draw, without replacement; all are taken if there are no more.
    seed : int
        Decides which instances of a stratum are drawn.

    Returns
    -------
    rows : (count,) int32, ascending

    Examples
    --------
    >>> strata = np.array(["a"] * 60 + ["b"] * 40)
    >>> rows = stratified(strata, 10)
    >>> np.unique(strata[rows], return_counts=True)[1].tolist()
    [6, 4]
    """
    if count < 1:
        raise DataError(f"a sample needs at least 1 instance; got {count}.")
    code = _codes(np.asarray(strata))
    n = len(code)
    if count >= n:
        return np.arange(n, dtype=np.int32)
    size = np.bincount(code)
    random = np.random.default_rng(seed)
    taken = [
        random.choice(np.flatnonzero(code == stratum), places, replace=False)
        for stratum, places in enumerate(shares(size, count))
        if places
    ]
    return np.sort(np.concatenate(taken)).astype(np.int32)


def shares(size: Array, count: int) -> Array:
    """Deal ``count`` places among strata of these sizes by largest remainder, (strata,) int64; none gets more than it holds."""
    exact = size.astype(np.int64) * count
    places, remainder = np.divmod(exact, int(size.sum()))
    first = np.argsort(-remainder, kind="stable")[: count - int(places.sum())]
    places[first] += 1
    answer: Array = places
    return answer


def _codes(strata: Array) -> Array:
    if strata.dtype.kind == "O":
        present = np.array([value is not None and not (isinstance(value, float) and math.isnan(value)) for value in strata])
        code = np.zeros(len(strata), np.int64)
        values = sorted({str(value) for value in strata[present]})
        number = {value: index for index, value in enumerate(values)}
        code[present] = [number[str(value)] for value in strata[present]]
        code[~present] = len(values)
        return code
    codes: Array = np.unique(strata, return_inverse=True)[1].ravel()
    return codes
