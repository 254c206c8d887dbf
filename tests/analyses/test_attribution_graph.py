"""Is the graph that of Summit's definition, and is it honest where it cannot be one?"""

import re

import networkx
import numpy as np
import pytest

from analyses.test_connections import Flow, Hop, hop
from underglass.analyses.attribution_graph import aggregate_activations, build_graph
from underglass.errors import DataError

SIZES = {"conv1": 12, "conv2": 16, "conv3": 9}


def random_case(seed=0):
    r = np.random.default_rng(seed)
    counts = {name: r.integers(0, 40, (2, size)) for name, size in SIZES.items()}
    hops = []
    for (a, m), (b, n) in zip(list(SIZES.items())[:-1], list(SIZES.items())[1:], strict=True):
        target = np.repeat(np.arange(n), 4)
        source = np.concatenate([r.choice(m, 4, replace=False) for _ in range(n)])
        hops.append(Hop(a, b, m, n, np.zeros(4 * n, int), target, source, r.integers(1, 40, 4 * n), r.random(4 * n)))
    return counts, Flow(hops)


def by_networkx(counts, flow, mass=0.075, step=0.005):
    """The published algorithm on dictionaries: weights are counts, one threshold for all layers, raised until all are joined."""
    graph = networkx.Graph()
    names = list(counts)
    for name in names:
        graph.add_nodes_from((name, unit) for unit in range(len(counts[name][0])))
    for one in flow.hops:
        for source, target, count in zip(one.source_unit, one.target_unit, one.count, strict=True):
            graph.add_edge((one.source, int(source)), (one.target, int(target)), weight=int(count))
    start = {
        (name, unit): counts[name][0][unit] / counts[name][0].max() for name in names for unit in range(len(counts[name][0]))
    }
    rank = networkx.pagerank(graph, 0.85, start, weight="weight", tol=1e-12 / len(graph), max_iter=5000)
    order = sorted(rank, key=lambda node: -rank[node])
    while True:
        kept, held = set(), 0.0
        for node in order:
            kept.add(node)
            held += rank[node]
            if held >= mass:
                break
        joined = {node[0] for edge in graph.subgraph(kept).edges for node in edge}
        if set(names[1:]) <= joined or mass >= 1:
            return rank, kept, mass
        mass += step


@pytest.mark.parametrize("seed", range(4))
def test_nodes_ranks_and_cut_are_those_of_the_published_algorithm(seed):
    counts, flow = random_case(seed)
    rank, kept, mass = by_networkx(counts, flow)
    graph = build_graph(counts, flow)
    assert set(graph.nodes) == kept
    assert graph.rank == pytest.approx([rank[node] for node in graph.nodes], abs=1e-8)
    assert graph.mass == pytest.approx(mass)


def test_edges_are_those_with_both_ends_kept():
    counts, flow = random_case()
    graph = build_graph(counts, flow)
    kept = set(graph.nodes)
    expected = {
        ((one.source, int(a)), (one.target, int(b)))
        for one in flow.hops
        for a, b in zip(one.source_unit, one.target_unit, strict=True)
        if (one.source, a) in kept and (one.target, b) in kept
    }
    assert set(graph.edges) == expected


def test_a_node_knows_its_count_and_its_three_strongest_sources_kept_or_not():
    counts, flow = random_case()
    graph = build_graph(counts, flow)
    hops = {one.target: one for one in flow.hops}
    for at, (tensor, unit) in enumerate(graph.nodes):
        assert graph.count[at] == counts[tensor][0][unit]
        if tensor == "conv1":
            assert graph.attributed[at] == ()
            continue
        one = hops[tensor]
        here = np.flatnonzero(one.target_unit == unit)
        best = here[np.lexsort((-one.total[here], -one.count[here]))][:3]
        assert [(name, source) for name, source, _, _ in graph.attributed[at]] == [(one.source, u) for u in one.source_unit[best]]


def test_units_of_a_layer_come_by_rank():
    counts, flow = random_case()
    graph = build_graph(counts, flow, mass=0.5)
    ranks = dict(zip(graph.nodes, graph.rank, strict=True))
    in_order = [ranks["conv2", int(unit)] for unit in graph.units("conv2")]
    assert in_order == sorted(in_order, reverse=True)
    with pytest.raises(DataError, match=re.escape("no tensor named 'conv_2'; did you mean 'conv2'?")):
        graph.units("conv_2")


def test_more_mass_keeps_more_and_all_of_it_everything():
    counts, flow = random_case()
    few, many, all_of_them = (set(build_graph(counts, flow, mass=mass).nodes) for mass in (0.1, 0.6, 1.0))
    assert few <= many <= all_of_them
    assert len(all_of_them) == sum(SIZES.values())


def test_a_small_network_ends_instead_of_looping_for_ever():
    flow = Flow([hop("a", "b", (1, 1), (0, 0, 3, 1.0))])
    graph = build_graph({"a": [[3]], "b": [[3]]}, flow)
    assert set(graph.nodes) == {("a", 0), ("b", 0)}
    assert graph.mass <= 1


def test_a_layer_that_nothing_leads_to_is_said_and_does_not_raise_the_mass():
    counts, flow = random_case()
    lone = {**counts, "fc": np.full((2, 4), 3)}
    graph = build_graph(lone, flow)
    assert graph.messages == ("layer 'fc' is not connected: influence knows no way between it and the other layers shown.",)
    assert graph.mass < 1


def test_a_layer_that_the_cap_keeps_out_is_said():
    counts, flow = random_case()
    graph = build_graph(counts, flow, mass=0.01, cap=0.02)
    assert "could not be reached: even with 2% of the rank kept" in graph.messages[0]
    assert graph.mass == 0.02


def test_a_subset_that_matches_nothing_is_empty_and_says_so():
    _, flow = random_case()
    graph = build_graph({name: np.zeros((1, size), int) for name, size in SIZES.items()}, flow)
    assert graph.nodes == graph.edges == ()
    assert graph.messages == ("this subset activates nothing: it is empty, or no layer has a positive activation for it.",)


def test_a_silent_layer_is_said():
    counts, flow = random_case()
    counts["conv2"] = np.zeros((2, 16), int)
    assert "no unit of 'conv2' is active for this subset, so none of it is shown." in build_graph(counts, flow).messages


def test_equal_counts_are_told_apart_by_strength():
    edges = [(unit, 0, 10, strength) for unit, strength in enumerate([1.0, 9.0, 2.0, 8.0, 3.0, 4.0])]
    graph = build_graph({"a": [[1] * 6], "b": [[10]]}, Flow([hop("a", "b", (6, 1), *edges)]), top=2, mass=1.0)
    assert {source[1] for source, _ in graph.edges} == {1, 3}


def test_weights_may_be_the_strength():
    edges = [(0, 0, 10, 1.0), (1, 0, 10, 100.0)]
    flow = Flow([hop("a", "b", (2, 1), *edges)])
    counts = {"a": [[1, 1]], "b": [[10]]}
    by_count, by_total = (
        dict(zip(g.nodes, g.rank, strict=True))
        for g in (build_graph(counts, flow, mass=1.0, weight=w) for w in ("count", "total"))
    )
    assert by_count["a", 0] == pytest.approx(by_count["a", 1])
    assert by_total["a", 1] > 2 * by_total["a", 0]


def test_excluded_units_are_left_out_of_everything():
    counts, flow = random_case()
    graph = build_graph(counts, flow, mass=1.0, excluded={"conv2": [3]})
    rank = dict(zip(graph.nodes, graph.rank, strict=True))
    assert ("conv2", 3) not in {node for edge in graph.edges for node in edge}
    assert rank.get(("conv2", 3), 0) < 1e-9


def test_a_hidden_tensor_is_named_on_the_edge_that_goes_through_it():
    hops = [hop("a", "mid", (2, 3), (1, 2, 5, 1.0)), hop("mid", "b", (3, 2), (2, 0, 6, 2.0))]
    graph = build_graph({"a": [[1, 5]], "b": [[6, 1]]}, Flow(hops))
    assert graph.edges == ((("a", 1), ("b", 0)),)
    assert graph.edge_via == ("mid",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subset": 5}, "there is no subset 5 in the counts of 'conv1'; they hold 2."),
        ({"excluded": {"conv9": [0]}}, "no layer named 'conv9'; did you mean 'conv"),
        ({"excluded": {"conv1": [12]}}, "layer 'conv1' has no unit 12; its units are 0 to 11."),
    ],
)
def test_bad_input_is_refused_in_words(options, message):
    with pytest.raises(DataError, match=re.escape(message)):
        build_graph(*random_case(), **options)


def test_counting_is_at_the_same_door():
    assert aggregate_activations([[1.0, 2.0]], [[True]]).tolist() == [[0, 1]]
