"""Do a person's own columns keep their values, whatever their types and names?"""

import decimal
from datetime import UTC, date, datetime, time, timedelta, timezone

import pyarrow as pa
import pytest

from underglass.serving import Serving, distinct_names
from underglass.serving.loading import served_names


def _served(name: str, values: pa.Array) -> tuple[str, list]:
    n = len(values)
    table = pa.table({"row": range(n), "id": range(n), "label": pa.nulls(n, pa.int32()), "split": pa.nulls(n, pa.string())})
    served = Serving(table.append_column(name, values), ["a"])
    try:
        found = next(column for column in served.columns() if column["name"].startswith(name))
        return found["type"], served.table(columns=[found["name"]]).column(0).to_pylist()
    finally:
        served.close()


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.array([1.5, float("nan"), None]), "number", [1.5, None, None]),
        (pa.array([1.5, float("inf")], pa.float32()), "number", [1.5, float("inf")]),
        (pa.array([0.5, None], pa.float16()), "number", [0.5, None]),
        (pa.array([2**53 + 1, None]), "integer", [2**53 + 1, None]),
        (pa.array([2**64 - 1], pa.uint64()), "integer", [2**64 - 1]),
        (pa.array([True, None]), "boolean", [True, None]),
        (pa.array([decimal.Decimal("1.25")]), "number", [1.25]),
        (pa.array(["a", "b", None]), "text", ["a", "b", None]),
        (pa.array(["a", "b", "a", "b", None]), "category", ["a", "b", "a", "b", None]),
        (pa.array(["x", "y", "x", "y"]).dictionary_encode(), "category", ["x", "y", "x", "y"]),
        (pa.array(["a", "b"], pa.large_string()), "text", ["a", "b"]),
        (pa.array(["a"], pa.string_view()), "text", ["a"]),
        (pa.array([date(2025, 1, 31)]), "time", [datetime(2025, 1, 31)]),
        (pa.array([datetime(2025, 1, 31, 9, tzinfo=timezone(timedelta(hours=2)))]), "time", [datetime(2025, 1, 31, 7)]),
        (pa.array([datetime(2025, 1, 31, tzinfo=UTC)], pa.timestamp("ns", "UTC")), "time", [datetime(2025, 1, 31)]),
        (pa.array([time(9, 30)]), "text", ["09:30:00.000000"]),
        (pa.array([["a", "b"], [], None]), "list", [["a", "b"], [], None]),
        (pa.array([[1, 2]]), "list", [["1", "2"]]),
        (pa.nulls(2), "text", [None, None]),
    ],
)
def test_a_column_keeps_its_values(values, kind, expected):
    assert _served("mine", values) == (kind, expected)


@pytest.mark.parametrize("name", ["prediction", "Label", "TAGS", "x.conv1", "score@cnn"])
def test_a_name_that_means_something_else_is_set_apart(name):
    kind, values = _served(name, pa.array([1, 2]))

    assert (kind, values) == ("integer", [1, 2])
    assert served_names([name]) == {name: f"{name} (data)"}


@pytest.mark.parametrize("name", ["select", 'say "so"', "a; drop table instances", "Größe in cm", "a.b", "😀", "{0}", "%s"])
def test_any_other_name_is_served_as_it_is(name):
    assert served_names([name]) == {name: name}
    assert _served(name, pa.array([1, 2])) == ("integer", [1, 2])


def test_names_that_differ_in_case_only_are_set_apart():
    assert served_names(["age", "Age", "AGE"]) == {"age": "age", "Age": "Age (data)", "AGE": "AGE (data) (data)"}


def test_names_are_made_distinct_even_against_made_ones():
    names = distinct_names(["crane (2)", "crane", "crane"])

    assert len(set(names)) == 3
    assert names[:2] == ("crane (2)", "crane")
