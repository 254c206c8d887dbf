"""How long does it take from a ResNet-50 module to its figure?"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))


def run() -> list[dict[str, Any]]:
    import underglass as ug
    from networks import ResNet

    net = ResNet().eval()
    times, figure = [], None
    for _ in range(6):
        start = time.perf_counter()
        figure = ug.figure(net, (1, 3, 224, 224))
        assert figure.svg
        times.append(time.perf_counter() - start)
    assert figure is not None
    assert (figure.graph.parameters, figure.graph.multiply_adds) == (25_557_032, 4_089_184_256)
    seconds = median(times[1:])
    wide = figure.scene.width
    return [
        {
            "capability": "figure of ResNet-50, module to SVG",
            "peer": "none here writes a vector figure",
            "ours": f"{seconds:.3g} s",
            "peer_seconds": None,
            "our_seconds": seconds,
            "ratio": None,
            "bar": "≤ 1 s, under 1,200 points wide",
            "met": bool(seconds <= 1 and wide < 1200),
            "note": f"{wide:.0f} points wide, {len(figure.drawing.blocks)} glyphs; first call with imports {times[0]:.2g} s",
        }
    ]
