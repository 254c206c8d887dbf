"""How fast are metrics of many groups, their bootstrap, and the exact search for groups, against fairlearn and divexplorer?"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.side_by_side import alternate, peak_megabytes, row
from underglass.analyses.confusion import rate, resample
from underglass.analyses.subgroups import group_metrics, suggest_groups

ROWS = 1_000_000
SUPPORT = 0.01
FIVE = ("accuracy", "precision", "recall", "fpr", "selection_rate")


def audited(n: int = ROWS, *, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Three text columns that make 60 groups, true classes, and scores."""
    r = np.random.default_rng(seed)
    features = {
        "race": r.choice(list("abcde"), n),
        "age": r.choice([f"age {i}" for i in range(6)], n),
        "sex": r.choice(["f", "m"], n),
    }
    y = r.integers(0, 2, n)
    return pd.DataFrame(features), y, np.clip(0.3 * y + 0.7 * r.random(n), 0, 1)


def census_like(n: int = 48_842, *, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Twelve columns of 84 values with a latent common cause, true classes, and predictions with one planted bad group."""
    r = np.random.default_rng(seed)
    z = r.standard_normal(n)

    def column(count: int, tilt: float) -> np.ndarray:
        weights = 0.72 ** np.arange(count)
        gumbel = -np.log(-np.log(r.random((n, count))))
        return (np.log(weights / weights.sum()) + gumbel + tilt * np.outer(z, np.linspace(-1, 1, count))).argmax(1)

    shape = {"age": (5, 0.5), "workclass": (8, 0.3), "education": (16, 0.6), "marital": (7, 0.4), "occupation": (15, 0.5)}
    shape |= {"relationship": (6, 0.4), "race": (5, 0.2), "sex": (2, 0.2), "capital_gain": (3, 0.3), "capital_loss": (3, 0.2)}
    shape |= {"hours": (4, 0.4), "country": (10, 0.2)}
    columns = {name: column(*how) for name, how in shape.items()}
    y = r.random(n) < 1 / (1 + np.exp(-(1.5 * z - 1.4 + 0.5 * (columns["sex"] == 0))))
    planted = (columns["sex"] == 1) & (columns["race"] == 1)
    predicted = np.where(r.random(n) < np.where(planted, 0.45, 0.12), ~y, y)
    return (
        pd.DataFrame({name: pd.Series(codes).astype(str) for name, codes in columns.items()}),
        y.astype(int),
        predicted.astype(int),
    )


def run() -> list[dict[str, Any]]:
    return [_metrics(), _bootstrap(), _search()]


def _metrics() -> dict[str, Any]:
    features, y, score = audited()
    seconds = alternate(lambda: _ours(features, y, score), lambda: _fairlearn(features, y, score), check=_same_metrics)
    memory, theirs = peak_megabytes("subgroups", "metrics"), peak_megabytes("subgroups", "fairlearn")
    met = seconds[1] / seconds[0] >= 30 and memory <= 100
    note = f"equal to 1e-12; adds {memory:.0f} MB (fairlearn {theirs:.0f} MB); ours counts all 12 metrics with intervals"
    return row(
        "group metrics, 1 M rows × 60 groups × 5 metrics",
        "fairlearn MetricFrame",
        seconds,
        bar="≥ 30 ×, ≤ 100 MB",
        met=met,
        note=note,
    )


def _ours(features: pd.DataFrame, y: np.ndarray, score: np.ndarray) -> Any:
    return group_metrics(y, score, features, by=list(features.columns))


def _fairlearn(features: pd.DataFrame, y: np.ndarray, score: np.ndarray, **bootstrap: Any) -> Any:
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate
    from sklearn.metrics import accuracy_score, precision_score, recall_score

    metrics = dict(zip(FIVE, (accuracy_score, precision_score, recall_score, false_positive_rate, selection_rate), strict=True))
    frame = MetricFrame(metrics=metrics, y_true=y, y_pred=(score >= 0.5).astype(int), sensitive_features=features, **bootstrap)
    return frame.by_group_ci if bootstrap else frame.by_group


def _same_metrics(ours: Any, theirs: Any) -> None:
    frame = ours.to_pandas().set_index(list(theirs.index.names))
    difference = np.abs(frame.loc[theirs.index, list(FIVE)].to_numpy() - theirs[list(FIVE)].to_numpy())
    assert difference.max() < 1e-12, difference.max()


def _bootstrap() -> dict[str, Any]:
    features, y, score = audited()
    groups = group_metrics(y, score, features, by=list(features.columns))
    cells = np.column_stack([groups[name].to_numpy() for name in ("tp", "fp", "tn", "fn")])

    def ours() -> np.ndarray:
        drawn = resample(cells, replicates=200, rng=np.random.default_rng(0))
        return np.stack([np.quantile(rate(drawn, metric), [0.025, 0.975], axis=0) for metric in FIVE])

    ours()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        ends = ours()
        times.append(time.perf_counter() - start)
    few, few_y, few_score = features[:20_000], y[:20_000], score[:20_000]
    start = time.perf_counter()
    theirs = _fairlearn(few, few_y, few_score, n_boot=20, ci_quantiles=[0.025, 0.975], random_state=0)
    peer = (time.perf_counter() - start) / 20 * 200
    small = group_metrics(few_y, few_score, few, by=list(few.columns))
    some = np.column_stack([small[name].to_numpy() for name in ("tp", "fp", "tn", "fn")])
    drawn = rate(resample(some, replicates=200, rng=np.random.default_rng(0)), "accuracy")
    width = np.diff(np.quantile(drawn, [0.025, 0.975], axis=0), axis=0).mean()
    their_width = (theirs[1]["accuracy"] - theirs[0]["accuracy"]).mean()
    assert abs(width / their_width - 1) < 0.3, (width, their_width)
    assert np.isfinite(ends).all()
    note = "fairlearn on 20,000 rows only, 20 replicates scaled to 200; mean width of its intervals equal within 30 %"
    seconds = (median(times), peer)
    return row(
        "200 bootstrap replicates, 1 M rows × 60 groups × 5 metrics",
        "fairlearn",
        seconds,
        bar="≤ 1 s",
        met=seconds[0] <= 1,
        note=note,
    )


def _search() -> dict[str, Any]:
    features, y, predicted = census_like()
    seconds = alternate(
        lambda: _lattice(features, y, predicted), lambda: _divexplorer(features, y, predicted), check=_same_itemsets
    )
    memory, theirs = peak_megabytes("subgroups", "search"), peak_megabytes("subgroups", "divexplorer")
    met = seconds[1] / seconds[0] >= 6 and memory <= theirs / 5
    count = _lattice(features, y, predicted).tested
    note = f"the same {count:,} itemsets, divergence and t equal to 1e-12; adds {memory:.0f} MB (divexplorer {theirs:.0f} MB)"
    return row(
        "subgroup search, 48,842 × 12, support .01",
        "divexplorer",
        seconds,
        bar="≥ 6 ×, same itemsets, ≤ 1/5 the memory",
        met=met,
        note=note,
    )


def _lattice(features: pd.DataFrame, y: np.ndarray, predicted: np.ndarray) -> Any:
    return suggest_groups(
        y, predicted, features, min_support=SUPPORT, max_length=None, redundancy=None, distinct=False, limit=None
    )


def _divexplorer(features: pd.DataFrame, y: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    from divexplorer import DivergenceExplorer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = features.assign(right=(y == predicted).astype(int))
        return DivergenceExplorer(table).get_pattern_divergence(min_support=SUPPORT, boolean_outcomes=["right"])


def _same_itemsets(ours: Any, theirs: pd.DataFrame) -> None:
    expected = {found.itemset: (found.right_div, found.right_t) for found in theirs.itertuples() if found.itemset}
    table = ours.table
    mine = {}
    for items, divergence, t in zip(*(table[name].to_pylist() for name in ("items", "divergence", "t")), strict=True):
        mine[frozenset(f"{item['feature']}={item['value']}" for item in items)] = (divergence, abs(t))
    assert mine.keys() == expected.keys(), (len(mine), len(expected))
    assert max(abs(mine[key][i] - expected[key][i]) for key in mine for i in (0, 1)) < 1e-10


def metrics_memory() -> tuple[Callable[[], Any], Callable[[], Any]]:
    data, few = audited(), audited(1000)
    return lambda: _ours(*data), lambda: _ours(*few)


def fairlearn_memory() -> tuple[Callable[[], Any], Callable[[], Any]]:
    data, few = audited(), audited(1000)
    return lambda: _fairlearn(*data), lambda: _fairlearn(*few)


def search_memory() -> tuple[Callable[[], Any], Callable[[], Any]]:
    data, few = census_like(), census_like(1000)
    return lambda: _lattice(*data), lambda: _lattice(*few)


def divexplorer_memory() -> tuple[Callable[[], Any], Callable[[], Any]]:
    data, few = census_like(), census_like(1000)
    return lambda: _divexplorer(*data), lambda: _divexplorer(*few)
