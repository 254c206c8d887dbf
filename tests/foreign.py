"""Photographs of two forms, and small ONNX and Keras networks for them: what somebody else's model file may look like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 12
FORMS = ("ring", "square")


def photos(folder: Path, each: int = 8) -> Path:
    """So many pictures of each form as files, (12, 12, 3) bytes."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    for kind, name in enumerate(FORMS):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            pixels = random.integers(0, 90, (SIDE, SIDE, 3)).astype(np.uint8)
            cy, cx = random.integers(4, 8, 2)
            inside = abs((y - cy) ** 2 + (x - cx) ** 2 - 10) < 5 if kind == 0 else (abs(y - cy) < 3) & (abs(x - cx) < 3)
            pixels[inside] = 160 + 30 * random.integers(0, 3, 3)
            Image.fromarray(pixels).save(folder / name / f"{number:02d}.png")
    return folder


def onnx_net():
    """A stem, a residual block and a head, named as exporters name them; a constant and its shape are computed in the graph."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(1)
    weights = {
        "stem.weight": random.normal(0, 0.3, (6, 3, 3, 3)),
        "stem.bias": random.normal(0, 0.1, 6),
        "block.conv.weight": random.normal(0, 0.3, (6, 6, 3, 3)),
        "head.weight": random.normal(0, 0.5, (2, 6)),
        "head.bias": np.zeros(2),
    }
    sizes = numpy_helper.from_array(np.array([0, -1], np.int64))
    nodes = [
        helper.make_node("Conv", ["image", "stem.weight", "stem.bias"], ["/stem/y"], "/stem/Conv"),
        helper.make_node("Relu", ["/stem/y"], ["/act/y"], "/act/Relu"),
        helper.make_node("Conv", ["/act/y", "block.conv.weight"], ["/block/conv/y"], "/block/conv/Conv", pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["/block/conv/y", "/act/y"], ["/block/sum"], "/block/Add"),
        helper.make_node("Relu", ["/block/sum"], ["/block/y"], "/block/act/Relu"),
        helper.make_node("GlobalAveragePool", ["/block/y"], ["/pool/y"], "/pool/GlobalAveragePool"),
        helper.make_node("Constant", [], ["/flat/sizes"], "/flat/Constant", value=sizes),
        helper.make_node("Reshape", ["/pool/y", "/flat/sizes"], ["/flat/y"], "/flat/Reshape"),
        helper.make_node("Gemm", ["/flat/y", "head.weight", "head.bias"], ["logits"], "/head/Gemm", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "forms",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(FORMS)])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def keras_net(keras):
    """A functional network with a model inside and a connection past it; it scales bytes itself."""
    keras.utils.set_random_seed(0)
    inner = keras.Input((10, 10, 6))
    block = keras.Model(
        inner,
        keras.layers.BatchNormalization(name="norm")(keras.layers.Conv2D(6, 3, padding="same", name="conv")(inner)),
        name="block",
    )
    given = keras.Input((SIDE, SIDE, 3), name="image")
    stem = keras.layers.Conv2D(6, 3, activation="relu", name="stem")(keras.layers.Rescaling(1 / 255, name="scale")(given))
    y = keras.layers.Add(name="add")([block(stem), stem])
    y = keras.layers.GlobalAveragePooling2D(name="pool")(keras.layers.ReLU(name="act")(y))
    return keras.Model(given, keras.layers.Dense(len(FORMS), activation="softmax", name="head")(y), name="forms")
