"""Are all layers of a network found, each with its own name and shape?"""

import numpy as np
import pytest
import torch
from torch import nn

from underglass import models
from underglass.errors import LayerError, ModelError


def shapes(model, raw):
    return {layer.name: (layer.units, layer.shape) for layer in model.layers(raw)}


def test_layers_come_in_the_order_of_execution(small, images):
    assert list(shapes(models.torch(small), images)) == ["conv", "relu", "flatten", "fc"]


def test_units_are_the_channels_of_a_map(small, images):
    assert shapes(models.torch(small), images)["conv"] == (4, (4, 4, 4))


def test_a_module_called_twice_is_two_layers(reused, images):
    names = list(shapes(models.torch(reused), images))

    assert [name for name in names if name.startswith("relu")] == ["relu:0", "relu:1"]


def test_parts_of_tuples_and_mappings_have_names(parts, images):
    found = shapes(models.torch(parts), images)

    assert found["block.key"] == (4, (4, 4, 4))
    assert found["block.raw.0"] == (1, (1, 6, 6))


def test_what_does_not_depend_on_the_instance_is_no_layer(parts, images):
    model = models.torch(parts)
    model.layers(images)

    with pytest.raises(LayerError, match="layer 'constant' cannot be captured: the same whatever the instance"):
        model.forward(images, ["constant"], ["max"])


def test_time_first_and_features_last_are_understood(sequence, steps):
    found = shapes(models.torch(sequence), steps)

    assert found["encoder.layers.1"] == (16, (9, 16))
    assert found["lstm.0"] == (12, (9, 12))
    assert found["lstm.1.0"] == (12, (1, 12))


def test_windows_folded_into_the_batch_belong_to_their_instance():
    class Windows(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.head = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            windows = self.inner(x.reshape(-1, 2, 3))
            return self.head(windows.reshape(len(x), -1, 4).amax(1))

    raw = list(np.random.default_rng(0).normal(size=(3, 4, 3)).astype(np.float32))
    model = models.torch(Windows())

    pooled = model.forward(raw, ["inner"], ["max"]).pooled["inner", "max"]

    assert shapes(model, raw)["inner"] == (4, (2, 2, 4))
    assert np.allclose(pooled, model.net.inner(torch.tensor(np.stack(raw))).amax(1).detach(), atol=1e-6)


def test_channels_last_maps_have_their_units_last():
    net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.Identity(), _Last(), nn.LayerNorm(6), nn.GELU(), nn.Flatten(), nn.Linear(96, 2))
    raw = list(np.zeros((2, 1, 6, 6), np.float32))

    found = shapes(models.torch(net), raw)

    assert found["1"] == (6, (6, 4, 4))
    assert found["3"] == found["4"] == (6, (4, 4, 6))


class _Last(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1)


def test_mixing_the_instances_of_a_batch_is_no_layer():
    class Mixing(nn.Module):
        def __init__(self):
            super().__init__()
            self.similar, self.head = _Similar(), nn.Linear(3, 2)

        def forward(self, x):
            self.similar(x)
            return self.head(x)

    model = models.torch(Mixing())

    assert list(shapes(model, [np.ones(3, np.float32)])) == ["head"]


class _Similar(nn.Module):
    def forward(self, x):
        return x @ x.T


def test_weighted_layers_are_suggested_and_the_logits_are_not(small, images):
    assert [layer.name for layer in models.torch(small).layers(images) if layer.suggested] == ["conv"]


def test_recurring_blocks_are_suggested_in_place_of_their_insides(sequence, steps):
    suggested = [layer.name for layer in models.torch(sequence).layers(steps) if layer.suggested]

    assert suggested == ["embed", "encoder.layers.0", "encoder.layers.1", "encoder.layers.2", "lstm.0"]


def test_a_network_of_one_module_is_its_output():
    model = models.torch(nn.Linear(3, 4))

    assert list(shapes(model, [np.zeros(3, np.float32)])) == ["output"]


def test_a_script_module_says_that_it_hides_its_layers(small, images):
    with pytest.warns(DeprecationWarning, match="jit"):
        hidden = torch.jit.trace(small, torch.zeros(1, 1, 6, 6))

    with pytest.raises(ModelError, match=r"lets no layer be seen; a TorchScript or exported module hides them"):
        models.torch(hidden).layers(images)


def test_a_compiled_module_is_looked_into_as_written(small, images):
    compiled = torch.compile(small, backend="eager")

    assert list(shapes(models.torch(compiled), images)) == ["conv", "relu", "flatten", "fc"]
