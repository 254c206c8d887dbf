"""The attribution graph in the browser: what is drawn is what Python measures, and every way to move in it works."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
import torch
import uvicorn
from scipy.stats import binomtest
from torch import nn

from browser.describing import at_rest, describe, until
from underglass import Case, datasets, models
from underglass.hosts.server import create_app
from underglass.hosts.server.start import Recent
from underglass.views.attribution_results import Settings, measure

CLASSES = ("ankle boot", "bag", "coat", "nothing 🥿")
LAYERS = ("1", "3", "6")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("graph")
    labels = np.arange(90) % 3
    images = np.random.default_rng(0).integers(0, 60, (90, 10, 10), dtype=np.uint8)
    for row, code in enumerate(labels):
        images[row, 3 * code : 3 * code + 3] += 150
    net = nn.Sequential(
        nn.Conv2d(1, 12, 3),
        nn.ReLU(),
        nn.Conv2d(12, 16, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(576, 20),
        nn.ReLU(),
        nn.Linear(20, 4),
    )
    with torch.no_grad():  # some right and some wrong, from sure to unsure
        net[-1].weight *= 8
        net[-1].bias -= net(torch.from_numpy(images / np.float32(255))[:, None]).mean(0)
    case = Case.create(folder / "c.case", datasets.arrays(images, labels, classes=CLASSES))
    case.capture(models.torch(net, preprocess=models.to_tensor, output="logits", name="net"), layers=LAYERS)
    yield from serve(case, folder)


def serve(case: Case, folder: Path):
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = create_app(case, token="t" * 32, port=port, recent=Recent(folder / "state"))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield case, f"http://127.0.0.1:{port}/?token={'t' * 32}"
    server.should_exit = True
    thread.join(30)
    case.close()


def label(name: str) -> dict[str, Any]:
    return {"tree": {"op": "compare", "column": "label", "is": "=", "value": name}, "text": name}


def place(view: str, **props: Any) -> str:
    return f"#{view}?" + "&".join(f"p.{name}={quote(json.dumps(value))}" for name, value in props.items())


def shown(page: Any, view: str = "attribution") -> dict[str, Any]:
    until(page, f"window.underglass?.describe('{view}')?.nodes?.length > 0")
    return describe(page, view)


def test_the_graph_drawn_is_the_graph_measured(served, open_page):
    case, address = served
    page = open_page(address + place("attribution", a=label("bag")))

    drawn = shown(page)
    graph = case.attribution_graph("label = 'bag'", mass=0.5)

    counted = {f"{layer}:{unit}": int(count) for (layer, unit), count in zip(graph.nodes, graph.count, strict=True)}
    assert {node["id"]: node["counts"][0] for node in drawn["nodes"]} == counted
    assert all(node["shares"][0] == pytest.approx(counted[node["id"]] / 30, abs=1e-6) for node in drawn["nodes"])
    edges = {(f"{s[0]}:{s[1]}", f"{t[0]}:{t[1]}") for s, t in graph.edges}
    assert {tuple(edge[:2]) for edge in drawn["edges"]} == edges
    assert drawn["n"] == 30
    assert all(node["picture"] for node in drawn["nodes"])
    boxes = [node["box"] for node in drawn["nodes"]]
    assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for i, a in enumerate(boxes) for b in boxes[:i])
    sizes = {node["counts"][0]: node["size"] for node in drawn["nodes"]}
    assert [sizes[count] for count in sorted(sizes)] == sorted(sizes.values())


def test_the_header_says_how_well_the_model_does_on_both(served, open_page):
    case, address = served
    early = {"tree": {"op": "compare", "column": "row", "is": "<", "value": 20}, "text": "the first"}
    page = open_page(address + place("attribution", a=label("bag"), b=early))
    shown(page)
    drawn = describe(page, "attribution")["standing"]

    labels, said = case.labels(), case.predictions()
    probabilities = case.folder.model("net").probabilities
    for one, name, rows in zip(drawn, ("bag", "the first"), (np.flatnonzero(labels == 1), np.arange(20)), strict=True):
        right, n = int((said[rows] == labels[rows]).sum()), len(rows)
        interval = binomtest(right, n).proportion_ci(method="wilson")
        shares = [f"{share:.2f}".removeprefix("0") for share in (right / n, interval.low, interval.high)]
        accuracy = f"accuracy {shares[0]}, 95 % interval {shares[1]} to {shares[2]} ({right} of {n})"
        assert one["text"].startswith(f"{name} n = {n} · {accuracy}")
        expected = np.histogram(probabilities[rows, labels[rows]], 20, (0, 1))[0]
        assert one["histogram"] == expected.tolist()
        assert one["bars"] == pytest.approx(np.where(expected, 1 + 21 * expected / expected.max(), 0).tolist())
        assert expected.sum() == n
    assert 0 < right < n


def test_two_graphs_their_control_and_the_silencing(served, open_page):
    case, address = served
    page = open_page(address + place("attribution", a=label("bag"), b=label("coat")))
    drawn = shown(page)
    one, other = (set(case.attribution_graph(f"label = '{name}'", mass=0.5).nodes) for name in ("bag", "coat"))
    sides = {"both": one & other, "a": one - other, "b": other - one}
    for side, nodes in sides.items():
        assert {node["id"] for node in drawn["nodes"] if node["side"] == side} == {f"{layer}:{unit}" for layer, unit in nodes}
    assert drawn["sentence"].startswith(f"{len(one & other)} of {len(one | other)} units")

    page.get_by_role("button", name="Shuffle labels").click()
    until(page, "window.underglass.describe('attribution').control?.includes('200 times')")
    page.get_by_role("button", name="Silence these units").click()
    until(page, "window.underglass.describe('attribution').silenced.length === 20")
    after = describe(page, "attribution")
    assert "these labels set" in after["control"]
    assert "score of bag" in after["ablation"]
    units = len(case.attribution_graph("label = 'bag'", mass=0.5).nodes)
    assert f"graph’s {units} units" in after["ablation"]


def test_pointing_filtering_zooming_keys_and_the_address(served, open_page):
    case, address = served
    page = open_page(address + place("attribution", a=label("bag")))
    drawn = shown(page)
    active = {node["id"] for node in drawn["nodes"] if node["counts"][0] > 0}
    edge = next(edge for edge in drawn["edges"] if edge[1] in active)
    page.locator(f'[data-node="{edge[1]}"]').hover()
    until(page, f"window.underglass.describe('attribution').pointed === '{edge[1]}'")
    lit = {node["id"] for node in describe(page, "attribution")["nodes"] if not node["dim"]}
    assert lit == {edge[1]} | {e[0] for e in drawn["edges"] if e[1] == edge[1]} | {
        e[1] for e in drawn["edges"] if e[0] == edge[1]
    }
    page.locator(f'[data-node="{edge[1]}"]').click()
    until(
        page,
        f"window.underglass.describe('attribution').unit === '{edge[1]}' && window.underglass.describe('attribution').evidence",
    )
    layer, unit = edge[1].split(":")
    page.get_by_role("button", name="Select those of bag").click()
    counts = measure(case, "label = 'bag'", Settings()).counts[layer][int(unit)]
    page.get_by_text(f"{counts} selected", exact=True).first.wait_for()
    page.keyboard.press("Escape")

    page.locator(f'[data-node="{edge[1]}"]').focus()
    page.keyboard.press("ArrowDown")
    strongest = page.evaluate("document.activeElement.dataset.node")
    assert strongest in {e[0] for e in drawn["edges"] if e[1] == edge[1]}
    page.keyboard.press("+")
    assert describe(page, "attribution")["zoom"] == pytest.approx(1.25)
    page.keyboard.press("0")
    assert describe(page, "attribution")["zoom"] == 1

    until(page, "location.hash.includes('p.unit')")
    again = open_page(address + page.evaluate("location.hash"))
    assert shown(again)["unit"] == edge[1]
    least = open_page(address + place("attribution", a=label("bag"), least=0.5))
    assert {n["id"] for n in shown(least)["nodes"]} == {n["id"] for n in drawn["nodes"] if n["counts"][0] >= 15}


def test_nobody_is_said_and_a_file_comes_in_and_is_refused(served, open_page, tmp_path: Path):
    _case, address = served
    page = open_page(address + place("attribution", a=label("nothing 🥿")))
    page.get_by_text("No instance matches", exact=True).wait_for()
    assert "holds 0 of 90" in page.inner_text("main")
    page.get_by_role("button", name="Show the largest class").click()
    drawn = shown(page)

    page.get_by_role("button", name="Layers, layout and files").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as Summit’s JSON").click()
    written = json.loads(Path(download.value.path()).read_text())
    assert sum(map(len, written.values())) == len(drawn["nodes"])
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(written))
    written["3"][0]["channel"] = 16
    bad.write_text(json.dumps(written))
    page.set_input_files("input[type=file]", str(bad))
    page.get_by_text("names unit 16 of '3', whose units are 0 to 15").first.wait_for()
    page.set_input_files("input[type=file]", str(good))
    until(page, "window.underglass.describe('attribution').state === 'imported'")
    assert {node["id"] for node in describe(page, "attribution")["nodes"]} == {node["id"] for node in drawn["nodes"]}


def test_without_the_model_the_actions_say_so_and_what_is_kept_stays(served, open_page):
    case, address = served
    case.attribution_graph("label = 'coat'", mass=0.5)
    attached, case.attached = case.attached, None
    try:
        page = open_page(address + place("attribution", a=label("coat")))
        assert shown(page)["edges"]
        button = page.get_by_role("button", name="Silence: needs the model")
        assert button.is_disabled()
        other = {"tree": {"op": "compare", "column": "row", "is": "<", "value": 7}, "text": "the first"}
        fresh = shown(page)
        assert fresh["measured"] == [True]
        bare = open_page(address + place("attribution", a=other), width=800, dark=True)
        drawn = shown(bare)
        assert not drawn["edges"]
        assert any("needs the model" in message for message in drawn["messages"])
    finally:
        case.attached = attached


def test_classes_are_drawn_where_python_places_them(served, open_page):
    case, address = served
    page = open_page(address + place("classes", **{"class": "bag"}))
    until(page, "window.underglass?.describe('classes')?.rows?.some((row) => row.alike !== null)")
    drawn = describe(page, "classes")
    answer = case.views["classes"].calls["summary"](case)
    alike = case.views["classes"].calls["alike"](case, "6", 1)

    places = {code: xy for code, xy in enumerate(answer["places"]["6"]) if xy}
    assert sorted(dot[0] for dot in drawn["dots"]) == sorted(places) == [0, 1, 2]
    at = {code: np.array(xy) for code, *xy in drawn["dots"]}
    ratio = [
        np.linalg.norm(at[a] - at[b]) / np.linalg.norm(np.subtract(places[a], places[b])) for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    assert np.ptp(ratio) < 1e-3 * ratio[0]
    rows = {row["code"]: row for row in drawn["rows"]}
    for one in answer["classes"]:
        assert rows[one["code"]]["histogram"] == one["histogram"]
        assert rows[one["code"]]["rate"] == (pytest.approx(one["correct"] / one["n"]) if one["n"] else None)
    assert {code: rows[code]["alike"] for code in range(3)} == pytest.approx(dict(enumerate(alike[:3])))
    assert drawn["rows"][0]["code"] == 1
    assert drawn["rows"][-1]["code"] == 3
    assert drawn["picked"] == [1]

    page.locator('[data-row-class="2"]').hover()
    until(page, "window.underglass.describe('classes').hovered.includes(2)")
    page.locator('[data-layer="1"]').click()
    until(page, "window.underglass.describe('classes').layer === '1'")
    assert at_rest(page, "classes")["dots"] != drawn["dots"]
    page.get_by_label("Sort classes").select_option("best")
    rates = [row["rate"] for row in describe(page, "classes")["rows"][1:3]]
    assert rates == sorted(rates, reverse=True)
    page.get_by_label("Search classes").fill("coa")
    until(page, "window.underglass.describe('classes').rows.length === 1")
    page.get_by_role("button", name="Graph of bag").click()
    assert shown(page)["n"] == 30
