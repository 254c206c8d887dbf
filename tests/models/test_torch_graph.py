"""Is the graph of a torch module what torch itself says of it?"""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')

from torch import fx, nn  # noqa: E402
from torch.fx.passes.shape_prop import ShapeProp  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from networks import Encoder, ResNet, Tagger, UNet  # noqa: E402
from underglass.demos.fashion_network import build  # noqa: E402
from underglass.errors import ModelError  # noqa: E402
from underglass.models.torch_graph import read_graph  # noqa: E402


def given(shape):
    return torch.zeros(shape, dtype=torch.int64 if len(shape) == 2 else torch.float32)


@pytest.mark.parametrize(
    ("make", "shape"), [(ResNet, (1, 3, 64, 64)), (UNet, (1, 3, 32, 32)), (build, (1, 1, 28, 28)), (Encoder, (1, 64))]
)
def test_parameters_and_multiply_adds_are_torchs_own(make, shape):
    net = make().eval()

    graph = read_graph(net, shape)

    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            net(given(shape))
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    assert graph.parameters == sum(one.parameters for one in graph.operations) == sum(one.numel() for one in net.parameters())
    assert graph.multiply_adds * 2 == counter.get_total_flops()
    assert graph.reason == ""


@pytest.mark.parametrize(("make", "shape"), [(ResNet, (1, 3, 64, 64)), (UNet, (1, 3, 32, 32)), (build, (1, 1, 28, 28))])
def test_operations_connections_and_shapes_are_those_of_torch_fx(make, shape):
    net = make().eval()
    traced = fx.symbolic_trace(net)
    ShapeProp(traced).propagate(torch.zeros(shape))
    nodes = [node for node in traced.graph.nodes if node.op != "output"]

    graph = read_graph(net, shape)

    assert [one.shapes[0] for one in graph.operations] == [tuple(node.meta["tensor_meta"].shape) for node in nodes]
    place = {one.id: i for i, one in enumerate(graph.operations)}
    theirs = {(nodes.index(source), i) for i, node in enumerate(nodes) for source in node.all_input_nodes}
    assert {(place[edge.source], place[edge.target]) for edge in graph.connections} == theirs
    assert [one.path for one in graph.operations if one.module] == [node.target for node in nodes if node.op == "call_module"]


def test_a_recurrent_layer_is_counted_by_hand():
    graph = read_graph(Tagger(), (1, 30))

    lstm = graph.by_id["lstm"]

    first, second = 4 * 256 * (128 + 256), 4 * 256 * (512 + 256)
    assert lstm.multiply_adds == 30 * 2 * (first + second)
    assert (lstm.features, lstm.extent) == (512, (30,))
    assert graph.by_id["words"].features is None


def test_the_module_keeps_its_mode_hooks_buffers_and_place():
    net = ResNet().train()
    net.layer1.eval()
    modes = [module.training for module in net.modules()]
    before = {name: value.clone() for name, value in net.state_dict().items()}

    read_graph(net, (1, 3, 64, 64))

    assert [module.training for module in net.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.small, self.large = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        if x.sum() > 1:
            return self.large(x)
        return self.small(x)


def test_a_branch_on_values_is_drawn_as_run_and_the_reason_is_kept():
    graph = read_graph(Branching(), (1, 4))

    assert [one.id for one in graph.operations if one.module] == ["small"]
    assert "depends on the values" in graph.reason
    assert "if x.sum() > 1:" in graph.reason
    assert graph.notes == ("20 parameters are used by no operation of this run",)


def test_a_reused_module_counts_its_parameters_once():
    shared = nn.Linear(8, 8)

    graph = read_graph(nn.Sequential(shared, nn.ReLU(), shared), (1, 8))

    assert [one.parameters for one in graph.operations if one.type == "Linear"] == [72, 0]
    assert graph.operations[-1].details["weights"] == "those of 0"
    assert graph.parameters == 72


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 6), nn.Linear(5, 6)

    def forward(self, left, right):
        return {"sum": self.a(left) + self.b(right), "transposed": self.a(left).T}


def test_several_inputs_by_place_and_by_name():
    by_place = read_graph(Pair(), [(1, 4), (1, 5)])
    by_name = read_graph(Pair(), {"right": (1, 5), "left": (1, 4)})

    assert [one.id for one in by_place.operations if one.type == "Input"] == ["left", "right"]
    assert {(edge.source, edge.target) for edge in by_place.connections} == {
        (edge.source, edge.target) for edge in by_name.connections
    }
    assert by_place.outputs == ("add", "T")
    assert ("a:1", "T") in {(edge.source, edge.target) for edge in by_place.connections}


class Mapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 6)

    def forward(self, batch):
        return self.a(batch["x"])


def test_one_dict_as_input():
    assert [one.id for one in read_graph(Mapped(), {"x": (1, 4)}).operations] == ["x", "a"]


def test_a_shape_that_does_not_fit_is_said_with_the_line():
    with pytest.raises(ModelError, match=r"UNet fails on input \(1, 3, 30, 30\)[^\n]*\n  networks.py, line \d+: .*torch.cat"):
        read_graph(UNet((4, 8)), (1, 3, 30, 30))


@pytest.mark.parametrize(
    ("net", "shape", "message"),
    [
        (nn.ReLU, (1, 3), "ReLU; that is a class: call it first"),
        (3, (1, 3), "needs a torch.nn.Module, and this is int"),
        (nn.ReLU(), None, "needs the shape of the input"),
        (nn.ReLU(), (1, -3), "no shape"),
        (nn.ReLU(), "1,3", "no shape"),
    ],
)
def test_what_cannot_be_drawn_is_said(net, shape, message):
    with pytest.raises(ModelError, match=message):
        read_graph(net, shape)


def test_sizes_that_may_vary_are_written_as_words_and_their_parts():
    graph = read_graph(UNet((4, 8)), ("N", 3, "H", "W"))

    fixed = read_graph(UNet((4, 8)), (1, 3, 64, 64))
    assert graph.operations[0].shapes == (("N", 3, "H", "W"),)
    assert graph.by_id["middle.0"].shapes == (("N", 16, "H/4", "W/4"),)
    assert (graph.by_id["middle.0"].features, graph.by_id["middle.0"].extent) == (16, ("H/4", "W/4"))
    assert graph.by_id["head"].shapes == (("N", 2, "H", "W"),)
    assert graph.connections[1].shape == ("N", 4, "H", "W")
    assert graph.multiply_adds == fixed.multiply_adds
    assert graph.notes == ("multiply-adds are those of N = 1, H = 64, W = 64",)


class Flattening(nn.Module):
    def __init__(self):
        super().__init__()
        self.same = nn.Identity()

    def forward(self, x):
        doubled = torch.cat([self.same(x), x], 2)
        return doubled.flatten(1) if len(x) < 3 else doubled


def test_what_follows_from_two_sizes_is_a_question_mark():
    graph = read_graph(Flattening(), ("N", 3, "H", "W"))

    assert graph.by_id["cat"].shapes == (("N", 3, "2·H", "W"),)
    assert graph.by_id["flatten"].shapes == (("N", "?"),)


class ByLength(Flattening):
    def forward(self, x):
        return self.same(x).exp() if x.shape[1] > 70 else self.same(x).sin()


def test_steps_that_depend_on_a_size_are_said():
    with pytest.raises(ModelError, match="what it runs depends on T: give a number in its place, such as 96"):
        read_graph(ByLength(), (1, "T"))
