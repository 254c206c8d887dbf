"""Does a captured model hand out what was captured, and name what was not?"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from store.building import LAYERS, capture, make_case, record
from underglass.errors import CaseError, LayerError, ModelError
from underglass.store import CaseFolder
from underglass.store.sealed import read_sealed, write_sealed


def test_an_unknown_layer_suggests_a_known_one(captured: CaseFolder) -> None:
    with pytest.raises(LayerError, match=r"no layer named 'conv_1'; did you mean 'conv1'\? Known: conv1, block/fc\."):
        captured.model().activations("conv_1")


def test_a_layer_that_was_not_captured_says_which_were(captured: CaseFolder) -> None:
    message = "layer 'softmax' of 'cnn' was not captured; captured: conv1, block/fc. Capture it to use it here."
    with pytest.raises(LayerError, match=message):
        captured.model().hash("softmax", "max")


def test_a_pooling_that_was_not_captured_says_which_were(captured: CaseFolder) -> None:
    with pytest.raises(LayerError, match=r"layer 'conv1' was not captured with pooling 'std'; captured: max, mean\."):
        captured.model().activations("conv1", "std")


def test_every_layer_and_pooling_has_a_hash_of_its_own(captured: CaseFolder) -> None:
    hashes = {captured.model().hash(layer.name, pooling) for layer in LAYERS for pooling in ("max", "mean")}

    assert len(hashes) == 4
    assert captured.model().activations("conv1", "max").hash in hashes


def test_the_hash_is_of_the_content(tmp_path: Path, captured: CaseFolder) -> None:
    other = make_case(tmp_path / "other.case")
    capture(other, record(name="another name", accuracy_stated=0.9))

    assert other.model().hash("conv1", "max") == captured.model().hash("conv1", "max")


def test_a_damaged_record_is_named(captured: CaseFolder) -> None:
    path = captured.path / "models" / "cnn" / "model.json"
    path.write_text(path.read_text().replace('"accuracy_captured": 0.5', '"accuracy_captured": 0.9'))

    with pytest.raises(
        CaseError, match=r"model\.json is damaged or missing \(its content was changed .*\): capture the model again"
    ):
        captured.model()


def test_damaged_predictions_are_named(captured: CaseFolder) -> None:
    path = captured.path / "models" / "cnn" / "predictions.parquet"
    path.write_bytes(b"")

    with pytest.raises(CaseError, match=r"predictions\.parquet is damaged or missing"):
        _ = captured.model().predictions


def test_a_log_that_lost_a_shard_is_named(captured: CaseFolder) -> None:
    path = captured.path / "models" / "cnn" / "shards.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))

    with pytest.raises(CaseError, match=r"shards\.jsonl is damaged: it does not name every shard of 'conv1'"):
        captured.model().activations("conv1")


def test_models_are_known_by_name_and_the_last_finished_is_the_default(captured: CaseFolder) -> None:
    capture(captured, record(name="resnet"))
    capture(captured, record(name="started"), upto=1)

    assert captured.models == ("cnn", "resnet", "started")
    assert captured.model().name == "resnet"
    assert captured.model("cnn").name == "cnn"
    with pytest.raises(ModelError, match=r"no model named 'resnt'; did you mean 'resnet'\?"):
        captured.model("resnt")


def test_a_case_without_models_says_so(case: CaseFolder) -> None:
    with pytest.raises(ModelError, match="no model has been captured into this case"):
        case.model()


@pytest.mark.parametrize(("name", "value"), [("shards", 10**15), ("shard_size", 0), ("shards", 2)])
def test_a_record_that_does_not_add_up_is_damage(captured: CaseFolder, name: str, value: int) -> None:
    path = captured.path / "models" / "cnn" / "model.json"
    fields = read_sealed(path)
    fields["record"][name] = value
    write_sealed(path, fields)

    with pytest.raises(CaseError, match=r"model\.json is damaged or missing \(.* shards of .* do not hold 37 instances\)"):
        captured.model()


def test_a_model_of_another_case_is_refused(captured: CaseFolder, tmp_path: Path) -> None:
    other = make_case(tmp_path / "other.case", 30)
    capture(other)
    shutil.rmtree(captured.path / "models" / "cnn")
    shutil.copytree(other.path / "models" / "cnn", captured.path / "models" / "cnn")

    with pytest.raises(CaseError, match="was captured on 30 instances, and this case has 37: capture the model again"):
        captured.model()
