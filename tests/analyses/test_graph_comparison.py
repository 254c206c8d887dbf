"""Is every node and edge given to whom it belongs?"""

import numpy as np
import pytest

from analyses.test_attribution_graph import random_case
from underglass.analyses.attribution_graph import build_graph
from underglass.analyses.graph_comparison import compare_graphs
from underglass.errors import DataError


@pytest.fixture(scope="module")
def pair():
    counts, flow = random_case()
    return build_graph(counts, flow, mass=0.2), build_graph(counts, flow, mass=0.5)


def test_nodes_and_edges_are_shared_or_one_sided(pair):
    a, b = pair
    found = compare_graphs(a, b)
    assert {node for node, side in found.nodes.items() if side == "both"} == set(a.nodes) & set(b.nodes)
    assert {node for node, side in found.nodes.items() if side == "b"} == set(b.nodes) - set(a.nodes)
    assert {edge for edge, side in found.edges.items() if side == "a"} == set(a.edges) - set(b.edges)


def test_overlap_counts_units_layer_by_layer(pair):
    a, b = pair
    found = compare_graphs(a, b)
    for name, overlap in found.layers.items():
        mine, theirs = set(a.units(name).tolist()), set(b.units(name).tolist())
        assert (overlap.both, overlap.only_a, overlap.only_b) == (len(mine & theirs), len(mine - theirs), len(theirs - mine))
        assert overlap.share == pytest.approx(len(mine & theirs) / len(mine | theirs))


def test_a_graph_is_all_shared_with_itself(pair):
    assert compare_graphs(pair[0], pair[0]).overall.share == 1


def test_sides_swap_with_the_graphs(pair):
    one, other = compare_graphs(*pair), compare_graphs(*pair[::-1])
    swap = {"a": "b", "b": "a", "both": "both"}
    assert {node: swap[side] for node, side in one.nodes.items()} == other.nodes


def test_nothing_on_either_side_is_not_zero_overlap():
    counts, flow = random_case()
    empty = build_graph({name: np.zeros_like(values) for name, values in counts.items()}, flow)
    assert np.isnan(compare_graphs(empty, empty).overall.share)


def test_graphs_over_other_layers_cannot_be_compared(pair):
    counts, flow = random_case()
    fewer = build_graph({name: counts[name] for name in ("conv1", "conv2")}, type(flow)(flow.hops[:1]))
    with pytest.raises(DataError, match="one has conv1, conv2, conv3, the other conv1, conv2"):
        compare_graphs(pair[0], fewer)
