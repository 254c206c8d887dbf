"""Which label is confused with which, how badly, and does a whole class seem misread? The first step of correcting."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from underglass.views.label_judgements import OPEN, states
from underglass.views.label_results import FoundIssues

if TYPE_CHECKING:
    from underglass.case import Case

Array = np.ndarray[Any, Any]
MOST_CELLS = 500
BINS = 10
MOST_NOISE_CLASSES = 40
ALIKE, ALIKE_AGREED = 0.95, 0.99
"""From which similarity on a cell is marked: of a label with another class, of a label with itself."""


class Cell(TypedDict):
    """Instances with one label for which the model says another (or, on the diagonal, the same) class."""

    label: str | None
    model: str
    count: int
    suspects: int
    open: int
    class_score: float
    expected: float
    systematic: bool
    row: int
    rows: list[int]
    histogram: list[int]
    similarity: float | None
    copies: bool


class LabelRow(TypedDict):
    """One label: how many carry it, how many of them are expected wrong, and how many are missing from it."""

    label: str
    given: int
    predicted: int
    wrong: float
    missing: float
    quality: float | None
    suspects: int
    open: int


def cells(case: Case, found: FoundIssues) -> list[Cell]:
    """All cells that hold a doubt or copies, the highest class score first, then the agreeing ones with copies."""
    classes = case.folder.manifest.classes
    label, suggested = found.arrays["label"].astype(np.int64), found.arrays["suggested"].astype(np.int64)
    chosen, top, score = found.arrays["selected"], found.arrays["top"], np.nan_to_num(found.score)
    opened = states(case)[found.rows] == OPEN
    judged = {(int(c[0]), int(c[1])): (float(c[3]), bool(c[6])) for c in found.arrays["cells"]}
    alike = _similarity(found)
    k = len(classes)
    labelled = np.flatnonzero(label >= 0)
    code = label[labelled] * k + suggested[labelled]
    order = labelled[np.argsort(code, kind="stable")]
    bounds = np.flatnonzero(np.diff(label[order] * k + suggested[order], prepend=-1, append=-1))
    result = []
    for start, stop in pairwise(bounds.tolist()):
        members = order[start:stop]
        one, other = int(label[members[0]]), int(suggested[members[0]])
        nearest = alike.get((one, other))
        bar = ALIKE_AGREED if one == other else ALIKE
        left = members[opened[members]]
        ranked = members[np.lexsort((-score[members], ~opened[members]))]
        expected, systematic = judged.get((one, other), (float(score[members].sum()) if one != other else 0.0, False))
        result.append(
            Cell(
                label=classes[one],
                model=classes[other],
                count=len(members),
                suspects=int(chosen[members].sum()),
                open=int(chosen[left].sum()),
                class_score=0.0 if one == other else round(float(top[left].sum()), 3),
                expected=round(expected, 2),
                systematic=systematic,
                row=int(found.rows[ranked[0]]),
                rows=[int(row) for row in found.rows[ranked[:4]]],
                histogram=np.histogram(top[members], bins=BINS, range=(0, 1))[0].tolist(),
                similarity=nearest,
                copies=nearest is not None and nearest > bar,
            )
        )
    off = [cell for cell in result if cell["label"] != cell["model"]]
    on = [cell for cell in result if cell["label"] == cell["model"]]
    off.sort(key=lambda cell: (-cell["open"], -cell["class_score"]))
    return [*off[:MOST_CELLS], *on]


def label_rows(case: Case, found: FoundIssues) -> list[LabelRow]:
    """The health of each class, in the order of the case."""
    given, wrong, missing, quality, predicted = found.arrays["health"]
    label, chosen = found.arrays["label"], np.asarray(found.arrays["selected"])
    opened = states(case)[found.rows] == OPEN
    k = len(given)
    suspects = np.bincount(label[chosen & (label >= 0)], minlength=k)
    left = np.bincount(label[chosen & opened & (label >= 0)], minlength=k)
    return [
        LabelRow(
            label=name,
            given=int(given[c]),
            predicted=int(predicted[c]),
            wrong=round(float(wrong[c]), 2),
            missing=round(float(missing[c]), 2),
            quality=None if np.isnan(quality[c]) else round(float(quality[c]), 4),
            suspects=int(suspects[c]),
            open=int(left[c]),
        )
        for c, name in enumerate(case.folder.manifest.classes)
    ]


def noise_matrix(case: Case, found: FoundIssues) -> list[list[float]] | None:
    """Chance of each label (columns) given the true class (rows); None for more classes than can be drawn."""
    matrix = found.arrays["noise"]
    return None if len(matrix) > MOST_NOISE_CLASSES else np.round(matrix, 4).tolist()


def _similarity(found: FoundIssues) -> dict[tuple[int, int], float]:
    """The largest similarity of two instances within each cell; copies known by content or features count as 1."""
    classes = len(found.arrays["prior"])
    code = found.arrays["label"].astype(np.int64) * classes + found.arrays["suggested"]
    best = np.full(classes * classes, -np.inf)

    def take(pairs: Array, values: Array) -> None:
        cell = code[np.searchsorted(found.rows, pairs)]
        same = (cell[:, 0] == cell[:, 1]) & (cell[:, 0] >= 0)
        np.maximum.at(best, cell[same, 0], values[same])

    take(found.arrays["similar"], found.arrays["similarity"].astype(np.float64))
    if "pairs" in found.arrays:
        exact = np.asarray(found.arrays["pair/exact"])
        take(found.arrays["pairs"][exact], np.ones(int(exact.sum())))
    return {(int(at) // classes, int(at) % classes): round(float(best[at]), 4) for at in np.flatnonzero(np.isfinite(best))}
