"""Draw the figures of docs/label_correction.md: the effort curves, and before and after; from the same data as the benchmark."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.label_issues import digit_flips
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from underglass.analyses.head_retraining import compare_labels
from underglass.analyses.label_effort import effort_curve
from underglass.analyses.label_issues import find_issues

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
INK, MARK, MUTED, RULE = "#1b1d20", "#8a8e93", "#62666c", "#c6c7c3"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 320, 48, 150, 26, 42
SHOWN = 700
BUDGETS = (0, 50, 100, 180, 250, 400)

Array = np.ndarray[Any, Any]


def main() -> None:
    images, truth, given = digit_flips(0.1, to_next=True)
    wrong = given != truth
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    chances = cross_val_predict(head, images, given, method="predict_proba", cv=5)
    order = find_issues(None, given, features=images).order
    theirs = np.argsort(get_label_quality_scores(given, chances), kind="stable")
    curves = {
        "underglass": effort_curve(order, wrong).found,
        "cleanlab's order": effort_curve(theirs, wrong).found,
        "random order": np.arange(len(given) + 1) * wrong.mean(),
    }
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "label_effort.svg").write_text(_effort(curves, int(wrong.sum()), len(given)), encoding="utf-8")
    random = np.random.default_rng(0).permutation(len(given))
    shares = {
        "underglass": [_after(images, truth, given, order[:budget]) for budget in BUDGETS],
        "random order": [_after(images, truth, given, random[:budget]) for budget in BUDGETS],
    }
    (IMAGES / "label_before_after.svg").write_text(_retraining(shares), encoding="utf-8")
    for name, values in shares.items():
        print(name, [f"{budget}: {value:.3f}" for budget, value in zip(BUDGETS, values, strict=True)])
    for name, found in curves.items():
        print(name, [f"{items}: {found[items] / wrong.sum():.0%}" for items in (50, 100, 180, 300, 500)])


def _after(images: Array, truth: Array, given: Array, looked: Array) -> float:
    """Share right on a clean test quarter of a head whose other labels were corrected where a person looked."""
    split = np.where(np.arange(len(truth)) % 4 == 3, "test", "train")
    before = np.where(split == "test", truth, given)
    after = before.copy()
    after[looked] = truth[looked]
    return float(compare_labels(images, before, after, split=split.tolist(), classes=10).overall.after)


def _effort(curves: dict[str, Array], wrong: int, instances: int) -> str:
    def x(items: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * items / SHOWN

    def y(found: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * found / wrong

    parts = _frame(f"wrong labels found, of {wrong}", f"instances inspected, of {instances:,}")
    for value in (0, wrong // 2, wrong):
        parts.append(_text(LEFT - 6, y(value) + 4, str(value), "end"))
    for value in (0, 200, 400, 600):
        parts.append(_text(x(value), HEIGHT - BOTTOM + 16, str(value), "middle"))
    for name, found in curves.items():
        seen = found[: SHOWN + 1]
        path = "".join(f"{'L' if i else 'M'}{x(i):.1f} {y(float(seen[i])):.1f}" for i in range(0, len(seen), 4))
        parts.append(_line(path, name))
        parts.append(_text(x(SHOWN) + 6, y(float(seen[-1])) + (4 if name != "underglass" else -4), name))
    return _svg(parts)


def _retraining(shares: dict[str, list[float]]) -> str:
    low = int(100 * min(min(values) for values in shares.values())) / 100
    high = max(max(values) for values in shares.values())

    def x(items: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * items / BUDGETS[-1]

    def y(share: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (share - low) / (high - low)

    parts = _frame("right on a clean test quarter, percent", "labels inspected and corrected")
    for value in (low, high):
        parts.append(_text(LEFT - 6, y(value) + 4, f"{100 * value:.1f}", "end"))
    for budget in BUDGETS:
        parts.append(_text(x(budget), HEIGHT - BOTTOM + 16, str(budget), "middle"))
    for name, values in shares.items():
        points = list(zip(BUDGETS, values, strict=True))
        parts.append(_line("".join(f"{'L' if i else 'M'}{x(a):.1f} {y(b):.1f}" for i, (a, b) in enumerate(points)), name))
        parts += [
            f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3.5" fill="{INK if name == "underglass" else MARK}"/>' for a, b in points
        ]
        parts.append(_text(x(BUDGETS[-1]) + 8, y(values[-1]) + 4, name))
    return _svg(parts)


def _frame(up: str, across: str) -> list[str]:
    return [
        f'<path d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}" stroke="{RULE}"/>',
        _text(LEFT + 4, TOP - 10, up),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, across, "middle"),
    ]


def _line(path: str, name: str) -> str:
    dash = ' stroke-dasharray="2 4"' if name == "random order" else ""
    colour, width = (INK, 2) if name == "underglass" else (MARK, 1.5)
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _svg(parts: list[str]) -> str:
    style = f'font-family="Inter, system-ui, sans-serif" font-size="12" fill="{MUTED}"'
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{ground}{"".join(parts)}</svg>\n'


if __name__ == "__main__":
    main()
