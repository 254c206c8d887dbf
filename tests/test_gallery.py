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
        assert float(root.get("width")) <= 1600


@pytest.mark.parametrize("path", sorted(LIGHT.glob("*.onnx")), ids=lambda path: path.stem[6:])
def test_every_light_model_is_drawn_whole(path):
    figure = ug.figure(path)

    drawn = {member for one in figure.arranged.open.blocks for member in (*one.members, *(name for name, _ in one.absorbed))}
    assert drawn == {one.id for one in figure.graph.operations}
    assert sum(one.parameters for one in figure.drawing.blocks) == sum(one.parameters for one in figure.graph.operations)
    assert figure.scene.width <= 1600
    glyphs = {one.get("data-key") for one in ElementTree.fromstring(figure.svg).iter() if one.get("class") == "glyph"}
    assert glyphs >= {one.id for one in figure.drawing.blocks}
