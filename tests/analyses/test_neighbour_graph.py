"""Are the nearest the nearest?"""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from underglass.analyses import neighbour_graph
from underglass.analyses.neighbour_graph import nearest


def test_the_nearest_are_those_of_scikit_learn():
    points = np.random.default_rng(0).standard_normal((2500, 12))
    distance, index = NearestNeighbors(n_neighbors=7).fit(points).kneighbors()
    graph = nearest(points, 7)
    assert graph.distance == pytest.approx(distance, abs=1e-5)
    assert (graph.index == index).mean() > 0.999


def test_nobody_is_their_own_neighbour_even_among_copies():
    graph = nearest(np.zeros((50, 3)), 5)
    assert (graph.index != np.arange(50)[:, None]).all()
    assert (graph.index >= 0).all()


def test_fewer_come_back_where_there_are_fewer():
    assert nearest(np.zeros((3, 2)), 10).index.shape == (3, 2)
    assert nearest(np.zeros((1, 2)), 10).index.shape == (1, 0)


def test_columns_of_very_different_spread_are_brought_to_the_same():
    r = np.random.default_rng(0)
    points = np.stack([r.standard_normal(200), r.standard_normal(200), 1e6 * r.standard_normal(200)], axis=1)
    graph = nearest(points, 3)
    assert "each scaled to the same spread" in graph.space
    _, index = NearestNeighbors(n_neighbors=3).fit(points / points.std(0)).kneighbors()
    assert (graph.index == index).mean() > 0.99


def test_a_sample_stands_for_too_many_and_says_so(monkeypatch):
    monkeypatch.setattr(neighbour_graph, "MOST_COMPARED", 300)
    points = np.random.default_rng(0).standard_normal((1000, 4))
    graph = nearest(points, 5, seed=1)
    assert "among 300 of 1,000 instances" in graph.space
    assert len(np.unique(graph.index)) <= 300
    assert (graph.index == nearest(points, 5, seed=1).index).all()


def test_progress_ends_at_all_and_may_cancel():
    seen = []
    nearest(
        np.random.default_rng(0).standard_normal((1500, 4)), 5, progress=lambda done, total, stage: seen.append((done, total))
    )
    assert seen[-1] == (1500, 1500)

    def cancel(done, total, stage):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        nearest(np.random.default_rng(0).standard_normal((1500, 4)), 5, progress=cancel)
