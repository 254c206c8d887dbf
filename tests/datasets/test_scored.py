"""Do labels and scores become classes, predictions and probabilities as they were meant?"""

import numpy as np
import pytest

from underglass.datasets.scored import scored
from underglass.errors import DataError

TABLE = {"sex": ["f", "m", "f", "m"], "y": [0, 1, 1, 0], "p": [0.2, 0.5, 0.4999999, None]}


def test_a_score_equal_to_the_threshold_is_positive_and_a_missing_one_nothing():
    instances, found = scored(TABLE, label="y", score="p")

    assert found.task == "two classes"
    assert found.classes == ("0", "1")
    assert found.predictions.tolist() == [0, 1, 0, -1]
    assert "1 of 4 rows have no score" in found.notes[0]
    assert instances.table["label"].to_pylist() == [0, 1, 1, 0]
    assert "y" not in instances.table.column_names


def test_the_threshold_decides_in_full_precision():
    scores = [0.7, 0.6999999999, 0.1 + 0.2]

    _, found = scored({"y": [1, 1, 0], "p": scores}, label="y", score="p", threshold=0.7)

    assert found.predictions.tolist() == [1, 0, 0]
    assert found.score.tolist() == scores


def test_words_need_to_be_told_which_is_positive_unless_they_say_it():
    table = {"y": ["good", "bad", "bad"], "p": [0.1, 0.9, 0.6]}

    with pytest.raises(DataError, match=r"say which label counts as positive: 'bad' or 'good' \(--positive NAME\)"):
        scored(table, label="y", score="p")
    _, found = scored(table, label="y", score="p", positive="bad")
    assert found.classes[found.positive] == "bad"
    assert found.predictions.tolist() == [1, 0, 0]
    assert scored({"y": ["yes", "no"], "p": [0, 1]}, label="y", score="p")[1].positive == 1


def test_of_many_labels_one_may_be_judged_against_the_rest():
    instances, found = scored({"y": ["a", "b", "c"], "p": [0.9, 0.1, 0.6]}, label="y", score="p", positive="c")

    assert found.classes == ("not c", "c")
    assert instances.table["label"].to_pylist() == [0, 0, 1]
    assert instances.table["y"].to_pylist() == ["a", "b", "c"]


def test_a_column_for_each_class_is_matched_by_its_ending():
    table = {"y": ["cat", "dog", "cow"], "p_dog": [0.2, 0.7, 0.1], "p_cow": [0.1, 0.2, 0.3], "p_cat": [0.7, 0.1, 0.6]}

    _, found = scored(table, label="y", score=["p_dog", "p_cow", "p_cat"])

    assert found.classes == ("dog", "cow", "cat")
    assert [found.classes[code] for code in found.predictions] == ["cat", "dog", "cat"]


def test_predicted_classes_have_no_confidence():
    _, found = scored({"y": ["a", "b", "a"], "said": ["a", "a", "b"]}, label="y", prediction="said", positive="a")

    assert found.predictions.tolist() == [0, 0, 1]
    assert np.isnan(found.probabilities).all()


def test_numbers_of_many_values_are_a_regression():
    random = np.random.default_rng(0)
    truth = random.normal(100, 20, 60)

    instances, found = scored({"price": truth, "guess": truth + 1}, label="price", score="guess")

    assert found.task == "numbers"
    assert found.classes == ()
    np.testing.assert_allclose(found.score - found.truth, 1)
    assert "price" in instances.table.column_names


def test_one_class_only_is_allowed_and_said():
    _, ones = scored({"y": [1, 1], "p": [0.2, 0.8]}, label="y", score="p")
    _, zeros = scored({"y": [0, 0], "p": [0.2, 0.8]}, label="y", score="p")

    assert "Every label is '1'" in ones.notes[0]
    assert "No label is '1'" in zeros.notes[0]
    assert zeros.predictions.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("table", "given", "message"),
    [
        (TABLE, {"score": "q"}, "no column named 'q'; Known: sex, y, p."),
        (TABLE, {"score": "y"}, "column 'y' is the label; it cannot be the score too"),
        (TABLE, {"score": "sex"}, "column 'sex' holds string such as 'f', not scores"),
        (TABLE, {}, "say where the scores are"),
        (TABLE, {"score": "p", "threshold": 2}, "a threshold lies between 0 and 1; got 2."),
        (TABLE, {"score": "p", "positive": "2"}, "the positive class: no label named '2'; "),
        ({"y": [0, 1], "p": [0.5, 87.0]}, {"score": "p"}, "1 scores of 'p' lie outside 0 to 1, the first in row 2: 87."),
        ({"y": [0, 1], "p": [-3.0, 2.0]}, {"score": "p"}, "logits need a sigmoid"),
        ({"y": [0, 1], "p": [None, None]}, {"score": "p"}, "p"),
        ({"y": [None, None], "p": [0.5, 0.5]}, {"score": "p"}, "column 'y' holds no value at all"),
        ({"y": ["a", "b", "c"], "p": [0.1, 0.2, 0.3]}, {"score": "p"}, "say of which value (--positive NAME)"),
        ({"y": ["a", "b"], "p": [0.1, 0.2], "q": [0.1, 0.2], "r": [0.1, 0.2]}, {"score": ["p", "q", "r"]}, "no column ends in"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(table, given, message):
    with pytest.raises(DataError) as refused:
        scored(table, label="y", **given)

    assert message in str(refused.value)
