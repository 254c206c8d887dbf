"""Are figures of real networks right in every number, the same each time, and readable by others' readers?"""

from __future__ import annotations

import io
import json
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pypdf
import pypdfium2
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')

from tools import make_figures  # noqa: E402
from torch import nn  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

import underglass as ug  # noqa: E402
from networks import Encoder, ResNet, Tagger, UNet  # noqa: E402
from underglass import figures  # noqa: E402
from underglass.architecture.graph import Connection, ModelGraph, Operation  # noqa: E402
from underglass.architecture.labels import short  # noqa: E402
from underglass.architecture.scene import Picture, Word  # noqa: E402
from underglass.architecture.style import PALETTES, hues  # noqa: E402
from underglass.architecture.style_files import read_style, write_style  # noqa: E402
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
    assert sum(one.parameters for one in resnet.drawing.blocks) == resnet.graph.parameters == 25_557_032


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


@pytest.mark.parametrize("width", ["8.5cm", "17.8cm"])
@pytest.mark.parametrize(
    ("make", "shape"),
    [(ResNet, (1, 3, 224, 224)), (UNet, (1, 3, 256, 256)), (Encoder, (1, 64)), (Tagger, (1, 30)), (build, (1, 1, 28, 28))],
)
def test_on_paper_words_have_seven_points_and_the_column_is_full(make, shape, width):
    figure = ug.figure(make(), shape, width=width)

    assert figure.scene.width == pytest.approx(figures.points_of(width) / 0.75, abs=0.01)
    sizes = {mark.size for part in figure.scene.parts for mark in part.marks if isinstance(mark, Word)}
    assert min(sizes) * 0.75 > 6
    assert max(sizes) * 0.75 == pytest.approx(7)


def test_samples_stand_in_the_boxes_in_every_format(tmp_path):
    picture = np.zeros((20, 40, 3), np.uint8)
    picture[..., 0] = 200
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 1))

    figure = ug.figure(network, (1, 3, 16, 16), samples={"input": picture, "output": picture[:, :20]})

    boxes = {part.key: part.marks for part in figure.scene.parts if part.kind == "glyph" and part.key in figure.samples}
    assert len(boxes) == 2
    for outline, image, *_ in boxes.values():
        (left, top), _, (right, bottom), _ = outline.points
        assert isinstance(image, Picture)
        assert left <= image.x
        assert top <= image.y
        assert image.x + image.width <= right + 1e-9
        assert image.y + image.height <= bottom + 1e-9
    wide = next(iter(boxes.values()))[1]
    assert wide.width == pytest.approx(2 * wide.height)
    page = pypdf.PdfReader(io.BytesIO(figure.rendered(".pdf")), strict=True).pages[0]
    assert sorted(one.image.size for one in page.images) == [(20, 20), (40, 20)]
    assert page.images[0].image.getpixel((3, 3)) == (200, 0, 0)
    assert figure.svg.count("data:image/png;base64,") == 2
    shown = Image.open(io.BytesIO(figure.rendered(".png")))
    assert shown.getpixel((round(2 * (wide.x + 5)), round(2 * (wide.y + 5)))) == (200, 0, 0)
    figure.save(tmp_path / "net.tex")
    text = (tmp_path / "net.tex").read_text()
    for name in ("net-sample1.png", "net-sample2.png"):
        assert f"{{{name}}}" in text
        assert Image.open(tmp_path / name).size[1] == 20


def test_jpeg_samples_stay_jpeg_and_an_output_of_scores_gets_a_box_for_its_picture():
    file = io.BytesIO()
    Image.new("L", (30, 30), 90).save(file, "JPEG")

    figure = ug.figure(build(), (1, 1, 28, 28), samples={"output": file.getvalue()})

    page = pypdf.PdfReader(io.BytesIO(figure.rendered(".pdf")), strict=True).pages[0]
    assert file.getvalue() in figure.rendered(".pdf")
    assert page.images[0].image.size == (30, 30)
    assert figure.drawing.blocks[-1].type == "Output"
    with pytest.raises(UnderglassError, match="no input or output named 'y'"):
        ug.figure(build(), (1, 1, 28, 28), samples={"y": file.getvalue()})


def test_a_legend_apart_is_a_file_of_its_own(resnet, tmp_path):
    resnet.save(tmp_path / "net.svg", legend=tmp_path / "legend.pdf")

    root = ElementTree.parse(tmp_path / "net.svg").getroot()
    page = pypdf.PdfReader(tmp_path / "legend.pdf", strict=True).pages[0]
    assert not [one for one in root.iter() if one.get("class") == "legend"]
    assert "Bottleneck A" in page.extract_text()
    with pytest.raises(UnderglassError, match=r"no format named '\.gif'"):
        resnet.save(tmp_path / "other.svg", legend=tmp_path / "legend.gif")
    assert not (tmp_path / "other.svg").exists()


@pytest.mark.parametrize("ending", [".json", ".toml"])
def test_a_style_file_gives_two_figures_one_scale(tmp_path, ending):
    small = nn.Sequential(nn.Conv2d(3, 16, 3), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3))
    large = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(16, 256, 3), nn.MaxPool2d(4))
    shapes = (1, 3, 32, 32), (1, 3, 128, 128)
    alone = [ug.figure(net, shape, width="8.5cm") for net, shape in zip((small, large), shapes, strict=True)]
    path = write_style(figures.one_style(*alone), tmp_path / f"paper{ending}")

    shared = [ug.figure(net, shape, width="8.5cm", style=path) for net, shape in zip((small, large), shapes, strict=True)]

    def first_layer(figure):
        marks = next(part.marks for part in figure.scene.parts if part.key == "0")
        (left, top), (right, _), _, (_, bottom) = marks[0].points
        return round(right - left, 2), marks[0].fill, bottom - top

    assert first_layer(alone[0])[0] != first_layer(alone[1])[0]
    assert first_layer(shared[0])[:2] == first_layer(shared[1])[:2]
    assert first_layer(shared[0])[2] < first_layer(shared[1])[2]
    assert read_style(path) == figures.one_style(*alone)
    again = ug.figure(small, shapes[0], style=path, legend=False)
    assert again.style.legend is False
    (tmp_path / f"wrong{ending}").write_text('{"palete": 1}' if ending == ".json" else "palete = 1")
    with pytest.raises(UnderglassError, match=r"wrong.* cannot be used: no setting named 'palete'; did you mean 'palette'"):
        ug.figure(small, shapes[0], style=tmp_path / f"wrong{ending}")


def test_settings_of_a_figure_make_it_again(resnet):
    asked = {
        "groups": [ug.Group("Stem", "conv1", "maxpool")],
        "routes": True,
        "hide": ["ReLU", "BatchNorm2d", "flatten"],
        "palette": "hues",
        "aliases": {"Conv2d": "Convolution <b>"},
        "numbers": "parameters",
        "width": "17cm",
    }
    one = ug.figure(resnet.graph, **asked)

    again = ug.figure(resnet.graph, **json.loads(json.dumps(one.settings)))

    assert again.svg == one.svg
    assert set(one.settings) == set(asked)
    assert ("Stem", 1) in [(block.type, block.times) for block in one.drawing.blocks]


def test_labels_stand_in_the_frameworks_own_order():
    def order(style):
        graph = ModelGraph(
            "Net",
            (
                Operation("x", "Input", "", ((1, 32, 16, 3),), 3, (32, 16)),
                Operation("c", "Conv2D", "", ((1, 32, 16, 8),), 8, (32, 16), module=True),
            ),
            (Connection("x", "c", (1, 32, 16, 3)),),
            ("c",),
            0,
        )
        figure = ug.figure(graph, **style)
        words = [mark for part in figure.scene.parts if part.key == "x" for mark in part.marks if isinstance(mark, Word)]
        return [word.text for word in sorted(words, key=lambda word: word.y)]

    assert order({}) == ["32×16", "3"]
    assert order({"order": "first"}) == ["3", "32×16"]
    words = [
        mark.text for part in ug.figure(build(), (1, 1, 28, 28)).scene.parts for mark in part.marks if isinstance(mark, Word)
    ]
    assert words[:2] == ["1", "28×28"]


def test_sizes_that_may_vary_are_written_and_scaled_as_what_they_are_called():
    sizes = ("H", "H//2", "H//4")
    operations = [Operation("x", "Input", "", (("N", 3, "H", "W"),), 3, ("H", "W"))]
    operations += [Operation(f"c{i}", "Conv2d", "", (), 8, (one, one), module=True) for i, one in enumerate(sizes)]
    operations = [Operation(**{**vars(one), "shapes": one.shapes or ((("N", 8, *one.extent)),)}) for one in operations]
    edges = tuple(Connection(a.id, b.id, a.shapes[0]) for a, b in pairwise(operations))

    figure = ug.figure(ModelGraph("Net", tuple(operations), edges, ("c2",), 0))

    heights = []
    for part in figure.scene.parts:
        if part.kind == "glyph" and part.key.startswith("c"):
            points = part.marks[0].points
            heights.append((points[3][1] - points[0][1], points[2][1] - points[1][1]))
    assert [round(a, 2) >= round(b, 2) for a, b in heights] == [True] * 3
    assert heights[0][1] > heights[1][1] > heights[2][1]
    assert {"H×W", "H//2×H//2"} <= {mark.text for part in figure.scene.parts for mark in part.marks if isinstance(mark, Word)}
    assert "input N × 3 × H × W" in figure.alt


def test_numbers_at_the_glyphs_add_up_to_the_model(resnet):
    figure = ug.figure(resnet.graph, numbers="multiply-adds", depth=1)

    words = {mark.text for part in figure.scene.parts if part.kind == "glyph" for mark in part.marks if isinstance(mark, Word)}
    assert {short(one.multiply_adds) for one in figure.drawing.blocks if one.multiply_adds} <= words
    assert sum(one.multiply_adds for one in figure.drawing.blocks) == resnet.graph.multiply_adds == 4_089_184_256


def test_every_palette_tells_types_apart():
    for palette in PALETTES:
        paints = ug.figure(UNet(), (1, 3, 64, 64), depth=0, palette=palette).composed.paints
        colours = [paint.colour for kind, paint in paints.items() if kind != "Route"]
        assert len(set(colours)) == len(colours) >= 4
    assert len(set(hues(12))) == 12


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


@pytest.mark.parametrize("width", [None, "8.5cm"])
def test_the_browsers_own_pdf_engine_sets_every_word_where_the_scene_has_it(resnet, width):
    figure = ug.figure(resnet.graph, width=width)
    scale = (figures.points_of(width) if width else 0.75 * figure.scene.width) / figure.scene.width

    document = pypdfium2.PdfDocument(figure.rendered(".pdf"))
    page = document[0]
    text = page.get_textpage()
    found = [(text.get_text_range(i, 1), text.get_charbox(i)) for i in range(text.count_chars())]
    shown = page.render(scale=2 / scale).to_pil().convert("RGB")
    painted = Image.open(io.BytesIO(ug.figure(resnet.graph, width=width).sheet.rendered(".png"))).resize(shown.size)

    letters = [
        (letter, (box[0] + box[2]) / 2 / scale, figure.scene.height - (box[1] + box[3]) / 2 / scale) for letter, box in found
    ]
    for word in (mark for part in figure.scene.parts for mark in part.marks if isinstance(mark, Word)):
        left, top, right, bottom = word.box
        inside = [one for one, x, y in letters if left - 1 < x < right + 1 and top - 1.5 < y < bottom + 1]
        assert "".join(sorted(inside)).replace(" ", "") == "".join(sorted(word.text)).replace(" ", "")
    difference = np.abs(np.asarray(shown, int) - np.asarray(painted.convert("RGB"), int)).mean()
    assert difference < 4  # of 255: they differ in how edges are smoothed
    document.close()


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


@pytest.mark.parametrize("name", sorted(make_figures.drawn()))
def test_the_figures_of_the_docs_are_what_is_drawn_now(name):
    made, kept = make_figures.drawn()[name]().svg, (make_figures.FOLDER / name).read_text()

    without_lines = [re.sub(r"\n[\w./-]+\.py:\d+", "", text) for text in (made, kept)]
    assert without_lines[0] == without_lines[1], "run python -m tools.make_figures, and look at what it drew"


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
        (
            {"groups": [("Stem", "convv1", "fc1")]},
            "the group 'Stem' cannot be drawn: no layer named 'convv1'; did you mean",
        ),
        ({"groups": {"Stem": "conv1"}}, "groups are a list"),
        ({"hide": "ReLU"}, "hide is 'ReLU'; give the names of types"),
        ({"colours": {"Conv2d": "blue"}}, "the colour of Conv2d is 'blue'; write it as #rrggbb"),
        ({"textures": {"Conv2d": 12}}, "the texture of Conv2d is 12; textures are numbered 0 to 11"),
        ({"samples": {"y": b"x"}}, "the sample bytes is no picture"),
        ({"same": "size"}, "no kind of sameness named 'size'"),
        ({"labels": "tilted"}, "no labels named 'tilted'"),
        ({"legend": "no"}, "legend is 'no'; it is true or false"),
        ({"feature_range": (64, 3)}, "feature_range is (64, 3)"),
        ({"style": "missing.toml"}, "the style file missing.toml cannot be used: No such file"),
        ({"style": "style.yaml"}, "no kind of style file named '.yaml'"),
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

    more = run(
        *("drawn_net.py:make", "--input-shape", "1,1,8,8", "-o", "two.svg", "--legend-file", "legend.svg", "--group", "G=0:1"),
        *("--set", "hide=[]", "--set", "feature_scale=log", "--save-style", "paper.toml"),
    )
    assert more.exit_code == 0, more.output
    assert 'feature_scale = "log"' in (tmp_path / "paper.toml").read_text()
    assert "two.svg · 3 glyphs" in more.output
    for name in ("two.svg", "legend.svg", "paper.toml"):
        (tmp_path / name).unlink()

    for arguments, message in (
        (("drawn_net.py:make", "--input-shape", "1,1,8,8", "--group", "G=0"), "write its first layer and its last"),
        (("drawn_net.py:make", "--input-shape", "1,1,8,8", "--set", "log"), "write a name and a value"),
        (("drawn_net.py:fails", "--input-shape", "1,1,8,8"), "line 6"),
        (("drawn_net.py:nothing", "--input-shape", "1,1,8,8"), "needs a torch.nn.Module, and this is NoneType"),
        (("drawn_net.py:make", "--input-shape", "1,3,8,8"), "fails on input (1, 3, 8, 8)"),
        (("drawn_net.py:make", "--input-shape", "1x3"), "write whole numbers with commas"),
        (("drawn_net.py:make", "--input-shape", "1,1,8,8", "-o", "x.gif"), "no format named '.gif'"),
        (("drawn_net.py:make", "--input-shape", "1,1,8,8", "--edit", "-o", "x.svg"), "saved from the browser: leave out -o"),
        (("drawn_net.py:make", "--input-shape", "1,3,8,8", "--edit"), "fails on input (1, 3, 8, 8)"),
        (("none.onnx", "--edit"), "'none.onnx' is not there"),
    ):
        bad = run(*arguments)
        assert bad.exit_code == 1
        assert message in " ".join(bad.output.split())
    assert sorted(one.name for one in tmp_path.glob("*.*")) == ["drawn_net.py", "net.pdf"]
