"""Are equal modules found to be equal, runs of them folded, and hubs set aside, and nothing else?"""

import numpy as np

from architecture.graphs import chain, made
from underglass.architecture.browsing import browse
from underglass.architecture.hierarchy import build_hierarchy
from underglass.architecture.repeats import set_aside, sibling_links, structures


def blocks(count, *, last=("conv", "relu")):
    names = ["x"]
    for at in range(count):
        names += [f"body.{at}.{part}" for part in (("conv", "relu") if at < count - 1 else last)]
    return names


def series(graph):
    table = browse(graph)["parts"]
    return {
        table["id"][at]: [table["id"][child] for child, parent in enumerate(table["parent"]) if parent == at]
        for at, kind in enumerate(table["kind"])
        if kind == "series"
    }


def kinds(graph, *, shapes=False):
    hierarchy = build_hierarchy(graph)
    found = structures(graph, hierarchy, sibling_links(graph, hierarchy), shapes=shapes)
    return {part.id: found[at] for at, part in enumerate(hierarchy.parts)}


def test_modules_are_equal_if_classes_operations_and_joins_are():
    names = blocks(3, last=("conv", "tanh"))
    found = kinds(made(names, chain(*names)))

    assert found["body.0"] == found["body.1"] != found["body.2"]

    classes = {f"body.{at}": "A" if at else "B" for at in range(3)}
    assert kinds(made(blocks(3), chain(*blocks(3)), modules=classes))["body.0"] != found["body.1"]
    other = kinds(made(blocks(3), chain(*blocks(3)), modules=classes))
    assert other["body.1"] == other["body.2"] != other["body.0"]


def test_the_way_operations_are_joined_counts():
    names = ["x", "a.p", "a.q", "a.r", "b.p", "b.q", "b.r"]
    edges = [*chain("x", "a.p", "a.q", "a.r", "b.p", "b.q", "b.r"), ("b.p", "b.r")]
    found = kinds(made(names, edges))

    assert found["a"] != found["b"]


def test_three_equal_modules_in_a_row_are_a_series_and_two_are_none():
    assert series(made(blocks(3), chain(*blocks(3)))) == {"body.0 … body.2": ["body.0", "body.1", "body.2"]}
    assert series(made(blocks(2), chain(*blocks(2)))) == {}


def test_a_run_ends_where_another_structure_stands():
    names = [
        *blocks(4),
        *(f"body.4.{part}" for part in ("conv", "tanh")),
        *(f"body.{at}.{p}" for at in (5, 6) for p in ("conv", "relu")),
    ]

    assert list(series(made(names, chain(*names)))) == ["body.0 … body.3"]


def test_equal_modules_side_by_side_are_a_series():
    names = ["x", *(f"heads.{at}.{part}" for at in range(4) for part in ("conv", "relu")), "cat"]
    edges = [edge for at in range(4) for edge in chain("x", f"heads.{at}.conv", f"heads.{at}.relu", "cat")]

    assert list(series(made(names, edges, functions=["cat"]))) == ["heads.0 … heads.3"]


def test_a_mask_that_all_blocks_take_does_not_end_a_series():
    names = ["x", "mask", *(f"body.{at}.{part}" for at in range(3) for part in ("conv", "relu"))]
    edges = [*chain("x", "mask"), *chain("x", *names[2:]), *(("mask", f"body.{at}.relu") for at in range(3))]

    assert list(series(made(names, edges, functions=["mask"]))) == ["body.0 … body.2"]


def test_what_comes_in_from_the_side_ends_a_series():
    names = ["x", *(f"body.{at}.{part}" for at in range(3) for part in ("conv", "relu"))]
    names.insert(5, "side")
    edges = [*chain("x", *(name for name in names[1:] if name != "side")), ("body.0.relu", "side"), ("side", "body.2.conv")]

    assert series(made(names, edges, functions=["side"])) == {}


def test_a_hub_is_set_aside_by_the_quartiles():
    spokes = [f"op{at}" for at in range(20)]
    names = ["x", *spokes]
    edges = [*chain(*names), *(("x", name) for name in spokes[3:])]
    graph = made(names, edges)
    hierarchy = build_hierarchy(graph)
    links = sibling_links(graph, hierarchy)

    found = [hierarchy.parts[at].id for at in set_aside(hierarchy, links)]

    degrees = np.array([len(links.targets[at]) for at in hierarchy.top])
    low, high = np.quantile(degrees, [0.25, 0.75])
    expected = [
        hierarchy.parts[at].id for at, n in zip(hierarchy.top, degrees, strict=True) if n > max(4, high + 4 * (high - low))
    ]
    assert found == expected == ["x"]
    assert not set_aside(build_hierarchy(made(names[:10], chain(*names[:10]))), links)
