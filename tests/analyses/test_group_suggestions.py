"""Do planted groups come first, and none where outcomes are shuffled?"""

import numpy as np
import pandas as pd
import pytest
from divexplorer import DivergenceExplorer, DivergencePatternProcessor
from scipy.stats import false_discovery_control

from underglass.analyses.group_suggestions import suggest_groups, suggest_groups_by
from underglass.analyses.subgroups import group_metrics
from underglass.errors import DataError

WAYS = ("lattice", "clusters", "tree")


def planted(n=6000, seed=0):
    """Five correlated features, and predictions that are wrong three times as often for women of race b."""
    r = np.random.default_rng(seed)
    z = r.normal(size=n)
    features = {
        "race": np.where(r.random(n) < 0.25, "b", "a"),
        "sex": np.where(r.random(n) < 0.4, "f", "m"),
        "age": np.clip(40 + 8 * z + r.normal(0, 6, n), 18, 90),
        "job": r.choice(["w", "x", "y", "z"], n),
        "rank": np.clip(np.round(2 + z + r.normal(0, 1, n)), 0, 4).astype(int),
    }
    bad = (features["race"] == "b") & (features["sex"] == "f")
    y = r.integers(0, 2, n)
    wrong = r.random(n) < np.where(bad, 0.45, 0.15)
    return features, y, np.where(wrong, 1 - y, y), bad


@pytest.mark.parametrize("how", ["lattice", "tree"])
def test_the_planted_group_comes_first_and_alone_is_kept(how):
    features, y, predicted, bad = planted()
    groups = suggest_groups(y, predicted, features, how=how)
    assert set(groups.rows(0)) == set(np.flatnonzero(bad))
    top = groups.table.slice(0, 1).to_pylist()[0]
    assert sorted(top["group"].split(", ")) == ["race = b", "sex = f"]
    assert top["q"] < 1e-20
    assert top["value"] == pytest.approx(np.mean(y[bad] == predicted[bad]))
    worse = [row for row in groups.table.to_pylist() if row["divergence"] < 0 and row["q"] < 0.05]
    assert len(worse) == 1


def test_two_planted_groups_are_both_kept_and_their_echoes_are_not():
    features, y, predicted, bad = planted()
    second = (features["job"] == "z") & (features["rank"] == 1) & ~bad
    r = np.random.default_rng(9)
    predicted = np.where(second & (r.random(len(y)) < 0.35), 1 - predicted, predicted)
    told = [row["group"] for row in suggest_groups(y, predicted, features).table.to_pylist() if row["q"] < 0.001]
    assert told == ["race = b, sex = f", "job = z, rank = 1"]


def test_clusters_find_the_planted_group_where_it_is_a_cluster():
    features, y, predicted, bad = planted()
    few = {name: features[name] for name in ("race", "sex")}
    groups = suggest_groups(y, predicted, few, how="clusters", clusters=4)
    assert set(groups.rows(0)) == set(np.flatnonzero(bad))
    top = groups.table["items"][0].as_py()
    assert {(item["feature"], item["value"], item["share"], item["entropy"]) for item in top} == {
        ("race", "b", 1.0, 0.0),
        ("sex", "f", 1.0, 0.0),
    }
    assert groups.filter(0) is None


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("seed", range(4))
def test_shuffled_outcomes_give_no_significant_group(how, seed):
    features, y, predicted, _ = planted()
    wrong = np.random.default_rng(seed).permutation(y != predicted)
    groups = suggest_groups_by(wrong, features, how=how, limit=None)
    assert min(groups.table["q"].to_pylist()) > 0.05


@pytest.mark.parametrize("metric", ["accuracy", "recall", "fpr", "precision", "f1", "fnr", "selection_rate"])
def test_values_are_those_of_group_metrics(metric):
    features, y, predicted, _ = planted(800)
    groups = suggest_groups(y, predicted, features, metric=metric, redundancy=None, distinct=False, limit=None, max_length=2)
    known = group_metrics(y, predicted, features, by=["race", "sex"], marginals=True, replicates=10).to_pylist()
    rows = {row["group"]: row for row in groups.table.to_pylist()}
    assert groups.overall == pytest.approx(known[0][metric])
    for row in known[1:]:
        name = ", ".join(f"{feature} = {row[feature]}" for feature in row["grouped_by"])
        assert rows[name]["value"] == pytest.approx(row[metric])
        assert rows[name]["size"] == row["size"]
        assert rows[name]["divergence"] == pytest.approx(row[metric] - known[0][metric])


def test_error_rates_list_the_highest_first_and_scores_of_merit_the_lowest():
    features, y, predicted, _ = planted()
    for metric, sign in [("fnr", -1), ("recall", 1), ("accuracy", 1)]:
        values = suggest_groups(y, predicted, features, how="clusters", clusters=8, metric=metric).table["value"].to_pylist()
        assert values == sorted(values, key=lambda value: sign * value)
    by_t = suggest_groups(y, predicted, features, metric="fpr", limit=None, distinct=False).table["t"].to_pylist()
    assert by_t == sorted(by_t, reverse=True)


def test_q_counts_every_group_searched_and_not_only_those_shown():
    features, y, predicted, _ = planted(1500)
    everything = suggest_groups(y, predicted, features, redundancy=None, distinct=False, limit=None)
    q = np.array(everything.table["q"].to_pylist())
    assert everything.tested == len(q)
    assert q == pytest.approx(false_discovery_control(everything.table["p"].to_numpy()))
    assert suggest_groups(y, predicted, features).table["q"][0] == everything.table["q"][0]


def test_t_is_the_published_one():
    features, y, predicted, _ = planted(1500)
    groups = suggest_groups(y, predicted, features, redundancy=None, distinct=False, limit=None)
    right = int((y == predicted).sum())

    def beta(k, n):
        a, b = k + 1, n - k + 1
        return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))

    centre, spread = beta(right, 1500)
    for row in groups.table.slice(0, 40).to_pylist():
        mean, variance = beta(row["count"], row["of"])
        assert row["t"] == pytest.approx((mean - centre) / np.sqrt(variance + spread))


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_divexplorer_finds_the_same_itemsets_with_the_same_divergence_and_t_and_prunes_alike():
    features, y, predicted, _ = planted(400)
    text = {name: features[name].astype(str) for name in ("race", "sex", "job", "rank")}
    found = DivergenceExplorer(pd.DataFrame(text | {"right": (y == predicted).astype(int)}))
    theirs = found.get_pattern_divergence(min_support=0.02, boolean_outcomes=["right"])
    expected = {row.itemset: (row.right_div, row.right_t) for row in theirs.itertuples() if row.itemset}
    settings = {"min_support": 0.02, "max_length": None, "distinct": False, "limit": None}

    def itemset(row):
        return frozenset(f"{item['feature']}={item['value']}" for item in row["items"])

    ours = suggest_groups(y, predicted, text, redundancy=None, **settings).table.to_pylist()
    assert {itemset(row) for row in ours} == set(expected)
    for row in ours:
        assert (row["divergence"], abs(row["t"])) == pytest.approx(expected[itemset(row)], abs=1e-12)
    kept = DivergencePatternProcessor(theirs, "right").redundancy_pruning(th_redundancy=0.03).itemset
    assert {itemset(row) for row in suggest_groups(y, predicted, text, redundancy=0.03, **settings).table.to_pylist()} == set(
        kept
    ) - {frozenset()}


def test_contributions_add_up_to_the_divergence():
    features, y, predicted, _ = planted()
    for row in suggest_groups(y, predicted, features, distinct=False).table.to_pylist():
        assert sum(item["contribution"] for item in row["items"]) == pytest.approx(row["divergence"])


@pytest.mark.parametrize("how", ["lattice", "tree"])
def test_the_filter_holds_for_exactly_the_rows(how):
    features, y, predicted, _ = planted(2000)
    features["age"][::50] = np.nan
    groups = suggest_groups(y, predicted, features, how=how, limit=None)

    def holds(tree):
        if tree["op"] in ("and", "or"):
            return (np.all if tree["op"] == "and" else np.any)([holds(term) for term in tree["terms"]], axis=0)
        column = features[tree["column"]]
        if tree["op"] == "null":
            return np.isnan(column)
        return {"=": np.equal, ">=": np.greater_equal, "<": np.less}[tree["is"]](column, tree["value"])

    for group in range(groups.table.num_rows):
        assert np.array_equal(np.flatnonzero(holds(groups.filter(group))), groups.rows(group))


def test_leaves_cover_everyone_once_and_nodes_add_up():
    features, y, predicted, _ = planted()
    groups = suggest_groups(y, predicted, features, how="tree")
    assert sum(groups.table["size"].to_pylist()) == len(y)
    assert np.bincount(groups.members).tolist() == groups.table["size"].to_pylist()
    nodes = groups.nodes.to_pylist()
    assert nodes[0]["value"] == groups.overall
    for place, node in enumerate(nodes):
        children = [other for other in nodes if other["parent"] == place]
        assert (node["leaf"] is None) == bool(children)
        if children:
            assert sum(child["size"] for child in children) == node["size"]
        else:
            assert groups.table["value"][node["leaf"]].as_py() == node["value"]
    assert max(node["depth"] for node in nodes) <= 3


def test_a_number_as_outcome_is_tested_by_its_mean():
    features, _, _, bad = planted()
    loss = np.random.default_rng(0).exponential(1, len(bad)) + 0.5 * bad
    groups = suggest_groups_by(loss, features, worse="higher")
    assert set(groups.rows(0)) == set(np.flatnonzero(bad))
    top = groups.table.slice(0, 1).to_pylist()[0]
    assert top["count"] is None
    assert top["value"] == pytest.approx(loss[bad].mean())
    assert top["value_low"] < top["value"] < top["value_high"]
    assert suggest_groups_by(-loss, features, worse="lower").table["group"][0] == groups.table["group"][0]


def test_label_prediction_and_score_are_never_features():
    features, y, predicted, _ = planted(1000)
    score = np.clip(0.5 + (predicted - 0.5) * np.random.default_rng(0).random(1000), 0, 1)
    spoiled = features | {
        "outcome": np.where(y == 1, "paid", "not"),
        "decile": score * 10,
        "constant": ["x"] * 1000,
        "id": [f"n{i}" for i in range(1000)],
    }
    assert dict(suggest_groups(y, score, spoiled).left_out) == {
        "outcome": "says the label",
        "decile": "says the score",
        "constant": "holds one value only",
        "id": "holds a different value for every instance",
    }
    assert ("said", "says the prediction") in suggest_groups(y, predicted, features | {"said": predicted.astype(bool)}).left_out


def test_a_missing_value_is_searched_like_any_other():
    features, y, predicted, _ = planted()
    features["race"] = np.where(features["race"] == "b", None, features["race"])
    assert suggest_groups(y, predicted, features).table["group"][0].as_py() == "race = missing, sex = f"


def test_the_same_seed_gives_the_same_groups():
    features, y, predicted, _ = planted(1000)
    for how in WAYS:
        assert suggest_groups(y, predicted, features, how=how).table.equals(suggest_groups(y, predicted, features, how=how).table)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metric": "acuracy"}, "no metric named 'acuracy'; did you mean 'accuracy'?"),
        ({"how": "forest"}, "no way to find groups named 'forest'"),
        ({"clusters": 3}, "no setting of lattice named 'clusters'"),
        ({"how": "clusters", "clusters": 5000}, "clusters must be between 1 and the 60 instances; got 5000."),
        ({"how": "tree", "depth": 0}, "a tree needs depth 1 and 2 leaves at least"),
        ({"order": "size"}, "no order named 'size'"),
        ({"bins": {"agee": 3}}, "no feature named 'agee'; did you mean 'age'?"),
        ({"threshold": 1.5, "metric": "precision"}, "precision is defined for nobody: 0 of 60 instances count."),
    ],
)
def test_settings_that_make_no_sense_are_named(settings, message):
    features, y, predicted, _ = planted(60)
    with pytest.raises(DataError) as error:
        suggest_groups(y, predicted, features, **settings)
    assert message in str(error.value)


def test_without_a_feature_to_search_the_reasons_are_told():
    with pytest.raises(DataError, match=r"no feature is left to search: x holds one value only\."):
        suggest_groups([0, 1], [0, 1], {"x": [1, 1]})
    with pytest.raises(DataError, match="outcome is infinite for instance 1"):
        suggest_groups_by([0.5, np.inf], {"x": [1, 2]})
    with pytest.raises(DataError, match="no direction named 'up'"):
        suggest_groups_by([0, 1], {"x": [1, 2]}, worse="up")
