"""Draw every architecture of the gallery, and write its page: ``make gallery``.

All of them are read from the packages that bring them: no figure is touched by hand.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HERE / "tests"), str(HERE / "src")]
os.environ.setdefault("KERAS_BACKEND", "torch")
LIGHT = (
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
)
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Piece:
    """One figure of the gallery.

    Parameters
    ----------
    title : what stands above it.
    code : the line that makes it.
    make : the model.
    shape : of its input, where it does not say it itself.
    """

    title: str
    code: str
    make: Callable[[], Any]
    shape: tuple[int, ...] | None = None


def pieces() -> Iterator[tuple[str, list[Piece]]]:
    """All figures by framework."""
    import keras
    import onnx

    from networks import Encoder, ResNet, Tagger, UNet
    from underglass.demos.fashion_network import build
    from underglass.demos.photos import make_model

    yield (
        "torch",
        [
            Piece("ResNet-50", "ug.figure(net, (1, 3, 224, 224))", ResNet, (1, 3, 224, 224)),
            Piece("U-Net", "ug.figure(net, (1, 3, 256, 256))", UNet, (1, 3, 256, 256)),
            Piece("EfficientNet-lite0", "ug.figure(net, (1, 3, 224, 224))", lambda: make_model().net, (1, 3, 224, 224)),
            Piece("Two LSTM layers, both directions", "ug.figure(net, (1, 30))", Tagger, (1, 30)),
            Piece("A small transformer", "ug.figure(net, (1, 64))", Encoder, (1, 64)),
            Piece("The demo's network", "ug.figure(net, (1, 1, 28, 28))", build, (1, 1, 28, 28)),
        ],
    )
    applications = keras.applications
    yield (
        "Keras",
        [
            Piece(
                name,
                f"ug.figure(keras.applications.{name}(weights=None))",
                lambda name=name: getattr(applications, name)(weights=None),
            )
            for name in ("MobileNetV2", "InceptionV3", "DenseNet121")
        ],
    )
    place = Path(onnx.__file__).parent / "backend/test/data/light"
    yield (
        "ONNX",
        [
            Piece(name.replace("_", " "), f'ug.figure("light_{name}.onnx")', lambda name=name: place / f"light_{name}.onnx")
            for name in LIGHT
        ],
    )


def draw(folder: Path) -> str:
    """Write all figures as SVG; the page's text."""
    import underglass as ug

    lines = [
        "# Gallery",
        "",
        "Architectures as `ug.figure` draws them, without a setting. `make gallery` draws them again.",
        "The line under each is all there is to it; the numbers are read from the model.",
        "",
        "Poppler 22.12 reads the PDF of each without complaint and draws what Chromium draws of the SVG: at t"
        "hree pixels for one they differ by .5 to 1.2 of 255 a pixel (`python -m tools.check_poppler`).",
    ]
    for framework, shown in pieces():
        lines += ["", f"## {framework}"]
        for piece in shown:
            figure = ug.figure(piece.make(), piece.shape)
            name = f"{'-'.join(re.findall('[a-z0-9]+', piece.title.lower()))}-{framework.lower()}.svg"
            (folder / name).write_text(figure.svg, encoding="utf-8")
            graph = figure.graph
            counts = f"{graph.parameters:,} parameters · {graph.multiply_adds / 1e6:,.0f} M multiply-adds"
            size = f"{counts} · {len(graph.operations)} operations"
            lines += [
                "",
                f"### {piece.title}",
                "",
                f"`{piece.code}`: {size}.",
                "",
                f"![{piece.title}: {len(figure.drawing.blocks)} glyphs from input to output](gallery/{name})",
            ]
    return "\n".join(lines) + "\n"


def main() -> None:
    folder = HERE / "docs" / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    (HERE / "docs" / "gallery.md").write_text(draw(folder), encoding="utf-8")
    total = sum(one.stat().st_size for one in folder.glob("*.svg"))
    print(f"{len(list(folder.glob('*.svg')))} figures, {total:,} bytes")
    if total > MOST_BYTES:
        sys.exit(f"the gallery is above {MOST_BYTES:,} bytes")


if __name__ == "__main__":
    main()
