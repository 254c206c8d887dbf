"""Do Keras and ONNX models tell the weights of each operation, with the numbers of the framework's own readers?"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason='needs onnxruntime: pip install "underglass[onnx]"')

import onnx
from onnx import TensorProto, helper, numpy_helper
from tests.models.frameworks import keras_on_torch

from foreign import keras_net, onnx_net
from underglass.models.onnx_constants import analyse
from underglass.models.onnx_file import read_file
from underglass.models.onnx_graph import read_graph
from underglass.models.onnx_weights import weights_in


def told(file):
    """Operation → name → weight."""
    found: dict[str, dict] = {}
    for one in weights_in(read_file(file), analyse(file), read_graph(file).operations):
        found.setdefault(one.operation, {})[one.name] = one
    return found


def test_onnx_operations_hold_their_initialisers():
    file = onnx_net()
    found = told(file)
    values = {one.name: numpy_helper.to_array(one) for one in file.graph.initializer}

    assert {name: set(held) for name, held in found.items()} == {
        node.name.strip("/"): set(node.input) & set(values) for node in file.graph.node if set(node.input) & set(values)
    }
    for held in found.values():
        for name, one in held.items():
            assert one.shape == values[name].shape
            assert one.trained is None
            np.testing.assert_array_equal(one.read(), values[name])


def test_onnx_weights_that_the_graph_makes_or_hides():
    inner = helper.make_graph(
        [helper.make_node("Add", ["x", "deep"], ["deep_y"])],
        "inside",
        [],
        [helper.make_tensor_value_info("deep_y", TensorProto.FLOAT, [1, 4])],
        [numpy_helper.from_array(np.ones((1, 4), np.float32), "deep")],
    )
    nodes = [
        helper.make_node("ConstantOfShape", ["sizes"], ["made"], value=numpy_helper.from_array(np.float32([0.25]))),
        helper.make_node("Constant", [], ["written"], value=numpy_helper.from_array(np.arange(4, dtype=np.float32))),
        helper.make_node("MatMul", ["x", "made"], ["a"], "product"),
        helper.make_node("Add", ["a", "written"], ["b"], "shift"),
        helper.make_node("Mul", ["b", "brain"], ["c"], "scale"),
        helper.make_node("If", ["yes"], ["y"], "choice", then_branch=inner, else_branch=inner),
        helper.make_node("Add", ["c", "y"], ["z"], "end"),
    ]
    graph = helper.make_graph(
        nodes,
        "odd",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4]),
            helper.make_tensor_value_info("yes", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 4])],
        [
            numpy_helper.from_array(np.array([4, 4], np.int64), "sizes"),
            helper.make_tensor("brain", TensorProto.BFLOAT16, [4], np.float32([1, 2, 3, 4])),
        ],
    )
    found = told(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))

    np.testing.assert_array_equal(found["product"]["made"].read(), np.full((4, 4), 0.25))
    np.testing.assert_array_equal(found["shift"]["written"].read(), np.arange(4))
    np.testing.assert_array_equal(found["scale"]["brain"].read(), [1, 2, 3, 4])
    hidden = found["choice"]["y/then_branch/deep"]
    assert (hidden.shape, hidden.read()) == ((4,), None)
    assert "end" not in found


def test_keras_layers_hold_their_weights_with_moving_averages():
    from underglass import models
    from underglass.models import graphs

    keras = keras_on_torch()
    net = keras_net(keras)
    model = models.keras(net)
    graph = graphs.read_graph(net)
    found: dict[str, dict] = {}
    for one in model.weights_in(graph.operations):
        found.setdefault(one.operation, {})[one.name] = one

    assert {name: list(held) for name, held in found.items()} == {
        "stem": ["kernel", "bias"],
        "block.conv": ["kernel", "bias"],
        "block.norm": ["gamma", "beta", "moving_mean", "moving_variance"],
        "head": ["kernel", "bias"],
    }
    assert [one.trained for one in found["block.norm"].values()] == [True, True, False, False]
    inner = [one.value.detach().numpy() for one in net.get_layer("block").get_layer("conv").weights]
    np.testing.assert_array_equal(found["block.conv"]["kernel"].read(), inner[0])
    assert found["block.conv"]["kernel"].shape == inner[0].shape == (3, 3, 6, 6)
    assert sum(int(np.prod(one.shape)) for held in found.values() for one in held.values()) == net.count_params()


def test_the_model_itself_passes_onnx_own_checker():
    onnx.checker.check_model(onnx_net(), full_check=True)
