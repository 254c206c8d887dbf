"""Is every operation in its module, is no circle drawn whatever is folded, and are sums those of the operations?"""

import networkx as nx
import numpy as np
import pytest

from architecture.graphs import chain, made
from underglass.architecture.browsing import browse
from underglass.architecture.graph import Connection, ModelGraph, Operation
from underglass.architecture.hierarchy import ROOT, build_hierarchy


def children(hierarchy, part=ROOT):
    return [hierarchy.parts[at].id for at in hierarchy.children(part)]


def named(hierarchy, name):
    return next(at for at, part in enumerate(hierarchy.parts) if part.id == name)


def test_modules_hold_their_operations_in_order():
    names = ["x", "stem", "body.one.conv", "body.one.relu", "body.two.conv", "body.two.relu", "head"]
    found = build_hierarchy(made(names, chain(*names), modules={"body": "Sequential", "body.one": "Block", "body.two": "Block"}))

    assert children(found) == ["x", "stem", "body", "head"]
    assert children(found, named(found, "body")) == ["body.one", "body.two"]
    assert children(found, named(found, "body.two")) == ["body.two.conv", "body.two.relu"]
    assert found.parts[named(found, "body.two")].type == "Block"


def test_a_module_of_one_operation_or_of_one_module_gives_way():
    names = ["x", "wrap.inner.a", "wrap.inner.b", "only.one.layer", "end"]
    found = build_hierarchy(made(names, chain(*names), modules={"wrap": "Wrap", "wrap.inner": "Inner"}))

    assert children(found) == ["x", "wrap.inner", "only.one.layer", "end"]
    assert found.parts[named(found, "wrap.inner")].type == "Inner"


def test_a_module_called_again_later_is_cut_into_its_runs():
    names = ["x", "block.a", "block.b", "between", "block.a:1", "block.b:1"]
    found = build_hierarchy(made(names, chain(*names), modules={"block": "Block"}))

    assert children(found) == ["x", "block", "between", "block:1"]
    assert children(found, named(found, "block:1")) == ["block.a:1", "block.b:1"]


def test_lists_of_modules_between_which_something_runs_are_cut_and_others_are_not():
    names = ["x", "down.0.a", "down.0.b", "pool", "down.1.a", "down.1.b", "pool:1", "up.0.a", "up.0.b", "up.1.a", "up.1.b"]
    found = build_hierarchy(made(names, chain(*names)))

    assert children(found) == ["x", "down.0", "pool", "down.1", "pool:1", "up"]


def test_branches_that_run_in_turn_stay_whole():
    names = ["x", "left.a", "right.a", "left.b", "right.b", "add"]
    edges = [*chain("x", "left.a", "left.b", "add"), *chain("x", "right.a", "right.b", "add")]
    found = build_hierarchy(made(names, edges, functions=["add"]))

    assert children(found) == ["x", "left", "right", "add"]


def drawn(graph, hierarchy, opened):
    """What is seen when some modules are open: the innermost closed module of each operation, and the edges between."""
    place = {one.id: at for at, one in enumerate(graph.operations)}

    def seen(at):
        closed = [one for one in reversed(hierarchy.ancestors(at)) if one not in opened]
        return closed[0] if closed else at

    edges = {(seen(place[edge.source]), seen(place[edge.target])) for edge in graph.connections}
    return nx.DiGraph((a, b) for a, b in edges if a != b)


@pytest.mark.parametrize("seed", range(40))
def test_no_choice_of_open_modules_draws_a_circle(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(5, 60))
    layers = [
        ".".join(str(random.integers(0, 3)) for _ in range(random.integers(1, 4))) + f".op{at}" for at in range(n)
    ]  # modules of a random order: everything is called again and again
    operations = tuple(Operation(name, "Linear", name, ((1, 2),), 2, (), 1, 1, module=True) for name in layers)
    edges = [
        Connection(layers[int(source)], layers[at], (1, 2))
        for at in range(1, n)
        for source in random.choice(at, size=min(at, int(random.integers(1, 4))), replace=False)
    ]
    graph = ModelGraph("Random", operations, tuple(edges), (layers[-1],), n)

    found = build_hierarchy(graph)

    modules = [at for at, part in enumerate(found.parts) if part.operation is None]
    assert sorted(at for at, part in enumerate(found.parts) if part.operation is not None) == list(range(n))
    for _ in range(10):
        opened = {at for at in modules if random.random() < 0.5}
        assert nx.is_directed_acyclic_graph(drawn(graph, found, opened))
    order = {at: i for part in (ROOT, *modules) for i, at in enumerate(found.children(part))}
    links = drawn(graph, found, set(modules))
    assert set(links.nodes) <= set(range(n))
    for part in (ROOT, *modules):
        inside = set(found.children(part))
        for a, b in drawn(graph, found, {*found.ancestors(next(iter(inside))), part} if part != ROOT else set()).edges:
            if a in inside and b in inside:
                assert order[a] < order[b]


def test_sums_of_every_module_are_those_of_its_operations():
    names = ["x", "stem", "body.0.a", "body.0.b", "body.1.a", "body.1.b", "body.2.a", "body.2.b"]
    table = browse(made(names, chain(*names)))["parts"]
    of = {name: at for at, name in enumerate(table["id"])}

    assert (table["parameters"][of["body"]], table["multiply_adds"][of["body"]], table["operations"][of["body"]]) == (60, 600, 6)
    assert table["parameters"][of["x"]] == 0


def test_twenty_thousand_operations_are_read():
    names = ["x", *(f"b{at // 100}.c{at // 10}.op{at}" for at in range(20_000))]
    found = browse(made(names, chain(*names)))

    assert found["operations"] == 20_001
    assert sum(one == -1 for one in found["parts"]["parent"]) == len(
        {at for at, kind in enumerate(found["parts"]["kind"]) if found["parts"]["parent"][at] == -1}
    )
    assert found["levels"] >= 2
