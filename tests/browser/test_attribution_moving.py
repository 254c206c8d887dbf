"""Moving about in the attribution graph and among the classes: what the pointer, the sliders, the keys and the list change."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from browser.describing import PATIENCE, at_rest, describe, frames_drawn, still_box, until
from browser.test_attribution import label, place, serve, served, shown
from underglass import Case, datasets, models

__all__ = ["served"]

MANY = tuple(f"kind {code}" for code in range(24))
MIDDLE = """(edge) => {
    const path = document.querySelector(`[data-edge="${edge}"]`);
    const hit = path.nextElementSibling;
    const on = path.getScreenCTM();
    for (const part of [0.5, 0.4, 0.6, 0.3, 0.7]) {
        const at = path.getPointAtLength(part * path.getTotalLength()).matrixTransform(on);
        if (document.elementFromPoint(at.x, at.y) === hit) return [at.x, at.y];
    }
    return null;
}"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("many")
    images = np.random.default_rng(0).integers(0, 255, (72, 6, 6), dtype=np.uint8)
    net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 24))
    case = Case.create(folder / "c.case", datasets.arrays(images, np.arange(72) % 24, classes=MANY))
    case.capture(models.torch(net, preprocess=models.to_tensor, output="logits", name="net"), layers=("1", "3"))
    yield from serve(case, folder)


def middles(drawn: dict[str, Any]) -> dict[str, np.ndarray]:
    return {node["id"]: np.add(node["box"][:2], node["box"][2:]) / 2 for node in drawn["nodes"]}


def test_the_card_beside_the_graph_leaves_the_gaps_free(served, open_page):
    _, address = served
    page = open_page(address + place("attribution", a=label("bag"), b=label("coat")), width=1600)
    shown(page)
    page.get_by_role("button", name="Shuffle labels").click()
    until(page, "window.underglass.describe('attribution').control?.includes('200 times')")
    chart = page.locator("svg.gaps")
    gaps = {one.get_attribute("data-gap") for one in chart.locator("[data-gap]").all()}
    nodes = [node["id"] for node in describe(page, "attribution")["nodes"] if node["id"] in gaps]
    assert len(nodes) > 2
    for node in (nodes[0], nodes[-1]):
        page.locator(f'[data-node="{node}"]').hover()
        until(page, f"document.querySelector('.tip [data-tip]')?.dataset.tip === '{node}'")
        chart.locator(f'g.here [data-gap="{node}"]').wait_for()
        until(
            page,
            "(() => { const box = (one) => document.querySelector(one).getBoundingClientRect();"
            " const [card, chart] = [box('.tip'), box('svg.gaps')];"
            " return card.left >= chart.left - 20 && (card.bottom <= chart.top || card.top >= chart.bottom) })()",
        )


def test_pointing_at_a_connection_shows_both_its_ends(served, open_page):
    case, address = served
    page = open_page(address + place("attribution", a=label("bag")))
    drawn = shown(page)
    graph = case.attribution_graph("label = 'bag'", mass=0.5)
    counts = {f"{s[0]}:{s[1]}>{t[0]}:{t[1]}": int(n) for (s, t), n in zip(graph.edges, graph.edge_count, strict=True) if n > 0}
    edge, at = next((edge, at) for edge in counts if (at := page.evaluate(MIDDLE, edge)))
    page.mouse.move(*at)
    until(page, f"window.underglass.describe('attribution').pointed === '{edge}'")

    pointed = describe(page, "attribution")
    source, target = edge.split(">")
    assert {node["id"] for node in pointed["nodes"] if not node["dim"]} == {source, target}
    tip = page.locator(".tip")
    assert f"among its strongest sources in {counts[edge]} of 30" in " ".join(tip.inner_text().split())
    assert tip.locator(".tiles").count() == 2
    assert tip.locator(".tiles canvas").count() == 10
    page.mouse.move(2, 2)
    until(page, "window.underglass.describe('attribution').pointed === null")
    assert not any(node["dim"] for node in describe(page, "attribution")["nodes"])
    assert len(drawn["edges"]) == len(graph.edges)


def test_the_sliders_set_the_distances_and_dragging_moves_the_graph(served, open_page):
    _case, address = served
    page = open_page(address + place("attribution", a=label("bag"), mass=0.25))
    shown(page)
    before = middles(at_rest(page, "attribution"))
    columns: dict[float, list[float]] = {}
    for x, y in before.values():
        columns.setdefault(y, []).append(x)
    assert any(len(xs) > 1 for xs in columns.values())
    page.get_by_role("button", name="Layers, layout and files").click()
    page.get_by_label("across").fill("30")
    page.get_by_label("down").fill("110")
    until(page, "location.hash.includes('across=30') && location.hash.includes('down=110')")
    page.keyboard.press("Escape")
    after = middles(at_rest(page, "attribution"))
    assert list(after) == list(before)
    for row in {node.split(":")[0] for node in before}:
        mine = [node for node in before if node.split(":")[0] == row]
        gaps = [np.diff([where[node][0] for node in mine]) for where in (before, after)]
        assert gaps[1] == pytest.approx(gaps[0] + 18, abs=0.1)
    rows = [np.unique(np.round([xy[1] for xy in where.values()], 1)) for where in (before, after)]
    assert np.diff(rows[1]) == pytest.approx(np.diff(rows[0]) + 36, abs=0.2)

    box = still_box(page.locator("svg:has([data-zoom])"))
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 75, box["y"] + 70, steps=3)
    page.mouse.move(box["x"] + 100, box["y"] + 85, steps=3)
    page.mouse.up()
    panned = describe(page, "attribution")
    assert panned["pan"] == pytest.approx([40, 25], abs=1)
    assert panned["zoom"] == 1
    moved = middles(panned)
    assert all(moved[node] - after[node] == pytest.approx(panned["pan"], abs=0.1) for node in after)
    page.get_by_role("button", name="Whole graph").click()
    assert describe(page, "attribution")["pan"] == [0, 0]


def test_the_pointer_across_a_tile_shows_several_pictures(served, open_page):
    case, address = served
    graph = case.attribution_graph("label = 'bag'", mass=0.1)
    layer, unit = next(node for node in graph.nodes if node[0] == "3")
    job = case.views["attribution"].calls["visualize"](case, {layer: [int(unit)]})
    assert case.jobs[job["id"]].wait(60).state == "done"
    page = open_page(address + place("attribution", a=label("bag"), mass=0.1, look="made"))
    shown(page)
    at_rest(page, "attribution")
    box = still_box(page.locator(f'[data-node="{layer}:{unit}"] .frame'))
    seen = []
    for right, below in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        page.mouse.move(box["x"] + right * box["width"], box["y"] + below * box["height"])
        frames_drawn(page)
        nodes = describe(page, "attribution")["nodes"]
        seen.append(next(node["pictured"] for node in nodes if node["id"] == f"{layer}:{unit}"))
    found = case.views["attribution"].calls["summary"](case, label("bag")["tree"], None, {"mass": 0.1})
    assert seen == next(node["made"] for node in found["nodes"] if node["id"] == f"{layer}:{unit}")
    assert len(set(seen)) == 4


def test_classes_are_zoomed_walked_by_keys_and_marked_while_the_list_is_scrolled(many, open_page):
    _case, address = many
    page = open_page(address + "#classes")
    until(page, "window.underglass?.describe('classes')?.rows?.length === 24")
    until(page, "window.underglass.describe('classes').quiet.length > 0")
    drawn = describe(page, "classes")
    order = [row["code"] for row in drawn["rows"]]
    assert len(drawn["dots"]) == 24

    def visible() -> list[int]:
        inside = page.evaluate(
            """() => { const list = document.querySelector('.list').getBoundingClientRect();
            return [...document.querySelectorAll('[data-row-class]')].filter((row) => {
                const box = row.getBoundingClientRect();
                return box.bottom > list.top + 1.5 && box.top < list.bottom - 0.5;
            }).map((row) => Number(row.dataset.rowClass)); }"""
        )
        return sorted(inside)

    for top in (0, 440):
        page.evaluate(f"document.querySelector('.list').scrollTop = {top}")
        end = time.monotonic() + PATIENCE
        while (marked := sorted(set(range(24)) - set(describe(page, "classes")["quiet"]))) != visible():
            assert time.monotonic() < end, (marked, visible())
            page.wait_for_timeout(50)
        assert 10 <= len(marked) <= 12
    assert order[0] not in marked

    dot = page.locator(f'[data-class="{order[0]}"]')
    dot.focus()
    page.keyboard.press("+")
    closer = describe(page, "classes")
    assert closer["zoom"] == pytest.approx(1.5)
    at, then = (np.array(where["dots"])[:, 1:] for where in (drawn, closer))
    assert then - then[0] == pytest.approx(1.5 * (at - at[0]), abs=1e-6)
    for _ in range(20):
        page.keyboard.press("+")
    assert describe(page, "classes")["zoom"] == 150
    page.keyboard.press("0")
    assert describe(page, "classes")["zoom"] == 1
    for _ in range(5):
        page.keyboard.press("-")
    assert describe(page, "classes")["zoom"] == 0.4
    page.get_by_role("button", name="All classes").click()
    assert np.array(describe(page, "classes")["dots"])[:, 1:] == pytest.approx(at)

    dot.focus()
    start = {code: np.array(xy) for code, *xy in drawn["dots"]}
    way = next(key for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown") if ahead(start, order[0], key))
    page.keyboard.press(way)
    reached = int(page.evaluate("document.activeElement.dataset.class"))
    assert reached == min(ahead(start, order[0], way), key=lambda code: np.linalg.norm(start[code] - start[order[0]]))
    page.keyboard.press("Enter")
    until(page, f"window.underglass.describe('classes').picked[0] === {reached}")
    assert describe(page, "classes")["rows"][0]["code"] == reached


def ahead(places: dict[int, np.ndarray], here: int, key: str) -> list[int]:
    """The classes that lie that way, within 66 degrees."""
    to = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}[key]
    steps = {code: place - places[here] for code, place in places.items() if code != here}
    return [code for code, step in steps.items() if step @ to > 0.4 * np.linalg.norm(step)]
