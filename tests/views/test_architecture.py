"""Is a model's graph kept with its case, and are a person's numbers and measured times put on it?"""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')

from torch import nn  # noqa: E402

from planted import planted_case  # noqa: E402
from underglass import datasets, models  # noqa: E402
from underglass.case import Case  # noqa: E402
from underglass.errors import DataError, ModelError  # noqa: E402
from underglass.views import architecture, model_graph  # noqa: E402
from underglass.views.graph_numbers import drop_numbers  # noqa: E402


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x)) + x)


class Net(nn.Module):
    def __init__(self, blocks=4):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, padding=1)
        self.body = nn.Sequential(*(Block(6) for _ in range(blocks)))
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))


class Odd(nn.Module):
    """What it runs depends on the values, and it fails on none: its graph is read with values."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(36, 8), nn.Linear(8, 2)

    def forward(self, x):
        x = self.a(x.flatten(1))
        return self.b(x if x.sum() > 0 else -x)


def captured(path, net, layers):
    random = np.random.default_rng(0)
    data = datasets.arrays(random.random((8, 6, 6), np.float32), np.arange(8) % 2, classes=["a", "b"])
    case = Case.create(path, data)
    torch.manual_seed(0)
    case.capture(models.torch(net.eval(), preprocess=lambda image: torch.as_tensor(image)[None], output="logits"), layers=layers)
    return case


@pytest.fixture
def case(tmp_path):
    made = captured(tmp_path / "net.case", Net(), ["stem", "body.1", "body"])
    yield made
    made.close()


def test_the_graph_is_kept_at_capture_and_needs_no_model(case, tmp_path):
    net = case.attached.net
    before = architecture.graph(case)
    case.close()
    alone = Case.open(tmp_path / "net.case")
    found = architecture.graph(alone)
    table = found["graph"]["parts"]

    assert alone.attached is None
    assert found["problem"] is None
    assert found["graph"] == before["graph"]
    assert found["graph"]["parameters"] == sum(one.numel() for one in net.parameters())
    top = [at for at, parent in enumerate(table["parent"]) if parent == -1]
    assert sum(table["parameters"][at] for at in top) == found["graph"]["parameters"]
    assert [table["id"][at] for at in found["graph"]["order"] if at in top] == ["x", "stem", "body", "mean", "head"]
    assert [table["id"][at] for at, kind in enumerate(table["kind"]) if kind == "series"] == ["body.0 … body.3"]
    assert alone.model_graph().parameters == found["graph"]["parameters"]
    assert found["untimed"] == "the model is not attached: underglass open net.case --model my_pkg:make"
    alone.close()


def test_captured_layers_are_marked_at_what_gives_them(case):
    found = architecture.graph(case)["graph"]
    ids = found["parts"]["id"]

    marked = {ids[int(at)]: names for at, names in found["layers"].items()}
    assert found["captured"] == ["body", "body.1", "stem"]
    assert marked["stem"] == ["stem"]
    assert marked["body.1"] == ["body.1"]
    assert marked["body"] == ["body"]
    assert marked["body.0.conv"] == ["body.0.conv"]


def test_one_kept_graph_serves_the_units_too(case):
    found = model_graph.graph(case)

    assert len(case.folder.results.list("model_graph")) == 1
    assert found["reason"] is None
    assert len(found["nodes"]) == architecture.graph(case)["graph"]["operations"]
    assert [node["layer"] for node in found["nodes"] if node["captured"]] == ["stem", "body.1", "body"]


def test_a_model_that_chooses_by_values_is_read_on_values_and_says_so(tmp_path):
    case = captured(tmp_path / "odd.case", Odd(), ["a"])
    found = architecture.graph(case)["graph"]

    assert "depends on the values of its input" in found["reason"]
    assert found["operations"] >= 4
    case.close()


def test_a_model_that_cannot_be_read_keeps_its_reason(case, monkeypatch):
    def fail(example):
        raise ModelError("Net fails on input (1, 1, 6, 6): it is made of glass")

    monkeypatch.setattr(case.attached, "graph", fail)
    case.folder.results.drop("model_graph", case.model.name)

    assert architecture.graph(case)["graph"] is None
    assert architecture.graph(case)["problem"] == "Net fails on input (1, 1, 6, 6): it is made of glass"
    with pytest.raises(ModelError, match="has no graph: Net fails on input"):
        case.model_graph()
    assert model_graph.graph(case)["reason"].startswith("Net fails")


def test_an_older_case_says_why_it_has_none_and_reads_it_from_an_attached_model(case):
    case.folder.results.drop("model_graph", case.model.name)
    model, case.attached = case.attached, None
    assert architecture.graph(case)["problem"] == "it was captured without its graph, and no model is attached"

    case.attached = model
    assert architecture.graph(case)["graph"]["operations"] == len(model.graph(case.dataset.load([0])).operations)


def test_a_case_of_an_older_version_has_no_graph(tmp_path):
    case = Case(planted_case(tmp_path / "planted.case", 20))
    assert architecture.graph(case)["problem"] == "it was captured without its graph, and no model is attached"
    case.close()


def test_own_numbers_are_kept_and_wrong_ones_refused(case):
    assert case.graph_numbers("on the phone", {"stem": 3, "body.1": 2.5, "head": None}, unit="ms") == 2
    assert architecture.graph(case)["numbers"] == [
        {"name": "on the phone", "unit": "ms", "inside": "sum", "values": {"stem": 3.0, "body.1": 2.5}}
    ]
    with pytest.raises(DataError, match=r"no part of the graph named 'stemm'; did you mean 'stem'\?"):
        case.graph_numbers("n", {"stemm": 1})
    with pytest.raises(DataError, match="'stem' has the value 'fast'; a number is needed"):
        case.graph_numbers("n", {"stem": "fast"})
    with pytest.raises(DataError, match="a finite number is needed"):
        case.graph_numbers("n", {"stem": float("inf")})
    with pytest.raises(DataError, match="holds no number"):
        case.graph_numbers("n", {"stem": float("nan")})
    with pytest.raises(DataError, match="the numbers need a name"):
        case.graph_numbers(" ", {"stem": 1})
    with pytest.raises(DataError, match="no way to sum up a module named 'median'"):
        case.graph_numbers("n", {"stem": 1}, inside="median")
    assert [one["name"] for one in architecture.graph(case)["numbers"]] == ["on the phone"]
    drop_numbers(case, "on the phone")
    assert architecture.graph(case)["numbers"] == []


def test_times_are_measured_for_every_operation_that_runs(case):
    weights = {name: value.clone() for name, value in case.attached.net.state_dict().items()}
    job = architecture.measure_times(case, instances=4)
    assert case.jobs[job["id"]].wait(120).state == "done"
    found = architecture.graph(case)["times"]

    ids = {one.id for one in case.model_graph().operations if one.type != "Input"}
    assert set(found["seconds"]) >= ids
    assert all(0 <= seconds < 10 for seconds in found["seconds"].values())
    assert found["instances"] == 4
    assert found["passes"] == 7
    assert not any(module._forward_hooks for module in case.attached.net.modules())
    for name, value in case.attached.net.state_dict().items():
        torch.testing.assert_close(value, weights[name])


def test_a_slow_operation_takes_the_time_that_it_takes(case):
    import time

    class Slow(nn.Module):
        def forward(self, x):
            time.sleep(0.02)
            return x + 1

    from underglass.probes.operation_times import operation_times

    model = models.torch(nn.Sequential(nn.Linear(4, 4), Slow(), nn.Linear(4, 2)).eval(), preprocess=torch.as_tensor)
    found = operation_times(model, [np.zeros(4, np.float32)], passes=3)

    assert max(found.seconds, key=found.seconds.get) == "1"
    assert found.seconds["1"] >= 0.02
    assert found.whole >= 0.02
    with pytest.raises(ModelError, match="the operations of a object cannot be timed one by one"):
        operation_times(object(), [0])


def test_times_cannot_be_measured_without_the_model(case):
    case.attached = None
    with pytest.raises(ModelError, match="times cannot be measured: the model is not attached"):
        architecture.measure_times(case)
