"""Do the curves of groups agree with scikit-learn's?"""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from underglass.analyses.group_curves import group_curves
from underglass.errors import DataError


@pytest.fixture
def scored():
    r = np.random.default_rng(0)
    g, y = r.choice(["a", "b"], 600), r.integers(0, 2, 600)
    return g, y, np.round(np.clip(0.25 * y + 0.75 * r.random(600), 0, 1), 2)


def test_areas_agree_with_scikit_learn_with_ties(scored):
    g, y, score = scored
    for row in group_curves(y, score, {"g": g}, by="g").areas.to_pylist():
        inside = g == row["g"]
        assert row["auc"] == pytest.approx(roc_auc_score(y[inside], score[inside]), abs=1e-12)
        assert row["average_precision"] == pytest.approx(average_precision_score(y[inside], score[inside]), abs=1e-12)
        assert row["auc_low"] < row["auc"] < row["auc_high"]


def test_points_lie_on_scikit_learns_curves(scored):
    g, y, score = scored
    points = group_curves(y, score, {"g": g}, by="g").points.to_pandas()
    for group, name in enumerate("ab"):
        inside = g == name
        mine = points[points.group == group].set_index("threshold")
        fpr, tpr, thresholds = roc_curve(y[inside], score[inside], drop_intermediate=False)
        assert mine.loc[thresholds, "fpr"].tolist() == pytest.approx(fpr.tolist())
        assert mine.loc[thresholds, "recall"].tolist() == pytest.approx(tpr.tolist())
        precision, _, thresholds = precision_recall_curve(y[inside], score[inside])
        assert mine.loc[thresholds, "precision"].tolist() == pytest.approx(precision[:-1].tolist())


def test_many_scores_are_thinned_to_exact_points_from_nobody_to_everybody():
    r = np.random.default_rng(1)
    y, score = r.integers(0, 2, 5000), r.random(5000)
    points = group_curves(y, score, {"g": np.zeros(5000)}, by="g", points=50).points.to_pandas()
    assert len(points) <= 51
    assert points.selection_rate.iloc[0] == 0
    assert points.selection_rate.iloc[-1] == 1
    middle = points.iloc[20]
    assert middle.tp == np.sum((score >= middle.threshold) & (y == 1))


def test_without_both_classes_there_is_no_area():
    areas = group_curves([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], {"g": list("aabb")}, by="g").areas.to_pylist()
    assert [row["auc"] for row in areas] == [None, None]
    assert [row["average_precision"] for row in areas] == [1, None]


def test_the_interval_of_a_perfect_area_is_not_a_point():
    row = group_curves([0] * 5 + [1] * 5, np.linspace(0, 1, 10), {"g": [0] * 10}, by="g").areas.to_pylist()[0]
    assert row["auc"] == row["auc_high"] == 1
    assert 0.5 < row["auc_low"] < 0.9


def test_the_interval_of_the_area_covers_the_truth():
    r = np.random.default_rng(5)
    groups = 300
    y = np.tile(np.repeat([0, 1], [20, 15]), groups)
    score = 1 / (1 + np.exp(-(r.standard_normal(len(y)) + y)))
    areas = group_curves(y, score, {"g": np.repeat(np.arange(groups), 35)}, by="g").areas
    low, high = areas["auc_low"].to_numpy(), areas["auc_high"].to_numpy()
    truth = 0.7602499389065233  # the normal distribution's Φ(1 / √2)
    assert np.mean((low <= truth) & (truth <= high)) > 0.92


def test_one_point_is_no_curve():
    with pytest.raises(DataError, match="1 points do not make a curve"):
        group_curves([1], [1], {"g": [1]}, by="g", points=1)
