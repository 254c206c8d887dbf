"""Are groups made by hand found wherever they stand, and is what cannot be one glyph refused with what helps?"""

from __future__ import annotations

import re

import pytest

from underglass.architecture.blocks import ROUTE
from underglass.architecture.composing import arrange, compose, repetition
from underglass.architecture.graph import Connection, ModelGraph, Operation
from underglass.architecture.groups import Group, as_group, between, ends_of
from underglass.architecture.plan import Plan
from underglass.architecture.style import Style
from underglass.errors import UnderglassError

STYLE = Style()


def graph_of(*lines, outputs=None, widths=None):
    """A graph from lines such as "add1: add < a b"; a name without sources is an input."""
    operations, connections = [], []
    for line in lines:
        name, _, rest = line.partition(": ")
        kind, _, sources = rest.partition(" < ")
        module = name.rpartition(".")[0]
        width = (widths or {}).get(name, 8)
        operations.append(Operation(name, kind, module, ((1, width, 4, 4),), width, (4, 4), module=True, parameters=10))
        connections += [Connection(source, name, (1, 8, 4, 4)) for source in sources.split()]
    used = {edge.source for edge in connections}
    ends = outputs or tuple(one.id for one in operations if one.id not in used)
    return ModelGraph("Net", tuple(operations), tuple(connections), ends, 10 * len(operations))


def residual(blocks=3):
    lines = ["x: Input", "stem: Conv2d < x"]
    before = "stem"
    for i in range(blocks):
        lines += [f"a{i}: Conv2d < {before}", f"b{i}: Conv2d < a{i}", f"s{i}: add < b{i} {before}"]
        before = f"s{i}"
    return graph_of(*lines, f"fc: Linear < {before}")


def drawn(graph, *groups, **plan):
    return arrange(graph, Plan(depth=0, groups=groups, **plan), STYLE)


def types(arranged):
    return [(one.type, one.times) for one in arranged.drawing.blocks]


def test_a_group_is_found_wherever_it_stands():
    graph = residual()

    found = drawn(graph, Group("Pair", "a0", "b0"))

    assert types(found) == [
        *(("Input", 1), ("Conv2d", 1)),
        *(("Pair", 1), ("add", 1)) * 3,
        *(("Linear", 1), ("Output", 1)),
    ]
    assert found.standings[0].places == 3
    assert [one.members for one in found.drawing.blocks if one.type == "Pair"] == [("a0", "b0"), ("a1", "b1"), ("a2", "b2")]


def test_only_here_if_so_asked():
    found = drawn(residual(), Group("Pair", "a1", "b1", everywhere=False))

    assert [one.members for one in found.drawing.blocks if one.type == "Pair"] == [("a1", "b1")]


def test_a_residual_block_becomes_groupable_with_route_layers_and_is_folded():
    graph = residual()

    refused = drawn(graph, Group("Block", "a0", "s0"))
    found = drawn(graph, Group("Block", "stem route", "s0"), routes=True)

    assert "'s0' also takes 'stem' from outside" in refused.standings[0].problem
    assert "Turn on route layers" in refused.standings[0].problem
    assert types(found) == [("Input", 1), ("Conv2d", 1), ("Block", 3), ("Linear", 1), ("Output", 1)]
    inside = found.drawing.blocks[2].inside
    assert [one.type for one in inside.blocks] == ["Entry", ROUTE, "Conv2d", "Conv2d", "add"]


def test_groups_of_groups_stay_when_the_inner_one_is_opened_or_deleted():
    graph = residual()
    inner, outer = Group("Pair", "a0", "b0"), Group("Block", "stem route", "s0")

    nested = drawn(graph, inner, outer, routes=True, fold=False)
    opened = drawn(graph, Group("Pair", "a0", "b0", active=False), outer, routes=True, fold=False)
    deleted = drawn(graph, outer, routes=True, fold=False)
    later = drawn(graph, outer, inner, routes=True, fold=False)

    def inside(arranged):
        return [[one.type for one in block.inside.blocks] for block in arranged.drawing.blocks if block.type == "Block"]

    assert inside(nested) == inside(later) == [["Entry", ROUTE, "Pair", "add"]] * 3
    assert inside(opened) == inside(deleted) == [["Entry", ROUTE, "Conv2d", "Conv2d", "add"]] * 3


def test_the_same_shape_is_told_apart_if_asked():
    graph = graph_of("x: Input", "a: Conv < x", "b: Norm < a", "c: Conv < b", "d: Norm < c", widths={"c": 16})

    by_structure = drawn(graph, Group("Two", "a", "b"), hide=(), fold=False)
    by_shape = drawn(graph, Group("Two", "a", "b"), hide=(), fold=False, same="shape")

    assert (by_structure.standings[0].places, by_shape.standings[0].places) == (2, 1)


def test_blocks_of_other_widths_inside_are_not_folded_into_one():
    lines = [f"m.{i}.{j}: Conv < {'x' if not i and not j else f'm.{i - (not j)}.{1 - j}'}" for i in range(3) for j in range(2)]
    plain = graph_of("x: Input", *lines)
    modules = {"m": "Sequential", **{f"m.{i}": "Block" for i in range(3)}}

    def folded(widths):
        graph = graph_of("x: Input", *lines, widths=widths)
        graph = ModelGraph(graph.name, graph.operations, graph.connections, graph.outputs, graph.parameters, modules)
        return [one.times for one in arrange(graph, Plan(depth=2), STYLE).drawing.blocks if one.inside]

    assert len(plain.operations) == 7
    assert folded({}) == [3]
    assert folded({"m.1.0": 99}) == [1, 1, 1]


@pytest.mark.parametrize(
    ("lines", "first", "last", "said"),
    [
        (("a: A < x", "b: B < a", "c: C < a", "d: D < b c"), "a", "b", "'a' also goes to 'c' outside, and only the last layer"),
        (("a: A < x", "b: B < x", "c: C < b"), "a", "c", "no way leads from 'a' to 'c'"),
        (("a: A < x", "b: B < a"), "x", "b", "'x' is the input"),
        (("a: A < x", "b: B < a"), "a", "a", "a group needs two layers or more"),
        (("a: A < x", "b: B < a"), "a", "bb", "no layer named 'bb'; did you mean 'b'?"),
        (("a: A < x", "e: E < x", "b: B < a e", "c: C < b"), "a", "c", "'b' also takes 'e' from outside"),
        (("a: A < x", "r: ReLU < a", "b: B < a"), "x route", "b", "turn on route layers"),
    ],
)
def test_what_cannot_be_one_glyph_says_why(lines, first, last, said):
    found = drawn(graph_of("x: Input", *lines), Group("G", first, last))

    assert said in found.standings[0].problem
    assert found.standings[0].places == 0
    assert "G" not in {one.type for one in found.drawing.blocks}


def test_names_are_unique():
    found = drawn(residual(), Group("Conv2d", "a0", "b0"), Group("P", "a0", "b0"), Group("P", "s0", "a1"))

    assert [one.problem != "" for one in found.standings] == [True, False, True]
    assert "something else in this figure is called 'Conv2d'" in found.standings[0].problem


def test_what_lies_between_is_found_from_either_end_and_must_be_picked():
    drawing = drawn(residual()).drawing

    assert between(drawing, "b0", "a0") == ["a0", "b0"]
    assert ends_of(drawing, ["b0", "a0"]) == ("a0", "b0")
    chain = drawn(graph_of("x: Input", "a: A < x", "b: B < a", "c: C < b")).drawing
    with pytest.raises(UnderglassError, match=re.escape("'c' also takes 'b' from outside")):
        ends_of(chain, ["a", "c"])


def test_one_press_groups_the_most_common_chain_and_the_next_what_then_repeats():
    lines = ["x: Input"]
    for i in range(4):
        lines += [f"c{i}: Conv < {'x' if not i else f'p{i - 1}'}", f"d{i}: Conv < c{i}", f"p{i}: Pool < d{i}"]
    graph = graph_of(*lines)

    plain = arrange(graph, Plan(depth=0, hide=()), STYLE)
    first = repetition(plain, set())
    found = drawn(graph, first, hide=())

    assert first == Group("Group 1", "c0", "p0")  # thrice in a row or more: the longest of the most frequent
    assert types(found) == [("Input", 1), ("Group 1", 4), ("Output", 1)]
    assert repetition(arrange(graph_of("x: Input", "a: A < x", "b: B < a"), Plan(depth=0), STYLE), set()) is None


def test_modules_and_hidden_layers_can_be_ends():
    graph = graph_of("x: Input", "s.c: Conv2d < x", "s.n: BatchNorm2d < s.c", "t.c: Conv2d < s.n", "t.n: BatchNorm2d < t.c")

    assert drawn(graph, Group("Both", "s", "t")).drawing.by_id["s.c to t.c"].members == ("s.c", "t.c")
    assert drawn(graph, Group("Both", "s.n", "t.n")).standings[0].places == 1


def test_numbers_of_what_is_hidden_are_counted_with_what_is_before_it():
    graph = graph_of("x: Input", "c: Conv2d < x", "n: BatchNorm2d < c", "f: Linear < n")

    blocks = drawn(graph).drawing.by_id

    assert (blocks["c"].parameters, blocks["f"].parameters) == (20, 10)
    assert "then BatchNorm2d, 10 parameters" in blocks["c"].about


def test_hiding_what_merges_joins_all_before_it_to_all_after_it():
    graph = graph_of("x: Input", "a: A < x", "b: B < x", "m: add < a b", "c: C < m")

    found = drawn(graph, hide=("add",)).drawing

    assert {edge for edge in found.edges if "output" not in edge[1]} == {("x", "a"), ("x", "b"), ("a", "c"), ("b", "c")}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Stem", "'Stem' is no group; write Group('Stem', 'conv1', 'maxpool')"),
        ({"name": "a", "first": "b", "lastt": "c"}, "no setting of a group named 'lastt'; did you mean 'last'?"),
        (("", "a", "b"), "a group needs a name"),
    ],
)
def test_what_is_no_group_says_how_to_write_one(given, said):
    with pytest.raises(UnderglassError, match=re.escape(said)):
        as_group(given)


def test_aliases_colours_and_textures_are_drawn():
    style = Style(aliases={"Conv2d": "Convolution"}, colours={"Conv2d": "#ABCDEF"}, names=True)
    graph = residual()

    composed = compose(graph, arrange(graph, Plan(depth=0), style).drawing, style)

    words = {mark.text for part in composed.scene.parts for mark in part.marks if hasattr(mark, "text")}
    fills = {mark.fill for part in composed.scene.parts if part.key == "a0" for mark in part.marks}
    assert "Convolution" in words
    assert "Conv2d" not in words
    assert "#abcdef" in fills
