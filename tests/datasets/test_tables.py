"""Are tables read with all their columns, from any of the libraries people have?"""

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from underglass import datasets
from underglass.errors import DataError

COLUMNS = {"age": [31, 45, 22], "hours": [40.0, None, 12.5], "sex": ["f", None, "m"], "label": ["no", "yes", "no"]}


def relation(columns):
    return duckdb.connect().from_arrow(pa.table(columns))


class Stream:
    """Nothing but Arrow's stream, as many libraries give it."""

    def __init__(self, columns):
        self.table = pa.table(columns)

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame, pa.table, relation, Stream])
def test_any_table_gives_the_same_instances(make):
    data = datasets.table(make(COLUMNS), features=["age", "hours"])

    assert data.load([1]) == [{"age": 45, "hours": None}]
    assert data.classes == ("no", "yes")
    assert {name: data.table[name].to_pylist() for name in ("age", "hours", "sex")} == {
        name: COLUMNS[name] for name in ("age", "hours", "sex")
    }


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "feather"])
def test_any_file_gives_the_same_instances(tmp_path, ending):
    frame, path = pd.DataFrame(COLUMNS), tmp_path / f"people.{ending}"
    if ending == "parquet":
        parquet.write_table(pa.Table.from_pandas(frame), path)
    elif ending == "feather":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, (table := pa.Table.from_pandas(frame)).schema) as writer:
            writer.write_table(table)
    else:
        frame.to_csv(path, index=False, sep="\t" if ending == "tsv" else ",")

    data = datasets.table(path)

    assert data.table["hours"].to_pylist() == COLUMNS["hours"]
    assert data.table["sex"].to_pylist() == COLUMNS["sex"]


def test_without_a_choice_the_numbers_are_the_features_and_the_label_is_not():
    data = datasets.table({**COLUMNS, "label": [0, 1, 0]})

    assert list(data.load([0])[0]) == ["age", "hours"]


def test_pictures_are_found_beside_the_table(tmp_path, save):
    save(tmp_path / "pictures" / "a.png", 1)
    (tmp_path / "list.csv").write_text("path,label\npictures/a.png,x\npictures/b.png,y\n,x\n")

    data = datasets.table(tmp_path / "list.csv", image="path")

    assert data.load([0])[0].shape == (12, 10, 3)
    assert data.skipped == (("1", "pictures/b.png: no such file"), ("2", "no path"))


def test_texts_that_are_missing_are_named():
    data = datasets.table({"mail": ["hello", None, "bye"], "id": ["a", "b", "c"]}, text="mail")

    assert data.load([0, 1]) == ["hello", "bye"]
    assert data.skipped == (("b", "no text"),)


def test_columns_with_a_name_of_their_own_meaning_move_aside():
    data = datasets.table({"x": [1], "prediction": [0.3], "note": ["hm"]}, features=["x"])

    assert data.table["prediction_given"].to_pylist() == [0.3]
    assert data.table["note_given"].to_pylist() == ["hm"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "lable"}, r"no column named 'lable'; did you mean 'label'\?"),
        ({"features": ["ages"]}, r"no column named 'ages'; did you mean 'age'\?"),
        ({"image": "sex", "text": "sex"}, "give one of image=, text= and features="),
        ({"id": "sex"}, "1 ids are missing, the first at position 1"),
    ],
)
def test_wrong_columns_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        datasets.table(COLUMNS, **options)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "is not there; a table is a file"),
        ("words.xlsx", "x", "is no table known here; known endings: .csv"),
        ("bad.parquet", "x", "cannot be read as a table"),
        ("ragged.csv", "a,b\n1,2,3\n", "cannot be read as a table"),
        ("twice.csv", "a,a\n1,2\n", "column 'a' is there twice"),
    ],
)
def test_files_that_are_no_tables_are_said(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)

    with pytest.raises(DataError, match=message):
        datasets.table(tmp_path / name)


def test_dictionaries_and_wide_strings_become_words():
    column = pa.array(["a", "b", "a"]).dictionary_encode()

    data = datasets.table({"x": [1, 2, 3], "kind": column, "wide": pa.array(["q", None, "r"], pa.large_string())})

    assert data.table.schema.field("kind").type == data.table.schema.field("wide").type == pa.string()


TWICE = ["a", "a", "label"]


@pytest.mark.parametrize(
    "table", [pd.DataFrame([[1, 2, "x"]], columns=TWICE), pa.Table.from_arrays([[1], [2], ["x"]], names=TWICE)]
)
def test_a_column_that_is_there_twice_is_refused(table):
    with pytest.raises(DataError, match="column 'a' is there twice"):
        datasets.table(table, label="label")
