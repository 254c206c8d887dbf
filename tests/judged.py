"""Digits with known wrong labels and known copies, judged by held-out probabilities: what was planted is what must be found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from underglass.datasets import Judged, judged

N, WRONG = 700, 40
CLASSES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Digits:
    """Pictures (instances, 8, 8) uint8, true and given labels, splits, probabilities, and the planted copies as pairs of rows."""

    images: np.ndarray[Any, Any]
    truth: np.ndarray[Any, Any]
    given: np.ndarray[Any, Any]
    split: np.ndarray[Any, Any]
    probabilities: np.ndarray[Any, Any]
    contradictory: tuple[tuple[int, int], ...]
    leaks: tuple[tuple[int, int], ...]

    @property
    def wrong(self) -> np.ndarray[Any, Any]:
        return self.given != self.truth

    def judged(self, **more: Any) -> Judged:
        """As a person would give them."""
        return judged(
            self.probabilities,
            self.given,
            classes=CLASSES,
            images=self.images,
            split=self.split.tolist(),
            metadata={"true_label": [CLASSES[code] for code in self.truth]},
            **more,
        )


@cache
def digits(*, flips: int = WRONG, copies: bool = True, whole_cell: bool = False) -> Digits:
    """700 digits, some labels wrong, the last eight copies: four with another label, four in the other split."""
    pictures, labels = load_digits(return_X_y=True)
    random = np.random.default_rng(3)
    chosen = random.permutation(len(pictures))[:N]
    images = (pictures[chosen] * 15).astype(np.uint8).reshape(-1, 8, 8)
    truth = labels[chosen].astype(np.int64)
    given = truth.copy()
    if whole_cell:
        threes = np.flatnonzero(truth == 3)[:24]
        given[threes] = 5
    else:
        wrong = random.choice(N, flips, replace=False)
        given[wrong] = (truth[wrong] + random.integers(1, 10, len(wrong))) % 10
    split = np.where(random.random(N) < 0.7, "train", "test")
    contradictory: tuple[tuple[int, int], ...] = ()
    leaks: tuple[tuple[int, int], ...] = ()
    if copies:
        twice = random.choice(np.flatnonzero(given == truth), 8, replace=False)
        images, truth = np.concatenate([images, images[twice]]), np.concatenate([truth, truth[twice]])
        labelled, sides = given[twice].copy(), split[twice].copy()
        labelled[:4] = (labelled[:4] + 1) % 10
        sides[4:] = np.where(sides[4:] == "train", "test", "train")
        given, split = np.concatenate([given, labelled]), np.concatenate([split, sides])
        pairs = tuple((int(row), N + i) for i, row in enumerate(twice))
        contradictory, leaks = pairs[:4], pairs[4:]
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    flat = images.reshape(len(images), -1) / 255
    chances = cross_val_predict(head, flat, given, method="predict_proba", cv=5).astype(np.float32)
    return Digits(images, truth, given, split, chances, contradictory, leaks)
