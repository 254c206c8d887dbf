"""Does a typed filter mean what the fixtures say, and is it refused where they say?"""

import pytest

from underglass.errors import FilterError
from underglass.filters import ColumnType, parse
from underglass.filters.tokens import MOST_CHARACTERS


def test_a_filter_reads_as_the_fixtures_say(good, columns, subsets):
    assert parse(good["text"], columns, subsets=subsets) == good["tree"]


def test_a_wrong_filter_is_refused_with_a_message_and_its_position(bad, columns, subsets):
    with pytest.raises(FilterError) as refused:
        parse(bad["text"], columns, subsets=subsets)

    assert (str(refused.value), refused.value.position) == (bad["error"], bad["position"])


def test_an_abbreviation_is_refused_when_two_columns_begin_with_it():
    columns = {"confidence": ColumnType("number"), "confident": ColumnType("boolean")}

    with pytest.raises(FilterError, match="no column named 'conf'; did you mean 'confident'"):
        parse("conf < 1", columns)


def test_an_abbreviation_never_means_a_column_of_another_model():
    columns = {"prediction@cnn": ColumnType("text"), "pattern.conv2": ColumnType("integer")}

    for text in ("pred = 'x'", "pat = 1"):
        with pytest.raises(FilterError, match="no column named"):
            parse(text, columns)


def test_names_that_differ_in_case_only_must_be_written_as_they_are():
    columns = {"Age": ColumnType("number"), "AGE": ColumnType("number")}

    assert parse("AGE > 1", columns)["column"] == "AGE"
    with pytest.raises(FilterError, match="no column named 'age'"):
        parse("age > 1", columns)


def test_items_of_a_list_are_checked_where_the_possible_ones_are_known():
    columns = {"tags": ColumnType("list", ("blurred", "cropped"))}

    with pytest.raises(FilterError, match="no item named 'blured'; did you mean 'blurred'"):
        parse("tags contains 'blured'", columns)


def test_subsets_are_left_unchecked_without_a_list_of_them(columns):
    assert parse("in subset 'any'", columns) == {"op": "subset", "name": "any"}


def test_a_filter_has_a_longest_length(columns):
    with pytest.raises(FilterError, match="100,001 characters is too long; 100,000 are allowed"):
        parse(" " * (MOST_CHARACTERS + 1), columns)
