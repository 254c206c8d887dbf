"""Does a model file of another framework go through the whole product: capture, patterns, units, projection, open, figure?"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from typer.testing import CliRunner

pytest.importorskip("onnxruntime", reason='needs onnxruntime: pip install "underglass[onnx]"')
pytest.importorskip("h5py", reason='needs keras: pip install "underglass[keras]"')

import onnx
from onnx import TensorProto, helper, numpy_helper
from tests.models.frameworks import keras_on_torch

import underglass as ug
from underglass import models
from underglass.architecture.layers import operations_of_layers
from underglass.errors import LayerError, ModelError
from underglass.hosts.command_line import app
from underglass.views import attribution_results, feature_images, unit_details

SIDE, SHADES = 12, ("circle", "square", "stripes")
MEAN, STD = (0.5, 0.4, 0.3), (0.25, 0.2, 0.3)
PREPARE = models.pictures(SIDE, mean=MEAN, std=STD)


def run(*words):
    result = CliRunner().invoke(app, [str(one) for one in words], env={"COLUMNS": "160", "NO_COLOR": "1"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, " ".join(result.stderr.split())


def shape(kind, random):
    """A picture of noise with one of three forms in it, bytes (12, 12, 3)."""
    pixels = random.integers(0, 90, (SIDE, SIDE, 3)).astype(np.uint8)
    y, x = np.mgrid[:SIDE, :SIDE]
    cy, cx = random.integers(4, 8, 2)
    form = {0: (y - cy) ** 2 + (x - cx) ** 2 < 10, 1: (abs(y - cy) < 3) & (abs(x - cx) < 3), 2: (y + cy) % 3 == 0}[kind]
    pixels[form] = 160 + 30 * random.integers(0, 3, 3)
    return pixels


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    place = tmp_path_factory.mktemp("files") / "photos"
    random = np.random.default_rng(0)
    for kind, name in enumerate(SHADES):
        (place / name).mkdir(parents=True)
        for number in range(20):
            Image.fromarray(shape(kind, random)).save(place / name / f"{number:02d}.png")
    return place


@pytest.fixture(scope="module")
def trained():
    """A small network that has learned the three forms, in torch."""
    torch.manual_seed(0)
    random = np.random.default_rng(1)
    kinds = random.integers(0, 3, 300)
    x = torch.tensor(np.stack([PREPARE(shape(kind, random)) for kind in kinds]))
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 3)
    )
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), torch.tensor(kinds)).backward()
        optimizer.step()
    return net.eval()


@pytest.fixture(scope="module")
def onnx_file(trained, tmp_path_factory):
    """The trained network as a file that somebody else might send: nodes without names, a batch of any size."""
    weights = {name: value.detach().numpy() for name, value in trained.state_dict().items()}
    nodes = [
        helper.make_node("Conv", ["image", "0.weight", "0.bias"], ["1"]),
        helper.make_node("Relu", ["1"], ["2"]),
        helper.make_node("MaxPool", ["2"], ["3"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["3", "3.weight", "3.bias"], ["4"]),
        helper.make_node("Relu", ["4"], ["5"]),
        helper.make_node("Flatten", ["5"], ["6"]),
        helper.make_node("Gemm", ["6", "6.weight", "6.bias"], ["logits"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "forms",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    path = tmp_path_factory.mktemp("onnx") / "forms.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture(scope="module")
def keras_net():
    """A small Keras network with a model inside, trained on the same forms, on bytes it scales itself."""
    keras = keras_on_torch()
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(1)
    kinds = random.integers(0, 3, 300)
    x = np.stack([shape(kind, random) for kind in kinds]).astype(np.float32)
    block = keras.Sequential(
        [
            keras.Input((10, 10, 8)),
            keras.layers.MaxPooling2D(name="pool"),
            keras.layers.Conv2D(12, 3, activation="relu", name="conv"),
        ],
        name="block",
    )
    given = keras.Input((SIDE, SIDE, 3), name="image")
    y = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(given)
    y = block(keras.layers.Conv2D(8, 3, activation="relu", name="stem")(y))
    net = keras.Model(given, keras.layers.Dense(3, activation="softmax", name="head")(keras.layers.Flatten()(y)), name="forms")
    net.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    net.fit(x, kinds, epochs=8, batch_size=50, verbose=0)
    return net


def pictures_of(case):
    return [np.asarray(one) for one in case._dataset().load(range(len(case.folder.instances)))]


def same(found, expected):
    """Stored as halves: three digits; the comparison to the framework itself is made before that."""
    return np.abs(found - expected).max() <= 1e-3 * max(1.0, np.abs(expected).max())


def test_an_onnx_file_goes_through_with_torchs_own_numbers(onnx_file, photos, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ("--mean", "0.5,0.4,0.3", "--std", "0.25,0.2,0.3")

    code, out, err = run("capture", onnx_file, photos, *options, "--out", "forms.case", "--layers", "*")
    assert code == 0, err
    assert "pictures as 12 × 12 × 3, bytes divided by 255, less mean 0.5, 0.4, 0.3, by deviation 0.25, 0.2, 0.3" in err

    model = models.load(onnx_file, mean=MEAN, std=STD)
    with ug.Case.open("forms.case") as case:
        raw = pictures_of(case)
        batch = torch.tensor(np.stack([PREPARE(one) for one in raw]))
        with torch.no_grad():
            layers = [batch]
            for part in trained:
                layers.append(part(layers[-1]))
        names = [one.name for one in model.layers(raw[:1])]
        forward = model.forward(raw, names, ["max", "mean"])
        for name, value in zip(names, layers[1:], strict=True):
            value = value.flatten(2).numpy() if value.ndim > 2 else value.numpy()[..., None]
            np.testing.assert_allclose(forward.pooled[name, "max"], value.max(2), rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(forward.pooled[name, "mean"], value.mean(2), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(forward.logits, layers[-1].numpy(), rtol=1e-5, atol=1e-5)
        assert [one.name for one in case.model.record.layers] == names
        assert same(case.activations(names[0], "mean"), forward.pooled[names[0], "mean"])
        assert np.array_equal(case.predictions(), layers[-1].argmax(1).numpy())
        assert case.model.record.accuracy_captured > 0.8

        graph = case.model_graph()
        assert operations_of_layers(graph, names) == {name: name for name in names}
        assert graph.operations[0].shapes == ((1, 3, SIDE, SIDE),)
        assert graph.parameters == 1427
        case.attach(model, ug.datasets.image_folder(photos))
        unit = case.views["units"].calls["unit"](case, layer=names[0], unit=2)
        assert unit["picture"]["blocked"].startswith("pictures of units need gradients, which are taken on torch modules")
        assert unit["strongest"][0]["value"] == pytest.approx(float(forward.pooled[names[0], "mean"][:, 2].max()), rel=2e-3)
        found = case.patterns(names[3], min_size=5)
        assert len(found.persistence) >= 1
        case.projection(names[3])
        assert {"pattern", "x", "y"} <= {one["name"].split(".")[0] for one in case.serving.columns()}

    code, out, err = run("check", onnx_file, photos, *options)
    assert code == 0
    assert "forms: ONNX, 1,427 parameters" in out
    assert json.loads(json.dumps(case.folder.model("forms").record.factory)).endswith("--mean 0.5,0.4,0.3 --std 0.25,0.2,0.3")


def test_what_needs_torch_says_so_of_other_models(onnx_file, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = ug.datasets.image_folder(photos)
    with ug.Case.create("forms.case", data) as case:
        case.capture(models.load(onnx_file, mean=MEAN, std=STD))
        folder = case.model
        layer = folder.record.layers[0].name

        reason = "on torch modules, and the attached model is an ONNX file, which is run forwards only and gives no gradients."
        assert attribution_results.blocked(case, folder) == f"influence is measured {reason}"
        assert feature_images.blocked(case, folder) == f"pictures of units need gradients, which are taken {reason}"
        crops = unit_details._no_crops(case, layer, folder.name, 3)
        assert crops == f"The crop of the peak needs gradients, which are taken {reason}"
        with pytest.raises(LayerError, match="pictures of units need gradients, which are taken on torch modules"):
            case.feature_visualization(layer, [0])
        graph = case.attribution_graph("label = 'circle'", [one.name for one in folder.record.layers])
        assert len(graph.nodes) > 0, "the units alone come back"


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_keras_file_goes_through_with_keras_own_numbers(ending, keras_net, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keras = keras_on_torch()
    keras_net.save(f"forms{ending}")

    code, _, err = run(
        "capture", f"forms{ending}", photos, "--layers", "stem,block.conv,head", "--classes", "circle,square,stripes"
    )
    assert code == 0, err
    assert "pictures as 12 × 12 × 3, bytes 0 to 255" in err, "it scales bytes itself"

    model = models.load(f"forms{ending}")
    with ug.Case.open("photos.case") as case:
        raw = pictures_of(case)
        batch = np.stack(raw).astype(np.float32)
        outer = keras.Model(keras_net.inputs, keras_net.get_layer("stem").output)
        stem = outer.predict(batch, verbose=0)
        conv = keras_net.get_layer("block").predict(stem, verbose=0)
        forward = model.forward(raw, ["stem", "block.conv", "block"], ["max", "mean"])
        for name, value in (("stem", stem), ("block.conv", conv), ("block", conv)):
            assert np.abs(forward.pooled[name, "max"] - value.max((1, 2))).max() < 1e-5
            assert np.abs(forward.pooled[name, "mean"] - value.mean((1, 2))).max() < 1e-5
        assert np.abs(model.maps(raw[:3], "block.conv") - conv[:3].transpose(0, 3, 1, 2)).max() < 1e-5
        assert np.abs(forward.probabilities - keras_net.predict(batch, verbose=0)).max() < 1e-5
        assert forward.logits is None
        assert same(case.activations("block.conv", "mean"), conv.mean((1, 2)))
        assert case.model.record.accuracy_captured > 0.8
        assert case.patterns("block.conv", min_size=5).persistence.size >= 1
        graph = case.model_graph()
        assert list(operations_of_layers(graph, ["stem", "block.conv", "head"])) == ["stem", "block.conv", "head"]
        assert graph.by_id["stem"].multiply_adds == 100 * 27 * 8
        case.attach(model)


def test_figures_of_files(onnx_file, keras_net, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keras_net.save("forms.keras")

    code, out, _ = run("figure", onnx_file, "-o", "a.pdf")
    assert (code, "1,427 parameters" in out) == (0, True)
    code, out, _ = run("figure", "forms.keras", "-o", "b.svg")
    assert (code, f"{keras_net.count_params():,} parameters" in out) == (0, True)
    assert ug.figure("forms.keras").graph.operations == ug.figure(keras_net).graph.operations


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing.onnx", "photos"), "'nothing.onnx' is not there; an ONNX file was meant"),
        (("text.onnx", "photos"), "'text.onnx' cannot be read as ONNX"),
        (("text.keras", "photos"), "'text.keras' cannot be read as a Keras model"),
        (("text.h5", "photos"), "'text.h5' cannot be read as a Keras model"),
        (("forms.onnx", "photos", "--mean", "a,b"), "--mean is 'a,b'; write numbers with commas"),
        (("forms.onnx", "photos", "--mean", "0.5,0.5"), "mean has 2 numbers for 3 channels"),
        (("forms.onnx", "photos", "--std", "0"), "a deviation is above 0"),
        (("forms.onnx", "photos", "--input-shape", "1,3,8,8"), "input_shape is (1, 3, 8, 8), and the model takes image"),
        (("forms.onnx", "photos", "--classes", "a,b"), "the model gives 3 values an instance, but"),
        (("forms.onnx", "photos", "--gives", "logit"), "no output named 'logit'; did you mean 'logits'"),
        (("forms.onnx",), "gives a model alone; say where the data are"),
        (("my:make", "photos", "--mean", "0"), "--mean 0 is for model files; my:make is a function"),
    ],
)
def test_mistakes_are_said_and_nothing_is_left(words, message, onnx_file, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("text.onnx", "text.keras", "text.h5"):
        (tmp_path / name).write_text("no model")
    (tmp_path / "photos").symlink_to(photos)
    (tmp_path / "forms.onnx").symlink_to(onnx_file)

    code, _, err = run("capture", *words, "--out", "x.case")

    assert code == 1
    assert message in err
    assert "Traceback" not in err


def test_a_model_of_any_size_asks_for_one(tmp_path):
    kernel = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "k")
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "k"], ["a"]), helper.make_node("GlobalAveragePool", ["a"], ["y"])],
        "free",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [kernel],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "free.onnx")

    with pytest.raises(ModelError, match=r"free takes pictures of any size .* say which: input_shape, such as 1,3,224,224"):
        models.load(tmp_path / "free.onnx")
    model = models.load(tmp_path / "free.onnx", input_shape=(1, 3, 20, 10), scale=1)
    assert model.forward([np.zeros((30, 30, 3), np.uint8)]).logits.shape == (1, 4)
    assert model.preprocess(np.zeros((30, 30), np.uint8)).shape == (3, 20, 10)


def test_a_file_made_for_batches_of_one_size_is_run_in_pieces():
    from tests.models.frameworks import Subject, onnx_net

    subject = Subject("onnx")
    raw = subject.images(7)
    values = subject.oracle(raw)

    model = models.onnx(onnx_net(batch=3, listed=True))
    forward = model.forward(raw, ["conv"], ["mean"])

    assert model.fixed_batch == 3
    assert np.abs(forward.logits - values["fc"]).max() < 1e-5
    assert np.abs(forward.pooled["conv", "mean"] - values["conv"].mean((2, 3))).max() < 1e-5
    assert np.abs(model.maps(raw, "conv", 1) - values["conv"][:, 1:2]).max() < 1e-5
