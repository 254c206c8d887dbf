"""Is a model known again by what it computes, and by nothing else?"""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from underglass import models
from underglass.errors import ModelError
from underglass.models import Fingerprint


def test_the_same_computation_has_the_same_fingerprint(reused, images):
    again = models.torch(copy.deepcopy(reused).train(), name="other name")

    assert models.torch(reused).fingerprint(images) == again.fingerprint(images)


def test_other_weights_are_told(small, images):
    before = models.torch(small).fingerprint(images)
    with torch.no_grad():
        small.fc.bias[0] += 1e-3

    assert before.differences(models.torch(small).fingerprint(images)) == ["the weights are others"]


def test_running_statistics_count_as_weights(reused, images):
    before = models.torch(reused).fingerprint(images)
    reused.norm.running_mean += 1

    assert before.differences(models.torch(reused).fingerprint(images)) == ["the weights are others"]


def test_other_preprocessing_is_told(small, images):
    before = models.torch(small).fingerprint(images)

    after = models.torch(small, preprocess=lambda x: x * 1.001).fingerprint(images)

    assert before.differences(after) == ["preprocessing gives other inputs"]


def test_other_code_around_the_same_weights_is_told(images):
    convolution = nn.Conv2d(1, 4, 6)

    class Model(nn.Module):
        def __init__(self, gain):
            super().__init__()
            self.conv, self.gain = convolution, gain

        def forward(self, x):
            return self.conv(x).flatten(1) * self.gain

    one, two = (models.torch(Model(gain)).fingerprint(images) for gain in (1, 2))

    assert one.differences(two) == ["the outputs are others, though weights and inputs agree: the code of the model has changed"]


def test_bits_that_another_machine_would_change_do_not_matter():
    here = Fingerprint("w", "p", "bits", ((-1.0, 0.25, 2.0),))
    there = Fingerprint("w", "p", "other bits", ((-1.0, 0.2501, 2.0),))

    assert here.differences(there) == []


def test_a_fingerprint_survives_being_written(small, images):
    fingerprint = models.torch(small).fingerprint(images)

    assert Fingerprint.read(fingerprint.text()) == fingerprint


def test_a_text_that_is_none_is_refused():
    with pytest.raises(ModelError, match="not a fingerprint: 'abc'"):
        Fingerprint.read("abc")


def test_random_preprocessing_is_an_error(small, images):
    random = np.random.default_rng(0)

    with pytest.raises(ModelError, match="preprocess gave other values for the same 5 instances the second time"):
        models.torch(small, preprocess=lambda x: x + random.random(dtype=np.float32)).fingerprint(images)


def test_a_random_model_is_an_error(images):
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(36, 3)

        def forward(self, x):
            return self.head(nn.functional.dropout(x.flatten(1), training=True))

    with pytest.raises(
        ModelError, match=r"inputs gave outputs up to .* apart, in evaluation mode: something in the model is random"
    ):
        models.torch(Noisy()).fingerprint(images)
