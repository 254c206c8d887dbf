"""Do differences between groups agree with fairlearn, and do their intervals hold what they promise?"""

import numpy as np
import pytest
from fairlearn.metrics import (
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    equalized_odds_ratio,
)

from underglass.analyses.confusion import METRICS
from underglass.analyses.group_gaps import compare_groups, fairness_gaps
from underglass.analyses.subgroups import group_metrics
from underglass.errors import DataError


@pytest.fixture
def audited():
    r = np.random.default_rng(3)
    g, y = r.choice(list("abc"), 3000), r.integers(0, 2, 3000)
    score = np.clip(0.3 * y + 0.7 * r.random(3000) - 0.1 * (g == "a"), 0, 1)
    return g, y, score, group_metrics(y, score, {"g": g}, by="g")


def by_criterion(gaps):
    return {row["criterion"]: row for row in gaps.to_pylist()}


def test_criteria_agree_with_fairlearn(audited):
    g, y, score, groups = audited
    flags = (score >= 0.5).astype(int)
    ours = by_criterion(fairness_gaps(groups))
    for criterion, value, peer in [
        ("demographic_parity", "difference", demographic_parity_difference),
        ("demographic_parity", "ratio", demographic_parity_ratio),
        ("equal_opportunity", "difference", equal_opportunity_difference),
        ("equalized_odds", "difference", equalized_odds_difference),
        ("equalized_odds", "ratio", equalized_odds_ratio),
    ]:
        assert ours[criterion][value] == pytest.approx(peer(y, flags, sensitive_features=g), abs=1e-12)
    assert groups["g"][ours["demographic_parity"]["lowest"]].as_py() == "a"


def test_redrawing_cells_agrees_with_redrawing_instances(audited):
    g, y, score, groups = audited
    right, r = (score >= 0.5) == y, np.random.default_rng(0)
    drawn = []
    for _ in range(1000):
        rows = r.integers(0, len(y), len(y))
        share = [right[rows][g[rows] == name].mean() for name in "abc"]
        drawn.append(max(share) - min(share))
    ours = by_criterion(fairness_gaps(groups, replicates=4000))["accuracy"]
    assert (ours["difference_low"], ours["difference_high"]) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.006)


def test_groups_without_a_rate_are_left_out_of_its_gap_alone():
    groups = group_metrics([1, 1, 0, 0, 0], [1, 0, 1, 0, 0], {"g": list("aabbc")}, by="g")
    ours = by_criterion(fairness_gaps(groups))
    assert ours["recall"]["difference"] is None
    assert ours["recall"]["compared"] == 1
    assert ours["accuracy"]["compared"] == 3


def test_small_groups_can_be_left_out():
    groups = group_metrics([1] * 11, [1.0] * 10 + [0.0], {"g": ["a"] * 5 + ["b"] * 5 + ["c"]}, by="g")
    assert by_criterion(fairness_gaps(groups))["recall"]["difference"] == 1
    assert by_criterion(fairness_gaps(groups, min_size=2))["recall"]["difference"] == 0


def test_one_group_against_another_and_against_the_rest(audited):
    _, _, _, groups = audited
    rows = groups.to_pylist()
    pair = {row["metric"]: row for row in compare_groups(groups, 0, 2).to_pylist()}
    assert list(pair) == list(METRICS)
    for metric, row in pair.items():
        assert row["gap"] == pytest.approx(rows[0][metric] - rows[2][metric])
        assert row["gap_low"] <= row["gap"] <= row["gap_high"]
    assert (pair["recall"]["a_count"], pair["recall"]["a_of"]) == (rows[0]["tp"], rows[0]["tp"] + rows[0]["fn"])
    assert pair["selection_rate"]["clear"] is True
    rest = {row["metric"]: row for row in compare_groups(groups, 0).to_pylist()}
    assert rest["accuracy"]["b_of"] == sum(row["size"] for row in rows[1:])


def test_the_interval_of_a_gap_covers_the_truth_for_a_small_and_a_large_group():
    r = np.random.default_rng(0)
    small, large = r.binomial(20, 0.1, 150), r.binomial(200, 0.3, 150)
    covered = []
    for k, m in zip(small, large, strict=True):
        score = np.concatenate([np.repeat([1.0, 0.0], [k, 20 - k]), np.repeat([1.0, 0.0], [m, 200 - m])])
        groups = group_metrics(np.ones(220), score, {"g": ["a"] * 20 + ["b"] * 200}, by="g", replicates=10)
        row = compare_groups(groups, 0, 1, replicates=400).slice(METRICS.index("recall"), 1).to_pylist()[0]
        covered.append(row["gap_low"] <= -0.2 <= row["gap_high"])
    assert np.mean(covered) > 0.9


def test_levels_may_not_be_mixed_and_rows_must_exist():
    table = group_metrics([1, 0], [1, 0], {"g": ["a", "b"]}, by="g", marginals=True)
    with pytest.raises(DataError, match="groups of different levels overlap"):
        fairness_gaps(table)
    assert compare_groups(table, 1, 0).num_rows == len(METRICS)
    with pytest.raises(DataError, match="there is no group 7; rows are numbered 0 to 2"):
        compare_groups(table, 7, 0)
    with pytest.raises(DataError, match="it has no column tp, fp, tn, fn"):
        fairness_gaps(table.select(["g"]))
