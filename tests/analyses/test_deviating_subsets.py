"""Are errors that look unlike their class suggested first?"""

import numpy as np
import pytest

from underglass.analyses.deviating_subsets import deviating_errors
from underglass.errors import DataError


@pytest.fixture(scope="module")
def study():
    """Two classes of 300; 30 of class 0 taken for 1 look like 1, 30 taken for 2 look like all others of their class."""
    r = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 300)
    values = r.standard_normal((900, 20)) + 3 * np.eye(3, 20)[labels]
    values[:30] += 3 * (np.eye(20)[1] - np.eye(20)[0])
    predictions = labels.copy()
    predictions[:30] = 1
    predictions[30:60] = 2
    return values, labels, predictions


def test_errors_unlike_their_class_come_first(study):
    found = deviating_errors(*study, ["shirt", "coat", "shoe"])
    assert [one.name for one in found] == ["shirt taken for coat", "errors of shirt", "shirt taken for shoe"]
    assert found[0].rows.tolist() == list(range(30))
    assert found[0].ratio > 2
    assert found[-1].ratio == pytest.approx(1, abs=0.35)


def test_few_errors_are_not_suggested(study):
    assert len(deviating_errors(*study, ["shirt", "coat", "shoe"], fewest=31)) == 1


def test_a_single_kind_of_error_is_not_said_twice(study):
    values, labels, predictions = study
    some = predictions.copy()
    some[30:60] = 0
    assert [one.name for one in deviating_errors(values, labels, some, ["shirt", "coat", "shoe"])] == ["errors of shirt"]


def test_what_does_not_belong_together_is_refused(study):
    with pytest.raises(DataError, match="899 labels and 900 predictions do not belong together"):
        deviating_errors(study[0], study[1][1:], study[2], ["a", "b", "c"])
