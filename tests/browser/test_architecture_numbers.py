"""Are the small map, the colours, the widths, the search and the files of Model graph right in their numbers?"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import pairwise

import pytest

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')

from torch import nn  # noqa: E402

from architecture.graphs import chain, made  # noqa: E402
from browser.describing import describe, reload, until  # noqa: E402
from browser.test_architecture import drawn, everything, served  # noqa: E402, F401 (a fixture)
from browser.test_pages import violations  # noqa: E402
from planted import planted_case  # noqa: E402
from underglass import models  # noqa: E402
from underglass.architecture.graph import Connection, ModelGraph, Operation  # noqa: E402
from underglass.case import Case  # noqa: E402
from underglass.models.torch_graph import read_graph  # noqa: E402

STAGES, BLOCKS = 3, 4
SEEN = "() => { const one = document.querySelector('svg.chart').getBoundingClientRect(); return [one.width, one.height]; }"
PAINTED = """(down) => {
  const canvas = document.querySelector('.map canvas');
  const [across, along] = down ? [canvas.width, canvas.height] : [canvas.height, canvas.width];
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const runs = [];
  let on = false;
  for (let i = 0; i < along; i++) {
    let any = false;
    for (let j = 0; j < across && !any; j++) any = pixels[4 * (down ? i * canvas.width + j : j * canvas.width + i) + 3] > 100;
    if (any && !on) runs.push([i, i + 1]);
    else if (any) runs[runs.length - 1][1] = i + 1;
    on = any;
  }
  return runs;
}"""
"""Where boxes are painted on the small map, along the way one reads, from its pixels."""


def staged():
    """Blocks of three operations with connections past them, in stages; tensors, weights and work grow from stage to stage."""
    operations = [Operation("x", "Input", "", ((1, 3, 64, 64),), 3, (64, 64))]
    edges = []
    before = "x"
    for stage in range(STAGES):
        shape = (1, 4 * 4**stage, 64 >> stage, 64 >> stage)
        for block in range(BLOCKS):
            path = f"stage{stage}.block{block}"
            came = before
            for at, name in enumerate(("conv", "norm", "add")):
                one = f"{path}.{name}"
                layer = name != "add"
                sizes = ((10 * 9**stage, 1000 * 3**stage) if name == "conv" else (2, 0)) if layer else (0, 0)
                operations.append(
                    Operation(one, name.title(), one if layer else path, (shape,), shape[1], shape[2:], *sizes, module=layer)
                )
                edges.append((before, one))
                if at == 2 and block:
                    edges.append((came, one))
                before = one
    shapes = {one.id: one.shapes[0] for one in operations}
    connections = tuple(Connection(a, b, shapes[a]) for a, b in edges)
    total = sum(one.parameters for one in operations)
    return ModelGraph("Staged", tuple(operations), connections, (before,), total)


@pytest.mark.parametrize("down", [True, False], ids=["downwards", "to the right"])
def test_the_small_map_frames_what_is_seen_and_leads_there(served, down):  # noqa: F811
    names = ["x", *(f"op{at}" for at in range(29))]
    link = "" if down else "&p.direction=%22right%22"
    _, page = served(made(names, chain(*names)), f"?p.series=false{link}")
    found = drawn(page)
    axis, size = ("y", "height") if down else ("x", "width")
    across = "width" if down else "height"
    width, height = page.evaluate(SEEN)
    room = height if down else width
    runs = page.evaluate(PAINTED, down)

    assert len(runs) == len(names), "each box is on the small map"

    def inside(found):
        """What is framed on the small map is on the screen, and nothing else is."""
        seen = found["minimap"]["seen"]
        ends = dict(zip(names, runs, strict=True))
        whole = {one["id"] for one in found["nodes"] if one[axis] >= 0 and one[axis] + one[size] <= room}
        for name, (low, high) in ends.items():
            if low >= seen[axis] + 1.6 and high <= seen[axis] + seen[size] - 1.6:
                assert name in whole
            if high < seen[axis] - 1.6 or low > seen[axis] + seen[size] + 1.6:
                assert name not in whole
        assert len(whole) >= 4
        return seen, [(one, ends[one["id"]]) for one in found["nodes"] if one["id"] in whole]

    def framed(found):
        """And it stands in the frame as it stands on the screen."""
        seen, whole = inside(found)
        for one, (low, high) in whole:
            expected = seen[axis] + one[axis] / room * seen[size]
            assert low == pytest.approx(expected, abs=1.6)
            assert high == pytest.approx(expected + one[size] / room * seen[size], abs=1.6)
        return seen

    seen, _ = inside(found)
    assert seen[axis] == pytest.approx(0, abs=1), "one begins at the beginning"
    assert seen[across] == found["minimap"][across], "all of it fits across"
    assert len({one["id"] for one in found["nodes"]}) < len(names), "and not along"
    box = page.locator(".map").bounding_box()

    def at(name):
        low, high = runs[names.index(name)]
        middle = (low + high) / 2
        aside = box[across] / 2
        return (box["x"] + aside, box["y"] + middle) if down else (box["x"] + middle, box["y"] + aside)

    def centred(name, within):
        """Wait until a box is in the middle of the screen."""
        of = f"d.nodes.find((one) => one.id === '{name}')"
        return drawn(page, f"Math.abs({of}?.{axis} + {of}?.{size} / 2 - {room / 2}) <= {within}")

    step = room / seen[size]
    page.mouse.move(*at("op20"))
    page.mouse.down()
    pressed = centred("op20", 1.5 * step)
    framed(pressed)
    assert pressed["camera"]["k"] == found["camera"]["k"], "it moves, and zooms nothing"
    page.mouse.move(*at("op9"), steps=4)
    dragged = centred("op9", 1.5 * step)
    framed(dragged)
    page.mouse.up()
    page.mouse.move(*at("op25"))
    assert describe(page, "architecture")["camera"] == dragged["camera"], "a pointer that is not pressed moves nothing"
    page.set_viewport_size({"width": 1200, "height": 700})
    until(page, f"(({SEEN})() + '') !== '{width},{height}'")
    room = page.evaluate(SEEN)[1 if down else 0]
    framed(drawn(page, f"d.minimap.seen.{size} < {dragged['minimap']['seen'][size] - 0.5}"))


def test_widths_shapes_colours_and_searches_are_those_of_the_graph(served):  # noqa: F811
    graph = staged()
    _, page = served(graph, "?p.depth=2&p.series=false")
    found = everything(page)
    nodes = {one["id"]: one for one in found["nodes"]}
    sizes = {one.id: math.prod(one.shapes[0]) for one in graph.operations}
    edges = Counter((edge.source, edge.target) for edge in graph.connections)

    assert Counter((one["from"], one["to"]) for one in found["edges"]) == edges
    for one in found["edges"]:
        expected = 1 + min(6, max(0, 1.1 * (math.log10(sizes[one["from"]]) - 1)))
        assert one["width"] == pytest.approx(expected, abs=0.051), one
    colours = {name: one["colour"] for name, one in nodes.items() if name != "x"}
    assert len(set(colours.values())) == 3
    assert all(len({colours[name] for name in colours if name.endswith(kind)}) == 1 for kind in ("conv", "norm", "add"))
    assert {one.split()[0] for one in page.locator(".legend .kind").all_inner_texts()} >= {"Conv", "Norm", "Add"}

    page.get_by_label("Colour by").select_option("parameters")
    filled = everything(page, "d.legend.includes('--seq-6')")
    steps = {one["id"]: int(one["colour"].removeprefix("--seq-")) for one in filled["nodes"]}
    top = max(one.parameters for one in graph.operations)
    least = max(2, top / 1e4)
    for one in graph.operations:
        share = math.log(one.parameters / least) / math.log(top / least) if one.parameters else None
        assert steps[one.id] == (0 if share is None else max(1, math.ceil(round(6 * share, 9)))), one.id
    assert page.locator(".legend").inner_text().split("\n")[1:3] == ["0", f"{top}"]

    field = page.get_by_role("combobox", name="Find parts")
    for pattern in (r"stage[12]\.block[0-2]\.conv$", "norm", r"16 × 32", "^Add$", r"stage2\.block3"):
        field.fill(pattern)
        wanted = [
            one.id
            for one in graph.operations
            if any(re.search(pattern, text, re.I) for text in (one.id, one.type, " × ".join(map(str, one.shapes[0]))))
        ]
        modules = [f"stage{a}.block{b}" for a in range(STAGES) for b in range(BLOCKS)] + [f"stage{a}" for a in range(STAGES)]
        wanted += [name for name in modules if re.search(pattern, name, re.I)]
        assert wanted
        marked = drawn(page, f"d.matches === {len(wanted)}")
        lit = {one["id"] for one in marked["nodes"] if one["matched"]}
        assert lit == {one["id"] for one in marked["nodes"]} & set(wanted), pattern
        until(page, f"document.querySelectorAll('[role=option]').length === {len(wanted)}")
    field.fill("")
    drawn(page, "d.matches === null && d.nodes.every((one) => !one.faded)")


def test_closed_modules_bundle_their_tensors_and_all_close_again(served):  # noqa: F811
    graph = staged()
    _, page = served(graph, "?p.series=false")
    page.get_by_role("button", name="Expand all").click()
    drawn(page, "d.frames.length > 0")  # only what is laid out can be shown whole
    assert len(everything(page, "d.depth === 2 && d.frames.length === 15")["nodes"]) == len(graph.operations)
    page.get_by_label("Levels open").evaluate(
        "(one) => { one.value = 1; one.dispatchEvent(new Event('input', { bubbles: true })) }"
    )
    drawn(page, "d.frames.length <= 3")
    found = everything(page, "d.depth === 1 && d.frames.length === 3")

    def closed(name):
        return ".".join(name.split(".")[:2])

    tensors = {}
    for edge in graph.connections:
        if closed(edge.source) != closed(edge.target):
            tensors.setdefault((closed(edge.source), closed(edge.target)), set()).add(edge.source)
    assert {(one["from"], one["to"]): one["tensors"] for one in found["edges"]} == {
        ends: len(sources) for ends, sources in tensors.items()
    }
    page.get_by_role("button", name="Collapse all").click()
    drawn(page, "d.frames.length === 0")
    shut = everything(page, "d.depth === 0 && d.frames.length === 0")
    assert [one["id"] for one in shut["nodes"]] == ["x", "stage0", "stage1", "stage2"]
    assert [(one["from"], one["to"]) for one in shut["edges"]] == list(pairwise(["x", "stage0", "stage1", "stage2"]))
    assert shut["minimap"]["seen"]["height"] == shut["minimap"]["height"], "all of it is seen"


def test_the_saved_drawing_holds_every_box_line_and_shape(served):  # noqa: F811
    graph = staged()
    _, page = served(graph, "?p.depth=2&p.series=false", accept_downloads=True)
    drawn(page)
    page.get_by_role("button", name="Direction, series, constants and files").click()
    with page.expect_download() as waited:
        page.get_by_role("button", name="SVG", exact=True).click()
    page.keyboard.press("Escape")
    root = ET.parse(waited.value.path()).getroot()
    everything(page)
    while describe(page, "architecture")["camera"]["k"] < 0.7:
        page.get_by_role("button", name="Nearer").click()
    width, height = (float(root.get(name)) for name in ("width", "height"))
    boxes = {one.get("data-id"): one for one in root.iter() if one.get("data-kind")}
    lines = [one for one in root.iter() if one.get("data-ends")]
    ends = [tuple(words.split("\t")[:2]) for one in lines for words in one.get("data-ends").split("\n") if words]
    words = {one.get("data-of"): "".join(one.itertext()).strip() for one in root.iter() if one.get("data-of")}

    assert set(boxes) == {one.id for one in graph.operations}
    assert Counter(ends) == Counter((edge.source, edge.target) for edge in graph.connections)
    fed = {edge.source for edge in graph.connections}
    assert words == {one.id: " × ".join(map(str, one.shapes[0][1:])) for one in graph.operations if one.id in fed}
    places = {}
    for name, one in boxes.items():
        x, y = (float(part) for part in re.search(r"translate\(([-\d.]+) ([-\d.]+)\)", one.get("transform")).groups())
        face = next(part for part in one.iter() if part.tag.endswith("rect"))
        places[name] = x, y, float(face.get("width")), float(face.get("height"))
        assert 0 <= x <= x + places[name][2] <= width - 16
        assert 0 <= y <= y + places[name][3] <= height - 16
    found = describe(page, "architecture")
    k = found["camera"]["k"]
    for one in found["nodes"]:
        x, y, w, h = places[one["id"]]
        assert (one["x"] - found["camera"]["x"]) / k == pytest.approx(x, abs=0.2)
        assert (one["y"] - found["camera"]["y"]) / k == pytest.approx(y, abs=0.2)
        assert (one["width"] / k, one["height"] / k) == pytest.approx((w, h), abs=0.2)
    page.get_by_role("button", name="Export this view").click()
    with page.expect_download() as waited:
        page.get_by_role("button", name="Picture, SVG").click()
    shown = ET.parse(waited.value.path()).getroot()
    assert [float(shown.get(name)) for name in ("width", "height")] == pytest.approx(page.evaluate(SEEN))
    on_screen = {one["id"] for one in describe(page, "architecture")["nodes"]}
    assert {one.get("data-id") for one in shown.iter() if one.get("data-kind")} == on_screen
    assert len(on_screen) < len(boxes)


def test_a_series_tells_the_weights_of_its_members_and_what_is_not_a_number(served):  # noqa: F811
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(144, 6), *(nn.Linear(6, 6) for _ in range(7)), nn.Linear(6, 5)).eval()
    with torch.no_grad():
        net[4].weight[0, 1] = torch.nan
        net[3].bias.zero_()
    case, page = served(read_graph(net, (1, 12, 12)), "?p.part=%222 … 8%22")
    case.attached = models.torch(net, preprocess=torch.as_tensor)
    reload(page)
    found = drawn(page, "d.card?.weights?.weights.length === 12")["card"]["weights"]

    assert found["total"] == 14
    assert [(one["operation"], one["name"]) for one in found["weights"]] == [
        (str(at), name) for at in range(2, 8) for name in ("weight", "bias")
    ]
    page.get_by_role("button", name="2 more of 14").click()
    told = {
        (one["operation"], one["name"]): one
        for one in drawn(page, "d.card.weights.weights.length === 14")["card"]["weights"]["weights"]
    }
    assert page.get_by_role("button", name="more of").count() == 0
    assert told["4", "weight"]["spread"].endswith("; 1 number not finite")
    assert sum(n for n, _ in told["4", "weight"]["bars"]) == 35, "it stands in no bin"
    assert told["3", "bias"]["spread"] == "all 0"
    for at in (2, 5, 8):
        values = net[at].weight.detach().numpy().astype(float)
        one = told[str(at), "weight"]
        mean, deviation = (written(part.split(" ")[-1]) for part in one["spread"].split(", "))
        assert (mean, deviation) == (pytest.approx(values.mean(), rel=0.05), pytest.approx(values.std(), rel=0.05))
        assert written(one["low"]) == pytest.approx(values.min(), rel=0.05)
        assert written(one["high"]) == pytest.approx(values.max(), rel=0.05)
        assert float(one["zero"]) == pytest.approx(240 * -values.min() / (values.max() - values.min()), abs=0.01)
    page.set_viewport_size({"width": 800, "height": 900})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 800


def test_an_exported_page_walks_through_the_whole_graph_and_edits_leave_it(open_offline, tmp_path):
    graph = staged()
    case = Case(planted_case(tmp_path / "planted.case", 30))
    meta = {"form": 2, "model": "planted", "graph": graph.as_json(), "problem": ""}
    case.folder.results.put("model_graph", "planted", {}, meta, {})
    page_file = tmp_path / "graph.html"
    made = case.export(page_file, where="label = 'Coat'", views=["architecture", "overview"])
    case.close()
    page = open_offline(page_file.as_uri() + "#architecture?p.series=false")
    drawn(page)
    page.get_by_role("button", name="Expand all").click()
    drawn(page, "d.frames.length > 0")
    found = everything(page, "d.frames.length === 15")

    assert "architecture" not in made.reasons, "the graph is of the model, whichever instances are there"
    assert {one["id"] for one in found["nodes"]} == {one.id for one in graph.operations}
    assert Counter((one["from"], one["to"]) for one in found["edges"]) == Counter(
        (edge.source, edge.target) for edge in graph.connections
    )
    page.evaluate("window.underglass.case.edit({op: 'exclude', rows: [0, 1]})")
    until(page, "window.underglass.case.info.version > 0")
    page.locator('g.box[data-id="stage0.block0.conv"] rect.face').click()
    drawn(page, "d.card?.weights != null")
    kept = everything(page, "d.nodes.length === " + str(len(found["nodes"])))
    assert kept["problem"] is None
    assert {one["id"] for one in kept["nodes"]} == {one.id for one in graph.operations}
    assert kept["card"]["weights"]["why"].startswith("Their numbers are not shown: This page was exported")
    page.get_by_label("Colour by").select_option("time")
    assert page.get_by_role("button", name="Measure").is_disabled()


def written(text):
    """A number as it is written on the screen, to two digits."""
    return float(text.replace("−", "-"))
