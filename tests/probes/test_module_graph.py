"""Are the operations those of the network, with branches and shortcuts, and is a fallback said to be one?"""

import numpy as np
import torch
from torch import nn

from probes.networks import Plain, Residual, settled
from underglass import models
from underglass.probes.module_graph import module_graph


def graph(net, shape=(3, 13, 11)):
    return module_graph(models.torch(settled(net)), [np.zeros(shape, np.float32)])


def test_a_chain_is_a_chain_with_shapes():
    found = graph(Plain())

    assert found.reason is None
    assert [one.inputs for one in found.operations] == [(), *((at,) for at in range(len(found.operations) - 1))]
    assert found.operations[0].type == "input"
    assert found.operations[1] == type(found.operations[1])("Conv2d", ("a",), (8, 13, 11), (0,))
    assert found.operations[-1].layers[-1] == "f"


def test_shortcuts_join_where_they_are_added():
    found = graph(Residual())
    joins = [one for one in found.operations if len(one.inputs) == 2]

    assert [one.type for one in joins] == ["add", "add"] or all("add" in one.type for one in joins)
    assert len(joins) == 2
    blocks = {name for one in found.operations for name in one.layers}
    assert {"one", "two", "head"} <= blocks


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, x):
        x = self.a(x)
        return self.b(x if x.sum() > 0 else -x)


def test_what_cannot_be_traced_falls_back_to_the_order_with_the_reason():
    torch.manual_seed(0)
    found = module_graph(models.torch(Branching()), [np.ones(4, np.float32)])

    assert "cannot be traced" in found.reason
    assert [one.layers for one in found.operations] == [(), ("a",), ("b",)]
