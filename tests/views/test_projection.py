"""Projections of a case: computed once, kept by what they rest on, served as columns, and told to the browser in plain JSON."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import underglass as ug
from planted import planted_case
from underglass.analyses.principal_components import principal_components
from underglass.analyses.unit_scaling import scaled
from underglass.case import Case
from underglass.errors import DataError, LayerError, NotInstalled
from underglass.views.projection import VIEW, project

N = 300
call = VIEW.calls


@pytest.fixture
def case(tmp_path):
    with Case(planted_case(tmp_path / "planted.case", N)) as opened:
        yield opened


def plain(value):
    """What crosses the wire is plain JSON without NaN."""
    return json.loads(json.dumps(value, allow_nan=False))


def test_coordinates_are_the_leading_components_of_the_scaled_units(case):
    found = project(case, "fc")

    values = scaled(case.model.activations("fc", "mean").array()[:, None, :], ("mean",), normalize_units=True)
    expected = principal_components(values, 2)
    np.testing.assert_allclose(found.coordinates, expected.coordinates, atol=1e-5)
    assert found.explained == pytest.approx(tuple(expected.explained), rel=1e-6)


def test_coordinates_are_served_and_missing_for_the_excluded(case):
    case.exclude([0, 7])
    found = project(case, "fc")

    said = f"<projection of fc: {N - 2:,} instances by pca, trustworthiness {found.trustworthiness:.2f}>"
    assert repr(found) == said  # a notebook prints what a cell ends with
    table = case.table().to_pydict()
    assert [table["x.fc"][row] for row in (0, 7)] == [None, None]
    assert [table["x.fc"][row] for row in found.rows.tolist()] == found.coordinates[:, 0].tolist()
    assert [table["y.fc"][row] for row in found.rows.tolist()] == found.coordinates[:, 1].tolist()


def test_a_kept_projection_is_not_computed_again(case, monkeypatch):
    first = project(case, "fc")
    monkeypatch.setattr("underglass.analyses.projection.project", lambda *_, **__: pytest.fail("was computed again"))

    assert project(case, "fc").coordinates.tolist() == first.coordinates.tolist()


def test_a_relabel_does_not_stale_a_projection_and_an_exclusion_does(case):
    project(case, "fc")

    case.relabel([3], "Coat")
    assert call["summary"](case, "fc")["changed"] == []

    case.exclude([3])
    assert call["summary"](case, "fc")["changed"] == ["1 instance excluded"]


def test_a_sample_keeps_the_labels_proportions_and_repeats_itself(case):
    first = project(case, "fc", sample=100, seed=4)
    labels = case.labels()

    assert first.n == 100
    for code in range(-1, 5):
        assert abs((labels[first.rows] == code).sum() - 100 * (labels == code).mean()) < 1
    assert project(case, "fc", sample=100, seed=5).rows.tolist() != first.rows.tolist()
    assert project(case, "fc", sample=100, seed=4).rows.tolist() == first.rows.tolist()


def test_columns_are_there_again_when_the_case_is_opened_again(tmp_path):
    with Case(planted_case(tmp_path / "again.case", N)) as case:
        x = project(case, "fc").coordinates[:, 0].tolist()

    with Case.open(tmp_path / "again.case") as opened:
        assert opened.table().to_pydict()["x.fc"] == x
        (shown,) = opened.info()["projections"]
        assert (shown["layer"], shown["method"], shown["n"]) == ("fc", "pca", N)


def test_the_summary_says_method_seed_sample_and_trustworthiness(case):
    assert plain(call["summary"](case, "fc"))["state"] == "missing"
    found = project(case, "fc")
    summary = plain(call["summary"](case, "fc"))

    assert (summary["method"], summary["seed"], summary["n"], summary["units"]) == ("pca", 0, N, 12)
    assert summary["columns"] == {"x": "x.fc", "y": "y.fc"}
    assert summary["trustworthiness"] == pytest.approx(found.trustworthiness)
    low, high = found.coordinates.min(axis=0), found.coordinates.max(axis=0)
    assert summary["extent"] == pytest.approx([*low, *high])
    assert [(one["name"], one["kept"]) for one in summary["methods"]] == [("pca", True), ("umap", False)]


def test_too_few_instances_for_trustworthiness_are_said_as_null(tmp_path):
    with Case(planted_case(tmp_path / "few.case", 10)) as few:
        project(few, "fc")

        assert plain(call["summary"](few, "fc"))["trustworthiness"] is None


def test_too_few_instances_for_a_plane_say_how_many_are_needed(tmp_path):
    with Case(planted_case(tmp_path / "two.case", 2)) as two, pytest.raises(DataError, match="at least 3 are needed"):
        project(two, "fc")


def test_a_job_projects_and_repeated_asking_gives_the_same_job(case):
    job = plain(call["start"](case, "fc"))

    assert job["title"] == "Projecting fc by PCA"
    assert case.jobs[job["id"]].wait(60).error is None
    assert plain(call["summary"](case, "fc"))["state"] == "found"


def test_a_kept_method_is_shown_again_without_computing(case):
    sampled, whole = project(case, "fc", sample=50), project(case, "fc")

    assert call["summary"](case, "fc")["key"] == whole.key
    assert call["use"](case, "fc", "umap") == {"used": False}
    assert project(case, "fc", sample=50).key == sampled.key
    assert call["use"](case, "fc", "pca") == {"used": True}
    assert call["summary"](case, "fc")["key"] == whole.key


def test_without_umap_the_method_says_what_to_install(case, monkeypatch):
    monkeypatch.setattr("underglass.views.projection_results.find_spec", lambda _: None)
    monkeypatch.setitem(sys.modules, "umap", None)

    summary = plain(call["summary"](case, "fc"))
    assert summary["methods"][1]["missing"] == 'needs umap-learn: pip install "underglass[umap]"'
    with pytest.raises(NotInstalled):
        project(case, "fc", method="umap")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "tsne"}, "no method named 'tsne'"),
        ({"sample": -1}, "sample must be 0"),
        ({"seed": "0"}, "setting 'seed' cannot be '0'."),
        ({"colour": "label"}, "no setting named 'colour'"),
    ],
)
def test_a_setting_that_cannot_be_says_what_is_allowed(case, settings, message):
    with pytest.raises(DataError, match=message):
        call["start"](case, "fc", settings)


def test_an_unknown_layer_and_a_missing_pooling_are_named(case):
    with pytest.raises(LayerError, match=r"no layer named 'fc2'; did you mean 'fc'\?"):
        project(case, "fc2")
    with pytest.raises(LayerError, match="not captured with pooling 'max'; captured: mean"):
        project(case, "fc", part="max")


def test_a_lasso_on_the_served_columns_picks_what_lies_in_it(case):
    found = project(case, "fc")
    x, y = found.coordinates[:, 0], found.coordinates[:, 1]
    (x0, x1), (y0, y1) = np.quantile(x, [0.3, 0.7]), np.quantile(y, [0.3, 0.7])

    rows = case.serving.rows_in_polygon("fc", [(x0, y0), (x1, y0), (x1, y1), (x0, y1)])

    inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    assert rows.tolist() == found.rows[inside].tolist()


def test_cancelled_work_leaves_nothing_behind(case):
    def progress(done, total, stage):
        raise ug.errors.JobCancelled("stop")

    with pytest.raises(ug.errors.JobCancelled):
        project(case, "fc", progress=progress)
    assert case.folder.results.list("projection") == ()


def test_ones_own_instances_are_always_in_the_sample(case):
    case.tag([3, 299], "mine")
    case.note([17], "odd")
    found = project(case, "fc", sample=40)

    assert {3, 17, 299} <= set(found.rows.tolist())
    assert 40 <= found.n <= 43
