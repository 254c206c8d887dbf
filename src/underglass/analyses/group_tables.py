"""How do counted groups become the rows of a table?

Every table of groups has the same shape: the values that define a group first, then what was counted, then what follows from
the counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.confusion import CELLS, METRICS, rate, rate_interval
from underglass.analyses.feature_codes import Feature
from underglass.errors import DataError

GROUPED_BY = "grouped_by"


def check_names(names: Sequence[str], taken: Sequence[str]) -> None:
    """Refuse (DataError) to group by nothing, and features named like a column of the result."""
    if not names:
        raise DataError("no feature to group by; name at least one.")
    for name in names:
        if name in (*taken, GROUPED_BY):
            raise DataError(f"a feature named {name!r} would hide the result's own column of that name; rename it.")


def margins(groups: NDArray[np.int32]) -> tuple[NDArray[np.int32], list[NDArray[np.intp]], list[tuple[int, ...]]]:
    """Find the coarser groups by every subset of the features.

    Parameters
    ----------
    groups : (groups, features)
        Codes of the finest groups.

    Returns
    -------
    codes : (rows, features)
        -1 where the feature does not define the row. Fewest features first, everyone on top.
    rows : list of (groups,)
        For every subset of the features, the row that each finest group is part of.
    used : list of tuple, one for each row
        Positions of the features that define it.
    """
    width = groups.shape[1]
    codes, rows = [], []
    used: list[tuple[int, ...]] = []
    for chosen in (chosen for size in range(width + 1) for chosen in combinations(range(width), size)):
        if chosen:
            kept, row = np.unique(groups[:, chosen], axis=0, return_inverse=True)
        else:
            kept, row = groups[:1, :0], np.zeros(len(groups), np.intp)
        coarse = np.full((len(kept), width), -1, np.int32)
        coarse[:, list(chosen)] = kept
        rows.append(row.reshape(-1) + len(used))
        codes.append(coarse)
        used += [chosen] * len(kept)
    return np.concatenate(codes), rows, used


def add_up(counts: NDArray[Any], rows: Sequence[NDArray[np.intp]]) -> NDArray[Any]:
    """Sum what was counted in the finest groups (groups, ...) over the `rows` of `margins`, which give (rows, ...)."""
    added = np.zeros((int(rows[-1].max()) + 1, *counts.shape[1:]), counts.dtype)
    for row in rows:
        np.add.at(added, row, counts)
    return added


def group_columns(features: Sequence[Feature], groups: NDArray[np.int32]) -> dict[str, pa.Array]:
    """The values that define each group, one Arrow column for each feature; null for missing, and for a code of -1."""
    taken = {}
    for column, feature in enumerate(features):
        codes = pa.array(groups[:, column], pa.int32(), mask=groups[:, column] < 0)
        taken[feature.name] = feature.values.take(codes)
    return taken


def defining(names: Sequence[str], used: Sequence[tuple[int, ...]] | None) -> dict[str, pa.Array]:
    """The column that names the features of each row, where rows differ in them."""
    return {} if used is None else {GROUPED_BY: pa.array([[names[i] for i in row] for row in used], pa.list_(pa.string()))}


def nullable(values: NDArray[np.float64]) -> pa.Array:
    """Numbers as an Arrow column, NaN as null."""
    return pa.array(values, pa.float64(), from_pandas=True)


def cell_columns(cells: NDArray[np.int64], *, confidence: float, replicates: int, seed: int) -> dict[str, pa.Array]:
    """The columns that follow from confusion matrices (rows, 4): size, cells, METRICS, and both ends of their intervals."""
    columns = {"size": pa.array(cells.sum(axis=1))} | {name: pa.array(cells[:, i]) for i, name in enumerate(CELLS)}
    columns |= {metric: nullable(rate(cells, metric)) for metric in METRICS}
    for metric in METRICS:
        low, high = rate_interval(cells, metric, confidence=confidence, replicates=replicates, seed=seed)
        columns |= {f"{metric}_low": nullable(low), f"{metric}_high": nullable(high)}
    return columns
