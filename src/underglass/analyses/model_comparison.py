"""Does another model serve a group better, on the same instances?

The two models judge the same people, so their rates are not independent: what counts are the instances on which they differ.
The bootstrap draws the eight joint cells (truth, first prediction, second prediction) of a group.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.confusion import CELLS, METRICS, REPLICATES, SMOOTHING, counts, quantiles, rate
from underglass.analyses.group_tables import nullable
from underglass.analyses.outcomes import Column, as_array, cell_of, check_share, same_length, truth
from underglass.errors import DataError

JOINT = 8
COLUMNS = ("group", "metric", "a", "a_count", "a_of", "b", "b_count", "b_of", "gap", "gap_low", "gap_high", "clear", "differ")


def compare_models(
    y_true: Column,
    a: Column,
    b: Column,
    groups: list[NDArray[np.integer[Any]]],
    *,
    positive: Any = None,
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> pa.Table:
    """Compare the predictions of two models in every group and metric.

    Parameters
    ----------
    y_true : (instances,)
        True class, as for `group_metrics`.
    a, b : (instances,) bool
        Which instances each model predicts positive.
    groups : list of (members,)
        Rows of each group; groups may overlap.
    confidence : float
        Of the intervals, fraction.
    replicates, seed : int
        Of the bootstrap over the joint cells.

    Returns
    -------
    pyarrow.Table
        A row for each group and each of METRICS: ``group`` (position), ``metric``, ``a`` and ``b`` (fractions, null where 0/0)
        with ``_count`` and ``_of``, ``gap`` (b - a) with ``gap_low`` and ``gap_high``, ``clear`` (whether the interval excludes
        0), ``differ`` (instances on which the models differ).

    Raises
    ------
    DataError
        If columns differ in length or predictions are not true and false.

    Source: bootstrap over cells as in `confusion.resample`; half a count in each joint cell, a cell of the confusion matrix then
    holds one.

    Examples
    --------
    >>> compared = compare_models([1, 1, 0, 0], [True, False, False, False], [True, True, True, False], [np.arange(4)])
    >>> compared.filter(pa.compute.equal(compared["metric"], "recall")).to_pylist()[0]["gap"]
    0.5
    """
    check_share(confidence, "confidence")
    positives, first, second = truth(y_true, positive=positive), _yes_no(a, "a"), _yes_no(b, "b")
    same_length(y_true=len(positives), a=len(first), b=len(second))
    joint = cell_of(positives, first).astype(np.intp) * 2 + second
    cells = np.array([np.bincount(joint[rows], minlength=JOINT) for rows in groups], np.int64).reshape(-1, JOINT)
    to_a, to_b = _margins()
    rng = np.random.default_rng(seed)
    rows = []
    for group, cell in enumerate(cells):
        size = int(cell.sum())
        share = (cell + SMOOTHING) / (size + JOINT * SMOOTHING)
        drawn = rng.multinomial(size, share, size=replicates).astype(np.float64)
        differ = int(sum(cell[place] for place in range(JOINT) if (to_a[place] != to_b[place]).any()))
        for metric in METRICS:
            rows.append((group, metric, *_row(cell, drawn, to_a, to_b, metric, confidence=confidence), differ))
    return pa.table({name: _column([row[i] for row in rows]) for i, name in enumerate(COLUMNS)})


def _margins() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Matrices (8, 4) that add joint cells up to the confusion matrix of the one and of the other model."""
    to_a, to_b = np.zeros((JOINT, 4), np.int64), np.zeros((JOINT, 4), np.int64)
    for cell, _ in enumerate(CELLS):
        truly = cell in (0, 3)
        for second in (0, 1):
            to_a[2 * cell + second, cell] = 1
            to_b[2 * cell + second, (0 if second else 3) if truly else (1 if second else 2)] = 1
    return to_a, to_b


def _row(
    cell: NDArray[np.int64],
    drawn: NDArray[np.float64],
    to_a: NDArray[np.int64],
    to_b: NDArray[np.int64],
    metric: str,
    *,
    confidence: float,
) -> tuple[Any, ...]:
    a, b = cell @ to_a, cell @ to_b
    value, other = float(rate(a, metric)), float(rate(b, metric))
    gap = other - value
    low = high = np.nan
    clear = None
    if not np.isnan(gap):
        low, high = (
            float(end[0]) for end in quantiles((rate(drawn @ to_b, metric) - rate(drawn @ to_a, metric))[:, None], confidence)
        )
        low, high = min(low, gap), max(high, gap)
        clear = low > 0 or high < 0
    (count, of), (other_count, other_of) = counts(a, metric), counts(b, metric)
    return value, int(count), int(of), other, int(other_count), int(other_of), gap, low, high, clear


def _yes_no(values: Column, name: str) -> NDArray[np.bool_]:
    array = as_array(values, name)
    if array.dtype != bool:
        raise DataError(f"{name} holds {array.dtype}; predictions are true or false for each instance.")
    return array


def _column(values: list[Any]) -> pa.Array:
    return nullable(np.array(values, np.float64)) if any(isinstance(value, float) for value in values) else pa.array(values)
