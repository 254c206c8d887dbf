"""Are units named only where the labels allow it?"""

import re

import numpy as np
import pytest

from underglass.analyses.unit_names import name_units
from underglass.errors import DataError

CLASSES = ["cat", "dog", "owl", "cow"]


def test_a_unit_that_one_class_excites_is_named_after_it():
    labels = np.repeat(np.arange(4), 50)
    found = name_units([np.arange(50, 60), np.arange(100, 110)], labels, CLASSES)
    assert found.label.tolist() == [1, 2]
    assert found.text[0] == "'dog': 10 of the 10 strongest, 25% of all"


def test_random_instances_name_nothing():
    r = np.random.default_rng(0)
    found = name_units(r.integers(0, 200, (300, 10)), np.repeat(np.arange(4), 50), CLASSES)
    assert (found.label >= 0).mean() < 0.01
    assert found.text[0] == "no class stands out among its strongest instances"


def test_a_class_that_is_nearly_everybody_names_nothing():
    labels = np.array([0] * 990 + [1] * 10)
    assert name_units([np.arange(10)], labels, CLASSES).label.tolist() == [-1]


def test_a_rare_class_is_named_on_less():
    labels = np.array([0] * 990 + [1] * 10)
    found = name_units([[0, 1, 2, 3, 4, 990, 991, 992, 993, 994]], labels, CLASSES)
    assert found.label.tolist() == [1]
    assert found.count.tolist() == [5]


def test_unlabelled_instances_are_no_evidence():
    found = name_units([[0, 1, 2, -1]], [-1, -1, 0, 1], CLASSES)
    assert found.shown.tolist() == [1]
    assert found.label.tolist() == [-1]


def test_what_is_outside_is_refused():
    with pytest.raises(DataError, match=re.escape("name row 9, and there are 2 instances")):
        name_units([[9]], [0, 1], CLASSES)
    with pytest.raises(DataError, match=re.escape("label 7 is outside the 4 classes")):
        name_units([[0]], [7], CLASSES)
