"""Are planted wrong labels and copies found in a case, found again, told when stale, and served?"""

from __future__ import annotations

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import average_precision_score

from judged import CLASSES, digits
from planted import planted_case
from underglass.case import Case
from underglass.datasets import judged
from underglass.errors import DataError, LayerError
from underglass.views import copies, suspects
from underglass.views.label_results import changes, current, source_words


@pytest.fixture
def case(tmp_path):
    with Case.create_judged(tmp_path / "digits.case", digits().judged()) as opened:
        yield opened


def test_planted_wrong_labels_are_among_the_suspects_and_right_ones_are_left_alone(case):
    given = digits()
    found = case.label_issues()

    chosen = np.zeros(len(given.given), bool)
    chosen[found.suspects] = True
    assert repr(found).endswith(f": {len(found.suspects):,} suspects>")
    assert chosen[given.wrong].mean() >= 0.85
    assert chosen[~given.wrong].mean() <= 0.015
    known = suspects.summary(case)["known"]
    assert (known["wrong"], known["found"]) == (int(given.wrong.sum()), int((chosen & given.wrong).sum()))
    assert known["suspects"] - known["found"] == int((chosen & ~given.wrong).sum())
    assert known["left"] == known["wrong"]


def test_the_ranking_is_better_than_cleanlabs_on_the_same_probabilities(case):
    given = digits()
    found = case.label_issues()

    theirs = average_precision_score(given.wrong, -get_label_quality_scores(given.given, given.probabilities))
    assert average_precision_score(given.wrong, found.score) > theirs


def test_the_confident_joint_and_the_self_confidence_are_cleanlabs(case):
    given = digits()
    found = case.label_issues()

    theirs = compute_confident_joint(given.given, given.probabilities, calibrate=False)
    np.testing.assert_array_equal(found.arrays["joint"], theirs)
    quality = get_label_quality_scores(given.given, given.probabilities)
    np.testing.assert_allclose(found.arrays["score/self_confidence"], 1 - quality, atol=1e-6)


def test_of_clean_digits_less_than_one_in_a_hundred_labels_is_accused(tmp_path):
    clean = digits(flips=0, copies=False)
    with Case.create_judged(tmp_path / "clean.case", clean.judged()) as case:
        found = case.label_issues()

    assert len(found.suspects) / len(clean.given) < 0.01


def test_planted_copies_are_found_by_kind(case):
    given = digits()
    case.label_issues()

    def pairs(kind):
        return {tuple(sorted(one["row"] for one in group["members"])) for group in copies.groups(case, kind)}

    assert pairs("contradictory") == set(given.contradictory)
    assert pairs("leaks") == set(given.leaks)
    assert pairs("exact") == {*given.contradictory, *given.leaks}
    assert copies.summary(case)["redundant"] >= 8


def test_the_spare_ones_of_leaks_are_those_in_the_test_split(case):
    given = digits()
    case.label_issues()

    pick = copies.spare(case, "leaks")

    rows = case.rows({"op": "pick", "name": pick["name"]})
    assert len(rows) == pick["count"] == 4
    assert set(given.split[rows]) == {"test"}


def test_a_result_is_found_again_until_a_label_changes(case):
    first = case.label_issues()
    assert case.label_issues().created == first.created
    row = int(first.suspects[0])

    case.relabel([row], CLASSES[int(first.arrays["suggested"][row])])
    assert changes(case, first) == ["1 label was changed"]
    second = case.label_issues()
    assert second.created != first.created
    assert changes(case, second) == []
    case.undo()
    assert changes(case, second) == ["1 label was changed"]


def test_a_tag_or_a_confirmation_stales_nothing(case):
    found = case.label_issues()

    case.tag([1, 2], "odd")
    case.confirm([3])

    assert changes(case, found) == []


def test_excluded_instances_are_not_judged(case):
    case.exclude([5, 6])

    found = case.label_issues()

    assert found.n == len(digits().given) - 2
    assert not {5, 6} & set(found.rows.tolist())
    case.include([5])
    assert changes(case, found) == ["1 instance taken back", "labels were changed"]


def test_score_suggestion_and_choice_are_served_and_come_back_when_the_case_is_opened(case, tmp_path):
    found = case.label_issues()
    served = case.serving.table(columns=["issue.score", "issue.suggested", "issue.suspect"])

    np.testing.assert_allclose(served["issue.score"].to_numpy(), found.score)
    alone = case.serving.table(columns=["issue.outlier", "issue.uniqueness", "issue.hardness"])
    for name in ("outlier", "uniqueness", "hardness"):
        np.testing.assert_allclose(alone[f"issue.{name}"].to_numpy(), found.arrays[name], rtol=1e-6)
    suggested = served["issue.suggested"].to_pylist()
    doubted = found.arrays["suggested"] != found.arrays["label"]
    assert suggested == [CLASSES[code] if doubt else None for code, doubt in zip(found.arrays["suggested"], doubted, strict=True)]
    assert case.count({"op": "truth", "column": "issue.suspect"}) == len(found.suspects)
    with Case.open(case.folder.path) as again:
        assert again.count({"op": "truth", "column": "issue.suspect"}) == len(found.suspects)


def test_every_suspect_is_advised_another_label(case):
    found = case.label_issues()
    chosen = found.arrays["selected"]

    assert (found.arrays["suggested"][chosen] != found.arrays["label"][chosen]).all()


def test_given_probabilities_are_used_and_the_words_say_so(case):
    found = case.label_issues()

    assert found.settings.source == "captured"
    assert source_words(found).startswith("the probabilities that were given with the labels")


def test_a_case_with_a_training_split_is_judged_by_held_out_probabilities(tmp_path):
    with Case(planted_case(tmp_path / "planted.case", 300)) as case:
        found = case.label_issues()

        assert (found.settings.source, found.settings.layer) == ("cross-validated", "fc")
        assert source_words(found) == "probabilities held out by 5-fold cross-validation of a linear head on fc"
        np.testing.assert_allclose(found.probabilities.sum(1), 1, atol=1e-5)
        taken = case.label_issues(source="captured")
        np.testing.assert_array_equal(taken.probabilities, np.asarray(case.model.probabilities)[taken.rows])
        assert current(case).key == taken.key


def test_a_class_of_one_instance_and_few_folds_are_said(tmp_path):
    labels = [0, 0, 0, 1, 1, 2]
    random = np.random.default_rng(0)
    chances = random.dirichlet(np.ones(3), 6)
    with Case.create_judged(tmp_path / "few.case", judged(chances, labels, features=random.normal(size=(6, 4)))) as case:
        found = case.label_issues(source="cross-validated")

    assert "only 6 labelled instances: 3 folds instead of 5." in found.meta["advice"]
    assert any("'2' has one labelled instance" in one for one in found.meta["advice"])


def test_a_class_never_predicted_is_said(tmp_path):
    chances = np.tile([0.6, 0.4, 0.0], (30, 1))
    with Case.create_judged(tmp_path / "never.case", judged(chances, [0] * 20 + [2] * 10, classes=["a", "b", "c"])) as case:
        found = case.label_issues()

    assert any("'c'" in one and "never predicted" in one for one in found.meta["advice"])


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"source": "captrued"}, DataError, "did you mean 'captured'"),
        ({"fold": 3}, DataError, "no setting named 'fold'"),
        ({"layer": "pixel"}, LayerError, "did you mean 'pixels'"),
        ({"source": "cross-validated", "layer": "-"}, DataError, "need a captured layer"),
        ({"neighbours": 0}, DataError, "at least 1"),
        ({"seed": "1"}, DataError, "cannot be '1'"),
    ],
)
def test_wrong_settings_are_refused_with_what_is_allowed(case, settings, error, message):
    with pytest.raises(error, match=message):
        case.label_issues(**settings)


def test_a_search_runs_as_a_job_and_tells_the_page(case):
    heard = []
    case.listen(heard.append)

    job = suspects.start(case)

    done = case.jobs[job["id"]].wait(120)
    assert done.state == "done", done.error
    assert heard
    assert suspects.summary(case)["suspects"] == done.result["suspects"]


def test_a_case_without_a_model_has_no_label_views(tmp_path):
    from underglass.datasets import arrays

    with Case.create(tmp_path / "bare.case", arrays(np.zeros((4, 3)), [0, 1, 0, 1])) as case:
        listed = {view["name"] for view in case.info()["views"] if view["listed"]}

    assert not listed & {"suspects", "review", "copies", "retraining"}
