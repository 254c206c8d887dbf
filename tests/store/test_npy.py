"""Are array files what numpy writes and reads, and is damage named?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from store.building import STEADY
from underglass.errors import CaseError
from underglass.store import npy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "a.npy"
    found.write_bytes(b"".join(npy.pieces(np.arange(12, dtype=np.float32).reshape(3, 4))))
    return found


@STEADY
@given(
    array=arrays.arrays(
        arrays.integer_dtypes() | arrays.floating_dtypes() | arrays.unicode_string_dtypes(max_len=4),
        arrays.array_shapes(min_side=0, max_dims=4),
    )
)
def test_numpy_reads_the_array_that_was_written(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("npy") / "a.npy"
    path.write_bytes(b"".join(npy.pieces(array)))

    np.testing.assert_array_equal(np.load(path, allow_pickle=False), array)
    np.testing.assert_array_equal(npy.open_array(path), array)


def test_a_numpy_integer_in_the_shape_is_written_as_a_number() -> None:
    assert b"(5, 2)" in npy.header(np.float16, (np.int64(5), np.int32(2)))


def test_what_numpy_saved_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(5))

    np.testing.assert_array_equal(npy.open_array(tmp_path / "a.npy"), np.arange(5))


def test_values_cannot_be_written_to(path: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        npy.open_array(path)[0, 0] = 1


def test_a_file_cut_short_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(CaseError, match=r"a\.npy is damaged: 175 bytes instead of 176"):
        npy.open_array(path)


def test_another_shape_or_type_than_expected_is_damage(path: Path) -> None:
    with pytest.raises(CaseError, match=r"it holds float32 \(3, 4\), not float32 \(4, 4\)"):
        npy.open_array(path, shape=(4, 4))
    with pytest.raises(CaseError, match=r"not float16 \(3, 4\)"):
        npy.open_array(path, dtype=np.float16)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"none\.npy cannot be read: No such file"):
        npy.open_array(tmp_path / "none.npy")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x93NUMPY",
        b"junk" * 50,
        b"\x93NUMPY\x01\x00\x76\x00" + b"{" * 118,
        b"\x93NUMPY\x01\x00\x76\x00" + b"__import__('os')".ljust(118),
    ],
)
def test_a_header_that_is_none_is_damage_and_is_not_run(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(head)

    with pytest.raises(CaseError, match="is damaged"):
        npy.open_array(tmp_path / "a.npy")


def test_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}]), allow_pickle=True)

    with pytest.raises(CaseError, match="is damaged"):
        npy.open_array(tmp_path / "a.npy")
    with pytest.raises(TypeError, match="pickle"):
        npy.header(np.dtype(object), (1,))


def test_a_header_is_not_read_as_python_which_fails_in_several_threads_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("ast.literal_eval", lambda text: pytest.fail("several threads cannot parse at once"))
    for shape in ((), (3,), (2, 0), (2, 3, 4)):
        np.save(tmp_path / "one.npy", np.full(shape, 1.5, np.float32))
        found = npy.open_array(tmp_path / "one.npy")
        assert (found.shape, found.dtype) == (shape, np.float32)
