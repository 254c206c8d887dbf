"""How loud is a sound? An analysis: arrays in, a frozen result out, usable alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

SILENCE = -120.0
"""dBFS; what is quieter is silence."""


@dataclass(frozen=True)
class Loudness:
    """Root mean square and peak of a sound, in dB below full scale (0 is as loud as can be)."""

    rms: float
    peak: float


def measure_loudness(samples: np.ndarray[Any, Any]) -> Loudness:
    """Measure a sound.

    Parameters
    ----------
    samples : (samples,) or (samples, channels)
        −1 to 1.

    Examples
    --------
    >>> measure_loudness(np.array([0.5, -0.5]))
    Loudness(rms=-6.02, peak=-6.02)
    """
    values = np.asarray(samples, np.float64)
    if not values.size:
        return Loudness(SILENCE, SILENCE)
    return Loudness(_decibels(float(np.sqrt(np.mean(values**2)))), _decibels(float(np.abs(values).max())))


def _decibels(amplitude: float) -> float:
    return round(max(SILENCE, 20 * math.log10(amplitude)), 2) if amplitude > 0 else SILENCE
