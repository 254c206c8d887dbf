"""As what are activations stored, and how does float32 become float16 without slowing a capture down?

numpy converts about 0.3 values a nanosecond here; the integer form below, which a compiler vectorises, ten times as many.
It costs the import of numba, so it is for captures of at least `WORTH_COMPILING` values; both give the same bytes.

Source: rounding to nearest even on the bits, after F. Giesen, "Float->half variants", 2012 (``float_to_half_fast3_rtne``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

WORTH_COMPILING = 30_000_000
LARGEST_HALF = 65504.0
SMALLEST_HALF = 2.0**-14
Floats = np.ndarray[Any, np.dtype[np.float32]]
Halves = np.ndarray[Any, np.dtype[np.float16]]


def to_stored(values: np.ndarray[Any, Any], precision: str = "float16", *, fast: bool = False) -> np.ndarray[Any, Any]:
    """Activations as they are stored: ``(units, n)``, float16 if that can hold them, else float32.

    Parameters
    ----------
    values : (n, units)
        Any float type; NaN and infinity are kept.
    precision
        ``"float32"`` stores as they are. With ``"float16"``, float32 is still taken when a finite value lies beyond ±65,504,
        or when all lie below 6.1e-5, where float16 loses digits.
    fast
        Convert with compiled code, the same bytes.
    """
    single = np.ascontiguousarray(values, dtype=np.float32)
    if precision == "float16" and single.size:
        peak = _largest(single)
        if not (peak > LARGEST_HALF or 0 < peak < SMALLEST_HALF):
            return np.ascontiguousarray(to_halves(single, fast=fast).view(np.uint16).T).view(np.float16)
    return np.ascontiguousarray(single.T)


def to_halves(values: Floats, *, fast: bool) -> Halves:
    """Float16 of a C-ordered float32 array of any shape, rounded to the nearest, ties to even.

    Parameters
    ----------
    values
        Finite values beyond ±65,504 become infinite.
    fast
        Use the compiled form.
    """
    if not fast:
        with np.errstate(over="ignore"):
            return values.astype(np.float16)
    out = np.empty(values.shape, np.uint16)
    _compiled()(values.reshape(-1), out.reshape(-1))
    return out.view(np.float16)


@cache
def _compiled() -> Callable[[Floats, np.ndarray[Any, Any]], None]:
    import numba

    @numba.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
    def convert(values: Floats, out: np.ndarray[Any, Any]) -> None:
        for i in range(values.size):
            bits = np.float32(values[i]).view(np.uint32)
            sign = (bits >> np.uint32(16)) & np.uint32(0x8000)
            size = bits & np.uint32(0x7FFFFFFF)
            even = (size >> np.uint32(13)) & np.uint32(1)
            normal = ((size + np.uint32(0xFFF) + even) >> np.uint32(13)) - np.uint32(0x1C000)
            # adding 0.5 moves the bits of a number below 2**-14 to where a half keeps them, and rounds
            small = np.float32(np.abs(values[i]) + np.float32(0.5)).view(np.uint32) - np.uint32(0x3F000000)
            special = np.uint32(0x7C00) if size <= np.uint32(0x7F800000) else np.uint32(0x7E00)
            finite = normal if size >= np.uint32(0x38800000) else small
            out[i] = np.uint16((finite if size < np.uint32(0x47800000) else special) | sign)

    return convert  # type: ignore[no-any-return]


def _largest(values: np.ndarray[Any, Any]) -> float:
    """The largest finite size; 0 if none is finite."""
    with np.errstate(invalid="ignore"):
        peak = max(float(np.fmax.reduce(values, axis=None)), -float(np.fmin.reduce(values, axis=None)))
    if np.isfinite(peak):
        return peak
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0
