"""Is before and after honest, kept, told when stale, and open to a person's own training?"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from judged import CLASSES, digits
from underglass.analyses.head_retraining import compare_labels
from underglass.case import Case
from underglass.errors import DataError
from underglass.views import retraining
from underglass.views.label_comparison import changes


@pytest.fixture
def case(tmp_path):
    with Case.create_judged(tmp_path / "digits.case", digits().judged()) as opened:
        yield opened


@pytest.fixture
def corrected(case):
    """All planted mistakes put right."""
    rows = np.flatnonzero(digits().wrong)
    case.edit("label", rows=rows, value=[CLASSES[digits().truth[row]] for row in rows])
    return case


def test_the_numbers_are_those_of_the_analysis(corrected):
    given = digits()
    corrected.subset("train", "split = 'train'")
    corrected.subset("low", "label = 'zero' or label = 'one'")
    found = corrected.compare_labels()

    flat = given.images.reshape(len(given.given), -1).astype(np.float32)
    low = np.isin(given.truth, [0, 1]) & ~(given.given != given.truth) | np.isin(corrected.labels(), [0, 1])
    theirs = compare_labels(flat, given.given, corrected.labels(), split=given.split.tolist(), classes=10, subsets={"low": low})
    overall = found.meta["overall"]
    assert (overall["before"], overall["after"], overall["count"]) == (
        theirs.overall.before,
        theirs.overall.after,
        theirs.overall.count,
    )
    assert [one["count"] for one in found.meta["classes"]] == [one.count for one in theirs.classes]
    subsets = {one["name"]: one for one in found.meta["subsets"]}
    assert subsets["low"]["count"] == theirs.subsets["low"].count
    assert (subsets["train"]["count"], subsets["train"]["before"]) == (0, None)
    assert overall["after"] >= overall["before"]


def test_test_labels_just_changed_are_left_out_unless_the_words_say_so(corrected):
    given = digits()
    changed_tests = int((given.wrong & (given.split == "test")).sum())

    apart, flattered = corrected.compare_labels(), corrected.compare_labels(keep_advised=True)

    assert apart.meta["kept_out"] == changed_tests > 0
    assert "left out" in apart.words
    assert flattered.meta["overall"]["count"] == apart.meta["overall"]["count"] + changed_tests
    assert "flatters the result" in flattered.words
    assert flattered.meta["overall"]["after"] > apart.meta["overall"]["after"] - 0.05


def test_a_persons_own_training_runs_as_a_job(corrected):
    flat = digits().images.reshape(len(digits().given), -1)
    asked = []

    def neighbours(rows, labels):
        asked.append((len(rows), labels.copy()))
        return KNeighborsClassifier(3).fit(flat[rows], labels).predict(flat)

    corrected.trainer = neighbours
    assert retraining.summary(corrected)["own"] == "neighbours"
    job = retraining.start(corrected, {"trainer": "own"})
    done = corrected.jobs[job["id"]].wait(60)

    assert done.state == "done", done.error
    shown = retraining.summary(corrected)
    assert shown["settings"]["trainer"] == "own"
    assert len(asked) == 2
    assert (asked[0][1] != asked[1][1]).sum() == shown["relabelled_then"]
    test = (digits().split == "test") & ~digits().wrong
    expected = KNeighborsClassifier(3).fit(flat[digits().split == "train"], digits().given[digits().split == "train"])
    assert shown["overall"]["before"] == pytest.approx(expected.score(flat[test], digits().given[test]))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda rows, labels: 1 / 0, "the training function failed: ZeroDivisionError"),
        (lambda rows, labels: [1, 2], "must give the class of each of the 708"),
        (lambda rows, labels: np.full(708, 12), "predicted class 12; there are 10"),
    ],
)
def test_what_a_persons_training_does_wrong_is_said(corrected, function, message):
    with pytest.raises(DataError, match=message):
        corrected.compare_labels(train=function)


def test_nothing_changed_and_no_training_function_are_said(case):
    with pytest.raises(DataError, match="there is nothing to compare yet"):
        case.compare_labels()
    case.relabel([0], "one" if digits().given[0] != 1 else "two")
    with pytest.raises(DataError, match="no training function"):
        case.compare_labels(trainer="own")


def test_a_comparison_is_kept_and_says_when_labels_changed_since(corrected):
    corrected.compare_labels()
    assert retraining.summary(corrected)["changed"] == []

    corrected.exclude([3])

    shown = retraining.summary(corrected)
    assert shown["changed"] == ["labels were changed or excluded"]
    with Case.open(corrected.folder.path) as again:
        kept = retraining.current(again)
        assert kept.words == shown["words"]
        assert changes(again, kept) == ["labels were changed or excluded"]


def test_the_instances_that_moved_are_listed_and_picked(corrected):
    found = corrected.compare_labels()
    shown = retraining.summary(corrected)

    kinds = [one["kind"] for one in shown["moved"]]
    assert kinds.count("fixed") == found.meta["overall"]["fixed"]
    assert kinds.count("broken") == found.meta["overall"]["broken"]
    for kind in set(kinds):
        pick = retraining.pick(corrected, kind)
        rows = corrected.rows({"op": "pick", "name": pick["name"]}).tolist()
        assert sorted(one["row"] for one in shown["moved"] if one["kind"] == kind) == rows
    with pytest.raises(DataError, match="fixed, broken or other"):
        retraining.pick(corrected, "worse")
