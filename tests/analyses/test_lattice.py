"""Is every frequent combination found, and do contributions and redundancy follow their definitions?"""

import itertools
import math

import numpy as np
import pytest

from underglass.analyses.feature_codes import encode
from underglass.analyses.lattice import contributions, pack, redundant, search, unpack
from underglass.analyses.lattice_kernels import exact_p, moments
from underglass.errors import DataError


def small(n=300, seed=0):
    r = np.random.default_rng(seed)
    features = encode({name: r.integers(0, k, n) for name, k in [("a", 2), ("b", 3), ("c", 4), ("d", 2)]})
    of = r.random(n) < 0.7
    return features, of, of & (r.random(n) < 0.4)


def brute_force(features, of, count, least, longest):
    found = {}
    for size in range(1, longest + 1):
        for places in itertools.combinations(range(len(features)), size):
            for codes in itertools.product(*(range(len(features[place])) for place in places)):
                inside = np.all([features[place].codes == code for place, code in zip(places, codes, strict=True)], axis=0)
                if inside.sum() >= least:
                    found[tuple(zip(places, codes, strict=True))] = (inside.sum(), (inside & of).sum(), (inside & count).sum())
    return found


def by_items(lattice):
    names = [tuple(item) for item in lattice.items.tolist()]
    return [tuple(names[item] for item in row if item >= 0) for row in lattice.itemsets.tolist()]


@pytest.mark.parametrize(("support", "longest"), [(0.05, None), (0.02, 3), (0.3, 1), (0.005, None)])
def test_exactly_the_frequent_itemsets_are_found_with_their_counts(support, longest):
    features, of, count = small()
    lattice = search(features, of, count, min_support=support, max_length=longest)
    expected = brute_force(features, of, count, math.ceil(support * 300), longest or 4)
    found = dict(zip(by_items(lattice), zip(lattice.size, lattice.of, lattice.count, strict=True), strict=True))
    assert found == expected


def test_parents_come_before_children_and_lack_their_last_item():
    lattice = search(*small(), min_support=0.02, max_length=None)
    sets = by_items(lattice)
    for row, parent in enumerate(lattice.parent.tolist()):
        assert sets[row][:-1] == (sets[parent] if parent >= 0 else ())
        assert parent < row


def shapley_by_orders(itemset, value):
    share = dict.fromkeys(itemset, 0.0)
    orders = list(itertools.permutations(itemset))
    for order in orders:
        for k, item in enumerate(order):
            share[item] += (value[frozenset(order[: k + 1])] - value[frozenset(order[:k])]) / len(orders)
    return share


def test_contributions_are_shapleys_average_over_all_orders_and_add_up():
    lattice = search(*small(), min_support=0.01, max_length=None)
    divergence = np.random.default_rng(1).normal(size=len(lattice))
    sets = by_items(lattice)
    value = {frozenset(): 0.0} | {frozenset(items): divergence[row] for row, items in enumerate(sets)}
    rows = np.arange(len(lattice))
    shares = contributions(lattice, divergence, rows)
    assert shares.sum(axis=1) == pytest.approx(divergence)
    for row in range(0, len(lattice), 7):
        assert shares[row, : len(sets[row])] == pytest.approx(list(shapley_by_orders(sets[row], value).values()))


def test_an_itemset_is_redundant_if_leaving_out_one_item_changes_little():
    lattice = search(*small(), min_support=0.01, max_length=None)
    divergence = np.random.default_rng(2).normal(0, 0.1, len(lattice))
    sets = by_items(lattice)
    value = {frozenset(): 0.0} | {frozenset(items): divergence[row] for row, items in enumerate(sets)}
    expected = [any(abs(value[frozenset(s)] - value[frozenset(s) - {item}]) <= 0.02 for item in s) for s in sets]
    assert redundant(lattice, divergence, 0.02).tolist() == expected


def test_sums_of_an_itemset_leave_out_what_is_not_defined():
    features, of, _ = small(130)
    values = np.where(of, np.random.default_rng(0).normal(size=130), np.nan)
    lattice = search(features, of, of, min_support=0.05, max_length=2)
    sums = moments(lattice.bits, lattice.itemsets, np.concatenate([values, np.full(62, np.nan)]))
    for row, items in enumerate(by_items(lattice)):
        inside = np.all([features[place].codes == code for place, code in items], axis=0) & of
        assert sums[row] == pytest.approx([inside.sum(), values[inside].sum(), (values[inside] ** 2).sum()])


def test_bits_hold_the_instances_they_were_made_from():
    inside = np.random.default_rng(0).random(131) < 0.5
    assert np.array_equal(unpack(pack(inside), 131), inside)


def test_the_exact_test_is_scipys_hypergeometric_tail_doubled():
    from scipy.stats import hypergeom

    r = np.random.default_rng(0)
    total, hits = 500, 120
    of = r.integers(0, 500, 200)
    count = r.hypergeometric(hits, total - hits, of)
    tails = np.minimum(hypergeom.cdf(count, total, hits, of), hypergeom.sf(count - 1, total, hits, of))
    p = exact_p(count, of, np.full(200, hits), np.full(200, total))
    assert p == pytest.approx(np.minimum(1, 2 * tails), abs=1e-9)


def test_limits_that_make_no_sense_are_named():
    with pytest.raises(DataError, match="min_support is a share of the instances, above 0 and at most 1; got 2"):
        search(*small(), min_support=2)
    with pytest.raises(DataError, match="max_length must be at least 1; got 0"):
        search(*small(), max_length=0)
    with pytest.raises(DataError, match=r"more than 10 groups hold at least 3 instances; raise min_support \(now 0.01\)"):
        search(*small(), most=10)


def test_progress_is_told_and_may_stop_the_search():
    told = []
    search(*small(), progress=lambda done, total, stage: told.append((done, total, stage)))
    assert told[-1][0] == told[-1][1]

    def stop(done, total, stage):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        search(*small(), progress=stop)
