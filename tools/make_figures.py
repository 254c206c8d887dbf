"""Draw the figures of ``docs/figures.md``: ``python -m tools.make_figures``."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE / "tests"))


def main() -> None:
    import underglass as ug
    from networks import ResNet, UNet

    folder = HERE / "docs" / "images"
    ug.figure(ResNet(), (1, 3, 224, 224)).save(folder / "figure-resnet50.svg")
    ug.figure(UNet(), (1, 3, 256, 256)).save(folder / "figure-unet.svg")


if __name__ == "__main__":
    main()
