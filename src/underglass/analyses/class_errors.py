"""Is a whole class misread, or only single instances? What is the health of each class?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

FEWEST_SYSTEMATIC = 5
SURE = 1e-3


@dataclass(frozen=True)
class ClassHealth:
    """How good the labels of each class are; every array is (classes,).

    Attributes
    ----------
    given : int64, instances that carry the label.
    wrong : float64, how many of them are expected not to be of the class.
    missing : float64, how many of the class are expected to carry another label.
    quality : float64, 1 − wrong / given; NaN where no instance carries the label.
    predicted : int64, instances of which the class is the most probable.
    """

    given: Ints
    wrong: Floats
    missing: Floats
    quality: Floats
    predicted: Ints


@dataclass(frozen=True)
class LabelCell:
    """One cell of human label against suggested class.

    Attributes
    ----------
    label, suggested : class numbers.
    count : selected instances with this label and suggestion.
    expected : instances with this label that are expected to be of the suggested class, a sum of chances.
    share : expected over all with the label, 0..1.
    class_score : sum of the most probable class's probability over the selected instances, as the published system scores a cell.
    systematic : the label's errors go here more than chance spreads them: a class is misread, not single instances.
    """

    label: int
    suggested: int
    count: int
    expected: float
    share: float
    class_score: float
    systematic: bool


def class_health(expected: Floats, given: Ints, predicted: Ints) -> ClassHealth:
    """Sum up ``expected`` (classes, classes), row = label given, column = true class, a sum of chances; counts beside it."""
    right = np.diag(expected)
    wrong = np.maximum(expected.sum(1) - right, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        quality = np.where(given > 0, 1 - wrong / given, np.nan)
    return ClassHealth(given, wrong, np.maximum(expected.sum(0) - right, 0), quality, predicted)


def label_cells(selected: Bools, labels: Ints, suggested: Ints, chances: Floats, expected: Floats) -> tuple[LabelCell, ...]:
    """Group the selected instances by label and suggested class, the highest class score first.

    A cell is systematic when at least five instances stand in it and so many would come there with a chance below one in a
    thousand if the label's errors were spread evenly over the other classes; with two classes, if the label's share of errors
    were that of the other label.
    """
    classes = len(expected)
    rows = np.flatnonzero(selected & (labels != suggested))
    cell = labels[rows] * classes + suggested[rows]
    counts = np.bincount(cell, minlength=classes**2).reshape(classes, classes)
    score = np.bincount(cell, weights=chances[rows].max(1) if len(rows) else None, minlength=classes**2).reshape(classes, classes)
    of_label = expected.sum(1)
    cells = []
    for label, other in zip(*np.nonzero(counts), strict=True):
        count = int(counts[label, other])
        if classes > 2:
            chance = binom.sf(count - 1, int(counts[label].sum()), 1 / (classes - 1))
        else:
            rate = (counts[other, label] + 1) / (of_label[other] + 2)
            chance = binom.sf(count - 1, round(of_label[label]), min(rate, 1.0))
        cells.append(
            LabelCell(
                label=int(label),
                suggested=int(other),
                count=count,
                expected=float(expected[label, other]),
                share=float(expected[label, other] / max(of_label[label], 1e-12)),
                class_score=float(score[label, other]),
                systematic=bool(count >= FEWEST_SYSTEMATIC and chance < SURE),
            )
        )
    return tuple(sorted(cells, key=lambda cell: (-cell.class_score, cell.label, cell.suggested)))
