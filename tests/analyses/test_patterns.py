"""Are patterns found where they were planted, refused where there are none, and the same however the rows are ordered?"""

import hdbscan
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from underglass.analyses.patterns import find_patterns
from underglass.errors import DataError


def planted(n, units, *, seed=0, noise=0.3):
    """Twenty groups of sparse active units with instances in none between them, and each instance's group."""
    random = np.random.default_rng(seed)
    group = random.integers(0, 20, n)
    group[random.random(n) < noise] = -1
    profile = (random.random((20, units)) < 0.15) * random.uniform(1, 3, (20, units))
    activations = np.abs(random.standard_normal((n, units)))
    activations[group >= 0] = profile[group[group >= 0]] + 0.25 * activations[group >= 0]
    return activations.astype(np.float32), group


@pytest.fixture(scope="module")
def wide():
    return planted(1000, 64)


@pytest.fixture(scope="module")
def found(wide):
    return find_patterns(wide[0])


@pytest.mark.parametrize("units", [64, 256, 512])
def test_planted_patterns_are_found(units):
    activations, group = planted(2000, units)

    patterns = find_patterns(activations)

    assert adjusted_rand_score(group[group >= 0], patterns.labels[group >= 0]) > 0.98
    assert 20 <= patterns.count <= 22


def test_above_256_units_fifty_components_are_clustered_and_said():
    activations, _ = planted(300, 300)

    settings = find_patterns(activations).settings

    assert settings.components == 50
    assert 0.3 < settings.explained < 1


def test_up_to_256_units_nothing_is_reduced(found):
    assert found.settings.components is None
    assert found.settings.explained == 1


def test_reduction_can_be_refused_or_asked_for(wide):
    assert find_patterns(planted(300, 300)[0], reduce="none").settings.components is None
    assert find_patterns(wide[0], reduce=10).settings.components == 10
    assert find_patterns(wide[0], reduce=np.int64(10)).settings.components == 10


def test_patterns_are_those_of_hdbscan_on_units_divided_by_their_maximum(wide):
    activations = wide[0].astype(np.float64)
    expected = hdbscan.HDBSCAN(
        min_cluster_size=5, min_samples=5, cluster_selection_method="leaf", approx_min_span_tree=False, gen_min_span_tree=True
    ).fit(activations / np.abs(activations).max(0))

    patterns = find_patterns(wide[0])

    assert adjusted_rand_score(expected.labels_, patterns.labels) == 1
    assert patterns.tree_weight == pytest.approx(expected._min_spanning_tree[:, 2].sum(), rel=1e-6)
    np.testing.assert_allclose(patterns.probability, expected.probabilities_, atol=1e-5)
    np.testing.assert_allclose(patterns.outlier_score, expected.outlier_scores_, atol=1e-5)
    np.testing.assert_allclose(patterns.persistence, np.sort(expected.cluster_persistence_)[::-1], atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_patterns_are_those_of_hdbscan_whatever_the_data_and_settings(data):
    random = np.random.default_rng(data.draw(st.integers(0, 100_000)))
    min_size, min_samples = data.draw(st.integers(2, 12)), data.draw(st.integers(1, 7))
    instances, units = data.draw(st.integers(2 * min_size, 90)), data.draw(st.integers(1, 9))
    activations = random.standard_normal((instances, units)) + 4 * random.integers(0, 3, (instances, 1))
    grain = data.draw(st.sampled_from([1, 1024]))  # numbers that float32 holds exactly, with many ties or few
    activations = np.round(activations * grain) / grain
    selection, epsilon = data.draw(st.sampled_from(["leaf", "eom"])), data.draw(st.sampled_from([0.0, 0.5, 1.5]))
    chosen = {"cluster_selection_method": selection, "cluster_selection_epsilon": epsilon, "algorithm": "prims_kdtree"}
    expected = hdbscan.HDBSCAN(min_size, min_samples, **chosen).fit(activations)

    patterns = find_patterns(
        activations, min_size=min_size, min_samples=min_samples, selection=selection, epsilon=epsilon, normalize_units=False
    )

    assert adjusted_rand_score(expected.labels_, patterns.labels) == 1
    assert ((expected.labels_ < 0) == (patterns.labels < 0)).all()
    np.testing.assert_allclose(patterns.probability, expected.probabilities_, atol=1e-5)
    finite = np.isfinite(expected.outlier_scores_)
    np.testing.assert_allclose(patterns.outlier_score[finite], expected.outlier_scores_[finite], atol=1e-5)


def test_noise_share_sizes_and_count_agree_with_the_labels(found):
    assert found.noise_share == (found.labels == -1).mean()
    assert found.size.tolist() == np.bincount(found.labels[found.labels >= 0]).tolist()
    assert found.count == len(found.size) == len(found.persistence) == found.labels.max() + 1


def test_patterns_are_numbered_by_persistence(found):
    assert (np.diff(found.persistence) <= 0).all()


def test_representatives_are_the_members_of_highest_probability(found):
    for pattern, rows in enumerate(found.representatives(3)):
        members = np.flatnonzero(found.labels == pattern)
        assert set(rows.tolist()) <= set(members.tolist())
        assert found.probability[rows[-1]] == np.sort(found.probability[members])[-3]


def test_borderline_members_are_the_least_typical(found):
    for pattern, rows in enumerate(found.borderline(2)):
        members = found.members(pattern)
        assert rows.tolist() == members[::-1][:2].tolist()
        assert found.probability[rows[0]] == found.probability[members].min()


def test_outliers_are_the_highest_scores_of_all_instances(found):
    rows = found.outliers(10)

    assert found.outlier_score[rows].tolist() == np.sort(found.outlier_score)[::-1][:10].tolist()


def test_a_lone_far_instance_is_the_first_outlier(wide):
    activations = np.concatenate([wide[0], 50 * np.ones((1, 64))])

    assert find_patterns(activations, normalize_units=False).outliers(1).tolist() == [1000]


@pytest.mark.parametrize("parts", [("mean", "std"), ("min", "max")])
def test_two_parts_tell_groups_apart_that_one_cannot(parts):
    random = np.random.default_rng(0)
    first = 1 + 0.01 * random.standard_normal((60, 8))
    second = np.repeat([[0.2] * 8, [0.9] * 8], 30, axis=0) + 0.01 * random.standard_normal((60, 8))

    patterns = find_patterns(np.stack([first, second], axis=1), parts=parts)

    assert adjusted_rand_score(np.repeat([0, 1], 30), patterns.labels) == 1
    assert find_patterns(first).count == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_rows_changes_nothing_when_ties_go_by_distance(seed):
    random = np.random.default_rng(seed)
    activations = random.standard_normal((120, 3)) + 4 * random.integers(0, 3, (120, 1))
    shuffled = random.permutation(120)

    patterns = find_patterns(activations, ties="distance")
    other = find_patterns(activations[shuffled], ties="distance")

    assert adjusted_rand_score(patterns.labels[shuffled], other.labels) == 1
    assert ((patterns.labels[shuffled] < 0) == (other.labels < 0)).all()
    np.testing.assert_allclose(other.probability, patterns.probability[shuffled], atol=1e-6)
    np.testing.assert_allclose(other.outlier_score, patterns.outlier_score[shuffled], atol=1e-6)
    np.testing.assert_allclose(other.persistence, patterns.persistence, atol=1e-6)


def test_order_of_rows_keeps_planted_patterns(wide):
    activations, group = wide
    shuffled = np.random.default_rng(1).permutation(len(group))

    there = find_patterns(activations).labels[shuffled]
    here = find_patterns(activations[shuffled]).labels

    clear = group[shuffled] >= 0
    assert adjusted_rand_score(there[clear], here[clear]) > 0.98


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-6, 1e6))
def test_loudness_of_a_unit_changes_nothing(seed, factor):
    random = np.random.default_rng(seed)
    activations = random.standard_normal((90, 4)) + 4 * random.integers(0, 3, (90, 1))
    louder = activations * [1, factor, 1, 1]
    assert louder.dtype == np.float64

    first, second = (find_patterns(given_, ties="distance") for given_ in (activations, louder))

    assert (first.labels == second.labels).mean() > 0.97


def test_loudness_matters_when_units_are_not_normalised(wide):
    activations = wide[0] * np.where(np.arange(64) == 0, 1000, 1)

    assert find_patterns(activations, normalize_units=False).labels.tolist() != find_patterns(activations).labels.tolist()


def test_copies_of_an_instance_share_its_pattern(wide):
    doubled = find_patterns(np.concatenate([wide[0], wide[0]]), ties="distance")

    assert doubled.count > 0
    assert (doubled.labels[:1000] == doubled.labels[1000:]).all()


def test_the_number_of_threads_changes_nothing_with_components_either():
    activations, _ = planted(400, 300)

    with threadpool_limits(1):
        alone = find_patterns(activations)
    together = find_patterns(activations)

    assert (alone.labels == together.labels).all()
    np.testing.assert_allclose(alone.probability, together.probability, atol=1e-5)


def test_many_exact_copies_are_one_pattern_and_the_advice_says_what_that_does_to_persistence():
    activations = np.concatenate([np.tile([3.0, 1, 2], (40, 1)), np.random.default_rng(0).random((40, 3))])

    patterns = find_patterns(activations)

    assert len(set(patterns.labels[:40].tolist())) == 1
    assert patterns.labels[0] >= 0
    assert (patterns.persistence == 1).all()
    assert "Some instances are exact copies in this layer" in patterns.advice


@pytest.mark.parametrize("units", [64, 512])
def test_pure_noise_is_refused(units):
    patterns = find_patterns(np.random.default_rng(0).standard_normal((1500, units)))

    assert patterns.noise_share > 0.95
    assert (patterns.persistence < 0.02).all()
    assert patterns.advice is not None


def test_shuffled_activations_are_refused(wide):
    random = np.random.default_rng(0)

    patterns = find_patterns(np.column_stack([random.permutation(unit) for unit in wide[0].T]))

    assert patterns.noise_share > 0.95
    assert (patterns.persistence < 0.02).all()


def test_no_pattern_is_never_silent():
    patterns = find_patterns(np.random.default_rng(0).standard_normal((500, 200)))

    assert patterns.count == 0
    assert patterns.advice == (
        "No patterns: all 500 instances are in none (noise share 100%). They may form one group, or none. To look closer: "
        "lower min_samples, lower min_size, reduce to 50 components, take more instances, or another layer or pooling."
    )


def test_patterns_that_describe_few_are_said_to():
    activations = np.concatenate([np.random.default_rng(0).standard_normal((600, 40)), np.tile(np.eye(40)[:2] * 9, (8, 1))])
    activations[600:] += 0.01 * np.random.default_rng(1).standard_normal((16, 40))

    patterns = find_patterns(activations)

    assert patterns.count == 2
    assert patterns.advice == "97% of 616 instances are in no pattern: the patterns describe few of them."


def test_settings_say_what_was_used(wide):
    used = find_patterns(wide[0], min_size=7, min_samples=3, epsilon=0.5, selection="eom", seed=4).settings

    assert (used.instances, used.units, used.parts) == (1000, 64, ("mean",))
    assert (used.min_size, used.min_samples, used.epsilon, used.selection, used.seed) == (7, 3, 0.5, "eom", 4)


def test_half_precision_is_taken(wide):
    half = find_patterns(wide[0].astype(np.float16))

    assert adjusted_rand_score(wide[1][wide[1] >= 0], half.labels[wide[1] >= 0]) > 0.98


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"selection": "leafs"}, "no selection named 'leafs'; did you mean 'leaf'? Known: leaf, eom."),
        ({"ties": "row"}, "no order of ties named 'row'; did you mean 'rows'? Known: rows, distance."),
        (
            {"reduce": "atuo"},
            "no reduction named 'atuo'; did you mean 'auto'? Known: auto, none. A number of components is also allowed.",
        ),
        ({"reduce": 0}, "reduce must be 'auto', 'none' or at least 1 component; got 0."),
        ({"reduce": 2.5}, "reduce must be 'auto', 'none' or at least 1 component; got 2.5."),
        ({"min_size": 5.5}, "min_size must be a whole number; got 5.5."),
        ({"min_samples": "5"}, "min_samples must be a whole number; got '5'."),
        ({"min_size": 1}, "min_size must be at least 2; got 1."),
        ({"min_samples": 0}, "min_samples must be at least 1; got 0."),
        ({"epsilon": -1.0}, "epsilon must be a distance of 0 or more; got -1.0."),
        ({"epsilon": float("nan")}, "epsilon must be a distance of 0 or more; got nan."),
        (
            {"min_size": 11},
            "too few instances to find patterns: 20, but min_size=11 needs at least 22. Capture more, or lower min_size.",
        ),
    ],
)
def test_wrong_settings_are_refused(change, message):
    with pytest.raises(DataError) as error:
        find_patterns(np.random.default_rng(0).random((20, 3)), **change)

    assert str(error.value) == message


def test_a_dead_layer_is_refused():
    with pytest.raises(DataError, match="every unit is zero for every instance: there is nothing to group"):
        find_patterns(np.zeros((20, 3)))


def test_an_unknown_pattern_is_refused(found):
    with pytest.raises(DataError, match=f"no pattern 99; there are {found.count}, numbered from 0"):
        found.members(99)
