"""Is the census demo what it says: these people, two models trained on others, their scores in the case?"""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from underglass.demos import adult, open_demo
from underglass.views import subgroups


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    with open_demo("adult", folder=tmp_path_factory.mktemp("demos"), progress=lambda done, total, stage: None) as made:
        yield made


def test_the_people_are_those_of_the_test_file(case):
    table = case.table()

    assert table.num_rows == 16_281
    assert (table["label"].to_numpy() == adult.POSITIVE).sum() == 3_846
    assert set(table["sex"].to_pylist()) == {"Male", "Female"}
    assert table["workclass"].null_count == 963
    assert "fnlwgt" not in table.column_names


def test_both_models_know_something_and_the_trees_more(case):
    truth = case.labels() == 1
    areas = [roc_auc_score(truth, case.folder.results.get("scores", name).arrays["score"]) for name in adult.NAMES]

    assert 0.89 < areas[0] < areas[1] < 0.94
    assert case.model.name == "boosted trees"
    assert np.mean(case.table()["correct"].to_numpy()) > 0.86


def test_it_opens_on_race_and_sex_and_neither_label_nor_score_is_a_feature(case):
    setup = subgroups.setup(case)

    assert setup["by"] == ["race", "sex"]
    assert setup["available"] == list(adult.NAMES)
    assert {feature["name"] for feature in setup["features"]}.isdisjoint({"income", "label", "prediction", "confidence"})


def test_it_is_opened_again_as_it_was_left(case):
    case.tag([3], "seen")

    with open_demo("adult", folder=case.folder.path.parent) as again:
        assert again.folder.path == case.folder.path
        assert "seen" in again.folder.journal.state().tags
