"""The case as people call it: capture, ask, edit, undo, attach."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import underglass as ug
from planted import planted_case
from underglass.case import Case
from underglass.errors import CaseError, EditError, FilterError, ModelError

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')


@pytest.fixture
def case(tmp_path):
    with Case(planted_case(tmp_path / "planted.case", 400)) as opened:
        yield opened


@pytest.fixture
def captured(tmp_path):
    """A case of 40 images captured with a small network, and how to make both again."""

    def make(seed=0):
        random = np.random.default_rng(1)
        images = random.integers(0, 255, (40, 8, 8), np.uint8)
        torch.manual_seed(seed)
        net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 3))
        dataset = ug.datasets.arrays(images, random.integers(0, 3, 40), classes=("a", "b", "c"))
        model = ug.models.torch(net, preprocess=lambda image: torch.tensor(image / 255, dtype=torch.float32)[None], name="small")
        return dataset, model

    dataset, model = make()
    case = Case.create(tmp_path / "small.case", dataset)
    case.capture(model, layers=["0"], progress=lambda *_: None)
    yield case, make
    case.close()


def test_a_typed_filter_a_tree_and_rows_name_the_same_instances(case):
    rows = case.rows("label = 'Dress' and confidence < .6")

    assert case.count(
        {
            "op": "and",
            "terms": [
                {"op": "compare", "column": "label", "is": "=", "value": "Dress"},
                {"op": "compare", "column": "confidence", "is": "<", "value": 0.6},
            ],
        }
    ) == len(rows)
    assert case.rows(rows).tolist() == rows.tolist()
    assert 0 < len(rows) < 400


def test_a_wrong_filter_says_where(case):
    with pytest.raises(FilterError, match="did you mean 'confidence'") as error:
        case.count("label = 'Dress' and confidance < .5")
    assert error.value.position == 20


def test_a_live_subset_follows_edits_and_a_frozen_one_does_not(case):
    dresses = case.rows("label = 'Dress'")
    case.subset("dresses now", dresses)
    case.subset("dresses", "label = 'Dress'")

    case.relabel(dresses[:3], "Coat")

    assert case.count("in subset 'dresses'") == len(dresses) - 3
    assert case.count("in subset 'dresses now'") == len(dresses)


def test_what_was_picked_by_hand_cannot_become_a_live_subset(case):
    name = case.serving.make_pick(np.array([1, 2, 3], np.int32))

    with pytest.raises(EditError, match="frozen subset only"):
        case.edit("subset", where={"op": "pick", "name": name}, value={"name": "three", "kind": "live"})
    case.edit("subset", where={"op": "pick", "name": name}, value={"name": "three", "kind": "frozen"})

    assert case.subsets["three"].rows.tolist() == [1, 2, 3]


def test_undo_takes_back_exactly_what_was_done_and_redo_does_it_again(case):
    before = case.table()

    case.tag("confidence < .5", "unsure")
    case.relabel("label = 'Coat'", "Dress")
    case.exclude("split = 'test'")
    after = case.table()
    for _ in range(3):
        case.undo()
    assert case.table().equals(before)
    for _ in range(3):
        case.redo()

    assert case.table().equals(after)
    assert not after.equals(before)


def test_nothing_to_undo_is_said(case):
    with pytest.raises(EditError, match="there is nothing to undo"):
        case.undo()


def test_an_unknown_label_suggests_a_known_one(case):
    with pytest.raises(EditError, match="no label named 'Dres'; did you mean 'Dress'"):
        case.relabel("label = 'Coat'", "Dres")
    assert case.history() == []


def test_an_edit_on_nothing_is_refused(case):
    with pytest.raises(EditError, match="no instances are selected"):
        case.tag("confidence > 2", "never")


def test_the_source_is_never_changed(case):
    path = case.folder.path / "instances.parquet"
    before = path.read_bytes()

    case.relabel("label = 'Coat'", "Dress")

    assert path.read_bytes() == before
    assert case.folder.verify() == []


def test_two_cases_on_one_folder_see_each_other(case):
    with Case.open(case.folder.path) as other:
        other.tag("label = 'Coat'", "theirs")
        assert case.count("tags contains 'theirs'") == other.count("label = 'Coat'")


def test_listeners_hear_of_every_edit(case):
    heard = threading.Event()
    stop = case.listen(lambda version: heard.set())

    case.tag("label = 'Coat'", "x")

    assert heard.is_set()
    stop()


def test_opening_something_else_says_what_is_missing(tmp_path):
    (tmp_path / "empty.case").mkdir()
    with pytest.raises(CaseError, match=r"case\.json"):
        Case.open(tmp_path / "empty.case")


def test_the_captured_accuracy_is_the_share_of_right_predictions(captured):
    case, _ = captured
    table = case.table()

    right = np.mean([a == b for a, b in zip(table["label"].to_pylist(), table["prediction"].to_pylist(), strict=True)])

    assert case.model.record.accuracy_captured == pytest.approx(right)
    assert case.activations("0").shape == (40, 4)


def test_the_same_model_can_be_attached_again_and_another_is_refused(captured):
    case, make = captured
    with Case.open(case.folder.path) as again:
        again.attach(make()[1])
        assert again.attached is not None
        with pytest.raises(ModelError, match="weights"):
            again.attach(make(seed=1)[1])


def test_capturing_twice_gives_the_same_columns_and_keeps_edits(captured):
    case, make = captured
    case.tag("label = 'a'", "mine")
    before, heard = case.info()["version"], []
    case.listen(heard.append)
    case.capture(make()[1], layers=["0", "3"], progress=lambda *_: None)

    assert case.count("tags contains 'mine'") == case.count("label = 'a'")
    assert case.activations("3").shape == (40, 3)
    assert heard
    assert case.info()["version"] > before  # so that open pages ask anew


def test_the_card_of_the_case_counts_what_is_there(case):
    case.exclude("label = 'Coat'")
    info = case.info()

    assert info["instances"] == 400
    assert info["excluded"] == case.count("excluded")
    assert info["edits"]["count"] == 1
    assert {"label", "prediction", "confidence", "correct", "age", "score", "site"} <= {
        column["name"] for column in info["columns"]
    }
    assert info["model"] == "planted"


def test_a_case_with_subsets_of_both_kinds_opens_again(case):
    case.subset("live", "confidence < .5")
    case.subset("frozen", [1, 2, 3])

    with Case.open(case.folder.path) as again:
        assert again.count("in subset 'frozen'") == 3
        assert again.count("in subset 'live'") == case.count("confidence < .5")
        assert again.info()["edits"]["undo"] == "Undo: defined the subset 'frozen' of 3 instances"
