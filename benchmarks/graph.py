"""How soon is a graph of 3,000 operations on the screen, and how soon is a module open, against Netron?

The peer is Netron (PyPI ``netron``, ``pip install --group bench``), which shows a model file in the same browser; it is given
the same network as an ONNX file. Ours is given a case whose graph was kept at capture. Both are opened in turns, and both times
begin with the address and end when boxes are drawn. Netron draws all operations at once, for it knows no modules; ours is timed
on the modules, on one module that opens, and on all 3,000 operations too. Without Netron the bars are absolute: two seconds,
and half a second.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from playwright.sync_api import Browser, Page, sync_playwright
from tools import chromium

from benchmarks.app import showing
from underglass.architecture.graph import Connection, ModelGraph, Operation
from underglass.case import Case

STAGES, BLOCKS = 10, 50
PER_BLOCK = ("conv1", "bn1", "relu1", "conv2", "add", "relu2")
FIRST, OPENED = 2.0, 0.5
RUNS = 3


def run() -> list[dict[str, Any]]:
    """Rows: first view, opening a module, everything open, and 20,000 operations."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox", "--disable-gpu"])
        folder = Path(home)
        graph = network(STAGES, BLOCKS)
        firsts, peers = [], []
        with served(graph, folder / "large") as address, netron_showing(graph, folder / "large.onnx") as peer_address:
            for _ in range(RUNS):
                firsts.append(_first(browser, f"{address}#architecture", "d.nodes.length > 0"))
                if peer_address is not None:
                    peers.append(_netron_once(browser, peer_address, len(graph.operations) - 1))
            opening = median(_opening(browser, f"{address}#architecture?p.series=false") for _ in range(RUNS))
            whole = _first(browser, f"{address}#architecture?p.depth=2&p.series=false", "d.nodes.length > 0 || d.plain > 0")
        with served(network(STAGES, 334), folder / "huge") as address:
            huge = _first(browser, f"{address}#architecture", "d.nodes.length > 0")
        browser.close()
    first, peer = median(firsts), median(peers) if peers else None
    n = len(graph.operations)
    note = "" if peer is not None else "Netron is not installed (pip install --group bench); the bar is absolute"
    return [
        _row(f"first view of {n:,} operations", first, peer, FIRST, note or "Netron: all operations drawn"),
        _row("a module of 50 blocks opens", opening, None, OPENED, "from the double-click until all is at rest"),
        _row(f"all {n:,} operations at once", whole, peer, 10.0, note),
        _row("first view of 20,041 operations", huge, None, 10.0, "does not die"),
    ]


def network(stages: int, blocks: int) -> ModelGraph:
    """Residual blocks in stages, 6 operations each."""
    operations = [Operation("x", "Input", "", ((1, 64, 28, 28),), 64, (28, 28))]
    edges = []
    before = "x"
    for stage in range(stages):
        for block in range(blocks):
            path = f"stage{stage}.block{block}"
            came = before
            for name in PER_BLOCK:
                one = f"{path}.{name}"
                kind = name.rstrip("12").capitalize()
                layer = name != "add"
                shape = (1, 64, 28, 28)
                cost = 36_864 if kind == "Conv" else 0
                at = one if layer else path
                operations.append(Operation(one, kind, at, (shape,), 64, (28, 28), cost, cost * 784, module=layer))
                edges.append(Connection(before, one, shape))
                if name == "add":
                    edges.append(Connection(came, one, shape))
                before = one
    modules = {f"stage{stage}": "Sequential" for stage in range(stages)}
    modules |= {f"stage{stage}.block{block}": "Block" for stage in range(stages) for block in range(blocks)}
    total = sum(one.parameters for one in operations)
    return ModelGraph("Large", tuple(operations), tuple(edges), (before,), total, modules)


def as_onnx(graph: ModelGraph, path: Path) -> None:
    """The same operations and connections as an ONNX file, with one small weight; a normalisation stands as Identity."""
    kinds = {"Conv": "Conv", "Bn": "Identity", "Relu": "Relu", "Add": "Add"}
    into: dict[str, list[str]] = {}
    for edge in graph.connections:
        into.setdefault(edge.target, []).append(edge.source)
    nodes = [
        helper.make_node(kinds[one.type], [*into[one.id], *(["w"] if one.type == "Conv" else [])], [one.id], name=one.id)
        for one in graph.operations[1:]
    ]
    weight = numpy_helper.from_array(np.zeros((64, 64, 1, 1), np.float32), "w")
    begin, end = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 64, 28, 28]) for name in ("x", graph.outputs[0]))
    onnx.save(helper.make_model(helper.make_graph(nodes, "large", [begin], [end], [weight])), path)


@contextmanager
def served(graph: ModelGraph, folder: Path) -> Iterator[str]:
    """A case with a kept graph, served from this process."""
    from planted import planted_case

    folder.mkdir()
    case = Case(planted_case(folder / "planted.case", 20))
    meta = {"form": 2, "model": "planted", "graph": graph.as_json(), "problem": ""}
    case.folder.results.put("model_graph", "planted", {}, meta, {})
    with showing(case, folder) as address:
        yield address


def _opened(browser: Browser, address: str, expression: str) -> tuple[Page, float]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    began = time.perf_counter()
    page.goto(address)
    _until(page, f"(() => {{ const d = window.underglass?.describe('architecture'); return d && ({expression}) }})()")
    return page, time.perf_counter() - began


def _first(browser: Browser, address: str, expression: str) -> float:
    page, seconds = _opened(browser, address, expression)
    page.close()
    return seconds


def _opening(browser: Browser, address: str) -> float:
    page, _ = _opened(browser, address, "d.nodes.length > 0")
    began = time.perf_counter()
    page.locator('g.box[data-id="stage0"] rect.face').dblclick(force=True)
    state = "(() => { const d = window.underglass.describe('architecture'); return d.frames.length === 1 && !d.moving })()"
    _until(page, state)
    seconds = time.perf_counter() - began
    page.close()
    return seconds


def _until(page: Page, expression: str) -> None:
    end = time.perf_counter() + 120
    while not page.evaluate(expression):
        assert time.perf_counter() < end, expression
        page.wait_for_timeout(5)


@contextmanager
def netron_showing(graph: ModelGraph, path: Path) -> Iterator[str | None]:
    """The address at which Netron shows the graph as a file; None where it is not installed."""
    if importlib.util.find_spec("netron") is None:
        yield None
        return
    import netron

    as_onnx(graph, path)
    host, port = netron.serve(str(path), None, address=("127.0.0.1", 0))
    try:
        yield f"http://{host}:{port}"
    finally:
        netron.stop()


def _netron_once(browser: Browser, address: str, nodes: int) -> float:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())  # it asks a server where one lives
    context.add_cookies([{"name": "consent", "value": "1", "url": address}])  # else it waits for a button
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address)
    nodes_drawn = page.locator("g.node")  # counted in a world of its own: the page takes eval away
    end = began + 120
    while nodes_drawn.count() < nodes:
        assert time.perf_counter() < end, "Netron drew no graph within two minutes"
        page.wait_for_timeout(5)
    seconds = time.perf_counter() - began
    context.close()
    return seconds


def _row(capability: str, ours: float, peer: float | None, bar: float, note: str) -> dict[str, Any]:
    return {
        "capability": capability,
        "peer": "Netron" if peer is not None else "–",
        "ours": f"{ours:.3g} s",
        "peer_seconds": peer,
        "our_seconds": ours,
        "ratio": None if peer is None else peer / ours,
        "bar": f"≤ {bar:g} s",
        "met": ours <= bar,
        "note": note,
    }


if __name__ == "__main__":
    for one in run():
        print(one)
