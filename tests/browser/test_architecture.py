"""Is the graph that is drawn the model's, at every depth, and does every way to move in it do what it says?"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')

from torch import fx, nn  # noqa: E402

from architecture.graphs import chain, made  # noqa: E402
from browser.describing import describe, reload, settled, until  # noqa: E402
from networks import Encoder, ResNet  # noqa: E402
from underglass import datasets, models  # noqa: E402
from underglass.architecture.graph import Connection, ModelGraph, Operation  # noqa: E402
from underglass.models.torch_graph import read_graph  # noqa: E402
from underglass.views import architecture as model_architecture  # noqa: E402

AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
PATIENCE = 90.0
STILL = 1.5
"""Pixels that something which stays may be off by."""


def drawn(page, expression="true"):
    """Wait until the drawing rests and an expression of the description `d` holds; gives the description."""
    until(
        page,
        "(() => { const d = window.underglass?.describe('architecture'); return d && d.n !== null && !d.moving "
        f"&& (d.problem || d.nodes.length + (d.plain ?? 0) > 0) && ({expression}) }})()",
        PATIENCE,
    )
    return describe(page, "architecture")


KEPT = """(() => {
    const { camera } = window.underglass.describe('architecture');
    const kept = JSON.parse(new URLSearchParams(location.hash.split('?')[1]).get('p.camera'));
    return kept?.join() === [Math.round(camera.x), Math.round(camera.y), Number(camera.k.toPrecision(4))].join();
})()"""
"""Whether the address holds where the drawing is looked at from."""


@pytest.fixture
def served(planted_app, open_page):
    """A planted case with a model's graph, opened at a view of it."""

    def serve(graph, link="", *, numbers=None, **options):
        case, address = planted_app(30)
        meta = {
            "form": 2,
            "model": "planted",
            "graph": graph.as_json() if graph else None,
            "problem": "" if graph else "it is of glass",
        }
        case.folder.results.put("model_graph", "planted", {}, meta, {})
        if numbers:
            case.graph_numbers(*numbers)
        return case, open_page(f"{address}#architecture{link}", **options)

    return serve


def everything(page, expression="true"):
    """Show all of it at once, so that nothing is off the screen and left out."""
    drawn(page)
    page.get_by_title("All of it (0)").click()
    return drawn(page, expression)


@pytest.fixture(scope="module")
def resnet():
    net = ResNet().eval()
    return net, read_graph(net, (1, 3, 64, 64))


def at_depth(net, depth):
    """Boxes and edges when modules are open to a depth, by torch.fx alone: who stands in which module, who feeds whom."""
    traced = fx.symbolic_trace(net)
    parents = {name for name, module in net.named_modules() if name and list(module.children())}
    number, names = {}, {}
    for node in traced.graph.nodes:
        if node.op == "output":
            continue
        if node.op == "call_module":
            number[node.target] = number.get(node.target, -1) + 1
            scope, own = node.target.split(".")[:-1], f"{node.target}:{number[node.target]}"
        else:
            stack = [path for path, _ in node.meta.get("nn_module_stack", {}).values()] if node.op == "call_function" else []
            scope, own = (stack[-1].split(".") if stack and stack[-1] else []), node.name
        names[node] = (".".join(scope[: depth + 1]), own, len(scope))
    boxes = {node: name if name and length > depth and name in parents else own for node, (name, own, length) in names.items()}
    edges = {(boxes[source], boxes[node]) for node in boxes for source in node.all_input_nodes}
    return set(boxes.values()), {(a, b) for a, b in edges if a != b}


def test_boxes_and_edges_at_every_depth_are_those_of_torch(served, resnet):
    net, graph = resnet
    _, page = served(graph, "?p.series=false")
    total = sum(one.numel() for one in net.parameters())
    everything(page)
    for depth in range(4):
        page.get_by_label("Levels open").evaluate(
            "(one, to) => { one.value = to; one.dispatchEvent(new Event('input', { bubbles: true })) }", depth
        )
        drawn(page, f"d.depth === {depth}")
        found = everything(page)
        boxes, edges = at_depth(net, depth)

        assert len(found["nodes"]) == len(boxes), depth
        assert len(found["edges"]) == len(edges), depth
        assert len({(edge["from"], edge["to"]) for edge in found["edges"]}) == len(edges)
        assert sum(one["parameters"] for one in found["nodes"]) == total
    assert found["n"] == len(graph.operations) == len(found["nodes"])
    assert found["levels"] == 3
    widths = {edge["from"]: edge["width"] for edge in found["edges"]}
    sizes = {one.id: np.prod(one.shapes[0]) for one in graph.operations}
    order = sorted(widths, key=lambda name: sizes[name])
    assert all(widths[a] <= widths[b] for a, b in pairwise(order))


def test_a_module_opens_in_place_and_what_was_there_stays(served, resnet):
    _, graph = resnet
    _, page = served(graph, "?p.depth=0")
    before = drawn(page)
    places = {one["id"]: one for one in before["nodes"]}
    assert "layer1" in places
    page.locator('g.box[data-id="layer1"]').dblclick()
    after = drawn(page, "d.frames.length === 1")
    now = {one["id"]: one for one in after["nodes"]}
    frame = after["frames"][0]

    assert frame["id"] == "layer1"
    assert frame["x"] + frame["width"] / 2 == pytest.approx(places["layer1"]["x"] + places["layer1"]["width"] / 2, abs=STILL)
    assert frame["y"] == pytest.approx(places["layer1"]["y"], abs=STILL)
    for name in ("x", "conv1", "bn1", "relu", "maxpool"):
        assert (now[name]["x"], now[name]["y"]) == pytest.approx((places[name]["x"], places[name]["y"]), abs=STILL)
    grown = frame["height"] - places["layer1"]["height"]
    for name in ("layer2", "layer3"):
        if name in now:
            assert now[name]["x"] == pytest.approx(places[name]["x"], abs=STILL)
            assert now[name]["y"] == pytest.approx(places[name]["y"] + grown, abs=STILL)
    assert after["card"]["id"] == "layer1"
    inside = [one for one in after["nodes"] if one["id"].startswith("layer1.")]
    assert all(frame["x"] <= one["x"] and one["x"] + one["width"] <= frame["x"] + frame["width"] for one in inside)

    page.locator("svg.chart").focus()
    page.keyboard.press("Enter")
    closed = {one["id"]: one for one in drawn(page, "d.frames.length === 0")["nodes"]}
    for name, place in places.items():
        assert (closed[name]["x"], closed[name]["y"]) == pytest.approx((place["x"], place["y"]), abs=STILL)


def test_keys_walk_open_trace_and_find(served, resnet):
    _, graph = resnet
    _, page = served(graph)
    drawn(page)
    page.locator("svg.chart").focus()
    page.keyboard.press("ArrowDown")
    assert drawn(page, "d.card !== null")["card"]["id"] == "x"
    page.keyboard.press("ArrowDown")
    assert drawn(page, "d.card.id === 'conv1'")["card"]["outputs"] == ["bn1"]
    page.keyboard.press("u")
    assert drawn(page, "d.traced !== null")["traced"]["up"] == ["x"]
    page.keyboard.press("Escape")
    drawn(page, "d.traced === null")
    page.keyboard.press("ArrowUp")
    drawn(page, "d.card.id === 'x'")
    page.keyboard.press("]")
    drawn(page, "d.depth === 1")
    page.keyboard.press("[")
    drawn(page, "d.depth === 0")
    page.keyboard.press("Escape")
    drawn(page, "d.card === null")
    zoom = drawn(page)["camera"]["k"]
    page.keyboard.press("+")
    assert drawn(page)["camera"]["k"] == pytest.approx(1.3 * zoom)
    page.keyboard.press("f")
    page.keyboard.type("downsample")
    assert drawn(page, "d.matches !== null")["matches"] == len([one for one in graph.operations if "downsample" in one.id]) + 4


def test_a_match_is_opened_to_and_a_wrong_pattern_is_said(served, resnet):
    _, graph = resnet
    _, page = served(graph)
    drawn(page)
    field = page.get_by_role("combobox", name="Find parts")
    field.fill(r"layer3\.[24]\.conv2$")
    listed = page.get_by_role("option")
    until(page, "document.querySelectorAll('[role=option]').length === 2")
    assert [listed.nth(at).get_attribute("data-id") for at in range(2)] == ["layer3.2.conv2", "layer3.4.conv2"]
    listed.nth(1).click()
    found = drawn(page, "d.card?.id === 'layer3.4.conv2' && d.nodes.some((one) => one.id === 'layer3.4.conv2')")
    there = next(one for one in found["nodes"] if one["id"] == "layer3.4.conv2")
    assert there["selected"]
    assert there["matched"]
    assert 0 <= there["x"] <= 1000
    assert 0 <= there["y"] <= 800
    assert found["card"]["type"] == "Conv2d"
    assert found["card"]["line"].startswith("networks.py:")
    one = graph.by_id["layer3.4.conv2"]
    assert found["card"]["parameters"].startswith(f"{one.parameters:,}")
    assert found["card"]["multiply_adds"].startswith(f"{one.multiply_adds:,}")
    page.locator('[data-link="in"]').click()
    assert drawn(page, "d.card !== null && d.card.id !== 'layer3.4.conv2'")["card"]["id"] == "layer3.4.relu"
    field.fill("conv(")
    assert "This is no regular expression" in page.get_by_role("status").first.inner_text()
    field.fill("nowhere")
    assert "Nothing matches “nowhere”" in page.get_by_role("status").first.inner_text()


def test_traces_are_ancestors_and_descendants(served):
    graph = read_graph(Encoder(4).eval(), (1, 64))
    _, page = served(graph, "?p.depth=3&p.series=false&p.part=%22encoder.layers.2.linear1%22&p.ways=[%22up%22,%22down%22]")
    found = everything(page, "d.traced !== null")
    oracle = nx.DiGraph((edge.source, edge.target) for edge in graph.connections)
    up, down = nx.ancestors(oracle, "encoder.layers.2.linear1"), nx.descendants(oracle, "encoder.layers.2.linear1")

    assert set(found["traced"]["up"]) == up
    assert set(found["traced"]["down"]) == down
    lit = {one["id"] for one in found["nodes"] if not one["faded"]}
    assert lit == up | down | {"encoder.layers.2.linear1"}
    assert found["card"]["traced"] == f"rests on {len(up)} operations; feeds {len(down)} operations"


def test_series_fold_unfold_and_equal_structures_share_a_colour(served, resnet):
    _, graph = resnet
    _, page = served(graph, "?p.depth=1&p.colour=%22structure%22")
    found = everything(page)
    series = {one["id"]: one for one in found["nodes"] if one["kind"] == "series"}

    assert {name: next(word for word in one["words"] if word.startswith("×")) for name, one in series.items()} == {
        "layer2.1 … layer2.3": "×3",
        "layer3.1 … layer3.5": "×5",
    }
    colours = {one["id"]: one["colour"] for one in found["nodes"]}
    with_shortcut = {colours[f"layer{at}.0"] for at in range(1, 5)}
    plain = {colours["layer1.1"], colours["layer1.2"], colours["layer4.1"], *(colours[name] for name in series)}
    assert len(with_shortcut) == len(plain) == 1
    assert with_shortcut != plain
    page.locator('g.box[data-id="layer3.1 … layer3.5"] rect.face').click(force=True)
    page.get_by_role("button", name="Unfold").click()
    unfolded = {one["id"] for one in everything(page, "d.nodes.some((one) => one.id === 'layer3.5')")["nodes"]}
    assert {f"layer3.{at}" for at in range(1, 6)} <= unfolded
    page.locator('g.box[data-id="layer3.4"] rect.face').click(force=True)
    page.get_by_role("button", name="12 modules built alike").click()
    alike = {one["id"] for one in everything(page, "d.matches === 12")["nodes"] if one["matched"]}
    assert {f"layer3.{at}" for at in range(1, 6)} <= alike


def test_what_is_drawn_is_saved_as_pictures_and_numbers(served, resnet):
    _, graph = resnet
    _, page = served(graph, "?p.depth=2&p.series=false", accept_downloads=True)
    drawn(page)
    page.get_by_role("button", name="Direction, series, constants and files").click()
    with page.expect_download() as waited:
        page.get_by_role("button", name="SVG", exact=True).click()
    root = ET.parse(waited.value.path()).getroot()
    boxes = [one for one in root.iter() if one.get("data-part") and one.get("data-kind")]
    page.keyboard.press("Escape")
    everything(page)

    assert {one.get("data-id") for one in boxes} == {one["id"] for one in describe(page, "architecture")["nodes"]}
    assert root.get("width") == str(float(root.get("width"))).removesuffix(".0")
    assert "script" not in {one.tag.rpartition("}")[2] for one in root.iter()}
    page.get_by_role("button", name="Direction, series, constants and files").click()
    with page.expect_download() as waited:
        page.get_by_role("button", name="PNG", exact=True).click()
    with Image.open(waited.value.path()) as picture:
        ratio = picture.width / float(root.get("width"))
        assert ratio >= 1
        assert picture.height == pytest.approx(ratio * float(root.get("height")), abs=ratio)
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 8, "it is not blank"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Export this view").click()
    with page.expect_download() as waited:
        page.get_by_role("button", name="Numbers, CSV").click()
    lines = Path(waited.value.path()).read_text().strip().splitlines()
    assert lines[0] == "part,type,kind,gives,operations,parameters,multiply-adds"
    assert sum(int(line.split(",")[-2]) for line in lines[1:]) == graph.parameters


def test_the_state_is_in_the_address(served, resnet):
    _, graph = resnet
    _, page = served(graph)
    drawn(page)
    page.locator('g.box[data-id="layer2"]').dblclick()
    drawn(page, "d.frames.length === 1")
    page.get_by_label("Colour by").select_option("parameters")
    page.get_by_role("button", name="Farther").click()
    before = drawn(page, "d.legend.includes('--seq-6')")
    until(page, KEPT)
    reload(page)
    after = drawn(page, "d.frames.length === 1")

    assert [one["id"] for one in after["nodes"]] == [one["id"] for one in before["nodes"]]
    assert after["card"]["id"] == "layer2"
    assert after["legend"] == before["legend"]
    assert after["camera"]["k"] == pytest.approx(before["camera"]["k"], rel=1e-3)
    assert after["nodes"][0]["x"] == pytest.approx(before["nodes"][0]["x"], abs=2)


def test_a_captured_layer_leads_to_its_views(served):
    names = ["x", "body.conv", "body.relu", "fc"]
    _, page = served(made(names, chain(*names), types={"fc": "Linear"}))
    found = drawn(page)
    assert {one["id"]: one["captured"] for one in found["nodes"]}["fc"] == "own"
    page.locator('g.box[data-id="fc"] rect.face').click()
    assert drawn(page, "d.card !== null")["card"]["layer"] == "fc"
    page.locator("aside").get_by_role("button", name="Projection").click()
    until(page, "location.hash.startsWith('#projection') && location.hash.includes('fc')")
    page.go_back()
    drawn(page)
    page.locator('g.box[data-id="fc"] rect.face').click()
    page.locator("aside").get_by_role("button", name="Units").click()
    settled(page)
    assert describe(page, "units")["panels"].keys() == {"fc"}


def test_own_numbers_and_measured_times_colour_the_graph(served):
    net = nn.Sequential(nn.Flatten(), nn.Linear(144, 8), nn.ReLU(), nn.Linear(8, 5)).eval()
    graph = read_graph(net, (1, 12, 12))
    case, page = served(graph, "?p.colour=%22own latency%22", numbers=("latency", {"1": 4.0, "3": 1.0}))
    found = {one["id"]: one["colour"] for one in drawn(page)["nodes"]}
    assert (found["1"], found["3"], found["2"]) == ("--seq-6", "--seq-2", None)

    page.get_by_label("Colour by").select_option("time")
    assert page.get_by_role("button", name="Measure").is_disabled()
    assert "the model is not attached" in page.locator(".told").inner_text()
    case.dataset = datasets.arrays(np.random.default_rng(0).random((30, 12, 12), np.float32))
    case.attached = models.torch(net, preprocess=torch.as_tensor)
    reload(page)
    drawn(page)
    page.get_by_role("button", name="Measure").click()
    until(page, "document.querySelector('[data-times]') !== null", PATIENCE)
    timed = drawn(page)
    assert "for 8 instances at once" in page.locator("[data-times]").inner_text()
    seconds = model_architecture.graph(case)["times"]["seconds"]
    steps = {one["id"]: int(one["colour"][-1]) for one in timed["nodes"] if one["colour"]}
    assert steps.keys() == seconds.keys()
    order = sorted(seconds, key=seconds.get)
    assert steps[order[-1]] == 6
    assert [steps[name] for name in order] == sorted(steps.values()), "slower operations are never lighter"


def test_hubs_stand_aside_and_come_back_and_constants_are_badges(served):
    spokes = [f"op{at}" for at in range(18)]
    names = ["x", "table", *spokes]
    edges = [*chain("x", *spokes), *(("x", name) for name in spokes[1:]), ("table", "op4")]
    _, page = served(made(names, edges, functions=["table"]), "?p.series=false")
    found = everything(page)
    nodes = {one["id"]: one for one in found["nodes"]}

    assert nodes["x"]["aside"]
    assert {name for name, one in nodes.items() if one["hubs"]} == set(spokes)
    assert {name: one["constants"] for name, one in nodes.items() if one["constants"]} == {"op4": 1}
    assert "table" not in nodes
    assert len(found["edges"]) == len(spokes) - 1
    page.get_by_role("button", name="Direction, series, constants and files").click()
    page.get_by_role("button", name="Bring back").click()
    back = drawn(page, "!d.nodes.some((one) => one.aside)")
    page.get_by_label("boxes", exact=True).click()
    page.keyboard.press("Escape")
    boxed = everything(page, "d.nodes.some((one) => one.id === 'table')")
    assert len(back["nodes"]) == len(nodes)
    assert len(boxed["edges"]) == len(set(edges))


def test_a_module_called_twice_markup_and_unknown_types_are_drawn_as_they_are(served):
    names = ["x", "block.a", "block.b", "<b>&amp;", "block.a:1", "block.b:1"]
    _, page = served(made(names, chain(*names), types={"<b>&amp;": "<img src=x onerror=alert(1)>", "block.a": "Ünknown🦊"}))
    found = drawn(page)

    assert [one["id"] for one in found["nodes"]] == ["x", "block", "<b>&amp;", "block:1"]
    assert next(one for one in found["nodes"] if one["id"] == "<b>&amp;")["words"][0] == "<b>&amp;"
    assert page.locator("svg.chart img").count() == 0
    assert [(edge["from"], edge["to"]) for edge in found["edges"]] == chain("x", "block", "<b>&amp;", "block:1")
    page.locator('g.box[data-id="block:1"]').dblclick()
    opened = drawn(page, "d.frames.length === 1")
    assert {"block.a:1", "block.b:1"} <= {one["id"] for one in opened["nodes"]}


def test_twenty_thousand_operations_are_drawn(served):
    names = [f"b{at // 400}.c{at // 20}.op{at}" for at in range(20_000)]
    operations = tuple(
        Operation(name, f"Type{at % 7}", name, ((1, 4),), 4, (), 1, 1, module=True) for at, name in enumerate(names)
    )
    edges = tuple(Connection(a, b, (1, 4)) for a, b in pairwise(names))
    graph = ModelGraph("Large", operations, edges, (names[-1],), 20_000)
    _, page = served(graph, "?p.series=false")
    found = everything(page)
    assert len(found["nodes"]) == 50
    page.get_by_role("button", name="Expand all").click()
    drawn(page, "d.depth === 2")
    full = everything(page, "d.plain > 0")
    assert full["plain"] == 20_000
    assert full["camera"]["k"] < 0.05


def test_no_graph_and_no_model_are_said(served, planted_app, open_page, tmp_path):
    _, page = served(None)
    assert drawn(page)["problem"] == "it is of glass"
    assert "There is no graph of planted" in page.inner_text("main")
    assert "underglass open" in page.inner_text("main")


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_can_be_read_by_everyone(served, resnet, dark):
    _, graph = resnet
    _, page = served(graph, "?p.depth=1&p.part=%22layer2%22&p.colour=%22multiply_adds%22", dark=dark, width=800)
    drawn(page, "d.card !== null")
    page.evaluate(AXE.read_text())
    result = page.evaluate("axe.run(document, { resultTypes: ['violations'], rules: { region: { enabled: false } } })")
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in result["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
