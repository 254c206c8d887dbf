"""Is what branches and meets again folded where it repeats, by the layers that networkx finds on every way?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import networkx
from hypothesis import given, settings

from architecture.test_groups import graph_of, residual
from architecture.test_random_networks import graphs
from underglass.architecture.blocks import ROUTE, draw_operations
from underglass.architecture.composing import arrange
from underglass.architecture.fitting import Paper
from underglass.architecture.graph import Connection, Operation
from underglass.architecture.plan import Plan
from underglass.architecture.regions import by_regions, regions
from underglass.architecture.routes import with_routes


def with_one_end(graph):
    """All ends joined by one operation."""
    end = Operation("end", "add", "", ((1, 8),), 8, (), module=True)
    joined = (*graph.connections, *(Connection(name, "end", (1, 8)) for name in graph.outputs))
    return replace(graph, operations=(*graph.operations, end), connections=joined, outputs=("end",))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(graphs())
def test_parts_lie_between_layers_that_every_way_passes(graph):
    drawing = draw_operations(with_one_end(graph), hide=())
    drawn = networkx.DiGraph(list(drawing.edges))
    over = networkx.immediate_dominators(drawn, "x")
    passed = ["end"]
    while passed[-1] != "x":
        passed.append(over[passed[-1]])
    passed.reverse()

    found = regions(drawing)

    order = [one.id for one in drawing.blocks]
    between = [order[order.index(a) + 1 : order.index(b) + 1] for a, b in pairwise(passed)]
    assert found == [part for part in between if len(part) > 1]
    for part in found:
        into = {source for name in part for source in drawing.sources[name]} - set(part)
        assert len(into) == 1
        assert {name for name in part if set(drawing.targets[name]) - set(part)} == ({part[-1]} - {"end"})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(graphs())
def test_folding_parts_loses_nothing_and_only_what_repeats_is_folded(graph):
    for drawing in (draw_operations(graph), with_routes(draw_operations(graph))):
        folded = by_regions(drawing)

        members = [member for one in folded.blocks for member in (*one.members, *(name for name, _ in one.absorbed))]
        expected = [member for one in drawing.blocks for member in (*one.members, *(name for name, _ in one.absorbed))]
        assert sorted(members) == sorted(expected)
        new = Counter(one.type for one in folded.blocks if one.inside is not None)
        assert all(count > 1 for count in new.values())


def folded(graph, **plan):
    """On paper for some seven glyphs."""
    found = arrange(graph, Plan(**plan), paper=Paper(450.0))
    return [(one.type, one.times) for one in found.drawing.blocks]


def test_residual_blocks_without_modules_are_folded_with_their_skips():
    ends = [("Linear", 1), ("Output", 1)]

    assert folded(residual(8)) == [("Input", 1), ("Conv2d", 1), ("Block", 8), *ends]
    routed = arrange(residual(8), Plan(routes=True), paper=Paper(450.0)).drawing
    assert [(one.type, one.times) for one in routed.blocks] == [("Input", 1), ("Conv2d", 1), ("Block", 8), *ends]
    block = next(one for one in routed.blocks if one.type == "Block")
    assert [one.type for one in block.inside.blocks if one.type == ROUTE] == [ROUTE]  # with the split that it begins with
    assert arrange(residual(8), Plan(), paper=Paper(4000.0)).drawing.by_id.get("a0") is not None  # not where there is room
    assert ("Block", 8) not in folded(residual(8), depth=0)


def test_what_occurs_once_stays_open_and_other_structures_get_names_of_their_own():
    lines, before = ["x: Input"], "x"
    for i, kind in enumerate(("add", "add", "cat", "cat", "mul")):
        lines += [f"a{i}: Conv2d < {before}", f"b{i}: MaxPool2d < {before}", f"j{i}: {kind} < a{i} b{i}"]
        before = f"j{i}"

    found = by_regions(draw_operations(graph_of(*lines, f"fc: Linear < {before}")))

    assert [one.type for one in found.blocks] == [
        *("Input", "Block A", "Block A", "Block B", "Block B"),
        *("Conv2d", "MaxPool2d", "mul", "Linear", "Output"),
    ]


def test_a_network_whose_first_layer_reaches_its_last_has_no_parts():
    lines = ["x: Input", "a: Conv2d < x", "b: Conv2d < a", "c: Conv2d < b", "d: add < c b", "e: add < d a", "f: Linear < e"]

    assert [part for part in regions(draw_operations(graph_of(*lines))) if len(part) < 4] == []
    assert by_regions(draw_operations(graph_of(*lines))).by_id.get("b") is not None
