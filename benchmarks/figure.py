"""How long does it take from a ResNet-50 module to its figure, against what else draws torch modules?

All sides draw the same module in turns. The peers go as far as they go here: torchview to the text of a graph on tensors
without values (a picture of it needs the program Graphviz), visualtorch to a picture of points, in its quickest style and in
its default one, torchvista to a page that draws when it is opened. ``pip install --group bench`` brings them; those that are
missing are said in the row of ours.
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
RUNS = 5
LONG = 5.0
"""Seconds; a peer whose call takes longer is not called again."""


def run() -> list[dict[str, Any]]:
    """Rows: ours alone, then ours beside each peer that is installed."""
    from networks import ResNet

    net = ResNet().eval()
    draw: dict[str, Callable[[Any], Any]] = {"ours": _ours}
    draw |= {peer: call for peer, call in PEERS.items() if find_spec(peer.split(",")[0]) is not None}
    times: dict[str, list[float]] = {name: [] for name in draw}
    told: dict[str, Any] = {}
    for _ in range(RUNS + 1):
        for name, call in draw.items():
            if name != "ours" and times[name] and times[name][-1] > LONG:
                continue
            start = time.perf_counter()
            told[name] = call(net)
            times[name].append(time.perf_counter() - start)
    first = times["ours"][0]
    took = {name: median(each[1:] or each) for name, each in times.items()}
    figure, seconds = told["ours"], took["ours"]
    assert (figure.graph.parameters, figure.graph.multiply_adds) == (25_557_032, 4_089_184_256)
    wide = figure.scene.width
    missing = [peer for peer in PEERS if peer not in draw and "," not in peer]
    note = f"{wide:.0f} points wide, {len(figure.drawing.blocks)} glyphs; first call with imports {first:.2g} s"
    note += f"; not installed: {', '.join(missing)}" if missing else ""
    rows = [_row("≤ 1 s, under 1,200 points wide", "alone", seconds, None, bool(seconds <= 1 and wide < 1200), note)]
    for peer in draw:
        if peer == "ours":
            continue
        draws = peer.startswith("visualtorch")
        bar = "no slower" if draws else "≤ 1 s: it gives no picture"
        rows.append(_row(bar, peer, seconds, took[peer], seconds <= (took[peer] if draws else 1), told[peer]))
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


def _ours(net: Any) -> Any:
    import underglass as ug

    figure = ug.figure(net, SHAPE)
    assert figure.svg
    return figure


def _torchview(net: Any) -> str:
    from torchview import draw_graph

    # it moves the module it is given to the meta device
    source = draw_graph(copy.deepcopy(net), input_size=SHAPE, device="meta").visual_graph.source
    return f"text for Graphviz, {source.count('->')} edges; a picture needs Graphviz"


def _visualtorch(net: Any, style: str = "flow") -> str:
    from visualtorch import render

    picture = render(net, SHAPE, style=style)
    return f"its {style} style, a picture of {picture.width:,} × {picture.height:,} points"


def _torchvista(net: Any) -> str:
    import torch
    from torchvista import trace_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.html"
        trace_model(net, torch.zeros(SHAPE), export_format="html", export_path=str(path))
        return f"a page of {path.stat().st_size / 1e6:.1f} MB that is drawn when it is opened"


PEERS: dict[str, Callable[[Any], str]] = {
    "torchview": _torchview,
    "visualtorch": _visualtorch,
    "visualtorch, default style": lambda net: _visualtorch(net, "graph"),
    "torchvista": _torchvista,
}
"""Package, or package and what of it → draws the module and says what came out."""
