"""Are halves rounded as numpy rounds them?"""

from __future__ import annotations

import numpy as np
import pytest

from underglass.store.halves import to_halves


def edges() -> np.ndarray:
    """Every half as a float32, its neighbours, the ties between halves, and a stride through all bit patterns."""
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
    bits = halves.view(np.uint32)
    stride = np.arange(0, 2**32, 40_009, dtype=np.uint64).astype(np.uint32)
    return np.concatenate([bits, bits + 1, bits - 1, bits + 0x1000, bits + 0xFFF, bits + 0x1001, stride]).view(np.float32)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_compiled_halves_are_numpys_bit_for_bit() -> None:
    values = edges()
    with np.errstate(over="ignore"):
        expected = values.astype(np.float16)

    found = to_halves(values, fast=True)

    number = ~np.isnan(values)
    np.testing.assert_array_equal(found.view(np.uint16)[number], expected.view(np.uint16)[number])
    assert np.isnan(found[~number]).all()


def test_both_ways_give_the_same_bytes_for_ordinary_values() -> None:
    values = np.random.default_rng(0).normal(size=(33, 17)).astype(np.float32)

    assert to_halves(values, fast=True).tobytes() == to_halves(values, fast=False).tobytes()
