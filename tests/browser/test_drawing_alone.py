"""Is a model without a case drawn by hand from end to end: from a terminal, and from a file that the start page is given?"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from browser.conftest import running
from browser.describing import describe, reload, until
from browser.test_figure import glyph, painted
from browser.test_pages import violations
from underglass.hosts.server.drawing import Drawing

onnx = pytest.importorskip("onnx", reason='needs onnx: pip install "underglass[onnx]"')

import underglass as ug  # noqa: E402
from hosts.test_server_drawing import small  # noqa: E402


def figure(page, expression="true"):
    until(page, f"(() => {{ const d = window.underglass?.describe('figure'); return d && d.n !== null && ({expression}) }})()")
    return describe(page, "figure")


def expected(place, settings):
    """What is painted, of the same figure as Python alone makes it."""
    parts = ug.figure(place, **settings).as_json()["scene"]["parts"]
    marks = [mark for part in parts for mark in part["marks"]]
    glyphs = [
        (part["key"], [mark[1] for mark in part["marks"] if mark[0] == "outline"]) for part in parts if part["kind"] == "glyph"
    ]
    edges = [part["marks"][0][1] for part in parts if part["kind"] == "edge"]
    return glyphs, edges, [(mark[3], mark[1], mark[2]) for mark in marks if mark[0] == "word"]


def saved(page, button):
    with page.expect_download() as given:
        page.get_by_role("button", name="Save the figure").click()
        page.get_by_role("button", name=button).click()
    return Path(given.value.path()).read_bytes()


def test_a_command_opens_the_editor_on_a_model_that_has_no_case_and_finds_it_again_as_it_was_left(tmp_path, open_page):
    home = tmp_path / "home"
    home.mkdir()
    place = home / "net.onnx"
    onnx.save(small(), place)
    with running("figure", "net.onnx", "--edit", "--no-open", home=home) as address:
        page = open_page(address)
        assert painted(figure(page)) == expected(place, {})

        page.get_by_label("Modules").select_option("0")
        figure(page, "d.settings.depth === 0")
        glyph(page, "b").click()
        glyph(page, "c").click(modifiers=["Shift"])
        assert figure(page, "d.selected === 2")["picked"] == ["b", "c"]
        page.keyboard.press("g")
        figure(page, "d.groups.length === 1")
        page.get_by_label("Name of Group 1").fill("Pair")
        page.get_by_label("Name of Group 1").press("Enter")
        figure(page, "d.groups[0]?.name === 'Pair'")
        page.get_by_label("Palette").select_option("okabe-ito")
        figure(page, "d.settings.palette === 'okabe-ito'")
        page.keyboard.press("Control+z")
        figure(page, "d.settings.palette !== 'okabe-ito' && d.redo === 1")
        page.get_by_role("region", name="The figure").focus()
        page.keyboard.press("Control+Shift+z")
        made = figure(page, "d.settings.palette === 'okabe-ito' && d.redo === 0")
        settings = {"depth": 0, "groups": [{"name": "Pair", "first": "b", "last": "c"}], "palette": "okabe-ito"}
        assert made["settings"] == settings
        assert painted(made) == expected(place, settings)

        alone = ug.figure(place, **settings)
        for ending, button in ((".svg", "SVG"), (".pdf", "PDF"), (".png", "PNG"), (".tex", "TikZ"), (".json", "JSON")):
            assert saved(page, button) == alone.rendered(ending), ending
        (home / "make.py").write_text(made["code"])
        subprocess.run([sys.executable, "make.py"], cwd=home, check=True, timeout=200)
        assert (home / "net.svg").read_bytes() == alone.svg.encode()

        reload(page)
        again = figure(page)
        assert (again["settings"], painted(again)) == (settings, painted(made))
        page.goto("about:blank")
    with running("figure", "net.onnx", "--edit", "--no-open", home=home) as address:
        assert figure(open_page(address))["settings"] == settings
    assert not [one for one in home.iterdir() if one.suffix == ".case"]


@pytest.fixture
def start(tmp_path, serve_case):
    """An address that shows no case, but a model that is no longer there."""
    address = serve_case(None, drawing=Drawing(home=tmp_path / "figures"))
    return f"{address}#draw?p.model=%22net-0123456789%22"


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (800, True)])
def test_the_start_page_draws_a_file_and_says_what_is_none(tmp_path, start, open_page, width, dark):
    place = tmp_path / "my net.onnx"
    onnx.save(small(), place)
    (tmp_path / "text.onnx").write_text("no model")
    page = open_page(start, width=width, dark=dark)
    page.get_by_text("This model is not open here any more: choose its file again").wait_for()
    page.get_by_role("link", name="To the start page").click()
    chooser = page.get_by_label("Choose a model…")

    chooser.set_input_files(tmp_path / "text.onnx")
    said = page.get_by_role("alert")
    said.wait_for()
    assert "'text.onnx' cannot be read as ONNX" in said.inner_text()
    assert violations(page) == []
    chooser.set_input_files(place)
    assert painted(figure(page)) == expected(place, {})
    assert page.locator("header strong").inner_text() == "my-net"
    page.get_by_text("Pictures in the boxes").click()
    assert page.get_by_label("Instance for x").count() == 0  # there are none
    with page.expect_file_chooser() as given:
        page.get_by_role("button", name="File…").first.click()
    (tmp_path / "x.png").write_bytes(_png())
    given.value.set_files(tmp_path / "x.png")
    figure(page, "d.pictures.length === 1")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.go_back()
    page.get_by_text("A model alone, as a figure").wait_for()


def _png():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()
