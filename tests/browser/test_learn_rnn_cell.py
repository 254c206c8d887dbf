"""Inside a cell of exploRNN: every gate that is drawn against the equations and against weights from the page."""

from __future__ import annotations

import json
from math import sqrt, tanh
from pathlib import Path

import numpy as np
import pytest

from browser.describing import until
from browser.rnn_page import CLOSE, STAGES, at_epoch, described, go_to, opened, saved

CAPTIONS = ["Layer input", "Gate activation", "Cell update", "Cell update", "Output", "Output"]


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
