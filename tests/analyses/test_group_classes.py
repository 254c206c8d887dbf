"""Do one-vs-rest and macro metrics of groups agree with scikit-learn?"""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from underglass.analyses.group_classes import group_class_metrics
from underglass.analyses.subgroups import group_metrics
from underglass.errors import DataError


@pytest.fixture
def classified():
    r = np.random.default_rng(0)
    classes = ["cat", "dog", "eel", "fox"]
    true = r.choice(classes, 800)
    predicted = np.where(r.random(800) < 0.6, true, r.choice(classes, 800))
    return {"g": r.choice(["a", "b"], 800), "h": r.choice([1, 2, 3], 800)}, true, predicted


def test_macro_averages_agree_with_scikit_learn(classified):
    features, true, predicted = classified
    for row in group_class_metrics(true, predicted, features, by=["g", "h"]).macro.to_pylist():
        inside = (features["g"] == row["g"]) & (features["h"] == row["h"])
        for metric, peer in [("precision", precision_score), ("recall", recall_score), ("f1", f1_score)]:
            assert row[metric] == pytest.approx(peer(true[inside], predicted[inside], average="macro"), abs=1e-12)
            assert row[f"{metric}_low"] <= row[metric] <= row[f"{metric}_high"]
        assert row["accuracy"] == np.mean(true[inside] == predicted[inside])


def test_each_class_against_the_rest_is_the_two_class_question(classified):
    features, true, predicted = classified
    per_class = group_class_metrics(true, predicted, features, by="g").per_class
    for name in ("cat", "fox"):
        alone = group_metrics(true == name, predicted == name, features, by="g", replicates=200)
        rows = [{k: v for k, v in row.items() if k != "class"} for row in per_class.to_pylist() if row["class"] == name]
        without_bootstrap = [name for name in alone.column_names if not name.startswith("f1_")]
        assert [{k: row[k] for k in without_bootstrap} for row in rows] == alone.select(without_bootstrap).to_pylist()


def test_a_class_that_a_group_lacks_is_left_out_of_its_mean():
    true, predicted = ["x", "x", "y", "z"], ["x", "y", "y", "z"]
    macro = group_class_metrics(true, predicted, {"g": list("aaab")}, by="g").macro.to_pylist()
    assert macro[0]["recall"] == pytest.approx((0.5 + 1) / 2)
    assert macro[0]["recall_classes"] == 2
    assert macro[1]["recall_classes"] == 1
    assert macro[1]["specificity"] == 1
    zeros = recall_score(true[:3], predicted[:3], labels=["x", "y", "z"], average="macro", zero_division=np.nan)
    assert macro[0]["recall"] == pytest.approx(zeros)


def test_probabilities_choose_their_highest_class():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    result = group_class_metrics(["u", "v"], probabilities, {"g": [1, 1]}, by="g", classes=["u", "v", "w"])
    assert result.classes == ("u", "v", "w")
    assert result.macro["correct"].to_pylist() == [1]


def test_cells_add_up_to_the_confusion_matrix_at_every_margin(classified):
    features, true, predicted = classified
    result = group_class_metrics(true, predicted, features, by=["g", "h"], marginals=True, replicates=20)
    everyone = [row for row in result.per_class.to_pylist() if row["grouped_by"] == []]
    matrix = confusion_matrix(true, predicted)
    assert [row["tp"] for row in everyone] == matrix.diagonal().tolist()
    assert [row["fn"] for row in everyone] == (matrix.sum(axis=1) - matrix.diagonal()).tolist()
    assert [row["fp"] for row in everyone] == (matrix.sum(axis=0) - matrix.diagonal()).tolist()


def test_the_interval_of_an_average_covers_the_truth():
    r = np.random.default_rng(2)
    groups, n = 200, 90
    true = r.integers(0, 3, groups * n)
    predicted = np.where(r.random(len(true)) < 0.7, true, (true + 1) % 3)
    macro = group_class_metrics(true, predicted, {"g": np.repeat(np.arange(groups), n)}, by="g").macro
    low, high = macro["recall_low"].to_numpy(), macro["recall_high"].to_numpy()
    assert np.mean((low <= 0.7) & (high >= 0.7)) > 0.9


def test_more_than_a_hundred_classes_are_averaged_too():
    r = np.random.default_rng(4)
    true = r.integers(0, 150, 2000)
    predicted = np.where(r.random(2000) < 0.8, true, r.integers(0, 150, 2000))
    row = group_class_metrics(true, predicted, {"g": np.zeros(2000)}, by="g", replicates=50).macro.to_pylist()[0]
    assert row["recall"] == pytest.approx(recall_score(true, predicted, average="macro"))
    assert row["recall_low"] < row["recall"] < row["recall_high"]


@pytest.mark.parametrize(
    ("true", "predicted", "classes", "message"),
    [
        (["a", "b"], ["a", "x"], ["a", "b"], "y_pred: no class named 'x'"),
        ([0, 1], np.zeros((2, 3)), ["a", "b"], "y_pred has 3 columns for 2 classes."),
        ([0, 1], np.full((2, 3), np.nan), None, "y_pred holds probabilities that are missing"),
        ([0, None], [0, 1], None, "1 of 2 values of y_true are missing"),
    ],
)
def test_classes_that_do_not_fit_are_named(true, predicted, classes, message):
    with pytest.raises(DataError) as error:
        group_class_metrics(true, predicted, {"g": [1, 1]}, by="g", classes=classes)
    assert message in str(error.value)
