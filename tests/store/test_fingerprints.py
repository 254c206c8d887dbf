"""Do hashes tell equal data from unequal?"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from store.building import STEADY
from underglass.store import hash_array, hash_bytes, hash_file, hash_json, hash_table

SCALARS = arrays.integer_dtypes() | arrays.floating_dtypes() | arrays.boolean_dtypes()
ARRAYS = SCALARS.flatmap(lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))


def test_bytes_hash_to_blake2b_of_sixteen_bytes() -> None:
    assert hash_bytes(b"under", b"glass") == blake2b(b"underglass", digest_size=16).hexdigest()


@STEADY
@given(ARRAYS)
def test_memory_order_and_byte_order_do_not_matter(array: np.ndarray) -> None:
    assert hash_array(array) == hash_array(np.array(array, order="F"))
    assert hash_array(array) == hash_array(array.astype(array.dtype.newbyteorder(">")))


@STEADY
@given(ARRAYS)
def test_shape_matters(array: np.ndarray) -> None:
    assert hash_array(array) != hash_array(array[None])


def test_type_matters() -> None:
    assert hash_array(np.zeros(4, np.int32)) != hash_array(np.zeros(4, np.float32))


def test_one_changed_value_changes_the_hash() -> None:
    before = np.arange(1000, dtype=np.float32)
    after = before.copy()
    after[512] = np.nextafter(after[512], np.float32(np.inf))

    assert hash_array(before) != hash_array(after)


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(TypeError, match="Python objects"):
        hash_array(np.array([object()]))


def columns() -> st.SearchStrategy[pa.Array]:
    kinds = [
        (st.integers(-5, 5), pa.int64()),
        (st.floats(width=32, allow_nan=False).map(lambda x: x + 0.0), pa.float32()),
        (st.booleans(), pa.bool_()),
        (st.text(max_size=5), pa.string()),
        (st.datetimes(), pa.timestamp("us")),
        (st.lists(st.integers(0, 3), max_size=3), pa.list_(pa.int64())),
    ]
    return st.one_of(
        *(st.lists(st.none() | one, min_size=1, max_size=12).map(lambda v, k=kind: pa.array(v, k)) for one, kind in kinds)
    )


@STEADY
@given(columns(), st.integers(0, 12))
def test_chunks_of_a_table_do_not_matter(column: pa.Array, cut: int) -> None:
    whole = pa.table({"a": column})
    parts = pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])

    assert hash_table(whole) == hash_table(parts)


@STEADY
@given(columns(), columns())
def test_tables_hash_equal_exactly_if_they_are_equal(first: pa.Array, second: pa.Array) -> None:
    one, other = pa.table({"a": first}), pa.table({"a": second})

    assert (hash_table(one) == hash_table(other)) == one.equals(other)


def test_a_null_is_neither_zero_nor_empty_text() -> None:
    assert hash_table(pa.table({"a": pa.array([0, None])})) != hash_table(pa.table({"a": pa.array([0, 0])}))
    assert hash_table(pa.table({"a": pa.array(["", None])})) != hash_table(pa.table({"a": pa.array(["", ""])}))


def test_where_one_text_ends_matters() -> None:
    assert hash_table(pa.table({"a": ["ab", "c"]})) != hash_table(pa.table({"a": ["a", "bc"]}))


def test_a_renamed_column_changes_the_hash() -> None:
    assert hash_table(pa.table({"a": [1]})) != hash_table(pa.table({"b": [1]}))


def test_a_dictionary_of_texts_hashes_by_its_values() -> None:
    one = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["x", "y"]))
    other = pa.DictionaryArray.from_arrays(pa.array([1, 0, None]), pa.array(["y", "x"]))

    assert hash_table(pa.table({"a": one})) == hash_table(pa.table({"a": other}))


def test_a_file_hashes_as_its_bytes(tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(9_000_001)
    (tmp_path / "file").write_bytes(data)

    assert hash_file(tmp_path / "file") == hash_bytes(data)


def test_the_order_of_keys_does_not_matter_to_json() -> None:
    assert hash_json({"a": [1, 2], "b": None}) == hash_json({"b": None, "a": [1, 2]})
    assert hash_json({"a": [1, 2]}) != hash_json({"a": [2, 1]})
