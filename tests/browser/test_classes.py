"""The class embedding and its list: layers, zoom and drag, labels, orders, likeness, and what is shown of very many classes."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from torch import nn

from browser.describing import at_rest, describe, settled, until
from browser.test_attribution import place, serve, shown
from underglass import Case, datasets, models

MANY = tuple(f"kind {code}" for code in range(260))
FILLED = 258
BOXES = """() => [...document.querySelectorAll('[data-name]')].map((text) => {
    const { left, top, right, bottom } = text.getBoundingClientRect();
    return [Number(text.dataset.name), text.textContent, left, top, right, bottom];
})"""

WALKS = "document.querySelector('.map').addEventListener('transitionrun', () => (window.walked = true), { once: true })"


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("crowd")
    images = np.random.default_rng(0).integers(0, 255, (2 * FILLED, 6, 6), dtype=np.uint8)
    net = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.Flatten(), nn.Linear(192, 260))
    case = Case.create(folder / "c.case", datasets.arrays(images, np.arange(2 * FILLED) % FILLED, classes=MANY))
    case.capture(models.torch(net, preprocess=models.to_tensor, output="logits", name="net"), layers=("1", "3"))
    yield from serve(case, folder)


def opened(page):
    until(page, f"window.underglass?.describe('classes')?.dots?.length === {FILLED}")
    return at_rest(page, "classes")  # dots have walked to their places


def places(drawn):
    return {code: np.array(xy) for code, *xy in drawn["dots"]}


def test_the_wheel_zooms_about_the_pointer_and_a_drag_moves_every_dot_alike(crowd, open_page):
    _case, address = crowd
    page = open_page(address + "#classes")
    before = places(opened(page))
    box = page.locator(".map svg").bounding_box()
    inside = {code: xy for code, xy in before.items() if (xy > 80).all() and xy[0] < box["width"] - 80 and xy[1] < 380}
    code = next(iter(inside))
    page.locator(f'[data-class="{code}"]').focus()
    page.mouse.move(box["x"] + inside[code][0], box["y"] + inside[code][1])
    page.mouse.wheel(0, -300)
    until(page, "window.underglass.describe('classes').zoom > 2")
    drawn = describe(page, "classes")
    assert drawn["zoom"] == pytest.approx(np.e, rel=1e-6)
    after = places(drawn)
    assert after[code] == pytest.approx(before[code], abs=1)
    apart = {other: before[other] - before[code] for other in before}
    assert all(after[other] - after[code] == pytest.approx(np.e * apart[other], abs=1e-6) for other in before)

    empty = next(
        [x, y]
        for x in range(20, int(box["width"]) - 90, 10)
        for y in range(20, 380, 10)
        if min(np.linalg.norm(xy - [x, y]) for xy in after.values()) > 20
    )
    page.mouse.move(box["x"] + empty[0], box["y"] + empty[1])
    page.mouse.down()
    page.mouse.move(box["x"] + empty[0] + 30, box["y"] + empty[1] + 20, steps=4)
    page.mouse.move(box["x"] + empty[0] + 60, box["y"] + empty[1] + 35, steps=4)
    page.mouse.up()
    drawn = describe(page, "classes")
    moved = places(drawn)
    steps = np.array([moved[other] - after[other] for other in after])
    assert np.ptp(steps, axis=0) == pytest.approx(0, abs=1e-6)
    assert steps[0] == pytest.approx([60, 35], abs=1)
    assert drawn["picked"] == []
    assert drawn["zoom"] == pytest.approx(np.e, rel=1e-6)

    page.get_by_role("button", name="All classes").click()
    assert {code: xy.tolist() for code, xy in places(describe(page, "classes")).items()} == {
        code: xy.tolist() for code, xy in before.items()
    }


def test_a_pointed_dot_is_named_and_all_that_have_room_are_from_ten_times_on(crowd, open_page):
    _case, address = crowd
    page = open_page(address + "#classes")
    drawn = opened(page)
    assert drawn["named"] == []
    box = page.locator(".map svg").bounding_box()
    here = places(drawn)
    lone = max(here, key=lambda code: min(np.linalg.norm(here[code] - xy) for other, xy in here.items() if other != code))
    page.mouse.move(box["x"] + here[lone][0], box["y"] + here[lone][1])
    until(page, f"window.underglass.describe('classes').hovered[0] === {lone}")
    assert describe(page, "classes")["named"] == [lone]
    assert [(code, text) for code, text, *_ in page.evaluate(BOXES)] == [(lone, MANY[lone])]

    page.mouse.move(5, 5)
    page.locator(f'[data-class="{lone}"]').focus()
    while describe(page, "classes")["zoom"] * 1.5 < 10:
        page.keyboard.press("+")
    assert describe(page, "classes")["named"] == [lone]
    page.keyboard.press("+")
    near = describe(page, "classes")
    assert near["zoom"] >= 10
    assert len(near["named"]) > FILLED / 2
    named = page.evaluate(BOXES)
    assert all(text == MANY[code] for code, text, *_ in named)
    edges = np.array([one[2:] for one in named])
    over = [
        (a, b)
        for a, one in enumerate(edges)
        for b, other in enumerate(edges[:a])
        if min(one[2], other[2]) - max(one[0], other[0]) > 2 and min(one[3], other[3]) - max(one[1], other[1]) > 4
    ]
    assert over == []


def test_another_layer_moves_the_dots_and_likeness_is_its_own(crowd, open_page):
    case, address = crowd
    page = open_page(address + place("classes", **{"class": "kind 7"}))
    drawn = opened(page)
    assert drawn["layers"] == ["1", "3"]
    for layer in ("3", "1"):
        if layer == "1":
            page.evaluate(WALKS)
            page.locator('[data-layer="1"]').click()
            until(page, "window.walked")
            at_rest(page, "classes")
        alike = case.views["classes"].calls["alike"](case, layer, 7)
        until(page, f"window.underglass.describe('classes').layer === '{layer}'")
        settled(page)
        rows = describe(page, "classes")["rows"]
        assert {row["code"]: row["alike"] for row in rows if row["alike"] is not None} == pytest.approx(
            {row["code"]: alike[row["code"]] for row in rows if alike[row["code"]] is not None}
        )
        assert rows[0]["code"] == 7
        order = [row["alike"] for row in rows[1:]]
        assert order == sorted(order, reverse=True)
    assert places(describe(page, "classes"))[7].tolist() != places(drawn)[7].tolist()


def test_while_the_likeness_to_a_class_is_on_its_way_nothing_is_said_by_that_of_another(crowd, open_page):
    case, address = crowd
    page = open_page(address + place("classes", **{"class": "kind 7"}))
    opened(page)
    compare = page.get_by_role("button", name="Compare with the most alike")
    until(page, "window.underglass.describe('classes').rows[1].alike !== null")
    assert compare.is_enabled()
    held = []
    page.route("**/call/classes/alike", lambda route: held.append(route))
    with page.expect_request("**/call/classes/alike"):
        page.locator('[data-row-class="9"] .pick').click()
    until(page, "window.underglass.describe('classes').picked[0] === 9")
    drawn = describe(page, "classes")
    assert {row["alike"] for row in drawn["rows"]} == {None}
    assert "is most like" not in drawn["sentence"]
    assert compare.is_disabled()

    held[0].continue_()
    until(page, "window.underglass.describe('classes').rows[1].alike !== null")
    alike = case.views["classes"].calls["alike"](case, drawn["layer"], 9)
    rows = describe(page, "classes")["rows"]
    assert {row["code"]: row["alike"] for row in rows if row["alike"] is not None} == pytest.approx(
        {row["code"]: alike[row["code"]] for row in rows if alike[row["code"]] is not None}
    )
    assert compare.is_enabled()


def test_the_list_shows_the_first_250_orders_finds_and_leads_to_pictures_on_the_web(crowd, open_page):
    case, address = crowd
    page = open_page(address + "#classes")
    drawn = opened(page)
    answer = {one["code"]: one for one in case.views["classes"].calls["summary"](case)["classes"]}
    assert len(drawn["rows"]) == 250
    page.get_by_role("button", name="10 more").click()
    rows = describe(page, "classes")["rows"]
    assert len(rows) == 260
    assert [row["code"] for row in rows[-2:]] == [258, 259]
    assert all(row["rate"] is None and sum(row["histogram"]) == 0 for row in rows[-2:])
    assert "2 of 260 classes have no instance here and no place" in drawn["sentence"]
    for row in rows[:FILLED]:
        one = answer[row["code"]]
        assert row["rate"] == pytest.approx(one["correct"] / one["n"])
        assert len(row["histogram"]) == 20
        assert sum(row["histogram"]) == one["n"] == 2
    rates = [row["rate"] for row in rows[:FILLED]]
    assert rates == sorted(rates)
    page.get_by_label("Sort classes").select_option("best")
    rates = [row["rate"] for row in describe(page, "classes")["rows"][:FILLED]]
    assert rates == sorted(rates, reverse=True)

    search = page.get_by_label("Search classes")
    assert page.locator(f"#{search.get_attribute('list')} option").count() == 260
    search.fill("kind 25")
    until(page, "window.underglass.describe('classes').rows.length < 250")
    assert {row["code"] for row in describe(page, "classes")["rows"]} == {25, *range(250, 260)}
    link = page.locator('[data-row-class="25"]').get_by_role("link").get_attribute("href")
    assert parse_qs(urlsplit(link).query)["q"] == ["kind 25"]
    search.fill("no such")
    page.get_by_text("No class is named so.").wait_for()


def test_back_leads_from_the_graph_to_the_classes_as_they_were(crowd, open_page):
    _case, address = crowd
    page = open_page(address + place("classes", **{"class": "kind 7"}))
    opened(page)
    page.get_by_role("button", name="Graph of kind 7").click()
    assert shown(page)["n"] == 2
    page.go_back()
    assert opened(page)["picked"] == [7]
