"""Does a graph survive the way to Summit's form and back, and is a foreign one checked?"""

import json
import re

import pytest

from analyses.test_attribution_graph import SIZES, random_case
from underglass.analyses.attribution_graph import build_graph
from underglass.analyses.summit_files import from_summit, to_summit
from underglass.errors import DataError

SUMMITS = {
    "mixed5a": [{"channel": 3, "count": 9, "layer": "mixed5a", "pagerank": 0.1, "prev_channels": [], "attr_channels": []}],
    "mixed5b": [
        {
            "channel": 7,
            "count": 8,
            "layer": "mixed5b",
            "pagerank": 0.2,
            "prev_channels": [{"prev_channel": 3, "inf": 5}],
            "attr_channels": [{"prev_channel": "191", "inf": 5}],
        }
    ],
}


def test_a_graph_comes_back_as_it_was():
    graph = build_graph(*random_case(), mass=0.4)
    back = from_summit(json.loads(json.dumps(to_summit(graph))), sizes=SIZES)
    assert set(back.nodes) == set(graph.nodes)
    assert set(back.edges) == set(graph.edges)
    ranks = dict(zip(graph.nodes, graph.rank, strict=True))
    assert [ranks[node] for node in back.nodes] == pytest.approx(back.rank)
    attributed = dict(zip(graph.nodes, graph.attributed, strict=True))
    assert [attributed[node] for node in back.nodes] == list(back.attributed)


def test_summits_own_file_is_read_and_its_unnamed_branch_channels_are_not():
    graph = from_summit(SUMMITS)
    assert graph.edges == ((("mixed5a", 3), ("mixed5b", 7)),)
    assert graph.attributed == ((), ())


def test_every_written_source_says_whose_channel_it_is():
    written = to_summit(build_graph(*random_case(), mass=0.4))
    named = [source["prev_layer"] for nodes in written.values() for node in nodes for source in node["prev_channels"]]
    assert set(named) <= set(SIZES)
    assert named


@pytest.mark.parametrize(
    ("change", "sizes", "message"),
    [
        ({}, {"mixed5a": 3, "mixed5b": 9}, "the file names unit 3 of 'mixed5a', whose units are 0 to 2: it is of another model."),
        ({}, {"mixed5a": 9}, "no layer named 'mixed5b'; did you mean 'mixed5a'?"),
        ({"mixed5a": []}, None, "leads an edge to 'mixed5b' from unit 3 of 'mixed5a', which is no node of it."),
        ({"mixed5a": [{"count": 1}]}, None, "has no 'channel'; this is no attribution graph of Summit's form."),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_words(change, sizes, message):
    with pytest.raises(DataError, match=re.escape(message)):
        from_summit({**SUMMITS, **change}, sizes=sizes)
