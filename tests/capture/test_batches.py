"""Are batches and shards small enough for the memory, and no smaller?"""

from hypothesis import given
from hypothesis import strategies as st

from underglass.capture.batches import (
    CACHED,
    FLOAT,
    MOST_INSTANCES,
    SHARD_BYTES,
    SHARE_OF_MEMORY,
    available_memory,
    choose_batch_size,
    choose_shard_size,
)
from underglass.models import Layer


def layer(values: int) -> Layer:
    return Layer("x", "Linear", values, (values,), suggested=True)


@given(st.lists(st.integers(1, 1 << 24), min_size=1, max_size=5), st.integers(1 << 20, 1 << 36))
def test_a_batch_stays_within_caches_and_memory(sizes, available):
    size = choose_batch_size([layer(values) for values in sizes], device="cpu", available=available)

    assert 1 <= size <= MOST_INSTANCES
    assert size & (size - 1) == 0
    if size > 1:
        assert size * max(sizes) * FLOAT <= CACHED
        assert size * sum(sizes) * FLOAT <= available * SHARE_OF_MEMORY


def test_a_small_network_takes_large_batches():
    assert choose_batch_size([layer(1000)], device="cpu", available=1 << 33) == MOST_INSTANCES


def test_another_device_takes_larger_batches():
    layers = [layer(1 << 20)]

    assert choose_batch_size(layers, device="cuda:0", available=1 << 36) > choose_batch_size(
        layers, device="cpu", available=1 << 36
    )


@given(st.integers(1, 10_000_000), st.integers(1, 200_000))
def test_a_shard_fits_in_memory(instances, values):
    size = choose_shard_size(instances, values)

    assert size & (size - 1) == 0
    assert size == 64 or size * values * FLOAT <= SHARD_BYTES


def test_many_instances_do_not_mean_thousands_of_files():
    assert 1_000_000 / choose_shard_size(1_000_000, 320) < 150


def test_there_is_some_memory():
    assert available_memory() > 1 << 20
