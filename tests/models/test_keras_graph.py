"""Is the graph of a Keras model what Keras itself says of it?"""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("h5py", reason='needs keras: pip install "underglass[keras]"')

from tests.models.frameworks import keras_on_torch, same_state, state

keras = keras_on_torch()
layers = keras.layers

import underglass as ug  # noqa: E402
from underglass.errors import ModelError  # noqa: E402
from underglass.models.keras_graph import read_graph  # noqa: E402


@pytest.fixture(scope="module")
def mobilenet():
    return keras.applications.MobileNetV2(weights=None)


def edges(graph):
    return {(edge.source, edge.target) for edge in graph.connections}


def test_mobilenet_v2_is_its_papers_network(mobilenet):
    """Sandler et al. 2018, table 2: expansion, channels, repeats and strides of each stage; 300 M products, 3.5 M parameters."""
    graph = read_graph(mobilenet)

    products, channels, side = 112 * 112 * 32 * 27, 32, 112
    for expansion, width, repeats, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for i in range(repeats):
            inner = channels * expansion
            products += side * side * channels * inner if expansion > 1 else 0
            side //= stride if i == 0 else 1
            products += side * side * inner * (9 + width)
            channels = width
    products += 7 * 7 * 320 * 1280 + 1280 * 1000
    assert graph.multiply_adds == products == 300_774_272
    assert graph.parameters == sum(one.parameters for one in graph.operations) == mobilenet.count_params() == 3_538_984
    assert graph.reason == ""


def test_operations_shapes_and_connections_are_those_keras_has_written_down(mobilenet):
    graph = read_graph(mobilenet)
    config = mobilenet.get_config()["layers"]

    theirs = set()
    for one in config:
        for argument in re.findall(r"'keras_history': \['([^']+)'", str(one["inbound_nodes"])):
            theirs.add((argument, one["name"]))
    assert edges(graph) == theirs
    for one in graph.operations[1:]:
        shape = mobilenet.get_layer(one.id).output.shape
        assert one.shapes == (("N", *shape[1:]),)
        assert one.features == shape[-1]
        assert one.extent == tuple(shape[1:-1])
        assert one.type == type(mobilenet.get_layer(one.id)).__name__


def test_blocks_that_names_tell_are_modules(mobilenet):
    graph = read_graph(mobilenet)

    assert graph.by_id["block_2_add"].path == "block_2.block_2_add"
    assert graph.modules["block_2"] == "Block"
    assert graph.by_id["Conv1"].path == "Conv1"


def test_another_size_of_input_is_computed_anew():
    net = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(None, None, 3), alpha=0.35)

    free, fixed = read_graph(net), read_graph(net, (2, 96, 96, 3))

    assert free.operations[0].shapes == (("N", "?", "?", 3),)
    assert free.operations[-1].shapes == (("N", "?", "?", 1280),)
    assert fixed.operations[-1].shapes == ((2, 3, 3, 1280),)
    assert net.compute_output_shape((2, 96, 96, 3)) == (2, 3, 3, 1280)


def nested():
    inner = keras.Sequential(
        [keras.Input((8, 8, 4)), layers.Conv2D(4, 3, padding="same", name="conv"), layers.ReLU(name="act")], name="block"
    )
    given = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="stem")(given)
    y = inner(x)
    z = inner(layers.Add(name="sum")([x, y]))
    pooled = layers.GlobalAveragePooling2D(name="pool")(z)
    return keras.Model(given, layers.Dense(5, name="head")(pooled), name="nested")


def test_models_inside_models_are_walked_into_and_shared_weights_counted_once():
    net = nested()

    graph = read_graph(net)

    assert [one.id for one in graph.operations] == [
        "image", "stem", "block.conv", "block.act", "sum", "block.conv:1", "block.act:1", "pool", "head",
    ]  # fmt: skip
    assert {("stem", "block.conv"), ("block.act", "sum"), ("stem", "sum"), ("sum", "block.conv:1")} <= edges(graph)
    assert graph.by_id["block.conv:1"].parameters == 0
    assert graph.by_id["block.conv:1"].details["weights"] == "those of block.conv"
    assert graph.parameters == net.count_params() == sum(one.parameters for one in graph.operations)
    assert graph.modules["block"] == "Sequential"
    assert graph.outputs == ("head",)


@pytest.mark.parametrize(
    ("make", "shape", "count"),
    [
        (lambda: layers.Dense(7), (5, 4), 5 * 4 * 7),
        (lambda: layers.Conv1D(6, 3, padding="same"), (10, 4), 10 * 3 * 4 * 6),
        (lambda: layers.Conv2D(6, (3, 2), strides=2, padding="same", groups=2), (9, 8, 4), 5 * 4 * 3 * 2 * 2 * 6),
        (lambda: layers.Conv2DTranspose(6, 3, strides=2, padding="same"), (5, 5, 4), 25 * 9 * 4 * 6),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), (6, 6, 4), 36 * 9 * 4 * 2),
        (lambda: layers.SeparableConv2D(7, 3, padding="same"), (6, 6, 4), 36 * (9 * 4 + 4 * 7)),
        (lambda: layers.Conv3D(2, 3), (4, 4, 4, 3), 8 * 27 * 3 * 2),
        (lambda: layers.LSTM(7), (11, 6), 11 * 4 * 7 * (6 + 7)),
        (lambda: layers.GRU(7, return_sequences=True), (11, 6), 11 * 3 * 7 * (6 + 7)),
        (lambda: layers.SimpleRNN(7), (11, 6), 11 * 7 * (6 + 7)),
        (lambda: layers.Bidirectional(layers.LSTM(7)), (11, 6), 2 * 11 * 4 * 7 * (6 + 7)),
        (lambda: layers.TimeDistributed(layers.Dense(3)), (5, 4), 5 * 4 * 3),
        (lambda: layers.EinsumDense("abc,cd->abd", output_shape=(None, 9)), (5, 4), 5 * 4 * 9),
        (lambda: layers.BatchNormalization(), (6, 6, 4), 0),
    ],
)
def test_products_are_counted_by_hand(make, shape, count):
    net = keras.Sequential([keras.Input(shape), make()])

    graph = read_graph(net)

    assert graph.multiply_adds == count
    assert read_graph(net, (3, *shape)).multiply_adds == 3 * count
    assert graph.operations[-1].features == net.output_shape[-1]


def test_a_transformer_block_is_counted_by_hand():
    """Vaswani et al. 2017: four projections, scores, sums of values, and two dense layers on every word."""
    tokens = keras.Input((64,), dtype="int32", name="tokens")
    x = layers.Embedding(100, 32, name="embed")(tokens)
    a = layers.MultiHeadAttention(4, 8, name="attention")(x, x)
    x = layers.LayerNormalization(name="norm")(layers.Add(name="add")([x, a]))
    net = keras.Model(tokens, layers.Dense(32, name="down")(layers.Dense(128, activation="gelu", name="up")(x)))

    graph = read_graph(net)

    assert graph.by_id["attention"].multiply_adds == 64 * 4 * 32 * 32 + 4 * 64 * 64 * (8 + 8)
    assert graph.by_id["up"].multiply_adds == 64 * 32 * 128
    assert (graph.by_id["tokens"].features, graph.by_id["tokens"].extent) == (None, (64,))
    assert (graph.by_id["attention"].features, graph.by_id["attention"].extent) == (32, (64,))
    assert graph.by_id["up"].details["activation"] == "gelu"


def test_channels_first_is_read_as_such():
    net = keras.Sequential([keras.Input((3, 8, 8)), layers.Conv2D(6, 3, data_format="channels_first"), layers.ReLU()])

    graph = read_graph(net)

    assert [(one.features, one.extent) for one in graph.operations] == [(3, (8, 8)), (6, (6, 6)), (6, (6, 6))]


def test_several_inputs_and_outputs_by_name():
    a, b = keras.Input((4,), name="a"), keras.Input((5,), name="b")
    total = layers.Add(name="sum")([layers.Dense(6, name="left")(a), layers.Dense(6, name="right")(b)])
    net = keras.Model({"a": a, "b": b}, {"sum": total, "twice": total * 2})

    for shapes in (None, {"b": (2, 5), "a": (2, 4)}, [(2, 4), (2, 5)]):
        graph = read_graph(net, shapes)
        assert {("a", "left"), ("b", "right"), ("left", "sum"), ("right", "sum")} <= edges(graph)
        assert len(graph.outputs) == 2
    assert graph.by_id["sum"].shapes == ((2, 6),)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="subclassed")
        self.a, self.b, self.head = layers.Conv2D(4, 3), layers.Conv2D(4, 1), layers.Dense(3)

    def call(self, x):
        x = keras.ops.relu(self.a(x))
        return self.head(keras.ops.mean(x + self.b(x), axis=(1, 2)))


class Deciding(Subclassed):
    def call(self, x):
        if float(keras.ops.sum(x)) > 1:
            return self.head(keras.ops.mean(self.b(self.a(x)), axis=(1, 2)))
        return self.head(keras.ops.mean(self.a(x), axis=(1, 2)))


def built(net, shape=(1, 8, 8, 3)):
    net(np.ones(shape, np.float32))
    return net


def test_a_subclassed_model_is_read_by_calling_it_without_values_and_left_as_it_was():
    net = built(Subclassed())
    before = state("keras", net)

    graph = read_graph(net, (1, 8, 8, 3))

    kinds = [one.type for one in graph.operations]
    assert kinds == ["Input", "Conv2D", "Relu", "Conv2D", "Add", "Mean", "Dense"]
    assert graph.multiply_adds == 36 * 27 * 4 + 36 * 4 * 4 + 4 * 3
    assert graph.method == "called on tensors without values"
    assert same_state(before, state("keras", net))


def test_a_branch_on_values_is_run_on_zeros_and_the_reason_is_kept_with_its_line():
    net = built(Deciding())
    before = state("keras", net)

    graph = read_graph(net, (1, 8, 8, 3))

    assert [one.type for one in graph.operations] == ["Input", "Conv2D", "Dense"]
    assert "if float(keras.ops.sum(x)) > 1:" in graph.reason
    assert "its layers are drawn in the order they ran" in graph.reason
    assert graph.notes[0].endswith("parameters are used by no operation")
    assert same_state(before, state("keras", net))


def test_reading_leaves_a_functional_model_as_it_was():
    net = nested()
    before = state("keras", net)

    read_graph(net)
    read_graph(net, (2, 16, 16, 3))

    assert same_state(before, state("keras", net))


@keras.saving.register_keras_serializable("tests")
class Swirl(layers.Layer):
    """A layer of nobody's library."""

    def call(self, x):
        return x * 2

    def compute_output_shape(self, shape):
        return shape


def test_unknown_layers_and_markup_in_names_are_drawn_as_themselves():
    net = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="<b>&conv"), Swirl(name="swirl")], name="<i>net")

    svg = ug.figure(net, names=True).svg

    assert [one.type for one in read_graph(net).operations] == ["Input", "Conv2D", "Swirl"]
    assert "<b>" not in svg
    assert "<i>" not in svg
    assert "&lt;b&gt;&amp;conv" in svg


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (lambda: layers.Dense, None, "Dense; that is a class: call it first"),
        (lambda: 3, None, "needs a keras.Model, and this is int"),
        (
            lambda: keras.Sequential([layers.Dense(3)], name="bare"),
            None,
            "bare has no weights yet; call it once, or net.build(input_shape)",
        ),
        (nested, (1, 16, 16, 5), "the model does not fit an input of (1, 16, 16, 5): it takes image: ? × 16 × 16 × 3 float32"),
        (nested, (1, 16), "the model does not fit an input of (1, 16)"),
        (nested, (1, "x", 0, 3), "is no shape; give whole numbers above 0"),
        (nested, [(1, 16, 16, 3), (1, 3)], "2 shapes for 1 inputs"),
        (nested, {"picture": (1, 16, 16, 3)}, "shapes are given for picture; the model's inputs are image"),
        (lambda: built(Subclassed()), None, "subclassed does not say what it takes: input_shape="),
        (lambda: built(Subclassed()), (1, 8, 8, 4), "Subclassed fails on input (1, 8, 8, 4)"),
    ],
)
def test_what_cannot_be_read_is_said(make, shape, message):
    with pytest.raises(ModelError, match=re.escape(message)):
        read_graph(make(), shape)
