"""Does silencing the units that matter lower the class, and silencing others not?"""

import re

import numpy as np
import pytest
import torch

from probes import networks
from underglass.errors import DataError, LayerError
from underglass.probes.ablation import ablate


@pytest.fixture(scope="module")
def planted():
    net = networks.Planted().eval()
    images, labels = networks.planted_images()
    return net, images, labels


def test_the_planted_unit_carries_the_class_and_random_ones_do_not(planted):
    net, images, labels = planted
    found = ablate(net, images[labels == 2].split(16), 2, {"b": [2], "c": [2]}, draws=19)
    assert found.accurate_before == 1
    assert found.accurate_after < 0.5
    assert found.random.mean() > found.after + 0.2
    assert found.p_value == pytest.approx(0.05)
    assert found.units == 2
    assert "Without these 2 units the probability of the class falls from" in found.words


def test_a_unit_of_another_class_does_not_lower_this_one(planted):
    net, images, labels = planted
    found = ablate(net, [images[labels == 2]], 2, {"c": [4]}, draws=0)
    assert found.after >= found.before


def test_silencing_is_setting_to_zero(planted):
    net, images, _ = planted
    found = ablate(net, [images[:10]], 1, {"c": [0, 1]}, draws=0)
    with torch.no_grad():
        maps = net.c(torch.relu(net.b(torch.relu(net.a(images[:10])))))
        maps[:, [0, 1]] = 0
        by_hand = torch.softmax(net.head(torch.relu(maps).amax((2, 3))), 1)[:, 1]
    assert found.after == pytest.approx(float(by_hand.mean()), abs=1e-6)


def test_each_instance_may_have_its_own_class(planted):
    net, images, labels = planted
    with torch.no_grad():
        shares = torch.softmax(net(images), 1).numpy()
    found = ablate(net, images.split(50), labels, {"a": [20]}, draws=0)
    assert found.before == pytest.approx(shares[np.arange(len(labels)), labels].mean(), abs=1e-6)


def test_draws_are_seeded(planted):
    net, images, _ = planted
    one, two = (ablate(net, [images[:20]], 1, {"b": [1, 2, 3]}, draws=4, seed=5).random for _ in range(2))
    assert (one == two).all()


def test_the_model_is_left_as_it_was(planted):
    net, images, _ = planted
    before = net(images[:3])
    ablate(net, [images[:3]], 0, {"b": [0]}, draws=2)
    assert torch.equal(net(images[:3]), before)
    assert not any(module._forward_hooks for module in net.modules())


@pytest.mark.parametrize(
    ("units", "target", "error", "message"),
    [
        ({"bb": [0]}, 0, LayerError, "no layer named 'bb'; did you mean 'b'?"),
        ({"b": [24]}, 0, LayerError, "layer 'b' has no unit 24; its units are 0 to 23."),
        ({"b": []}, 0, DataError, "there is no unit to silence."),
        ({"b": [0]}, 6, DataError, "class 6 is outside the 6 classes of the model."),
        ({"b": [0]}, [0], DataError, "there are 1 classes for more instances than that."),
    ],
)
def test_bad_input_is_refused_in_words(planted, units, target, error, message):
    net, images, _ = planted
    with pytest.raises(error, match=re.escape(message)):
        ablate(net, [images[:3]], target, units)


def test_no_batch_at_all_is_refused(planted):
    with pytest.raises(DataError, match="no batch came"):
        ablate(planted[0], [], 0, {"b": [0]})
