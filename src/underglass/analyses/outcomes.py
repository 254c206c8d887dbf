"""Which instances are truly positive, and which does the score flag?

The gate through which labels and scores of a two-class question enter an analysis; what cannot be used is refused here, with its
place.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from underglass.errors import DataError

Booleans = NDArray[np.bool_]
Column: TypeAlias = Any  # an array, a list, an Arrow array, a pandas or polars series

MOST_NAMED = 6


def truth(y_true: Column, *, positive: Any = None) -> Booleans:
    """Which instances are positive.

    Parameters
    ----------
    y_true : (instances,)
        True classes: booleans or 0 and 1, or any two values of which `positive` names one. One class alone is allowed.
    positive : optional
        The value that counts as positive [True or 1].

    Raises
    ------
    DataError
        If labels are missing, or there are more than two values, or `positive` is needed or unknown.

    Examples
    --------
    >>> truth(["yes", "no", "yes"], positive="yes").tolist()
    [True, False, True]
    """
    array = as_array(y_true, "y_true")
    if array.dtype == bool and positive is None:
        return array
    if positive is None and array.dtype.kind in "iuf" and array.size:
        if array.min() >= 0 and array.max() <= 1:
            flags = array == 1
            if array.dtype.kind in "iu" or np.count_nonzero(flags) + np.count_nonzero(array == 0) == array.size:
                return np.asarray(flags)
    elif not array.size:
        return np.zeros(0, bool)
    values = np.unique(array)
    shown = ", ".join(repr(value) for value in values[:MOST_NAMED].tolist()) + (" …" if len(values) > MOST_NAMED else "")
    if positive is None:
        raise DataError(f"y_true holds {shown}, not 0 and 1; say which is positive: positive=….")
    if len(values) > 2:
        raise DataError(
            f"y_true holds {len(values):,} values ({shown}); two are needed. For more classes see group_class_metrics."
        )
    flags = np.asarray(array == positive)
    if not flags.any() and len(values):
        raise DataError(f"y_true never holds the positive value {positive!r}; it holds {shown}.")
    return flags


def flagged(y_score: Column, *, threshold: float | ArrayLike = 0.5) -> Booleans:
    """Which instances are predicted positive: those whose score is at least the threshold.

    Parameters
    ----------
    y_score : (instances,)
        Probability of the positive class, 0..1, or booleans.
    threshold : float or (instances,)
        One number, or one for each instance, so that every group can have its own.

    Raises
    ------
    DataError
        If a score is missing or outside 0..1, or the threshold is not a number.
    """
    score = scores(y_score)
    limit = np.asarray(threshold, dtype=np.float64)
    if limit.ndim > 1 or (limit.ndim == 1 and limit.shape != score.shape):
        raise DataError(f"threshold has shape {limit.shape}; give one number, or one for each of {len(score):,} instances.")
    if np.isnan(limit).any():
        raise DataError("the threshold is not a number.")
    return np.asarray(score >= (float(limit) if limit.ndim == 0 else limit))


def cell_of(positives: Booleans, flags: Booleans) -> NDArray[np.int8]:
    """The cell of the confusion matrix that each instance falls into: 0 tp, 1 fp, 2 tn, 3 fn."""
    return np.where(positives, np.where(flags, np.int8(0), np.int8(3)), np.where(flags, np.int8(1), np.int8(2)))


def scores(y_score: Column, *, name: str = "y_score") -> NDArray[Any]:
    """Scores as they came, once it is sure that all are there and lie in 0..1."""
    score = as_array(y_score, name)
    if score.dtype == bool or not score.size:
        return score
    if score.dtype.kind not in "iuf":
        raise DataError(f"{name} holds {score.dtype}, not numbers; scores are probabilities between 0 and 1.")
    if score.min() < 0 or score.max() > 1:
        at = int(np.argmax((score < 0) | (score > 1)))
        raise DataError(
            f"{name} must lie between 0 and 1; instance {at:,} has {score[at]:g}. "
            "Logits need a sigmoid, percentages a division by 100."
        )
    return score


def as_array(values: Column, name: str) -> NDArray[Any]:
    """One column as a numpy array, refusing missing values.

    Raises
    ------
    DataError
        If the column has more than one axis, or values are missing.
    """
    if hasattr(values, "__array__") and not hasattr(values, "__arrow_c_stream__") and not hasattr(values, "__arrow_c_array__"):
        values = np.asarray(values)  # also a tensor
    if isinstance(values, np.ndarray) and values.dtype != object:
        array = values
    else:
        if not isinstance(values, pa.Array | pa.ChunkedArray):
            try:
                values = pa.array(values, from_pandas=True)
            except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError) as error:
                raise DataError(f"{name} cannot be read as one column: {str(error).partition(chr(10))[0]}") from error
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if values.null_count:
            _refuse_missing(np.asarray(values.is_null()), name)
        array = values.to_numpy() if isinstance(values, pa.ChunkedArray) else values.to_numpy(zero_copy_only=False)
        if array.dtype == object:
            array = array.astype(str) if all(isinstance(value, str) for value in array) else array
    if not array.size:
        return np.empty(0, np.float64)
    if array.ndim != 1:
        raise DataError(f"{name} has shape {array.shape}; one value for each instance is needed.")
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        if missing.any():
            _refuse_missing(missing, name)
    return array


def check_share(value: float, name: str) -> None:
    """Refuse (DataError) a confidence and the like that is not between 0 and 1."""
    if not 0 < value < 1:
        raise DataError(f"{name} must lie between 0 and 1; got {value:g}.")


def same_length(**columns: int) -> int:
    """How many instances there are, once all columns agree on it.

    Raises
    ------
    DataError
        If they differ, or there is none.
    """
    sizes = set(columns.values())
    if len(sizes) > 1:
        raise DataError(f"lengths differ: {', '.join(f'{name} {size:,}' for name, size in columns.items())}.")
    if sizes == {0}:
        raise DataError("there are no instances.")
    return sizes.pop()


def _refuse_missing(missing: Booleans, name: str) -> None:
    count = int(missing.sum())
    raise DataError(
        f"{count:,} of {missing.size:,} values of {name} are missing, the first for instance {int(np.argmax(missing)):,}; "
        "leave these instances out, or fill them."
    )
