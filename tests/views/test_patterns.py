"""Patterns of a case: found once, kept by what they rest on, served as columns, and told to the browser in plain JSON."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image

import underglass as ug
from planted import CLASSES, planted_case
from underglass.analyses.patterns import find_patterns
from underglass.case import Case
from underglass.errors import DataError, LayerError
from underglass.views.patterns import VIEW, find

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')
N = 600
call = VIEW.calls


@pytest.fixture
def case(tmp_path):
    with Case(planted_case(tmp_path / "planted.case", N)) as opened:
        yield opened


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    """Images with a bar on the left or on the right, and a network whose unit 0 repeats its input and unit 1 is dead."""
    random = np.random.default_rng(3)
    images = np.zeros((80, 8, 8), np.uint8)
    images[:40, :, 1:3] = 200
    images[40:, :, 5:7] = 200
    images += random.integers(0, 12, images.shape).astype(np.uint8)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.Flatten(), torch.nn.Linear(128, 2))
    with torch.no_grad():
        net[0].weight.zero_()
        net[0].weight[0, 0, 1, 1] = 1
        net[0].bias.zero_()
    dataset = ug.datasets.arrays(images, np.repeat([0, 1], 40), classes=("left", "right"))
    model = ug.models.torch(net, preprocess=lambda image: torch.tensor(image / 255, dtype=torch.float32)[None], name="bars")
    with Case.create(tmp_path_factory.mktemp("bars") / "bars.case", dataset) as made:
        made.capture(model, layers=["0"], pooling=("mean", "max"), progress=lambda *_: None)
        yield made


def plain(value):
    """What crosses the wire is plain JSON without NaN."""
    return json.loads(json.dumps(value, allow_nan=False))


# finding ---------------------------------------------------------------------------------------------------------


def test_patterns_of_a_case_are_those_of_the_analysis(case):
    found = find(case, "fc")

    expected = find_patterns(case.model.activations("fc", "mean").array())
    assert found.labels.tolist() == expected.labels.tolist()
    assert found.count == expected.count
    assert repr(found).startswith(f"<{found.count} patterns of ")
    assert found.members(0)[:3].tolist() == expected.members(0)[:3].tolist()


def test_what_was_found_is_kept_and_not_found_again(case, monkeypatch):
    first = find(case, "fc")
    monkeypatch.setattr("underglass.analyses.patterns.find_patterns", lambda *_, **__: pytest.fail("was found again"))

    assert find(case, "fc").labels.tolist() == first.labels.tolist()


def test_instances_in_no_pattern_come_most_outlying_first(case):
    found = find(case, "fc")

    rows = found.members(-1)
    score = dict(zip(found.rows.tolist(), found.outlier_score.tolist(), strict=True))
    assert len(rows) == found.none
    assert [score[row] for row in rows.tolist()] == sorted((score[row] for row in rows.tolist()), reverse=True)


def test_columns_are_served_and_empty_where_nothing_was_clustered(case):
    case.exclude([0, 1, 2])
    found = find(case, "fc")

    served = case.table().to_pydict()
    assert served["pattern.fc"][:3] == [None, None, None]
    assert served["pattern.fc"][3:] == found.labels.tolist()
    assert case.count("pattern.fc = 0") == found.size[0]


def test_columns_are_there_again_when_the_case_is_opened_again(tmp_path):
    with Case(planted_case(tmp_path / "again.case", N)) as case:
        labels = find(case, "fc").labels.tolist()

    with Case.open(tmp_path / "again.case") as opened:
        assert opened.table().to_pydict()["pattern.fc"] == labels


def test_a_result_of_another_form_never_keeps_a_case_from_being_opened(tmp_path):
    with Case(planted_case(tmp_path / "old.case", N)) as case:
        kept = case.folder.results.get("patterns", find(case, "fc").key)
        case.folder.results.put("patterns", kept.key, {"labels": np.zeros(3)}, {**kept.meta, "form": -1}, kept.inputs)

    with Case.open(tmp_path / "old.case") as opened:
        assert "pattern.fc" not in opened.table().column_names
        assert call["summary"](opened, "fc")["state"] == "missing"


def test_above_the_limit_a_sample_in_the_labels_proportions_is_clustered(case):
    found = find(case, "fc", most=200)

    labels = case.labels()
    assert found.n == 200
    for code in range(-1, len(CLASSES)):
        assert abs((labels[found.rows] == code).sum() - 200 * (labels == code).mean()) < 1
    assert case.table().column("pattern.fc").null_count == N - 200


def test_progress_is_told_and_can_cancel(case):
    stages = []

    def progress(done, total, stage):
        stages.append(stage)
        raise ug.errors.JobCancelled("stop")

    with pytest.raises(ug.errors.JobCancelled):
        find(case, "fc", progress=progress)
    assert stages
    assert case.folder.results.list("patterns") == ()


# staleness -------------------------------------------------------------------------------------------------------


def test_a_relabel_does_not_stale_patterns_and_an_exclusion_does(case):
    find(case, "fc")

    case.relabel([5], CLASSES[0])
    assert call["summary"](case, "fc")["changed"] == []

    case.exclude([5, 6])
    assert call["summary"](case, "fc")["changed"] == ["2 instances excluded"]

    case.undo()
    assert call["summary"](case, "fc")["changed"] == []


def test_a_stale_result_is_found_anew_when_it_is_asked_for(case):
    find(case, "fc")
    case.exclude([5, 6])

    assert find(case, "fc").n == N - 2
    assert call["summary"](case, "fc")["changed"] == []


# settings --------------------------------------------------------------------------------------------------------


def test_each_setting_has_a_result_of_its_own_and_the_last_one_asked_for_is_shown(case):
    fine, coarse = find(case, "fc"), find(case, "fc", min_size=40)

    assert call["summary"](case, "fc")["key"] == coarse.key
    assert call["use"](case, "fc", {"min_size": 5}) == {"used": True}
    assert call["summary"](case, "fc")["key"] == fine.key
    assert case.table().column("pattern.fc").to_pylist() == fine.labels.tolist()
    assert call["use"](case, "fc", {"min_size": 41}) == {"used": False}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"minsize": 5}, "no setting named 'minsize'; did you mean 'min_size'?"),
        ({"min_size": "5"}, "setting 'min_size' must be a whole number of at least 1; got '5'."),
        ({"min_size": True}, "setting 'min_size' must be a whole number of at least 1; got True."),
        ({"epsilon": None}, "setting 'epsilon' must be a number; got None."),
        ({"normalize_units": "yes"}, "setting 'normalize_units' must be true or false; got 'yes'."),
        ({"parts": "mean"}, "setting 'parts' must be a list of poolings; got 'mean'."),
        ({"reduce": "automatic"}, "no reduction named 'automatic'; did you mean 'auto'?"),
        ({"selection": 3}, "setting 'selection' cannot be 3."),
    ],
)
def test_a_setting_that_cannot_be_says_what_is_allowed(case, settings, message):
    with pytest.raises(DataError) as error:
        call["start"](case, "fc", settings)
    assert message in str(error.value)


def test_an_unknown_layer_suggests_a_known_one(case):
    with pytest.raises(LayerError, match=r"no layer named 'fc1'; did you mean 'fc'\?"):
        find(case, "fc1")


def test_too_few_instances_say_how_many_are_needed(tmp_path):
    with Case(planted_case(tmp_path / "few.case", 9)) as few, pytest.raises(DataError, match="needs at least 10"):
        find(few, "fc")


def test_a_case_without_a_model_says_how_to_capture_one(tmp_path):
    dataset = ug.datasets.arrays(np.zeros((4, 8, 8), np.uint8))
    with (
        Case.create(tmp_path / "bare.case", dataset) as bare,
        pytest.raises(LayerError, match="underglass capture my_pkg:make"),
    ):
        find(bare, "fc")


# what the browser is told ----------------------------------------------------------------------------------------


def test_the_summary_says_what_was_found_and_with_what(case):
    missing = plain(call["summary"](case, "fc"))
    found = find(case, "fc")
    summary = plain(call["summary"](case, "fc"))

    assert missing["state"] == "missing"
    assert missing["blocked"] is None
    assert summary["state"] == "found"
    assert (summary["count"], summary["n"], summary["none"]) == (found.count, N, found.none)
    assert summary["size"] == found.size.tolist()
    assert summary["persistence"] == sorted(summary["persistence"], reverse=True)
    assert summary["columns"] == {"pattern": "pattern.fc", "stability": "stability.fc", "outlier": "outlier.fc"}
    assert summary["averages"] == {"width": 12, "height": 12, "of": 1000}


def test_a_job_finds_patterns_and_the_strip_of_layers_shows_them(case):
    job = plain(call["start"](case, "fc", {"min_size": 6}))

    assert job["title"] == "Finding patterns of fc"
    case.jobs[job["id"]].wait(60)
    (shown,) = case.info()["patterns"]
    assert shown["layer"] == "fc"
    assert shown["count"] == find(case, "fc", min_size=6).count
    assert shown["settings"]["min_size"] == 6


def test_unit_statistics_are_numpys_in_shares_of_the_largest_activation(case):
    found = find(case, "fc")
    told = plain(call["statistics"](case, "fc", [0, -1]))

    values = case.model.activations("fc", "mean").array()
    largest = np.abs(values).max(axis=0)
    for pattern in (0, -1):
        members = values[found.rows[found.labels == pattern]] / largest
        boxes = told["groups"][str(pattern)]
        assert boxes["n"] == len(members)
        np.testing.assert_allclose(boxes["mean"], members.mean(axis=0), rtol=2e-3, atol=1e-6)
        np.testing.assert_allclose(boxes["q1"], np.quantile(members, 0.25, axis=0), rtol=2e-3, atol=1e-6)
        np.testing.assert_allclose(boxes["q3"], np.quantile(members, 0.75, axis=0), rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(told["all"], (values / largest).mean(axis=0), rtol=2e-3)
    np.testing.assert_allclose(told["scale"], largest, rtol=2e-3)


def test_above_64_units_those_that_deviate_most_are_told_and_it_is_said(tmp_path):
    with Case(planted_case(tmp_path / "wide.case", 300, units=100)) as wide:
        found = find(wide, "fc")
        told = call["statistics"](wide, "fc", [0, -1])

        values = wide.model.activations("fc", "mean").array()
        scale = np.abs(values).max(axis=0)
        means = [values[found.labels == group].mean(axis=0) / scale for group in (*range(found.count), -1)]
        away = np.abs(np.array(means) - values.mean(axis=0) / scale).max(axis=0)
        assert told["ranked"]
        assert told["of"] == 100
        assert set(told["units"]) == set(np.argsort(-away)[:64].tolist())


def test_units_near_zero_can_be_left_out(bars):
    find(bars, "0", parts=["mean"])

    assert call["statistics"](bars, "0", [0])["units"] == [0, 1]
    without = call["statistics"](bars, "0", [0], without_quiet=True)
    assert (without["units"], without["quiet"]) == ([0], 1)


def test_average_images_are_the_means_of_the_members(case):
    found = find(case, "fc")
    sheet = np.asarray(Image.open(io.BytesIO(call["averages"](case, "fc"))))

    across = min(32, found.count)
    pixels = case.folder.media.stack(np.arange(N))
    for pattern in (0, found.count - 1):
        top, left = pattern // across * 12, pattern % across * 12
        mean = pixels[found.members(pattern)].mean(axis=0)
        np.testing.assert_allclose(sheet[top : top + 12, left : left + 12], mean, atol=0.51)


def test_images_of_different_sizes_have_no_average_and_it_is_said(case, monkeypatch):
    find(case, "fc")
    monkeypatch.setattr(type(case.folder.media), "stack", lambda *_: None)

    assert call["summary"](case, "fc")["averages"] == {"reason": "no average: the images are of different sizes"}
    assert call["averages"](case, "fc") == b""


def test_top_instances_of_a_unit_leave_out_the_excluded(case):
    values = case.model.activations("fc", "mean").array()
    best = np.argsort(-values[:, 3], kind="stable")
    case.exclude(best[:1])

    told = plain(call["top"](case, "fc", [3], k=2))

    assert told["rows"] == [best[1:3].tolist()]
    assert told["values"][0] == pytest.approx(values[best[1:3], 3].tolist(), rel=1e-3)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_patterns_are_taken_away_with_their_ids(case, form):
    found = find(case, "fc")
    data = io.BytesIO(call["table"](case, "fc", what="instances", format=form))
    table = pyarrow.csv.read_csv(data) if form == "csv" else pyarrow.parquet.read_table(data)

    assert table.column("id").to_pylist() == case.folder.instances.column("id").take(found.rows).to_pylist()
    assert table.column("pattern").to_pylist() == [None if label < 0 else label for label in found.labels.tolist()]


def test_a_table_of_units_holds_activations_and_not_shares(case):
    found = find(case, "fc")
    table = pyarrow.parquet.read_table(io.BytesIO(call["table"](case, "fc", what="units", format="parquet"))).to_pandas()

    values = case.model.activations("fc", "mean").array()
    row = table[(table.pattern == 0) & (table.unit == 5)].iloc[0]
    assert row["mean"] == pytest.approx(values[found.labels == 0, 5].mean(), rel=1e-3)
    assert table.pattern.isna().sum() == 12


def test_text_that_a_spreadsheet_would_run_is_quoted(tmp_path):
    ids = [f"=1+{row}" for row in range(40)]
    with Case(planted_case(tmp_path / "formula.case", 40, ids=ids)) as formula:
        find(formula, "fc", min_size=3)

        text = call["table"](formula, "fc", what="instances", format="csv").decode()
        assert '"\'=1+0"' in text


# one unit's map --------------------------------------------------------------------------------------------------


def test_patterns_of_a_units_map_tell_places_apart_that_pooling_cannot(bars):
    whole, unit = find(bars, "0"), find(bars, "0", unit=0)

    assert unit.count == 2
    sides = [set((unit.members(pattern) < 40).tolist()) for pattern in range(2)]
    assert sorted(map(sorted, sides)) == [[False], [True]]
    assert whole.count != 2 or {len(set((whole.members(p) < 40).tolist())) for p in range(2)} == {2}
    assert unit.maps.shape == (3, 8, 8)
    assert "pattern.0:0" in bars.table().column_names


def test_the_mean_map_of_a_pattern_is_bright_where_its_bar_is(bars):
    unit = find(bars, "0", unit=0)
    told = plain(call["maps"](bars, "0", [0, 1, -1], unit=0))

    left = 0 if unit.members(0)[0] < 40 else 1
    for pattern, column in ((left, 1), (1 - left, 5)):
        drawn = np.array(told["groups"][str(pattern)]).reshape(told["shape"])
        assert drawn.mean(axis=0).argmax() in (column, column + 1)
    assert told["low"] == 0


def test_a_units_map_needs_the_model_and_says_how_to_attach_it(bars, tmp_path):
    with Case.open(bars.folder.path) as closed:
        summary = call["summary"](closed, "0", unit=1)
        assert "underglass open bars.case --model my_pkg:make" in summary["blocked"]
        with pytest.raises(LayerError, match="needs the model"):
            call["start"](closed, "0", unit=1)


def test_units_that_are_single_numbers_have_no_map(case):
    with pytest.raises(LayerError, match="single numbers, not maps"):
        call["start"](case, "fc", unit=0)


def test_a_unit_that_is_not_there_is_named(bars):
    with pytest.raises(LayerError, match="has units 0 to 1, not 2"):
        find(bars, "0", unit=2)


# across layers and models ----------------------------------------------------------------------------------------


def test_what_is_known_spans_all_places_for_following_and_comparing(bars):
    find(bars, "0")
    find(bars, "0", unit=0)

    places = {(place["layer"], place["unit"]): place for place in plain(call["known"](bars))}
    assert {("0", None), ("0", 0)} <= set(places)
    assert places["0", 0]["columns"]["pattern"] == "pattern.0:0"
    assert places["0", 0]["average"] == [8, 8]


def test_patterns_of_two_models_stand_side_by_side_and_bare_names_are_the_active_one(tmp_path):
    images = np.random.default_rng(5).integers(0, 255, (40, 6, 6), np.uint8)
    dataset = ug.datasets.arrays(images, np.repeat([0, 1], 20), classes=("a", "b"))

    def model(name, seed):
        torch.manual_seed(seed)
        net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 5), torch.nn.Linear(5, 2))
        return ug.models.torch(net, preprocess=lambda image: torch.tensor(image / 255, dtype=torch.float32), name=name)

    with Case.create(tmp_path / "two.case", dataset) as two:
        for name, seed in (("first", 0), ("second", 1)):
            two.capture(model(name, seed), layers=["1"], pooling=("mean",), progress=lambda *_: None)
        mine, other = find(two, "1"), find(two, "1", model="first")

        served = two.table()
        assert served.column("pattern.1").to_pylist() == mine.labels.tolist()
        assert served.column("pattern.1@first").to_pylist() == other.labels.tolist()
        assert {place["columns"]["pattern"] for place in call["known"](two)} == {"pattern.1", "pattern.1@first"}

        two.use_model("first")
        assert two.table().column("pattern.1").to_pylist() == other.labels.tolist()
        columns = {place["model"]: place["columns"]["pattern"] for place in call["known"](two)}
        assert columns == {"first": "pattern.1", "second": "pattern.1@second"}
        assert set(columns.values()) <= set(two.table().column_names)


def test_a_further_layer_is_captured_as_a_job_and_what_was_captured_stays(bars):
    before = bars.model.hash("0", "mean")

    job = plain(call["capture"](bars, "2"))
    assert job["title"] == "Capturing 2"
    done = bars.jobs[job["id"]].wait(60)

    assert done.error is None
    assert [layer.name for layer in bars.model.record.layers] == ["0", "2"]
    assert bars.model.hash("0", "mean") == before
    with pytest.raises(LayerError, match="no layer named '3'"):
        call["capture"](bars, "3")


def test_the_newest_results_of_a_layer_are_kept_and_older_ones_go(case):
    for size in range(5, 15):
        find(case, "fc", min_size=size)

    assert len(case.folder.results.list("patterns")) == 8
