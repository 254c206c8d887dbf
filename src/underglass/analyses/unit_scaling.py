"""How are units of different loudness made comparable? (Bäuerle et al. 2022, "Neural Activation Patterns", eq. 2)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from underglass.errors import DataError, unknown

Array = np.ndarray[Any, Any]
PARTS = ("mean", "std", "min", "max")
NEGLIGIBLE = 1e-8


def checked(activations: Array) -> Array:
    """The activations as (instances, parts, units) of a float type, or a DataError that says what is wrong with them."""
    array = np.asarray(activations)
    if array.ndim not in (2, 3):
        raise DataError(f"activations must be (instances, units) or (instances, parts, units); got {array.ndim} dimensions.")
    if array.dtype.kind not in "fiub":
        raise DataError(f"activations must be numbers; got {array.dtype}.")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    if 0 in array.shape:
        raise DataError(f"activations are empty: shape {array.shape}.")
    finite = np.isfinite(array.sum(axis=tuple(range(1, array.ndim)), dtype=np.float64))
    if not finite.all():
        bad = ~np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
        if bad.any():
            where = f"{int(bad.sum()):,} of {len(array):,} instances, first in row {int(bad.argmax())}"
            raise DataError(f"activations hold NaN or infinity in {where}.")
    return array[:, None, :] if array.ndim == 2 else array


def check_parts(activations: Array, parts: Sequence[str]) -> None:
    """Refuse parts that are unknown, named twice, or not as many as the activations (instances, parts, units) have."""
    for part in parts:
        if part not in PARTS:
            raise DataError(unknown("part", part, PARTS))
    if len(set(parts)) < len(parts):
        raise DataError(f"a part is named twice: {', '.join(parts)}.")
    if activations.shape[1] != len(parts):
        named = f"{len(parts)} named here: {', '.join(parts)}"
        raise DataError(f"activations (instances, parts, units) have {activations.shape[1]} parts, but {named}.")


def normalisers(activations: Array, parts: Sequence[str]) -> Array:
    """What each unit is divided by, (parts, units) float64: its largest magnitude M, but √M(mean) for a standard deviation.

    0 where M is below 1e-8 of the layer's largest, so that a dead unit's rounding noise is not blown up. (The paper compares with
    1e-8 itself, which would silence a layer whose activations are all small.)

    Parameters
    ----------
    activations : (instances, parts, units)
        Finite.
    parts : sequence of str
        Name of each part, of mean, std, min, max.
    """
    if "std" in parts and "mean" not in parts:
        raise DataError("a std is scaled by the mean's largest magnitude: give both, as parts=('mean', 'std').")
    largest: Array = np.maximum(activations.max(0), -activations.min(0)).astype(np.float64)
    largest[largest <= NEGLIGIBLE * largest.max(initial=0.0)] = 0
    for index, part in enumerate(parts):
        if part == "std":
            largest[index] = np.sqrt(largest[list(parts).index("mean")])
    return largest


def scaled(activations: Array, parts: Sequence[str], *, normalize_units: bool) -> Array:
    """Roughly centred, scaled activations as one row per instance, (instances, parts · units) float32; no distance changes.

    Computed in float64 and rounded once, after centring: a large common offset costs no precision.
    """
    check_parts(activations, parts)
    n = len(activations)
    flat = activations.reshape(n, -1)
    if normalize_units:
        divisor = normalisers(activations, parts).ravel()
        factor = np.divide(1.0, divisor, out=np.zeros(len(divisor)), where=divisor > 0)
    else:
        factor = np.ones(flat.shape[1])
    centre = _round_centre(flat)
    answer = np.empty(flat.shape, np.float32)
    for start in range(0, n, 2048):
        block = np.subtract(flat[start : start + 2048], centre, dtype=np.float64)
        block *= factor
        with np.errstate(over="ignore"):
            answer[start : start + 2048] = block
    if not np.isfinite(answer).all():
        raise DataError("activations differ by more than 3e38, the largest float32: scale them, or pass normalize_units=True.")
    return answer


def _round_centre(flat: Array) -> Array:
    """The mean of each column, rounded to a power of two near 1/64 of its range.

    Whole numbers (and other short ones) then stay exact, so that equal distances stay equal; and the order of rows, on which the
    last bits of a mean depend, does not matter.
    """
    extent = np.subtract(flat.max(0), flat.min(0), dtype=np.float64)
    grain = np.exp2(np.floor(np.log2(np.where(extent > 0, extent, 1))) - 6)
    mean = flat.mean(0, dtype=np.float64)
    centre: Array = np.where(extent > 0, np.round(mean / grain) * grain, flat[0])
    return centre
