"""Is influence measured on whole maps, exactly, for every subset, and is a planted circuit recovered?"""

import re
from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, hstack

from probes import networks
from underglass.analyses.activation_counts import aggregate_activations
from underglass.analyses.attribution_graph import build_graph
from underglass.analyses.membership import as_membership
from underglass.analyses.shuffled_labels import judge, shuffle
from underglass.errors import DataError, LayerError
from underglass.models import torch as adapted
from underglass.probes.influence import influence
from underglass.probes.unit_sums import take_apart

EVERYTHING = [
    (networks.Plain, ["a", "b", "c", "d", "e", "f"], (3, 13, 11)),
    (networks.Residual, ["stem", "one", "two", "head"], (3, 13, 11)),
    (networks.Branches, ["a", "joined", "b"], (3, 9, 9)),
    (networks.Words, ["a", "b", "c"], (4, 20)),
]


def entries(found, subset=0):
    """(source, target, kind) → {(target unit, source unit): (count, total)}."""
    table = defaultdict(dict)
    for hop in found.hops:
        for s, j, i, count, total in zip(hop.subset, hop.target_unit, hop.source_unit, hop.count, hop.total, strict=True):
            if s == subset:
                table[hop.source, hop.target, hop.kind][int(j), int(i)] = int(count), float(total)
    return table


def by_hand(net, inputs, layer, operand, top):
    """Peaks of the contributions at every position of one operand, its strongest counted instance by instance."""
    table = {}
    for one in take_apart(net, inputs, layer):
        for name, spread in one.terms:
            if name != operand:
                continue
            peak = spread.flatten(3).amax(3) if spread.ndim > 3 else spread
            for instance in peak.numpy():
                for unit, row in zip(one.units, instance, strict=True):
                    for source in sorted(range(len(row)), key=lambda i: (-row[i], i))[:top]:
                        if row[source] > 0:
                            count, total = table.get((int(unit), source), (0, 0.0))
                            table[int(unit), source] = count + 1, total + float(row[source])
    return table


def assert_same(found, expected):
    assert {key: count for key, (count, _) in found.items()} == {key: count for key, (count, _) in expected.items()}
    assert [found[key][1] for key in expected] == pytest.approx([total for _, total in expected.values()], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "shape", "layers", "target", "operand"),
    [
        (networks.Plain, (3, 13, 11), ["a", "b"], "b", "relu"),
        (networks.Plain, (3, 13, 11), ["b", "c"], "c", "max_pool2d"),
        (networks.Plain, (3, 13, 11), ["c", "d"], "d", "leaky_relu"),
        (networks.Plain, (3, 13, 11), ["d", "e"], "e", "flatten"),
        (networks.Plain, (3, 13, 11), ["e", "f"], "f", "dropout"),
        (networks.Words, (4, 20), ["a", "b"], "b", "relu:0"),
    ],
)
def test_counts_and_totals_are_those_of_the_whole_maps(kind, shape, layers, target, operand):
    net = networks.settled(kind())
    inputs = torch.randn(6, *shape, generator=torch.Generator().manual_seed(1))
    found = influence(net, [inputs[:4], inputs[4:]], np.ones(6, bool), layers, top=3)
    (table,) = entries(found).values()
    with torch.no_grad():
        assert_same(table, by_hand(net, inputs, target, operand, top=3))


@pytest.mark.parametrize(("kind", "layers", "shape"), EVERYTHING)
def test_everything_networks_are_built_of_is_followed_exactly(kind, layers, shape):
    net = networks.settled(kind())
    found = influence(net, [torch.randn(3, *shape)], np.ones(3, bool), layers)
    assert found.exact
    assert found.notes == ()
    assert {hop.target for hop in found.hops} >= set(layers[1:])
    for hop in found.hops:
        assert (hop.count >= 1).all()
        assert (hop.count <= 3).all()
        assert hop.source_unit.max(initial=-1) < hop.source_units
        assert hop.target_unit.max(initial=-1) < hop.target_units


def test_a_residual_block_has_a_hidden_bottleneck_and_a_shortcut():
    net = networks.settled(networks.Residual())
    found = influence(net, [torch.randn(3, 3, 13, 11)], np.ones(3, bool), ["one", "two"])
    assert {(hop.source, hop.target, hop.kind) for hop in found.hops} == {
        ("one", "two.norm1", "convolution"),
        ("two.norm1", "two", "convolution"),
        ("one", "two", "identity"),
    }
    (shortcut,) = (hop for hop in found.hops if hop.kind == "identity")
    assert (shortcut.source_unit == shortcut.target_unit).all()


def test_along_a_chain_of_blocks_each_operation_is_measured_once():
    net = networks.settled(networks.Residual())
    net.more = torch.nn.Sequential(*(networks.settled(networks.Block(16, 16, 1)) for _ in range(3)))
    net.two = torch.nn.Sequential(net.two, net.more)
    found = influence(net, [torch.randn(2, 3, 13, 11)], np.ones(2, bool), ["one", "two"])
    pairs = [(hop.source, hop.target) for hop in found.hops]
    assert len(pairs) == len(set(pairs)) == 12


def test_a_concatenation_names_the_tensor_of_each_branch():
    net = networks.settled(networks.Branches())
    found = influence(net, [torch.randn(4, 3, 9, 9)], np.ones(4, bool), ["a", "left", "right", "b"])
    hops = {(hop.source, hop.target): hop for hop in found.hops}
    assert set(hops) >= {("left", "b"), ("right", "b"), ("a", "b"), ("a", "left")}
    assert hops["right", "b"].source_unit.max() < 6
    assert set(hops["a", "b"].source_unit) <= {6, 7}


def test_a_folded_concatenation_gives_the_same_as_one_layer():
    net = networks.settled(networks.Branches())
    inputs = torch.randn(4, 3, 9, 9)
    whole = entries(influence(net, [inputs], np.ones(4, bool), ["joined", "b"]))["joined", "b", "convolution"]
    split = entries(influence(net, [inputs], np.ones(4, bool), ["a", "left", "right", "b"]))
    first = {"left": 0, "right": 4, "a": 4}
    merged = {
        (j, i + first[source]): value
        for (source, target, _), table in split.items()
        if target == "b"
        for (j, i), value in table.items()
    }
    assert merged == whole


def test_a_layer_that_is_the_activation_of_another_passes_it_on():
    net = networks.settled(networks.Words())
    found = influence(net, [torch.randn(4, 4, 20)], np.ones(4, bool), ["a", "relu:0", "b"])
    kinds = {(hop.source, hop.target): hop.kind for hop in found.hops}
    assert kinds == {("a", "relu:0"): "identity", ("relu:0", "b"): "convolution"}


def test_subsets_are_counted_apart_and_overlap_is_normal():
    net = networks.settled(networks.Plain())
    inputs = torch.randn(8, 3, 13, 11)
    membership = np.random.default_rng(0).random((8, 3)) < 0.5
    together = influence(net, [inputs[:3], inputs[3:]], membership, ["a", "b", "c"])
    for subset in range(3):
        alone = influence(net, [inputs[membership[:, subset]]], np.ones(membership[:, subset].sum(), bool), ["a", "b", "c"])
        for key, table in entries(alone).items():
            assert_same(entries(together, subset)[key], table)
    assert together.instances == membership.any(1).sum()


def test_subset_numbers_and_sparse_memberships_mean_the_same():
    net = networks.settled(networks.Plain())
    inputs = torch.randn(6, 3, 13, 11)
    numbers = np.array([0, 1, -1, 1, 0, 1])
    dense = numbers[:, None] == np.arange(2)
    results = [influence(net, [inputs], form, ["a", "b"]) for form in (numbers, dense, csr_array(dense))]
    for other in results[1:]:
        assert all((one.count == two.count).all() for one, two in zip(results[0].hops, other.hops, strict=True))


def test_a_large_tally_gives_the_same_as_a_small_one(monkeypatch):
    net = networks.settled(networks.Residual())
    inputs, membership = torch.randn(10, 3, 13, 11), np.arange(10) % 3
    small = influence(net, inputs.split(2), membership, ["stem", "one", "two"])
    monkeypatch.setattr("underglass.probes.influence_tally.LARGEST_TABLE", 0)
    monkeypatch.setattr("underglass.probes.influence_tally.MOST_WAITING", 50)
    large = influence(net, inputs.split(2), membership, ["stem", "one", "two"])
    for one, two in zip(small.hops, large.hops, strict=True):
        for name in ("subset", "target_unit", "source_unit", "count"):
            assert (getattr(one, name) == getattr(two, name)).all()
        assert one.total == pytest.approx(two.total)


def test_a_batch_of_no_subset_is_not_run():
    net = networks.settled(networks.Plain())
    calls = Counter()
    net.a.register_forward_hook(lambda *_: calls.update(["a"]))
    wrapped = adapted(net)
    wrapped.layers([np.zeros((3, 13, 11), np.float32)])
    before = calls["a"]
    influence(wrapped, torch.randn(6, 3, 13, 11).split(2), np.array([True, True, False, False, False, False]), ["a", "b"])
    assert calls["a"] - before <= 3  # tracing, its check, and the one batch; the traced module calls no hooks


def test_something_that_is_no_sum_is_estimated_and_said():
    net = networks.settled(networks.Attentive())
    found = influence(net, [torch.randn(4, 3, 9, 9)], np.ones(4, bool), ["a", "b", "c"])
    kinds = {(hop.source, hop.target): hop.kind for hop in found.hops}
    assert kinds == {("a", "b"): "gradient", ("b", "c"): "convolution"}
    assert not found.exact
    assert found.notes == (
        "'b' is estimated by gradient × activation from 'a', for its most active units: "
        "'norm' (GroupNorm) is no sum over channels.",
    )


def test_a_model_that_cannot_be_traced_is_estimated_throughout_and_said():
    net = networks.settled(networks.Deciding())
    found = influence(net, [torch.rand(4, 3, 9, 9)], np.ones(4, bool), ["relu:0", "b"])
    assert [(hop.source, hop.target, hop.kind) for hop in found.hops] == [("relu:0", "b", "gradient")]
    assert "the model cannot be followed: its operations cannot be traced" in found.notes[0]


def test_the_estimate_is_gradient_times_activation():
    net = networks.settled(networks.Deciding())
    inputs = torch.rand(3, 3, 9, 9)
    table = entries(influence(net, [inputs], np.ones(3, bool), ["relu:0", "b"], top=8))["relu:0", "b", "gradient"]
    expected = defaultdict(float)
    for one in inputs.split(1):
        layer = torch.relu(net.a(one)).detach().requires_grad_()
        peaks = net.b(layer * 2).amax((2, 3))[0]
        for j in range(6):
            slope = torch.autograd.grad(peaks[j], layer, retain_graph=True)[0]
            for i, value in enumerate((slope * layer).sum((0, 2, 3)).tolist()):
                expected[j, i] += max(value, 0)
    assert {key: total for key, (_, total) in table.items()} == pytest.approx(
        {k: v for k, v in expected.items() if v > 0}, rel=1e-4
    )


def test_for_a_single_position_the_estimate_is_exact():
    net = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.ReLU(), torch.nn.Linear(7, 4)).eval()
    inputs = torch.randn(6, 5)
    exact = entries(influence(net, [inputs], np.ones(6, bool), ["0", "2"], top=3))["0", "2", "linear"]

    class Untraceable(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = net[0], net[2]

        def forward(self, x):
            return self.last(torch.relu(self.first(x))) if len(x) else x.item()

    estimated = entries(influence(Untraceable(), [inputs], np.ones(6, bool), ["first", "last"], top=3))
    assert_same(estimated["first", "last", "gradient"], exact)


@pytest.mark.parametrize(
    ("layers", "membership", "error", "message"),
    [
        (["a", "bb"], np.ones(2, bool), LayerError, "no layer named 'bb'; did you mean 'b'?"),
        (["a"], np.ones(2, bool), LayerError, "influence is between layers: name at least two."),
        (["a", "b"], np.ones(1, bool), DataError, "more instances came than the membership has: 2 for 1."),
        (["a", "b"], np.ones(3, bool), DataError, "fewer instances came than the membership has: 2 for 3."),
        (["a", "b"], np.ones(2), DataError, "booleans (instances, subsets) or a subset number each, not float64"),
    ],
)
def test_bad_input_is_refused_in_words(layers, membership, error, message):
    with pytest.raises(error, match=re.escape(message)):
        influence(networks.settled(networks.Plain()), [torch.randn(2, 3, 13, 11)], membership, layers)


def test_two_names_of_one_tensor_are_refused():
    with pytest.raises(LayerError, match=r"layers 'stem\.2' and 'stem' are the same tensor; name one of them"):
        influence(networks.settled(networks.Residual()), [torch.randn(2, 3, 13, 11)], np.ones(2, bool), ["stem.2", "stem", "one"])


def test_no_batch_at_all_is_refused():
    with pytest.raises(DataError, match="no batch came"):
        influence(networks.settled(networks.Plain()), [], np.ones(0, bool), ["a", "b"])


def test_the_model_is_left_as_it_was():
    net = networks.Attentive().train()
    influence(net, [torch.randn(2, 3, 9, 9)], np.ones(2, bool), ["a", "b", "c"])
    assert net.training
    assert not any(module._forward_hooks for module in net.modules())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_progress_may_cancel():
    def cancel(done, total, stage):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        influence(networks.settled(networks.Plain()), [torch.randn(2, 3, 13, 11)], np.ones(2, bool), ["a", "b"], progress=cancel)


LAYERS = ("a", "b", "c")


@pytest.fixture(scope="module")
def planted():
    """The planted network, its images and labels, its layers' peaks, and what a graph needs for any membership."""
    net = networks.Planted().eval()
    images, labels = networks.planted_images()
    with torch.no_grad():
        maps = [torch.relu(net.a(images))]
        maps.append(torch.relu(net.b(maps[0])))
        maps.append(torch.relu(net.c(maps[1])))
    peaks = {name: one.amax((2, 3)).numpy() for name, one in zip(LAYERS, maps, strict=True)}

    def count(membership):
        return {name: aggregate_activations(peaks[name], membership) for name in LAYERS}

    def measure(membership):
        return influence(net, images.split(60), membership, LAYERS, top=3)

    return labels, count, measure


def test_a_planted_circuit_is_recovered(planted):
    labels, count, measure = planted
    counts, found = count(labels), measure(labels)
    for c in range(6):
        graph = build_graph(counts, found, subset=c, mass=0.02)
        assert {name: graph.units(name)[0] for name in LAYERS} == dict.fromkeys(LAYERS, c)
        assert {(("a", c), ("b", c)), (("b", c), ("c", c))} <= set(graph.edges)
        strongest = dict(zip(graph.nodes, graph.attributed, strict=True))
        assert strongest["c", c][0][:2] == ("b", c)
        assert strongest["b", c][0][:2] == ("a", c)


def test_shuffled_labels_recover_no_circuit_and_are_refused(planted):
    labels, count, measure = planted
    shuffled = np.random.default_rng(0).permutation(labels)
    counts, found = count(shuffled), measure(shuffled)
    recovered = [
        all(build_graph(counts, found, subset=c, mass=0.02).units(name)[:1].tolist() == [c] for name in LAYERS) for c in range(6)
    ]
    assert sum(recovered) <= 2
    verdicts = {}
    for given in ("real", "shuffled"):
        inside = as_membership((labels if given == "real" else shuffled) == 0, len(labels))
        everybody = np.ones((len(labels), 1), bool)
        counts = count(hstack([inside, csr_array(everybody), shuffle(inside, len(labels), draws=19)], format="csr"))
        verdicts[given] = judge(
            {name: one[0] for name, one in counts.items()},
            {name: one[1] for name, one in counts.items()},
            {name: one[2:] for name, one in counts.items()},
        )
    assert not verdicts["real"].refused
    assert verdicts["shuffled"].refused
