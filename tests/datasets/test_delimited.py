"""Is a text file read as it was meant, whatever its separator and encoding, and refused in a sentence if it cannot be?"""

import gzip

import pytest

from underglass.datasets.delimited import read_columns, read_text
from underglass.errors import DataError


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(separator):
    lines = ["age,y,p", "31,1,0.5", "40,0,0.25", '52,1,"0.75"']

    found = read_text("\n".join(line.replace(",", separator) for line in lines).encode())

    assert found.separator == separator
    assert found.table.to_pydict() == {"age": [31, 40, 52], "y": [1, 0, 1], "p": [0.5, 0.25, 0.75]}


def test_decimal_commas_are_numbers_where_semicolons_part_the_fields():
    assert read_text(b"y;p\n1;0,5\n0;0,25\n").table["p"].to_pylist() == [0.5, 0.25]


def test_a_comma_in_a_quoted_name_is_no_separator():
    found = read_text(b'name;y\n"Doe, J.";1\n"Roe, R.";0\n')

    assert found.separator == ";"
    assert found.table["name"].to_pylist() == ["Doe, J.", "Roe, R."]


def test_encodings_are_found_and_said(tmp_path):
    text = "né,y\nà,1\nü,0\n"

    assert read_text(text.encode("utf-8")).table.column_names == ["né", "y"]
    assert read_text(b"\xef\xbb\xbf" + text.encode()).table.column_names == ["né", "y"]
    assert read_text(text.encode("utf-16")).table["né"].to_pylist() == ["à", "ü"]
    western = read_text(text.encode("cp1252"))
    assert western.table["né"].to_pylist() == ["à", "ü"]
    assert western.encoding == "windows-1252"
    assert "Not UTF-8 (line 1)" in western.notes[0]


def test_missing_values_are_null_however_they_are_written():
    found = read_text(b"a, b, y\n x, ?, 1\n NA, 2, 0\n y, , 1\n")

    assert found.table.to_pydict() == {"a": ["x", None, "y"], "b": [None, 2, None], "y": [1, 0, 1]}


def test_compressed_files_and_parquet_are_read(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,y\n1,0\n"))

    assert read_columns(tmp_path / "a.csv.gz").table.to_pylist() == [{"a": 1, "y": 0}]


@pytest.mark.parametrize(
    ("data", "given", "message"),
    [
        (b"", {}, "the file is empty; the first line must hold the names of the columns."),
        (b"a,b\n", {}, "the file has a header and no rows."),
        (b"a;b;c\n1;2;3\n", {"separator": ","}, "It looks like semicolon (--separator ;)."),
        (b"score\n1\n2\n", {}, "has one column only, 'score'; fields are parted by comma, semicolon, tab or bar."),
        (b"39,Private,0,0.2\n40,State,1,0.4\n", {}, "seems to have no header: its first line holds 39, 0, 0.2"),
        (b"a,b\n1,2\n3,4,5\n", {}, "1 lines of the file have another number of fields than the header's 2: line 3 has 3"),
        (b"a,a\n1,2\n", {}, "two columns called 'a'; columns are called by name, so rename one."),
        ("é,b\n1,2\n".encode("cp1252"), {"encoding": "utf-8"}, "is not utf-8: line 1 holds a byte that is none of it."),
        (b"a,b\n1,2\n", {"encoding": "utf8000"}, "there is no encoding 'utf8000'; common ones are utf-8, windows-1252, utf-16."),
        (b"PK\0\0a,b", {}, "is not text: it holds zero bytes."),
        (b"a,b\n1,2\n", {"separator": "::"}, "a separator is one character, such as , or ; or tab; got '::'."),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(data, given, message):
    with pytest.raises(DataError) as refused:
        read_text(data, **given)

    assert message in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nothing.csv' is not there; a table of scores is a file"):
        read_columns(tmp_path / "nothing.csv")
