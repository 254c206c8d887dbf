"""Do the adapters of all frameworks answer the same questions alike, with the numbers of their framework?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("onnxruntime", reason='needs onnxruntime: pip install "underglass[onnx]"')
pytest.importorskip("h5py", reason='needs keras: pip install "underglass[keras]"')

from tests.models.frameworks import CLASSES, LAYERS, UNITS, Subject, linear, same_state, state

from underglass import capture
from underglass.case import Case
from underglass.datasets import arrays
from underglass.errors import LayerError, ModelError

POOLED = {
    "max": lambda x: x.max((2, 3)),
    "mean": lambda x: x.mean((2, 3)),
    "std": lambda x: x.std((2, 3)),
    "min": lambda x: x.min((2, 3)),
}


@pytest.fixture(params=["torch", "onnx", "keras"])
def subject(request):
    return Subject(request.param)


def test_layers_come_in_the_order_of_execution_with_their_units_and_shapes(subject):
    layers = {one.name: (one.units, one.shape) for one in subject.model().layers(subject.images())}

    assert list(layers) == list(LAYERS)
    assert layers["conv"] == (UNITS, (4, 4, UNITS) if subject.framework == "keras" else (UNITS, 4, 4))
    assert layers["fc"] == (CLASSES, (CLASSES,))


def test_weighted_layers_are_suggested_and_the_logits_are_not(subject):
    assert [one.name for one in subject.model().layers(subject.images()) if one.suggested] == ["conv"]


def test_outputs_and_probabilities_are_the_frameworks_own(subject):
    raw = subject.images()

    forward = subject.model().forward(raw)

    expected = torch.tensor(subject.oracle(raw)["fc"])
    assert np.abs(forward.logits - expected.numpy()).max() < 1e-5
    assert np.abs(forward.probabilities - torch.softmax(expected, 1).numpy()).max() < 1e-6


def test_looking_at_layers_does_not_change_the_outputs(subject):
    raw, model = subject.images(), subject.model()

    assert np.abs(model.forward(raw).logits - model.forward(raw, list(LAYERS), ["max"]).logits).max() < 1e-6


@pytest.mark.parametrize("pooling", list(POOLED))
def test_pooling_is_over_all_positions(subject, pooling):
    raw = subject.images()

    pooled = subject.model().forward(raw, ["conv", "relu"], [pooling]).pooled

    for layer in ("conv", "relu"):
        assert pooled[layer, pooling].dtype == np.float32
        assert np.abs(pooled[layer, pooling] - POOLED[pooling](subject.oracle(raw)[layer])).max() < 1e-5


def test_a_vector_is_its_own_pool(subject):
    raw = subject.images()

    pooled = subject.model().forward(raw, ["fc", "flatten"], ["max", "std"]).pooled

    assert np.abs(pooled["fc", "max"] - subject.oracle(raw)["fc"]).max() < 1e-5
    assert np.abs(pooled["flatten", "max"] - subject.oracle(raw)["flatten"]).max() < 1e-5
    assert (pooled["fc", "std"] == 0).all()


def test_maps_have_channels_second(subject):
    raw, model = subject.images(), subject.model()

    whole, single = model.maps(raw, "conv"), model.maps(raw, "conv", unit=2)

    assert np.abs(whole - subject.oracle(raw)["conv"]).max() < 1e-5
    assert np.array_equal(single, whole[:, 2:3])


def test_a_batch_in_pieces_gives_the_same(subject):
    raw, model = subject.images(), subject.model()

    alone = np.concatenate([model.forward([one], ["conv"], ["max"]).pooled["conv", "max"] for one in raw])

    assert np.abs(alone - model.forward(raw, ["conv"], ["max"]).pooled["conv", "max"]).max() < 1e-6


def test_the_network_is_left_as_it_was(subject):
    net, raw = subject.net(), subject.images()
    before = state(subject.framework, net)
    model = subject.model(net)

    model.forward(raw, ["conv"], ["max"])
    model.maps(raw, "relu")
    model.fingerprint(raw)
    with pytest.raises(ModelError):
        model.forward(subject.images(side=9), ["conv"], ["max"])

    assert same_state(before, state(subject.framework, net))


def test_an_unknown_layer_suggests_a_known_one(subject):
    with pytest.raises(LayerError, match=r"no layer named 'conv_1'; did you mean 'conv'\? Known: conv, relu, flatten, fc\."):
        subject.model().forward(subject.images(), ["conv_1"], ["max"])


def test_an_unknown_pooling_suggests_a_known_one(subject):
    with pytest.raises(LayerError, match=r"no pooling named 'maxx'; did you mean 'max'\? Known: max, mean, std, min\."):
        subject.model().forward(subject.images(), ["conv"], ["maxx"])


def test_a_unit_that_is_not_there_is_said(subject):
    with pytest.raises(LayerError, match="layer 'conv' has no unit 4; its units are 0 to 3"):
        subject.model().maps(subject.images(), "conv", unit=4)


def test_a_wrong_shape_is_said(subject):
    with pytest.raises(ModelError, match=r"the model cannot take the input \(5, .*9, .* float32"):
        subject.model().forward(subject.images(side=9))


def test_bytes_without_preprocessing_are_refused_rather_than_guessed(subject):
    with pytest.raises(ModelError, match=r"images of bytes, 0 to 255, and no preprocess was given"):
        subject.model().forward([np.zeros((6, 6, 2), np.uint8)])


def test_a_failing_preprocess_says_its_own_error_with_its_place(subject):
    def broken(image):
        raise KeyError("mean")

    with pytest.raises(ModelError, match=r"preprocess failed on .* KeyError: 'mean' \(test_conformance\.py, line \d+\)"):
        subject.model(preprocess=broken).forward(subject.images())


def test_shapes_that_cannot_be_stacked_are_said(subject):
    raw = [subject.images(1)[0], subject.images(1, side=7)[0]]

    with pytest.raises(ModelError, match=r"gives shape .* for instance 0 of the batch and .* for instance 1"):
        subject.model().forward(raw)


def test_texts_need_preprocessing(subject):
    with pytest.raises(ModelError, match="instances are texts and no preprocess was given"):
        subject.model().forward(["hello"])


def test_rows_of_features_need_none_and_a_missing_one_is_named(subject):
    model = subject.model(linear(subject.framework))

    forward = model.forward([{"age": 31, "ok": True}, {"age": 45, "ok": False}])

    assert np.allclose(forward.logits, np.array([[31, 1], [45, 0]]) @ np.array([[0, 0.2, 0.4], [0.1, 0.3, 0.5]]), atol=1e-5)
    with pytest.raises(ModelError, match="feature 'age' is missing in a row"):
        model.forward([{"age": None, "ok": True}])


def test_one_score_is_the_second_of_two_classes(subject):
    model = subject.model(linear(subject.framework, outputs=1), classes=["no", "yes"])
    raw = [np.float32([1, 30]), np.float32([0, -40])]

    forward = model.forward(raw)

    assert np.allclose(forward.probabilities[:, 1], 1 / (1 + np.exp([-3.0, 4.0])), atol=1e-6)
    assert np.allclose(forward.probabilities.sum(1), 1, atol=1e-6)


def test_numbers_of_another_type_become_the_models_own(subject):
    assert subject.model().forward(subject.images(kind=np.float64)).logits.dtype == np.float32


def test_what_is_not_finite_is_said(subject):
    raw = subject.images()
    raw[3] = raw[3] * np.nan

    with pytest.raises(ModelError, match=r"output is not finite \(NaN or infinite\) for instance 3 of the batch"):
        subject.model().forward(raw)


def test_another_count_of_classes_is_refused(subject):
    with pytest.raises(ModelError, match="the model gives 3 values an instance, but there are 2 classes"):
        subject.model(classes=["a", "b"]).forward(subject.images())


def test_logits_called_probabilities_are_refused(subject):
    with pytest.raises(ModelError, match=r"output='probabilities', but values go down to .* say output='logits'"):
        subject.model(output="probabilities").forward(subject.images())


def test_a_softmax_at_the_end_is_taken_as_probabilities(subject):
    options = {"output": "probabilities"} if subject.framework == "torch" else {}
    raw = subject.images()

    forward = subject.model(subject.net("softmax"), **options).forward(raw)

    assert forward.logits is None
    assert np.abs(forward.probabilities - torch.softmax(torch.tensor(subject.oracle(raw)["fc"]), 1).numpy()).max() < 1e-6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "logit"}, "no output named 'logit'; did you mean 'logits'"),
        ({"accuracy": 89}, "accuracy is 89; it is a share"),
    ],
)
def test_settings_that_cannot_be_are_refused(subject, options, message):
    with pytest.raises(ModelError, match=message):
        subject.model(**options)


def test_an_unknown_setting_suggests_a_known_one(subject):
    own = {"torch": ", channels_last", "onnx": ", providers", "keras": ""}[subject.framework]

    with pytest.raises(ModelError, match=f"no setting named 'clases'; did you mean 'classes'\\? Known: preprocess, .*name{own}"):
        subject.model(clases=["a", "b", "c"])


def test_what_is_no_model_is_refused(subject):
    with pytest.raises(ModelError, match=r"int|cannot be read"):
        subject.model(3 if subject.framework != "onnx" else b"three")


def test_the_same_computation_has_the_same_fingerprint_and_other_preprocessing_another(subject):
    raw = subject.images()
    first = subject.model().fingerprint(raw)

    assert first == subject.model(name="other").fingerprint(raw)
    assert first.differences(subject.model(preprocess=lambda x: x * 1.001).fingerprint(raw)) == [
        "preprocessing gives other inputs"
    ]


def test_other_weights_are_told(subject):
    raw = [np.float32([1, 2])]
    first, second = linear(subject.framework), linear(subject.framework)
    if subject.framework == "torch":
        second.weight.data[0, 0] += 1e-3
    elif subject.framework == "keras":
        second.set_weights([second.get_weights()[0] + 1e-3])
    else:
        second.graph.initializer[0].raw_data = (np.frombuffer(second.graph.initializer[0].raw_data, np.float32) + 1e-3).tobytes()

    before, after = (subject.model(net).fingerprint(raw) for net in (first, second))

    assert before.differences(after) == ["the weights are others"]


def test_random_preprocessing_is_an_error(subject):
    random = np.random.default_rng(0)

    with pytest.raises(ModelError, match="preprocess gave other values for the same 5 instances the second time"):
        subject.model(preprocess=lambda x: x + random.random(dtype=np.float32)).fingerprint(subject.images())


def test_gradients_are_the_slopes_of_finite_differences_or_plainly_refused(subject):
    raw, model = subject.images(2), subject.model()
    if subject.framework == "onnx":
        assert "is run forwards only, so it gives no gradients" in model.no_gradients
        with pytest.raises(ModelError, match="is run forwards only, so it gives no gradients"):
            model.input_gradients(raw, 1)
        return

    (slopes,) = model.input_gradients(raw, 1).values()

    assert model.no_gradients is None
    step, place = 1e-3, (2, 3, 1) if subject.framework == "keras" else (1, 2, 3)
    up, down = raw[0].copy(), raw[0].copy()
    up[place] += step
    down[place] -= step
    difference = model.forward([up]).logits[0, 1] - model.forward([down]).logits[0, 1]
    assert slopes[0][place] == pytest.approx(difference / (2 * step), abs=1e-3)
    with pytest.raises(ModelError, match="there is no output 7; the model gives 3"):
        model.input_gradients(raw, 7)


def test_threads_are_as_before(subject):
    model = subject.model()
    before = model.threads

    with model.on_threads(1):
        assert model.threads == 1
        model.forward(subject.images())

    assert model.threads == before


def test_a_capture_keeps_the_frameworks_own_numbers(subject, tmp_path):
    raw = np.stack(subject.images(20))
    data = arrays(raw, np.arange(20) % 3, classes=["a", "b", "c"])
    model = subject.model(classes=["a", "b", "c"], name="small")

    report = capture.check(data, model)
    with Case.create(tmp_path / "small.case", data) as case:
        folder = case.capture(model, layers=["conv", "fc"], batch_size=7)
        values = subject.oracle(list(raw))

        assert np.abs(folder.activations("conv", "mean").array() - values["conv"].mean((2, 3))).max() < 2e-3
        assert np.abs(folder.activations("conv", "max").array() - values["conv"].max((2, 3))).max() < 4e-3
        assert np.array_equal(case.predictions(), values["fc"].argmax(1))
        assert report.right == (values["fc"].argmax(1) == np.arange(20) % 3).sum()
        case.attach(subject.model(classes=["a", "b", "c"], name="small"))
        with pytest.raises(ModelError, match="this is not the model that was captured as 'small'"):
            case.attach(subject.model(preprocess=lambda x: x * 2, name="small"))


def test_a_model_says_its_framework_and_itself(subject):
    model = subject.model(name="small")

    assert model.framework == subject.framework
    assert repr(model).startswith("<small: ")
    assert f"{UNITS * 2 * 9 + UNITS + CLASSES * 64 + CLASSES} parameters" in repr(model)
