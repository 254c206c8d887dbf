"""What the attribution graph looks like: sizes, widths, order, what is lit, where the card stands, and the graph as a picture."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from browser.describing import at_rest, describe, frames_drawn, until
from browser.test_attribution import LAYERS, label, place, served, shown
from browser.test_attribution_moving import middles

__all__ = ["served"]

LARGEST, SMALLEST = 52, 28


def test_sizes_and_widths_are_linear_and_the_output_is_on_top(served, open_page):
    case, address = served
    page = open_page(address + place("attribution", a=label("bag"), mass=0.25))
    drawn = shown(page)
    graph = case.attribution_graph("label = 'bag'", mass=0.25)

    for node in drawn["nodes"]:
        assert node["size"] == round(SMALLEST + (LARGEST - SMALLEST) * node["counts"][0] / 30)
    counts = {(f"{s[0]}:{s[1]}", f"{t[0]}:{t[1]}"): int(n) for (s, t), n in zip(graph.edges, graph.edge_count, strict=True)}
    most = max(counts.values())
    for source, target, _side, width in drawn["edges"]:
        assert width == pytest.approx(0.75 + 2.75 * counts[source, target] / most)
    heights = [np.mean([xy[1] for node, xy in middles(drawn).items() if node.startswith(f"{layer}:")]) for layer in LAYERS]
    assert heights == sorted(heights, reverse=True)
    for layer in LAYERS:
        ranked = sorted((node for node in drawn["nodes"] if node["id"].startswith(f"{layer}:")), key=lambda one: one["box"][0])
        shares = [node["counts"][0] for node in ranked]
        assert shares == sorted(shares, reverse=True)


def test_a_pointed_unit_lights_its_edges_in_two_colours_and_shows_ten_instances(served, open_page):
    case, address = served
    page = open_page(address + place("attribution", a=label("bag")))
    drawn = shown(page)
    middle = next(
        node["id"]
        for node in drawn["nodes"]
        if {node["id"]} <= {e[0] for e in drawn["edges"]} and {node["id"]} <= {e[1] for e in drawn["edges"]}
    )
    page.locator(f'[data-node="{middle}"]').hover()
    until(page, f"window.underglass.describe('attribution').pointed === '{middle}'")
    lit = describe(page, "attribution")
    assert set(lit["into"]) == {f"{e[0]}>{e[1]}" for e in drawn["edges"] if e[1] == middle}
    assert set(lit["out"]) == {f"{e[0]}>{e[1]}" for e in drawn["edges"] if e[0] == middle}
    assert lit["into"]
    assert lit["out"]
    layer, unit = middle.split(":")
    strongest = [int(one.get_attribute("data-row")) for one in page.locator(".tip [data-row]").all()]
    values = case.activations(layer, "max")[:, int(unit)]
    assert len(strongest) == 10
    assert values[strongest] == pytest.approx(np.sort(values)[::-1][:10])


@pytest.mark.parametrize(("width", "compared"), [(1440, True), (800, True), (800, False)])
def test_the_card_hides_no_unit_that_it_speaks_of(served, open_page, width, compared):
    _case, address = served
    page = open_page(address + place("attribution", a=label("bag"), **({"b": label("coat")} if compared else {})), width=width)
    drawn = shown(page)
    linked = {end for edge in drawn["edges"] for end in edge[:2]}
    for node in [node["id"] for node in drawn["nodes"] if node["id"] in linked][::3]:
        page.locator(f'[data-node="{node}"]').scroll_into_view_if_needed()
        page.locator(f'[data-node="{node}"]').hover()
        until(page, f"window.underglass.describe('attribution').pointed === '{node}'")
        frames_drawn(page)
        lit = describe(page, "attribution")
        left, top, right, bottom = lit["card"]
        hidden = {
            one["id"]
            for one in lit["nodes"]
            if one["box"][0] < right - 1 and left + 1 < one["box"][2] and one["box"][1] < bottom - 1 and top + 1 < one["box"][3]
        }
        assert not hidden & {one["id"] for one in lit["nodes"] if not one["dim"]}, node
        if width > 1000:  # it stands beside the graph, where the checks are
            assert not hidden, node
            aside = page.get_by_role("complementary", name="Unit and checks").bounding_box()
            assert aside["x"] <= left <= right <= aside["x"] + aside["width"]
            assert aside["y"] < lit["nodes"][0]["box"][3]
        assert left >= 0
        assert right <= width


def test_the_wheel_zooms_about_the_pointer_and_all_comes_back(served, open_page):
    _case, address = served
    page = open_page(address + place("attribution", a=label("bag")))
    shown(page)
    before = middles(at_rest(page, "attribution"))
    first = next(iter(before))
    page.locator(f'[data-node="{first}"]').focus()
    page.mouse.move(*before[first])
    page.mouse.wheel(0, -200)
    until(page, "window.underglass.describe('attribution').zoom > 1.2")
    near = describe(page, "attribution")
    assert near["zoom"] == pytest.approx(np.exp(0.5))
    after = middles(near)
    assert after[first] == pytest.approx(before[first], abs=1)
    assert all(
        after[node] - after[first] == pytest.approx(np.exp(0.5) * (before[node] - before[first]), abs=0.2) for node in before
    )
    page.get_by_role("button", name="Whole graph").click()
    assert {node: xy.tolist() for node, xy in middles(describe(page, "attribution")).items()} == {
        node: xy.tolist() for node, xy in before.items()
    }


def test_the_graph_leaves_as_a_drawing_with_all_its_units_and_connections(served, open_page):
    _case, address = served
    page = open_page(address + place("attribution", a=label("bag"), mass=0.25))
    drawn = shown(page)
    page.locator('[data-view="attribution"]').get_by_role("button", name="Export this view").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture, SVG").click()
    tree = ElementTree.parse(Path(download.value.path())).getroot()
    name = "{http://www.w3.org/2000/svg}"
    nodes = [one.get("data-node") for one in tree.iter(f"{name}g") if one.get("data-node")]
    assert nodes == [node["id"] for node in drawn["nodes"]]
    pictures = [one.get("href") for one in tree.iter(f"{name}image")]
    assert len(pictures) == len(nodes)
    assert all(one.startswith("data:image/png;base64,") for one in pictures)
    edges = [one.get("data-edge") for one in tree.iter(f"{name}path") if one.get("data-edge")]
    assert edges == [f"{edge[0]}>{edge[1]}" for edge in drawn["edges"]]


@pytest.mark.parametrize("view", ["attribution", "classes", "units"])
def test_a_telephone_shows_it_without_scrolling_sideways(served, open_page, view):
    _case, address = served
    page = open_page(address + f"#{view}", width=390, height=844)
    until(page, f"(window.underglass?.describe('{view}')?.n ?? 0) > 0")
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
