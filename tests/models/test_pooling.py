"""Is a layer's output pooled in pieces, wherever its axes lie, without a copy of the whole?"""

import doctest
import tracemalloc

import numpy as np
import pytest
import torch

from underglass.models import array_pooling, nested, torch_pooling
from underglass.models.layer_axes import Axes

POOLED = {"max": np.max, "mean": np.mean, "std": np.std, "min": np.min}
LAYOUTS = {
    "units second": (Axes(0, 1, 1, 4), (0, 1, 2, 3)),
    "units last": (Axes(0, 3, 1, 4), (0, 2, 3, 1)),
    "instances second": (Axes(1, 3, 1, 4), (2, 0, 3, 1)),
    "instances last": (Axes(3, 0, 1, 4), (1, 2, 3, 0)),
}


@pytest.mark.parametrize("kind", ["array", "tensor"])
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_pieces_give_what_the_whole_gives(kind, layout):
    axes, order = LAYOUTS[layout]
    whole = np.random.default_rng(0).normal(size=(37, 6, 80, 80)).astype(np.float32)  # more than a million: several pieces
    value = np.ascontiguousarray(whole.transpose(order))

    if kind == "array":
        found = array_pooling.pool(value, axes, list(POOLED))
    else:
        found = {name: one.numpy() for name, one in torch_pooling.pool(torch.from_numpy(value), axes, list(POOLED)).items()}

    for name, oracle in POOLED.items():
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], oracle(whole.astype(np.float64), axis=(2, 3)), atol=2e-6)


def test_windows_folded_into_the_batch_are_pooled_over_their_instance():
    value = np.random.default_rng(0).normal(size=(4 * 3, 10, 5)).astype(np.float32)

    found = array_pooling.pool(value, Axes(0, 2, 3, 3), ["max"])["max"]

    assert np.array_equal(found, value.reshape(4, 30, 5).max(1))


def test_nothing_of_the_size_of_a_layers_output_is_made_beside_it():
    value = np.zeros((32, 16, 128, 128), np.float32)

    tracemalloc.start()
    array_pooling.pool(value, Axes(0, 1, 1, 4), list(POOLED))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < value.nbytes / 2  # deviations of the whole in double precision would be twice its size


def test_what_is_not_a_number_is_not_pooled_away():
    value = np.zeros((2, 3, 4, 4), np.float32)
    value[1, 2, 3, 3] = np.nan

    found = array_pooling.pool(value, Axes(0, 1, 1, 4), list(POOLED))

    for one in found.values():
        assert np.isnan(one[1, 2])
        assert np.isnan(one).sum() == 1


def test_the_examples_of_nested_tensors_are_true():
    assert doctest.testmod(nested).failed == 0
