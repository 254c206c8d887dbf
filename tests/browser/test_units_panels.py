"""The panels of ActiVis: neighbours, several layers compared, subsets pointed at, own instances, enlarging, projecting back."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from browser.describing import at_rest, settled, still_box, until
from browser.test_attribution import label, place, serve, shown
from browser.test_units import ready, row
from planted import CLASSES
from underglass import Case, datasets, models
from underglass.analyses.sampling import stratified
from underglass.probes.deconvolution import project_unit

KINDS = ("ring", "bar", "dot")


class Branched(nn.Module):
    """A convolution whose output goes two ways and is added up again."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.act = nn.Conv2d(1, 6, 3), nn.ReLU()
        self.left, self.right = nn.Conv2d(6, 8, 3, padding=1), nn.Conv2d(6, 8, 1)
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.stem(x))
        return self.head((self.left(x) + self.right(x)).mean((2, 3)))


class Deciding(nn.Module):
    """Goes a way that depends on the numbers, so that nobody can trace it."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.head = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 5, 3), nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.one(x)
        x = torch.relu(x) if x.mean() > -1e6 else x
        return self.head(torch.relu(self.two(x)).mean((2, 3)))


def made(folder: Path, net: nn.Module, layers: tuple[str, ...]) -> Case:
    labels = np.arange(90) % 3
    images = np.random.default_rng(0).integers(0, 80, (90, 10, 10), dtype=np.uint8)
    for at, code in enumerate(labels):
        images[at, 3 * code : 3 * code + 3] += 150
    case = Case.create(folder / "c.case", datasets.arrays(images, labels, classes=KINDS))
    case.capture(models.torch(net, preprocess=models.to_tensor, output="logits", name="net"), layers=layers)
    return case


@pytest.fixture(scope="module")
def branched(tmp_path_factory: pytest.TempPathFactory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("branched")
    yield from serve(made(folder, Branched(), ("act", "left", "right", "head")), folder)


def test_a_panel_names_its_neighbours_shows_them_in_the_graph_and_opens_them(branched, open_page):
    _case, address = branched
    page = open_page(address + place("units", layers=["act"]))
    found = ready(page)

    assert found["side"] == {"before": ["stem"], "self": ["act"], "after": ["left", "right"]}
    assert set(found["graph"]["captured"]) == {"act", "left", "right", "head"}
    side = page.get_by_role("navigation", name="Neighbours of act")
    side.get_by_role("button", name="right").hover()
    assert ready(page, "d.graph.located.length === 1")["graph"]["located"] == ["right"]
    page.mouse.move(5, 5)
    until(page, "window.underglass.describe('units').graph.located.length === 0")
    side.get_by_role("button", name="left").click()
    both = ready(page, "d.panels.left?.painted?.cells > 0")
    assert set(both["graph"]["opened"]) == {"act", "left"}
    assert both["panels"]["left"]["side"] == {"before": ["act"], "self": ["left"], "after": ["add"]}
    side.get_by_role("button", name="left").click()
    until(page, "!window.underglass.describe('units').panels.left")


def test_layers_are_compared_on_the_same_rows_each_sorted_by_its_own_units(branched, open_page):
    case, address = branched
    page = open_page(address + place("units", layers=["act", "left", "head"]))
    ready(page, "d.panels.left?.painted?.cells > 0 && d.panels.head?.painted?.cells > 0")
    page.locator("[data-line]").get_by_role("button", name="bar", exact=True).first.click()
    found = ready(page, "Object.values(d.panels).every((one) => one.sentence.startsWith('bar excites'))")

    labels = case.labels()
    for layer in ("act", "left", "head"):
        panel = found["panels"][layer]
        values = case.activations(layer)
        assert [one["name"] for one in panel["rows"]][:-1] == list(KINDS)
        for code, name in enumerate(KINDS):
            np.testing.assert_allclose(row(panel, name)["values"], values[labels == code].mean(0), rtol=1e-4, atol=1e-5)
        bar = np.array(row(panel, "bar")["values"], np.float32)
        assert panel["order"] == np.argsort(-bar, kind="stable").tolist()


def test_pointing_at_a_subset_shows_its_instances_and_a_click_on_a_point_keeps_a_row(branched, open_page):
    case, address = branched
    page = open_page(address + place("units", layers=["left"]))
    ready(page, "d.projection?.drawn === 90")
    inside = np.flatnonzero(case.labels() == 2).tolist()
    page.locator("[data-line]").get_by_role("button", name="dot", exact=True).hover()
    found = ready(page, "d.instances.lit !== null")
    assert sorted(found["instances"]["lit"]) == inside
    assert ready(page, "d.projection.picked > 0")["projection"]["picked"] == len(inside)
    assert found["selected"] is None
    page.mouse.move(5, 5)
    gone = ready(page, "d.instances.lit === null")
    assert gone["projection"]["picked"] == 0

    points = page.locator(".plot [tabindex='0']").first
    points.focus()
    page.keyboard.press("ArrowRight")
    which = int(until(page, "String(window.underglass.case.hover?.row ?? '')"))
    pointed = ready(page, f"d.rows.at(-1).name === 'instance {which}'")
    np.testing.assert_allclose(pointed["rows"][-1]["values"], case.activations("left")[which], rtol=1e-3, atol=1e-3)
    page.keyboard.press("Enter")
    kept = ready(page, f"d.rows.some((row) => row.kind === 'instance' && row.name === 'instance {which}')")
    assert kept["instances"]["kept"] == [which]


def test_squares_stand_by_score_filled_by_label_and_edged_by_prediction(planted_app, open_page):
    case, address = planted_app(300)
    page = open_page(address + "#units")
    found = ready(page, "d.instances.drawn === 300")["instances"]
    labels, said = case.labels(), case.predictions()
    score = case.model.predictions["confidence"].to_numpy()
    for code in range(len(CLASSES)):
        for side, inside in (("right", said == code), ("wrong", said != code)):
            rows = np.flatnonzero((labels == code) & inside)
            drawn = [one for one in found[side] if labels[one] == code]
            assert drawn == rows[np.lexsort((rows, -score[rows].astype(np.float32)))].tolist()
    colour = "var(--cat-{})".format
    wrong = set(found["wrong"])
    for which, fill, stroke in found["squares"]:
        if labels[which] >= 0:
            assert fill == colour(labels[which] + 1)
        if which in wrong:
            assert stroke == colour(said[which] + 1)
    first = found["wrong"][0]
    page.locator(f"rect[data-row='{first}']").hover()
    told = page.locator(".told").inner_text()
    assert f"label {CLASSES[labels[first]]}, prediction {CLASSES[said[first]]}" in " ".join(told.split())
    assert page.locator(f".told [data-row='{first}']").count() == 1


def test_of_many_classes_those_with_most_errors_have_a_colour_and_a_key(planted_app, open_page):
    case, address = planted_app(300, classes=[f"class {code}" for code in range(40)])
    page = open_page(address + "#units")
    found = ready(page, "d.instances.drawn === 300")["instances"]
    labels, said = case.labels(), case.predictions()
    wrong = (labels >= 0) & (labels != said)
    involved = np.bincount(np.r_[labels[wrong], said[wrong]], minlength=40)
    chosen = sorted(np.lexsort((np.arange(40), -involved))[:12].tolist())

    keys = page.locator("[data-coloured] [data-class]")
    assert [int(key.get_attribute("data-class")) for key in keys.all()] == chosen
    free = iter([code for code in range(12) if code not in chosen])  # the first twelve keep the colour of other views
    colour = {code: f"var(--cat-{1 + (code if code < 12 else next(free))})" for code in chosen}
    for which, fill, stroke in found["squares"]:
        if labels[which] >= 0:
            assert fill == colour.get(labels[which], "var(--mark)")
        if which in set(found["wrong"]):
            assert stroke == colour.get(said[which], "var(--ink)") != fill


def test_the_models_graph_is_enlarged_at_the_pointer_moved_by_a_drag_and_brought_back(planted_app, open_page):
    _, address = planted_app(60)
    page = open_page(address + "#units")
    ready(page)
    graph = page.locator("section.graph svg")
    box = still_box(graph)

    def middles():
        boxes = [one.bounding_box() for one in graph.locator("g[data-node] circle").all()]
        return np.array([[box["x"] + box["width"] / 2, box["y"] + box["height"] / 2] for box in boxes])

    def zoomed(factor, before):
        until(page, f"Math.abs(window.underglass.describe('units').graph.zoom - {float(before * factor)!r}) < 1e-6")
        return before * factor

    begun, zoom = middles(), ready(page)["graph"]["zoom"]
    assert len(begun) >= 2
    for node, delta in ((1, -150), (0, 100)):
        at = middles()
        page.mouse.move(*at[node])
        page.keyboard.down("Control")
        page.mouse.wheel(0, delta)
        page.keyboard.up("Control")
        zoom = zoomed(np.exp(-0.003 * delta), zoom)
        np.testing.assert_allclose(middles() - at[node], (at - at[node]) * np.exp(-0.003 * delta), atol=0.6)

    at, opened = middles(), ready(page)["graph"]["opened"]
    page.mouse.move(*at[1])  # on a layer: a drag is no click
    page.mouse.down()
    page.mouse.move(at[1][0] + 83, at[1][1] + 21, steps=5)
    page.mouse.up()
    np.testing.assert_allclose(middles(), at + np.array([83, 21]), atol=0.6)
    assert ready(page)["graph"]["opened"] == opened
    assert ready(page)["graph"]["zoom"] == pytest.approx(zoom)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("window.underglass.case.refresh()")  # as every edit does: the same graph is neither asked for nor moved
    assert ready(page)["graph"]["zoom"] == pytest.approx(zoom)
    assert [url.rsplit("/", 1)[-1] for url in asked if "/call/" in url] == []

    graph.focus()
    page.keyboard.press("0")
    until(page, "Math.abs(window.underglass.describe('units').graph.zoom - 1) < 1e-6")
    np.testing.assert_allclose(middles(), begun, atol=0.6)
    page.get_by_role("button", name="Nearer").click()
    middle = box["x"] + box["width"] / 2
    zoomed(1.3, 1)
    np.testing.assert_allclose(middles()[:, 0] - middle, (begun[:, 0] - middle) * 1.3, atol=0.6)
    page.get_by_role("button", name="All", exact=True).click()
    until(page, "window.underglass.describe('units').graph.zoom <= 1")
    for one in graph.locator("g[data-node]").all():
        shape = one.bounding_box()
        assert box["x"] <= shape["x"]
        assert shape["x"] + shape["width"] <= box["x"] + box["width"]


def test_own_instances_are_always_among_the_thousand_and_the_size_is_said(planted_app, open_page):
    case, address = planted_app(1500)
    labels = case.labels()
    left_out = np.setdiff1d(np.arange(1500), stratified(labels, 1000, seed=0))
    mine = left_out[[3, 50, 111]].tolist()
    case.tag(mine, "my test")
    page = open_page(address + "#units")
    found = ready(page, "d.instances.marked === 3")["instances"]

    rows = [one[0] for one in found["squares"]]
    assert len(rows) == len(set(rows)) == found["drawn"] == 1003
    assert set(mine) <= set(rows)
    assert found["sentence"].startswith("1,003 of 1,500 drawn, in the classes’ proportions; 3 instances you tagged")
    shares = np.bincount(labels[rows] + 1) / 1003
    assert shares == pytest.approx(np.bincount(labels + 1) / 1500, abs=0.004)


def test_a_panel_is_enlarged_and_goes_back(branched, open_page):
    _case, address = branched
    page = open_page(address + place("units", layers=["left"]))
    ready(page)
    at_rest(page, "units")
    frame = page.locator("section[data-view=units]").first
    before = still_box(frame)
    frame.get_by_role("button", name="Enlarge this view").click()
    assert still_box(frame) == {"x": 0, "y": 0, "width": 1440, "height": 900}
    page.keyboard.press("Escape")
    assert still_box(frame) == before


def test_a_peak_is_projected_back_to_the_pixels_of_each_instance(branched, open_page):
    case, address = branched
    page = open_page(address + place("units", layers=["left"], unit=["left", 3]))
    panel = ready(page, "d.unit?.crops === 20")["unit"]
    page.get_by_role("radio", name="what excites it").click()
    drawn = ready(page, "d.unit?.projections?.length === 20")["unit"]["projections"]

    rows = [*panel["strongest"], *panel["weakest"]]
    images = project_unit(case.attached, case.dataset.load(rows), "left", 3).images()
    for line, image in zip(drawn, images, strict=True):
        tile = np.asarray(Image.fromarray(image[..., 0]).resize((56, 56), Image.Resampling.NEAREST))
        assert line == tile[28].tolist()
    assert "Zeiler and Fergus" in page.get_by_role("complementary", name="Unit 3 of left").inner_text()


def test_found_subsets_come_by_deviation_and_name_units_that_fire_for_one_class(planted_app, open_page):
    case, address = planted_app(600, nulls=False)
    page = open_page(address + "#units")
    ready(page)
    page.get_by_role("button", name="Add rows").click()
    page.get_by_role("button", name="Look for subsets").click()
    page.locator(".suggestion").first.wait_for()
    said = [
        (name, int(n.replace(",", "")), float(deviation), float(chance))
        for text in page.locator(".suggestion").all_inner_texts()
        for name, n, deviation, chance in re.findall(r"(.+?)\s+n = ([\d,]+) · ([\d.]+) \(([\d.]+)\)", " ".join(text.split()))
    ]
    assert len(said) == page.locator(".suggestion").count()

    values, labels, predictions = case.model.activations("fc").array(), case.labels(), case.predictions()
    ratios: dict[str, list[float]] = {"errors": [], "unit": []}
    for name, n, deviation, chance in said:
        unit = re.match(r"unit (\d+) fires \((.+)\)", name)
        if unit:
            mine = values[:, int(unit[1])]
            members = np.flatnonzero(mine > np.float32(mine.max() / 2))
            assert np.mean(labels[np.argsort(-mine)[:20]] == CLASSES.index(unit[2])) > 0.5
        else:
            given, taken = re.match(r"(?:errors of )?(.+?)(?: taken for (.+))?$", name).groups()
            wrong = (labels == CLASSES.index(given)) & (predictions != labels)
            members = np.flatnonzero(wrong & (predictions == CLASSES.index(taken) if taken else True))
        own = values[labels == np.bincount(labels[members]).argmax()].astype(np.float64)
        spread = own.std(0)
        moved = (values[members].mean(0) - own.mean(0))[spread > 0] / spread[spread > 0]
        assert n == len(members)
        assert deviation == pytest.approx(np.sqrt(np.mean(moved**2)), abs=6e-3 + 6e-3 * deviation)
        assert chance == pytest.approx(n**-0.5, abs=6e-3)
        ratios["unit" if unit else "errors"].append(np.sqrt(np.mean(moved**2)) * n**0.5)
    assert all(ratios.values())
    for some in ratios.values():
        assert some == sorted(some, reverse=True)


@pytest.fixture(scope="module")
def untraced(tmp_path_factory: pytest.TempPathFactory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("untraced")
    yield from serve(made(folder, Deciding(), ("one", "two")), folder)


def test_a_model_that_decides_by_its_values_is_drawn_and_its_influence_estimated(untraced, open_page):
    _case, address = untraced
    page = open_page(address + "#units")
    found = ready(page)
    layers = ("input", "one", "two", "head")
    assert [name for name in found["graph"]["nodes"] if name in layers] == list(layers)
    graph = open_page(address + place("attribution", a=label("bar")))
    assert any("estimated by gradient" in text for text in shown(graph)["messages"])


SCRIPT = """
import numpy as np, torch, underglass as ug
torch.manual_seed(0)
labels = np.arange(60) % 2
images = np.random.default_rng(0).integers(0, 90, (60, 8, 8), dtype=np.uint8)
images[labels == 1, :4] += 120
net = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(216, 2))
ascent = torch.optim.Adam(net.parameters(), 0.01)
x, y = torch.from_numpy(images / np.float32(255))[:, None], torch.from_numpy(labels)
for step in range(40):
    loss = torch.nn.functional.cross_entropy(net(x), y)
    ascent.zero_grad(), loss.backward(), ascent.step()

case = ug.Case.create("trained.case", ug.datasets.arrays(images, labels, classes=["low", "high"]))
case.capture(ug.models.torch(net, preprocess=ug.models.to_tensor, output="logits", name="run 7"), layers=["1", "3"])
np.save("seen.npy", case.activations("1"))
case.show(open_browser=False)
"""


@pytest.fixture
def trained(tmp_path: Path):
    """A training run of its own process; gives the link that it prints in the end, and the folder it ran in."""
    (tmp_path / "train.py").write_text(SCRIPT)
    homes = {"XDG_CACHE_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    run = subprocess.Popen(
        [sys.executable, "-u", "train.py"],
        cwd=tmp_path,
        env={**os.environ, **homes},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.stdout is not None
    lines: list[str] = []
    try:
        for line in run.stdout:
            lines.append(line)
            link = re.search(r"http://\S+token=\S+", line)
            if link:
                yield link.group(), tmp_path
                return
        raise AssertionError("no link was printed:\n" + "".join(lines))
    finally:
        run.terminate()
        run.wait(60)


def test_three_calls_at_the_end_of_a_training_run_print_the_link_to_its_units(trained, open_page):
    link, folder = trained
    page = open_page(link + place("units", layers=["1"]))
    settled(page)
    found = ready(page)
    values = np.load(folder / "seen.npy")
    for code, name in enumerate(("low", "high")):
        np.testing.assert_allclose(row(found, name)["values"], values[code::2].mean(0), rtol=1e-4, atol=1e-5)
    assert "run 7" in page.get_by_role("region", name="The model’s layers").inner_text()
