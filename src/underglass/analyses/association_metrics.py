"""How strongly do an identity x and a label y go together, and how surely?

Ten metrics A(x, y) of the 2 x 2 table of counts, positive for attraction. Natural logarithms. A limit is given where there is
one (never together: PMI is -inf and nPMI_xy is -1), NaN where there is none, 0 only where the value is 0.

Source: Aka, Burke, Bäuerle, Greer, Mitchell 2021, "Measuring model biases in the absence of ground truth", table 1, with
Bouma's sign for nPMI_y (2009, "Normalized (pointwise) mutual information in collocation extraction") and the true Kendall tau-b
of two yes-no variables.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from underglass.analyses.intervals import wilson

Floats = NDArray[np.float64]
Formula = Callable[[Floats, Floats, Floats], Floats]

METRICS = ("dp", "jaccard", "sdc", "llr", "pmi", "npmi_y", "npmi_xy", "pmi2", "tau_b", "t_test")
BOUNDED = frozenset({"npmi_xy", "tau_b"})  # to -1..1
UNBOUNDED_BELOW = frozenset({"llr", "pmi", "npmi_y", "pmi2"})  # fall to -inf as the joint count falls to 0
SMOOTHING = 0.5

# why a value is no number; position 0: it is one
REASONS = (
    "",
    "never together",
    "label never occurs",
    "label always occurs",
    "identity never occurs",
    "identity always occurs",
    "always together",
    "too few",
)
NEVER, NO_LABEL, ALL_LABEL, NO_IDENTITY, ALL_IDENTITY, ALWAYS, TOO_FEW = range(1, len(REASONS))


def value(metric: str, joint: Floats, x: Floats, y: Floats, items: float) -> Floats:
    """One metric of any number of pairs.

    Parameters
    ----------
    metric : str
        One of METRICS.
    joint, x, y : arrays that broadcast
        Items with both, with the identity, with the label.
    items : float
        All items.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.asarray(FORMULAS[metric](joint / items, x / items, y / items), dtype=np.float64)
    why = reason(metric, joint, x, y, items)
    found = np.where(why > 0, np.nan, np.clip(found, -1, 1) if metric in BOUNDED else found)
    if metric == "pmi":
        return np.where(why == NEVER, -np.inf, found)
    return np.where(why == NEVER, -1.0, found) if metric == "npmi_xy" else found


def reason(metric: str, joint: Floats, x: Floats, y: Floats, items: float) -> NDArray[np.int8]:
    """Why a value is no plain number, as a position in REASONS; 0 where it is one.

    Parameters
    ----------
    metric : str
        One of METRICS.
    joint, x, y : arrays that broadcast
        Items with both, with the identity, with the label.
    items : float
        All items.
    """
    joint, x, y = np.broadcast_arrays(joint, x, y)
    why = np.zeros(joint.shape, np.int8)
    if metric in UNBOUNDED_BELOW or metric == "npmi_xy":
        why[joint == 0] = NEVER
    if metric == "npmi_xy":
        why[joint == items] = ALWAYS
    if metric in ("npmi_y", "tau_b"):
        why[y == items] = ALL_LABEL
    if metric == "tau_b":
        why[x == items] = ALL_IDENTITY
    if metric in ("jaccard", "sdc"):
        why[(x == 0) & (y == 0)] = NO_LABEL
    if metric not in ("jaccard", "sdc", "dp"):
        why[y == 0] = NO_LABEL
    if metric not in ("jaccard", "sdc"):
        why[x == 0] = NO_IDENTITY
    return why


def interval(
    metric: str, joint: Floats, x: Floats, y: Floats, items: float, *, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Where one metric may truly lie, were the items a sample.

    A proportion (``dp``, ``jaccard``, ``sdc``, ``llr``) has Wilson's interval; the others the first-order one of the four
    cells, with half a count added to each, so that it also holds for small counts and for pairs that never occurred together.

    Parameters
    ----------
    metric : str
        One of METRICS.
    joint, x, y : arrays that broadcast
        Items with both, with the identity, with the label.
    items : float
        All items.
    confidence : float
        Fraction, between 0 and 1.

    Returns
    -------
    low, high : arrays
        NaN where the metric is undefined for another reason than that the pair never occurred together.
    """
    known = np.isin(reason(metric, joint, x, y, items), (0, NEVER))
    exact = value(metric, joint, x, y, items)
    if metric in ("dp", "llr"):
        low, high = wilson(joint, x if metric == "dp" else y, confidence=confidence)
    elif metric in ("jaccard", "sdc"):
        low, high = wilson(joint, x + y - joint, confidence=confidence)
    else:
        low, high = _first_order(metric, joint, x, y, items, confidence=confidence)
    if metric == "sdc":
        low, high = low / (1 + low), high / (1 + high)
    if metric == "llr":
        with np.errstate(divide="ignore"):
            low, high = np.log(low), np.log(high)
    if metric in BOUNDED:
        low, high = np.maximum(low, -1), np.minimum(high, 1)
    if metric in UNBOUNDED_BELOW:
        low = np.where(np.broadcast_to(joint, low.shape) == 0, -np.inf, low)
    return np.where(known, np.fmin(low, exact), np.nan), np.where(known, np.fmax(high, exact), np.nan)


def _first_order(metric: str, joint: Floats, x: Floats, y: Floats, items: float, *, confidence: float) -> tuple[Floats, Floats]:
    total = items + 4 * SMOOTHING
    j, a, b = (joint + SMOOTHING) / total, (x + 2 * SMOOTHING) / total, (y + 2 * SMOOTHING) / total
    middle = FORMULAS[metric](j, a, b)
    by_joint, by_x, by_y = GRADIENTS[metric](j, a, b)
    both = by_joint + by_x + by_y
    mean = j * both + (a - j) * by_x + (b - j) * by_y
    variance = (j * both**2 + (a - j) * by_x**2 + (b - j) * by_y**2 - mean**2) / total
    half = float(ndtri((1 + confidence) / 2)) * np.sqrt(np.maximum(variance, 0))
    return middle - half, middle + half


def _pmi(j: Floats, x: Floats, y: Floats) -> Floats:
    return np.asarray(np.log(j / (x * y)))


def _tau_b(j: Floats, x: Floats, y: Floats) -> Floats:
    return np.asarray((j - x * y) / np.sqrt(x * (1 - x) * y * (1 - y)))


def _t_test(j: Floats, x: Floats, y: Floats) -> Floats:
    return np.asarray((j - x * y) / np.sqrt(x * y))


FORMULAS: MappingProxyType[str, Formula] = MappingProxyType(
    {
        "dp": lambda j, x, y: j / x,
        "jaccard": lambda j, x, y: j / (x + y - j),
        "sdc": lambda j, x, y: j / (x + y),  # half of Sørensen and Dice's, as published
        "llr": lambda j, x, y: np.log(j / y),
        "pmi": _pmi,
        "npmi_y": lambda j, x, y: _pmi(j, x, y) / -np.log(y),
        "npmi_xy": lambda j, x, y: _pmi(j, x, y) / -np.log(j),
        "pmi2": lambda j, x, y: np.log(j * j / (x * y)),
        "tau_b": _tau_b,
        "t_test": _t_test,
    }
)


def _npmi_y_gradient(j: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    h = -np.log(y)
    return 1 / (j * h), -1 / (x * h), -1 / (y * h) + _pmi(j, x, y) / (y * h**2)


def _npmi_xy_gradient(j: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    h = -np.log(j)
    return 1 / (j * h) + _pmi(j, x, y) / (j * h**2), -1 / (x * h), -1 / (y * h)


def _tau_b_gradient(j: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    spread, tau = np.sqrt(x * (1 - x) * y * (1 - y)), _tau_b(j, x, y)
    return 1 / spread, -y / spread - tau * (1 - 2 * x) / (2 * x * (1 - x)), -x / spread - tau * (1 - 2 * y) / (2 * y * (1 - y))


def _t_test_gradient(j: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    spread, t = np.sqrt(x * y), _t_test(j, x, y)
    return 1 / spread, -y / spread - t / (2 * x), -x / spread - t / (2 * y)


# of the metrics that are no proportion: by the joint share, by the identity's, by the label's
GRADIENTS: MappingProxyType[str, Callable[[Floats, Floats, Floats], tuple[Floats, Floats, Floats]]] = MappingProxyType(
    {
        "pmi": lambda j, x, y: (1 / j, -1 / x, -1 / y),
        "npmi_y": _npmi_y_gradient,
        "npmi_xy": _npmi_xy_gradient,
        "pmi2": lambda j, x, y: (2 / j, -1 / x, -1 / y),
        "tau_b": _tau_b_gradient,
        "t_test": _t_test_gradient,
    }
)
