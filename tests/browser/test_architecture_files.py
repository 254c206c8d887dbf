"""Does a foreign model file, captured by the command, come out in Model graph, Figure, Units and Overview with its numbers?"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason='needs onnxruntime: pip install "underglass[onnx]"')

import onnx
from onnx import numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator
from typer.testing import CliRunner

import underglass as ug
from browser.describing import at_rest, describe, go_to, reload, settled, until
from browser.test_architecture import drawn, everything
from foreign import FORMS, keras_net, onnx_net, photos
from underglass import models
from underglass.case import Case
from underglass.hosts.command_line import app

HALVES = 2e-3
"""Activations are stored as halves."""


def captured(path, folder, *options):
    """What the command makes of a model file and a folder of pictures."""
    out = folder / "forms.case"
    result = CliRunner().invoke(app, ["capture", str(path), str(folder / "photos"), "--out", str(out), *options])
    assert result.exit_code == 0, result.stderr
    return out


def near(found, expected, label):
    """The rows of a matrix of units against the mean of each label's instances."""
    rows = {one["name"]: one["values"] for one in found["rows"] if one["values"]}
    for kind, name in enumerate(FORMS):
        np.testing.assert_allclose(rows[name], expected[label == kind].mean(0), rtol=HALVES, atol=HALVES)


def file_graph(file):
    """Operations that an input goes into, edges between them, and shapes, by onnx alone."""
    inferred = shape_inference.infer_shapes(file, data_prop=True).graph
    shapes = {
        one.name: [size.dim_value or 1 for size in one.type.tensor_type.shape.dim]
        for one in (*inferred.input, *inferred.value_info, *inferred.output)
    }
    maker = {one.name: one.name for one in file.graph.input}
    edges, gives = set(), {one.name: shapes[one.name] for one in file.graph.input}
    for node in file.graph.node:
        name = node.name.strip("/")
        taken = [maker[one] for one in node.input if one in maker]
        if taken:
            edges |= {(source, name) for source in taken}
            maker |= dict.fromkeys(node.output, name)
            gives[name] = shapes[node.output[0]]
    return gives, edges


def test_an_onnx_file_is_drawn_as_onnx_reads_it(tmp_path, serve_case, open_page):
    file = onnx_net()
    photos(tmp_path / "photos")
    onnx.save(file, tmp_path / "forms.onnx")
    case = Case.open(captured(tmp_path / "forms.onnx", tmp_path, "--layers", "*"))
    raw = [np.asarray(one) for one in case._dataset().load(range(len(case.folder.instances)))]
    address = serve_case(case)
    page = open_page(f"{address}#architecture?p.depth=3")
    found = everything(page, "d.depth === 1")

    gives, edges = file_graph(file)
    sizes = {one.name: int(np.prod(one.dims)) for one in file.graph.initializer}
    held = {node.name.strip("/"): sum(sizes.get(one, 0) for one in node.input) for node in file.graph.node}
    nodes = {one["id"]: one for one in found["nodes"]}
    assert set(nodes) == set(gives)
    assert {(one["from"], one["to"]) for one in found["edges"]} == edges
    assert {name: one["parameters"] for name, one in nodes.items()} == {name: held.get(name, 0) for name in gives}
    assert found["parameters"] == sum(sizes.values())
    assert found["shapes"] == {name: " × ".join(map(str, shape[1:])) for name, shape in gives.items() if name != "head/Gemm"}
    assert {name for name, one in nodes.items() if one["captured"] == "own"} == set(gives) - {"image"}
    assert nodes["block/conv/Conv"]["words"][0] == "conv/Conv", "what its frame says is not said again"
    conv = 10 * 10 * 6 * 27
    assert found["multiply_adds"] == conv + 2 * conv + 12, "3 × 3 kernels over 3 and 6 channels, at 10 × 10; and 6 × 2"

    page.locator('g.box[data-id="block/conv/Conv"] rect.face').click()
    card = drawn(page, "d.card?.weights?.why !== undefined && d.card.weights.why !== null")["card"]
    command = f"underglass open forms.case --model {tmp_path / 'forms.onnx'}"
    reason = f"Their numbers are not shown: the model is not attached: {command}."
    assert (card["weights"]["why"], card["weights"]["weights"]) == (reason, [])
    case.attach(models.load(tmp_path / "forms.onnx"), ug.datasets.image_folder(tmp_path / "photos"))
    reload(page)
    told = drawn(page, "d.card?.weights?.total === 1")["card"]["weights"]["weights"][0]
    kernel = numpy_helper.to_array(next(one for one in file.graph.initializer if one.name == "block.conv.weight"))
    assert (told["name"], told["shape"]) == ("block.conv.weight", "6 × 6 × 3 × 3")
    bins = np.histogram(kernel, 24, (kernel.min(), kernel.max()))[0]
    assert [n for n, _ in told["bars"]] == [n for n in bins if n]
    heights = np.array([height for _, height in told["bars"]])
    np.testing.assert_allclose(heights, np.maximum(1, 30 * bins[bins > 0] / bins.max()), rtol=1e-6)
    page.get_by_label("Colour by").select_option("time")
    assert page.get_by_role("button", name="Measure").is_disabled()
    until(page, "document.querySelector('.told').innerText.includes('the operations of a OnnxModel cannot be timed one by one')")

    batch = np.stack([one.astype(np.float32) / 255 for one in raw]).transpose(0, 3, 1, 2)
    watched = onnx.ModelProto()
    watched.CopyFrom(file)
    watched.graph.output.append(onnx.ValueInfoProto(name="/block/y"))
    logits, block = ReferenceEvaluator(watched).run(None, {"image": batch})
    label = np.asarray(case.labels())
    page.locator('g.box[data-id="block/act/Relu"] rect.face').click()
    drawn(page, "d.card?.id === 'block/act/Relu'")
    page.locator("aside").get_by_role("button", name="Units").click()
    settled(page)
    units = at_rest(page, "units")
    assert units["layer"] == "block/act/Relu"
    near(units, block.mean((2, 3)), label)

    go_to(page, "figure")
    until(page, "(window.underglass?.describe('figure')?.glyphs ?? []).length > 0")
    figure = describe(page, "figure")
    assert {one["id"] for one in figure["glyphs"]} == {
        node.name.strip("/") for node in file.graph.node if node.op_type in ("Conv", "Add", "GlobalAveragePool", "Gemm")
    } | {"image"}
    assert f"{sum(sizes.values())} parameters" in figure["sentence"]

    go_to(page, "overview")
    overview = at_rest(page, "overview")
    guess = logits.argmax(1)
    cells = {(a, b): n for a, b, n, _ in overview["confusion"]["cells"]}
    assert cells == {(a, b): int(((label == i) & (guess == j)).sum()) for i, a in enumerate(FORMS) for j, b in enumerate(FORMS)}
    assert dict(overview["about"]["facts"])["Model"].startswith("forms · 8 layers captured")


def test_a_keras_file_is_drawn_as_keras_reads_it(tmp_path, serve_case, open_page):
    pytest.importorskip("h5py", reason='needs keras: pip install "underglass[keras]"')
    from tests.models.frameworks import keras_on_torch

    keras = keras_on_torch()
    net = keras_net(keras)
    photos(tmp_path / "photos")
    net.save(tmp_path / "forms.keras")
    case = Case.open(captured(tmp_path / "forms.keras", tmp_path, "--layers", "stem,block.norm,head"))
    case.attach(models.load(tmp_path / "forms.keras"), ug.datasets.image_folder(tmp_path / "photos"))
    page = open_page(f"{serve_case(case)}#architecture?p.depth=1")
    found = everything(page, "d.depth === 1")

    block = net.get_layer("block")
    layers = {one.name: one for one in net.layers if one is not block} | {
        f"block.{one.name}": one for one in block.layers if not isinstance(one, keras.layers.InputLayer)
    }
    nodes = {one["id"]: one for one in found["nodes"]}
    assert {name: one["parameters"] for name, one in nodes.items()} == {name: one.count_params() for name, one in layers.items()}
    assert {name: one["type"] for name, one in nodes.items() if name != "image"} == {
        name: type(one).__name__ for name, one in layers.items() if name != "image"
    }
    chain = ["image", "scale", "stem", "block.conv", "block.norm", "add", "act", "pool", "head"]
    assert {(one["from"], one["to"]) for one in found["edges"]} == {*pairwise(chain), ("stem", "add")}
    assert found["shapes"] == {name: " × ".join(map(str, layers[name].output.shape[1:])) for name in chain[:-1]}, (
        "channels stand last, as Keras has them"
    )
    assert {name for name, one in nodes.items() if one["captured"] == "own"} == {"stem", "block.norm", "head"}

    page.locator("g.head", has_text="block").locator("text").click()
    told = drawn(page, "d.card?.weights?.total === 6")["card"]["weights"]["weights"]
    assert [(one["operation"], one["name"]) for one in told] == [
        ("block.conv", "kernel"),
        ("block.conv", "bias"),
        *(("block.norm", name) for name in ("gamma", "beta", "moving_mean", "moving_variance")),
    ]
    assert [one["spread"] for one in told[1:]] == ["all 0", "all 1", "all 0", "all 0; not trained", "all 1; not trained"]
    kernel = block.get_layer("conv").kernel.value.detach().numpy()
    bins = np.histogram(kernel, 24, (kernel.min(), kernel.max()))[0]
    assert sum(n for n, _ in told[0]["bars"]) == kernel.size
    assert max(n for n, _ in told[0]["bars"]) == pytest.approx(bins.max(), abs=1)
    assert told[0]["shape"] == "3 × 3 × 6 × 6"
