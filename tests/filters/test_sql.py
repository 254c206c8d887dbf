"""Do the expressions select the rows a filter means, in Python and in the browser, and nothing else?"""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underglass.errors import FilterError
from underglass.filters import parse, quote_name, quote_text, to_sql

ROWS = """
    (0, 'a', 'Shirt', 'Shirt', 'Shirt', 0.3, true, false, 'train', 'Folded, dark', ['blurred'], 1, 40,
        '2025-01-31 14:05', 1, 'x', 2),
    (1, 'b', 'Shirt', 'Coat', 'Dress', 0.45, false, false, 'test', 'it is folded', ['blurred', 'dark'], -1, 60,
        '2024-02-29', 3, 'y', 0.5),
    (2, 'c', 'T-shirt', 'T-shirt', NULL, 0.25, true, true, 'a', '', [], 3, 20, '2025-02-28 23:59:59', 1.5, 'x', NULL),
    (3, 'd', 'Coat', 'Shirt', 'Shirt', 0.9, false, false, 'b', 'a\\', NULL, 12, 41, '2025-01-01', NULL, NULL, 7),
    (4, 'e', 'it''s', 'Coat', 'Dress', 0.05, false, false, NULL, '😀 ünï', ['blurred dark'], 9007199254740992, 8,
        NULL, 0, 'z', 1),
    (5, '</script><img onerror=alert(1)>', NULL, 'Coat', 'Dress', 0.75, NULL, false, 'test', NULL, ['x'],
        9007199254740993, NULL, '2025-03-01', 2, 'x', 1.5),
    (6, 'g', 'Coat', 'Coat', 'Shirt', NULL, true, false, 'm', ''' or 1=1; drop table instances --', ['x'],
        -9007199254740993, 100, '2025-01-31', 1, 'x', 1),
    (7, 'h', 'Coat', 'Coat', 'Shirt', 1.0, true, true, 'n', 'IT', [], NULL, 39, '1999-12-31', 1, 'x', 1)
"""


@pytest.fixture(scope="module")
def table(columns):
    """Eight rows over the fixtures' columns, every kind of null in them."""
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE TYPE class AS ENUM ('Shirt', 'T-shirt', 'Coat', 'it''s')")
    connection.execute("CREATE TYPE other AS ENUM ('Shirt', 'Dress')")
    kinds = (
        "INTEGER VARCHAR class class other FLOAT BOOLEAN BOOLEAN VARCHAR VARCHAR VARCHAR[] BIGINT INTEGER TIMESTAMP "
        "FLOAT VARCHAR FLOAT"
    )
    declared = ", ".join(f"{quote_name(name)} {kind}" for name, kind in zip(columns, kinds.split(), strict=True))
    connection.execute(f"CREATE TABLE instances ({declared})")
    connection.execute(f"INSERT INTO instances VALUES {ROWS}")
    for name, rows in {"subset_1": "0, 1", "subset_2": "1, 5", "subset_3": "NULL", "pick_3": "5, 6", "pick_12": "4"}.items():
        connection.execute(f"CREATE TABLE {name} AS SELECT unnest([{rows}])::INTEGER AS row")
    yield connection
    connection.close()


def _rows(table, expression: str) -> list[int]:
    return [row for (row,) in table.execute(f"SELECT row FROM instances WHERE {expression} ORDER BY row").fetchall()]


def test_python_and_the_browser_select_the_same_rows(good, table, columns, subsets):
    assert _rows(table, to_sql(good["tree"], columns, subsets=subsets)) == _rows(table, good["expression"])


def test_not_selects_exactly_the_rest(good, table, columns, subsets):
    selected = _rows(table, to_sql(good["tree"], columns, subsets=subsets))

    rest = _rows(table, to_sql({"op": "not", "term": good["tree"]}, columns, subsets=subsets))

    assert sorted(selected + rest) == list(range(8))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("label = 'Shirt' and confidence < .5", [0, 1]),
        ("confidence = .05", [4]),
        ("confidence >= .9", [3, 7]),
        ("label != prediction", [1, 3, 4]),
        ("label = prediction@cnn.2", [0]),
        ("not correct", [1, 3, 4, 5]),
        ("note contains 'FOLD'", [0, 1]),
        ("note starts with 'it'", [1, 7]),
        ("tags contains 'blurred'", [0, 1]),
        ("tags not contains 'blurred'", [2, 3, 4, 5, 6, 7]),
        ("label contains 'SHIRT'", [0, 1, 2]),
        ("pattern.conv2 = 9007199254740993", [5]),
        ("pattern.conv2 = 9007199254740992", [4]),
        ("taken between '2025-01-31' and '2025-01-31T14:05Z'", [0, 6]),
        ("note = ''", [2]),
        ("note = ''' or 1=1; drop table instances --'", [6]),
        ("in subset 'O''Hara''s' and in pick_3", [5]),
        ("in subset 'Shirts'", []),
        ("bin(confidence, 0, .25, 4) between 3 and 3", [3, 5, 7]),
        ("bin(confidence, .375, .25, 2) between 0 and 0", [0, 1, 2, 4]),
        ("bin(taken, 1735689600000, 86400000, 30) between 0 and 0", [1, 3, 7]),
        ("", list(range(8))),
    ],
)
def test_a_filter_selects_the_rows_a_person_would_count(text, rows, table, columns, subsets):
    assert _rows(table, to_sql(parse(text, columns, subsets=subsets), columns, subsets=subsets)) == rows


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
def test_no_text_leaves_its_literal_or_its_name(text):
    with duckdb.connect(":memory:") as connection:
        (read,) = connection.execute(f"SELECT {quote_text(text)} AS x").fetchone()
        name = connection.execute(f"SELECT 1 AS {quote_name('c' + text)}").description[0][0]

    assert (read, name) == (text, "c" + text)


def test_a_tree_from_elsewhere_is_checked_before_it_becomes_sql(columns):
    hostile = {"op": "compare", "column": "label\" = 'x' OR TRUE --", "is": "=", "value": "x"}

    with pytest.raises(FilterError, match="no column named"):
        to_sql(hostile, columns)


def test_an_unknown_subset_is_named(columns):
    with pytest.raises(FilterError, match="no subset named 'a'; there are none"):
        to_sql({"op": "subset", "name": "a"}, columns)
