"""Are random networks drawn whole, with nothing on top of anything else?"""

from __future__ import annotations

from itertools import combinations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from underglass.architecture.blocks import HIDDEN
from underglass.architecture.composing import arrange, compose
from underglass.architecture.graph import Connection, ModelGraph, Operation
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


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), st.sampled_from((None, 0, 1, 2)), st.booleans(), st.sampled_from((400.0, 1100.0)))
def test_no_word_glyph_or_edge_lies_on_another_and_none_is_missing(graph, depth, names, width):
    style = Style(names=names, max_width=width)
    drawing = arrange(graph, style, depth=depth)
    scene = compose(graph, drawing, style)
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
        assert (left, right) == (glyphs[source][2], glyphs[target][0])
        assert left < right
        assert glyphs[source][1] < y < glyphs[source][3]
        assert glyphs[target][1] < y < glyphs[target][3]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(graphs())
def test_hidden_operations_leave_their_connections_behind(graph):
    drawing = arrange(graph, Style(), depth=0)

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
    plain, folded = arrange(graph, Style(), depth=0), arrange(graph, Style(), depth=depth)

    members = [member for one in folded.blocks for member in one.members]

    assert sorted(members) == sorted(member for one in plain.blocks for member in one.members)
