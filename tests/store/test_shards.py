"""Does a killed capture go on where it stopped, to the same bytes?"""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from store.building import CLASSES, INSTANCES, LAYERS, POOLING, SHARD, capture, files_of, make_case, record, start, values
from store.small_disk import run_on_small_disk
from underglass.errors import CaseError, LayerError, ModelError
from underglass.store import CaseFolder, LayerRecord, hash_file
from underglass.store.records import from_json, to_json
from underglass.store.shards import predictions_table


def shard(of, number: int):
    probabilities, activations = values(of)
    rows = slice(number * of.shard_size, min((number + 1) * of.shard_size, INSTANCES))
    return probabilities[rows], {pair: one[rows] for pair, one in activations.items()}


def test_what_is_captured_is_read(captured: CaseFolder) -> None:
    probabilities, activations = values(record())
    model = captured.model("cnn")

    for (layer, pooling), oracle in activations.items():
        np.testing.assert_array_equal(model.activations(layer, pooling).array(), oracle.astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(model.probabilities, probabilities)
    assert model.predictions["row"].to_pylist() == list(range(INSTANCES))
    assert model.predictions["prediction"].to_pylist() == probabilities.argmax(1).tolist()
    assert model.predictions["confidence"].to_pylist() == probabilities.max(1).tolist()
    assert (model.record.done, model.record.shards, model.record.shards_done) == (True, 3, 3)
    assert captured.verify() == []


def test_stopped_and_gone_on_gives_the_same_bytes(tmp_path: Path) -> None:
    whole, halves = make_case(tmp_path / "whole.case"), make_case(tmp_path / "halves.case")
    capture(whole)

    capture(halves, upto=1)
    assert halves.model().record.shards_done == 1
    capture(halves)

    assert files_of(whole.path / "models") == files_of(halves.path / "models")


def test_a_capture_that_was_not_finished_says_so(case: CaseFolder) -> None:
    capture(case, upto=2)

    message = r"the capture of 'cnn' is not finished \(2 of 3 shards\): capture it again to go on"
    with pytest.raises(ModelError, match=message):
        case.model().activations("conv1")
    with pytest.raises(ModelError, match=message):
        _ = case.model().predictions
    assert case.verify() == []


KILLED = """
from store.building import capture, record, values
from underglass.store import CaseFolder, npy, shards
case = CaseFolder.open(sys.argv[1])
stop_at = int(sys.argv[2])
calls = 0
def reached():
    global calls
    calls += 1
    if calls == stop_at:
        print("stopped", flush=True)
        sys.stdin.read()
sys.addaudithook(lambda event, _: reached() if event in ("open", "os.rename", "os.truncate") and writing else None)
writing = False
of = record()
probabilities, activations = values(of)
with case.model_writer(of) as writer:
    writing = True
    for shard in range(writer.shards):
        rows = slice(writer.rows(shard).start, writer.rows(shard).stop)
        writer.write(shard, probabilities[rows], {pair: one[rows] for pair, one in activations.items()})
    writer.finish(0.5)
writing = False
print("finished", flush=True)
"""


def test_killed_at_any_step_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    whole = make_case(tmp_path / "whole.case")
    capture(whole)
    oracle = files_of(whole.path / "models")
    for step in (1, 4, 9, 14, 31, 44):
        case = make_case(tmp_path / f"{step}.case")
        process = start(KILLED, case.path, step)
        assert process.stdout is not None
        assert process.stdout.readline() == "stopped\n"
        process.send_signal(signal.SIGKILL)
        process.communicate()

        with case.model_writer(record()) as writer:
            assert writer.done == frozenset(range(len(writer.done)))
        assert case.verify() == []
        capture(case)

        assert files_of(case.path / "models") == oracle, f"killed at step {step}"
        assert case.verify() == []


def test_only_shards_that_are_whole_count(case: CaseFolder) -> None:
    capture(case, upto=2)
    folder = case.path / "models" / "cnn"
    spoiled = folder / "layers" / "conv1" / "max" / "shard-00001.npy"
    spoiled.write_bytes(spoiled.read_bytes()[:-1] + b"x")

    with case.model_writer(record()) as writer:
        assert writer.done == {0}
        assert writer.needed == (("conv1", "max"), ("conv1", "mean"), ("block/fc", "max"), ("block/fc", "mean"))


def test_a_line_of_the_log_cut_short_does_not_count(case: CaseFolder) -> None:
    capture(case, upto=2)
    log = case.path / "models" / "cnn" / "shards.jsonl"
    log.write_bytes(log.read_bytes()[:-20])

    with case.model_writer(record()) as writer:
        assert writer.done == {0}
        writer.write(1, *shard(record(), 1))
        assert writer.done == {0, 1}
    with case.model_writer(record()) as writer:
        assert writer.done == {0, 1}


def test_a_line_of_the_log_changed_by_hand_does_not_count(case: CaseFolder) -> None:
    capture(case, upto=2)
    folder = case.path / "models" / "cnn"
    spoiled = folder / "layers" / "conv1" / "max" / "shard-00001.npy"
    before = hash_file(spoiled)
    spoiled.write_bytes(spoiled.read_bytes()[:-1] + b"x")
    log = folder / "shards.jsonl"
    log.write_text(log.read_text().replace(before, hash_file(spoiled)))

    with case.model_writer(record()) as writer:
        assert writer.done == {0}


def test_layers_that_a_finished_capture_holds_are_not_written_again(case: CaseFolder) -> None:
    capture(case, record(layers=LAYERS[:1]))
    before = case.model().hash("conv1", "max")
    probabilities, activations = shard(record(), 0)

    with case.model_writer(record()) as writer:
        writer.write(0, probabilities, {pair: one + 1 for pair, one in activations.items()})

    assert case.verify() == []
    assert case.model().hash("conv1", "max") == before
    np.testing.assert_array_equal(case.model().activations("conv1", "max").rows(range(SHARD)), half(activations["conv1", "max"]))


def half(values: np.ndarray) -> np.ndarray:
    """As it comes back from float16."""
    return values.astype(np.float16).astype(np.float32)


def test_probabilities_changed_on_the_disk_make_their_shard_be_redone(case: CaseFolder) -> None:
    capture(case, upto=3)
    path = case.path / "models" / "cnn" / "probabilities.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    with case.model_writer(record()) as writer:
        assert writer.done == {0, 1}


def test_a_second_process_may_not_capture_the_same_model(case: CaseFolder) -> None:
    process = start(
        """
from store.building import record
from underglass.store import CaseFolder
with CaseFolder.open(sys.argv[1]).model_writer(record()):
    print("capturing", flush=True)
    sys.stdin.read()
""",
        case.path,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "capturing\n"

    with pytest.raises(CaseError, match="'cnn' is being captured into this case by another process"), case.model_writer(record()):
        raise AssertionError
    with case.model_writer(record(name="other")):
        pass

    process.send_signal(signal.SIGKILL)
    process.communicate()
    with case.model_writer(record()):
        pass


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"fingerprint": "x"}, "fingerprint"),
        ({"batch_size": 9}, "batch_size"),
        ({"shard_size": 8}, "shard_size"),
        ({"precision": "float32"}, "precision"),
    ],
)
def test_another_model_or_setting_under_the_same_name_is_refused(captured: CaseFolder, changed: dict, named: str) -> None:
    message = f"a capture named 'cnn' is there already, with another {named}: take another name, or remove that one first"
    with pytest.raises(CaseError, match=message), captured.model_writer(record(**changed)):
        raise AssertionError


def test_more_layers_are_added_to_a_finished_capture(tmp_path: Path) -> None:
    both, one_by_one = make_case(tmp_path / "both.case"), make_case(tmp_path / "one.case")
    capture(both)

    capture(one_by_one, record(layers=LAYERS[1:]))
    before = one_by_one.model().hash("block/fc", "max")
    with one_by_one.model_writer(record(layers=LAYERS[:1])) as writer:
        assert writer.needed == (("conv1", "max"), ("conv1", "mean"))
        assert one_by_one.model().activations("block/fc").shape == (INSTANCES, 9)
    capture(one_by_one, record(layers=LAYERS[:1]))

    model = one_by_one.model()
    assert [layer.name for layer in model.record.layers] == ["conv1", "block/fc"]
    assert model.hash("block/fc", "max") == before == both.model().hash("block/fc", "max")
    assert model.hash("conv1", "mean") == both.model().hash("conv1", "mean")
    assert one_by_one.verify() == []


def test_adding_layers_that_was_killed_leaves_the_finished_capture_whole(case: CaseFolder) -> None:
    capture(case, record(layers=LAYERS[:1]))

    with case.model_writer(record(layers=LAYERS)) as writer:
        writer.write(0, *shard(record(), 0))

    assert [layer.name for layer in case.model().record.layers] == ["conv1"]
    assert case.model().activations("conv1").shape == (INSTANCES, 6)
    assert case.verify() == []


def test_adding_layers_with_a_model_that_does_not_repeat_itself_is_refused(case: CaseFolder) -> None:
    capture(case, record(layers=LAYERS[:1]))
    probabilities, activations = shard(record(), 0)

    with case.model_writer(record()) as writer:
        writer.write(0, probabilities + np.float32(1e-5), activations)
        with pytest.raises(ModelError, match="shard 1 of 'cnn' gives other probabilities than when it was first captured"):
            writer.write(1, shard(record(), 1)[0][::-1], shard(record(), 1)[1])

    np.testing.assert_array_equal(case.model().probabilities, values(record())[0])


def test_a_missing_layer_and_a_wrong_shape_are_named(case: CaseFolder) -> None:
    probabilities, activations = shard(record(), 0)
    lacking = {pair: one for pair, one in activations.items() if pair != ("conv1", "mean")}
    wrong = activations | {("conv1", "max"): np.zeros((SHARD, 7), np.float32)}

    with case.model_writer(record()) as writer:
        with pytest.raises(LayerError, match="shard 0 lacks layer 'conv1' with pooling 'mean'"):
            writer.write(0, probabilities, lacking)
        with pytest.raises(LayerError, match=r"layer 'conv1' gave \(16, 7\) in shard 0, not \(16 instances, 6 units\)"):
            writer.write(0, probabilities, wrong)
        with pytest.raises(LayerError, match="no layer named 'conv_1'; did you mean 'conv1'"):
            writer.write(0, probabilities, activations | {("conv_1", "max"): wrong["conv1", "max"]})
        with pytest.raises(LayerError, match="no pooling named 'min'"):
            writer.write(0, probabilities, activations | {("conv1", "min"): wrong["conv1", "max"]})
        with pytest.raises(ModelError, match=r"probabilities of shard 0 are \(15, 3\), not \(16 instances, 3 classes\)"):
            writer.write(0, probabilities[:-1], activations)
        with pytest.raises(ModelError, match="there is no shard 3: 'cnn' has 3"):
            writer.write(3, probabilities, activations)
        assert writer.done == frozenset()


def test_finishing_too_early_is_refused(case: CaseFolder) -> None:
    with case.model_writer(record()) as writer:
        writer.write(1, *shard(record(), 1))
        with pytest.raises(CaseError, match="'cnn' is not finished: 2 of 3 shards are missing, the first is 0"):
            writer.finish(None)


def test_shards_may_come_in_any_order(tmp_path: Path) -> None:
    forward, backward = make_case(tmp_path / "forward.case"), make_case(tmp_path / "backward.case")
    capture(forward)

    with backward.model_writer(record()) as writer:
        for number in (2, 0, 1):
            writer.write(number, *shard(record(), number))
        writer.finish(0.5)

    for layer in LAYERS:
        for pooling in POOLING:
            assert forward.model().hash(layer.name, pooling) == backward.model().hash(layer.name, pooling)


def test_a_full_disk_leaves_the_shards_before_it_and_says_so(tmp_path: Path) -> None:
    out = run_on_small_disk(
        """
from pathlib import Path
import numpy as np
from store.building import files_of, make_case, record
from underglass.errors import CaseError
from underglass.store import CaseFolder, LayerRecord, hash_file
wide = (LayerRecord("wide", "Linear", 40_000, (40_000,)),)
of = record(layers=wide, all_layers=wide)
case = make_case(Path(sys.argv[1]) / "a.case")
ones = {("wide", pooling): np.ones((16, 40_000), np.float32) for pooling in of.pooling}
with case.model_writer(of) as writer:
    writer.write(0, np.ones((16, 3), np.float32), ones)
    before = set(files_of(case.path))
    try:
        writer.write(1, np.ones((16, 3), np.float32), {pair: one.repeat(1, axis=0) for pair, one in ones.items()})
    except CaseError as error:
        print(error)
    print(sorted(set(files_of(case.path)) - before))
with case.model_writer(of) as writer:
    print(sorted(writer.done), case.verify())
""",
        kilobytes=4000,
    )

    message, left, after = out.splitlines()
    assert message.startswith("the disk is full: ")
    assert message.endswith("free some space and try again")
    assert left == "[]"
    assert after == "[0] []"


def test_a_row_of_nan_has_no_prediction() -> None:
    found = predictions_table(np.float32([[0.2, 0.8], [np.nan, np.nan], [0.6, 0.4]]))

    assert found["prediction"].to_pylist() == [1, None, 0]
    assert found["confidence"].to_pylist() == [pytest.approx(0.8), None, pytest.approx(0.6)]


def test_hostile_layer_names_stay_inside_the_case(case: CaseFolder) -> None:
    names = ("../../escape", "/absolute", "..", "a\0b", "con")
    layers = tuple(LayerRecord(name, "Odd", 2, (2,)) for name in names)
    capture(case, record(name="../model", layers=layers, all_layers=layers))

    assert {path.name for path in case.path.parent.iterdir()} == {"small.case"}
    for name in names:
        assert case.model("../model").activations(name, "max").shape == (INSTANCES, 2)
    assert case.verify() == []


def test_a_record_comes_back_from_its_json() -> None:
    assert from_json(to_json(record())) == record()
    assert replace(record(), classes=CLASSES) == record()


def test_removing_a_model_takes_its_files_and_name(captured: CaseFolder) -> None:
    captured.remove_model("cnn")

    assert captured.models == ()
    assert captured.verify() == []
    assert not (captured.path / "models" / "cnn").exists()
    shutil.rmtree(captured.path / "models")
    captured_again = capture(captured)
    assert captured_again is not None


def test_a_model_set_aside_is_taken_back_as_it_was(captured: CaseFolder) -> None:
    before = files_of(captured.path)

    captured.set_aside_model("cnn")
    gone, listed = captured.models, captured.aside
    captured.take_back_model("cnn")

    assert (gone, listed) == ((), ("cnn",))
    assert (captured.models, captured.aside) == (("cnn",), ())
    assert files_of(captured.path) == before
    assert captured.verify() == []


def test_a_model_is_not_taken_back_over_another_or_from_nowhere(captured: CaseFolder) -> None:
    with pytest.raises(ModelError, match="another model is called 'cnn' by now; remove that one first"):
        captured.take_back_model("cnn")
    with pytest.raises(ModelError, match="no model that was set aside named 'cmm'; there are none"):
        captured.take_back_model("cmm")

    captured.set_aside_model("cnn")
    capture(captured)
    captured.set_aside_model("cnn")  # the older one is forgotten
    assert captured.aside == ("cnn",)
