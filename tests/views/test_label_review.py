"""Are cells, queues, probabilities, sessions and annotators what a hand count says?"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import cohen_kappa_score

from judged import CLASSES, digits
from underglass.case import Case
from underglass.errors import DataError
from underglass.views.label_cells import cells, label_rows, noise_matrix
from underglass.views.label_items import items, probabilities, spread
from underglass.views.label_session import annotators, badge, session


@pytest.fixture
def case(tmp_path):
    with Case.create_judged(tmp_path / "digits.case", digits().judged()) as opened:
        opened.author = "mara"
        opened.label_issues()
        yield opened


def cell_of(case, found, label, model):
    return next(one for one in cells(case, found) if (one["label"], one["model"]) == (label, model))


def test_cells_count_every_labelled_instance_once(case):
    found = case.label_issues()
    label, suggested = found.arrays["label"], found.arrays["suggested"]

    drawn = cells(case, found)

    assert sum(one["count"] for one in drawn) == found.n
    assert sum(one["suspects"] for one in drawn) == len(found.suspects)
    for one in drawn:
        inside = (label == CLASSES.index(one["label"])) & (suggested == CLASSES.index(one["model"]))
        assert one["count"] == inside.sum()
        assert sum(one["histogram"]) == one["count"]
        if one["label"] != one["model"]:
            assert one["class_score"] == pytest.approx(found.arrays["top"][inside].sum(), abs=1e-3)
        assert one["row"] in found.rows[inside]


def test_a_judged_instance_leaves_its_cells_score_and_its_count(case):
    found = case.label_issues()
    row = int(found.suspects[0])
    label, model = (CLASSES[int(found.spread(name, -1, 708)[row])] for name in ("label", "suggested"))
    before = cell_of(case, found, label, model)

    case.confirm([row])

    after = cell_of(case, found, label, model)
    assert after["open"] == before["open"] - 1
    assert after["class_score"] == pytest.approx(before["class_score"] - found.spread("top", 0, 708)[row], abs=1e-3)
    assert badge(case) == len(found.suspects) - 1


def test_a_whole_cell_that_was_misread_is_told_from_slips(tmp_path):
    with Case.create_judged(tmp_path / "cell.case", digits(whole_cell=True, copies=False).judged()) as case:
        found = case.label_issues()
        drawn = cells(case, found)

    assert (drawn[0]["label"], drawn[0]["model"]) == ("five", "three")
    assert drawn[0]["systematic"]
    assert drawn[0]["suspects"] >= 20


def test_cells_with_copies_are_marked_and_others_are_not(case):
    found = case.label_issues()
    agreed = [one for one in cells(case, found) if one["label"] == one["model"]]
    leaking = {CLASSES[digits().given[one]] for one, _ in digits().leaks}

    assert {one["label"] for one in agreed if one["copies"]} >= leaking
    assert all((one["similarity"] or 0) > 0.99 for one in agreed if one["copies"])
    assert not all(one["copies"] for one in agreed)


def test_the_health_of_classes_and_the_noise_matrix_are_drawn_from_sums_of_chances(case):
    found = case.label_issues()
    rows, matrix = label_rows(case, found), np.array(noise_matrix(case, found))

    np.testing.assert_array_equal([one["given"] for one in rows], np.bincount(digits().given, minlength=10))
    assert sum(one["wrong"] for one in rows) == pytest.approx(np.nansum(found.score), rel=0.02)
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-3)


def test_the_queue_of_suspects_is_ordered_by_the_score_that_is_asked_for(case):
    found = case.label_issues()

    assert items(case)["rows"] == found.suspects.tolist()
    by_margin = items(case, score="margin")
    assert by_margin["score"] == sorted(by_margin["score"], reverse=True)
    assert sorted(by_margin["rows"]) == sorted(found.suspects.tolist())
    assert items(case, everything=True)["total"] == found.n


def test_a_cell_holds_its_suspects_or_everything(case):
    found = case.label_issues()
    largest = max(cells(case, found), key=lambda one: one["count"] if 0 < one["suspects"] < one["count"] else 0)
    queue = {"label": largest["label"], "suggested": largest["model"]}

    assert items(case, "cell", **queue)["total"] == largest["suspects"]
    assert items(case, "cell", **queue, everything=True)["total"] == largest["count"]


def test_the_selection_is_a_queue(case):
    queue = items(case, "selection", rows=[3, 9, 4])
    assert sorted(queue["rows"]) == [3, 4, 9]
    where = {"op": "compare", "column": "label", "is": "=", "value": "nine"}
    assert items(case, "selection", where=where)["total"] == case.count("label = 'nine'")


def test_queues_of_copies_hold_the_planted_pairs(case):
    given = digits()

    assert set(items(case, "contradictory")["rows"]) == {row for pair in given.contradictory for row in pair}
    assert set(items(case, "leaks")["rows"]) == {row for pair in given.leaks for row in pair}
    first = items(case, "leaks")["pairs"][0]
    assert first["exact"]
    assert first["similarity"] == 1


def test_the_mean_probability_is_numpys(case):
    rows = [5, 80, 300]

    found = probabilities(case, rows)

    np.testing.assert_allclose(found["mean"], digits().probabilities[rows].mean(0), atol=1e-5)
    assert found["n"] == 3


def test_instances_are_laid_out_by_their_principal_components(case):
    rows = list(range(40))
    found = spread(case, rows)

    pixels = digits().images[rows].reshape(40, -1).astype(float)
    theirs = PCA(2).fit_transform(pixels)
    ours = np.array(found["points"])
    for axis in (0, 1):
        assert abs(np.corrcoef(ours[:, axis], theirs[:, axis])[0, 1]) > 0.99
    assert spread(case, [1, 2])["rows"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"queue": "suspect"}, "did you mean 'suspects'"),
        ({"score": "margins"}, "did you mean 'margin'"),
        ({"queue": "label", "label": "tree"}, "did you mean 'three'"),
    ],
)
def test_an_unknown_queue_score_or_class_names_the_nearest(case, arguments, message):
    with pytest.raises(DataError, match=message):
        items(case, **arguments)


def test_before_a_search_queues_are_missing_and_probabilities_say_where_to_go(tmp_path):
    with Case.create_judged(tmp_path / "new.case", digits().judged()) as case:
        assert items(case)["found"] is False
        assert session(case) is None
        assert badge(case) is None
        with pytest.raises(DataError, match="no labels were judged yet: open Suspects"):
            probabilities(case, [1])


def test_a_session_is_the_curve_of_what_its_author_fixed(case):
    found = case.label_issues()
    rows = found.suspects[:6].tolist()
    case.relabel([rows[0]], CLASSES[(digits().given[rows[0]] + 1) % 10])
    case.confirm([rows[1]])
    case.exclude([rows[2]])
    case.relabel([rows[3]], CLASSES[digits().given[rows[3]]])
    case.edit("confirm", rows=[rows[5]], author="jo")

    mine, theirs = session(case), session(case, "jo")

    assert mine["curve"] == [[0, 0], [1, 1], [2, 1], [3, 2], [4, 2]]
    assert (mine["inspected"], mine["fixed"], theirs["inspected"], theirs["fixed"]) == (4, 2, 1, 0)
    assert mine["random"] == pytest.approx(digits().wrong.sum() / found.n)
    assert mine["open"] == len(found.suspects) - 5
    case.undo()
    assert session(case)["inspected"] == 3


def test_the_possible_curve_is_that_of_the_ranking_against_the_truth(case):
    found = case.label_issues()
    possible = session(case)["possible"]

    assert possible[-1] == [len(found.suspects), float(digits().wrong[found.suspects].sum())]


def test_edits_before_the_labels_were_judged_are_no_part_of_the_session(tmp_path):
    with Case.create_judged(tmp_path / "before.case", digits().judged()) as case:
        case.confirm([1, 2, 3])
        case.label_issues()
        assert session(case)["inspected"] == 0


def test_annotators_who_disagree_are_named_with_their_kappa(case):
    mine, theirs = [1, 1, 2, 2, 3, 3], [1, 2, 2, 2, 3, 1]
    for row, (one, other) in enumerate(zip(mine, theirs, strict=True)):
        case.edit("label", rows=[row], value=CLASSES[one])
        case.edit("label", rows=[row], value=CLASSES[other], author="jo")

    found = annotators(case)

    assert {one["name"]: one["judged"] for one in found["authors"]} == {"mara": 6, "jo": 6}
    assert (found["shared"], found["disagreed"]) == (6, 2)
    assert found["kappa"] == pytest.approx(cohen_kappa_score(mine, theirs))
    assert found["rows"][0] == {"row": 1, "id": "1", "says": {"mara": "one", "jo": "two"}}
    assert items(case, "disagreed")["rows"].__len__() == 2
    assert items(case, "selection", rows=[1])["others"] == [{"jo": 2}]


def test_what_others_judged_and_i_did_not_is_a_queue(case):
    case.edit("confirm", rows=[4, 5], author="jo")
    case.confirm([5])

    assert items(case, "second")["rows"] == [4]
    assert items(case, "second", author="jo")["rows"] == []


def test_a_withdrawn_judgement_is_none(case):
    case.confirm([4])
    case.confirm([4], on=False)

    assert annotators(case)["authors"] == []
    assert session(case)["inspected"] == 0
