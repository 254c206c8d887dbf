"""One small network in every framework, with the same weights: what torch gives is what all must give."""

from __future__ import annotations

import os
from collections import OrderedDict

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from underglass import models

CHANNELS, SIDE, UNITS, CLASSES = 2, 6, 4, 3
LAYERS = ("conv", "relu", "flatten", "fc")


def keras_on_torch():
    """Keras, on torch whatever the machine's own setting."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    return keras


def torch_net(ending=None):
    torch.manual_seed(0)
    layers = OrderedDict(
        conv=nn.Conv2d(CHANNELS, UNITS, 3),
        relu=nn.ReLU(),
        flatten=nn.Flatten(),
        fc=nn.Linear(UNITS * (SIDE - 2) ** 2, CLASSES),
    )
    if ending is not None:
        layers["ending"] = ending
    return nn.Sequential(layers).eval()


def onnx_net(ending=None, *, batch="N", side=SIDE, listed=False):
    """As `torch_net`; ``listed`` names the initialisers among the inputs, as old files do."""
    net = torch_net()
    weights = [numpy_helper.from_array(value.detach().numpy(), name) for name, value in net.named_parameters()]
    nodes = [
        helper.make_node("Conv", ["image", "conv.weight", "conv.bias"], ["a"], "conv"),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("Flatten", ["b"], ["c"], "flatten"),
        helper.make_node("Gemm", ["c", "fc.weight", "fc.bias"], ["logits"], "fc", transB=1),
    ]
    output = "logits"
    if ending is not None:
        nodes.append(helper.make_node(ending, ["logits"], ["scores"], "ending"))
        output = "scores"
    given = [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, CHANNELS, side, side])]
    if listed:
        given += [helper.make_tensor_value_info(one.name, TensorProto.FLOAT, list(one.dims)) for one in weights]
    results = [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, CLASSES])]
    graph = helper.make_graph(nodes, "small", given, results, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def keras_net(ending=None):
    """As `torch_net`, on pictures with their channels last."""
    keras = keras_on_torch()
    given = keras.Input((SIDE, SIDE, CHANNELS), name="image")
    x = keras.layers.Conv2D(UNITS, 3, name="conv")(given)
    x = keras.layers.Flatten(name="flatten")(keras.layers.ReLU(name="relu")(x))
    x = keras.layers.Dense(CLASSES, name="fc")(x)
    net = keras.Model(given, keras.layers.Activation(ending, name="ending")(x) if ending else x, name="small")
    net.set_weights(as_keras(torch_net()))
    return net


def as_keras(net):
    """The weights of `torch_net` in the order of axes and layers of `keras_net`."""
    conv, fc = net.conv, net.fc
    within = SIDE - 2
    dense = fc.weight.detach().numpy().reshape(CLASSES, UNITS, within, within).transpose(2, 3, 1, 0).reshape(-1, CLASSES)
    kernel = conv.weight.detach().numpy().transpose(2, 3, 1, 0)
    return [kernel, conv.bias.detach().numpy(), dense, fc.bias.detach().numpy()]


class Subject:
    """A framework under test: makes its networks, models and pictures."""

    def __init__(self, framework):
        self.framework = framework

    def net(self, ending=None):
        if self.framework == "torch":
            return torch_net({None: None, "softmax": nn.Softmax(1)}[ending])
        return keras_net(ending) if self.framework == "keras" else onnx_net({None: None, "softmax": "Softmax"}[ending])

    def model(self, net=None, **options):
        return getattr(models, self.framework)(self.net() if net is None else net, **options)

    def images(self, n=5, side=SIDE, kind=np.float32, channels=CHANNELS):
        pictures = np.random.default_rng(0).normal(size=(n, channels, side, side)).astype(kind)
        return list(pictures.transpose(0, 2, 3, 1) if self.framework == "keras" else pictures)

    def as_torch(self, raw):
        batch = torch.tensor(np.stack(raw), dtype=torch.float32)
        return batch.permute(0, 3, 1, 2) if self.framework == "keras" else batch

    def oracle(self, raw):
        """Layer → (n, units, …space) as torch computes it; the flattened values in this framework's order."""
        net, seen = torch_net(), {}
        for name in LAYERS:
            net.get_submodule(name).register_forward_hook(lambda m, i, o, name=name: seen.__setitem__(name, o.numpy()))
        with torch.no_grad():
            net(self.as_torch(raw))
        if self.framework == "keras":
            seen["flatten"] = seen["relu"].transpose(0, 2, 3, 1).reshape(len(raw), -1)
        return seen


def linear(framework, inputs=2, outputs=3):
    """A linear layer on rows, with weights counted up."""
    weights = np.arange(inputs * outputs, dtype=np.float32).reshape(outputs, inputs) / 10
    if framework == "torch":
        net = nn.Linear(inputs, outputs, bias=False)
        net.weight.data = torch.tensor(weights)
        return net.eval()
    if framework == "keras":
        keras = keras_on_torch()
        net = keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(outputs, use_bias=False, name="fc")])
        net.set_weights([weights.T])
        return net
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], "fc")],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", outputs])],
        [numpy_helper.from_array(np.ascontiguousarray(weights.T), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def state(framework, net):
    """Everything of a network that looking at it must leave alone."""
    if framework == "torch":
        modes = [module.training for module in net.modules()]
        return modes, [value.clone() for value in net.state_dict().values()], [len(m._forward_hooks) for m in net.modules()]
    if framework == "keras":
        layers = [net, *net._flatten_layers(include_self=False)]
        nodes = [(len(one._inbound_nodes), len(one._outbound_nodes), "call" in one.__dict__, one.trainable) for one in layers]
        return nodes, [torch.tensor(value) for value in net.get_weights()], [str(one.value.device) for one in net.weights]
    return [], [torch.tensor(list(net.SerializeToString()))], [onnx.__version__]


def same_state(one, two):
    return one[0] == two[0] and all(torch.equal(a, b) for a, b in zip(one[1], two[1], strict=True)) and one[2] == two[2]
