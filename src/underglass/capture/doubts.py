"""What about a model and its data makes one doubt that they belong together?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from underglass.models import Model, Range

WIDE, NARROW = 20.0, 1e-3
"""Preprocessed values beyond the first, or all within the second of each other, are no usual input of a network."""
FEWEST = 30
"""Below so many labelled instances an accuracy says little."""
TOGETHER = 1e-3
"""Probabilities of one instance alone and in a batch may differ so much: threads add in any order."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Evidence:
    """What a check has seen.

    Parameters
    ----------
    model : the model.
    inputs : ranges of the preprocessed probes.
    scores : (probes, classes) outputs as the model gives them.
    probabilities : (probes, classes).
    alone : (1, classes) probabilities of the first probe in a batch of its own.
    classes, of_data : names of the outputs, and of the labels.
    predicted, expected : (k,) class indexes of a sample of labelled instances.
    skipped : instances that could not be read.
    instances : count of the others.
    """

    model: Model
    inputs: tuple[Range, ...]
    scores: Array
    probabilities: Array
    alone: Array
    classes: tuple[str, ...]
    of_data: Sequence[str]
    predicted: Array
    expected: Array
    skipped: int
    instances: int


def doubts(evidence: Evidence) -> Iterator[str]:
    """What is suspicious, most serious first; each says what it may come from and what to do."""
    yield from _about_accuracy(evidence)
    yield from _about_inputs(evidence)
    yield from _about_outputs(evidence)
    yield from _about_names(evidence)
    if evidence.skipped:
        yield f"{evidence.skipped:,} of {evidence.skipped + evidence.instances:,} instances could not be read and are left out."
    if evidence.model.training:
        yield "the model is in training mode; it is run in evaluation mode, and its mode is restored after."


def _about_accuracy(evidence: Evidence) -> Iterator[str]:
    count = len(evidence.expected)
    if count < FEWEST:
        return
    right = int((evidence.predicted == evidence.expected).sum())
    low, high = wilson(right, count)
    stated = evidence.model.accuracy
    if stated is not None and not low <= stated <= high:
        yield (
            f"accuracy is {right / count:.1%} on {count} instances (95 %: {low:.1%} to {high:.1%}), but {stated:.1%} was stated: "
            "wrong preprocessing (range, mean and deviation, order of channels) is the commonest cause."
        )
    chance = np.bincount(evidence.expected).max() / count
    if high <= max(chance, 1 / max(len(evidence.classes), 1)) * 1.05:
        yield f"accuracy is {right / count:.1%} on {count} instances; always saying the commonest class gives {chance:.1%}."
        yield from _about_shift(evidence, right)
    if len(np.unique(evidence.predicted)) == 1 and len(np.unique(evidence.expected)) > 1:
        yield f"every one of {count} instances is predicted {evidence.classes[int(evidence.predicted[0])]!r}."


def _about_shift(evidence: Evidence, right: int) -> Iterator[str]:
    """Labels counted from another number than the outputs."""
    for step in (-1, 1):
        shifted = int((evidence.predicted + step == evidence.expected).sum())
        if shifted > 2 * right + FEWEST // 3:
            yield f"labels fit outputs moved by {step:+d} ({shifted} of {len(evidence.expected)}): is one counted from 1?"


def _about_inputs(evidence: Evidence) -> Iterator[str]:
    for one in evidence.inputs:
        if not one.kind.startswith(("float", "bfloat")):
            continue
        largest = max(abs(one.low), abs(one.high))
        if largest > WIDE:
            yield (
                f"preprocessed values go from {one.low:.3g} to {one.high:.3g}; most networks take about −3 to 3 or 0 to 1. "
                "Are they normalised?"
            )
        elif one.high - one.low < NARROW:
            yield f"preprocessed values are all {one.low:.3g}: nothing of the instances is left after preprocess."
        elif one.low >= 0 and one.high < 0.02:
            yield f"preprocessed values go only up to {one.high:.3g}; were they divided by 255 twice?"


def _about_outputs(evidence: Evidence) -> Iterator[str]:
    scores = evidence.scores
    sums = scores.sum(1)
    if evidence.model.output == "logits" and scores.shape[1] > 1 and scores.min() >= 0 and np.abs(sums - 1).max() < TOGETHER:
        yield "outputs are between 0 and 1 and sum to 1: these are probabilities already; say output='probabilities'."
    apart = float(np.abs(evidence.probabilities[:1] - evidence.alone).max())
    if apart > TOGETHER:
        yield (
            f"an instance's probabilities differ by up to {apart:.2g} when others are in its batch: the model mixes "
            "the instances of a batch (normalisation over it?), so what is captured depends on the batch size."
        )
    if len(scores) > 1 and np.ptp(scores, axis=0).max() < 1e-6 * (1 + np.abs(scores).max()):
        yield "outputs are the same for all probe instances: do the inputs reach the model?"


def _about_names(evidence: Evidence) -> Iterator[str]:
    mine, theirs = evidence.model.classes, evidence.of_data
    if mine and theirs and len(mine) == len(theirs):
        first = next((i for i, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a != b and not b.startswith(a)), None)
        if first is not None:
            yield f"class {first} is {mine[first]!r} to the model and {theirs[first]!r} in the data; they are taken for the same."


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Interval of a share, 95 %, each end 0 to 1. Source: Wilson 1927.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    p, square = right / count, z * z
    centre = (p + square / (2 * count)) / (1 + square / count)
    half = z / (1 + square / count) * sqrt(p * (1 - p) / count + square / (4 * count * count))
    return max(0.0, centre - half), min(1.0, centre + half)
