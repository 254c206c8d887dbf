"""Does every edge lead to the right, past no node, and is a cycle refused?"""

import networkx
import numpy as np
import pytest

from underglass.analyses.layered_layout import lay_out
from underglass.errors import DataError


def random_graph(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 40))
    edges = {(int(a), int(b)) for a, b in np.sort(random.integers(0, count, (2 * count, 2)), axis=1) if a != b}
    return count, sorted(edges)


@pytest.mark.parametrize("seed", range(20))
def test_columns_are_longest_paths_and_places_are_apart(seed):
    count, edges = random_graph(seed)
    found = lay_out(count, edges)
    graph = networkx.DiGraph(edges)
    graph.add_nodes_from(range(count))
    longest = dict.fromkeys(range(count), 0)
    for node in networkx.topological_sort(graph):
        for _, after in graph.out_edges(node):
            longest[after] = max(longest[after], longest[node] + 1)

    assert found.column.tolist() == [longest[node] for node in range(count)]
    places = [(int(c), float(r)) for c, r in zip(found.column, found.row, strict=True)] + [
        b for bends in found.bends for b in bends
    ]
    for column in {c for c, _ in places}:
        rows = sorted(r for c, r in places if c == column)
        assert (np.diff(rows) >= 1 - 1e-9).all()
    for (start, end), bends in zip(edges, found.bends, strict=True):
        assert [c for c, _ in bends] == list(range(int(found.column[start]) + 1, int(found.column[end])))


def test_a_chain_is_a_straight_line():
    assert np.ptp(lay_out(6, [(i, i + 1) for i in range(5)]).row) == 0


def test_a_shortcut_passes_beside_the_chain():
    found = lay_out(4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert np.ptp(found.row[1:3]) < 1e-9
    assert all(abs(row - found.row[1]) >= 1 - 1e-9 for _, row in found.bends[3])


def test_a_cycle_is_refused():
    with pytest.raises(DataError, match="a cycle"):
        lay_out(2, [(0, 1), (1, 0)])
    with pytest.raises(DataError, match="from node 0 to 5, and there are 2"):
        lay_out(2, [(0, 5)])
