"""Are figures of real networks right in every number, the same each time, and readable by others' readers?"""

from __future__ import annotations

import io
import json
import re
from xml.etree import ElementTree

import pypdf
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')

from torch import nn  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

import underglass as ug  # noqa: E402
from networks import Encoder, ResNet, Tagger, UNet  # noqa: E402
from underglass.demos.fashion_network import build  # noqa: E402
from underglass.errors import UnderglassError  # noqa: E402
from underglass.hosts.command_line import app  # noqa: E402


@pytest.fixture(scope="module")
def resnet():
    return ug.figure(ResNet(), (1, 3, 224, 224))


def drawn(figure):
    return [(one.type, one.times, one.features, one.extent_out) for one in figure.drawing.blocks]


def test_resnet_50_is_its_papers_table_and_under_1200_points_wide(resnet):
    stages = [(256, 56, 2), (512, 28, 3), (1024, 14, 5), (2048, 7, 2)]
    middle = []
    for width, side, more in stages:
        middle += [("Bottleneck A", 1, width, (side, side)), ("Bottleneck B", more, width, (side, side))]

    assert drawn(resnet) == [
        ("Input", 1, 3, (224, 224)),
        ("Conv2d", 1, 64, (112, 112)),
        ("MaxPool2d", 1, 64, (56, 56)),
        *middle,
        ("AdaptiveAvgPool2d", 1, 2048, (1, 1)),
        ("Linear", 1, 1000, ()),
    ]
    assert resnet.scene.width < 1200
    assert resnet.drawing.hidden == {"BatchNorm2d": 53, "ReLU": 49, "flatten": 1}
    inside = next(one.inside for one in resnet.drawing.blocks if one.type == "Bottleneck A")
    assert [one.type for one in inside.blocks] == ["Entry", "Conv2d", "Conv2d", "Conv2d", "Conv2d", "add"]
    assert sum(one.parameters for one in resnet.drawing.blocks) + 2 * 26560 == resnet.graph.parameters == 25_557_032


def test_u_net_skips_join_equal_sizes():
    found = ug.figure(UNet(), (1, 3, 256, 256), depth=0).drawing

    skips = [(edge, extent) for edge, extent in found.edges.items() if edge[1].startswith("cat") and edge[0].startswith("down")]
    assert [(source, target, extent) for (source, target), extent in skips] == [
        ("down.3.2", "cat", (32, 32)),
        ("down.2.2", "cat:1", (64, 64)),
        ("down.1.2", "cat:2", (128, 128)),
        ("down.0.2", "cat:3", (256, 256)),
    ]
    assert [found.by_id[f"cat{call}"].features for call in ("", ":1", ":2", ":3")] == [1024, 512, 256, 128]


def test_sequences_transformers_and_small_networks():
    assert drawn(ug.figure(Tagger(), (1, 30))) == [
        ("Input", 1, None, (30,)),
        ("Embedding", 1, 128, (30,)),
        ("LSTM", 1, 512, (30,)),
        ("Linear", 1, 20, (30,)),
        ("Output", 1, 20, (30,)),
    ]
    assert ("TransformerEncoderLayer", 6, 256, (64,)) in drawn(ug.figure(Encoder(), (1, 64)))
    assert [row[2] for row in drawn(ug.figure(build(), (1, 1, 28, 28)))] == [1, 16, 16, 32, 32, 64, 10]


def test_a_long_chain_without_modules_is_folded_by_repetition():
    layers = [nn.Conv2d(8, 8, 3, padding=1), nn.MaxPool2d(1)] * 30

    found = ug.figure(nn.Sequential(nn.Conv2d(3, 8, 1), *layers), (1, 3, 16, 16), max_width=600)

    assert found.scene.width <= 600
    assert sum(len(one.members) for one in found.drawing.blocks) == 62


def test_the_same_bytes_each_time(resnet):
    again = ug.figure(ResNet(), (1, 3, 224, 224))

    for ending in (".svg", ".pdf", ".png", ".tex", ".json"):
        same_lines = [re.sub(rb'"line": "[^"]*"', b"", one.rendered(ending)) for one in (resnet, again)]
        assert same_lines[0] == same_lines[1]


def test_svg_is_well_formed_and_says_itself(resnet):
    root = ElementTree.fromstring(resnet.svg)
    space = "{http://www.w3.org/2000/svg}"

    assert root.findtext(f"{space}title") == "Architecture of ResNet"
    assert "25,557,032 parameters, 4,089,184,256 multiply-adds for input 1 × 3 × 224 × 224" in root.findtext(f"{space}desc")
    keys = [one.get("data-key") for one in root.iter(f"{space}g") if one.get("class") == "glyph"]
    assert keys == [one.id for one in resnet.drawing.blocks]
    assert len([one for one in root.iter(f"{space}g") if one.get("class") == "edge"]) == 12


def test_pdf_is_one_page_of_vectors_with_its_font_and_words(resnet):
    document = pypdf.PdfReader(io.BytesIO(resnet.rendered(".pdf")), strict=True)
    page = document.pages[0]
    words = page.extract_text().split()

    assert len(document.pages) == 1
    assert float(page.mediabox.width) == pytest.approx(0.75 * resnet.scene.width, abs=0.01)
    assert [word for word in words if word.startswith("×")] == ["×2", "×3", "×5", "×2"]
    assert {"224×224", "112×112", "2048", "1000"} <= set(words)
    assert not list(page.images)
    font = page["/Resources"]["/Font"]["/F"]["/DescendantFonts"][0]["/FontDescriptor"]["/FontFile2"].get_data()
    assert font[:4] == b"\x00\x01\x00\x00"
    assert document.metadata.title == "Architecture of ResNet"


def test_a_width_on_paper_holds_in_every_format():
    figure = ug.figure(build(), (1, 1, 28, 28), width="8.5cm")

    page = pypdf.PdfReader(io.BytesIO(figure.rendered(".pdf"))).pages[0]
    assert float(page.mediabox.width) == pytest.approx(8.5 / 2.54 * 72, abs=0.01)
    assert float(ElementTree.fromstring(figure.svg).get("width")) == pytest.approx(8.5 / 2.54 * 96, abs=0.01)
    assert Image.open(io.BytesIO(figure.rendered(".png"))).width == round(8.5 / 2.54 * 300)


def test_tikz_declares_its_colours_and_closes_what_it_opens():
    text = ug.figure(build(), (1, 1, 28, 28)).rendered(".tex").decode()

    used = set(re.findall(r"(?:fill|draw|text)=(figure\d+)", text))
    assert used == set(re.findall(r"\\definecolor\{(figure\d+)\}", text))
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    assert r"28$\times$28" in text


def test_json_holds_graph_and_figure():
    found = json.loads(ug.figure(build(), (1, 1, 28, 28)).rendered(".json"))

    assert [one["type"] for one in found["graph"]["operations"]][:3] == ["Input", "Conv2d", "ReLU"]
    assert found["figure"]["glyphs"][1]["operations"] == ["conv1"]


class Loud(nn.Module):
    """A layer of nobody's library, with markup for a name."""

    def forward(self, x):
        return x * 2


Loud.__name__ = "<script>alert(1)</script>&_$"


def test_unknown_layers_are_drawn_as_themselves_and_markup_in_names_is_inert():
    figure = ug.figure(nn.Sequential(nn.Linear(4, 8), Loud()), (1, 4), names=True)

    root = ElementTree.fromstring(figure.svg)
    assert not [one for one in root.iter() if "script" in one.tag]
    assert any("<script>" in (one.text or "") for one in root.iter("{http://www.w3.org/2000/svg}text"))
    assert r"\&\_\$" in figure.rendered(".tex").decode()
    assert figure.rendered(".pdf").startswith(b"%PDF")


def test_textures_need_no_colour():
    figure = ug.figure(ResNet(), (1, 3, 64, 64), texture=True)

    colours = set(re.findall(r"#[0-9a-f]{6}", figure.svg))
    assert all(max(parts) - min(parts) < 0x10 for parts in ([int(one[i : i + 2], 16) for i in (1, 3, 5)] for one in colours))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"palete": "x"}, "no setting named 'palete'; did you mean 'palette'"),
        ({"palette": "okabe"}, "no palette named 'okabe'; did you mean 'okabe-ito'"),
        ({"width": "8 parsecs"}, "width is '8 parsecs'; write a number and a unit"),
        ({"depth": -1}, "depth is -1"),
        ({"heights": (0, 3)}, "heights are"),
    ],
)
def test_settings_that_mean_nothing_are_said(settings, message):
    with pytest.raises(UnderglassError, match=re.escape(message)):
        ug.figure(build(), (1, 1, 28, 28), **settings)


MODULE = """
from torch import nn
def make(): return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
def nothing(): return None
def fails():
    width = 3 / 0
    return width
"""


def run(*arguments):
    return CliRunner().invoke(app, ["figure", *arguments])


def test_the_command_line_draws_and_says_mistakes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drawn_net.py").write_text(MODULE)

    good = run("drawn_net.py:make", "--input-shape", "1,1,8,8", "-o", "net.pdf", "--width", "8.5cm")
    assert good.exit_code == 0, good.output
    assert "net.pdf · 3 glyphs · 40 parameters" in good.output
    assert (tmp_path / "net.pdf").read_bytes().startswith(b"%PDF")

    for arguments, message in (
        (("drawn_net.py:fails", "--input-shape", "1,1,8,8"), "line 6"),
        (("drawn_net.py:nothing", "--input-shape", "1,1,8,8"), "needs a torch.nn.Module, and this is NoneType"),
        (("drawn_net.py:make", "--input-shape", "1,3,8,8"), "fails on input (1, 3, 8, 8)"),
        (("drawn_net.py:make", "--input-shape", "1x3"), "write whole numbers with commas"),
        (("drawn_net.py:make", "--input-shape", "1,1,8,8", "-o", "x.gif"), "no format named '.gif'"),
    ):
        bad = run(*arguments)
        assert bad.exit_code == 1
        assert message in " ".join(bad.output.split())
    assert sorted(one.name for one in tmp_path.glob("*.*")) == ["drawn_net.py", "net.pdf"]
