"""Do units that behave alike stand together, whatever order they came in?"""

import numpy as np

from underglass.analyses.unit_order import cluster_order


def test_planted_blocks_stand_together():
    random = np.random.default_rng(0)
    block = random.integers(0, 4, 60)
    centres = random.random((8, 4)) * 3
    profiles = (centres[:, block] + random.normal(0, 0.02, (8, 60))) * random.uniform(0.5, 4, 60)

    order = cluster_order(profiles)

    assert sorted(order.tolist()) == list(range(60))
    assert (np.diff(block[order]) != 0).sum() == 3


def test_silent_units_stand_last_and_empty_rows_do_not_count():
    profiles = np.random.default_rng(1).random((5, 20))
    profiles[:, [2, 7]] = 0
    with_empty = np.vstack([profiles, np.full((1, 20), np.nan)])

    assert cluster_order(profiles).tolist()[-2:] == [2, 7]
    assert cluster_order(with_empty).tolist() == cluster_order(profiles).tolist()


def test_few_units_and_no_rows():
    assert cluster_order(np.ones((2, 1))).tolist() == [0]
    assert cluster_order(np.full((1, 3), np.nan)).tolist() == [0, 1, 2]
