"""Are the rows of the activation matrix numpy's means, for every way to make a row, and is what cannot be said in words?"""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import torch
from torch import nn

import underglass as ug
from planted import CLASSES, planted_case
from underglass.case import Case
from underglass.errors import DataError, EditError, LayerError
from underglass.views.unit_rows import rows_of
from underglass.views.units import VIEW

N = 400
call = VIEW.calls


@pytest.fixture
def case(tmp_path):
    with Case(planted_case(tmp_path / "planted.case", N)) as opened:
        yield opened


def plain(value):
    return json.loads(json.dumps(value, allow_nan=False))


def values(case):
    return case.model.activations("fc").array()


def compare(column, value, op="="):
    return {"op": "compare", "column": column, "is": op, "value": value}


def read(answer):
    (size,) = struct.unpack("<I", answer[:4])
    head = json.loads(answer[4 : 4 + size])
    floats = np.frombuffer(answer[4 + size :], "<f4").reshape(2, len(head["counts"]), head["units"])
    return head, floats[0], floats[1]


def test_rows_of_every_kind_are_numpys_means(case):
    table, array = case.table(), values(case)
    label, site, age = table["label"].to_pylist(), table["site"].to_pylist(), table["age"].to_numpy()
    case.subset("old", "age > 60")
    picked = case.serving.make_pick(np.array([3, 9, 40], np.int32))
    above = float(np.float32(array[:, 5].max() / 2))
    specs = {
        "a label": ({"tree": compare("label", "Coat")}, [one == "Coat" for one in label]),
        "an error": (
            {"tree": compare("correct", False)},
            [one is False for one in table["correct"].to_pylist()],
        ),
        "a range": ({"tree": {"op": "between", "column": "age", "low": 30, "high": 40}}, (age >= 30) & (age <= 40)),
        "a text": ({"tree": {"op": "contains", "column": "site", "text": "ort"}}, [one == "north" for one in site]),
        "a subset": ({"tree": {"op": "subset", "name": "old"}}, age > 60),
        "a pick": ({"tree": {"op": "pick", "name": picked}}, np.isin(np.arange(N), [3, 9, 40])),
        "an instance": ({"row": 17}, np.arange(N) == 17),
        "a unit": ({"fires": 5, "above": above}, array[:, 5] > above),
    }
    head, means, deviations = read(call["rows"](case, "fc", [spec for spec, _ in specs.values()]))

    for place, (name, (_, inside)) in enumerate(specs.items()):
        inside = np.asarray(inside, bool)
        assert head["counts"][place] == inside.sum() > 0, name
        np.testing.assert_allclose(means[place], array[inside].mean(0, dtype=np.float64), rtol=1e-4, atol=1e-5, err_msg=name)
        np.testing.assert_allclose(deviations[place], array[inside].std(0, dtype=np.float64), rtol=1e-3, atol=1e-3, err_msg=name)


def test_an_empty_row_is_empty_and_never_zero(case):
    head, means, _ = read(call["rows"](case, "fc", [{"tree": compare("age", 200, ">")}, {"tree": compare("label", "Coat")}]))

    assert head["counts"][0] == 0
    assert np.isnan(means[0]).all()
    assert np.isfinite(means[1]).all()


def test_rows_are_counted_within_what_is_shown_and_without_the_excluded(case):
    case.exclude([0, 1, 2])
    table, array = case.table(), values(case)
    inside = np.array([one == "Coat" for one in table["label"].to_pylist()]) & (table["age"].to_numpy() > 50)
    inside[:3] = False

    found = rows_of(case, "fc", [{"tree": compare("label", "Coat")}, {"row": 0}], within=compare("age", 50, ">"))

    assert found.counts.tolist() == [inside.sum(), 1]
    np.testing.assert_allclose(found.means[0], array[inside].mean(0), rtol=1e-4, atol=1e-5)


def test_a_row_that_cannot_be_evaluated_says_why_and_the_others_live(case):
    head, _, _ = read(call["rows"](case, "fc", [{"tree": compare("agee", 3)}, {"tree": compare("label", "Coat")}, {"row": 9999}]))

    assert head["counts"][0] == head["counts"][2] == -1
    assert head["counts"][1] > 0
    assert "did you mean 'age'" in head["problems"]["0"]
    assert head["problems"]["2"] == "there is no row 9999; rows are 0 to 399."


def test_clustering_gives_an_order(case):
    head, _, _ = read(call["rows"](case, "fc", [{"tree": compare("label", name)} for name in CLASSES], cluster=True))
    assert sorted(head["order"]) == list(range(12))


def test_a_layer_or_pooling_that_is_not_there_is_refused(case):
    with pytest.raises(LayerError, match="no layer named 'fcc'; did you mean 'fc'"):
        call["rows"](case, "fcc", [])
    with pytest.raises(LayerError, match="was not captured with pooling 'max'; captured: mean"):
        call["summary"](case, "fc", part="max")
    with pytest.raises(LayerError, match="layer 'fc' has no unit 12; its units are 0 to 11"):
        call["unit"](case, "fc", 12)


def test_quantiles_cut_into_parts_of_equal_size_that_hold_everyone(case):
    found = plain(call["quantiles"](case, "score", parts=4))["parts"]
    counts = rows_of(case, "fc", [{"tree": one["tree"]} for one in found]).counts
    score = case.table()["score"].to_pylist()

    assert counts.sum() == sum(one is not None for one in score)
    assert np.ptp(counts) <= 3


@pytest.mark.parametrize(
    ("column", "parts", "words"),
    [
        ("site", 4, "'site' holds category values; only numbers"),
        ("scor", 4, "no column named 'scor'; did you mean 'score'"),
        ("score", 1, "2 to 20 parts; got 1"),
    ],
)
def test_what_cannot_be_cut_is_refused(case, column, parts, words):
    with pytest.raises(DataError, match=words):
        call["quantiles"](case, column, parts=parts)


def test_a_units_panel_is_numpys(case):
    array, labels, predictions = values(case), case.labels(), case.predictions()
    found = plain(call["unit"](case, "fc", 4, within=compare("age", 30, ">=")))
    rows = np.flatnonzero(case.table()["age"].to_numpy() >= 30)
    mine = array[rows, 4]

    assert [one["row"] for one in found["strongest"]] == rows[np.lexsort((rows, -mine))][:10].tolist()
    assert [one["row"] for one in found["weakest"]] == rows[np.lexsort((rows, mine))][:10].tolist()
    wrong = {int(row) for row in rows if labels[row] >= 0 and labels[row] != predictions[row]}
    assert {one["row"] for one in found["strongest"] if one["wrong"]} == {one["row"] for one in found["strongest"]} & wrong
    for at, line in enumerate(found["classes"]):
        own = mine[labels[rows] == at]
        assert (line["name"], line["n"], sum(line["counts"])) == (CLASSES[at], len(own), len(own))
        assert line["mean"] == pytest.approx(own.mean(), rel=1e-4)
    assert found["picture"]["blocked"].startswith("pictures of units need the model: a case carries no code")
    assert found["crops"] == "fc has no positions: its units look at the whole picture."


def test_suggestions_deviate_more_than_chance_and_are_rows(case):
    found = plain(call["suggest"](case, "fc"))
    ratios = [one["deviation"] / one["chance"] for one in found["found"]]

    assert ratios == sorted(ratios, reverse=True)
    assert {one["kind"] for one in found["found"]} >= {"errors"}
    counts = rows_of(case, "fc", [one["spec"] for one in found["found"]]).counts
    assert counts.tolist() == [one["n"] for one in found["found"]]
    case.patterns("fc")
    assert "pattern" in {one["kind"] for one in call["suggest"](case, "fc")["found"]}


def test_the_sample_is_stratified_and_holds_ones_own(case):
    case.tag([5, 6], "mine")
    case.flag([7])
    case.note([8], "odd")
    found = plain(call["sample"](case, size=100))
    labels = case.labels()

    assert {5, 6, 7, 8} <= set(found["row"])
    assert [row for row, own in zip(found["row"], found["own"], strict=True) if own] == [5, 6, 7, 8]
    assert (found["of"], found["marked"]) == (N, 4)
    drawn = np.bincount(labels[np.array(found["row"])] + 1, minlength=6)
    assert np.abs(drawn - np.bincount(labels + 1, minlength=6) / 4).max() <= 5
    assert plain(call["sample"](case))["n"] == N


@pytest.fixture
def real(tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(54, 2))
    with torch.no_grad():
        net[0].weight[2], net[0].bias[2] = 0, -1
        net[0].bias[3] = 1
        net[0].weight[4], net[0].bias[4] = net[0].weight[3], net[0].bias[3]
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    with Case.create(tmp_path / "r.case", ug.datasets.arrays(images, np.arange(60) % 2, classes=["a", "b"])) as made:
        made.capture(ug.models.torch(net, preprocess=ug.models.to_tensor, name="net"), layers=["1", "4"])
        yield made


def test_dead_units_and_twins_are_marked(real):
    found = plain(call["summary"](real, "1"))
    assert found["dead"] == [2]
    assert found["twins"] == [[4, 3]]
    assert plain(call["unit"](real, "1", 3))["twins"] == [4]


def test_crops_show_what_the_peak_looks_at(real):
    rows = [5, 7]
    answer = call["crops"](real, "1", 3, rows)
    (size,) = struct.unpack("<I", answer[:4])
    head = json.loads(answer[4 : 4 + size])
    images = torch.tensor(np.stack(real.dataset.load(rows)))[:, None].float() / 255
    with torch.no_grad():
        peak = real.attached.net[:2](images)[:, 3].flatten(1).argmax(1).numpy()

    assert head["size"] == [8, 8]
    for (top, left, bottom, right), (row, column) in zip(head["boxes"], zip(*np.divmod(peak, 6), strict=True), strict=True):
        assert (top, left) >= (row, column)
        assert (bottom, right) <= (row + 3, column + 3)
    assert answer[4 + size :].startswith(b"\x89PNG")


def test_the_graph_is_kept_with_the_case(real):
    found = plain(call["graph"](real))
    assert found["reason"] is None
    assert [node["type"] for node in found["nodes"]] == ["input", "Conv2d", "ReLU", "MaxPool2d", "Flatten", "Linear"]
    assert [node["layer"] for node in found["nodes"] if node["captured"]] == ["1", "4"]

    real.attached = None
    assert plain(call["graph"](real)) == found


def test_a_case_without_a_graph_shows_the_order_and_says_why(case):
    found = plain(call["graph"](case))
    assert found["reason"] == "it was captured without its graph, and no model is attached"
    assert [node["layer"] for node in found["nodes"]] == [None, "fc"]


def test_a_function_makes_a_subset(real):
    bright = real.subset("bright", function=lambda image: bool(image[6, 6] > 128))
    images = np.stack(real.dataset.load(range(60)))

    np.testing.assert_array_equal(bright.rows, np.flatnonzero(images[:, 6, 6] > 128))
    with pytest.raises(DataError, match=r"the function failed on instance '0': IndexError"):
        real.subset("no", function=lambda image: image[99, 99] > 3)
    with pytest.raises(DataError, match=r"the function gave .* for instance '0'; it must give True or False"):
        real.subset("no", function=lambda image: image)
    with pytest.raises(EditError, match="subset 'no' needs a filter or rows, or a function: one of them"):
        real.subset("no")
    assert "no" not in real.subsets


def test_pictures_of_several_units_come_as_one_sheet_when_all_are_kept(real):
    from io import BytesIO

    from PIL import Image

    assert call["picture_sheet"](real, "1", [3, 1]) == b""
    found = real.feature_visualization("1", [1, 3], samples=2)
    sheet = np.asarray(Image.open(BytesIO(call["picture_sheet"](real, "1", [3, 1]))))

    assert sheet.shape == (16, 16)
    np.testing.assert_array_equal(sheet[:8, :8], found[3].images[0, :, :, 0])
    np.testing.assert_array_equal(sheet[8:, 8:], found[1].images[1, :, :, 0])


def test_an_all_zero_layer_is_dead_and_its_rows_are_zero_not_empty(tmp_path):
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    with torch.no_grad():
        net[0].weight.zero_()
        net[0].bias.fill_(-1)
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    with Case.create(tmp_path / "z.case", ug.datasets.arrays(images, np.arange(20) % 2, classes=["a", "b"])) as case:
        case.capture(ug.models.torch(net, preprocess=ug.models.to_tensor), layers=["1"])
        assert plain(call["summary"](case, "1"))["dead"] == [0, 1, 2, 3]
        found = rows_of(case, "1", [{"tree": compare("label", "a")}], cluster=True)
        assert found.means.tolist() == [[0, 0, 0, 0]]
        assert found.order.tolist() == [0, 1, 2, 3]
        unit = plain(call["unit"](case, "1", 2))
        assert unit["dead"]
        assert unit["name"] is None
        assert call["suggest"](case, "1")["found"] == []


def test_texts_and_rows_have_no_pictures_and_no_crops_and_say_so(tmp_path):
    with Case(planted_case(tmp_path / "rows.case", 60, images=False)) as case:
        unit = plain(call["unit"](case, "fc", 1))
        assert unit["crops"] == "Only pictures have parts to crop."
        with pytest.raises(LayerError, match="Only pictures have parts to crop"):
            call["crops"](case, "fc", 1, [0])
        assert unit["projections"] == "Only pictures have pixels to project to."
        with pytest.raises(LayerError, match="Only pictures have pixels"):
            call["projections"](case, "fc", 1, [0])


def test_projections_are_the_probes_and_need_the_model(real):
    from io import BytesIO

    from PIL import Image

    from underglass.probes.deconvolution import project_unit

    rows = [5, 7, 9]
    answer = call["projections"](real, "4", 1, rows)
    (size,) = struct.unpack("<I", answer[:4])
    head = json.loads(answer[4 : 4 + size])
    found = project_unit(real.attached, real.dataset.load(rows), "4", 1)
    sheet = np.asarray(Image.open(BytesIO(answer[4 + size :])))

    assert head["peak"] == pytest.approx(found.peak.tolist())
    assert head["others"] == []
    assert sheet.shape == (head["tile"], 3 * head["tile"], 3)
    np.testing.assert_array_equal(sheet[::7, : head["tile"] : 7, 0], found.images()[0, :, :, 0])
    with pytest.raises(DataError, match="1 to 48 instances"):
        call["projections"](real, "4", 1, [])
    real.attached = object()
    seen = plain(call["unit"](real, "1", 1))
    assert "the attached model is none" in seen["projections"]
    assert "the attached model is none" in seen["crops"]
    assert "the attached model is none" in seen["picture"]["blocked"]
    real.attached = None
    assert "needs the model" in plain(call["unit"](real, "4", 1))["projections"]
    with pytest.raises(LayerError, match="Projecting back to the pixels needs the model"):
        call["projections"](real, "4", 1, rows)


def test_members_of_a_row_are_numpys(case):
    array, labels = values(case), np.array([one or "" for one in case.table()["label"].to_pylist()])
    age = case.table()["age"].to_numpy()
    above = float(np.float32(array[:, 5].max() / 2))

    def members(spec, within=None):
        return np.frombuffer(call["members"](case, "fc", spec, within=within), "<i4")

    np.testing.assert_array_equal(members({"tree": compare("label", "Coat")}), np.flatnonzero(labels == "Coat"))
    np.testing.assert_array_equal(
        members({"tree": compare("label", "Coat")}, compare("age", 60, ">")), np.flatnonzero((labels == "Coat") & (age > 60))
    )
    fires = {"fires": 5, "above": above, "layer": "fc"}
    np.testing.assert_array_equal(members(fires), np.flatnonzero(array[:, 5] > above))
    assert len(members({"tree": compare("age", 500, ">")})) == 0
