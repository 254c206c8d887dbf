"""How good, how fast and how large is finding wrong labels, against cleanlab?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.side_by_side import alternate, peak_megabytes, row
from underglass.analyses.label_effort import effort_curve
from underglass.analyses.label_issues import LabelIssues, find_issues

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def label_noise(n: int, classes: int, noise: float, *, seed: int = 0, margin: float = 3.0) -> Arrays:
    """Probabilities, true and given labels. Half of the flips are uniform, half go to the next class."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, n)
    logits = random.standard_normal((n, classes), dtype=np.float32)
    logits[np.arange(n), truth] += np.float32(margin)
    logits -= logits.max(1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(1, keepdims=True)
    flipped, uniform = random.random(n) < noise, random.random(n) < 0.5
    offset = np.where(uniform, random.integers(1, classes, n), 1)
    return logits, truth, np.where(flipped, (truth + offset) % classes, truth)


def digit_flips(share: float, *, to_next: bool, seed: int = 7) -> Arrays:
    """The 1,797 digits (instances, 64) in 0..1, true and given labels, a share of them wrong."""
    images, truth = load_digits(return_X_y=True)
    random = np.random.default_rng(seed)
    wrong = random.choice(len(truth), round(share * len(truth)), replace=False)
    given = truth.copy()
    given[wrong] = (truth[wrong] + (1 if to_next else random.integers(1, 10, len(wrong)))) % 10
    return images / 16, truth, given


def run() -> list[dict[str, Any]]:
    return [*_speed(), *_quality(), *_digits(), _clean(), _effort()]


def _speed() -> list[dict[str, Any]]:
    chances, truth, given = label_noise(1_000_000, 10, 0.05)

    def check(ours: LabelIssues, theirs: np.ndarray) -> None:
        assert f1_score(given != truth, ours.selected) > f1_score(given != truth, theirs)

    seconds = alternate(lambda: find_issues(chances, given), lambda: find_label_issues(given, chances), check=check)
    note = "ours also ranks by six scores, fits the noise matrix, suggests labels and judges classes; no neighbours"
    speed = row("label issues, 1 M × 10", "cleanlab filter", seconds, bar="≥ 4 ×", met=seconds[1] / seconds[0] >= 4, note=note)
    ours, theirs = peak_megabytes("label_issues", "our"), peak_megabytes("label_issues", "their")
    memory = _value(
        "label issues, 1 M × 10, memory", f"{ours:.0f} MB", theirs / ours, "≤ ½", ours <= theirs / 2, f"cleanlab {theirs:.0f} MB"
    )
    return [speed, memory]


def our_memory() -> tuple[Callable[[], Any], Callable[[], Any]]:
    chances, _, given = label_noise(1_000_000, 10, 0.05)
    return lambda: find_issues(chances, given), lambda: find_issues(chances[:1000], given[:1000])


def their_memory() -> tuple[Callable[[], Any], Callable[[], Any]]:
    chances, _, given = label_noise(1_000_000, 10, 0.05)
    return lambda: find_label_issues(given, chances, n_jobs=1), lambda: find_label_issues(given[:1000], chances[:1000], n_jobs=1)


def _quality() -> list[dict[str, Any]]:
    rows = []
    for n, classes, bars in ((1_000_000, 10, (0.944, 0.964)), (50_000, 100, (0.88, 0.93))):
        for noise, bar in zip((0.05, 0.1), bars, strict=True):
            chances, truth, given = label_noise(n, classes, noise)
            wrong = given != truth
            found = find_issues(chances, given)
            ours = average_precision_score(wrong, found.score)
            theirs = average_precision_score(wrong, -get_label_quality_scores(given, chances))
            name = f"label issues, {n:,} × {classes}, {noise:.0%} wrong"
            met = ours >= bar and ours >= theirs
            rows.append(
                _value(
                    f"{name}, average precision",
                    f"{ours:.3f}",
                    ours / theirs,
                    f"≥ {bar} and cleanlab's",
                    met,
                    f"cleanlab {theirs:.3f}",
                )
            )
            ours, theirs = f1_score(wrong, found.selected), f1_score(wrong, find_label_issues(given, chances))
            least = 0.7 if classes == 100 else theirs
            rows.append(
                _value(
                    f"{name}, default selection F1",
                    f"{ours:.3f}",
                    ours / theirs,
                    f"≥ {least:.2g}",
                    ours >= least,
                    f"cleanlab {theirs:.3f}",
                )
            )
    return rows


def _digits() -> list[dict[str, Any]]:
    rows = []
    for share in (0.05, 0.1):
        for to_next in (True, False):
            images, truth, given = digit_flips(share, to_next=to_next)
            ours = average_precision_score(given != truth, find_issues(None, given, features=images).score)
            theirs = average_precision_score(given != truth, -get_label_quality_scores(given, _theirs(images, given)))
            kind = "to the next class" if to_next else "anywhere"
            name = f"label issues with features, digits, {share:.0%} wrong {kind}, average precision"
            note = f"cleanlab on logistic regression, 5 folds: {theirs:.3f}"
            rows.append(_value(name, f"{ours:.3f}", ours / theirs, "≥ .90", ours >= 0.9, note))
    return rows


def _clean() -> dict[str, Any]:
    images, _, given = digit_flips(0, to_next=True)
    ours = find_issues(None, given, features=images).selected.mean()
    theirs = find_label_issues(given, _theirs(images, given), n_jobs=1).mean()
    ratio = theirs / max(ours, 1e-9)
    note = f"share of right labels accused; cleanlab {theirs:.2%}"
    return _value("label issues, digits with no label wrong, false alarms", f"{ours:.2%}", ratio, "≤ 1 %", ours <= 0.01, note)


def _effort() -> dict[str, Any]:
    """Items to look at until nine in ten wrong labels are fixed, in our order, cleanlab's and at random."""
    images, truth, given = digit_flips(0.1, to_next=True)
    wrong = given != truth
    ours = effort_curve(find_issues(None, given, features=images).order, wrong).items_for(0.9) or 0
    quality = get_label_quality_scores(given, _theirs(images, given))
    theirs = effort_curve(np.argsort(quality, kind="stable"), wrong).items_for(0.9) or 0
    note = f"of {len(given):,} items, {wrong.sum()} wrong; cleanlab's order {theirs}, random order {round(0.9 * len(given))}"
    return _value(
        "items to inspect to fix 90 % of wrong labels, digits", str(ours), theirs / ours, "≤ cleanlab's", ours <= theirs, note
    )


def _theirs(images: np.ndarray, given: np.ndarray) -> np.ndarray:
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    chances: np.ndarray = cross_val_predict(head, images, given, method="predict_proba", cv=5)
    return chances


def _value(capability: str, ours: str, ratio: float, bar: str, met: bool, note: str) -> dict[str, Any]:
    """A row of the table about a number that is no time."""
    return {
        "capability": capability,
        "peer": "cleanlab",
        "ours": ours,
        "peer_seconds": None,
        "our_seconds": None,
        "ratio": float(ratio),
        "bar": bar,
        "met": bool(met),
        "note": note,
    }
