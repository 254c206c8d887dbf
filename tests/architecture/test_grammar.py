"""Is every length, word and legend entry of a figure what the grammar says, worked out here by hand?"""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

import underglass as ug
from underglass.architecture.graph import Connection, ModelGraph, Operation
from underglass.architecture.scene import Line, Outline, Word
from underglass.architecture.style import TEXTURES

WIDE = (("x", "Input", 3, 64), ("a", "Conv2d", 8, 64), ("b", "Conv2d", 32, 16), ("c", "ConvTranspose2d", 128, 32))
"""Name, type, features, rows: b narrows to the right, c widens."""
SCALES = {"linear": float, "sqrt": math.sqrt, "log": math.log}


def chain(layers=WIDE, **more):
    """A network without branches of square pictures."""
    operations = tuple(
        Operation(name, kind, name, ((1, features, rows, rows),), features, (rows, rows), module=True)
        for name, kind, features, rows in layers
    )
    edges = tuple(Connection(a.id, b.id, a.shapes[0]) for a, b in pairwise(operations))
    return ModelGraph("Chain", operations, edges, (operations[-1].id,), 0, **more)


def glyphs(figure):
    """By name: left and right edge, and the height of each."""
    found = {}
    for part in figure.scene.parts:
        if part.kind == "glyph":
            points = next(mark.points for mark in part.marks if isinstance(mark, Outline))
            left, right = min(x for x, _ in points), max(x for x, _ in points)
            ends = [[y for x, y in points if x == side] for side in (left, right)]
            found[part.key] = (left, right, *(max(end) - min(end) for end in ends))
    return found


def words(figure, key):
    parts = [part for part in figure.scene.parts if part.key == key and part.kind == "glyph"]
    return [mark.text for part in parts for mark in part.marks if isinstance(mark, Word)]


@pytest.mark.parametrize("scale", SCALES)
def test_width_is_features_and_height_resolution_on_the_scale_that_is_chosen(scale):
    figure = ug.figure(
        chain(), feature_scale=scale, extent_scale=scale, widths=(20, 80), heights=(30, 150), fit=False, boxes=False
    )

    def length(value, values, least, most):
        low, at, high = (SCALES[scale](one) for one in (min(values), value, max(values)))
        return least + (at - low) / (high - low) * (most - least)

    rows = {"a": (64, 64), "b": (64, 16), "c": (16, 32)}
    for name, _, features, _ in WIDE[1:]:
        left, right, before, after = glyphs(figure)[name]
        assert right - left == pytest.approx(length(features, (8, 32, 128), 20, 80), abs=0.02)
        assert before == pytest.approx(length(rows[name][0], (16, 32, 64), 30, 150), abs=0.02)
        assert after == pytest.approx(length(rows[name][1], (16, 32, 64), 30, 150), abs=0.02)


def test_gaps_and_strokes_are_as_asked():
    def measured(gap, stroke):
        figure = ug.figure(chain(), gap=gap, stroke=stroke, fit=False, features=False, extents=False, boxes=False)
        found = glyphs(figure)
        lines = [part.marks[0] for part in figure.scene.parts if part.kind == "edge"]
        assert all(isinstance(line, Line) for line in lines)
        return [found["b"][0] - found["a"][1], found["c"][0] - found["b"][1]], {line.width for line in lines}

    (near, thin), (far, _), (_, thick) = measured(20, 1), measured(50, 1), measured(20, 2)

    assert [b - a for a, b in zip(near, far, strict=True)] == pytest.approx([30, 30])
    assert min(near) >= 20
    assert [2 * one for one in thin] == pytest.approx(list(thick))


def test_features_sizes_and_types_are_written_or_not():
    assert words(ug.figure(chain()), "b") == ["32", "16×16"]
    assert words(ug.figure(chain(), features=False), "b") == ["16×16"]
    assert words(ug.figure(chain(), extents=False), "b") == ["32"]
    assert words(ug.figure(chain(), features=False, extents=False), "b") == []
    assert sorted(words(ug.figure(chain(), names=True), "b")) == sorted(["32", "16×16", "Conv2d"])
    assert words(ug.figure(chain()), "a") == ["8"]  # whose size is as before


def legend(figure):
    return [
        (part.key, [mark.text for mark in part.marks if isinstance(mark, Word)])
        for part in figure.scene.parts
        if part.kind == "legend"
    ]


def test_the_legend_explains_types_and_aggregates_in_either_order_and_counts_what_is_hidden():
    layers = [("x", "Input", 3, 64)]
    for i in range(3):
        layers += [(f"conv{i}", "Conv2d", 8, 64), (f"relu{i}", "ReLU", 8, 64), (f"more{i}", "Linear", 8, 64)]
    groups = [ug.Group("Pair", "conv0", "more0")]

    figure = ug.figure(chain(layers), groups=groups, depth=0)

    assert [one.times for one in figure.drawing.blocks if one.type == "Pair"] == [3]
    entries = legend(figure)
    assert [key for key, _ in entries] == ["Conv2d", "Linear", "Pair", "not drawn"]
    assert entries[-1][1] == ["Not drawn: 3 ReLU"]
    inside = next(part for part in figure.scene.parts if part.kind == "legend" and part.key == "Pair")
    assert len([mark for mark in inside.marks if isinstance(mark, Outline)]) == 3  # its own, and its two members
    turned = ug.figure(chain(layers), groups=groups, depth=0, legend_reversed=True, legend_hidden=False)
    assert [key for key, _ in legend(turned)] == ["Pair", "Linear", "Conv2d"]
    assert legend(ug.figure(chain(layers), legend=False)) == []


def test_textures_are_twelve_and_differ():
    assert len(set(TEXTURES)) == len(TEXTURES) == 12
