"""Attribution graphs of a case: measured once, kept by what they rest on, checked, compared, exchanged."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import networkx
import numpy as np
import pytest
import torch
from torch import nn

from planted import planted_case
from probes.networks import Deciding, Planted, planted_images
from underglass import Case, datasets, models
from underglass.errors import DataError, JobCancelled, LayerError
from underglass.views import attribution_pictures, attribution_results
from underglass.views.attribution import VIEW
from underglass.views.attribution_checks import ablation, shuffled_control
from underglass.views.attribution_results import Settings, kept, measure

CLASSES = ("p", "q", "r", "s", "t", "u")
LAYERS = ("a", "b", "c")
call = VIEW.calls


def label(name):
    return {"op": "compare", "column": "label", "is": "=", "value": name}


def plain(value):
    """What crosses the wire is plain JSON without NaN."""
    return json.loads(json.dumps(value, allow_nan=False))


def ended(case, job):
    found = case.jobs[job["id"]].wait(60)
    assert found.state == "done", found.error
    return found.result


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    images, labels = planted_images(180)
    beside = (images.permute(0, 2, 1, 3).reshape(180, 8, 48).numpy() * 80).round().astype(np.uint8)  # channels side by side

    def prepare(picture):
        return torch.tensor(np.asarray(picture).reshape(8, 6, 8)).permute(1, 0, 2).float() / 80

    data = datasets.arrays(beside, labels, classes=CLASSES)
    folder = tmp_path_factory.mktemp("planted") / "c.case"
    with Case.create(folder, data) as case:
        case.capture(models.torch(Planted(), preprocess=prepare, output="logits", name="planted"), layers=LAYERS)
        yield case


@pytest.fixture
def case(planted):
    attached = planted.attached
    yield planted
    planted.attached = attached


def test_the_planted_circuit_is_found_through_the_case(case):
    for code, name in enumerate(case.folder.manifest.classes):
        graph = case.attribution_graph(f"label = '{name}'")
        for layer in LAYERS:
            assert code in graph.units(layer)
        for before, after in itertools.pairwise(LAYERS):
            strongest = graph.attributed[graph.nodes.index((after, code))][0]
            assert strongest[:2] == (before, code)


def test_shuffled_labels_are_refused_and_the_real_ones_are_not(case):
    real = shuffled_control(case, case.model, label("p"), None, Settings(), draws=39)
    anyone = np.random.default_rng(3).permutation(180)[:30]
    random = shuffled_control(case, case.model, anyone, None, Settings(), draws=39)

    assert not real["refused"]
    assert real["gaps"]["c:0"][2]
    assert real["apart"] > real["most"]
    assert random["refused"]
    assert "the network, not this subset" in random["words"]
    plain(real)


def test_the_rank_and_the_edges_are_those_networkx_finds(case):
    settings = Settings(mass=1.0)
    found = measure(case, label("q"), settings)
    graph = found.graph()
    drawn = networkx.Graph()
    for layer, counts in found.counts.items():
        drawn.add_nodes_from((layer, unit) for unit in range(len(counts)))
    for hop in found.influence.hops:
        known = list(zip(hop.target_unit, -hop.count, -hop.total, hop.source_unit, strict=True))
        for unit in set(hop.target_unit.tolist()):
            for target, count, _, source in sorted(one for one in known if one[0] == unit)[:5]:
                drawn.add_edge((hop.source, int(source)), (hop.target, int(target)), weight=-int(count))
    start = {(layer, unit): one / counts.max() for layer, counts in found.counts.items() for unit, one in enumerate(counts)}
    rank = networkx.pagerank(drawn, 0.85, start, max_iter=1000, tol=1e-12, weight="weight")

    assert np.allclose(graph.rank, [rank[node] for node in graph.nodes], atol=1e-6)


def test_counts_are_those_of_a_loop_over_the_subset(case):
    rows = case.rows(label("r"))
    values = case.model.activations("b", "max").rows(rows).astype(np.float64)
    by_hand = Counter()
    for row in values:
        order = np.argsort(-row, kind="stable")
        by_hand.update(order[: int(np.searchsorted(row[order].cumsum(), 0.03 * row.sum() * (1 - 1e-10))) + 1].tolist())

    counts = measure(case, label("r"), Settings()).counts["b"]

    assert {unit: int(count) for unit, count in enumerate(counts) if count} == dict(by_hand)


def test_a_graph_is_measured_once_and_kept_without_the_model(case, monkeypatch):
    first = case.attribution_graph("label = 's'", mass=0.5)
    monkeypatch.setattr(attribution_results, "_influence", lambda *_: pytest.fail("was measured again"))
    case.attached = None

    assert case.attribution_graph("label = 's'", mass=0.5).edges == first.edges
    assert len(case.attribution_graph("label = 's'", mass=0.2).nodes) < len(first.nodes)


def test_without_the_model_units_are_shown_and_what_is_missing_is_said(case):
    case.attached = None

    graph = case.attribution_graph([0, 1, 2, 7])
    answer = plain(
        call["summary"](case, {"op": "and", "terms": [label("p"), {"op": "compare", "column": "row", "is": "<", "value": 9}]})
    )

    assert len(graph.nodes)
    assert not graph.edges
    assert graph.messages == ("which unit feeds which was not measured: it needs the model.",)
    assert answer["state"] == "found"
    assert answer["measured"] == [False]
    assert "--model my_pkg:make" in answer["blocked"]
    for name in ("start", "ablate"):
        with pytest.raises(LayerError, match="a case carries no code"):
            call[name](case, label("p"))


def test_any_subset_has_a_graph_and_a_relabel_makes_another(case):
    rows = case.rows("label = 'u'")
    whole = measure(case, "label = 'u'", Settings())
    case.subset("some", rows[:5])

    assert kept(case, rows, Settings()) is not None
    assert measure(case, {"op": "subset", "name": "some"}, Settings()).rows.tolist() == rows[:5].tolist()
    case.relabel([int(rows[0])], "p")
    try:
        assert len(measure(case, "label = 'u'", Settings()).rows) == len(whole.rows) - 1
    finally:
        case.undo()
    case.exclude([int(rows[0])])
    try:
        assert len(measure(case, "label = 'u'", Settings()).rows) == len(whole.rows) - 1
    finally:
        case.undo()


def test_a_subset_without_instances_is_empty_and_never_invented(case):
    nobody = {"op": "and", "terms": [label("p"), label("q")]}

    answer = plain(call["summary"](case, nobody))

    assert answer["state"] == "empty"
    assert answer["n"] == [0]
    with pytest.raises(DataError, match="no instance matches: 0 of 180"):
        case.attribution_graph("label = 'p' and label = 'q'")
    with pytest.raises(DataError, match="A is empty"):
        shuffled_control(case, case.model, nobody, label("p"), Settings())
    with pytest.raises(DataError, match="no graph to write"):
        call["export"](case, nobody)


def test_two_graphs_share_what_both_have(case):
    a, b = label("p"), label("q")
    ended(case, call["start"](case, a, b, {"mass": 0.3}))

    answer = plain(call["summary"](case, a, b, {"mass": 0.3}))
    one, other = (set(case.attribution_graph(f"label = '{name}'", mass=0.3).nodes) for name in "pq")
    sides = {(node["layer"], node["unit"]): node["side"] for node in answer["nodes"]}

    assert sides == {node: "both" if node in one & other else "a" if node in one else "b" for node in one | other}
    assert sides["c", 0] == "a"
    assert sides["c", 1] == "b"
    assert answer["overlap"]["overall"] == [len(one & other), len(one - other), len(other - one)]


def test_silencing_the_circuit_ruins_the_class_and_random_units_do_not(case):
    found = ablation(case, case.model, measure(case, label("p"), Settings()), draws=19)

    assert found["fall"] > found["random_fall"][2] > found["random_fall"][1]
    assert found["p_value"] == 1 / 20
    assert found["target"] == "p"
    assert found["instances"] == 30
    plain(found)


def test_a_graph_goes_to_summits_file_and_back(case):
    graph = case.attribution_graph("label = 'q'", mass=0.3)
    written = call["export"](case, label("q"), {"mass": 0.3})

    key = call["import_file"](case, json.dumps(written), "q.json")["key"]
    back = plain(call["imported"](case, key))

    assert {(node["layer"], node["unit"], node["sides"][0]["count"]) for node in back["nodes"]} == {
        (*node, int(count)) for node, count in zip(graph.nodes, graph.count, strict=True)
    }
    assert len(back["edges"]) == len(graph.edges)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[]", "an object of layers"),
        ('{"b": [{"channel": 24, "count": 1}]}', "names unit 24 of 'b', whose units are 0 to 23"),
        ('{"bb": [{"channel": 1, "count": 1}]}', "did you mean 'b'"),
        ('{"b": [{"unit": 1}]}', "has no 'channel'"),
        ('{"b": [3]}', "no attribution graph"),
        ('{"a": [], "b": [{"channel": 1, "count": 1, "prev_channels": [{"prev_channel": 9, "inf": 1}]}]}', "no node of it"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_nothing_is_kept(case, text, message):
    before = case.folder.results.list("attribution_import")

    with pytest.raises(DataError, match=message):
        call["import_file"](case, text, "x.json")

    assert case.folder.results.list("attribution_import") == before


def test_a_units_card_has_its_instances_and_its_name(case):
    card = plain(call["unit"](case, "c", 2, label("r"), label("s")))
    values = case.model.activations("c", "max").unit(2).astype(np.float32)

    assert card["rows"][0] == int(values.argmax())
    assert card["values"] == sorted(card["values"], reverse=True)
    assert card["label"] == "r"
    assert "of the 20 strongest" in card["evidence"]
    assert [sum(one) for one in card["histograms"]] == [30, 30]
    carried = call["instances"](case, "c", 2, label("r"))
    assert len(carried["rows"]) == int(measure(case, label("r"), Settings()).counts["c"][2])
    for wrong in (24, -1, True, "2"):
        with pytest.raises(LayerError, match="its units are 0 to 23"):
            call["unit"](case, "c", wrong)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"mas": 1}, "did you mean 'mass'"), ({"mass": 0}, "above 0"), ({"top": 0}, "at least 1"), ({"weight": "x"}, "weight")],
)
def test_settings_that_cannot_be_are_named(case, settings, message):
    with pytest.raises(DataError, match=message):
        case.attribution_graph("label = 'p'", **settings)


def test_a_layer_that_was_not_captured_is_named(case):
    with pytest.raises(LayerError, match="Known: a, b, c"):
        case.attribution_graph("label = 'p'", layers=["a", "d"])
    with pytest.raises(LayerError, match="leads from layer to layer"):
        case.attribution_graph("label = 'p'", layers=["a"])


def test_a_stop_keeps_nothing(case):
    def stop(*_):
        raise JobCancelled

    rows = [3, 4, 5]
    with pytest.raises(JobCancelled):
        case.attribution_graph(rows, progress=stop)

    assert kept(case, np.array(rows, np.int32), Settings()) is None


def small_case(path, net, shape, *, classes=("x", "y"), **capture):
    torch.manual_seed(0)
    images = np.random.default_rng(0).integers(0, 256, (24, *shape), dtype=np.uint8)
    made = Case.create(path, datasets.arrays(images, np.arange(24) % 2, classes=list(classes)))
    made.capture(models.torch(net, preprocess=models.to_tensor, output="logits", name="net"), **capture)
    return made


def test_an_image_units_crop_is_kept_and_shown_without_the_model(tmp_path):
    net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 2))
    with small_case(tmp_path / "c.case", net, (8, 8), layers=["1", "3", "5"]) as made:
        ended(made, call["start"](made, label("x"), None, {"mass": 0.6}))
        made.attached = None
        answer = plain(call["summary"](made, label("x"), None, {"mass": 0.6}))
        cropped = list(answer["nodes"])
        _rows, boxes, images = attribution_pictures.kept_crops(
            made, made.model, "1", next(n["unit"] for n in cropped if n["layer"] == "1")
        )

    assert all(node["cropped"] and node["picture"].startswith("data:image/png;base64,") for node in cropped)
    assert (boxes[:, 2:] - boxes[:, :2] <= 3).all()
    assert images.shape == (1, 56, 56, 3)
    assert answer["n"] == [12]
    assert answer["measured"] == [True]


def test_a_silent_layer_and_one_without_space_are_drawn_and_said(tmp_path):
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5), nn.ReLU(), nn.Linear(5, 2))
    with torch.no_grad():
        net[3].weight.fill_(-1)
        net[3].bias.fill_(-1)
    with small_case(tmp_path / "c.case", net, (8, 8), layers=["1", "4", "5"]) as made:
        graph = made.attribution_graph("label = 'x'")

    assert not len(graph.units("4"))
    assert any("no unit of '4' is active" in message for message in graph.messages)


def test_a_model_that_cannot_be_traced_falls_back_and_says_why(tmp_path):
    class Grey(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Deciding()

        def forward(self, x):
            return self.inner(x.repeat(1, 3, 1, 1))

    torch.manual_seed(0)
    net = Grey()
    layers = [name for name, module in net.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)][:3]
    with small_case(tmp_path / "c.case", net, (12, 12), classes="xyzuvw", layers=layers) as made:
        graph = made.attribution_graph("label = 'y'")

    assert any("estimated by gradient" in message for message in graph.messages)


def test_a_case_with_one_layer_or_only_means_is_refused_in_words(tmp_path):
    with Case(planted_case(tmp_path / "p.case", 60)) as made, pytest.raises(LayerError, match="only 'fc' was captured"):
        made.attribution_graph("label = 'Coat'")
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    with (
        small_case(tmp_path / "c.case", net, (8, 8), layers=["1", "3"], pooling=("mean",)) as made,
        pytest.raises(LayerError, match="captured with mean only"),
    ):
        made.attribution_graph("label = 'x'")
