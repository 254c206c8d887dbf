"""Is the spanning tree that of scipy on the full matrix, whatever the data do to float32?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from underglass.analyses import spanning_blocks
from underglass.analyses.spanning_tree import spanning_tree
from underglass.errors import JobCancelled


def full_matrix(points, min_samples):
    distance = cdist(points.astype(np.float64), points.astype(np.float64))
    core = np.sort(distance, 1)[:, min_samples]
    return np.maximum(np.maximum(distance, core), core[:, None]), core


def weight_of_scipy(reach):
    offset = reach.max()  # scipy takes a weight near 0 for no edge
    raised = reach + offset
    np.fill_diagonal(raised, 0)
    return minimum_spanning_tree(raised).sum() - (len(reach) - 1) * offset


def clouds(kind):
    random = np.random.default_rng(3)
    blobs = random.standard_normal((400, 12)) + 6 * random.integers(0, 3, (400, 1))
    return {
        "noise": random.standard_normal((400, 12)),
        "blobs": blobs,
        "tight and far": np.concatenate(
            [1e-4 * random.standard_normal((200, 12)), 30 + 1e-4 * random.standard_normal((200, 12))]
        ),
        "copies": np.repeat(random.standard_normal((80, 12)), 5, axis=0),
        "integers": random.integers(0, 3, (400, 4)).astype(float),
        "offset": 1000 + blobs,
        "huge": 1e25 * blobs,
        "tiny": 1e-25 * blobs,
        "one line": np.arange(400.0)[:, None],
    }[kind].astype(np.float32)


KINDS = ("noise", "blobs", "tight and far", "copies", "integers", "offset", "huge", "tiny", "one line")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ties", ["rows", "distance"])
def test_tree_weighs_as_much_as_that_of_scipy(kind, ties):
    points = clouds(kind)
    reach, _ = full_matrix(points, 5)

    tree = spanning_tree(points, 5, ties=ties)

    assert tree.weight.sum() == pytest.approx(weight_of_scipy(reach), rel=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_core_distances_and_edges_are_exact(kind):
    points = clouds(kind)
    reach, core = full_matrix(points, 5)

    tree = spanning_tree(points, 5)

    np.testing.assert_allclose(tree.core, core, rtol=1e-12)
    np.testing.assert_allclose(tree.weight, reach[tree.ends[:, 0], tree.ends[:, 1]], rtol=1e-12)


@pytest.fixture
def small_blocks(monkeypatch):
    """Many blocks, short lists: the second pass has much to do."""
    monkeypatch.setattr(spanning_blocks, "ROWS_AT_ONCE", 30)
    monkeypatch.setattr(spanning_blocks, "BLOCKS_A_TREE", 2)
    monkeypatch.setattr(spanning_blocks, "LISTED", 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ties", ["rows", "distance"])
@pytest.mark.parametrize("min_samples", [1, 5])
def test_tree_in_blocks_weighs_as_much_as_that_of_all_pairs(kind, ties, min_samples, small_blocks):
    points = clouds(kind)

    kept = spanning_tree(points, min_samples, ties=ties)
    blocks = spanning_tree(points, min_samples, ties=ties, kept_bytes=0)

    assert blocks.weight.sum() == pytest.approx(kept.weight.sum(), rel=1e-12)
    assert np.sort(blocks.weight).tolist() == pytest.approx(np.sort(kept.weight).tolist(), rel=1e-12)
    assert (blocks.core == kept.core).all()


@pytest.mark.parametrize("kind", ["noise", "blobs", "tight and far", "offset"])
def test_tree_in_blocks_is_that_of_all_pairs_where_distances_differ(kind, small_blocks):
    points = clouds(kind)

    kept = spanning_tree(points, 5)
    blocks = spanning_tree(points, 5, kept_bytes=0)

    assert (blocks.ends == kept.ends).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100_000), st.integers(2, 60), st.integers(1, 40))
def test_tree_in_blocks_joins_any_number_of_groups(seed, groups, size):
    random = np.random.default_rng(seed)
    points = (
        np.repeat(50 * random.standard_normal((groups, 3)), size, axis=0) + random.standard_normal((groups * size, 3))
    ).astype(np.float32)
    min_samples = min(3, len(points) - 1)

    kept = spanning_tree(points, min_samples)
    blocks = spanning_tree(points, min_samples, kept_bytes=0)

    assert (blocks.ends == kept.ends).all()


def test_every_instance_is_joined_once():
    tree = spanning_tree(clouds("blobs"), 5)

    assert sorted(tree.ends[:, 1].tolist()) == list(range(1, 400))


def test_ties_by_distance_leave_the_same_lengths_for_any_order_of_rows():
    points = clouds("blobs")
    shuffled = np.random.default_rng(0).permutation(400)

    tree, other = spanning_tree(points, 5, ties="distance"), spanning_tree(points[shuffled], 5, ties="distance")

    def edges(tree, names):
        return {(*sorted(names[ends]), weight) for ends, weight in zip(tree.ends, tree.weight, strict=True)}

    assert edges(tree, np.arange(400)) == edges(other, shuffled)


def test_tree_does_not_depend_on_the_number_of_threads():
    points = np.random.default_rng(1).standard_normal((1500, 40)).astype(np.float32)

    with threadpool_limits(1):
        alone = spanning_tree(points, 5)
    together = spanning_tree(points, 5)

    assert (alone.ends == together.ends).all()
    assert (alone.weight == together.weight).all()


@pytest.mark.parametrize("kept_bytes", [0, 1 << 30])
def test_progress_can_cancel(kept_bytes):
    def stop(done, total, stage):
        raise JobCancelled("stopped")

    with pytest.raises(JobCancelled, match="stopped"):
        spanning_tree(clouds("noise"), 5, kept_bytes=kept_bytes, progress=stop)


def test_progress_ends_at_all_instances():
    told = []

    spanning_tree(clouds("noise"), 5, progress=lambda done, total, stage: told.append((done, total, stage)))

    assert told[0] == (0, 400, "distances")
    assert told[-1] == (400, 400, "spanning tree")
