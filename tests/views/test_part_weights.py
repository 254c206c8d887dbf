"""Are the weights that a part of the graph shows the model's own, and are their numbers told as numpy tells them?"""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')

from torch import nn  # noqa: E402

from underglass import datasets, models  # noqa: E402
from underglass.analyses.weight_summary import summarise_weight  # noqa: E402
from underglass.case import Case  # noqa: E402
from underglass.errors import LayerError  # noqa: E402
from underglass.views.part_weights import SHOWN, weights  # noqa: E402

IMAGES = np.random.default_rng(0).random((6, 6, 6), np.float32)


class Mixed(nn.Module):
    """Layers, a normalisation with moving averages, a parameter that a function takes, and one layer called twice."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.blocks = nn.Sequential(*(nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.ReLU()) for _ in range(5)))
        self.offset = nn.Parameter(torch.linspace(-1, 1, 4))
        self.again = nn.Linear(4, 4, bias=False)
        self.head = nn.Linear(4, 2)
        self.stem.bias.requires_grad_(False)

    def forward(self, x):
        x = self.blocks(self.stem(x)).mean((2, 3)) + self.offset
        return self.head(self.again(self.again(x)))


@pytest.fixture
def case(tmp_path):
    torch.manual_seed(0)
    made = Case.create(tmp_path / "net.case", datasets.arrays(IMAGES, np.arange(6) % 2, classes=["a", "b"]))
    net = Mixed().eval()
    made.capture(models.torch(net, preprocess=lambda image: torch.as_tensor(image)[None], output="logits"), layers=["head"])
    yield made
    made.close()


def shown(case, *parts, **options):
    return {(one["operation"], one["name"]): one for one in weights(case, parts=list(parts), **options)["weights"]}


def told(values):
    """A weight as numpy tells it."""
    values = np.asarray(values, np.float64)
    low, high = values.min(), values.max()
    bins = [values.size] if low == high else np.histogram(values, 24, (low, high))[0].tolist()
    spread = {"mean": values.mean(), "deviation": values.std(), "low": low, "high": high}
    return {"count": values.size, "finite": values.size, "zeros": int((values == 0).sum()), **spread, "bins": bins}


def agrees(one, tensor):
    expected = told(tensor.detach().numpy())
    bins = one["summary"].pop("bins")
    assert one["summary"] == pytest.approx({key: value for key, value in expected.items() if key != "bins"}, rel=1e-5, abs=1e-7)
    assert sum(bins) == tensor.numel()
    assert np.abs(np.cumsum(bins) - np.cumsum(expected["bins"])).max() <= 1, "a number on an edge may fall to either side"
    assert tuple(one["shape"]) == tuple(tensor.shape)


def test_a_layers_weights_are_its_own_with_its_moving_averages(case):
    net = case.attached.net
    found = shown(case, "blocks.2.1")

    assert [name for _, name in found] == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    assert [one["trained"] for one in found.values()] == [True, True, False, False, False]
    agrees(found["blocks.2.1", "running_mean"], net.blocks[2][1].running_mean)
    assert found["blocks.2.1", "num_batches_tracked"]["kind"] == "int64"
    stem = shown(case, "stem")
    assert stem["stem", "bias"]["trained"] is False, "it was frozen"
    agrees(stem["stem", "weight"], net.stem.weight)


def test_what_a_function_takes_and_what_is_called_again_is_found(case):
    net = case.attached.net

    taken = shown(case, "add")
    assert list(taken) == [("add", "offset")]
    agrees(taken["add", "offset"], net.offset)
    assert shown(case, "again:1").keys() == {("again:1", "weight")}
    agrees(shown(case, "again:1")["again:1", "weight"], net.again.weight)
    assert list(shown(case, "again", "again:1")) == [("again", "weight")], "one tensor is told once"
    assert weights(case, parts=["mean"])["weights"] == []


def test_a_module_tells_twelve_at_a_time_and_how_many_there_are(case):
    first = weights(case, parts=["blocks"])
    second = weights(case, parts=["blocks"], start=SHOWN)
    last = weights(case, parts=["blocks"], start=2 * SHOWN)

    assert first["total"] == 5 * 7
    assert [len(one["weights"]) for one in (first, second, last)] == [12, 12, 11]
    names = [(one["operation"], one["name"]) for part in (first, second, last) for one in part["weights"]]
    assert names == list(dict.fromkeys(names))
    assert {name for name, _ in names} == {f"blocks.{at}.{inner}" for at in range(5) for inner in (0, 1)}
    assert weights(case, parts=[f"blocks.{at}" for at in range(5)])["total"] == 35, "as the members of a series"


def test_without_the_model_and_for_no_part_it_is_said(case, tmp_path):
    with pytest.raises(LayerError, match=r"no part of the graph named 'blocks.2.11'; did you mean"):
        weights(case, parts=["blocks.2.11"])
    case.close()
    alone = Case.open(tmp_path / "net.case")
    found = weights(alone, parts=["stem"])
    assert found["problem"] == "the model is not attached: underglass open net.case --model my_pkg:make"
    assert found["weights"] == []
    alone.close()


def test_a_graph_kept_before_names_were_written_says_so(case):
    kept = case.folder.results.get("model_graph", case.folder.results.list("model_graph")[0])
    for one in kept.meta["graph"]["operations"]:
        one["details"].pop("takes", None)
    case.folder.results.put("model_graph", case.model.name, {}, kept.meta, {"weights": case.model.record.weights_hash})

    assert weights(case, parts=["add"])["problem"].startswith("which of the model's weights it takes was not written down")
    assert weights(case, parts=["stem"])["problem"] is None
    assert weights(case, parts=["mean"])["problem"] is None, "it takes none"


def test_numbers_that_are_none_are_counted_apart():
    values = np.array([[1.0, -1.0, np.nan], [np.inf, 0.0, 0.0]], np.float32)
    found = summarise_weight(values, bins=4)

    assert (found.count, found.finite, found.zeros) == (6, 4, 2)
    assert (found.low, found.high, found.mean) == (-1, 1, 0)
    assert found.bins == (1, 0, 2, 1)
    nothing = summarise_weight(np.full(3, np.nan))
    assert (nothing.count, nothing.finite, nothing.mean, nothing.bins) == (3, 0, None, ())
    assert summarise_weight(np.zeros((0, 4))).count == 0
    assert summarise_weight(np.full((2, 2), 7, np.int8)).bins == (4,)
    halves = summarise_weight(np.full(100_000, 60_000, np.float16))
    assert halves.mean == pytest.approx(60_000, rel=1e-3), "a sum of halves would overflow"
    assert summarise_weight(np.array([True, False])).mean == 0.5
    large = np.random.default_rng(0).normal(3, 0.01, 2_500_000).astype(np.float32)
    found = summarise_weight(large)
    assert (found.mean, found.deviation) == pytest.approx((large.mean(dtype=float), large.std(dtype=float)), rel=1e-9)
    assert found.bins == tuple(np.histogram(large, 24, (found.low, found.high))[0]), "blocks add up"
    with pytest.raises(ValueError, match="complex"):
        summarise_weight(np.array([1j]))
    with pytest.raises(ValueError, match="at least 1 bin"):
        summarise_weight(values, bins=0)


def test_types_that_numpy_has_not_are_read_and_complex_ones_are_not():
    from underglass.models.torch_weights import weights_in

    net = nn.Linear(3, 2).to(torch.bfloat16)
    net.phase = nn.Parameter(torch.ones(2, dtype=torch.complex64))
    graph = case_graph(nn.Linear(3, 2))
    found = {one.name: one for one in weights_in(net, graph.operations)}
    assert found["weight"].kind == "bfloat16"
    np.testing.assert_array_equal(found["weight"].read(), net.weight.detach().float().numpy())
    assert found["phase"].read() is None


def case_graph(net):
    from underglass.models.torch_graph import read_graph

    return read_graph(net, (1, 3))
