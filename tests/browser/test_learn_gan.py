"""GAN Lab in a real Chromium: every claim of the page against the numbers it has drawn."""

from __future__ import annotations

import json
from itertools import pairwise
from math import dist, hypot
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from typer.testing import CliRunner

from browser.describing import frames_drawn, until
from browser.tasks import all_short, traced_tasks
from underglass.hosts.command_line import app

AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
ISLANDS = ((-0.55, 0.45), (0.55, 0.5), (0.0, -0.55))
ALL = json.dumps(sorted(["heat", "real", "gradients", "fake", "manifold"]), separators=(",", ":"))
CAPTION = 1250
"""Milliseconds that each stands."""
PHASES = [f"{side} {phase}" for side in ("discriminator", "generator") for phase in range(1, 6)]


def described(page: Page) -> dict[str, Any]:
    return until(page, "window.underglass?.describe?.()")


def at_epoch(page: Page, epoch: int, patience: float = 60) -> dict[str, Any]:
    until(page, f"window.underglass?.describe?.()?.epoch >= {epoch}", patience)
    return described(page)


def laid_out(page: Page) -> None:
    """Wait until fonts are there and nothing moves: a finger and a mouse need a place that stays."""
    page.evaluate("document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 100))))")


def step(page: Page, what: str) -> dict[str, Any]:
    """One step by its button; waits until it is drawn."""
    before = page.evaluate("JSON.stringify([underglass.describe().epoch, underglass.describe().update])")
    if not page.get_by_role("group", name="One step of").is_visible():
        page.get_by_role("button", name="Step", exact=True).click()
    page.get_by_role("group", name="One step of").get_by_role("button", name=what, exact=True).click()
    until(page, f"JSON.stringify([underglass.describe().epoch, underglass.describe().update]) !== {json.dumps(before)}")
    return described(page)


def points(numbers: list[float]) -> list[tuple[float, float]]:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def islands_held(fake: list[float]) -> list[int]:
    held = [0, 0, 0]
    for point in points(fake):
        held[min(range(3), key=lambda i: dist(point, ISLANDS[i]))] += 1
    return held


def test_each_shape_gives_its_own_real_samples_and_begins_anew(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&epoch=5")
    at_epoch(page, 5)
    seen = {at_epoch(page, 5)["kl"]}
    for shape in ("line", "ring", "three", "two"):
        page.locator(f'[data-shape="{shape}"]').click()
        until(page, f"underglass.describe().epoch === 0 && !{list(seen)}.includes(underglass.describe().kl)")
        assert described(page)["config"]["shape"] == shape
        seen.add(described(page)["kl"])
        assert page.locator(f'[data-shape="{shape}"]').get_attribute("aria-pressed") == "true"
    assert len(seen) == 5


def test_an_empty_drawing_is_refused_and_a_stroke_is_learned(learn, open_page):
    page = open_page(f"{learn}#gan")
    described(page)
    page.locator('[data-shape="own"]').click()
    page.get_by_role("button", name="Learn this").click()
    assert "The drawing is empty" in page.locator("[data-said]").inner_text()
    box = page.locator(".drawing").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 60, steps=25)
    page.mouse.up()
    page.get_by_role("button", name="Learn this").click()
    until(page, "underglass.describe().config.shape === 'own'")
    own = points(described(page)["config"]["own"])
    assert len(own) > 10
    assert all(abs(y - (1 - 2 * 60 / 260)) < 0.02 for _, y in own)


def test_pasted_points_are_taken_with_what_was_done_to_them(learn, open_page):
    page = open_page(f"{learn}#gan")
    described(page)
    page.locator('[data-shape="own"]').click()
    area = page.locator("#own-points")
    area.fill("1, 1\n1, 1\n1, 1\n")
    page.get_by_role("button", name="Take these points").click()
    assert "All 3 points are the same" in page.locator("[data-said]").inner_text()
    area.fill("x, y\n0, 0\n10, 0\n10, 10\n0, 10\n")
    page.get_by_role("button", name="Take these points").click()
    assert page.locator("[data-said]").inner_text() == (
        "4 points, shifted and scaled into the square, 1 line without two numbers left out."
    )
    page.get_by_role("button", name="Learn this").click()
    until(page, "underglass.describe().config.shape === 'own'")
    assert described(page)["config"]["own"] == [-0.8, -0.8, 0.8, -0.8, 0.8, 0.8, -0.8, 0.8]


def test_trained_networks_start_near_the_real_samples(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&shape=ring")
    before = described(page)
    page.get_by_label("start from trained networks").check()
    until(page, "underglass.describe().trained && underglass.describe().epoch > 0")
    after = described(page)
    assert after["js"] < 0.5 * before["js"]
    page.get_by_label("start from trained networks").uncheck()
    until(page, "!underglass.describe().trained && underglass.describe().epoch === 0")
    assert described(page)["js"] == before["js"]


def test_play_counts_epochs_pause_holds_them_and_reset_returns(learn, open_page):
    page = open_page(f"{learn}#gan")
    first = described(page)
    page.keyboard.press("Space")
    at_epoch(page, 3)
    page.get_by_role("button", name="Pause", exact=True).click()
    until(page, "underglass.describe().playing === 'no'")
    frames_drawn(page)
    held = described(page)["epoch"]
    page.wait_for_timeout(300)
    assert described(page)["epoch"] == held
    assert len(page.locator(".digits").inner_text()) == 6
    page.get_by_role("button", name="Reset").click()
    until(page, "underglass.describe().epoch === 0")
    assert described(page)["fake"] == first["fake"]


def test_a_generator_step_moves_only_fakes_and_a_discriminator_step_only_the_map(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&epoch=10")
    before = at_epoch(page, 10)
    critic = step(page, "Discriminator")
    assert critic["fake"] == before["fake"]
    assert critic["manifold"] == before["manifold"]
    assert critic["heat"] != before["heat"]
    forger = step(page, "Generator")
    assert forger["heat"] == critic["heat"]
    assert forger["fake"] != critic["fake"]
    both = step(page, "Both")
    assert both["heat"] != forger["heat"]
    assert both["fake"] != forger["fake"]


def test_slow_motion_says_ten_captions_in_order_dims_the_rest_and_can_be_paused(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&updatesD=1")
    described(page)
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.keyboard.press("s")
    seen: list[str] = []
    while len(seen) < 10:
        caption = until(page, f"(c => c !== {json.dumps(seen[-1] if seen else None)} && c)(underglass.describe().caption)")
        seen.append(caption)
        if caption == "discriminator 3":
            assert set(described(page)["dimmed"]) == {"noise", "generator", "fake", "real", "discriminator", "lossG"}
            page.keyboard.press("s")
            page.clock.run_for(3000)
            assert described(page)["caption"] == caption
            page.keyboard.press("s")
            continue
        page.clock.run_for(CAPTION - 50)
        assert described(page)["caption"] == caption
        page.clock.run_for(60)
    assert seen == PHASES


def test_captions_say_the_numbers_of_the_update(learn, open_page):
    page = open_page(f"{learn}#gan")
    described(page)
    for _ in range(3):
        now = step(page, "Phase")
    assert now["caption"] == "discriminator 3"
    assert now["losses"]["discriminator"].lstrip("0") in page.locator("[data-caption]").inner_text()
    assert now["loss"]["discriminator"] == now["update"]["loss"]


def test_ring_is_learned_within_600_epochs_and_the_edges_turn_purple(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&shape=ring")
    before = described(page)
    page.goto(f"{learn}#gan?v=1&shape=ring&epoch=600")
    after = at_epoch(page, 600, 110)
    assert after["js"] < 0.5 * before["js"]
    assert after["kl"] < 0.5 * before["kl"]
    edge = [value for i, value in enumerate(after["heat"]) if i % 30 in (0, 29) or i // 30 in (0, 29)]
    assert sum(edge) / len(edge) < 0.35
    radii = sorted(hypot(x, y) for x, y in points(after["fake"]))
    assert abs(radii[75] - 0.6) < 0.1
    assert all(point["kl"] >= 0 and 0 <= point["js"] <= 1 for point in after["curve"])


def test_arrows_point_to_higher_d_on_the_drawn_map(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&epoch=100")
    now = at_epoch(page, 100)

    def answer(x: float, y: float) -> float:
        column, row = (max(0, min(29, int((value + 1) / 2 * 30))) for value in (x, y))
        return now["heat"][row * 30 + column]

    rises = []
    for (x, y), (gx, gy) in zip(points(now["fake"]), points(now["gradients"]), strict=True):
        length = hypot(gx, gy)
        if length > 0.2:
            rises.append(
                answer(x + 0.1 * gx / length, y + 0.1 * gy / length) - answer(x - 0.1 * gx / length, y - 0.1 * gy / length)
            )
    assert rises
    assert sum(rise > 0 for rise in rises) / len(rises) > 0.95


def test_layers_are_switched_by_buttons_by_words_and_on_the_graph_alike(learn, open_page):
    page = open_page(f"{learn}#gan")
    everything = {"heat": 900, "real": 450, "gradients": 150, "fake": 150}
    assert described(page)["painted"] == everything
    page.locator('[data-layer="manifold"]').click()
    until(page, "underglass.describe().painted.manifold === 400")
    page.locator(".reading .real").click()
    until(page, "underglass.describe().painted.real === undefined")
    assert page.locator('[data-layer="real"]').get_attribute("aria-pressed") == "false"
    for layer in ("heat", "gradients", "fake", "manifold"):
        page.locator(f'[data-layer="{layer}"]').click()
    until(page, "Object.keys(underglass.describe().painted).length === 0")
    for layer in ("heat", "real", "gradients", "fake", "manifold"):
        on_graph = page.locator(f'[data-switch="{layer}"]')
        assert on_graph.get_attribute("aria-pressed") == "false"
        on_graph.click()
        assert page.locator(f'[data-layer="{layer}"]').get_attribute("aria-pressed") == "true"
    until(page, f"JSON.stringify(Object.keys(underglass.describe().painted).sort()) === {json.dumps(ALL)}")
    assert described(page)["painted"] == everything | {"manifold": 400}


def test_a_fake_tells_its_score_and_leaves_a_trail_when_followed(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&epoch=20")
    now = at_epoch(page, 20)
    plane = page.locator(".plane")
    plane.focus()
    page.keyboard.press("ArrowRight")
    shown = page.locator(".tip").inner_text()
    assert "fake 1" in shown
    assert f"D = {now['fakeScores'][0]:.2f}".replace("0.", ".") in shown
    page.keyboard.press("Enter")
    step(page, "Both")
    assert described(page)["followed"] == 0
    assert described(page)["trail"] == 2


def test_settings_act_while_training_and_structure_begins_anew(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&epoch=5")
    at_epoch(page, 5)
    page.get_by_role("button", name="Settings on the graph").click()
    page.get_by_label("Updates of the generator an epoch").select_option("0")
    until(page, "underglass.describe().config.updates.generator === 0")
    before = described(page)
    assert before["epoch"] == 5
    after = step(page, "Both")
    assert after["fake"] == before["fake"]
    assert after["heat"] != before["heat"]
    page.get_by_label("Loss", exact=True).select_option("least squares")
    after = step(page, "Both")
    assert after["loss"]["discriminator"] <= 1
    page.get_by_label("Optimiser of the discriminator").select_option("sgd")
    page.get_by_label("Learning rate of the discriminator").select_option("0.001")
    slow = step(page, "Both")
    assert slow["update"]["moved"] == pytest.approx(0.001 * slow["update"]["gradient"], rel=0.01)
    page.get_by_label("Neurons in each hidden layer of the generator").fill("7")
    page.keyboard.press("Enter")
    until(page, "underglass.describe().epoch === 0 && underglass.describe().config.neurons.generator === 7")
    assert "93 weights" in page.locator('[data-graph="generator"]').inner_text()


def test_zero_neurons_are_refused_with_the_reason(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&neuronsG=0")
    assert "a layer of the generator has 1 to 100 neurons, not 0" in described(page)["notice"]
    page.get_by_role("button", name="Settings on the graph").click()
    field = page.get_by_label("Neurons in each hidden layer of the discriminator")
    field.fill("0")
    page.keyboard.press("Enter")
    until(page, "underglass.describe().notice?.includes('discriminator has 1 to 100 neurons')")
    assert field.input_value() == "16"


def test_noise_of_one_dimension_draws_a_curve(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&noise=uniform1&epoch=30")
    page.locator('[data-layer="manifold"]').click()
    now = at_epoch(page, 30)
    until(page, "underglass.describe().painted.manifold === 160")
    line = points(now["manifold"])
    assert len(line) == 161
    assert max(dist(a, b) for a, b in pairwise(line)) < 0.15


def test_the_preset_of_mode_collapse_collapses(learn, open_page):
    page = open_page(f"{learn}#gan")
    described(page)
    page.get_by_label("Settings worth seeing").select_option("collapse")
    until(page, "underglass.describe().config.updates.generator === 10")
    page.keyboard.press("Space")
    at_epoch(page, 100, 90)
    page.keyboard.press("Space")
    held = []
    for epoch in range(60, 101, 4):  # it jumps from island to island: between two of them it may hold parts of both
        page.locator("#past").fill(str(epoch))
        until(page, f"underglass.describe().epoch === {epoch}")
        held.append(islands_held(described(page)["fake"]))
    assert sum(max(one) > 140 for one in held) >= 8, held


def test_a_saved_run_comes_back_and_a_wrong_file_changes_nothing(learn, open_page, tmp_path: Path):
    page = open_page(f"{learn}#gan?v=1&shape=ring&epoch=12")
    before = at_epoch(page, 12)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save", exact=True).click()
    file = tmp_path / "saved.json"
    download.value.save_as(file)
    expected = step(page, "Both")
    page.get_by_role("button", name="Reset").click()
    until(page, "underglass.describe().epoch === 0")
    page.get_by_label("Load a saved run").set_input_files(file)
    until(page, "underglass.describe().epoch === 12")
    assert described(page)["fake"] == before["fake"]
    assert step(page, "Both")["fake"] == expected["fake"]
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"format": "underglass.gan", "version": 9}))
    page.get_by_label("Load a saved run").set_input_files(wrong)
    until(page, "underglass.describe().notice?.includes('saved by another version (9)')")
    assert described(page)["fake"] == expected["fake"]


def test_the_past_can_be_looked_at_and_gone_on_from(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&epoch=30")
    now = at_epoch(page, 30)
    page.locator("#past").fill("10")
    until(page, "underglass.describe().epoch === 10")
    then = described(page)
    assert then["fake"] != now["fake"]
    page.get_by_role("button", name="Back to now").click()
    until(page, "underglass.describe().epoch === 30")
    assert described(page)["fake"] == now["fake"]
    page.locator("#past").fill("10")
    until(page, "underglass.describe().epoch === 10")
    page.get_by_role("button", name="Go on from here").click()
    until(page, "Math.max(...underglass.describe().kept) === 10")
    assert described(page)["fake"] == then["fake"]


def test_the_same_link_gives_the_same_numbers_and_another_seed_others(learn, open_page):
    one = at_epoch(open_page(f"{learn}#gan?v=1&seed=5&epoch=15"), 15)
    again = at_epoch(open_page(f"{learn}#gan?v=1&seed=5&epoch=15"), 15)
    other = at_epoch(open_page(f"{learn}#gan?v=1&seed=6&epoch=15"), 15)
    assert one["fake"] == again["fake"]
    assert one["fake"] != other["fake"]


def test_the_address_holds_what_was_set_until_it_is_no_longer_the_whole_truth(learn, open_page):
    page = open_page(f"{learn}#gan")
    described(page)
    page.get_by_label("Seed").fill("9")
    page.keyboard.press("Tab")
    until(page, "location.hash.includes('seed=9')")
    step(page, "Both")
    until(page, "location.hash.includes('epoch=1')")
    step(page, "Generator")
    until(page, "!location.hash.includes('epoch')")


def test_a_link_of_another_version_says_so_and_takes_what_is_known(learn, open_page):
    page = open_page(f"{learn}#gan?v=7&seed=3&colour=red")
    assert "another version (7)" in described(page)["notice"]
    assert described(page)["config"]["seed"] == 3


def test_more_epochs_a_frame_train_more_at_a_time(learn, open_page):
    page = open_page(f"{learn}#gan")
    described(page)
    slider = page.get_by_label("epochs a frame")
    slider.fill("0")
    assert page.locator(".speed b").inner_text() == "1"
    slider.fill("4")
    assert page.locator(".speed b").inner_text() == "20"


def test_numbers_that_run_away_are_said_explained_and_mended(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&epoch=10")
    at_epoch(page, 10)
    page.get_by_role("button", name="Settings on the graph").click()
    page.get_by_label("Learning rate of the discriminator").select_option("10")
    page.get_by_label("Learning rate of the generator").select_option("10")
    page.locator(".play").click()
    until(page, "underglass.describe().diverged !== null")
    said = page.get_by_role("alert").inner_text()
    assert "The numbers ran away at epoch" in said
    assert "a learning rate of 10" in said.replace("\n", " ")
    page.get_by_role("button", name="Back to a good epoch").click()
    until(page, "underglass.describe().diverged === null && underglass.describe().config.rate.discriminator < 1")
    assert step(page, "Both")["diverged"] is None


def test_the_tour_checks_what_was_seen_and_stays_off_when_skipped(learn, open_page):
    page = open_page(f"{learn}#gan")
    described(page)
    assert page.locator("[data-tour]").get_attribute("data-tour") == "idea"
    page.get_by_role("button", name="The discriminator", exact=True).click()
    assert "Real samples go to the discriminator alone" in page.locator(".because").inner_text()
    page.get_by_role("button", name="Next").click()
    assert page.locator("[data-toured]").get_attribute("data-part") == "graph"
    page.get_by_role("button", name="Skip the tour").click()
    page.reload()
    described(page)
    assert page.locator("[data-tour]").count() == 0
    page.get_by_role("button", name="Take the tour").click()
    assert page.locator("[data-tour]").get_attribute("data-tour") == "idea"


def test_settings_stand_on_the_graph_beside_their_network(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&epoch=2")
    at_epoch(page, 2)
    laid_out(page)
    page.get_by_role("button", name="Settings on the graph").click()
    for side in ("generator", "discriminator"):
        board = page.locator(".board").bounding_box()
        network = page.locator(f'[data-graph="{side}"]').bounding_box()
        settings = page.get_by_role("group", name=f"Settings of the {side}").bounding_box()
        assert board["y"] < settings["y"] < board["y"] + board["height"] - settings["height"] + 1
        assert settings["y"] > network["y"] + network["height"]
        assert settings["x"] < network["x"] + network["width"] / 2 < settings["x"] + settings["width"]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Settings on the graph").click()
    assert page.get_by_role("group", name="Settings of the generator").count() == 0


def test_a_finger_draws_a_shape_follows_a_fake_and_steps(learn, open_page):
    page = open_page(f"{learn}#gan?v=1&epoch=20", width=800, has_touch=True)
    now = at_epoch(page, 20)
    laid_out(page)
    plane = page.locator(".plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    x, y = points(now["fake"])[7]
    page.touchscreen.tap(box["x"] + (x + 1) / 2 * box["width"], box["y"] + (1 - y) / 2 * box["height"])
    followed = until(page, "underglass.describe().followed !== null && [underglass.describe().followed]")[0]
    assert dist(points(now["fake"])[followed], (x, y)) < 0.05
    page.get_by_role("button", name="Step", exact=True).tap()
    page.get_by_role("group", name="One step of").get_by_role("button", name="Both", exact=True).tap()
    until(page, "underglass.describe().epoch === 21")
    page.locator('[data-shape="own"]').tap()
    page.locator(".drawing").scroll_into_view_if_needed()
    laid_out(page)
    box = page.locator(".drawing").bounding_box()
    finger = page.context.new_cdp_session(page)
    at = [{"x": box["x"] + 40 + 6 * i, "y": box["y"] + 130} for i in range(30)]
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at[0]]})
    for place in at[1:]:
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    laid_out(page)
    learn_this = page.get_by_role("button", name="Learn this")
    learn_this.tap()
    page.wait_for_timeout(1_000)
    if learn_this.is_visible():  # the browser takes a tap right after a stroke for the end of the stroke
        learn_this.tap()
    until(page, "underglass.describe().config.shape === 'own'")
    own = points(described(page)["config"]["own"])
    assert len(own) > 15
    assert all(abs(height) < 0.02 for _, height in own)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 800])
def test_the_page_is_accessible_and_fits(learn, open_page, width: int, dark: bool):
    page = open_page(f"{learn}#gan?v=1&epoch=5", width=width, dark=dark)
    at_epoch(page, 5)
    page.get_by_role("button", name="Settings on the graph").click()
    step(page, "Phase")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'], rules: { region: { enabled: false } } })")
    assert [f"{one['id']}: {node['target']}" for one in found["violations"] for node in one["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_task_of_the_page_is_long_while_it_trains(learn, open_page):
    page = open_page(f"{learn}#gan")
    described(page)
    at_epoch(page, 0)
    with traced_tasks(page) as tasks:
        page.keyboard.press("Space")
        at_epoch(page, 60)
    assert described(page)["playing"] == "fast"
    assert all_short(tasks), tasks[:10]


def test_an_exported_page_trains_from_a_file_without_a_server(open_page, tmp_path: Path):
    answer = CliRunner().invoke(app, ["learn", "--export", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    page = open_page((tmp_path / "index.html").as_uri())
    page.locator("main a", has_text="GAN Lab").click()
    described(page)
    page = open_page((tmp_path / "gan.html").as_uri())
    described(page)
    page.keyboard.press("Space")
    assert at_epoch(page, 5)["losses"]["generator"] != "n/a"
    page.get_by_role("navigation").get_by_role("link", name="exploRNN").click()
    until(page, "location.pathname.endsWith('rnn.html') && underglass?.describe?.()?.symbols !== undefined")
    page.locator(".play").click()
    assert at_epoch(page, 1)["error"] > 0
