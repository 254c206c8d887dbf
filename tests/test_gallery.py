"""Does the gallery show every architecture it promises, each drawn narrow enough for a page and whole?"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("onnx", reason='needs onnx: pip install "underglass[onnx]"')

import onnx

import underglass as ug

DOCS = Path(__file__).parent.parent / "docs"
LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
FIGURES = (
    *("resnet-50-torch", "u-net-torch", "efficientnet-lite0-torch", "two-lstm-layers-both-directions-torch"),
    *("a-small-transformer-torch", "the-demo-s-network-torch", "mobilenetv2-keras", "inceptionv3-keras", "densenet121-keras"),
    *(f"{path.stem[6:].replace('_', '-')}-onnx" for path in sorted(LIGHT.glob("*.onnx"))),
)


def test_the_page_shows_every_architecture():
    page = (DOCS / "gallery.md").read_text()

    assert set(re.findall(r"\(gallery/([^)]+)\.svg\)", page)) == set(FIGURES)
    assert len(FIGURES) == 18
    for name in FIGURES:
        root = ElementTree.parse(DOCS / "gallery" / f"{name}.svg").getroot()
        assert float(root.get("width")) <= 1200


@pytest.mark.parametrize("path", sorted(LIGHT.glob("*.onnx")), ids=lambda path: path.stem[6:])
def test_every_light_model_is_drawn_whole(path):
    figure = ug.figure(path)

    drawn = {member for one in figure.arranged.open.blocks for member in (*one.members, *(name for name, _ in one.absorbed))}
    assert drawn == {one.id for one in figure.graph.operations}
    assert sum(one.parameters for one in figure.drawing.blocks) == sum(one.parameters for one in figure.graph.operations)
    assert figure.scene.width <= 1200
    glyphs = {one.get("data-key") for one in ElementTree.fromstring(figure.svg).iter() if one.get("class") == "glyph"}
    assert glyphs >= {one.id for one in figure.drawing.blocks}


def test_shufflenet_is_its_papers_table():
    # Zhang et al. 2018, table 1: in each stage one unit of stride 2, then 3, 7 and 3 more; halved from 56 to 28, 14 and 7
    units = [one for one in ug.figure(LIGHT / "light_shufflenet.onnx").drawing.blocks if one.inside is not None]

    assert [(one.times, one.extent_in[0], one.extent_out[0]) for one in units] == [
        *((1, 56, 28), (3, 28, 28)),
        *((1, 28, 14), (7, 14, 14)),
        *((1, 14, 7), (3, 7, 7)),
    ]
    assert [one.type for one in units] == ["Block A", "Block B"] * 3
    joins = [one.inside.blocks[-1].type for one in units[:2]]
    assert joins == ["Concat", "Sum"]
    assert units[0].about[0] == "gpu_0/gconv1_0 to Concat_1: Block A"  # called as in the legend
    assert units[1].about[0] == "gpu_0/gconv1_2 to Sum_3: 3 × Block B"
