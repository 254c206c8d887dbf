"""Does the editor paint Python's scene mark by mark, and does everything done by hand end in the same files?"""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
import threading

import numpy as np
import pypdf
import pytest
import uvicorn

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')

import underglass as ug  # noqa: E402
from browser.describing import at_rest, describe, reload, settled, until  # noqa: E402
from browser.test_pages import violations  # noqa: E402
from figured import Small  # noqa: E402
from underglass.case import Case  # noqa: E402
from underglass.hosts.server import create_app  # noqa: E402
from underglass.hosts.server.start import Recent  # noqa: E402
from underglass.views.figure import VIEW  # noqa: E402

call = VIEW.calls


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A case with a captured network of three residual blocks, and its address."""
    home = tmp_path_factory.mktemp("figure")
    pictures = np.random.default_rng(0).integers(0, 255, (12, 8, 8, 3), np.uint8)
    case = Case.create(home / "small.case", ug.datasets.arrays(pictures, [0, 1] * 6, classes=["a", "b"]))
    case.capture(ug.models.torch(Small(), preprocess=ug.models.to_tensor, classes=["a", "b"]), layers=["fc"])
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    served = create_app(case, token="t" * 32, port=port, recent=Recent(home / "state"))
    server = uvicorn.Server(uvicorn.Config(served, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield case, f"http://127.0.0.1:{port}/?token={'t' * 32}#figure"
    server.should_exit = True
    thread.join(60)
    case.close()


@pytest.fixture
def editor(app, open_page):
    case, address = app
    call["keep"](case, settings={})
    page = open_page(address)
    return case, page


def figure(page, expression="true"):
    settled(page)
    until(
        page,
        f"(() => {{ const d = window.underglass?.describe('figure'); return d && d.n !== null && ({expression}) }})()",
    )
    return describe(page, "figure")


def painted(found):
    return (
        [(one["id"], one["points"]) for one in found["glyphs"]],
        found["edges"],
        [(one["text"], one["x"], one["y"]) for one in found["words"]],
    )


def expected(case, settings):
    """The same of Python's answer."""
    parts = call["scene"](case, settings=settings)["scene"]["parts"]
    marks = [(part, mark) for part in parts for mark in part["marks"]]
    glyphs = [
        (part["key"], [mark[1] for mark in part["marks"] if mark[0] == "outline"]) for part in parts if part["kind"] == "glyph"
    ]
    edges = [part["marks"][0][1] for part in parts if part["kind"] == "edge"]
    return glyphs, edges, [(mark[3], mark[1], mark[2]) for _, mark in marks if mark[0] == "word"]


def glyph(page, name):
    return page.locator(f'g.glyph[data-key="{name}"]')


def test_the_screen_is_pythons_scene_and_its_words_stand_as_in_the_files(editor, tmp_path):
    case, page = editor
    found = figure(page)
    settings = found["settings"]

    assert painted(found) == expected(case, settings)
    assert found["n"] == len(case.figure().drawing.blocks)
    svg = call["export"](case, settings=settings, ending=".svg")
    (tmp_path / "net.svg").write_bytes(svg)
    apart = page.context.browser.new_context().new_page()
    apart.goto((tmp_path / "net.svg").as_uri())
    apart.evaluate("document.fonts.ready")
    boxes = apart.evaluate(
        "[...document.querySelectorAll('text')].map((one) => { const b = one.getBBox();"
        " return [one.textContent, b.x, b.y, b.x + b.width, b.y + b.height] })"
    )
    apart.context.close()
    assert [one[0] for one in boxes] == [one["text"] for one in found["words"]]
    np.testing.assert_allclose([one[1:] for one in boxes], [one["box"] for one in found["words"]], atol=0.75)
    document = pypdf.PdfReader(io.BytesIO(call["export"](case, settings=settings, ending=".pdf"))).pages[0]
    places = []
    document.extract_text(visitor_text=lambda text, cm, tm, *_: places.append((text.strip(), _place(cm, tm))))
    in_pdf = {(text, round(x, 1), round(y, 1)) for text, (x, y) in places if text}
    height = found["height"]
    for word in found["words"]:
        left, base = word["box"][0], word["y"]
        near = [one for one in in_pdf if one[0] == word["text"] and abs(one[1] / 0.75 - left) < 1.5]
        assert any(abs(one[2] / 0.75 - (height - base)) < 0.2 for one in near), word["text"]


def _place(page_matrix, text_matrix):
    a, b, c, d, e, f = page_matrix
    x, y = text_matrix[4], text_matrix[5]
    return a * x + c * y + e, b * x + d * y + f


def test_layers_are_picked_grouped_renamed_opened_deleted_and_all_of_it_undone(editor):
    case, page = editor
    figure(page)
    page.get_by_label("Modules").select_option("0")
    figure(page, "d.settings.depth === 0")

    glyph(page, "blocks.0.a").click()
    glyph(page, "blocks.0.add").click(modifiers=["Shift"])
    refused = figure(page, "d.refused !== ''")
    assert "'blocks.0.add' also takes 'pool' from outside" in refused["refused"]
    assert "Turn on route layers" in page.get_by_role("alert").inner_text()

    page.get_by_label("A glyph for every split").check()
    figure(page, "d.settings.routes === true")
    glyph(page, "pool route").click()
    glyph(page, "blocks.0.add").click(modifiers=["Shift"])
    assert figure(page, "d.selected === 4")["picked"] == ["pool route", "blocks.0.a", "blocks.0.b", "blocks.0.add"]
    page.keyboard.press("g")
    grouped = figure(page, "d.groups.length === 1")
    assert grouped["groups"] == [{"name": "Group 1", "places": 3, "problem": None}]
    assert painted(grouped) == expected(case, grouped["settings"])

    name = page.get_by_label("Name of Group 1")
    name.fill("Residual")
    name.press("Enter")
    renamed = figure(page, "d.groups[0]?.name === 'Residual'")
    assert "Residual" in [one["text"] for one in renamed["words"]]
    page.get_by_role("button", name="Open Residual").click()
    opened = figure(page, "d.settings.groups[0].active === false")
    assert "Residual" not in [one["type"] for one in opened["kinds"]]
    page.get_by_role("button", name="Close Residual").click()
    figure(page, "d.kinds.some((kind) => kind.type === 'Residual')")
    page.get_by_role("button", name="Delete Residual").click()
    figure(page, "!d.settings.groups")

    page.get_by_role("region", name="The figure").focus()
    for _ in range(3):
        before = figure(page)["undo"]
        page.keyboard.press("Control+z")
        figure(page, f"d.undo === {before - 1}")
    back = figure(page)
    assert back["settings"]["groups"] == renamed["settings"]["groups"]
    assert painted(back) == painted(renamed)
    page.keyboard.press("Control+Shift+z")
    assert figure(page, "d.redo === 2")["settings"]["groups"][0]["active"] is False
    assert case.folder.journal.sequence == 0  # the figure's undo is its own


def test_look_samples_and_width_are_set_by_hand_and_python_makes_the_same_bytes(editor, tmp_path):
    case, page = editor
    figure(page)
    page.get_by_label("Palette").select_option("okabe-ito")
    figure(page, "d.settings.palette === 'okabe-ito'")
    page.get_by_label("Types", exact=True).check()
    figure(page, "d.settings.names === true")
    page.get_by_label("Width", exact=True).fill("8.5cm")
    page.get_by_label("Width", exact=True).press("Enter")
    figure(page, "d.settings.width === '8.5cm'")
    page.get_by_text("Scales and sizes").click()
    page.get_by_label("Width by features").select_option("log")
    figure(page, "d.settings.feature_scale === 'log'")
    page.get_by_text("Pictures in the boxes").click()
    page.get_by_label("Instance for x").fill("3")
    page.get_by_label("Instance for x").press("Enter")
    figure(page, "d.pictures.length === 1")
    page.get_by_role("button", name="Hide MaxPool2d").click()
    found = figure(page, "d.settings.hide?.includes('MaxPool2d')")

    assert painted(found) == expected(case, found["settings"])
    assert "MaxPool2d" in {one["type"] for one in found["kinds"] if one["kind"] == "hidden"}
    assert round(found["width"], 1) == round(8.5 / 2.54 * 96, 1)
    with page.expect_download() as given:
        page.get_by_role("button", name="Save the figure").click()
        page.get_by_role("button", name=re.compile("^SVG")).click()
    given.value.save_as(tmp_path / "screen.svg")
    (tmp_path / "make.py").write_text(found["code"])
    subprocess.run([sys.executable, "make.py"], cwd=tmp_path, check=True, timeout=200)
    assert (tmp_path / "small.svg").read_bytes() == (tmp_path / "screen.svg").read_bytes()

    reload(page)
    again = figure(page)
    assert again["settings"] == found["settings"]
    assert painted(again) == painted(found)
    page.goto(page.url.split("#")[0] + "#overview")
    page.goto(page.url.split("#")[0] + "#figure")
    assert figure(page)["settings"] == found["settings"]  # kept with the case, not only in the link


def test_a_link_whose_settings_mean_nothing_shows_the_figure_that_was_kept_and_says_what_is_wrong(app, open_page):
    case, address = app
    call["keep"](case, settings={"depth": 0})

    found = figure(open_page(f"{address}?p.settings=%7B%22palete%22%3A%22hues%22%7D"))

    assert found["settings"] == {"depth": 0}
    assert painted(found) == expected(case, {"depth": 0})
    assert found["refused"].startswith("What this link sets cannot be drawn: no setting named 'palete'; did you mean 'palette'")


def test_keys_walk_pick_and_zoom(editor):
    _, page = editor
    found = figure(page)
    first, second = (one["id"] for one in found["glyphs"][:2])

    glyph(page, first).locator("rect.hit").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert figure(page, "d.selected === 1")["picked"] == [second]
    page.keyboard.press("Escape")
    figure(page, "d.selected === 0")
    page.get_by_label("Pick a module").select_option("blocks.0")
    assert figure(page, "d.selected > 0")["picked"] == ["blocks.0.a", "blocks.0.b", "blocks.0.add"]
    page.keyboard.press("Escape")
    wide = page.locator("svg.sheet").evaluate("(one) => one.clientWidth")
    page.get_by_role("button", name="Larger").click()
    until(page, f"document.querySelector('svg.sheet').clientWidth > {wide}")


def test_a_tooltip_says_type_sizes_parameters_and_what_the_layer_was_made_with(editor):
    case, page = editor
    call["keep"](case, settings={"depth": 0})
    page.reload()
    figure(page, "d.settings.depth === 0")
    net = Small()
    shapes = {"stem": "1 × 8 × 8 × 8", "blocks.1.b": "1 × 8 × 4 × 4", "fc": "1 × 2"}
    for name, shape in shapes.items():
        layer = net.get_submodule(name)
        glyph(page, name).hover()

        said = figure(page, f"d.tip?.[0].startsWith('{name}:')")["tip"]

        assert said[:2] == [f"{name}: {type(layer).__name__}", shape]
        assert f"{sum(one.numel() for one in layer.parameters()):,} parameters" in said
        if isinstance(layer, torch.nn.Conv2d):
            made = ("kernel_size", "stride", "padding", "dilation", "groups")
            assert [one for one in said if one.split(" ")[0] in made] == [f"{one} {getattr(layer, one)}" for one in made]
            rows, columns = (int(one) for one in shape.split(" × ")[2:])
            assert f"{layer.weight.numel() * rows * columns:,} multiply-adds" in said
        assert [line for line in page.locator(".tip").inner_text().split("\n") if line] == said
    page.mouse.move(5, 5)
    figure(page, "d.tip === null")
    glyph(page, "stem").locator("rect.hit").focus()  # by key as by pointer
    assert figure(page, "d.tip !== null")["tip"][0] == "stem: Conv2d"
    page.get_by_label("Modules").select_option("2")
    figure(page, "d.settings.depth === 2")
    glyph(page, "blocks.0").hover()
    within = 3 * sum(one.numel() for one in net.blocks[0].parameters())
    said = figure(page, "d.tip?.[0].startsWith('blocks.0')")["tip"]
    assert said[:3] == ["blocks.0 to blocks.2: 3 × Block", "8 features, 4×4", f"{within:,} parameters"]


def test_the_wheel_zooms_around_the_pointer_a_drag_moves_and_fit_returns(editor):
    case, page = editor
    call["keep"](case, settings={"depth": 0})
    page.reload()
    figure(page, "d.settings.depth === 0")
    before = at_rest(page, "figure")
    assert before["fitting"]
    assert before["width"] * before["scale"] <= before["room"][0]
    name = before["glyphs"][len(before["glyphs"]) // 2]["id"]
    shape = glyph(page, name).locator("polygon").first

    def centre():
        box = shape.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    start = centre()
    page.mouse.move(*start)
    page.keyboard.down("Control")
    scale = before["scale"]
    for turn in (-200, -200, 150, -500):
        page.mouse.wheel(0, turn)
        now = figure(page, f"Math.abs(d.scale - {scale}) > 1e-6 && !d.fitting")
        assert now["scale"] == pytest.approx(min(6, scale * np.exp(-turn * 0.003)))
        assert centre() == pytest.approx(start, abs=3)
        scale = now["scale"]
    page.keyboard.up("Control")

    page.mouse.down()
    page.mouse.move(start[0] - 60, start[1] - 25, steps=4)
    page.mouse.up()
    moved = figure(page)
    assert moved["corner"] == pytest.approx([now["corner"][0] - 60, now["corner"][1] - 25], abs=1.5)
    assert moved["selected"] == 0  # a push is no click
    assert centre() == pytest.approx((start[0] - 60, start[1] - 25), abs=4)
    page.get_by_title("As wide as there is room").click()
    again = figure(page, "d.fitting")
    assert {key: again[key] for key in ("scale", "corner", "room")} == {key: before[key] for key in ("scale", "corner", "room")}
    page.get_by_role("region", name="The figure").focus()
    page.keyboard.press("+")
    assert figure(page, "!d.fitting")["scale"] == pytest.approx(1.25 * before["scale"])
    page.keyboard.press("0")
    figure(page, "d.fitting")


def test_one_press_groups_what_repeats_most_another_takes_it_back(editor):
    case, page = editor
    call["keep"](case, settings={"depth": 0})
    page.reload()
    before = figure(page, "d.settings.depth === 0")

    page.get_by_role("button", name="Group by itself").click()
    grouped = figure(page, "d.groups.length === 1")

    # twice a convolution after another stands in each of the three blocks, and nowhere else as often
    assert grouped["settings"]["groups"] == [{"name": "Group 1", "first": "blocks.0.a", "last": "blocks.0.b"}]
    assert grouped["groups"] == [{"name": "Group 1", "places": 3, "problem": None}]
    assert len(grouped["glyphs"]) == len(before["glyphs"]) - 3
    assert painted(grouped) == expected(case, grouped["settings"])
    page.get_by_role("button", name="Group by itself").click()
    assert "nothing to group by itself" in figure(page, "d.refused !== ''")["refused"]
    page.get_by_role("button", name="Ungroup").click()
    after = figure(page, "!d.settings.groups")
    assert painted(after) == painted(before)
    assert page.get_by_role("button", name="Ungroup").is_disabled()
    page.get_by_role("button", name="Undo the last change of the figure").click()
    assert painted(figure(page, "d.groups.length === 1")) == painted(grouped)


def test_colours_numbers_and_a_legend_of_its_own_are_in_the_files(editor):
    case, page = editor
    figure(page)
    page.get_by_role("button", name="Colour of Conv2d").click()
    page.get_by_label("Colour", exact=True).fill("#123456")
    figure(page, "d.settings.colours?.Conv2d === '#123456'")
    page.keyboard.press("Escape")
    page.get_by_label("Number below").select_option("parameters")
    found = figure(page, "d.settings.numbers === 'parameters'")

    assert {"224", "18"} <= {one["text"] for one in found["words"]}  # of the first convolution and the last layer
    stem = glyph(page, "stem").locator("polygon").first
    assert stem.get_attribute("fill") == "#123456"
    page.get_by_role("button", name="Save the figure").click()
    page.get_by_label("the legend as a file of its own").check()
    given = []
    page.on("download", lambda one: given.append(one))
    with page.expect_event("download", lambda one: one.suggested_filename == "small-legend.pdf"):
        page.get_by_role("button", name=re.compile("^PDF")).click()
    files = {one.suggested_filename: one.path().read_bytes() for one in given}
    for name, part in (("small.pdf", "network"), ("small-legend.pdf", "legend")):
        assert files[name] == call["export"](case, settings=found["settings"], ending=".pdf", part=part)
    assert len(files) == 2


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (800, True)])
def test_the_editor_is_accessible_and_fits_its_page(app, open_page, width, dark):
    case, address = app
    call["keep"](case, settings={"depth": 0, "groups": [{"name": "Pair", "first": "blocks.0.a", "last": "blocks.0.b"}]})
    page = open_page(address, width=width, dark=dark)
    figure(page)
    for summary in page.locator("[data-view=figure] details summary").all():
        summary.click()

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Colour of Pair").click()
    page.get_by_label("Colour", exact=True).fill("#123456")
    assert figure(page, "d.settings.colours")["settings"]["colours"] == {"Pair": "#123456"}


def test_an_exported_page_paints_the_figure_as_it_was_left_and_says_why_it_cannot_be_changed(app, tmp_path, open_offline):
    case, _ = app
    settings = {"depth": 0, "palette": "okabe-ito", "groups": [{"name": "Pair", "first": "blocks.0.a", "last": "blocks.0.b"}]}
    call["keep"](case, settings=settings)
    page = open_offline(case.export(tmp_path / "page.html", views=["overview", "figure"], media="none").path.as_uri() + "#figure")

    found = figure(page)

    assert found["settings"] == settings
    assert painted(found) == expected(case, settings)
    page.get_by_text("The figure can be looked at, not changed").wait_for()
    assert page.get_by_role("button", name="Group by itself").is_disabled()
    assert page.get_by_label("Palette").is_disabled()
    glyph(page, "stem").hover()
    assert figure(page, "d.tip !== null")["tip"][0] == "stem: Conv2d"


def test_a_case_without_a_graph_says_so(planted_app, open_page):
    _, address = planted_app(40)
    page = open_page(address + "#figure")

    page.get_by_text("There is no figure of this model").wait_for()
    page.get_by_text("captured without its graph").wait_for()
    page.get_by_text("--model my_pkg:make").wait_for()
