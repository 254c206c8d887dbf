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
from browser.describing import describe, reload, settled, until  # noqa: E402
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


def test_a_case_without_a_graph_says_so(planted_app, open_page):
    _, address = planted_app(40)
    page = open_page(address + "#figure")

    page.get_by_text("There is no figure of this model").wait_for()
    page.get_by_text("captured without its graph").wait_for()
    page.get_by_text("--model my_pkg:make").wait_for()
