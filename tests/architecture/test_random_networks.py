"""Are random networks drawn whole, with nothing on top of anything else?"""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from underglass.architecture.blocks import HIDDEN, ROUTE
from underglass.architecture.composing import arrange, compose
from underglass.architecture.fitting import Paper
from underglass.architecture.graph import Connection, ModelGraph, Operation
from underglass.architecture.groups import Group
from underglass.architecture.plan import Plan
from underglass.architecture.scene import Line, Outline, Word
from underglass.architecture.style import Style

TYPES = ("Conv2d", "ReLU", "BatchNorm2d", "add", "Linear", "MaxPool2d", "LSTM", "MyLayer<b>&", "flatten")
EXTENTS = ((), (7,), (64,), (7, 7), (224, 224), (32, 100))


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 16))
    operations = [Operation("x", "Input", "", ((1, 3, 8, 8),), 3, draw(st.sampled_from(EXTENTS)))]
    connections = []
    for i in range(count):
        sources = draw(st.lists(st.integers(0, i), min_size=1, max_size=3, unique=True))
        features = draw(st.sampled_from((None, 1, 3, 64, 2048, 100_000)))
        path = draw(st.sampled_from(("", "a", "a.0", "a.1", "b", "b.0.c")))
        one = Operation(
            f"o{i}", draw(st.sampled_from(TYPES)), path, ((1, 8),), features, draw(st.sampled_from(EXTENTS)), module=True
        )
        connections += [Connection(operations[source].id, one.id, (1, 8)) for source in sorted(sources)]
        operations.append(one)
    used = {edge.source for edge in connections}
    ends = tuple(one.id for one in operations if one.id not in used)
    modules = {"a": "Block", "a.0": "Part", "a.1": "Part", "b": "Sequential", "b.0": "Block", "b.0.c": "Part"}
    return ModelGraph("Random", tuple(operations), tuple(connections), ends, 0, modules)


def boxes(scene, kind):
    found = {}
    for part in scene.parts:
        points = [point for mark in part.marks if isinstance(mark, Outline) for point in mark.points]
        if part.kind == kind and points:
            xs, ys = zip(*points, strict=True)
            found[part.key] = min(xs), min(ys), max(xs), max(ys)
    return found


def overlap(one, two, slack=0.01):
    return one[0] < two[2] - slack and two[0] < one[2] - slack and one[1] < two[3] - slack and two[1] < one[3] - slack


@st.composite
def plans(draw, graph):
    names = [one.id for one in graph.operations]
    groups = []
    for i in range(draw(st.integers(0, 2))):
        first, last = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        routed = draw(st.booleans())
        groups.append(Group(f"G{i}", f"{first} route" if routed else first, last, everywhere=draw(st.booleans())))
    return Plan(
        depth=draw(st.sampled_from((None, 0, 1, 2))),
        routes=draw(st.booleans()),
        same=draw(st.sampled_from(("structure", "shape"))),
        hide=draw(st.sampled_from((None, (), ("ReLU", "add")))),
        groups=tuple(groups),
    )


@settings(max_examples=160, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_word_glyph_or_edge_lies_on_another_and_none_is_missing(data):
    graph = data.draw(graphs())
    plan = data.draw(plans(graph))
    style = Style(
        names=data.draw(st.booleans()),
        labels=data.draw(st.sampled_from(("auto", "level", "upright"))),
        numbers=data.draw(st.sampled_from(("none", "multiply-adds"))),
        boxes=data.draw(st.booleans()),
        legend_reversed=data.draw(st.booleans()),
    )
    paper = data.draw(st.sampled_from((Paper(400.0), Paper(1100.0), Paper(321.26, exact=True))))
    drawing = arrange(graph, plan, style, paper=paper).drawing
    scene = compose(graph, drawing, style, paper=paper).scene
    glyphs = boxes(scene, "glyph")
    words = [mark.box for part in scene.parts for mark in part.marks if isinstance(mark, Word)]
    lines = {part.key: part.marks[0] for part in scene.parts if part.kind == "edge"}
    strips = [(one.points[0][0], one.points[0][1] - 0.6, one.points[1][0], one.points[1][1] + 0.6) for one in lines.values()]

    assert set(glyphs) == {one.id for one in drawing.blocks}
    assert not [pair for pair in combinations(glyphs.values(), 2) if overlap(*pair)]
    assert not [pair for pair in combinations(words, 2) if overlap(*pair)]
    assert not [(word, box) for word in words for box in glyphs.values() if overlap(word, box)]
    assert not [(word, strip) for word in words for strip in strips if overlap(word, strip)]
    assert not [pair for pair in combinations(strips, 2) if overlap(*pair)]
    assert all(word[0] >= 0 and word[2] <= scene.width and word[1] >= 0 and word[3] <= scene.height for word in words)
    for source, target in drawing.edges:
        (left, y), (right, level) = lines[f"{source} → {target}"].points
        assert isinstance(lines[f"{source} → {target}"], Line)
        assert y == level
        assert (left, right) == pytest.approx((glyphs[source][2], glyphs[target][0]), abs=1e-6)
        assert left < right
        assert glyphs[source][1] < y < glyphs[source][3]
        assert glyphs[target][1] < y < glyphs[target][3]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(graphs())
def test_hidden_operations_leave_their_connections_behind(graph):
    drawing = arrange(graph, Plan(depth=0), Style()).drawing

    into = {one.id: [edge.source for edge in graph.connections if edge.target == one.id] for one in graph.operations}
    hidden = {one.id for one in graph.operations if one.type in HIDDEN and len(into[one.id]) == 1}

    def seen(name):
        return seen(into[name][0]) if name in hidden else name

    expected = {(seen(source), name) for name, sources in into.items() if name not in hidden for source in sources}
    found = {(source, target) for source, target in drawing.edges if not target.startswith("output ")}
    assert found == expected


@settings(max_examples=60, deadline=None, derandomize=True)
@given(graphs(), st.sampled_from((1, 2)))
def test_folding_keeps_every_operation_once(graph, depth):
    plain, folded = (arrange(graph, Plan(depth=level), Style()).drawing for level in (0, depth))

    members = [member for one in folded.blocks for member in one.members]

    assert sorted(members) == sorted(member for one in plain.blocks for member in one.members)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(graphs())
def test_route_layers_only_stand_where_a_tensor_goes_to_several(graph):
    plain, routed = (arrange(graph, Plan(depth=0, routes=routes), Style()).drawing for routes in (False, True))

    def through(name):
        return routed.sources[name][0] if routed.by_id[name].type == ROUTE else name

    assert {(through(source), target) for source, target in routed.edges if routed.by_id[target].type != ROUTE} == set(
        plain.edges
    )
    for one in routed.blocks:
        assert (len(routed.targets[one.id]) > 1) is (one.type == ROUTE)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.data())
def test_groups_have_one_way_in_and_one_way_out_and_lose_nothing(data):
    graph = data.draw(graphs())
    plan = data.draw(plans(graph))
    plain = arrange(graph, Plan(depth=0, routes=plan.routes, hide=plan.hide), Style()).drawing

    found = arrange(graph, plan, Style())

    members = sorted(member for one in found.drawing.blocks for member in one.members)
    assert members == sorted(member for one in plain.blocks for member in one.members)
    for standing in found.standings:
        assert (standing.places > 0) is (standing.problem == "")
    for one in found.open.blocks:
        if one.type in {"G0", "G1"}:
            into = {target for source, target in plain.edges if target in one.members and source not in one.members}
            out = {source for source, target in plain.edges if source in one.members and target not in one.members}
            assert len(out) <= 1
            if plan.depth == 0:
                assert len(into) <= 1
