"""Is it the PageRank of networkx?"""

import re

import networkx
import numpy as np
import pytest

from underglass.analyses.pagerank import pagerank
from underglass.errors import DataError


def edges(nodes=300, count=900, seed=0):
    r = np.random.default_rng(seed)
    return r.integers(0, nodes, count), r.integers(0, nodes, count), r.integers(1, 50, count).astype(float)


def theirs(kind, nodes, source, target, weight, start, alpha=0.85):
    graph = kind()
    graph.add_nodes_from(range(nodes))
    for a, b, w in zip(source.tolist(), target.tolist(), weight.tolist(), strict=True):
        before = graph[a][b]["weight"] if graph.has_edge(a, b) else 0
        graph.add_edge(a, b, weight=before + w)
    rank = networkx.pagerank(graph, alpha, dict(enumerate(start.tolist())), tol=1e-11 / nodes, max_iter=2000, weight="weight")
    return np.array([rank[node] for node in range(nodes)])


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("directed", [False, True])
def test_ranks_are_those_of_networkx(seed, directed):
    source, target, weight = edges(seed=seed)
    start = np.random.default_rng(seed).random(300)
    found = pagerank(source, target, weight, start, directed=directed, tolerance=1e-10)
    expected = theirs(networkx.DiGraph if directed else networkx.Graph, 300, source, target, weight, start)
    assert np.abs(found.rank - expected).sum() < 1e-8
    assert found.residual < 1e-10


def test_who_is_stuck_starts_again():
    source, target, weight = np.array([0, 1]), np.array([1, 2]), np.ones(2)
    start = np.array([0.2, 0.0, 0.0, 0.8])
    found = pagerank(source, target, weight, start, directed=True)
    assert found.rank == pytest.approx(theirs(networkx.DiGraph, 4, source, target, weight, start), abs=1e-7)


def test_without_edges_the_rank_is_the_start():
    assert pagerank([], [], [], [1, 3]).rank == pytest.approx([0.25, 0.75])


def test_a_loop_counts_once():
    source, target, weight = np.array([0, 0]), np.array([0, 1]), np.array([2.0, 1.0])
    start = np.ones(2)
    assert pagerank(source, target, weight, start).rank == pytest.approx(
        theirs(networkx.Graph, 2, source, target, weight, start), abs=1e-7
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0], [1], [1.0], [0, 0]), "a walk must start somewhere"),
        (([0], [2], [1.0], [1, 0]), "an edge names a node outside 0 to 1."),
        (([0], [1], [-1.0], [1, 0]), "edge weights must be finite and at least 0."),
    ],
)
def test_bad_input_is_refused_in_words(arguments, message):
    with pytest.raises(DataError, match=re.escape(message)):
        pagerank(*arguments)


def test_not_settling_is_said():
    with pytest.raises(DataError, match="did not settle in 2 steps"):
        pagerank(*edges(), np.eye(300)[0], most_steps=2)
