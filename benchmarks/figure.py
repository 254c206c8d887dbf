"""How long does it take from a ResNet-50 module to its figure, against what else draws torch modules?

The peers are drawn with their own defaults, as far as they go here: torchview to the text of a graph (a picture of it needs
Graphviz), visualtorch to a picture of points, torchvista to a page. Those that are not installed are left out:
``pip install --group bench``.
"""

from __future__ import annotations

import copy
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

SHAPE = (1, 3, 224, 224)
RUNS = 3


def run() -> list[dict[str, Any]]:
    import underglass as ug
    from networks import ResNet

    net = ResNet().eval()

    def ours(net: Any) -> Any:
        figure = ug.figure(net, SHAPE)
        assert figure.svg
        return figure

    first, seconds, figure = _timed(ours, net)
    assert (figure.graph.parameters, figure.graph.multiply_adds) == (25_557_032, 4_089_184_256)
    wide = figure.scene.width
    note = f"{wide:.0f} points wide, {len(figure.drawing.blocks)} glyphs; first call with imports {first:.2g} s"
    rows = [_row("≤ 1 s, under 1,200 points wide", "alone", seconds, None, bool(seconds <= 1 and wide < 1200), note)]
    for name, draw in (("torchview", _torchview), ("visualtorch", _visualtorch), ("torchvista", _torchvista)):
        if find_spec(name) is None:
            continue
        _, theirs, told = _timed(draw, net)
        draws = name == "visualtorch"
        bar = "no slower" if draws else "≤ 1 s: it gives no picture"
        rows.append(_row(bar, name, seconds, theirs, seconds <= (theirs if draws else 1), told))
    return rows


def _row(bar: str, peer: str, seconds: float, theirs: float | None, met: bool, note: str) -> dict[str, Any]:
    return {
        "capability": "figure of ResNet-50, module to SVG",
        "peer": peer,
        "ours": f"{seconds:.3g} s",
        "peer_seconds": theirs,
        "our_seconds": seconds,
        "ratio": None if theirs is None else theirs / seconds,
        "bar": bar,
        "met": met,
        "note": note,
    }


def _timed(draw: Callable[[Any], Any], net: Any) -> tuple[float, float, Any]:
    """Seconds of the first run, the median of the following, and what the last gave."""
    times, result = [], None
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        result = draw(net)
        times.append(time.perf_counter() - start)
    return times[0], median(times[1:]), result


def _torchview(net: Any) -> str:
    from torchview import draw_graph

    # it moves the module it is given to the meta device
    source = draw_graph(copy.deepcopy(net), input_size=SHAPE, device="meta").visual_graph.source
    return f"text for Graphviz, {source.count('->')} edges; a picture needs Graphviz"


def _visualtorch(net: Any) -> str:
    from visualtorch import render

    picture = render(net, SHAPE, style="flow")
    return f"its flow style, a picture of {picture.width:,} × {picture.height:,} points"


def _torchvista(net: Any) -> str:
    import torch
    from torchvista import trace_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.html"
        trace_model(net, torch.zeros(SHAPE), export_format="html", export_path=str(path))
        return f"a page of {path.stat().st_size / 1e6:.1f} MB that is drawn when it is opened"
