"""How far off are predicted numbers in every group?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import stdtrit

from underglass.analyses.feature_codes import Bins, Features, crossing, encode
from underglass.analyses.group_tables import add_up, check_names, defining, group_columns, margins, nullable
from underglass.analyses.outcomes import Column, as_array, check_share, same_length
from underglass.errors import DataError

Floats = NDArray[np.float64]

ERRORS = ("mean_error", "mae", "mse", "rmse", "r2")
RESULT_COLUMNS = (
    "size",
    "mean_true",
    "mean_predicted",
    *ERRORS,
    *(f"{metric}_{end}" for metric in ERRORS for end in ("low", "high")),
)


def group_errors(
    y_true: Column,
    y_pred: Column,
    features: Features,
    *,
    by: str | Sequence[str],
    marginals: bool = False,
    bins: Bins | None = None,
    confidence: float = 0.95,
) -> pa.Table:
    """Measure the errors of a regression in every non-empty intersection of features.

    Parameters
    ----------
    y_true, y_pred : (instances,)
        True and predicted numbers, any unit, finite.
    features, by, marginals, bins, confidence
        As for `group_metrics`.

    Returns
    -------
    pyarrow.Table
        A row for each group: the features, ``size``, ``mean_true``, ``mean_predicted``, ``mean_error`` (predicted - true, the
        bias), ``mae``, ``mse``, ``rmse``, ``r2``, each of the five with ``_low`` and ``_high``. ``r2`` is null where the truth
        does not vary, intervals where there are fewer than two instances. With `marginals` also ``grouped_by``.

    Raises
    ------
    DataError
        As `group_metrics`, or if a number is missing or infinite.

    Notes
    -----
    Intervals are Student's, of the mean of each instance's error, absolute error or squared error (``rmse``: the roots of its
    ends); that of ``r2`` is Student's too, with the standard error from its first-order expansion in the instances.
    """
    names = [by] if isinstance(by, str) else list(by)
    check_names(names, RESULT_COLUMNS)
    check_share(confidence, "confidence")
    true, predicted = _finite(y_true, "y_true"), _finite(y_pred, "y_pred")
    columns = encode(features, names, bins=bins)
    same_length(y_true=len(true), y_pred=len(predicted), features=len(columns[0].codes))
    groups, group = crossing(columns)
    centre, error = float(true.mean()), predicted - true
    moved = true - centre  # the moments below cancel badly around a far-away mean
    terms = [np.ones_like(error), moved, predicted, error, np.abs(error), error**2, error**4, moved**2, moved**3, moved**4]
    terms += [error**2 * moved, error**2 * moved**2]
    sums: Floats = np.column_stack([np.bincount(group, weights=term, minlength=len(groups)) for term in terms])
    used = None
    if marginals:
        groups, rows, used = margins(groups)
        sums = add_up(sums, rows)
    return pa.table(group_columns(columns, groups) | _measures(sums, centre, confidence) | defining(names, used))


def _finite(values: Column, name: str) -> Floats:
    array = as_array(values, name)
    if array.dtype.kind not in "iufb":
        raise DataError(f"{name} holds {array.dtype}, not numbers.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"{name} is infinite for instance {int(np.argmin(np.isfinite(array))):,}.")
    return array.astype(np.float64)


def _measures(sums: Floats, centre: float, confidence: float) -> dict[str, pa.Array]:
    n = sums[:, 0]
    mean = sums[:, 1:] / n[:, None]
    moved, predicted, error, mae, mse, error4, moved2, moved3, moved4, cross1, cross2 = mean.T
    spread = moved2 - moved**2
    spread = np.where(spread > 1e-14 * moved2, spread, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        r2 = np.where(spread > 0, 1 - mse / spread, np.nan)
        half = np.where(n > 1, stdtrit(np.maximum(n - 1, 1), (1 + confidence) / 2), np.nan) / np.sqrt(np.maximum(n - 1, 1))
        # r2 moves by -(e² - (1 - r2) d²) / spread for an instance of error e and distance d from the mean truth
        about2 = mse * moved**2 - 2 * moved * cross1 + cross2  # mean of e² d²
        about4 = moved4 - 4 * moved * moved3 + 6 * moved**2 * moved2 - 3 * moved**4  # mean of d⁴
        rest = 1 - r2
        r2_variance = (error4 - 2 * rest * about2 + rest**2 * about4) / spread**2
    values = {"mean_error": error, "mae": mae, "mse": mse, "rmse": np.sqrt(mse), "r2": r2}
    variances = {"mean_error": mse - error**2, "mae": mse - mae**2, "mse": error4 - mse**2, "r2": r2_variance}
    columns = {"size": pa.array(n.astype(np.int64)), "mean_true": nullable(moved + centre), "mean_predicted": nullable(predicted)}
    columns |= {name: nullable(value) for name, value in values.items()}
    for name in ERRORS:
        of = "mse" if name == "rmse" else name
        width = half * np.sqrt(np.maximum(variances[of], 0))
        low, high = values[of] - width, values[of] + width
        low = np.maximum(low, 0) if of in ("mae", "mse") else low
        high = np.minimum(high, 1) if of == "r2" else high
        if name == "rmse":
            low, high = np.sqrt(low), np.sqrt(high)
        columns |= {f"{name}_low": nullable(low), f"{name}_high": nullable(high)}
    return columns
