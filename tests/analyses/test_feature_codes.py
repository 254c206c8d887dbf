"""Are values told in words and as filters that mean the same, and bins where they should be?"""

from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from underglass.analyses.feature_codes import as_table, crossing, encode, encode_binned
from underglass.errors import DataError
from underglass.filters import ColumnType, to_sql


def test_several_values_are_told_shortly():
    (job,) = encode({"job": [*"abcdefg", None]})
    assert job.words([0]) == "a"
    assert job.words([1, 0]) == "a or b"
    assert job.words([0, 1, 2, 3, 4, 5]) == "not g or missing"
    assert job.words(range(8)) == "a or b or c or d or 4 more"


def test_bins_in_a_row_are_one_span_in_words_and_in_the_filter():
    (age,) = encode({"age": [10.0, 20, 30, 40, None]}, bins={"age": [15, 25, 35]})
    assert age.labels == ("below 15", "15 to below 25", "25 to below 35", "35 and above", "missing")
    assert age.words([1, 2]) == "15 to below 35"
    assert age.words([0, 2, 3, 4]) == "below 15 or 25 and above or missing"
    assert age.condition([1, 2]) == {
        "op": "and",
        "terms": [
            {"op": "compare", "column": "age", "is": ">=", "value": 15.0},
            {"op": "compare", "column": "age", "is": "<", "value": 35.0},
        ],
    }
    assert age.condition([3, 4]) == {
        "op": "or",
        "terms": [{"op": "compare", "column": "age", "is": ">=", "value": 35.0}, {"op": "null", "column": "age"}],
    }
    assert age.condition([0, 1, 2, 3]) == {"op": "not", "term": {"op": "null", "column": "age"}}


def test_a_filter_of_one_value_is_a_comparison():
    (sex,) = encode({"sex": ["f", "m"]})
    assert sex.condition([1]) == {"op": "compare", "column": "sex", "is": "=", "value": "m"}


def test_the_filter_read_by_the_data_base_finds_the_same_instances():
    r = np.random.default_rng(0)
    text = [None if k == 3 else f"it's {k}" for k in r.integers(0, 4, 200)]
    numbers = {"third": np.round(3 * r.random(200)) / 3, "x": r.random(200)}
    numbers = {name: np.where(r.random(200) < 0.1, np.nan, values) for name, values in numbers.items()}
    days = [datetime(2024, 1, 1 + int(k), tzinfo=None) for k in r.integers(0, 3, 200)]
    columns = {"text": text, "count": r.integers(0, 4, 200), **numbers, "yes": r.random(200) < 0.5, "day": days}
    table = as_table(columns)
    kinds = dict(zip(columns, ("text", "integer", "number", "number", "boolean", "time"), strict=True))
    types = {name: ColumnType(kind) for name, kind in kinds.items()}
    base = duckdb.connect()
    base.register("instances", table.append_column("row", pa.array(np.arange(200))))
    for feature in encode(table, bins={"x": 4}):
        for codes in [*([code] for code in range(len(feature))), [0, 1], list(range(len(feature)))]:
            tree = feature.condition(codes)
            found = base.execute(f"select row from instances where {to_sql(tree, types)} order by row").fetchall()
            assert [row for (row,) in found] == np.flatnonzero(np.isin(feature.codes, codes)).tolist()


def test_numbers_of_many_values_get_five_bins_and_others_none():
    table = as_table({"age": np.arange(100.0), "rank": np.arange(100) % 4})
    age, rank = encode_binned(table)
    assert np.bincount(age.codes).tolist() == [20] * 5
    assert rank.edges is None
    assert len(encode_binned(table, bins={"age": 2})[0]) == 2


def test_bins_of_equal_count_are_never_empty_where_values_repeat():
    (x,) = encode({"x": [0] * 90 + list(range(1, 11))}, bins={"x": 4})
    assert (np.bincount(x.codes, minlength=len(x)) > 0).all()
    (infinite,) = encode({"x": [-np.inf, 1.0, 2.0, np.inf]}, bins={"x": 2})
    assert infinite.codes.tolist() == [0, 0, 1, 1]


def test_crossing_numbers_only_combinations_that_occur_even_among_too_many_to_count():
    r = np.random.default_rng(0)
    columns = {name: r.integers(0, 5000, 2000) for name in "abc"}
    groups, group = crossing(encode(columns))
    expected, inverse = np.unique(np.column_stack(list(columns.values())), axis=0, return_inverse=True)
    assert np.array_equal(group, inverse.reshape(-1))
    features = encode(columns)
    assert np.array_equal(np.column_stack([f.values.to_numpy()[groups[:, i]] for i, f in enumerate(features)]), expected)


def test_nulls_hidden_in_a_dictionary_and_unused_categories_are_seen_through():
    hidden = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 2]), pa.array(["b", None, "a", "unused"]))
    (feature,) = encode({"x": hidden})
    assert feature.labels == ("a", "b", "missing")
    assert feature.codes.tolist() == [1, 2, 2, 0]


def test_an_empty_column_is_all_missing():
    (nothing,) = encode({"x": [None, None]})
    assert nothing.labels == ("missing",)


@pytest.mark.parametrize(
    ("bins", "message"),
    [
        ({"x": [3, 1]}, "feature 'x': the edges of bins must be finite and rise; got [3, 1]."),
        ({"x": [1, np.inf]}, "must be finite and rise"),
        ({"x": 0}, "feature 'x': 0 bins asked for; at least 1 is needed."),
        ({"y": 2}, "no feature named 'y'"),
    ],
)
def test_bins_that_make_no_sense_are_named(bins, message):
    with pytest.raises(DataError) as error:
        encode({"x": [1.0, 2.0]}, bins=bins)
    assert message in str(error.value)
