"""Are hidden tensors folded away as paths of the weakest part?"""

import re
from dataclasses import dataclass

import numpy as np
import pytest

from underglass.analyses.connections import connections_of, fold_hidden
from underglass.errors import DataError


@dataclass
class Hop:
    source: str
    target: str
    source_units: int
    target_units: int
    subset: np.ndarray
    target_unit: np.ndarray
    source_unit: np.ndarray
    count: np.ndarray
    total: np.ndarray


@dataclass
class Flow:
    hops: list


def hop(source, target, sizes, *edges, subset=0):
    """Edges as (source unit, target unit, count, total)."""
    a, b, count, total = (np.array(column) for column in zip(*edges, strict=True))
    return Hop(source, target, *sizes, np.full(len(a), subset), b, a, count, total.astype(float))


def folded(*hops, shown, top=5, subset=0):
    found = fold_hidden(connections_of(Flow(list(hops)), subset), shown, top=top)
    return {
        (edge.source, int(a), edge.target, int(b)): (int(count), float(total), via)
        for edge in found
        for a, b, count, total, via in zip(edge.source_unit, edge.target_unit, edge.count, edge.total, edge.via, strict=True)
    }


def test_a_direct_edge_stays_as_it_is():
    assert folded(hop("x", "y", (2, 2), (1, 0, 4, 2.5)), shown={"x": 2, "y": 2}) == {("x", 1, "y", 0): (4, 2.5, "")}


def test_a_path_is_as_strong_as_its_weaker_half():
    hops = hop("x", "h", (2, 3), (0, 2, 9, 1.0)), hop("h", "y", (3, 2), (2, 1, 4, 8.0))
    assert folded(*hops, shown={"x": 2, "y": 2}) == {("x", 0, "y", 1): (4, 1.0, "h")}


def test_of_several_paths_the_strongest_counts():
    hops = hop("x", "h", (1, 2), (0, 0, 3, 1.0), (0, 1, 7, 1.0)), hop("h", "y", (2, 1), (0, 0, 9, 9.0), (1, 0, 5, 9.0))
    assert folded(*hops, shown={"x": 1, "y": 1}) == {("x", 0, "y", 0): (5, 1.0, "h")}


def test_a_skip_past_the_hidden_tensor_is_one_of_the_paths():
    hops = hop("x", "h", (1, 1), (0, 0, 3, 1.0)), hop("h", "y", (1, 1), (0, 0, 9, 9.0)), hop("x", "y", (1, 1), (0, 0, 6, 2.0))
    assert folded(*hops, shown={"x": 1, "y": 1}) == {("x", 0, "y", 0): (6, 2.0, "")}


def test_hidden_tensors_in_a_row_are_all_named():
    hops = hop("x", "g", (1, 1), (0, 0, 9, 1.0)), hop("g", "h", (1, 1), (0, 0, 8, 1.0)), hop("h", "y", (1, 1), (0, 0, 7, 1.0))
    assert folded(*hops, shown={"x": 1, "y": 1}) == {("x", 0, "y", 0): (7, 1.0, "g → h")}


def test_each_unit_keeps_its_top_sources_by_count_then_strength():
    edges = [(0, 0, 5, 1.0), (1, 0, 5, 3.0), (2, 0, 5, 2.0), (3, 0, 4, 99.0)]
    assert {key[1] for key in folded(hop("x", "y", (4, 1), *edges), shown={"x": 4, "y": 1}, top=2)} == {1, 2}


def test_only_the_subset_asked_for_is_read():
    assert folded(hop("x", "y", (1, 1), (0, 0, 5, 1.0), subset=3), shown={"x": 1, "y": 1}) == {}


def test_what_comes_from_a_tensor_nobody_asked_for_leaves_no_edge():
    assert folded(hop("pixels", "y", (1, 1), (0, 0, 5, 1.0)), shown={"y": 1}) == {}


def test_sizes_that_disagree_are_refused():
    with pytest.raises(DataError, match=re.escape("layer 'x' has 3 units in the counts and 2 in the influence")):
        folded(hop("x", "y", (2, 1), (0, 0, 5, 1.0)), shown={"x": 3, "y": 1})


def test_a_unit_outside_its_tensor_is_refused():
    with pytest.raises(DataError, match=re.escape("influence names unit 7 of 'x', whose units are 0 to 1.")):
        folded(hop("x", "y", (2, 1), (7, 0, 5, 1.0)), shown={"x": 2, "y": 1})
