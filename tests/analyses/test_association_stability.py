"""Does the report tell which metrics agree, and which follow the frequency of labels?"""

import numpy as np
import pytest

from underglass.analyses.association_metrics import METRICS
from underglass.analyses.association_stability import SIDES, stability
from underglass.analyses.associations import Associations
from underglass.errors import DataError


def equally_biased():
    """25 labels of counts 1e2 to 1e6 that go equally more with a than with b (nPMI gap 0.05), and 200 with hardly any gap."""
    items, x = 10_000_000, np.array([3_000_000, 3_000_000])
    counts = np.concatenate([np.repeat([10**2, 10**3, 10**4, 10**5, 10**6], 5), np.geomspace(100, 10**6, 200).astype(int)])
    joint = np.empty((2, len(counts)))
    r = np.random.default_rng(0)
    for label, count in enumerate(counts):
        gap = 0.05 if label < 25 else 0.002 * r.normal()
        for side, sign in ((0, 1), (1, -1)):  # solve nPMI = sign * gap / 2 by bisection; it rises with the joint count
            low, high = 0.0, min(count, x[side])
            for _ in range(200):
                middle = (low + high) / 2
                j = middle / items
                npmi = np.log(j / (0.3 * count / items)) / -np.log(j)
                low, high = (middle, high) if npmi < sign * gap / 2 else (low, middle)
            joint[side, label] = low
    return Associations(items, ("a", "b"), tuple(map(str, range(len(counts)))), x, counts, joint)


def test_normalised_pmi_finds_equal_bias_at_every_frequency_and_the_others_at_theirs():
    found = equally_biased()
    top = {metric: set(np.argsort(-found.gap(metric, "a", "b"))[:25].tolist()) for metric in METRICS}
    frequent, rare = set(range(20, 25)), set(range(5))
    assert top["npmi_xy"] == set(range(25))
    assert rare <= set(np.argsort(-found.gap("pmi", "a", "b"))[:25].tolist())
    first = {metric: set(np.argsort(-found.gap(metric, "a", "b"))[:5].tolist()) for metric in METRICS}
    assert first["dp"] == first["jaccard"] == first["sdc"] == first["t_test"] == first["tau_b"] == frequent
    assert first["pmi"] == first["llr"] == rare
    report = stability(found, "a", "b", k=25)
    along = dict(zip(report.metrics, report.frequency, strict=True))
    assert along["dp"] > 0.5
    assert along["jaccard"] > 0.5
    assert abs(along["npmi_xy"]) < 0.3
    assert "dp" in report.biased
    assert "npmi_xy" not in report.biased


@pytest.fixture
def report():
    r = np.random.default_rng(1)
    n, x = 5000, np.array([1500, 2000, 1000])
    y = r.integers(50, 2000, 60)
    joint = np.stack([r.hypergeometric(y, n - y, size) for size in x])
    found = Associations(n, ("a", "b", "c"), tuple(map(str, range(60))), x, y, joint)
    return found, stability(found, "a", "b", k=10)


def test_metrics_that_must_rank_alike_do(report):
    _, told = report
    places = [told.metrics.index(metric) for metric in ("pmi", "llr", "pmi2")]
    assert told.spearman[np.ix_(places, places)] == pytest.approx(np.ones((3, 3)))
    assert told.kendall[np.ix_(places, places)] == pytest.approx(np.ones((3, 3)))
    assert told.overlap[np.ix_([1, 2], places, places)] == pytest.approx(np.ones((2, 3, 3)))
    assert np.array_equal(told.spearman, told.spearman.T)


def test_the_top_is_summarised_by_its_counts(report):
    found, told = report
    row = next(row for row in told.top.to_pylist() if row["metric"] == "dp" and row["side"] == "a")
    top = np.argsort(-found.gap("dp", "a", "b"), kind="stable")[:10]
    assert row["labels"] == 10
    assert row["count_median"] == np.median(found.label_count[top])
    assert (row["count_a_min"], row["count_b_max"]) == (found.joint[0, top].min(), found.joint[1, top].max())
    assert told.top.num_rows == len(METRICS) * len(SIDES)


def test_the_rest_can_be_one_side(report):
    found, _ = report
    assert stability(found, "a", "rest", k=5).top.num_rows == 30


def test_too_few_labels_have_no_correlation():
    found = Associations(10, ("a", "b"), ("y",), np.array([4, 4]), np.array([5]), np.array([[2], [1]]))
    told = stability(found, 0, 1)
    assert np.isnan(told.spearman[0, 1])
    assert told.biased == ()
    with pytest.raises(DataError, match="k must be at least 1; got 0"):
        stability(found, 0, 1, k=0)
