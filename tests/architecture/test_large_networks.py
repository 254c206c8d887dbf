"""Are networks of twenty thousand operations folded, or refused in words, and neither takes minutes?"""

from __future__ import annotations

import itertools
import time

import pytest

from underglass.architecture.composing import arrange, compose
from underglass.architecture.graph import Connection, ModelGraph, Operation
from underglass.architecture.style import Style
from underglass.errors import UnderglassError

COUNT, PER_BLOCK = 20_000, 10
PATIENCE = 60.0
"""Seconds of the processor; it takes two to three on a quiet machine."""


def chain(paths):
    operations = [Operation("x", "Input", "", ((1, 8),), 8, ())]
    operations += [Operation(f"{path}.op{i}", "Linear", path, ((1, 8),), 8, (), module=True) for i, path in enumerate(paths)]
    edges = [Connection(a.id, b.id, (1, 8)) for a, b in itertools.pairwise(operations)]
    modules = {"": ""} | {path.rsplit(".", 1)[0]: "Sequential" for path in paths if "." in path} | dict.fromkeys(paths, "Block")
    modules.pop("")
    return ModelGraph("Long", tuple(operations), tuple(edges), (operations[-1].id,), 0, modules)


def test_equal_blocks_of_a_long_network_become_one():
    graph = chain([f"body.{i // PER_BLOCK}" for i in range(COUNT)])
    start = time.process_time()

    arranged = arrange(graph)
    scene = compose(graph, arranged.drawing, Style()).scene

    assert [(one.type, one.times) for one in arranged.drawing.blocks] == [("Input", 1), ("Block", COUNT // PER_BLOCK)]
    assert len(arranged.drawing.blocks[1].members) == COUNT
    assert scene.width < 1200
    assert time.process_time() - start < PATIENCE


def test_a_long_network_without_modules_is_refused_in_words():
    start = time.process_time()

    with pytest.raises(UnderglassError, match="the figure would have 20,001 glyphs, and more than 400 cannot be read"):
        arrange(ModelGraph("Flat", chain(["a"] * COUNT).operations, chain(["a"] * COUNT).connections, (), 0, {}))
    assert time.process_time() - start < PATIENCE
