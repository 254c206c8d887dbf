"""Is the picture that of scikit-learn or UMAP, repeatable, and honest about what it shows?"""

import io
import sys
import threading

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from underglass.analyses.projection import project
from underglass.errors import DataError, JobCancelled, NotInstalled


@pytest.fixture(scope="module")
def activations():
    random = np.random.default_rng(0)
    return (random.standard_normal((300, 12)) * np.linspace(3, 1, 12) + 5 * random.integers(0, 2, (300, 1))).astype(np.float32)


@pytest.fixture(scope="module")
def mapped(activations):
    told = []
    return project(activations, method="umap", seed=3, progress=lambda *said: told.append(said)), told


def test_principal_components_are_those_of_scikit_learn(activations):
    scaled = activations.astype(np.float64) / np.abs(activations).max(0)
    expected = PCA(2, svd_solver="full").fit(scaled)

    picture = project(activations)

    np.testing.assert_allclose(np.abs(picture.coordinates), np.abs(expected.transform(scaled)), atol=1e-5)
    np.testing.assert_allclose(picture.explained, expected.explained_variance_ratio_, rtol=1e-5)


def test_standard_normalisation_is_by_the_standard_deviation(activations):
    scaled = activations.astype(np.float64) / activations.astype(np.float64).std(0)
    expected = PCA(2, svd_solver="full").fit_transform(scaled)

    np.testing.assert_allclose(np.abs(project(activations, normalize="standard").coordinates), np.abs(expected), atol=1e-4)


def test_trustworthiness_is_that_of_scikit_learn_on_the_rows_it_names(activations):
    picture = project(activations)
    points = (activations.astype(np.float64) / np.abs(activations).max(0))[picture.trust_rows]

    expected = trustworthiness(points, picture.coordinates[picture.trust_rows], n_neighbors=12)

    assert picture.trustworthiness == pytest.approx(expected, abs=1e-9)


def test_trustworthiness_of_many_is_measured_on_a_thousand():
    picture = project(np.random.default_rng(0).standard_normal((1500, 3)))

    assert len(picture.trust_rows) == 1000
    assert len(picture.coordinates) == 1500


def test_all_rows_are_drawn_without_a_sample(activations):
    assert project(activations).rows.tolist() == list(range(300))


def test_a_sample_keeps_the_proportions_of_its_strata(activations):
    strata = np.repeat(["a", "b", "c"], [150, 90, 60])

    picture = project(activations, sample=100, strata=strata)

    assert [(strata[picture.rows] == name).sum() for name in "abc"] == [50, 30, 20]
    assert picture.coordinates.shape == (100, 2)
    assert (picture.settings.sample, picture.settings.stratified) == (100, True)


def test_the_seed_decides_the_sample(activations):
    assert project(activations, sample=50, seed=1).rows.tolist() == project(activations, sample=50, seed=1).rows.tolist()
    assert project(activations, sample=50, seed=1).rows.tolist() != project(activations, sample=50, seed=2).rows.tolist()


def test_umap_with_one_seed_gives_one_picture(activations, mapped):
    assert (project(activations, method="umap", seed=3).coordinates == mapped[0].coordinates).all()


def test_umap_with_another_seed_gives_another_picture(activations, mapped):
    assert (project(activations, method="umap", seed=4).coordinates != mapped[0].coordinates).any()


def test_umap_explains_no_variance_and_says_its_settings(mapped):
    picture, _ = mapped

    assert picture.explained is None
    assert (picture.method, picture.seed) == ("umap", 3)
    assert (picture.settings.neighbors, picture.settings.min_dist) == (15, 0.1)
    assert 0.7 < picture.trustworthiness <= 1


def test_umap_tells_its_progress(mapped):
    stages = [stage for _, _, stage in mapped[1]]

    assert stages[0] == "normalise"
    assert "lay out" in stages
    assert stages[-1] == "trustworthiness"


def test_umap_can_be_cancelled_while_it_lays_out(activations):
    def stop(done, total, stage):
        if stage == "lay out":
            raise JobCancelled("stopped")

    with pytest.raises(JobCancelled, match="stopped"):
        project(activations, method="umap", progress=stop)


def test_a_cancelled_umap_leaves_other_progress_bars_free(activations):
    from tqdm import tqdm

    def tell(done, total, stage):
        if stage == "lay out":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project(activations[:200], method="umap", progress=tell)

    drawn: list[int] = []
    other = threading.Thread(target=lambda: drawn.extend(tqdm(range(3), file=io.StringIO())), daemon=True)
    other.start()
    other.join(20)
    assert drawn == [0, 1, 2]


def test_umap_lowers_its_neighbourhood_to_the_instances_there_are():
    picture = project(np.random.default_rng(0).standard_normal((8, 4)), method="umap")

    assert picture.settings.neighbors == 7
    assert np.isfinite(picture.coordinates).all()


def test_without_umap_installed_it_is_named(activations, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)

    with pytest.raises(NotInstalled) as error:
        project(activations, method="umap")

    assert str(error.value) == 'needs umap-learn: pip install "underglass[umap]"'


def test_one_unit_is_drawn_on_a_line():
    picture = project(np.arange(30.0)[:, None])

    assert (picture.coordinates[:, 1] == 0).all()
    assert picture.explained.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "tsne"}, "no method named 'tsne'; Known: pca, umap."),
        ({"normalize": "units"}, "no normalisation named 'units'; did you mean 'unit'? Known: unit, standard, none."),
        ({"neighbors": 1}, "neighbors must be at least 2 and min_dist within 0–1; got 1 and 0.1."),
        ({"min_dist": 2}, "neighbors must be at least 2 and min_dist within 0–1; got 15 and 2."),
        ({"sample": 2}, "too few instances to draw: 2, at least 3 are needed."),
        ({"strata": np.zeros(4)}, "strata are of 4 instances, activations of 300."),
    ],
)
def test_wrong_settings_are_refused(activations, change, message):
    with pytest.raises(DataError) as error:
        project(activations, **change)

    assert str(error.value) == message
