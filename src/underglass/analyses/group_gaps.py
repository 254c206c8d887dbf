"""How far apart are the groups, and could chance alone have set them apart?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.confusion import CELLS, METRICS, REPLICATES, counts, quantiles, rate, resample
from underglass.analyses.group_tables import GROUPED_BY, nullable
from underglass.analyses.outcomes import check_share
from underglass.errors import DataError

Floats = NDArray[np.float64]

# criterion -> the metrics that must agree between groups
CRITERIA = {
    "demographic_parity": ("selection_rate",),
    "equal_opportunity": ("recall",),
    "equalized_odds": ("recall", "fpr"),
    **{metric: (metric,) for metric in METRICS},
}

COMPARED = ("metric", "a", "a_count", "a_of", "b", "b_count", "b_of", "gap", "gap_low", "gap_high", "clear")


def fairness_gaps(
    groups: pa.Table, *, min_size: int = 0, confidence: float = 0.95, replicates: int = REPLICATES, seed: int = 0
) -> pa.Table:
    """Largest difference and smallest ratio between groups, by each criterion.

    Parameters
    ----------
    groups : pyarrow.Table
        Of `group_metrics`, without `marginals`.
    min_size : int
        Groups with fewer instances are left out; the largest difference between tiny groups is mostly chance.
    confidence : float
        Of the intervals, fraction.
    replicates, seed : int
        Of the bootstrap over the cells.

    Returns
    -------
    pyarrow.Table
        A row for each of CRITERIA. ``difference`` (highest - lowest) and ``ratio`` (lowest / highest), each with ``_low`` and
        ``_high``; ``lowest`` and ``highest``, the rows of these groups in `groups`; ``compared``, how many groups have the rate
        at all. ``equalized_odds`` takes the worse of its two metrics. Null where fewer than two groups have the rate, or 0/0.

        The largest of many differences is above the true one by chance alone; its interval does not correct for that.

    Raises
    ------
    DataError
        If rows of different levels are mixed.

    Source: difference and ratio as in fairlearn's ``MetricFrame``, worst case over true and false positive rate for equalized
    odds.
    """
    check_share(confidence, "confidence")
    cells = cells_of(groups)
    kept = np.flatnonzero(cells.sum(axis=1) >= min_size)
    drawn = resample(cells[kept], replicates=replicates, rng=np.random.default_rng(seed))
    rows = []
    for criterion, metrics in CRITERIA.items():
        spreads = [_spread(rate(cells[kept], metric), rate(drawn, metric), confidence) for metric in metrics]
        worst = max(spreads, key=lambda spread: np.nan_to_num(spread["difference"], nan=-1.0))
        ratio = min(spreads, key=lambda spread: np.nan_to_num(spread["ratio"], nan=2.0))
        row = worst | {name: ratio[name] for name in ("ratio", "ratio_low", "ratio_high")}
        for end in ("lowest", "highest"):
            row[end] = None if row[end] is None else int(kept[row[end]])
        rows.append({"criterion": criterion} | row)
    return pa.table({name: _column([row[name] for row in rows]) for name in rows[0]})


def compare_groups(
    groups: pa.Table, a: int, b: int | None = None, *, confidence: float = 0.95, replicates: int = REPLICATES, seed: int = 0
) -> pa.Table:
    """One group against another, or against everyone else, in every metric.

    Parameters
    ----------
    groups : pyarrow.Table
        Of `group_metrics`.
    a, b : int
        Rows of `groups`; without `b`, all other rows together, which must then be of one level.
    confidence : float
        Of the intervals, fraction.
    replicates, seed : int
        Of the bootstrap over the cells.

    Returns
    -------
    pyarrow.Table
        A row for each of METRICS: ``metric``, ``a``, ``a_count``, ``a_of``, ``b``, ``b_count``, ``b_of``, ``gap`` (a - b) with
        ``gap_low`` and ``gap_high``, and ``clear``, whether the interval excludes 0. Null where either side is 0/0. Twelve
        metrics are twelve tests: at 95 % expect one clear gap in two comparisons by chance.

    Raises
    ------
    DataError
        If a row does not exist.
    """
    check_share(confidence, "confidence")
    cells = cells_of(groups, mixed=b is not None)
    for row in (a, b):
        if row is not None and not 0 <= row < len(cells):
            raise DataError(f"there is no group {row}; rows are numbered 0 to {len(cells) - 1}.")
    other = cells[b] if b is not None else cells.sum(axis=0) - cells[a]
    pair = np.stack([cells[a], other])
    drawn = resample(pair, replicates=replicates, rng=np.random.default_rng(seed))
    rows = []
    for metric in METRICS:
        (value, other_value), (count, of), redrawn = rate(pair, metric), counts(pair, metric), rate(drawn, metric)
        gap = float(value - other_value)
        low, high = _around(gap, redrawn[:, 0] - redrawn[:, 1], confidence)
        clear = None if np.isnan(gap) else low > 0 or high < 0
        a_side, b_side = (value, count[0], of[0]), (other_value, count[1], of[1])
        rows.append(dict(zip(COMPARED, (metric, *a_side, *b_side, gap, low, high, clear), strict=True)))
    return pa.table({name: _column([row[name] for row in rows]) for name in COMPARED})


def cells_of(groups: pa.Table, *, mixed: bool = False) -> NDArray[np.int64]:
    """The confusion matrices (groups, 4) in a table of `group_metrics`.

    Parameters
    ----------
    groups : pyarrow.Table
        With the columns tp, fp, tn and fn.
    mixed : bool
        Whether rows of different levels may stand beside each other.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or levels are mixed that may not be.
    """
    lacking = [name for name in CELLS if name not in groups.column_names]
    if lacking:
        raise DataError(f"not a table of group_metrics: it has no column {', '.join(lacking)}.")
    if not groups.num_rows:
        raise DataError("there are no groups.")
    if not mixed and GROUPED_BY in groups.column_names and len(set(map(tuple, groups[GROUPED_BY].to_pylist()))) > 1:
        raise DataError(f"groups of different levels overlap; keep the rows of one {GROUPED_BY}.")
    return np.column_stack([groups[name].to_numpy() for name in CELLS]).astype(np.int64)


def _spread(value: Floats, drawn: Floats, confidence: float) -> dict[str, Any]:
    known = np.flatnonzero(~np.isnan(value))
    nothing = {f"{name}{end}": np.nan for name in ("difference", "ratio") for end in ("", "_low", "_high")}
    if len(known) < 2:
        return nothing | {"lowest": None, "highest": None, "compared": len(known)}
    lowest, highest = known[np.argmin(value[known])], known[np.argmax(value[known])]
    low, high = np.fmin.reduce(drawn[:, known], axis=1), np.fmax.reduce(drawn[:, known], axis=1)
    difference = float(value[highest] - value[lowest])
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = float(value[lowest] / value[highest])
        ratio_low, ratio_high = _around(ratio, low / high, confidence)
    difference_low, difference_high = _around(difference, high - low, confidence)
    return {
        "difference": difference,
        "difference_low": difference_low,
        "difference_high": difference_high,
        "ratio": ratio,
        "ratio_low": ratio_low,
        "ratio_high": ratio_high,
        "lowest": int(lowest),
        "highest": int(highest),
        "compared": len(known),
    }


def _around(value: float, drawn: Floats, confidence: float) -> tuple[float, float]:
    if np.isnan(value):
        return np.nan, np.nan
    low, high = quantiles(drawn[:, None], confidence)
    return float(np.fmin(low[0], value)), float(np.fmax(high[0], value))


def _column(values: list[Any]) -> pa.Array:
    return nullable(np.array(values, np.float64)) if any(isinstance(value, float) for value in values) else pa.array(values)
