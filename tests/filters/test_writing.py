"""Does a written filter read as the same tree, whatever the tree?"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underglass.errors import FilterError
from underglass.filters import EVERYTHING, ColumnType, check, parse, subsets_named, to_text
from underglass.filters.writing import LARGEST_EXACT, write_number

COLUMNS = {
    "confidence": ColumnType("number"),
    "Größe in cm": ColumnType("number"),
    "pattern.conv2": ColumnType("integer"),
    "between": ColumnType("integer"),
    'a "quoted" name': ColumnType("text"),
    "note": ColumnType("text"),
    "label": ColumnType("category", ("Shirt", "it's", 'say "so"', "", "label", "null")),
    "prediction@cnn.2": ColumnType("category", ("Shirt", "Dress")),
    "correct": ColumnType("boolean"),
    "tags": ColumnType("list"),
    "taken": ColumnType("time"),
}
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
HOSTILE = st.sampled_from(["'", "''", '"', "\\'", "'; drop table instances --", "*/", "\n", "😀", "%", "$1", "{", "</script>"])
WORDS = TEXTS | HOSTILE
WHOLE = st.integers(-LARGEST_EXACT, LARGEST_EXACT)
DIGITS = st.integers(LARGEST_EXACT + 1, 10**30).map(str) | st.integers(-(10**30), -LARGEST_EXACT - 1).map(str)
FLOATS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer())
NUMBERS = WHOLE | FLOATS | st.floats(1e17, 1e300)
TIMES = st.datetimes().map(lambda t: t.isoformat(timespec="minutes")) | st.dates().map(str)


def _named(*kinds: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name for name, column in COLUMNS.items() if column.kind in kinds])


def _values(column: str) -> st.SearchStrategy:
    kind = COLUMNS[column]
    return {
        "number": NUMBERS,
        "integer": WHOLE | DIGITS,
        "text": WORDS,
        "category": st.sampled_from(kind.categories or ("",)),
        "boolean": st.booleans(),
        "time": TIMES,
    }[kind.kind]


@st.composite
def _comparisons(draw):
    column = draw(_named("number", "integer", "text", "category", "boolean", "time"))
    operators = ["=", "!=", "<", "<=", ">", ">="] if COLUMNS[column].ordered else ["=", "!="]
    tree = {"op": "compare", "column": column, "is": draw(st.sampled_from(operators))}
    if draw(st.booleans()):
        return {**tree, "other": draw(_named(*(c.kind for c in COLUMNS.values() if c.family == COLUMNS[column].family)))}
    return {**tree, "value": draw(_values(column))}


@st.composite
def _members(draw):
    column = draw(_named("number", "integer", "text", "category", "time"))
    return {"op": "in", "column": column, "values": draw(st.lists(_values(column), min_size=1, max_size=4))}


@st.composite
def _ranges(draw):
    column = draw(_named("number", "integer", "text", "time"))
    key = float if COLUMNS[column].family == "number" else str
    low, high = sorted([draw(_values(column)), draw(_values(column))], key=key)
    return {"op": "between", "column": column, "low": low, "high": high}


@st.composite
def _bins(draw):
    bins = draw(st.integers(1, 1000))
    first = draw(st.integers(0, bins - 1))
    step = draw(st.floats(1e-9, 1e9).map(lambda x: int(x) if x.is_integer() else x))
    tree = {"op": "bin", "column": draw(_named("number", "integer", "time")), "low": draw(NUMBERS), "step": step}
    return {**tree, "bins": bins, "first": first, "last": draw(st.integers(first, bins - 1))}


_CONDITIONS = st.one_of(
    _comparisons(),
    _members(),
    _ranges(),
    _bins(),
    st.builds(lambda c, t: {"op": "contains", "column": c, "text": t}, _named("text", "category", "list"), WORDS),
    st.builds(lambda c, t: {"op": "starts", "column": c, "text": t}, _named("text", "category"), WORDS),
    st.builds(lambda c: {"op": "null", "column": c}, st.sampled_from(list(COLUMNS))),
    st.just({"op": "truth", "column": "correct"}),
    st.sampled_from([{"op": "and", "terms": []}, {"op": "or", "terms": []}]),
    st.builds(lambda n: {"op": "subset", "name": n}, WORDS),
    st.builds(lambda n: {"op": "pick", "name": f"pick_{n}"}, st.integers(0, 999)),
)
TREES = st.recursive(
    _CONDITIONS,
    lambda below: (
        st.builds(
            lambda op, terms: {"op": op, "terms": terms}, st.sampled_from(["and", "or"]), st.lists(below, min_size=2, max_size=4)
        )
        | st.builds(lambda term: {"op": "not", "term": term}, below)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_reading_a_written_tree_gives_the_same_tree(tree):
    assert parse(to_text(tree), COLUMNS) == tree


@settings(max_examples=100, deadline=None)
@given(TREES)
def test_a_tree_survives_the_wire(tree):
    assert check(json.loads(json.dumps(tree)), COLUMNS) == tree


def test_a_filter_is_written_as_the_fixtures_say(good):
    assert to_text(good["tree"]) == good["written"]


def test_numbers_are_written_as_javascript_writes_them(numbers):
    assert [write_number(number) for number, _ in numbers] == [written for _, written in numbers]


def test_one_term_alone_is_that_term():
    tree = {"op": "or", "terms": [{"op": "and", "terms": [{"op": "truth", "column": "correct"}]}]}

    assert to_text(tree) == "correct"
    assert to_text({"op": "not", "term": tree}) == "not correct"
    assert check(EVERYTHING, COLUMNS) == EVERYTHING


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (None, "not a filter: None"),
        ("label = 'Shirt'", "not a filter"),
        ({"op": "drop"}, "each part has an op out of and, or, not, compare"),
        ({"op": "and"}, "a filter part 'and' needs 'terms'"),
        ({"op": "or", "terms": {}}, "or needs a list of terms"),
        ({"op": "not"}, "a filter part 'not' needs 'term'"),
        ({"op": "not", "term": {"op": "in", "column": "label"}}, "a filter part 'in' needs 'values'"),
        ({"op": "not", "term": {"op": "in", "values": []}}, "a filter part 'in' needs 'column'"),
        ({"op": "compare", "column": "label", "is": "; drop", "value": "x"}, "'; drop' is not a comparison; there are = != <"),
        ({"op": "compare", "column": 3, "is": "=", "value": "x"}, "a column is named by a text, not by 3"),
        ({"op": "compare", "column": "note", "is": "=", "value": ["x"]}, r"\['x'\] is not a value a filter can hold"),
        ({"op": "compare", "column": "note", "is": "=", "value": None}, "None is not a value a filter can hold"),
        ({"op": "compare", "column": "confidence", "is": "=", "value": float("nan")}, "nan is not a number a filter can hold"),
        ({"op": "in", "column": "label", "values": "Shirt"}, "in needs a list of values"),
        ({"op": "contains", "column": "note", "text": 3}, "contains needs a text, not 3"),
        (
            {"op": "bin", "column": "confidence", "low": "0", "step": 1, "bins": 2, "first": 0, "last": 1},
            "bin needs numbers, not '0'",
        ),
        ({"op": "subset", "name": 3}, "a subset is named by a text, not by 3"),
        ({"op": "pick", "name": "instances"}, "a pick is named like 'pick_3', not 'instances'"),
    ],
)
def test_a_malformed_tree_is_refused(tree, message):
    with pytest.raises(FilterError, match=message):
        check(tree, COLUMNS)


def test_a_tree_can_be_nested_so_deep_and_no_deeper():
    tree = {"op": "truth", "column": "correct"}
    for _ in range(64):
        tree = {"op": "not", "term": tree}
    assert check(tree, COLUMNS) == tree

    with pytest.raises(FilterError, match="a filter can be nested 64 deep"):
        check({"op": "not", "term": tree}, COLUMNS)


def test_a_tree_names_the_subsets_it_rests_on():
    tree = parse("not in subset 'a' or (correct and in subset 'b''s')", COLUMNS)

    assert subsets_named(tree) == {"a", "b's"}
