"""Which subsets are worth a row of their own: which errors, and which instances, look unlike the class they belong to?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from underglass.analyses.subset_summary import summarize
from underglass.errors import DataError

Ints = NDArray[np.integer[Any]]

FEWEST = 5


@dataclass(frozen=True)
class DeviatingSubset:
    """A subset that the data suggest.

    Attributes
    ----------
    name : str
        In the words of the classes.
    rows : (instances,) int32
        Who belongs to it.
    label, prediction : int
        Class given and class predicted; prediction −1 = any other than the label.
    deviation : float
        Mean distance of its units' means from those of its class, in the class's standard deviations.
    expected : float
        The same for as many of the class drawn at random.
    """

    name: str
    rows: Ints
    label: int
    prediction: int
    deviation: float
    expected: float

    @property
    def ratio(self) -> float:
        """Deviation over what chance gives."""
        return self.deviation / self.expected


def deviating_errors(
    activations: ArrayLike, labels: ArrayLike, predictions: ArrayLike, classes: Sequence[str], *, fewest: int = FEWEST
) -> tuple[DeviatingSubset, ...]:
    """Suggest the errors of each class, and those of each pair of classes, the most unlike their class first.

    Parameters
    ----------
    activations : (instances, units)
        Pooled output of one layer.
    labels, predictions : (instances,) int
        −1 = unlabelled.
    classes : sequence of str
        Names.
    fewest : int
        Smaller subsets are not suggested.
    """
    values, given, predicted = np.asarray(activations, np.float32), np.asarray(labels), np.asarray(predictions)
    if not len(values) == len(given) == len(predicted):
        raise DataError(
            f"{len(values)} activations, {len(given)} labels and {len(predicted)} predictions do not belong together."
        )
    whole = summarize(values, np.where(given < 0, -1, given).astype(np.int64))
    found = []
    for label in range(len(whole.count)):
        wrong = np.flatnonzero((given == label) & (predicted != label))
        groups = [(-1, wrong), *((int(other), wrong[predicted[wrong] == other]) for other in np.unique(predicted[wrong]))]
        for other, rows in groups:
            if len(rows) < fewest or (other >= 0 and len(rows) == len(wrong)):
                continue
            spread = np.maximum(whole.deviation[label], 1e-12)
            moved = (values[rows].mean(0, dtype=np.float64) - whole.mean[label]) / spread
            live = whole.deviation[label] > 0
            deviation = float(np.sqrt(np.mean(moved[live] ** 2))) if live.any() else 0.0
            count, everyone = len(rows), int(whole.count[label])
            expected = float(np.sqrt(max(1 / count - 1 / everyone, 1e-12)))
            name = f"{classes[label]} taken for {classes[other]}" if other >= 0 else f"errors of {classes[label]}"
            found.append(DeviatingSubset(name, rows.astype(np.int32), label, other, deviation, expected))
    return tuple(sorted(found, key=lambda one: (-one.ratio, one.label, one.prediction)))
