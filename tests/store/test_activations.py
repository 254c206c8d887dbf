"""Does every way of reading a layer give the same numbers, whatever its size and shards?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.building import STEADY
from underglass.errors import CaseError, LayerError
from underglass.store import Activations, npy
from underglass.store.halves import to_stored


def written(folder: Path, values: np.ndarray, shard_size: int, precision: str = "float16") -> Activations:
    paths = []
    for start in range(0, len(values), shard_size):
        paths.append(folder / f"{start:05d}.npy")
        paths[-1].write_bytes(b"".join(npy.pieces(to_stored(values[start : start + shard_size], precision))))
    n, units = values.shape
    return Activations(paths, layer="conv1", pooling="max", instances=n, units=units, shard_size=shard_size, content="hash")


def normal(n: int, units: int) -> np.ndarray:
    return np.random.default_rng(n * units).normal(size=(n, units)).astype(np.float32)


@settings(STEADY, max_examples=25)
@given(st.integers(1, 1300), st.integers(1, 5), st.integers(1, 1200), st.data())
def test_units_rows_blocks_and_the_whole_agree(
    tmp_path_factory: pytest.TempPathFactory, n: int, units: int, size: int, data
) -> None:
    values = normal(n, units)
    oracle = values.astype(np.float16).astype(np.float32)

    layer = written(tmp_path_factory.mktemp("layer"), values, max(size, n // 8))

    rows = data.draw(st.lists(st.integers(0, n - 1), max_size=20))
    np.testing.assert_array_equal(layer.array(), oracle)
    np.testing.assert_array_equal(layer.unit(units - 1), oracle[:, -1])
    np.testing.assert_array_equal(layer.units([units - 1, 0]), oracle[:, [units - 1, 0]])
    np.testing.assert_array_equal(layer.rows(rows), oracle[rows])
    np.testing.assert_array_equal(np.concatenate([piece for _, piece in layer.blocks()]), oracle)
    assert [where.start for where, _ in layer.blocks()] == np.cumsum([0, *(len(piece) for _, piece in layer.blocks())])[
        :-1
    ].tolist()
    assert max(len(piece) for _, piece in layer.blocks()) <= 512


def test_what_comes_out_is_float32_in_the_order_of_instances(tmp_path: Path) -> None:
    layer = written(tmp_path, normal(600, 3), 512)

    assert layer.shape == (600, 3)
    assert len(layer) == 600
    assert {one.dtype for one in (layer.array(), layer.unit(0), layer.rows([1]), next(layer.blocks())[1])} == {
        np.dtype(np.float32)
    }
    assert layer.array().flags.c_contiguous
    assert next(layer.blocks())[1].flags.c_contiguous
    assert "600 instances × 3 units" in repr(layer)


def test_the_stored_type_is_said(tmp_path: Path) -> None:
    values = normal(4, 2)
    for name in "abc":
        (tmp_path / name).mkdir()

    assert written(tmp_path / "a", values, 2).dtype == np.float16
    assert written(tmp_path / "b", values, 2, "float32").dtype == np.float32
    values[3, 1] = 1e6
    mixed = written(tmp_path / "c", values, 2)
    assert mixed.dtype == np.float32
    assert mixed.unit(1)[3] == np.float32(1e6)


@pytest.mark.parametrize("unit", [-1, 3, 1.5])
def test_a_unit_that_is_not_there_is_named(tmp_path: Path, unit: float) -> None:
    layer = written(tmp_path, normal(4, 3), 4)

    with pytest.raises(LayerError, match=f"layer 'conv1' has units 0 to 2, not {unit}"):
        layer.unit(unit)


@pytest.mark.parametrize("rows", [[4], [-1], [0.5], [[1]]])
def test_rows_that_are_not_there_are_refused(tmp_path: Path, rows: list) -> None:
    layer = written(tmp_path, normal(4, 3), 4)

    with pytest.raises(LayerError, match="rows of 'conv1' are whole numbers from 0 to 3"):
        layer.rows(rows)


def test_no_rows_give_an_empty_array(tmp_path: Path) -> None:
    assert written(tmp_path, normal(4, 3), 4).rows([]).shape == (0, 3)


def test_a_shard_of_the_wrong_size_or_type_is_damage(tmp_path: Path) -> None:
    layer = written(tmp_path, normal(8, 3), 4)
    second = tmp_path / "00004.npy"

    second.write_bytes(second.read_bytes()[:-2])
    with pytest.raises(CaseError, match=r"00004\.npy is damaged"):
        layer.unit(0)
    second.write_bytes(b"".join(npy.pieces(np.zeros((3, 4), np.int16))))
    with pytest.raises(CaseError, match="it holds int16 values"):
        layer.unit(0)


def test_values_beyond_half_precision_are_stored_as_float32() -> None:
    small, large, tiny = np.float32([[65504.0, -1.0]]), np.float32([[65505.0, -1.0]]), np.float32([[1e-6, -3e-5]])

    assert to_stored(small).dtype == np.float16
    assert to_stored(large).dtype == np.float32
    assert to_stored(-large).dtype == np.float32
    assert to_stored(tiny).dtype == np.float32
    assert to_stored(np.zeros((2, 2), np.float32)).dtype == np.float16
    np.testing.assert_array_equal(to_stored(large), large.T)


def test_infinity_and_nan_are_kept_and_decide_nothing() -> None:
    odd = np.float32([[np.inf, -np.inf, np.nan, 1.5]])
    with_large = np.float32([[np.inf, np.nan, 70_000.0]])
    nothing_finite = np.float32([[np.nan, np.inf]])

    assert to_stored(odd).dtype == np.float16
    np.testing.assert_array_equal(to_stored(odd).astype(np.float32), odd.T)
    assert to_stored(with_large).dtype == np.float32
    assert to_stored(nothing_finite).dtype == np.float16


def test_float64_activations_are_accepted() -> None:
    values = np.random.default_rng(0).normal(size=(5, 2))

    np.testing.assert_array_equal(to_stored(values), values.astype(np.float32).astype(np.float16).T)
