"""What may stand in the table of instances, and does it come back as it was?"""

from __future__ import annotations

import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.building import CLASSES, STEADY
from underglass.errors import CaseError, DataError
from underglass.store.instances import check_instances, read_instances, write_instances


def kept(table: pa.Table, folder: Path) -> pa.Table:
    checked = check_instances(table, CLASSES)
    write_instances(folder, checked)
    return read_instances(folder, checked.num_rows)


def test_rows_count_from_zero_and_the_four_columns_come_first() -> None:
    found = check_instances(pa.table({"age": [1.5, 2.5], "id": ["a", "b"]}), CLASSES)

    assert found.column_names == ["row", "id", "label", "split", "age"]
    assert [str(kind) for kind in found.schema.types] == ["int32", "string", "int32", "string", "double"]
    assert found["row"].to_pylist() == [0, 1]
    assert found["label"].to_pylist() == [None, None]


def test_types_and_nulls_of_metadata_come_back(tmp_path: Path) -> None:
    when = datetime.datetime(2026, 1, 2, 3, 4, 5)
    table = pa.table(
        {
            "id": pa.array([7, 9], pa.int16()),
            "number": pa.array([None, 1.25], pa.float32()),
            "whole": pa.array([2**62, None]),
            "truth": [True, None],
            "text": [None, "x"],
            "time": pa.array([when, None], pa.timestamp("us")),
            "day": pa.array([when.date(), None]),
            "category": pa.array(["r", None]).dictionary_encode(),
            "tags": pa.array([["a", "b"], None]),
            "empty": pa.nulls(2),
        }
    )

    found = kept(table, tmp_path)

    for name in table.column_names[1:]:
        assert found[name].to_pylist() == table[name].to_pylist(), name
    assert found.schema.field("id").type == pa.int64()
    assert found.schema.field("number").type == pa.float32()
    assert found.schema.field("time").type == pa.timestamp("us")
    assert found.schema.field("empty").type == pa.string()


@STEADY
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), unique=True, min_size=1, max_size=10))
def test_any_text_is_an_id_and_comes_back(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    found = kept(pa.table({"id": ids}), tmp_path_factory.mktemp("ids"))

    assert found["id"].to_pylist() == ids


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    hostile = ["'; DROP TABLE instances; --", "<script>alert(1)</script>", "{0.__class__}", "=cmd()", "\0", "\u202e", "../../x"]
    table = pa.table({"id": hostile, "'; DROP TABLE x": hostile, "<b>": hostile})

    assert kept(table, tmp_path).drop_columns(["row", "label", "split"]).to_pydict() == table.to_pydict()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"name": ["a"]}, "instances need a column 'id'; there are: name"),
        ({"id": pa.array([], pa.string())}, "there are no instances"),
        ({"id": ["a", "b", "a", "c", "b"]}, "ids must differ; used more than once: 'a', 'b'"),
        ({"id": [str(i % 10) for i in range(20)]}, "used more than once: '0', '1', '2', '3', '4' and 5 more"),
        ({"id": ["a", None, None]}, r"2 instances have no id \(the first is row 1\)"),
        ({"id": [1.5]}, "column 'id' holds double: ids are text or whole numbers"),
        ({"id": pa.array([2**63], pa.uint64())}, "an id is larger than 9223372036854775807: give ids as text"),
        ({"id": [1, 2], "label": [0, 3]}, r"label 3 is outside the 3 classes \(0…2\); an unlabelled instance is null"),
        ({"id": [1, 2], "label": [-1, 0]}, "label -1 is outside the 3 classes"),
        ({"id": [1], "label": ["Shirt"]}, "column 'label' holds string: labels are class indices"),
        ({"id": [1], "split": [3]}, "column 'split' holds int64: it must be text"),
        ({"id": [1, 2], "row": [1, 2]}, "column 'row' is kept for the position of an instance"),
        ({"id": [1], "what": [b"bytes"]}, "column 'what' holds binary: metadata are numbers"),
        ({"id": [1], "what": [{"a": 1}]}, "column 'what' holds struct"),
    ],
)
def test_what_cannot_be_used_is_named(table: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_instances(pa.table(table), CLASSES)


def test_a_column_twice_and_a_class_twice_are_named() -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([1]), pa.array([2])], names=["id", "a", "a"])

    with pytest.raises(DataError, match="column 'a' is there twice"):
        check_instances(twice, CLASSES)
    with pytest.raises(DataError, match="class 'x' is there twice"):
        check_instances(pa.table({"id": [1]}), ["x", "y", "x"])


def test_many_chunks_are_one_table() -> None:
    parts = pa.concat_tables([pa.table({"id": [f"{i}"], "c": pa.array([f"v{i % 2}"]).dictionary_encode()}) for i in range(5)])

    found = check_instances(parts, CLASSES)

    assert found["c"].to_pylist() == ["v0", "v1", "v0", "v1", "v0"]


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    kept(pa.table({"id": ["a"]}), tmp_path)
    path = tmp_path / "instances.parquet"

    with pytest.raises(CaseError, match="does not hold the 2 instances of this case"):
        read_instances(tmp_path, 2)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CaseError, match=r"instances\.parquet is damaged or missing"):
        read_instances(tmp_path, 1)
