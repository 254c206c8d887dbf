"""Is a network looked into without changing it, and does it say what is wrong with it?"""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from underglass import models
from underglass.errors import LayerError, ModelError
from underglass.models import OutOfMemory
from underglass.models.torch_pooling import Axes, pool


def plain_forward(net, raw):
    """The oracle: evaluation mode, no gradients, nothing else."""
    again = copy.deepcopy(net).eval()
    with torch.no_grad():
        return again(torch.tensor(np.stack(raw)))


def values_at(net, raw, wanted):
    """The oracle for layers: each call's output, copied before anything can change it."""
    again, seen = copy.deepcopy(net).eval(), []
    again.get_submodule(wanted).register_forward_hook(lambda module, inputs, output: seen.append(output.clone()))
    with torch.no_grad():
        again(torch.tensor(np.stack(raw)))
    return seen


def test_outputs_are_the_same_to_the_last_bit(reused, images):
    forward = models.torch(reused).forward(images, ["conv1", "norm", "relu:0", "relu:1"], ["max", "mean", "std", "min"])

    assert np.array_equal(forward.logits, plain_forward(reused, images).numpy())


def test_looking_at_layers_does_not_change_what_a_transformer_gives(sequence, steps):
    model = models.torch(sequence)

    assert np.array_equal(model.forward(steps).logits, model.forward(steps, ["encoder.layers.0.linear1"], ["max"]).logits)


def test_probabilities_are_the_softmax(small, images):
    forward = models.torch(small).forward(images)

    assert np.allclose(forward.probabilities, torch.softmax(plain_forward(small, images), 1), atol=1e-6)
    assert np.allclose(forward.probabilities.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("pooling", "oracle"),
    [
        ("max", lambda x: x.amax((2, 3))),
        ("mean", lambda x: x.mean((2, 3))),
        ("std", lambda x: x.std((2, 3), correction=0)),
        ("min", lambda x: x.amin((2, 3))),
    ],
)
def test_pooling_is_over_all_positions(small, images, pooling, oracle):
    pooled = models.torch(small).forward(images, ["conv"], [pooling]).pooled["conv", pooling]

    assert np.allclose(pooled, oracle(values_at(small, images, "conv")[0]), atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 5, 60, 60), (3, 5, 7, 7), (2, 300, 300, 4)])
def test_deviation_is_as_exact_as_double_precision_around_any_mean(shape):
    value = torch.randn(shape, generator=torch.Generator().manual_seed(0)) + 1000

    found = pool(value, Axes(batch=0, channels=1, fold=1, ndim=4), ["std"])["std"]

    assert np.allclose(found, value.double().std((2, 3), correction=0), rtol=1e-3)


@pytest.mark.parametrize("pooling", ["max", "mean", "std", "min"])
def test_channels_last_in_memory_pools_alike(pooling):
    value = torch.randn(3, 5, 9, 7, generator=torch.Generator().manual_seed(0))
    axes = Axes(batch=0, channels=1, fold=1, ndim=4)

    found = pool(value.contiguous(memory_format=torch.channels_last), axes, [pooling])[pooling]

    assert np.allclose(found, pool(value, axes, [pooling])[pooling], atol=1e-6)


def test_deviation_of_time_first_sequences_keeps_its_axes():
    value = torch.randn(9, 4, 12, generator=torch.Generator().manual_seed(0))

    found = pool(value, Axes(batch=1, channels=2, fold=1, ndim=3), ["std", "mean"])

    assert np.allclose(found["std"], value.std(0, correction=0), atol=1e-6)
    assert np.allclose(found["mean"], value.mean(0), atol=1e-6)


def test_channels_last_in_memory_agrees_up_to_rounding_and_leaves_the_module_alone(reused, images):
    plain = models.torch(reused).forward(images, ["conv2"], ["max", "std"])

    faster = models.torch(reused, channels_last=True).forward(images, ["conv2"], ["max", "std"])

    assert np.allclose(faster.logits, plain.logits, atol=1e-5)
    assert all(np.allclose(faster.pooled[key], value, atol=1e-5) for key, value in plain.pooled.items())
    assert reused.conv2.weight.is_contiguous()


def test_an_in_place_successor_changes_nothing_that_was_pooled(reused, images):
    pooled = models.torch(reused).forward(images, ["norm"], ["min"]).pooled["norm", "min"]

    assert pooled.min() < 0, "the ReLU after it works in place, and would leave no negative value"
    assert np.allclose(pooled, values_at(reused, images, "norm")[0].amin((2, 3)), atol=1e-6)


def test_each_call_of_a_reused_module_keeps_its_own_values(reused, images):
    first, second = values_at(reused, images, "relu")

    pooled = models.torch(reused).forward(images, ["relu:0", "relu:1"], ["max"]).pooled

    assert np.allclose(pooled["relu:0", "max"], first.amax((2, 3)), atol=1e-6)
    assert np.allclose(pooled["relu:1", "max"], second.amax((2, 3)), atol=1e-6)


def test_a_vector_is_its_own_pool_and_copied_before_it_changes():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2))
    raw = list(np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32))

    pooled = models.torch(net).forward(raw, ["0"], ["max", "std"]).pooled

    assert np.array_equal(pooled["0", "max"], values_at(net, raw, "0")[0])
    assert (pooled["0", "std"] == 0).all()


def test_time_is_pooled_and_the_batch_is_not(sequence, steps):
    pooled = models.torch(sequence).forward(steps, ["lstm.0"], ["mean"]).pooled["lstm.0", "mean"]

    hidden = values_at_lstm(sequence, steps)
    assert np.allclose(pooled, hidden.mean(0), atol=1e-5)


def values_at_lstm(net, raw):
    again = copy.deepcopy(net).eval()
    with torch.no_grad():
        return again.lstm(again.encoder(again.embed(torch.tensor(np.stack(raw)))).transpose(0, 1))[0]


def test_maps_have_channels_second(sequence, small, images, steps):
    conv = models.torch(small).maps(images, "conv")
    tokens = models.torch(sequence).maps(steps, "encoder.layers.1", unit=3)

    assert np.array_equal(conv, values_at(small, images, "conv")[0])
    assert tokens.shape == (4, 1, 9)


def test_a_map_is_copied_before_it_changes(reused, images):
    assert models.torch(reused).maps(images, "norm").min() < 0


@pytest.mark.parametrize("training", [True, False])
def test_modes_and_hooks_are_as_before(reused, images, training):
    reused.train(training)
    reused.norm.train(not training)
    model = models.torch(reused)

    model.forward(images, ["conv1"], ["max"])
    model.fingerprint(images)

    assert reused.training is reused.conv1.training is training
    assert reused.norm.training is not training
    assert not any(module._forward_hooks for module in reused.modules())


def test_running_statistics_are_not_touched(reused, images):
    before = copy.deepcopy(reused.state_dict())
    reused.train()

    models.torch(reused).forward(images, ["norm"], ["mean"])

    assert all(torch.equal(before[name], value) for name, value in reused.state_dict().items())


def test_modes_and_hooks_are_as_before_when_the_model_fails(reused):
    reused.train()

    with pytest.raises(ModelError):
        models.torch(reused).forward([np.zeros((7, 6, 6), np.float32)], ["conv1"], ["max"])

    assert reused.training
    assert not any(module._forward_hooks for module in reused.modules())


def test_the_fused_path_of_transformers_is_as_before(sequence, steps):
    models.torch(sequence).forward(steps)

    assert torch.backends.mha.get_fastpath_enabled()


def test_gradients_still_work_after(small, images):
    models.torch(small).forward(images, ["conv"], ["max"])

    small(torch.tensor(np.stack(images))).sum().backward()

    assert small.conv.weight.grad is not None


def test_an_unknown_layer_suggests_a_known_one(small, images):
    with pytest.raises(LayerError, match=r"no layer named 'conv_1'; did you mean 'conv'\? Known: conv, relu, flatten, fc\."):
        models.torch(small).forward(images, ["conv_1"], ["max"])


def test_an_unknown_pooling_suggests_a_known_one(small, images):
    with pytest.raises(LayerError, match=r"no pooling named 'maxx'; did you mean 'max'\? Known: max, mean, std, min\."):
        models.torch(small).forward(images, ["conv"], ["maxx"])


def test_a_unit_that_is_not_there_is_said(small, images):
    with pytest.raises(LayerError, match="layer 'conv' has no unit 4; its units are 0 to 3"):
        models.torch(small).maps(images, "conv", unit=4)


def test_a_wrong_shape_names_the_module_that_could_not_take_it(small):
    with pytest.raises(ModelError, match=r"cannot take the input \(1, 1, 9, 9\) float32, at 'fc': RuntimeError"):
        models.torch(small).forward([np.zeros((1, 9, 9), np.float32)])


def test_bytes_without_preprocessing_are_refused_rather_than_guessed(small):
    with pytest.raises(ModelError, match=r"images of bytes, 0 to 255, and no preprocess was given"):
        models.torch(small).forward([np.zeros((6, 6), np.uint8)])


def test_the_plainest_preprocessing_has_a_name(small):
    image = np.full((6, 6), 255, np.uint8)

    assert models.to_tensor(image).tolist() == [[[1.0] * 6] * 6]
    assert models.torch(small, preprocess=models.to_tensor).forward([image]).logits.shape == (1, 3)


def test_a_failing_preprocess_says_its_own_error_with_its_place(small):
    def broken(image):
        raise KeyError("mean")

    with pytest.raises(
        ModelError, match=r"preprocess failed on \(1, 6, 6\) float32: KeyError: 'mean' \(test_torch_model\.py, line \d+\)"
    ):
        models.torch(small, preprocess=broken).forward([np.zeros((1, 6, 6), np.float32)])


def test_shapes_that_cannot_be_stacked_are_said(small):
    raw = [np.zeros((1, 6, 6), np.float32), np.zeros((1, 7, 6), np.float32)]

    with pytest.raises(ModelError, match=r"gives shape \(1, 6, 6\) for instance 0 of the batch and \(1, 7, 6\) for instance 1"):
        models.torch(small).forward(raw)


def test_padding_is_collate_s(sequence):
    def padded(items):
        return nn.utils.rnn.pad_sequence(items, batch_first=True)

    raw = [np.zeros((4, 5), np.float32), np.zeros((7, 5), np.float32)]

    assert models.torch(sequence, collate=padded).forward(raw).logits.shape == (2, 3)


def test_texts_need_preprocessing(small):
    with pytest.raises(ModelError, match="instances are texts and no preprocess was given"):
        models.torch(small).forward(["hello"])


def test_rows_of_features_need_none():
    net = nn.Linear(2, 3)

    forward = models.torch(net).forward([{"age": 31, "ok": True}, {"age": 45, "ok": False}])

    assert np.allclose(forward.logits, net(torch.tensor([[31.0, 1.0], [45.0, 0.0]])).detach())


def test_a_missing_feature_is_named():
    with pytest.raises(ModelError, match="feature 'age' is missing in a row"):
        models.torch(nn.Linear(1, 2)).forward([{"age": None}])


def test_inputs_may_be_tuples_or_mappings():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(2, 3)

        def forward(self, a, b):
            return self.head(a + b)

    raw = [np.ones(2, np.float32)]
    as_tuple = models.torch(net := Two(), preprocess=lambda x: (x, 2 * x)).forward(raw).logits
    as_mapping = models.torch(net, preprocess=lambda x: {"b": x, "a": 2 * x}).forward(raw).logits

    assert np.array_equal(as_tuple, as_mapping)


def test_one_score_is_the_second_of_two_classes():
    net = nn.Linear(2, 1)
    raw = [np.ones(2, np.float32), np.zeros(2, np.float32)]

    forward = models.torch(net, classes=["no", "yes"]).forward(raw)

    assert np.allclose(forward.probabilities[:, 1], torch.sigmoid(net(torch.tensor(np.stack(raw)))).detach()[:, 0])
    assert np.allclose(forward.probabilities.sum(1), 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x * float("nan"), "the model's output is not finite"),
        (
            lambda x: x.unsqueeze(1).expand(-1, 4, -1),
            r"the model returns shape \(5, 4, 3\); a classifier's is \(instances, classes\)",
        ),
        (lambda x: {"boxes": x}, "one of logits, probabilities, out"),
        (lambda x: None, "the model returns NoneType"),
        (lambda x: x[:2], "5 instances went in and 2 outputs came out"),
    ],
)
def test_outputs_that_are_no_classifier_s_are_said(small, images, change, message):
    class Changed(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = small

        def forward(self, x):
            return change(self.net(x))

    with pytest.raises(ModelError, match=message):
        models.torch(Changed()).forward(images)


def test_logits_called_probabilities_are_refused(small, images):
    with pytest.raises(ModelError, match=r"output='probabilities', but values go down to .* say output='logits'"):
        models.torch(small, output="probabilities").forward(images)


def test_another_count_of_classes_is_refused(small, images):
    with pytest.raises(ModelError, match="the model gives 3 values an instance, but there are 2 classes"):
        models.torch(small, classes=["a", "b"]).forward(images)


def test_lack_of_memory_is_an_error_of_its_own(images):
    class Greedy(nn.Module):
        def forward(self, x):
            return torch.empty(1 << 60)

    with pytest.raises(OutOfMemory, match="no memory for a batch of 5"):
        models.torch(Greedy()).forward(images)


def test_doubles_become_the_module_s_own_floats(small):
    assert models.torch(small).forward([np.zeros((1, 6, 6))]).logits.shape == (1, 3)
    assert models.torch(small.double()).forward([np.zeros((1, 6, 6), np.float32)]).logits.dtype == np.float32


@pytest.mark.parametrize(
    ("net", "options", "message"),
    [
        (nn.Linear, {}, "net is Linear, not a torch.nn.Module. Give an instance of it."),
        (3, {}, "net is int, not a torch.nn.Module."),
        (nn.Linear(1, 2), {"output": "logit"}, "no output named 'logit'; did you mean 'logits'?"),
        (nn.Linear(1, 2), {"accuracy": 89}, "accuracy is 89; it is a share from 0 to 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(net, options, message):
    with pytest.raises(ModelError) as error:
        models.torch(net, **options)

    assert message in str(error.value)
