"""How alike do two small pictures look?

Structural similarity compares brightness, contrast and structure in windows that slide over both; 1 is the same picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import uniform_filter

from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
WINDOW = 7
LEVELS = 255.0
STEADY = (0.01, 0.03)


def structural_similarity(one: ArrayLike, other: ArrayLike, *, window: int = WINDOW) -> Floats:
    """Structural similarity of pairs of grey pictures.

    Parameters
    ----------
    one, other : (pairs, height, width)
        Grey levels 0 to 255.
    window : int
        Side of the sliding window, odd; no larger than the pictures are (it is made smaller for smaller ones).

    Returns
    -------
    (pairs,) float64, −1 to 1; the mean over all windows that lie within the pictures.

    Raises
    ------
    DataError
        If the shapes differ or are no pictures.

    Source: Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity", eq. 13, with a
    uniform window and unbiased variances as in scikit-image.

    Examples
    --------
    >>> picture = np.arange(64.0).reshape(1, 8, 8)
    >>> structural_similarity(picture, picture).tolist()
    [1.0]
    """
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if a.shape != b.shape or a.ndim != 3:
        raise DataError(f"pictures must be (pairs, height, width) and alike, not {a.shape} and {b.shape}.")
    side = min(window, *a.shape[1:])
    side -= 1 - side % 2
    edge, size = side // 2, (1, side, side)
    mean_a, mean_b = uniform_filter(a, size), uniform_filter(b, size)
    unbiased = side**2 / max(side**2 - 1, 1)
    spread_a = unbiased * (uniform_filter(a * a, size) - mean_a**2)
    spread_b = unbiased * (uniform_filter(b * b, size) - mean_b**2)
    both = unbiased * (uniform_filter(a * b, size) - mean_a * mean_b)
    first, second = ((k * LEVELS) ** 2 for k in STEADY)
    top = (2 * mean_a * mean_b + first) * (2 * both + second)
    bottom = (mean_a**2 + mean_b**2 + first) * (spread_a + spread_b + second)
    inner = slice(edge, a.shape[1] - edge), slice(edge, a.shape[2] - edge)
    result: Floats = (top / bottom)[:, inner[0], inner[1]].mean(axis=(1, 2))
    return result
