"""Between which shares could the truth lie, when so few instances were seen?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Array = np.ndarray[Any, Any]


def wilson(count: ArrayLike, of: ArrayLike, *, confidence: float = 0.95) -> tuple[Array, Array]:
    """Give Wilson's score interval of a share, for any number of shares at once.

    Parameters
    ----------
    count : array of any shape
        Instances that have the property, 0 … ``of``.
    of : array that broadcasts with ``count``
        Instances seen.
    confidence : float
        Between 0 and 1, exclusive.

    Returns
    -------
    low, high : float64 arrays of the common shape, 0–1
        NaN where nothing was seen: 0/0 is unknown, not 0.

    Raises
    ------
    ValueError
        If a count is negative or above what was seen, or the confidence is not inside (0, 1).

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Examples
    --------
    >>> low, high = wilson([0, 5, 0], [0, 10, 10])
    >>> low.round(3), high.round(3)
    (array([  nan, 0.237, 0.   ]), array([  nan, 0.763, 0.278]))
    """
    from scipy.special import ndtri

    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1; got {confidence}.")
    k, n = np.broadcast_arrays(np.asarray(count, np.float64), np.asarray(of, np.float64))
    if (k < 0).any() or (k > n).any():
        raise ValueError("a count must be between 0 and the number seen.")
    z2 = float(ndtri((1 + confidence) / 2)) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        share = k / n
        middle = (k + z2 / 2) / (n + z2)
        half = np.sqrt(z2 * (n * share * (1 - share) + z2 / 4)) / (n + z2)
        low = np.where(k == 0, 0.0, middle - half)  # exactly 0 and 1 at the ends, where rounding would leave 1e-17
        high = np.where(k == n, 1.0, middle + half)
    unseen = n == 0
    return np.where(unseen, np.nan, low), np.where(unseen, np.nan, high)
