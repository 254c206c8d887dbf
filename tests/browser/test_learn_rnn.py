"""exploRNN in a real Chromium: every claim of the page against the numbers it has drawn, and those against torch."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from math import log, pi, sin, sqrt, tanh
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

import underglass as ug
from browser.describing import until
from browser.tasks import LONGEST, traced_tasks

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
TRAINED = json.loads((ROOT / "web/src/learn/rnn/trained.json").read_text())
STAGES = {
    "lstm": [["cBefore", "g", "hBefore", "x"], ["f", "i", "o"], ["added", "kept"], ["c"], ["bent", "h"], []],
    "gru": [["hBefore", "x"], ["brought", "r", "z"], ["n", "reset"], ["added", "kept"], ["h"], []],
    "rnn": [["hBefore", "x"], ["sum"], ["h"], []],
}
CAPTIONS = ["Layer input", "Gate activation", "Cell update", "Cell update", "Output", "Output"]
CLOSE = 1e-5
"""float32 in the page against float32 in torch."""


def described(page: Page) -> dict[str, Any]:
    return until(page, "window.underglass?.describe?.()", 60)


def at_epoch(page: Page, epoch: int, patience: float = 60) -> dict[str, Any]:
    until(page, f"window.underglass?.describe?.()?.epoch >= {epoch}", patience)
    return described(page)


def one_epoch(page: Page) -> dict[str, Any]:
    before = described(page)["epoch"]
    page.get_by_role("button", name="One epoch").click()
    until(page, f"underglass.describe().epoch === {before + 1} && !underglass.describe().playing")
    return described(page)


def full_speed(page: Page) -> None:
    for _ in range(5):
        if page.locator("[data-speed]").get_attribute("data-speed") != "full":
            page.get_by_role("button", name="Faster").click()


def go_to(page: Page, at: int) -> dict[str, Any]:
    page.locator(".walk input").fill(str(at))
    until(page, f"underglass.describe().at === {at}")
    return described(page)


def opened(page: Page, layer: int = 1) -> dict[str, Any]:
    page.locator(f'[data-layer="{layer - 1}"] .open').click()
    until(page, f"underglass.describe().opened === {layer - 1} && Object.keys(underglass.describe().cell).length > 0")
    return described(page)


def saved(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def slide(page: Page, name: str, value: float) -> None:
    page.locator(f"#{name}").fill(str(value))


# ---- the overview -----------------------------------------------------------------------------------------------------------


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
    page.wait_for_timeout(200)
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


def test_numbers_that_are_no_numbers_any_more_stop_the_training_and_can_be_mended(learn, open_page, tmp_path: Path):
    page = open_page(f"{learn}#rnn?v=1&data=series&head=linear&cell=rnn&rate=10&series={'AA__' * 30}")
    described(page)
    slide(page, "batch", 5)
    full_speed(page)
    page.keyboard.press("Space")
    until(page, "underglass.describe().diverged !== null || underglass.describe().failing >= 3", 60)
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


# ---- inside a cell ----------------------------------------------------------------------------------------------------------


def test_f15_f16_a_click_zooms_into_the_cell_and_each_part_has_its_equation(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&epoch=3")
    at_epoch(page, 3)
    page.evaluate(
        """() => { window.moved = []; const look = () => { for (const one of document.getAnimations())
        for (const frame of one.effect.getKeyframes()) if (frame.transform) moved.push(frame.transform);
        if (moved.length < 1000) requestAnimationFrame(look); }; look(); }"""
    )
    opened(page, 2)
    until(page, "moved.some(one => one.startsWith('scale(0.'))")
    assert "layer=2" in page.evaluate("location.hash")
    go_to(page, 5)
    forget = page.locator('[data-cell-part="f"]')
    forget.hover()
    assert sorted(page.locator(".edge.touched").evaluate_all("all => all.map(e => e.dataset.edge)")) == [
        "f kept",
        "hBefore f",
        "x f",
    ]
    assert forget.text_content().split()[0].startswith("f")
    for part in ("f", "c", "h"):
        page.locator(f'[data-cell-part="{part}"]').press("Enter")
        assert page.locator("dialog[open] math").count() == 1
        page.keyboard.press("Escape")
        until(page, "!document.querySelector('dialog[open]')")
    page.keyboard.press("Escape")
    until(page, "underglass.describe().opened === null")
    assert described(page)["layers"] == 2


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_f17_f21_f24_f26_parts_fire_in_order_and_their_numbers_satisfy_the_equations(learn, open_page, cell: str):
    page = open_page(f"{learn}#rnn?v=1&cell={cell}&epoch=4")
    at_epoch(page, 4)
    opened(page)
    stages = STAGES[cell]
    before: dict[str, list[float]] = {}
    for step in (0, 1, 2):
        for stage, parts in enumerate(stages):
            now = go_to(page, step * len(stages) + stage)
            assert now["tick"] == {"phase": "forward", "prediction": 0, "step": step, "stage": stage}
            assert sorted(now["firing"]) == parts
            if cell != "rnn":
                assert (
                    now["caption"] == (CAPTIONS if cell == "lstm" else [*CAPTIONS[:3], "Cell update", "Output", "Output"])[stage]
                )
            drawn = {name for name, values in now["cell"].items() if values}
            assert drawn == {name for some in stages[: stage + 1] for name in some}
        assert [edge for edge in now["flowing"] if edge in ("h hBefore", "c cBefore")] == (
            ["c cBefore", "h hBefore"] if cell == "lstm" else ["h hBefore"]
        )
        v = now["cell"]
        assert v["hBefore"] == before.get("h", [0.0] * 12)
        assert v["x"] == [now["sample"]["read"][step]]
        for u in range(12):
            if cell == "lstm":
                assert v["c"][u] == pytest.approx(v["f"][u] * v["cBefore"][u] + v["i"][u] * v["g"][u], abs=1e-6)
                assert v["h"][u] == pytest.approx(v["o"][u] * tanh(v["c"][u]), abs=1e-6)
            elif cell == "gru":
                assert v["h"][u] == pytest.approx((1 - v["z"][u]) * v["n"][u] + v["z"][u] * v["hBefore"][u], abs=1e-6)
                assert v["reset"][u] == pytest.approx(v["r"][u] * v["brought"][u], abs=1e-6)
            else:
                assert v["h"][u] == pytest.approx(tanh(v["sum"][u]), abs=1e-6)
        before = v


def test_f24_drawn_gates_are_those_that_torch_weights_give(learn, open_page, tmp_path: Path):
    page = open_page(f"{learn}#rnn?v=1&epoch=4")
    at_epoch(page, 4)
    weights = {
        one["name"]: np.reshape(one["value"], one["shape"])
        for one in json.loads(saved(page, "Save", tmp_path).read_text())["network"]
    }
    opened(page)
    now = go_to(page, 6 * 7 + 4)
    v = {name: np.array(values) for name, values in now["cell"].items()}
    z = (
        weights["cell.weight_ih_l0"] @ v["x"]
        + weights["cell.bias_ih_l0"]
        + weights["cell.weight_hh_l0"] @ v["hBefore"]
        + weights["cell.bias_hh_l0"]
    )
    i, f, g, o = np.split(z, 4)
    np.testing.assert_allclose(v["i"], 1 / (1 + np.exp(-i)), atol=CLOSE)
    np.testing.assert_allclose(v["f"], 1 / (1 + np.exp(-f)), atol=CLOSE)
    np.testing.assert_allclose(v["g"], np.tanh(g), atol=CLOSE)
    np.testing.assert_allclose(v["o"], 1 / (1 + np.exp(-o)), atol=CLOSE)
    assert now["written"].replace("\n", " ").startswith("unit 1")
    page.locator('[data-cell-part="c"]').focus()
    page.keyboard.press("ArrowRight")
    shown = page.locator('[data-cell-part="c"] .value').text_content().replace("−", "-")
    assert float(shown) == pytest.approx(v["c"][1], rel=0.05)


def test_f18_speed_from_a_half_to_eight_and_single_parts(learn, open_page):
    page = open_page(f"{learn}#rnn")
    described(page)
    for _ in range(2):
        page.get_by_role("button", name="Slower").click()
    assert page.locator("[data-speed]").inner_text() == "0.5×"
    assert page.get_by_role("button", name="Slower").is_disabled()
    seen = []
    for _ in range(5):
        page.get_by_role("button", name="Faster").click()
        seen.append(page.locator("[data-speed]").inner_text())
    assert seen == ["1×", "2×", "4×", "8×", "full"]
    opened(page)
    page.get_by_role("button", name="Next part").click()
    assert described(page)["at"] == 1
    page.keyboard.press("n")
    assert described(page)["at"] == 2
    page.keyboard.press(",")
    assert described(page)["at"] == 1
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, "underglass.describe().at > 4")
    page.get_by_role("button", name="Pause", exact=True).click()
    held = described(page)["at"]
    page.wait_for_timeout(300)
    assert described(page)["at"] == held


def test_f19_f20_the_window_slides_the_error_grows_and_goes_back_through_the_steps(learn, open_page):
    page = open_page(f"{learn}#rnn?v=1&epoch=3")
    at_epoch(page, 3)
    start = opened(page)
    assert start["ticks"] == 15 * 6 + 3 * 15 + 3 + 5 * 6 + 10
    assert [go_to(page, 6 * step)["scan"] for step in (0, 5, 14)] == [0, 5, 14]
    assert len(go_to(page, 89)["said"]) == 1
    for prediction in (1, 2, 3):
        now = go_to(page, 90 + 15 * (prediction - 1) + 7)
        assert (now["window"], now["scan"], len(now["said"])) == (prediction, 7, prediction)
    assert len(go_to(page, 134)["said"]) == 4
    lengths = []
    for at in (135, 136, 137):
        assert go_to(page, at)["tick"]["phase"] == "error"
        bar = page.locator("[data-bar]").first
        lengths.append(bar.evaluate("b => Math.abs(b.y2.baseVal.value - b.y1.baseVal.value)"))
    assert lengths[0] < lengths[1] < lengths[2]
    back = go_to(page, 138)
    assert back["tick"] == {"phase": "backward", "step": 14, "stage": 5}
    assert "h hBefore" in back["flowing"]
    assert len(back["owed"]) == 1
    order = [go_to(page, at)["firing"] for at in range(139, 144)]
    assert [sorted(one) for one in order] == STAGES["lstm"][4::-1]
    whole = go_to(page, 143)
    assert whole["owed"][-1] == pytest.approx(sqrt(sum(d * d for d in whole["cell"]["h"])), rel=1e-4)
    early = go_to(page, start["ticks"] - 1)
    assert early["tick"] == {"phase": "backward", "step": 0, "stage": 0}
    assert len(early["owed"]) == 15
    assert early["owed"][0] < early["owed"][-1]
    page.get_by_role("button", name="Next part").click()
    until(page, "underglass.describe().epoch === 4 && underglass.describe().at === 0")


# ---- own data, keeping, links -----------------------------------------------------------------------------------------------


def test_f27_an_own_series_and_text_are_learned_and_what_cannot_be_is_refused(learn, open_page):
    page = open_page(f"{learn}#rnn")
    described(page)
    page.locator('[data-tile="own"]').click()
    area, learn_it, said = (
        page.locator("#own-series"),
        page.get_by_role("button", name="Learn this"),
        page.locator("[data-said-own]"),
    )
    for text, expected in [
        ("", "There are no numbers in it"),
        ("7", "1 value is too few: a series needs at least 20"),
        ("3\n" * 25, "All 25 values are 3: there would be nothing to learn."),
    ]:
        area.fill(text)
        learn_it.click()
        assert expected in said.inner_text()
    values = [100 + 20 * sin(2 * pi * k / 9) for k in range(60)]
    area.fill("month value\n" + "\n".join(f"{one:.3f}" for one in values))
    learn_it.click()
    until(page, "underglass.describe().config.data === 'series'")
    now = described(page)
    assert now["notice"].startswith("60 values, from 80.3")
    assert "2 words without a number left out" in now["notice"]
    config = now["config"]
    assert np.allclose(np.array(config["series"]) * config["scale"] + config["offset"], values, atol=0.01)
    page.locator('[data-tile="own"]').click()
    page.get_by_role("button", name="A text").click()
    page.locator("#own-text").fill("zzzzzzzzzzzzzzzzzzzzzzzzzzzzz")
    learn_it.click()
    assert "holds one symbol only (“z”)" in said.inner_text()
    page.locator("#own-text").fill("tick tock " * 8)
    learn_it.click()
    until(page, "underglass.describe().config.data === 'text'")
    assert described(page)["symbols"] == [" ", "c", "i", "k", "o", "t"]
    assert described(page)["blind"] == pytest.approx(-sum(p * log(p) for p in (0.2, 0.2, 0.1, 0.2, 0.1, 0.2)), abs=0.03)


def test_f28_the_link_decides_everything_and_wrong_words_are_named(learn, open_page):
    words = "#rnn?v=1&data=saw&cell=gru&units=6&seed=5&epoch=3"
    one = at_epoch(open_page(learn + words), 3)
    page = open_page(learn + words)
    again = at_epoch(page, 3)
    other = at_epoch(open_page(learn + words.replace("seed=5", "seed=6")), 3)
    assert (one["error"], one["said"]) == (again["error"], again["said"])
    assert one["error"] != other["error"]
    assert page.evaluate("location.hash") == words
    page.get_by_label("Seed").fill("9")
    page.keyboard.press("Tab")
    until(page, "location.hash.includes('seed=9') && !location.hash.includes('epoch')")
    page = open_page(f"{learn}#rnn?v=7&units=0&cell=lstn&seed=3")
    notice = described(page)["notice"]
    assert "another version (7)" in notice
    assert "a layer has 1 to 64 units, not 0" in notice
    assert "there is no cell named lstn; known are rnn, lstm and gru" in notice
    assert described(page)["config"]["seed"] == 3
    field = page.get_by_label("Units in each layer")
    field.fill("0")
    page.keyboard.press("Tab")
    until(page, "underglass.describe().notice?.startsWith('Not taken: a layer has 1 to 64 units, not 0')")
    assert field.input_value() == "12"


def test_a_saved_run_comes_back_and_a_wrong_file_changes_nothing(learn, open_page, tmp_path: Path):
    page = open_page(f"{learn}#rnn?v=1&cell=gru&data=waves&epoch=4")
    before = at_epoch(page, 4)
    full_speed(page)
    file = saved(page, "Save", tmp_path)
    expected = one_epoch(page)
    page.get_by_label("Load a saved run").set_input_files(file)
    until(page, "underglass.describe().epoch === 4")
    assert described(page)["said"] == before["said"]
    assert one_epoch(page)["error"] == expected["error"]
    for name, text, said in [
        ("a.json", "{", "it is no JSON"),
        ("b.json", '{"format": "underglass.rnn", "version": 9}', "another version (9)"),
    ]:
        (tmp_path / name).write_text(text)
        page.get_by_label("Load a saved run").set_input_files(tmp_path / name)
        until(page, f"underglass.describe().notice?.includes('{said}')")
    assert described(page)["error"] == expected["error"]


@pytest.mark.parametrize(("cell", "data"), [("lstm", "sine"), ("gru", "verse"), ("rnn", "saw")])
def test_the_generated_pytorch_code_says_what_the_page_says(learn, open_page, tmp_path: Path, cell: str, data: str):
    pytest.importorskip("torch")
    page = open_page(f"{learn}#rnn?v=1&cell={cell}&data={data}&epoch=5")
    now = at_epoch(page, 5)
    file = saved(page, "PyTorch", tmp_path)
    printed = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=True, timeout=120).stdout
    if data == "verse":
        assert re.findall(r"'(.)'", printed) == [now["symbols"][int(one)] for one in now["said"]]
    else:
        np.testing.assert_allclose(json.loads(printed), now["said"], atol=CLOSE)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_an_own_torch_network_opens_with_its_predictions_and_gates(open_page, tmp_path: Path, cell: str):
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](
                1, 6, num_layers=2, batch_first=True
            )
            self.out = torch.nn.Linear(6, 1)

        def forward(self, x):
            return self.out(self.body(x)[0][:, -1])

    net, series = Network(), np.sin(np.arange(120) / 4) * 2 + 5
    page = open_page(ug.learn.rnn(net, series).save(tmp_path / "own.html").as_uri())
    now = described(page)
    assert now["given"]
    assert "Your own network" in now["notice"]
    window, said = list(now["sample"]["read"]), []
    with torch.no_grad():
        for _ in range(32):
            said.append(float(net(torch.tensor(window[-15:], dtype=torch.float32)[None, :, None])[0, 0]))
            window.append(said[-1])
        states = net.body(torch.tensor(now["sample"]["read"], dtype=torch.float32)[None, :, None])[0][0]
    np.testing.assert_allclose(now["said"], said, atol=CLOSE)
    opened(page, 2)
    stages = len(STAGES[cell])
    np.testing.assert_allclose(go_to(page, stages * 10 - 1)["cell"]["h"], states[9].numpy(), atol=CLOSE)
    page.keyboard.press("Escape")
    until(page, "underglass.describe().opened === null")
    full_speed(page)
    one_epoch(page)
    page.get_by_role("button", name="Reset").click()
    until(page, "underglass.describe().epoch === 0")
    assert described(page)["said"] == now["said"]


def test_a_notebook_frame_trains_own_points_without_an_origin(open_page, tmp_path: Path):
    points = np.random.default_rng(0).uniform(-0.8, 0.8, size=(40, 2))
    file = tmp_path / "notebook.html"
    shown = ug.learn.gan(points, seed=4)._repr_html_()
    file.write_text(f"<!doctype html><meta charset='utf-8'><header>a notebook</header>{shown}", encoding="utf-8")
    page = open_page(file.as_uri())
    page.frame_locator("iframe").locator(".play").click()
    frame = page.frames[1]
    until(frame, "underglass.describe()?.epoch >= 5", 60)
    config = frame.evaluate("underglass.describe().config")
    assert config["seed"] == 4
    np.testing.assert_allclose(np.reshape(config["own"], (-1, 2)), points, atol=1e-3)


# ---- for everybody ----------------------------------------------------------------------------------------------------------


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
    page.wait_for_timeout(500)
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
    assert len(tasks) > 20
    assert tasks[0] < LONGEST
    opened(page)
    with traced_tasks(page) as tasks:
        page.keyboard.press("Space")
        until(page, "underglass.describe().at > 10")
    assert tasks[0] < LONGEST
