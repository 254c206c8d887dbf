"""Do contributions and bias add up to what the network computes, through everything networks are built of?"""

import numpy as np
import pytest
import torch

from probes import networks
from underglass.errors import LayerError
from underglass.probes.unit_sums import take_apart

CASES = [
    (networks.Plain, ["a", "b", "norm", "c", "d", "e", "f"], (3, 13, 11)),
    (
        networks.Residual,
        ["stem.0", "stem", "one.squeeze", "one.norm1", "one.norm2", "one", "two.mix", "two", "head"],
        (3, 13, 11),
    ),
    (networks.Branches, ["a", "left", "right", "joined", "b", "c"], (3, 9, 9)),
    (networks.Words, ["a", "b", "c", "relu:0", "relu:1"], (4, 20)),
]


@pytest.mark.parametrize(("kind", "layer", "shape"), [(kind, layer, shape) for kind, layers, shape in CASES for layer in layers])
def test_contributions_and_bias_are_the_sum_before_the_activation(kind, layer, shape):
    net = networks.settled(kind())
    inputs = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))
    sums = take_apart(net, inputs, layer)
    units = np.concatenate([one.units for one in sums])
    assert sorted(units) == list(range(len(units)))
    for one in sums:
        added = sum(contribution.sum(2) for _, contribution in one.terms)
        added = added + one.bias.reshape(-1, *[1] * (added.ndim - 2))
        assert added.shape == one.total.shape
        assert torch.allclose(added, one.total, atol=1e-4)


def test_the_sum_is_what_the_module_gives():
    net = networks.settled(networks.Residual())
    inputs = torch.randn(2, 3, 13, 11)
    seen = []
    net.one.norm2.register_forward_hook(lambda module, given, output: seen.append(output.clone()))
    (one,) = take_apart(net, inputs, "one")
    shortcut = net.one.short(net.stem(inputs))
    assert torch.allclose(one.total, seen[0] + shortcut, atol=1e-4)


def test_the_walk_stops_at_the_layers_named():
    net = networks.settled(networks.Residual())
    ((_, branch), (shortcut, passed)) = take_apart(net, torch.randn(2, 3, 13, 11), "two", layers=["one"])[0].terms
    assert shortcut == "one.relu:1" or shortcut == "one"
    assert branch.shape[2] == 6
    assert passed.shape[2] == 16


def test_the_model_is_left_as_it_was():
    net = networks.Residual().train()
    state = {name: value.clone() for name, value in net.state_dict().items()}
    take_apart(net, torch.randn(2, 3, 13, 11), "two")
    assert net.training
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())


def test_what_is_no_sum_is_said():
    net = networks.settled(networks.Attentive())
    with pytest.raises(LayerError, match=r"'norm' cannot be taken apart: 'norm' \(GroupNorm\) is no sum over channels\."):
        take_apart(net, torch.randn(2, 3, 9, 9), "norm")


def test_a_model_that_cannot_be_traced_is_said():
    with pytest.raises(LayerError, match="its operations cannot be traced"):
        take_apart(networks.Deciding(), torch.randn(2, 3, 9, 9), "b")


def test_an_unknown_layer_is_named_with_the_nearest():
    with pytest.raises(LayerError, match="no layer named 'stemm'; did you mean 'stem'"):
        take_apart(networks.settled(networks.Residual()), torch.randn(2, 3, 13, 11), "stemm")
