"""Is it said which instance cannot be used, and what is allowed?"""

import re

import numpy as np
import pytest

from underglass.analyses.label_input import check_features, check_labels, check_probabilities, check_split
from underglass.errors import DataError

TWO = np.array([0, 1])


def test_missing_labels_become_minus_one():
    assert check_labels([0, None, 2]).tolist() == [0, -1, 2]
    assert check_labels(np.array([0, np.nan, 2])).tolist() == [0, -1, 2]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["cat", "dog"], "not text; give their positions among the class names"),
        ([[0], [1]], "not of shape (2, 1)"),
        ([0.0, 1.5], "instance 1 has 1.5"),
    ],
)
def test_labels_that_are_no_class_numbers_are_refused(labels, message):
    with pytest.raises(DataError, match=re.escape(message)):
        check_labels(labels)


@pytest.mark.parametrize(
    ("chances", "message"),
    [
        ([[0.5, 0.5], [0.9, 0.3]], "the probabilities of instance 1 sum to 1.2"),
        ([[0.5, 0.5], [1.4, -0.4]], "least -0.4"),
        ([[0.5, 0.5], [np.nan, 1.0]], "the probabilities of instance 1 sum to nan"),
        ([[0.5, 0.5]], "1 rows of probabilities for 2 labels"),
        ([[1.0], [1.0]], "at least two classes"),
    ],
)
def test_probabilities_that_are_none_are_refused(chances, message):
    with pytest.raises(DataError, match=re.escape(message)):
        check_probabilities(chances, TWO)


def test_a_label_outside_the_classes_is_named():
    with pytest.raises(DataError, match=re.escape("label 2 of instance 1 is outside the 2 classes 0 to 1 (−1 = unlabelled).")):
        check_probabilities([[0.5, 0.5], [0.5, 0.5]], np.array([0, 2]))


def test_features_must_be_finite_and_as_many_as_labels():
    with pytest.raises(DataError, match="first at instance 1"):
        check_features([[0.0], [np.inf]], 2)
    with pytest.raises(DataError, match="for 3 instances"):
        check_features([[0.0], [1.0]], 3)


def test_images_are_read_as_rows_of_pixels():
    assert check_features(np.zeros((2, 3, 4), np.uint8), 2).shape == (2, 12)


def test_a_split_names_one_for_each_instance():
    with pytest.raises(DataError, match="split must name the split of 3 instances, not of 2"):
        check_split(["train", "test"], 3)
