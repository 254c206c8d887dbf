"""Draw the figures of ``docs/figures.md``: ``python -m tools.make_figures``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
FOLDER = HERE / "docs" / "images"
sys.path.insert(0, str(HERE / "tests"))


def drawn() -> dict[str, Callable[[], Any]]:
    """File name → what draws it."""
    import underglass as ug
    from figured import Small
    from networks import Encoder, ResNet, Tagger, UNet

    group = ug.Group("Residual", "pool route", "blocks.0.add")
    return {
        "figure-resnet50.svg": lambda: ug.figure(ResNet(), (1, 3, 224, 224)),
        "figure-unet.svg": lambda: ug.figure(UNet(), (1, 3, 256, 256)),
        "figure-encoder.svg": lambda: ug.figure(Encoder(), (1, 64)),
        "figure-tagger.svg": lambda: ug.figure(Tagger(), (1, 30)),
        "figure-groups.svg": lambda: ug.figure(Small(), (1, 3, 32, 32), depth=0, routes=True, groups=[group]),
        "figure-column.svg": lambda: ug.figure(ResNet(), (1, 3, 224, 224), width="8.5cm"),
    }


def main() -> None:
    for name, draw in drawn().items():
        draw().save(FOLDER / name)


if __name__ == "__main__":
    main()
