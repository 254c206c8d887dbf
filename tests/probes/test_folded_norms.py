"""Does a network with its normalisations folded in give the same, forth and back, and is the network itself left alone?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from underglass import models
from underglass.models.torch_evaluation import evaluating
from underglass.probes import up_to_layer
from underglass.probes.feature_visualization import Settings, visualize_units
from underglass.probes.folded_norms import folded
from underglass.probes.up_to_layer import quicker, up_to


class Block(nn.Module):
    """Norms behind a strided, a grouped and a shortcut's convolution; one output goes two ways, one norm stands alone."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.norm_one = nn.Conv2d(1, 8, 3, stride=2, bias=False), nn.BatchNorm2d(8)
        self.two, self.norm_two = nn.Conv2d(8, 8, 3, padding=1, groups=4), nn.BatchNorm2d(8, affine=False)
        self.way, self.norm_way = nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8)
        self.alone, self.last = nn.BatchNorm2d(8), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm_one(self.one(x)))
        way = self.way(x)
        y = self.norm_two(self.two(x)) + self.norm_way(way) + way
        return self.last(torch.relu(self.alone(y)).mean((2, 3)))


@pytest.fixture
def net():
    torch.manual_seed(0)
    made = Block()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.3, 3)
            if module.affine:
                nn.init.normal_(module.weight, 1)
                nn.init.normal_(module.bias)
    return made


def kinds(net):
    return {name: type(module).__name__ for name, module in net.named_children()}


def test_outputs_and_gradients_are_those_of_the_network(net):
    x = torch.randn(4, 1, 12, 12)
    before = [weight.clone() for weight in net.parameters()]
    with evaluating(net):
        copy = folded(net, lambda one: one(x[:1]))
        assert kinds(copy)["norm_one"] == kinds(copy)["norm_two"] == "Identity"
        assert kinds(copy)["norm_way"] == kinds(copy)["alone"] == "BatchNorm2d"
        grads = []
        with torch.enable_grad():
            for one in (net, copy):
                given = x.clone().requires_grad_(True)
                grads += torch.autograd.grad(one(given).square().sum(), [given])

    torch.testing.assert_close(grads[1], grads[0], rtol=1e-4, atol=1e-5)
    assert not any(weight.requires_grad for weight in copy.parameters())
    assert copy.last.weight.data_ptr() == net.last.weight.data_ptr()
    assert kinds(net)["norm_one"] == "BatchNorm2d"
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def test_the_copy_is_used_as_far_as_the_layer_and_only_if_it_gives_the_same(net, monkeypatch):
    model = models.torch(net, preprocess=models.to_tensor)
    prepared = model.prepare(list(np.random.default_rng(0).integers(0, 256, (3, 12, 12), dtype=np.uint8)))
    for layer, used in (("one", False), ("norm_one", True), ("two", True), ("way", True), ("last", True)):
        with up_to(model, prepared, layer) as run, torch.no_grad():
            given = run(prepared.inputs)
            quick = quicker(run, prepared.inputs, given)
            assert (quick is not run) is used, layer
            torch.testing.assert_close(quick(prepared.inputs), given, rtol=1e-4, atol=1e-5)

    def spoiled(net, run):
        copy = folded(net, run)
        copy.one._parameters["bias"] = nn.Parameter(copy.one.bias + 1)
        return copy

    monkeypatch.setattr(up_to_layer, "folded", spoiled)
    with up_to(model, prepared, "last") as run, torch.no_grad():
        assert quicker(run, prepared.inputs, run(prepared.inputs)) is run
    assert not any(module._forward_hooks for module in net.modules())
    assert net.training


def test_pictures_are_those_of_the_network_itself(net, monkeypatch):
    model = models.torch(net, preprocess=models.to_tensor)
    raw = list(np.random.default_rng(0).integers(0, 256, (5, 16, 16), dtype=np.uint8))
    some = Settings(steps=24)
    quick = visualize_units(model, raw, "two", [1, 5], settings=some)
    monkeypatch.setattr(up_to_layer, "folded", lambda net, run: None)
    plain = visualize_units(model, raw, "two", [1, 5], settings=some)

    np.testing.assert_allclose(quick.activation, plain.activation, rtol=2e-2, atol=1e-3)
    assert np.abs(quick.images.astype(int) - plain.images).mean() < 2


def test_nothing_to_fold_gives_no_copy():
    plain = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    assert folded(plain, lambda one: one(torch.zeros(1, 1, 8, 8))) is None
    shared = nn.BatchNorm2d(2)
    twice = nn.Sequential(nn.Conv2d(1, 2, 3), shared, nn.Conv2d(2, 2, 1), shared).eval()
    assert folded(twice, lambda one: one(torch.zeros(1, 1, 8, 8))) is None
