"""Are counts, metrics, gaps and intervals of associations right, by hand, by scipy and by their invariants?"""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
from scipy.stats import kendalltau

from underglass.analyses.association_metrics import METRICS, REASONS
from underglass.analyses.associations import Associations, associate
from underglass.errors import DataError


def tagged(n=400, labels=12, seed=0):
    r = np.random.default_rng(seed)
    return r.random((n, labels)) < np.linspace(0.5, 0.02, labels)


def by_hand(x, y):
    n = len(x)
    a, b, j = x.sum() / n, y.sum() / n, (x & y).sum() / n
    log = lambda v: math.log(v) if v > 0 else -math.inf  # noqa: E731
    pmi = log(j / (a * b))
    return {
        "dp": j / a,
        "jaccard": j / (a + b - j),
        "sdc": j / (a + b),
        "llr": log(j / b),
        "pmi": pmi,
        "npmi_y": pmi / -math.log(b),
        "npmi_xy": pmi / -math.log(j) if j else -1,
        "pmi2": log(j * j / (a * b)),
        "tau_b": kendalltau(x, y).statistic,
        "t_test": (j - a * b) / math.sqrt(a * b),
    }


def test_every_metric_is_what_the_formula_and_scipy_say():
    matrix = tagged()
    found = associate(matrix, [0, 3, 11])
    for i, x in enumerate((0, 3, 11)):
        for y in range(12):
            if y == x or not (matrix[:, x] & matrix[:, y]).any():
                continue
            expected = by_hand(matrix[:, x], matrix[:, y])
            assert {metric: found.value(metric)[i, y] for metric in METRICS} == pytest.approx(expected, abs=1e-12)


def test_all_shapes_of_input_count_the_same():
    matrix = tagged()
    shuffled = np.random.default_rng(0).permutation(np.argwhere(matrix).repeat(2, axis=0))  # every entry twice, in any order
    names = [f"l{i:02}" for i in range(12)]
    lists = [[names[label] for label in np.flatnonzero(row)] for row in matrix]
    shapes = [
        matrix.astype(np.int8),
        matrix.astype(np.float32),
        scipy.sparse.csr_array(matrix),
        scipy.sparse.csc_array(matrix.astype(float)),
        scipy.sparse.coo_array(matrix),
        scipy.sparse.coo_matrix((np.ones(len(shuffled), bool), tuple(shuffled.T)), shape=matrix.shape),
        [np.flatnonzero(row).tolist() for row in matrix],
        lists,
        [row + row for row in lists],
        [set(row) for row in lists],
        pa.array(lists),
        pa.chunked_array([pa.array(lists[:100]), pa.array(lists[100:])]),
        pd.Series(lists),
    ]
    first = associate(matrix, [2, 5])
    for shape in shapes:
        other = associate(shape, [2, 5])
        assert np.array_equal(other.joint, first.joint)
        assert np.array_equal(other.label_count, matrix.sum(axis=0))
        assert np.array_equal(other.identity_count, matrix[:, [2, 5]].sum(axis=0))
        assert other.items == len(matrix)
    assert np.array_equal(first.joint, matrix[:, [2, 5]].T.astype(int) @ matrix)


def test_scores_become_sets_by_a_threshold_or_by_the_highest():
    score = np.random.default_rng(0).random((50, 6))
    for shape in (score, scipy.sparse.csr_array(score), scipy.sparse.coo_array(score)):
        assert np.array_equal(associate(shape, [0], threshold=0.7).joint, associate(score >= 0.7, [0]).joint)
    best = np.zeros((50, 6), bool)
    best[np.arange(50)[:, None], np.argsort(-score, axis=1)[:, :2]] = True
    assert np.array_equal(associate(score, [0], top=2).joint, associate(best, [0]).joint)


def test_identities_may_be_attributes_that_are_no_labels():
    matrix = tagged()
    old = np.random.default_rng(1).random(400) < 0.3
    twice = [np.flatnonzero(row).tolist() * 2 for row in matrix]
    for shape in (matrix, scipy.sparse.coo_array(matrix), twice):
        found = associate(shape, {"old": old, "young": ~old})
        assert found.identities == ("old", "young")
        assert np.array_equal(found.joint, np.stack([matrix[old].sum(axis=0), matrix[~old].sum(axis=0)]))
        assert found.identity_count.tolist() == [old.sum(), (~old).sum()]


def test_never_together_and_undefined_are_told_apart_and_never_zero():
    lists = [["x", "always"], ["x", "always", "y"], ["z", "always"], ["always"]]
    found = associate(lists, ["x", "z", "nobody"], names=["x", "y", "z", "always", "unused", "nobody"])
    y, z, always, unused = 1, 2, 3, 4
    assert found.value("pmi")[1, y] == -np.inf
    assert found.value("npmi_xy")[1, y] == -1
    for metric in ("llr", "npmi_y", "pmi2"):
        assert np.isnan(found.value(metric)[1, y])
    assert found.value("dp")[1, y] == found.value("jaccard")[1, y] == 0

    def told(metric, x, label):
        return REASONS[found.reason(metric)[x, label]]

    assert told("npmi_xy", 1, y) == "never together"
    assert told("pmi", 0, y) == ""
    assert told("npmi_y", 0, always) == told("tau_b", 0, always) == "label always occurs"
    assert told("npmi_xy", 0, unused) == "label never occurs"
    assert told("dp", 2, z) == "identity never occurs"
    assert associate([["x", "y"], ["x", "y"]], ["x"]).reason("npmi_xy").tolist() == [[REASONS.index("always together")] * 2]
    for metric in METRICS:
        silent = np.isnan(found.value(metric))
        assert (found.reason(metric)[silent] > 0).all()


def test_too_rare_labels_have_no_value():
    found = associate(tagged(), [0], min_count=30)
    rare = found.label_count < 30
    assert rare.any()
    for metric in METRICS:
        assert np.isnan(found.value(metric)[0, rare]).all()
        assert (found.reason(metric)[0, rare] == REASONS.index("too few")).all()
        assert np.isnan(found.interval(metric)[0][0, rare]).all()


@pytest.fixture
def pair():
    return associate(tagged(3000, 40, seed=3), [0, 1, 2])


def test_pmi_llr_and_pmi2_gaps_rank_labels_alike(pair):
    rankings = [np.argsort(pair.gap(metric, 0, 1)[3:].round(9), kind="stable").tolist() for metric in ("pmi", "llr", "pmi2")]
    assert rankings[0] == rankings[1] == rankings[2]
    ratio = np.log(pair.identity_count[0] / pair.identity_count[1])
    assert pair.gap("pmi", 0, 1) == pytest.approx(pair.gap("llr", 0, 1) - ratio)
    assert pair.gap("pmi2", 0, 1) == pytest.approx(2 * pair.gap("llr", 0, 1) - ratio)


def test_the_gap_of_npmi_y_is_that_of_pmi_over_the_labels_surprise(pair):
    expected = pair.gap("pmi", 0, 1) / -np.log(pair.label_count / pair.items)
    assert pair.gap("npmi_y", 0, 1) == pytest.approx(expected)


def test_gaps_change_sign_with_their_sides(pair):
    for metric in METRICS:
        assert pair.gap(metric, 0, 1) == pytest.approx(-pair.gap(metric, 1, 0))


def test_sdc_is_jaccard_over_one_plus_jaccard(pair):
    jaccard = pair.value("jaccard")
    assert pair.value("sdc") == pytest.approx(jaccard / (1 + jaccard))


def test_more_of_the_same_items_change_nothing():
    matrix = tagged()
    once, thrice = associate(matrix, [0, 1]), associate(np.tile(matrix, (3, 1)), [0, 1])
    for metric in METRICS:
        assert thrice.value(metric) == pytest.approx(once.value(metric), nan_ok=True)


def test_the_gap_of_dp_is_zero_where_that_of_pmi_is():
    counts = {"joint": np.array([[10, 9], [20, 20]]), "identity_count": np.array([100, 200]), "label_count": np.array([40, 50])}
    found = Associations(1000, ("a", "b"), ("y", "z"), min_count=0, **counts)
    assert (found.gap("dp", "a", "b") == 0).tolist() == [True, False]
    assert np.isclose(found.gap("pmi", "a", "b"), 0).tolist() == [True, False]


def test_the_rest_is_the_mean_over_the_others(pair):
    for metric in ("dp", "npmi_xy"):
        value = pair.value(metric)
        assert pair.gap(metric, 1, "rest") == pytest.approx(value[1] - (value[0] + value[2]) / 2)


def simulate(cells, items=4000, draws=600, seed=0):
    drawn = np.random.default_rng(seed).multinomial(items, cells, size=draws)
    joint, x, y = drawn[:, 0], drawn[:, 0] + drawn[:, 1], drawn[:, 0] + drawn[:, 2]
    return [Associations(items, ("x",), ("y",), x[i : i + 1], y[i : i + 1], joint[i : i + 1, None]) for i in range(draws)]


@pytest.mark.parametrize("joint", [0.02, 0.0025, 0.001])
def test_intervals_cover_the_truth_for_frequent_and_rare_pairs(joint):
    x, y = 0.3, 0.03
    truth = Associations(
        10**9, ("x",), ("y",), *(np.array([round(p * 10**9)]) for p in (x, y)), np.array([[round(joint * 10**9)]])
    )
    found = simulate([joint, x - joint, y - joint, 1 - x - y + joint])
    for metric in METRICS:
        target = truth.value(metric)[0, 0]
        ends = np.array([[end[0, 0] for end in one.interval(metric)] for one in found])
        covered = np.mean((ends[:, 0] <= target) & (target <= ends[:, 1]))
        least = 0.9 if metric in ("dp", "jaccard", "sdc", "llr") and joint == 0.001 else 0.925
        assert covered > least, metric


def test_intervals_hold_their_value_and_stay_in_their_range():
    found = associate(tagged(200, 40, seed=1), [0, 20, 39])
    for metric in METRICS:
        value, (low, high) = found.value(metric), found.interval(metric)
        known = ~np.isnan(value)
        assert (low[known] <= value[known]).all()
        assert (value[known] <= high[known]).all()
    for metric in ("npmi_xy", "tau_b"):
        low, high = found.interval(metric)
        assert np.nanmin(low) >= -1
        assert np.nanmax(high) <= 1


def test_a_pair_that_never_occurred_has_an_upper_end():
    found = Associations(1000, ("x",), ("y",), np.array([200]), np.array([50]), np.array([[0]]))
    for metric in ("pmi", "llr", "npmi_y", "pmi2", "npmi_xy"):
        low, high = (end[0, 0] for end in found.interval(metric))
        assert low == (-1 if metric == "npmi_xy" else -np.inf)
        assert np.isfinite(high)
        assert high < 0.5


def test_the_interval_of_a_gap_covers_the_truth_between_disjoint_identities():
    cells = np.array([0.01, 0.29, 0.002, 0.248, 0.01, 0.44])  # (y, not y) with a, with b, with neither
    truth = cells[0] / 0.3 - cells[2] / 0.25
    covered = []
    for drawn in np.random.default_rng(2).multinomial(5000, cells, size=400):
        found = Associations(
            5000,
            ("a", "b"),
            ("y",),
            np.array([drawn[0] + drawn[1], drawn[2] + drawn[3]]),
            np.array([drawn[0] + drawn[2] + drawn[4]]),
            drawn[[0, 2], None],
        )
        low, high = found.gap_interval("dp", "a", "b")
        covered.append(low[0] <= truth <= high[0])
    assert np.mean(covered) > 0.93


def test_the_interval_of_an_infinite_gap_has_one_finite_end():
    found = Associations(1000, ("a", "b"), ("y",), np.array([200, 300]), np.array([50]), np.array([[0], [20]]))
    assert found.gap("pmi", "a", "b").tolist() == [-np.inf]
    low, high = found.gap_interval("pmi", "a", "b")
    assert low[0] == -np.inf
    assert np.isfinite(high[0])


def test_planted_associations_come_first():
    r = np.random.default_rng(0)
    n, labels = 20_000, 300
    woman = r.random(n) < 0.4
    matrix = r.random((n, labels)) < r.uniform(0.01, 0.2, labels)
    for label in range(5):
        matrix[woman, label] &= r.random(woman.sum()) < 0.3
    found = associate(matrix, {"woman": woman, "man": ~woman})
    for metric in ("npmi_xy", "npmi_y", "pmi"):
        assert set(np.argsort(found.gap(metric, "woman", "man"))[:5]) == set(range(5))
    clear = found.gap_interval("npmi_xy", "woman", "man", confidence=0.99999)[1] < 0
    assert set(np.flatnonzero(clear)) == set(range(5))


def test_the_table_holds_counts_values_intervals_reasons_and_gaps():
    table = associate([["x", "y"], ["x"], ["z"]], ["x", "z"]).table(["pmi", "dp"], pairs=[("x", "z"), (1, "rest")])
    row = table.to_pylist()[1]
    assert (row["label"], row["count"], row["count@x"], row["count@z"]) == ("y", 1, 1, 0)
    assert row["pmi@x"] == pytest.approx(math.log(1.5))
    assert row["pmi_reason@x"] is None
    assert row["pmi_reason@z"] == "never together"
    assert row["dp_gap@x|z"] == 0.5
    assert row["dp_gap_low@x|z"] < 0.5 < row["dp_gap_high@x|z"]
    assert row["dp_gap@z|rest"] == -0.5


MATRIX = np.eye(4, dtype=bool)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: associate(MATRIX, [9]), "there is no label 9; positions are 0 to 3."),
        (lambda: associate(MATRIX, ["cat"]), "labels have no names; give the position of 'cat', or names=…."),
        (lambda: associate(MATRIX, ["cta"], names=["a", "b", "c", "cat"]), "no label named 'cta'; did you mean 'cat'?"),
        (lambda: associate(MATRIX, ["a"], names=["a", "a", "b", "c"]), "label 'a' is given 2 times; use a position: 0, 1."),
        (lambda: associate(MATRIX, [0, 0]), "an identity is given twice: 0, 0."),
        (lambda: associate(MATRIX, []), "no identity label to associate with"),
        (lambda: associate(MATRIX, [0], names=["a"]), "1 names for 4 labels."),
        (lambda: associate(MATRIX * 0.5, [0]), "the matrix holds scores; say from which threshold on a score is a yes"),
        (lambda: associate(MATRIX * 3.0, [0], threshold=0.5), "scores must lie between 0 and 1; they go from 0 to 3."),
        (lambda: associate(MATRIX * np.nan, [0], threshold=0.5), "16 scores are missing."),
        (lambda: associate(MATRIX, [0], threshold=0.5, top=1), "give a threshold or the number of highest scores, not both."),
        (lambda: associate(MATRIX * 1.0, [0], top=5), "top must be between 1 and the 4 labels; got 5."),
        (lambda: associate(scipy.sparse.csr_array(MATRIX * 0.5), [0], threshold=0), "give a dense one"),
        (lambda: associate([["a"], ["b"]], ["a"], threshold=0.5), "lists of labels are already yes or no"),
        (lambda: associate([["a"], ["b"]], ["a"], names=["a"]), "no label named 'b'"),
        (lambda: associate([[0], [7]], [0], names=["a", "b"]), "label positions must lie between 0 and 1; they go from 0 to 7."),
        (lambda: associate(["ab", "c"], ["a"]), "label sets must be a matrix or a list of labels for each item, not string."),
        (lambda: associate([], [0]), "there are 0 items and 0 labels"),
        (lambda: associate(MATRIX, {"m": np.ones(3, bool)}), "identity 'm' must be True or False for each of 4 items"),
        (lambda: associate(MATRIX, [0], min_count=-1), "min_count must not be negative"),
        (lambda: associate(MATRIX, [0]).value("npmi"), "no metric named 'npmi'; did you mean 'pmi'?"),
        (lambda: associate(MATRIX, [0]).gap("dp", 0, "rest"), "there is no rest: '0' is the only identity."),
        (lambda: associate(MATRIX, [0]).gap("dp", 0, "1"), "no identity named '1'"),
        (lambda: associate(MATRIX, [0]).interval("dp", confidence=2), "confidence must lie between 0 and 1; got 2."),
    ],
)
def test_what_cannot_be_counted_is_refused_by_name(call, message):
    with pytest.raises(DataError) as error:
        call()
    assert message in str(error.value)


def test_missing_labels_and_empty_lists_are_no_labels():
    found = associate([["a", None], [], None, ["b"]], ["a"])
    assert found.items == 4
    assert found.label_count.tolist() == [1, 1]
