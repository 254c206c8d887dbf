"""Do group metrics agree with fairlearn and scikit-learn, and refuse what has no answer?"""

from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from fairlearn.metrics import MetricFrame, count, false_negative_rate, false_positive_rate, selection_rate, true_negative_rate
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from underglass.analyses.confusion import METRICS
from underglass.analyses.subgroups import group_metrics
from underglass.errors import DataError


def people(n=4000, seed=0):
    r = np.random.default_rng(seed)
    features = {"race": r.choice(["a", "b", "c"], n), "sex": r.choice(["f", "m"], n, p=[0.2, 0.8]), "age": r.integers(0, 4, n)}
    y = r.integers(0, 2, n)
    return features, y, np.clip(0.3 * y + 0.7 * r.random(n), 0, 1)


def rows_by(table, *names):
    return {tuple(row[name] for name in names): row for row in table.to_pylist()}


def test_every_metric_agrees_with_fairlearn_and_scikit_learn():
    features, y, score = people()
    flags = (score >= 0.5).astype(int)
    peers = {
        "size": count,
        "accuracy": accuracy_score,
        "precision": precision_score,
        "recall": recall_score,
        "specificity": true_negative_rate,
        "fpr": false_positive_rate,
        "fnr": false_negative_rate,
        "selection_rate": selection_rate,
        "f1": f1_score,
        "npv": lambda t, p: precision_score(1 - t, 1 - p),
        "fdr": lambda t, p: 1 - precision_score(t, p),
        "for": lambda t, p: 1 - precision_score(1 - t, 1 - p),
        "base_rate": lambda t, p: t.mean(),
    }
    frame = MetricFrame(metrics=peers, y_true=y, y_pred=flags, sensitive_features=pd.DataFrame(features)).by_group
    ours = rows_by(group_metrics(y, score, features, by=["race", "sex", "age"]), "race", "sex", "age")
    assert set(ours) == set(frame.index)
    for group, theirs in frame.iterrows():
        for metric in peers:
            assert ours[group][metric] == pytest.approx(theirs[metric], abs=1e-12)


def test_a_rate_of_nothing_is_null_and_never_zero():
    row = group_metrics([0, 0, 0], [0.9, 0.1, 0.2], {"g": ["x"] * 3}, by="g").to_pylist()[0]
    assert row["recall"] is None
    assert row["fnr"] is None
    assert row["recall_low"] is None
    assert row["precision"] == 0
    nobody = group_metrics([0, 1], [0.9, 0.1], {"g": ["x"] * 2}, by="g", threshold=1.1).to_pylist()[0]
    assert nobody["precision"] is None
    assert nobody["selection_rate"] == 0


def test_f1_is_null_only_without_true_or_predicted_positives():
    nothing = group_metrics([0, 0], [0.1, 0.1], {"g": ["x"] * 2}, by="g").to_pylist()[0]
    assert nothing["f1"] is None
    assert nothing["f1_high"] is None
    missed = group_metrics([1, 0], [0.1, 0.1], {"g": ["x"] * 2}, by="g").to_pylist()[0]
    assert missed["f1"] == 0


def test_intervals_of_rates_are_wilsons():
    features, y, score = people(300)
    for row in group_metrics(y, score, features, by="race").to_pylist():
        theirs = binomtest(row["tp"], row["tp"] + row["fn"]).proportion_ci(method="wilson")
        assert (row["recall_low"], row["recall_high"]) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_every_metric_lies_within_its_interval():
    features, y, score = people(200)
    for row in group_metrics(y, score, features, by=["race", "sex", "age"]).to_pylist():
        for metric in METRICS:
            if row[metric] is not None:
                assert 0 <= row[f"{metric}_low"] <= row[metric] <= row[f"{metric}_high"] <= 1


def test_the_bootstrap_of_f1_covers_the_truth():
    share = np.array([0.05, 0.05, 0.85, 0.05])
    truth = 2 * share[0] / (2 * share[0] + share[1] + share[3])
    cells = np.random.default_rng(1).multinomial(60, share, size=400)
    y = np.concatenate([np.repeat([1, 0, 0, 1], c) for c in cells])
    score = np.concatenate([np.repeat([1.0, 1, 0, 0], c) for c in cells])
    table = group_metrics(y, score, {"g": np.repeat(np.arange(400), 60)}, by="g", replicates=400)
    low, high = (table[f"f1_{end}"].to_numpy() for end in ("low", "high"))
    assert np.mean((low <= truth) & (truth <= high)) > 0.92


def test_a_missing_value_is_a_group_of_its_own_and_the_last():
    table = group_metrics([1, 0, 1, 1], [1, 1, 1, 0], {"g": ["b", None, "a", None]}, by="g")
    assert table["g"].to_pylist() == ["a", "b", None]
    assert table["size"].to_pylist() == [1, 1, 2]
    assert group_metrics([1, 0], [1, 1], {"g": np.array([np.nan, 2.5])}, by="g")["g"].to_pylist() == [2.5, None]


def test_marginals_hold_every_subset_of_the_features_and_add_up():
    features, y, score = people(500)
    table = group_metrics(y, score, features, by=["race", "sex"], marginals=True)
    assert table.slice(0, 1).to_pylist()[0]["size"] == 500
    levels = {tuple(row["grouped_by"]) for row in table.to_pylist()}
    assert levels == {(), ("race",), ("sex",), ("race", "sex")}
    for level in levels:
        assert sum(row["tp"] for row in table.to_pylist() if tuple(row["grouped_by"]) == level) == np.sum(
            (y == 1) & (score >= 0.5)
        )
    alone = group_metrics(y, score, features, by="race", replicates=10)
    within = [row for row in table.to_pylist() if row["grouped_by"] == ["race"]]
    assert [row["accuracy"] for row in within] == alone["accuracy"].to_pylist()


def test_only_intersections_that_occur_have_a_row():
    table = group_metrics([1, 0], [1, 0], {"a": ["x", "y"], "b": [1, 2]}, by=["a", "b"])
    assert table.select(["a", "b"]).to_pylist() == [{"a": "x", "b": 1}, {"a": "y", "b": 2}]


def test_the_kind_of_table_does_not_matter():
    features, y, score = people(100)
    kinds = [features, pd.DataFrame(features), pl.DataFrame(features), pa.table(features), pa.RecordBatch.from_pydict(features)]
    first, *others = [group_metrics(y, score, kind, by=["race", "age"]) for kind in kinds]
    assert all(other.to_pylist() == first.to_pylist() for other in others)


def test_the_kind_of_column_does_not_matter():
    features, y, score = people(100)
    first = group_metrics(y, score, features, by="race").to_pylist()
    for kind in (list, pd.Series, pl.Series, pa.array, torch.tensor):
        assert group_metrics(kind(y), kind(score), features, by="race").to_pylist() == first
    assert group_metrics(y.astype(bool), score.astype(np.float64), features, by="race").to_pylist() == first
    assert group_metrics(pd.Series(y, dtype="category"), score, features, by="race").to_pylist() == first


def test_declared_order_of_categories_is_kept_and_text_with_numbers_sorts_by_number():
    ages = pd.Categorical(["old", "young", "mid"], categories=["young", "mid", "old"], ordered=True)
    assert group_metrics([1, 0, 1], [1, 0, 1], pd.DataFrame({"age": ages}), by="age")["age"].to_pylist() == [
        "young",
        "mid",
        "old",
    ]
    bands = group_metrics([1, 0, 1], [1, 0, 1], {"age": ["10-19", "9", "100+"]}, by="age")
    assert bands["age"].to_pylist() == ["9", "10-19", "100+"]


def test_numbers_can_be_put_into_bins_by_edges_or_by_count():
    ages = {"age": [18.0, 25, 44, 45, 90, None]}
    table = group_metrics([1] * 6, [1.0] * 6, ages, by="age", bins={"age": [25, 45]})
    assert table.select(["age", "size"]).to_pylist() == [
        {"age": "below 25", "size": 1},
        {"age": "25 to below 45", "size": 2},
        {"age": "45 and above", "size": 2},
        {"age": None, "size": 1},
    ]
    counted = group_metrics(np.zeros(100), np.zeros(100), {"x": np.arange(100)}, by="x", bins={"x": 4})
    assert counted["size"].to_pylist() == [25, 25, 25, 25]


def test_every_instance_may_have_a_threshold_of_its_own():
    score = np.array([0.3, 0.6, 0.3, 0.6])
    table = group_metrics([1, 1, 1, 1], score, {"g": list("aabb")}, by="g", threshold=[0.2, 0.2, 0.7, 0.7])
    assert table["recall"].to_pylist() == [1, 0]


def test_a_score_at_the_threshold_is_positive():
    assert group_metrics([1], [0.5], {"g": ["a"]}, by="g")["tp"].to_pylist() == [1]


def test_the_positive_value_may_be_named():
    table = group_metrics(["yes", "no", "yes"], [0.9, 0.1, 0.2], {"g": ["a"] * 3}, by="g", positive="yes")
    assert table.select(["tp", "fp", "tn", "fn"]).to_pylist() == [{"tp": 1, "fp": 0, "tn": 1, "fn": 1}]


def test_one_class_alone_is_no_error():
    table = group_metrics([1, 1], [0.9, 0.1], {"g": ["a", "b"]}, by="g")
    assert table["specificity"].to_pylist() == [None, None]


def test_a_feature_with_thirty_thousand_values_is_counted_exactly():
    n = 30_000
    y = np.arange(n) % 2
    table = group_metrics(y, y.astype(float), {"id": np.arange(n), "g": np.arange(n) % 7}, by=["id", "g"], marginals=True)
    assert table.num_rows == 1 + n + 7 + n


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_score": [0.1, 1.7]}, "y_score must lie between 0 and 1; instance 1 has 1.7. Logits need a sigmoid"),
        ({"y_score": [0.1, None]}, "1 of 2 values of y_score are missing, the first for instance 1"),
        ({"y_true": [0, None]}, "1 of 2 values of y_true are missing"),
        ({"y_true": ["no", "yes"]}, "y_true holds 'no', 'yes', not 0 and 1; say which is positive"),
        ({"y_true": [0, 2]}, "y_true holds 0, 2, not 0 and 1"),
        ({"y_true": ["a", "b"], "positive": "c"}, "y_true never holds the positive value 'c'; it holds 'a', 'b'."),
        ({"y_true": [0, 1, 1]}, "lengths differ: y_true 3, y_score 2, features 2."),
        ({"by": "rase"}, "no feature named 'rase'; did you mean 'race'?"),
        ({"by": []}, "no feature to group by"),
        ({"by": ["race", "race"]}, "feature 'race' is given twice."),
        ({"by": "size", "features": {"size": [1, 2]}}, "a feature named 'size' would hide the result's own column"),
        ({"confidence": 95}, "confidence must lie between 0 and 1; got 95."),
        ({"threshold": float("nan")}, "the threshold is not a number."),
        ({"threshold": [0.1, 0.2, 0.3]}, "threshold has shape (3,)"),
        ({"bins": {"race": 3}}, "feature 'race' holds string, not numbers"),
        ({"by": "l", "features": {"l": [[1], [2]]}}, "feature 'l' holds lists or records"),
        ({"by": "m", "features": {"m": [1, "a"]}}, "feature 'm' mixes kinds of values"),
        ({"features": {"race": ["a", "b"], "sex": ["f"]}}, "features differ in length: race 2, sex 1."),
        ({"features": np.zeros((2, 3))}, "features need names"),
        ({"y_true": [], "y_score": [], "features": {"race": []}}, "there are no instances."),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(change, message):
    arguments = {"y_true": [0, 1], "y_score": [0.1, 0.9], "features": {"race": ["a", "b"]}, "by": "race"} | change
    with pytest.raises(DataError) as error:
        group_metrics(arguments.pop("y_true"), arguments.pop("y_score"), arguments.pop("features"), **arguments)
    assert message in str(error.value)


def test_columns_come_in_the_promised_order():
    names = group_metrics([0, 1], [0.1, 0.9], {"b": [1, 1], "a": [2, 2]}, by=["a", "b"]).column_names
    assert names[:7] == ["a", "b", "size", "tp", "fp", "tn", "fn"]
    assert tuple(names[7:19]) == METRICS
    assert set(names[19:]) == {f"{metric}_{end}" for metric, end in product(METRICS, ("low", "high"))}
