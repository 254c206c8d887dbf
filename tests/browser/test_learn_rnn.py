"""exploRNN in a real Chromium: the overview, its settings and its tour against the numbers it has drawn."""

from __future__ import annotations

import json
from itertools import pairwise
from math import sin
from pathlib import Path

import numpy as np
import pytest

from browser.describing import animated, frames_drawn, until
from browser.rnn_page import at_epoch, described, full_speed, go_to, one_epoch, opened, slide
from browser.tasks import all_short, traced_tasks

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
TRAINED = json.loads((ROOT / "web/src/learn/rnn/trained.json").read_text())


def test_f1_f14_the_tour_opens_checks_stays_off_and_every_sign_opens_a_text(learn, open_page):
    page = open_page(f"{learn}#rnn")
    described(page)
    assert page.locator("[data-tour]").get_attribute("data-tour") == "welcome"
    page.get_by_role("button", name="The heights of a school class").click()
    assert "Shuffle the heights and nothing is lost" in page.locator(".because").inner_text()
    page.get_by_role("button", name="Skip the tour").click()
    page.reload()
    described(page)
    assert page.locator("[data-tour]").count() == 0
    page.get_by_role("button", name="Take the tour").click()
    assert page.locator("[data-tour]").get_attribute("data-tour") == "welcome"
    signs = page.locator(".info:visible")
    assert signs.count() == 9
    for i in range(signs.count()):
        signs.nth(i).click()
        assert len(page.locator("dialog[open] p").first.inner_text()) > 80
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0


def test_f2_f3_f9_f23_each_of_six_inputs_begins_anew_and_letters_have_no_noise(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&epoch=2")
    at_epoch(page, 2)
    for name in ("saw", "square", "waves", "sine", "abab", "verse"):
        tile = page.locator(f'[data-tile="{name}"]')
        tile.click()
        until(page, f"underglass.describe().epoch === 0 && underglass.describe().config.data === '{name}'")
        now = described(page)
        assert tile.get_attribute("aria-pressed") == "true"
        assert page.locator('[data-tile][aria-pressed="true"]').count() == 1
        assert page.locator("#noise").is_disabled() == (name in ("abab", "verse"))
        assert len(now["said"]) == (12 if name in ("abab", "verse") else 32)
        full_speed(page)
        one_epoch(page)
    text = "row row row your boat gently down the stream merrily merrily merrily merrily life is but a dream " * 2
    now = described(page)
    symbols, sample = now["symbols"], now["sample"]
    start = int(sample["start"])
    assert "".join(symbols[int(one)] for one in sample["read"]) == text[start : start + 20]
    assert "".join(symbols[int(one)] for one in sample["right"]) == text[start + 20 : start + 32]
    drawn = page.locator(".said-letter").all_text_contents()
    assert drawn == [symbols[int(one)].replace(" ", "␣") for one in now["said"]]
    wrong = [a != b for a, b in zip(now["said"], sample["right"], strict=True)]
    assert [
        c is not None and "wrong" in c.split() for c in (one.get_attribute("class") for one in page.locator(".said-letter").all())
    ] == wrong


def test_f4_f13_an_epoch_runs_forward_layer_by_layer_validates_and_comes_back(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&layers=3")
    described(page)
    page.evaluate(
        """() => { window.seen = []; const look = () => { const d = underglass.describe();
        const now = JSON.stringify([d.phase, d.direction, d.active, d.highlighted, d.said.length > 0]);
        if (now !== seen.at(-1)) seen.push(now); if (d.epoch < 1) requestAnimationFrame(look); }; look(); }"""
    )
    page.get_by_role("button", name="One epoch").click()
    until(page, "underglass.describe().epoch === 1", 60)
    seen = [json.loads(one) for one in page.evaluate("seen")]
    order = [phase for phase, following in pairwise([*(one[0] for one in seen), None]) if phase != following]
    assert order[order.index("forward") :][:3] == ["forward", "validation", "backward"]
    assert all(one[3] == one[0] for one in seen if one[0] != "rest")
    forward = [one for one in seen if one[0] == "forward"]
    assert [layer for one in forward for layer in one[2]] == [0, 1, 2]
    assert {one[1] for one in forward} == {"ahead"}
    backward = [one for one in seen if one[0] == "backward"]
    assert [layer for one in backward for layer in one[2]] == [2, 1, 0]
    assert {one[1] for one in backward} == {"back"}
    assert {one[1] for one in seen if one[0] == "validation"} == {None}


def test_f5_f6_play_pause_step_and_reset(learn, open_page):
    page = open_page(f"{learn}#rnn")
    first = described(page)
    full_speed(page)
    page.keyboard.press("Space")
    at_epoch(page, 3)
    page.keyboard.press("Space")
    until(page, "!underglass.describe().playing")
    frames_drawn(page)
    held = described(page)["epoch"]
    page.wait_for_timeout(300)
    assert described(page)["epoch"] == held
    assert one_epoch(page)["epoch"] == held + 1
    page.get_by_role("button", name="Reset").click()
    until(page, "underglass.describe().epoch === 0")
    again = described(page)
    assert (again["said"], again["error"]) == (first["said"], first["error"])


def test_f7_layers_from_one_to_seven(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&layers=6&units=3&epoch=1")
    assert at_epoch(page, 1)["layers"] == 6
    page.get_by_role("button", name="Add a layer after layer 3").click()
    until(page, "underglass.describe().layers === 7 && underglass.describe().epoch === 0")
    assert page.locator(".plus").count() == 0
    page.goto(f"{learn}#rnn?v=1&layers=2&units=3")
    until(page, "underglass.describe().layers === 2")
    page.get_by_role("button", name="Remove layer 2").click(force=True)
    until(page, "underglass.describe().layers === 1")
    assert page.locator(".minus").count() == 0
    assert page.locator(".plus").count() == 1


def test_f8_settings_show_their_value_and_act_with_the_next_epoch(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&epoch=3")
    before = at_epoch(page, 3)
    full_speed(page)
    slide(page, "rate", -3.0)
    assert page.locator('[data-setting="rate"]').inner_text() == ".001"
    after = one_epoch(page)
    assert after["updates"] - before["updates"] == 5
    assert after["moved"] < 0.3 * before["moved"]
    slide(page, "batch", 50)
    assert page.locator('[data-setting="batch"]').inner_text() == "50"
    assert one_epoch(page)["updates"] - after["updates"] == 2
    slide(page, "noise", 0.4)
    until(page, "underglass.describe().config.noise === 0.4")
    noisy = one_epoch(page)
    off = [read - sin(noisy["sample"]["start"] + 0.2 * k) for k, read in enumerate(noisy["sample"]["read"])]
    assert 0.1 < max(abs(one) for one in off) <= 0.4
    clean = [right - sin(noisy["sample"]["start"] + 0.2 * (15 + k)) for k, right in enumerate(noisy["sample"]["right"])]
    assert max(abs(one) for one in clean) < 1e-6


def test_f10_the_plot_shows_input_target_prediction_and_errors_of_a_new_sample_each_epoch(learn, open_page):
    page = open_page(f"{learn}#rnn")
    full_speed(page)
    starts = set()
    for _ in range(3):
        now = one_epoch(page)
        sample = now["sample"]
        starts.add(sample["start"])
        expected = [sin(sample["start"] + 0.2 * k) for k in range(47)]
        assert np.allclose(sample["read"] + sample["right"], expected, atol=1e-6)
        assert len(now["said"]) == now["bars"] == 32
        assert sample["loss"] == pytest.approx((now["said"][0] - sample["right"][0]) ** 2, abs=1e-6)
    assert len(starts) == 3
    boxes = page.locator("[data-bar]").evaluate_all("bars => bars.map(b => Math.abs(b.y2.baseVal.value - b.y1.baseVal.value))")
    errors = [abs(a - b) for a, b in zip(now["said"], sample["right"], strict=True)]
    assert np.corrcoef(boxes, errors)[0, 1] > 0.999


def test_f11_f25_the_error_falls_on_sine_within_50_epochs_and_the_curve_shows_it(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&epoch=50")
    now = at_epoch(page, 50, 90)
    assert now["error"] < 0.05 * now["curve"][0]["error"]
    assert [point["epoch"] for point in now["curve"]] == list(range(51))
    assert now["curve"][-1]["error"] == now["error"]
    assert now["blind"] == pytest.approx(0.5, abs=0.01)
    assert page.locator('[data-line="error"]').get_attribute("d").count("L") == 50


def test_f12_rates_of_1_and_of_a_ten_thousandth_fail_and_can_be_mended(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&rate=0.0001&epoch=20")
    low = at_epoch(page, 20)
    assert low["error"] > 0.9 * low["blind"]
    assert "has hardly learned" in low["sentence"]
    page = open_page(f"{learn}#rnn?v=1&epoch=6")
    good = at_epoch(page, 6)
    full_speed(page)
    slide(page, "rate", 0)
    page.keyboard.press("Space")
    at_epoch(page, 26)
    page.keyboard.press("Space")
    high = described(page)
    assert high["error"] > 1.3 * high["blind"]
    assert high["failing"] >= 3
    said = page.get_by_role("alert").inner_text().replace("\n", " ")
    assert "worse than a guess that reads nothing" in said
    assert "A learning rate of 1 takes steps so long" in said
    page.get_by_role("button", name="Back to a good epoch").click()
    until(page, "underglass.describe().epoch <= 6 && underglass.describe().config.rate === 0.01")
    mended = described(page)
    assert mended["error"] <= good["curve"][0]["error"]
    assert mended["error"] == min(point["error"] for point in good["curve"])
    assert page.get_by_role("alert").count() == 0


def test_a_rate_of_10_with_a_linear_head_runs_away_is_said_and_mended(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&data=series&head=linear&cell=rnn&rate=10&series={'AA__' * 30}")
    described(page)
    slide(page, "batch", 5)
    full_speed(page)
    page.keyboard.press("Space")
    until(page, "underglass.describe().failing >= 3 && underglass.describe().error > 100 * underglass.describe().blind", 60)
    assert page.get_by_role("alert").is_visible()
    page.get_by_role("button", name="Back to a good epoch").click()
    until(page, "underglass.describe().diverged === null && underglass.describe().config.rate === 0.01")
    assert one_epoch(page)["error"] is not None


def test_f22_low_medium_and_high_settings_are_shown_trained_at_once(learn, open_page):
    page = open_page(f"{learn}#rnn")
    described(page)
    found: dict[str, float] = {}
    for _ in range(3):
        page.get_by_role("button", name="Next").click()
    for card, labels, keys, epochs in [
        ("rate", ("Low, .0001", "Medium, .01", "High, 1"), ("lowRate", "usual", "highRate"), 10),
        ("batch", ("Small, 5", "Medium, 20", "Large, 50"), ("smallBatch", "usual", "largeBatch"), 10),
        ("noise", ("None", "Medium, .1", "High, .4"), ("usual", "mediumNoise", "highNoise"), 20),
    ]:
        assert page.locator("[data-tour]").get_attribute("data-tour") == card
        for label, key in zip(labels, keys, strict=True):
            page.get_by_role("button", name=label, exact=True).click()
            until(page, f"underglass.describe().trained?.epochs === {epochs} && underglass.describe().epoch === {epochs}")
            error = TRAINED[key][str(epochs)]["error"]
            until(page, f"Math.abs(underglass.describe().error - {error}) < {0.02 * error + 1e-4}")
            found[f"{key} {epochs}"] = described(page)["error"]
        page.get_by_role("button", name="Next").click()
    assert found["usual 10"] < 0.1 * min(found["lowRate 10"], found["highRate 10"])
    assert found["smallBatch 10"] < found["usual 10"] < found["largeBatch 10"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 800])
def test_f29_the_page_is_accessible_and_fits(learn, open_page, width: int, dark: bool):
    page = open_page(f"{learn}#rnn?v=1&epoch=2", width=width, dark=dark)
    at_epoch(page, 2)
    page.evaluate(AXE.read_text())
    check = "axe.run(document, { resultTypes: ['violations'], rules: { region: { enabled: false } } })"

    def violations() -> list[str]:
        return [f"{one['id']}: {node['target']}" for one in page.evaluate(check)["violations"] for node in one["nodes"]]

    assert violations() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened(page)
    go_to(page, 15)
    animated(page)
    assert violations() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_reduced_motion_moves_nothing_and_still_trains(learn, open_page):
    page = open_page(f"{learn}#rnn", reduced_motion="reduce")
    described(page)
    page.keyboard.press("Space")
    at_epoch(page, 1)
    moving = "document.getAnimations().filter(a => a.effect.getComputedTiming().duration > 1).length"
    assert page.evaluate(moving) == 0
    page.keyboard.press("Space")
    opened(page)
    assert page.evaluate(moving) == 0


def test_a_finger_opens_a_cell_chooses_a_unit_and_moves_the_walk(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&epoch=2", width=800, has_touch=True)
    at_epoch(page, 2)
    page.locator('[data-tile="saw"]').tap()
    until(page, "underglass.describe().config.data === 'saw'")
    assert page.locator(".minus").first.is_visible()
    page.locator('[data-layer="0"] .open').tap()
    until(page, "underglass.describe().opened === 0")
    for at in range(1, 5):
        page.get_by_role("button", name="Next part").tap()
        until(page, f"underglass.describe().at === {at}")
    box = page.locator('[data-cell-part="c"] .empty').bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 4.5 / 12, box["y"] + box["height"] / 2)
    until(page, "document.querySelector('[data-written]').innerText.startsWith('unit 5')")
    page.locator('[data-cell-part="c"] .title').first.tap(force=True)
    until(page, "document.querySelector('dialog[open] math') !== null")
    page.locator("dialog[open] .icon-button").tap()
    page.get_by_role("button", name="Back to the network").tap()
    until(page, "underglass.describe().opened === null")


def test_no_task_of_the_page_is_long_while_it_trains_at_full_speed_and_inside_a_cell(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&layers=3")
    described(page)
    full_speed(page)
    with traced_tasks(page) as tasks:
        page.keyboard.press("Space")
        at_epoch(page, 20)
    assert described(page)["playing"]
    page.keyboard.press("Space")
    assert all_short(tasks), tasks[:10]
    opened(page)
    with traced_tasks(page) as tasks:
        page.keyboard.press("Space")
        until(page, "underglass.describe().at > 10")
    assert all_short(tasks), tasks[:10]
