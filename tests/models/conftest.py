"""Which networks do the tests look into? Small ones, each with one thing that goes wrong elsewhere."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn


def seeded(make):
    """A network with the same weights every time, its batch statistics not those of a fresh one."""
    torch.manual_seed(0)
    net = make()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    return net


class Reused(nn.Module):
    """One in-place ReLU called twice, a residual added in place, dropout and batch normalisation."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.relu(self.norm(self.conv1(x)))
        y = self.conv2(x)
        y += x
        y = self.relu(y)
        return self.head(self.dropout(y.mean((2, 3))))


class Parts(nn.Module):
    """A tuple, a mapping and a part that does not depend on the instance."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)

        def forward(self, x):
            return {"key": self.conv(x), "raw": (x, None)}

    class Constant(nn.Module):
        def forward(self, x):
            return torch.ones(5, 5)

    def __init__(self):
        super().__init__()
        self.block, self.constant, self.head = self.Block(), self.Constant(), nn.Linear(4, 3)

    def forward(self, x):
        return {"logits": self.head(self.block(x)["key"].amax((2, 3))) * self.constant(x).sum()}


class Sequence(nn.Module):
    """Time in the first axis, tokens with features last, a transformer whose fused path skips hooks."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(5, 16)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.lstm = nn.LSTM(16, 12)
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        hidden, _ = self.lstm(self.encoder(self.embed(x)).transpose(0, 1))
        return self.head(hidden[-1])


@pytest.fixture
def reused():
    return seeded(Reused)


@pytest.fixture
def parts():
    return seeded(Parts)


@pytest.fixture
def sequence():
    return seeded(Sequence)


@pytest.fixture
def small():
    """conv – relu – flatten – fc on 6 × 6 grey images."""
    return seeded(
        lambda: nn.Sequential(
            OrderedDict(conv=nn.Conv2d(1, 4, 3), relu=nn.ReLU(), flatten=nn.Flatten(), fc=nn.Linear(64, 3)),
        )
    )


@pytest.fixture
def images():
    return list(np.random.default_rng(0).normal(size=(5, 1, 6, 6)).astype(np.float32))


@pytest.fixture
def steps():
    return list(np.random.default_rng(0).normal(size=(4, 9, 5)).astype(np.float32))
