"""Own data, own torch networks, links and files in exploRNN: what goes in and out, against torch."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from math import log, pi, sin
from pathlib import Path

import numpy as np
import pytest

import underglass as ug
from browser.conftest import running
from browser.describing import until
from browser.rnn_page import CLOSE, STAGES, at_epoch, described, full_speed, go_to, one_epoch, opened, saved


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
    until(page, "underglass.describe().notice?.startsWith('60 values')")
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
    until(page, "underglass.describe().config.data === 'text' && underglass.describe().symbols.length > 0")
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


def test_the_start_page_of_the_web_app_leads_to_both(browser, tmp_path: Path):
    with running("open", "--no-open", home=tmp_path) as address:
        page = browser.new_context().new_page()
        page.goto(address)
        for title in ("GAN Lab", "exploRNN"):
            page.get_by_role("link", name=title).click()
            assert described(page)["epoch"] == 0
            assert title in page.title()
            page.go_back()
        page.context.close()
