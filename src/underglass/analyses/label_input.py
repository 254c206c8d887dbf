"""Are these labels, probabilities and features ones that can be compared? Says which instance is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

NEAR_ONE = 1e-2


def check_labels(labels: ArrayLike) -> Ints:
    """Class codes (instances,), −1 = unlabelled.

    Raises
    ------
    DataError
        If they are not whole numbers in one row.
    """
    codes = np.asarray(labels)
    if codes.dtype == object:
        codes = np.array([np.nan if code is None else code for code in codes.tolist()])
    if codes.ndim != 1:
        raise DataError(f"labels must be one class for each instance, not of shape {codes.shape}.")
    if codes.dtype.kind == "f":
        whole = np.nan_to_num(codes, nan=-1.0)
        broken = whole != np.floor(whole)
        if broken.any():
            at = int(broken.argmax())
            raise DataError(f"labels must be class numbers; instance {at} has {codes[at]}.")
        codes = whole.astype(np.int64)
    if codes.dtype.kind == "b":
        codes = codes.astype(np.int8)
    if codes.dtype.kind not in "iu":
        raise DataError(
            "labels must be class numbers from 0 (−1 = unlabelled), not text; give their positions among the class names."
        )
    return codes.astype(np.int64, copy=False)


def check_probabilities(probabilities: ArrayLike, labels: Ints) -> Floats:
    """Probabilities (instances, classes) that fit the labels.

    Raises
    ------
    DataError
        If shapes differ, a value is not finite or negative, a row does not sum to 1, or a label is outside the classes.
    """
    chances = np.asarray(probabilities)
    if chances.dtype.kind != "f":
        chances = chances.astype(np.float32)
    if chances.ndim != 2 or chances.shape[1] < 2:
        raise DataError(f"probabilities must be (instances, classes) with at least two classes, not of shape {chances.shape}.")
    if len(chances) != len(labels):
        raise DataError(f"{len(chances)} rows of probabilities for {len(labels)} labels.")
    at = _first_broken(np.ascontiguousarray(chances), NEAR_ONE)
    if at >= 0:
        raise DataError(
            f"the probabilities of instance {at} sum to {chances[at].sum():.4g} (least {chances[at].min():.4g}); "
            "they must sum to 1 and not be negative. Logits need softmax first."
        )
    _inside(labels, chances.shape[1])
    return chances


def check_features(features: ArrayLike, count: int) -> Floats:
    """Features (instances, units), finite.

    Raises
    ------
    DataError
        If there are not as many as labels, or a value is not finite.
    """
    points = np.asarray(features)
    if points.dtype.kind != "f":
        points = points.astype(np.float32)
    points = points.reshape(len(points), -1) if points.ndim > 2 else points
    if points.ndim != 2 or len(points) != count:
        raise DataError(f"features must be (instances, units) for {count} instances, not of shape {points.shape}.")
    if not np.isfinite(points).all():
        at = int((~np.isfinite(points).all(1)).argmax())
        raise DataError(f"features hold NaN or infinite values, first at instance {at}; near and far mean nothing there.")
    return points


def check_split(split: Sequence[Any] | ArrayLike | None, count: int) -> None:
    """Refuse a split that does not name one for each instance."""
    if split is not None and len(np.asarray(split, dtype=object)) != count:
        raise DataError(f"split must name the split of {count} instances, not of {len(np.asarray(split, dtype=object))}.")


def _inside(labels: Ints, classes: int) -> None:
    outside = (labels >= classes) | (labels < -1)
    if outside.any():
        at = int(outside.argmax())
        raise DataError(
            f"label {labels[at]} of instance {at} is outside the {classes} classes 0 to {classes - 1} (−1 = unlabelled)."
        )


@numba.njit(cache=True, nogil=True)
def _first_broken(chances, slack):  # type: ignore[no-untyped-def]
    """The first row that does not sum to 1 or holds a negative value or NaN, −1 if none."""
    for i in range(chances.shape[0]):
        total, least = 0.0, 0.0
        for j in range(chances.shape[1]):
            total += chances[i, j]
            least = min(least, chances[i, j])
        if not abs(total - 1) <= slack or least < -1e-6:
            return i
    return -1
