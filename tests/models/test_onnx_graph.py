"""Is the graph of an ONNX model what its file says: shapes, weights, products, and nothing that was folded?"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason='needs onnx: pip install "underglass[onnx]"')

from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

import underglass as ug  # noqa: E402
from underglass.errors import ModelError, UnderglassError  # noqa: E402
from underglass.models.onnx_graph import read_graph  # noqa: E402

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
# By hand, from the layers' published shapes: convolutions (width, kernel, channels in a group, side of what they give) and
# dense layers (in, out).
VGG19 = (
    *[(64, 3, 3, 224), (64, 3, 64, 224), (128, 3, 64, 112), (128, 3, 128, 112), (256, 3, 128, 56), *[(256, 3, 256, 56)] * 3],
    *[(512, 3, 256, 28), *[(512, 3, 512, 28)] * 3, *[(512, 3, 512, 14)] * 4],
)
ALEXNET = ((96, 11, 3, 54), (256, 5, 48, 26), (384, 3, 256, 12), (384, 3, 192, 12), (256, 3, 192, 12))


def products(convolutions, dense):
    return sum(w * k * k * c * side * side for w, k, c, side in convolutions) + sum(a * b for a, b in dense)


def model(nodes, inputs, outputs, weights=(), **options):
    given = [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights]
    graph = helper.make_graph(nodes, "net", given, results, tensors)
    opsets = [helper.make_opsetid("", options.pop("opset", 17)), *options.pop("domains", [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **options)


def floats(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize("path", sorted(LIGHT.glob("*.onnx")), ids=lambda path: path.stem[6:])
def test_the_light_models_hold_the_weights_that_onnx_itself_makes(path):
    """Their weights are made by ConstantOfShape nodes, and their initialisers stand among the inputs."""
    file = onnx.load(path)
    made = {}
    constants = {one.name: numpy_helper.to_array(one) for one in file.graph.initializer}
    for node in file.graph.node:
        if node.op_type == "ConstantOfShape":
            made[node.output[0]] = int(np.prod(constants[node.input[0]]))
    used = {name for node in file.graph.node for name in node.input}
    plain = {one.name: one.size for one in map(_named, file.graph.initializer) if one.kind == "f" and one.name in used}

    graph = read_graph(path)

    assert sum(one.parameters for one in graph.operations) == sum(made.values()) + sum(plain.values())
    kinds = [one.type for one in graph.operations]
    assert kinds.count("Input") == 1
    assert not {"ConstantOfShape", "Unsqueeze", "Shape"} & set(kinds)
    reached = {"data_0", "gpu_0/data_0"}
    computed = []
    for node in file.graph.node:
        if reached & set(node.input):
            reached.update(node.output)
            computed.append(node.op_type)
    assert kinds[1:] == computed
    assert all(isinstance(size, int) for one in graph.operations for shape in one.shapes for size in shape)
    assert graph.outputs == (graph.operations[-1].id,)


class _named:
    def __init__(self, tensor):
        value = numpy_helper.to_array(tensor)
        self.name, self.size, self.kind = tensor.name, value.size, value.dtype.kind


@pytest.mark.parametrize(
    ("name", "parameters", "count"),
    [
        ("vgg19", 143_667_240, products(VGG19, ((25088, 4096), (4096, 4096), (4096, 1000)))),
        ("bvlc_alexnet", 60_965_224, products(ALEXNET, ((9216, 4096), (4096, 4096), (4096, 1000)))),
        ("squeezenet", 1_235_496, None),
        ("resnet50", 25_557_032 + 2 * 26_560, None),
        ("inception_v1", 6_998_552, None),
        (
            "densenet121",
            7_978_856 + 4 * 41_824,
            None,
        ),  # normalisations with a scale and shift of their own before the learned ones
    ],
)
def test_parameters_and_products_are_the_papers(name, parameters, count):
    graph = read_graph(LIGHT / f"light_{name}.onnx")

    found = sum(one.parameters for one in graph.operations)
    assert found == parameters
    if count is not None:
        assert graph.multiply_adds == count


def test_shapes_are_those_that_run_on_the_way():
    path = LIGHT / "light_squeezenet.onnx"
    graph = read_graph(path)
    file = onnx.load(path)
    file.graph.output.extend(onnx.ValueInfoProto(name=name) for node in file.graph.node for name in node.output)
    session = pytest.importorskip("onnxruntime").InferenceSession(file.SerializeToString())
    names = [one.name for one in session.get_outputs()]
    run = {n: value.shape for n, value in zip(names, session.run(None, {"data_0": floats(1, 3, 224, 224)}), strict=True)}

    computed = [node for node in file.graph.node if node.op_type != "ConstantOfShape"]
    for node, operation in zip(computed, graph.operations[1:], strict=True):
        assert operation.shapes[0] == run[node.output[0]]
        assert operation.features == run[node.output[0]][1]


def test_constants_and_sizes_are_folded_and_weights_behind_them_counted():
    file = model(
        [
            helper.make_node("Constant", [], ["two"], value=numpy_helper.from_array(np.int64([2]))),
            helper.make_node("Transpose", ["w"], ["wt"], "turned", perm=[1, 0]),
            helper.make_node("MatMul", ["x", "wt"], ["y"], "dense"),
            helper.make_node("Shape", ["y"], ["s"]),
            helper.make_node("Slice", ["s", "zero", "one"], ["first"]),
            helper.make_node("Concat", ["first", "two", "rest"], ["to"], axis=0),
            helper.make_node("Reshape", ["y", "to"], ["z"], "split"),
        ],
        [("x", TensorProto.FLOAT, ["N", 4])],
        ["z"],
        [("w", floats(6, 4)), ("zero", np.int64([0])), ("one", np.int64([1])), ("rest", np.int64([-1]))],
    )

    free, fixed = read_graph(file), read_graph(file, (5, 4))

    assert [one.type for one in free.operations] == ["Input", "MatMul", "Reshape"]
    assert free.by_id["dense"].parameters == free.parameters == 24
    assert free.by_id["dense"].shapes == (("N", 6),)
    assert fixed.by_id["split"].shapes == ((5, 2, 3),)
    assert (free.multiply_adds, fixed.multiply_adds) == (24, 120)
    assert free.notes == ("sizes that may vary (N) count as 1 in multiply-adds",) or "?" in free.notes[0]
    assert [(edge.source, edge.target, edge.shape) for edge in fixed.connections] == [
        ("x", "dense", (5, 4)),
        ("dense", "split", (5, 6)),
    ]


def test_products_are_counted_by_hand():
    file = model(
        [
            helper.make_node("Conv", ["x", "k"], ["a"], "grouped", group=2, pads=[1, 1, 1, 1]),
            helper.make_node("ConvTranspose", ["a", "t"], ["b"], "up", strides=[2, 2]),
            helper.make_node("Einsum", ["q", "p"], ["e"], "einsum", equation="bhid,bhjd->bhij"),
            helper.make_node("LSTM", ["s", "W", "R"], ["l"], "lstm", hidden_size=7, direction="bidirectional"),
        ],
        [
            ("x", TensorProto.FLOAT, [2, 4, 8, 8]),
            ("q", TensorProto.FLOAT, [2, 3, 5, 16]),
            ("p", TensorProto.FLOAT, [2, 3, 9, 16]),
            ("s", TensorProto.FLOAT, [11, 2, 6]),
        ],
        ["b", "e", "l"],
        [("k", floats(6, 2, 3, 3)), ("t", floats(6, 5, 2, 2)), ("W", floats(2, 28, 6)), ("R", floats(2, 28, 7))],
    )

    counts = {one.id: one.multiply_adds for one in read_graph(file).operations}

    assert counts["grouped"] == 2 * 8 * 8 * 6 * 2 * 9
    assert counts["up"] == 2 * 8 * 8 * 6 * 5 * 4
    assert counts["einsum"] == 2 * 3 * 5 * 9 * 16
    assert counts["lstm"] == 11 * 2 * 2 * 4 * 7 * (6 + 7)


def test_one_graph_with_torch():
    """A residual block written in both: the same types of layers, shapes, parameters and products."""
    torch = pytest.importorskip("torch")
    from torch import nn

    from underglass.models.torch_graph import read_graph as read_torch

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.fc = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1), nn.Linear(8, 5)

        def forward(self, x):
            x = torch.relu(self.a(x))
            return self.fc((x + self.b(x)).mean((2, 3)))

    net = Block()
    weights = [(name, value.detach().numpy()) for name, value in net.named_parameters()]
    file = model(
        [
            helper.make_node("Conv", ["x", "a.weight", "a.bias"], ["1"], "a", pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["1"], ["2"], "relu"),
            helper.make_node("Conv", ["2", "b.weight", "b.bias"], ["3"], "b", pads=[1, 1, 1, 1]),
            helper.make_node("Add", ["2", "3"], ["4"], "add"),
            helper.make_node("ReduceMean", ["4"], ["5"], "mean", axes=[2, 3], keepdims=0),
            helper.make_node("Gemm", ["5", "fc.weight", "fc.bias"], ["6"], "fc", transB=1),
        ],
        [("x", TensorProto.FLOAT, [1, 3, 16, 16])],
        ["6"],
        weights,
    )

    ours, theirs = read_graph(file), read_torch(net, (1, 3, 16, 16))

    assert [one.id for one in ours.operations] == [one.id for one in theirs.operations]
    assert [(one.shapes, one.features, one.extent, one.parameters, one.multiply_adds) for one in ours.operations] == [
        (one.shapes, one.features, one.extent, one.parameters, one.multiply_adds) for one in theirs.operations
    ]
    assert {(edge.source, edge.target) for edge in ours.connections} == {
        (edge.source, edge.target) for edge in theirs.connections
    }


def test_modules_and_lines_that_an_exporter_kept_are_told():
    by_name = helper.make_node("Conv", ["x", "k"], ["a"], "/layer1/layer1.0/conv1/Conv")
    by_metadata = helper.make_node("Relu", ["a"], ["b"], "node_relu_1")
    for key, value in (
        ("pkg.torch.onnx.name_scopes", "['', 'layer1', 'layer1.0', 'layer1.0.act', 'relu']"),
        ("pkg.torch.onnx.class_hierarchy", "['Net', 'torch.nn.Sequential', 'net.Bottleneck', 'torch.nn.ReLU', 'aten.relu']"),
        (
            "pkg.torch.onnx.stack_trace",
            'File "site-packages/torch/x.py", line 3, in call\n File "/home/me/net.py", line 41, in forward',
        ),
    ):
        by_metadata.metadata_props.add(key=key, value=value)
    by_name.doc_string = "/home/me/net.py(40): forward\n/lib/site-packages/torch/nn/modules/module.py(12): _call_impl\n"
    file = model([by_name, by_metadata], [("x", TensorProto.FLOAT, [1, 3, 8, 8])], ["b"], [("k", floats(4, 3, 3, 3))])

    graph = read_graph(file)

    assert [one.path for one in graph.operations[1:]] == ["layer1.0.conv1.Conv", "layer1.0.act.node_relu_1"]
    assert [one.line for one in graph.operations[1:]] == ["net.py:40", "net.py:41"]
    assert graph.modules["layer1.0.act"] == "ReLU"
    assert list(graph.modules)[:3] == ["layer1", "layer1.0", "layer1.0.conv1"]


def test_weights_name_what_a_converter_numbered():
    graph = read_graph(LIGHT / "light_resnet50.onnx")

    assert graph.operations[1].id == "gpu_0/conv1"
    assert len({one.id for one in graph.operations}) == len(graph.operations)


def test_blocks_that_names_of_weights_tell_fold_as_modules_do():
    """ResNet-50 without a module in the file: the stages, widths and repeats of its paper's table."""
    figure = ug.figure(LIGHT / "light_resnet50.onnx")

    middle = []
    for width, more in ((256, 2), (512, 3), (1024, 5), (2048, 2)):
        middle += [("Block A", 1, width), ("Block B", more, width)]
    assert [(one.type, one.times, one.features) for one in figure.drawing.blocks] == [
        ("Input", 1, 3), ("Conv", 1, 64), ("MaxPool", 1, 64), *middle, ("AveragePool", 1, 2048), ("Gemm", 1, 1000),
    ]  # fmt: skip


def test_a_pool_inside_a_block_belongs_to_it_and_one_between_two_to_neither():
    paths = {one.id: one.path for one in read_graph(LIGHT / "light_inception_v1.onnx").operations}
    pools = [path for path in paths.values() if "MaxPool" in path or "AveragePool" in path]

    assert [path.partition(".")[0] for path in pools if "." in path] == [
        f"inception_{n}" for n in ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    ]
    assert len([path for path in pools if "." not in path]) == 5


def branch(name, kind):
    inner = [helper.make_node("Constant", [], [f"{name}_c"], value=numpy_helper.from_array(floats(1))),
             helper.make_node(kind, ["x", f"{name}_c"], [f"{name}_y"])]  # fmt: skip
    return helper.make_graph(inner, name, [], [helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, [1, 4])])


def test_if_and_loop_are_drawn_as_themselves_with_their_graphs_named():
    body = helper.make_graph(
        [helper.make_node("MatMul", ["h", "w"], ["h2"]), helper.make_node("Identity", ["c"], ["c2"])],
        "steps",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
            helper.make_tensor_value_info("h", TensorProto.FLOAT, [1, 4]),
        ],
        [
            helper.make_tensor_value_info("c2", TensorProto.BOOL, []),
            helper.make_tensor_value_info("h2", TensorProto.FLOAT, [1, 4]),
        ],
    )
    file = model(
        [
            helper.make_node("ReduceSum", ["x"], ["sum"], "sum", keepdims=0),
            helper.make_node("Greater", ["sum", "zero"], ["more"], "greater"),
            helper.make_node("If", ["more"], ["y"], "if", then_branch=branch("up", "Add"), else_branch=branch("down", "Sub")),
            helper.make_node("Loop", ["n", "", "y"], ["z"], "loop", body=body),
        ],
        [("x", TensorProto.FLOAT, [1, 4])],
        ["z"],
        [("zero", np.float32(0)), ("n", np.int64(3)), ("w", floats(4, 4))],
    )

    graph = read_graph(file)

    assert [one.type for one in graph.operations] == ["Input", "ReduceSum", "Greater", "If", "Loop"]
    assert graph.by_id["if"].details["then_branch"] == "up, 2 operations"
    assert ("x", "if") in {(edge.source, edge.target) for edge in graph.connections}, "its branches take x from outside"
    assert graph.by_id["loop"].parameters == 16, "its body takes the weight from outside"
    assert "steps, 2 operations" in ug.figure(file, hide=()).svg


def test_unknown_operations_are_kept_as_themselves():
    file = model(
        [
            helper.make_node("<b>Mish&</b>", ["x"], ["y"], "<i>m</i>", domain="my.domain"),
            helper.make_node("Relu", ["y"], ["z"], "relu"),
        ],
        [("x", TensorProto.FLOAT, [1, 4, 8, 8])],
        ["z"],
        domains=[helper.make_opsetid("my.domain", 1)],
    )

    graph = read_graph(file)
    svg = ug.figure(file).svg

    assert [one.type for one in graph.operations] == ["Input", "<b>Mish&</b>", "Relu"]
    assert graph.operations[1].details["domain"] == "my.domain"
    assert graph.operations[1].shapes == (("?",),)
    assert "the shapes of some operations are not known" in graph.notes
    assert "<b>" not in svg
    assert "&lt;b&gt;Mish&amp;&lt;/b&gt;" in svg


def test_several_inputs_by_place_and_by_name():
    file = model(
        [helper.make_node("Concat", ["a", "b"], ["y"], "both", axis=1)],
        [("a", TensorProto.FLOAT, ["N", "A"]), ("b", TensorProto.FLOAT, ["N", 5])],
        ["y"],
    )

    assert read_graph(file).by_id["a"].shapes == (("N", "A"),)
    for given in ([(2, 3), (2, 5)], {"b": (2, 5), "a": (2, 3)}):
        assert read_graph(file, given).by_id["both"].shapes == ((2, 8),)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 3, 224), "input 'x' has 4 axes, and the shape (1, 3, 224) has 3"),
        ((1, 5, 16, 16), "'conv' takes 3 channels, and (1, 5, 16, 16) come in: the model does not fit its input"),
        ((1, 3, 2, 16), "'conv' leaves nothing of (1, 3, 2, 16): the model does not fit its input"),
        ([(1, 3, 8, 8), (1, 3)], "2 shapes for 1 inputs: x: N × 3 × 16 × 16 float32"),
        ({"y": (1, 3, 8, 8)}, "no input named 'y'; its inputs are x"),
        ((1, -3, 8, 8), "is no shape; give whole numbers above 0"),
    ],
)
def test_a_shape_that_does_not_fit_is_said(shape, message):
    file = model(
        [helper.make_node("Conv", ["x", "k"], ["y"], "conv")],
        [("x", TensorProto.FLOAT, ["N", 3, 16, 16])],
        ["y"],
        [("k", floats(4, 3, 3, 3))],
    )

    with pytest.raises(ModelError, match=re.escape(message)):
        read_graph(file, shape)


def test_broken_files_are_said(tmp_path):
    whole = (LIGHT / "light_squeezenet.onnx").read_bytes()
    cases = {
        "cut.onnx": (whole[: len(whole) // 2], "cannot be read"),
        "text.onnx": (b"this is no model at all, only words", "cannot be read as ONNX"),
        "empty.onnx": (b"", "it holds no operation"),
    }
    for name, (data, message) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ModelError, match=message):
            read_graph(tmp_path / name)
    with pytest.raises(ModelError, match="is not there; an ONNX file was meant"):
        read_graph(tmp_path / "nowhere.onnx")
    loose = model([helper.make_node("Relu", ["nothing"], ["y"])], [("x", TensorProto.FLOAT, [1])], ["y"])
    with pytest.raises(
        ModelError, match="is broken: Relu 'y' takes 'nothing', which no input, weight or operation before it gives"
    ):
        read_graph(loose)


def test_the_model_given_stays_as_it_is():
    file = onnx.load(LIGHT / "light_squeezenet.onnx")
    before = file.SerializeToString(deterministic=True)

    read_graph(file, (1, 3, 224, 224))

    assert file.SerializeToString(deterministic=True) == before


def test_twenty_thousand_operations_are_read_and_said_to_be_too_many_to_draw():
    kinds = [helper.make_node("Abs" if i % 7 % 3 else "Exp", [f"t{i}"], [f"t{i + 1}"]) for i in range(20_000)]
    file = model(kinds, [("t0", TensorProto.FLOAT, [1, 8])], ["t20000"])

    graph = read_graph(file)

    assert len(graph.operations) == 20_001
    with pytest.raises(UnderglassError, match=r"the figure would have [\d,]+ glyphs"):
        ug.figure(file, hide=())


def test_the_reference_agrees_on_what_was_folded():
    """A mean over a constant grid, which ONNX's own reference computes and the graph only remembers by its shape."""
    file = model(
        [
            helper.make_node("Mul", ["grid", "grid"], ["squares"]),
            helper.make_node("ReduceMean", ["squares"], ["mean"], axes=[0], keepdims=1),
            helper.make_node("Add", ["x", "mean"], ["y"], "add"),
        ],
        [("x", TensorProto.FLOAT, [1, 6])],
        ["y"],
        [("grid", np.arange(12, dtype=np.float32).reshape(2, 6))],
    )

    graph = read_graph(file)

    assert [one.type for one in graph.operations] == ["Input", "Add"]
    assert graph.by_id["add"].shapes[0] == ReferenceEvaluator(file).run(None, {"x": floats(1, 6)})[0].shape
    assert graph.by_id["add"].parameters == 12
