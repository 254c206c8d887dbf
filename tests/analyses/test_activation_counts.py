"""Is activation mass counted exactly as defined?"""

import re
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from underglass.analyses.activation_counts import aggregate_activations
from underglass.errors import DataError

MASSES = st.sampled_from(["0.01", "0.03", "0.07", "0.1", "0.25", "0.5", "0.99", "1"])
ROWS = arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 140)), elements=st.integers(-3, 40))


def by_definition(values, mass, negative="relu"):
    """The smallest prefix of the units in falling order that holds the mass, in exact arithmetic."""
    sets = []
    for row in values.tolist():
        worth = {"relu": [max(v, 0) for v in row], "shift": [v - min(row) for v in row], "abs": [abs(v) for v in row]}[negative]
        total, reached, chosen = sum(worth), Fraction(0), []
        for unit in sorted(range(len(row)), key=lambda unit: (-worth[unit], unit)):
            if total == 0:
                break
            chosen.append(unit)
            reached += Fraction(worth[unit])
            if reached >= Fraction(mass) * total:
                break
        sets.append(chosen)
    return sets


def counted(sets, membership, units):
    counts = np.zeros((membership.shape[1], units), int)
    for chosen, row in zip(sets, membership, strict=True):
        for subset in np.flatnonzero(row):
            counts[subset, chosen] += 1
    return counts


@settings(max_examples=60, deadline=None)
@given(ROWS, MASSES, st.sampled_from(["relu", "shift", "abs"]), st.integers(0, 1000))
def test_counts_are_those_of_the_definition(values, mass, negative, seed):
    membership = np.random.default_rng(seed).random((len(values), 3)) < 0.6
    counts = aggregate_activations(values.astype(np.float32), membership, mass=float(mass), negative=negative)
    assert (counts == counted(by_definition(values, mass, negative), membership, values.shape[1])).all()


@settings(max_examples=60, deadline=None)
@given(ROWS, MASSES)
def test_no_more_units_count_than_the_mass_times_the_units(values, mass):
    for row in values:
        size = aggregate_activations(row[None].astype(np.float32), [[True]], mass=float(mass)).sum()
        assert size <= ceil(Fraction(mass) * len(row))
        assert (size == 0) == (row.max() <= 0)


@settings(max_examples=30, deadline=None)
@given(ROWS, MASSES, st.integers(-6, 6))
def test_a_louder_layer_counts_the_same(values, mass, power):
    rows = values.astype(np.float32)
    inside = np.ones((len(rows), 1), bool)
    louder = aggregate_activations(rows * np.float32(2.0**power), inside, mass=float(mass))
    assert (louder == aggregate_activations(rows, inside, mass=float(mass))).all()


@pytest.fixture(scope="module")
def layer():
    r = np.random.default_rng(0)
    return np.maximum(r.standard_normal((9000, 70)), 0).astype(np.float16), r.random((9000, 4)) < 0.3


def test_units_may_stand_in_any_order(layer):
    values, inside = layer
    order = np.random.default_rng(1).permutation(70)
    distinct = values.astype(np.float32) + np.linspace(0, 1e-3, 70, dtype=np.float32)
    counts = aggregate_activations(distinct, inside)
    assert (aggregate_activations(distinct[:, order], inside) == counts[:, order]).all()


def test_instances_may_stand_in_any_order_and_in_any_blocks(layer):
    values, inside = layer
    counts = aggregate_activations(values, inside)
    order = np.random.default_rng(1).permutation(9000)
    assert (aggregate_activations(values[order], inside[order]) == counts).all()

    class Pieces:
        shape = values.shape

        def blocks(self):
            yield slice(0, 7), values[:7]
            yield slice(7, 9000), values[7:]

    assert (aggregate_activations(Pieces(), inside) == counts).all()


def test_subsets_that_split_everybody_add_up(layer):
    values, _ = layer
    numbers = np.arange(9000) % 5
    parts, whole = aggregate_activations(values, numbers), aggregate_activations(values, np.ones(9000, bool))
    assert (parts.sum(0) == whole[0]).all()
    assert (parts <= np.bincount(numbers)[:, None]).all()


def test_an_instance_without_positive_mass_counts_for_nothing():
    assert aggregate_activations([[0.0, 0.0], [-1.0, -2.0]], [[True], [True]]).tolist() == [[0, 0]]
    assert aggregate_activations([[3.0, 3.0]], [[True]], negative="shift").tolist() == [[0, 0]]


def test_an_empty_subset_is_a_row_of_zeros():
    assert aggregate_activations([[1.0, 0.0]], [[False, True]]).tolist() == [[0, 0], [1, 0]]


def test_among_equals_the_lower_unit_counts():
    assert aggregate_activations(np.ones((1, 100)), [[True]]).nonzero()[1].tolist() == [0, 1, 2]


def test_the_same_whether_few_or_many_units_are_needed():
    values = np.random.default_rng(0).random((20, 300)).astype(np.float32)
    inside = np.ones((20, 1), bool)
    few = aggregate_activations(values, inside, mass=0.3)
    many = aggregate_activations(values, inside, mass=0.33)
    assert (few <= many).all()
    assert (few == counted(by_definition_float(values, 0.3), inside, 300)).all()
    assert (many == counted(by_definition_float(values, 0.33), inside, 300)).all()


def by_definition_float(values, mass):
    for row in values.astype(np.float64):
        order = np.argsort(-row, kind="stable")
        yield order[: int(np.searchsorted(row[order].cumsum(), mass * row.sum())) + 1]


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([[1.0]], {"negative": "square"}, "negative must be one of relu, shift, abs, not 'square'."),
        ([[1.0]], {"mass": 0}, "mass is a share above 0 and at most 1, not 0."),
        ([[np.nan]], {}, "instance 0 has an activation that is NaN or infinite."),
        ([[np.inf]], {}, "instance 0 has an activation that is NaN or infinite."),
    ],
)
def test_bad_input_is_refused_in_words(values, options, message):
    with pytest.raises(DataError, match=re.escape(message)):
        aggregate_activations(values, [[True]], **options)


def test_cancelling_stops_the_work(layer):
    def cancel(done, total, stage):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        aggregate_activations(*layer, progress=cancel)
