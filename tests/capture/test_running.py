"""Is what a model computed kept whole, whatever stops the capture on the way?"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.capture.cases import folder, instances, network
from torch import nn

from underglass import capture, datasets, models
from underglass.errors import DataError, JobCancelled, LayerError, ModelError
from underglass.models import OutOfMemory


def files(folder):
    """Bytes of everything captured, by path."""
    layers = Path(folder.path) / "models" / "tiny"
    names = [*layers.rglob("shard-*.npy"), layers / "probabilities.npy", layers / "predictions.parquet"]
    return {str(name.relative_to(layers)): name.read_bytes() for name in names}


def at(instances, action):
    """A progress that does something when so many instances are done."""

    def progress(done, total, stage):
        if done >= instances:
            action()

    return progress


def stop(error):
    def action():
        raise error

    return action


def test_what_is_kept_is_what_the_model_gives(case, data, model):
    captured = capture.run(case, data, model, layers=["conv"], progress=capture.silent)

    forward = model.forward(data.load(range(len(data))), ["conv"], ["max", "mean"])
    assert np.allclose(captured.probabilities, forward.probabilities, atol=1e-6)
    assert np.allclose(captured.activations("conv", "max").array(), forward.pooled["conv", "max"], rtol=1e-3, atol=1e-4)
    assert captured.predictions["prediction"].to_pylist() == forward.probabilities.argmax(1).tolist()


def test_accuracy_captured_stands_beside_accuracy_stated(case, data, model):
    record = capture.run(case, data, model, progress=capture.silent).record

    predicted = model.forward(data.load(range(len(data)))).probabilities.argmax(1)
    assert record.accuracy_captured == pytest.approx((predicted == data.table["label"].to_numpy()).mean())
    assert record.accuracy_stated == 0.5


def test_only_labelled_instances_count_for_accuracy(tmp_path, model):
    x = np.random.default_rng(0).integers(0, 256, (9, 6, 6), dtype=np.uint8)
    predicted = model.forward(list(x)).probabilities.argmax(1)
    data = datasets.arrays(x, [int(predicted[0]), None, *[None] * 7], classes=["a", "b", "c"])

    assert capture.run(folder(tmp_path / "a.case", data), data, model, progress=capture.silent).record.accuracy_captured == 1


def test_without_labels_there_is_no_accuracy(tmp_path, model):
    data = datasets.arrays(np.zeros((3, 6, 6), np.uint8))

    record = capture.run(folder(tmp_path / "a.case", data), data, model, progress=capture.silent).record

    assert record.accuracy_captured is None
    assert record.classes == ("0", "1", "2")


def test_a_stopped_capture_goes_on_and_ends_with_the_same_bytes(case, data, model, tmp_path):
    with pytest.raises(JobCancelled):
        capture.run(case, data, model, batch_size=32, shard_size=64, progress=at(96, stop(JobCancelled("enough"))))
    begun = []

    capture.run(case, data, model, batch_size=32, shard_size=64, progress=lambda done, total, stage: begun.append(done))

    whole = folder(tmp_path / "whole.case", data)
    capture.run(whole, data, model, batch_size=32, shard_size=64, progress=capture.silent)
    assert begun[0] == 64, "the shard that was whole is not computed again"
    assert files(case) == files(whole)


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from tests.capture.cases import instances, network
from underglass import capture, models
from underglass.store import CaseFolder
model = models.torch(network(), preprocess=models.to_tensor, name="tiny", accuracy=0.5)

def progress(done, total, stage):
    if done >= 100:
        os.kill(os.getpid(), signal.SIGKILL)

capture.run(CaseFolder.open(sys.argv[1]), instances(), model, batch_size=16, shard_size=64, progress=progress)
"""


def test_a_killed_capture_goes_on_and_ends_with_the_same_bytes(case, data, model, tmp_path):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(case.path), str(Path(__file__).parents[2])], timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert not case.model("tiny").record.done

    capture.run(case, data, model, progress=capture.silent)

    whole = folder(tmp_path / "whole.case", data)
    capture.run(whole, data, model, batch_size=16, shard_size=64, progress=capture.silent)
    assert files(case) == files(whole)
    assert case.verify() == []


@pytest.fixture
def interruptible():
    """Who started the tests may have had Ctrl-C ignored, as a shell does for what runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_says_what_is_kept(case, data, model):
    with pytest.raises(KeyboardInterrupt, match=r"stopped\. 64 of 150 instances are kept; the same capture goes on from there"):
        capture.run(case, data, model, batch_size=32, shard_size=64, progress=at(96, lambda: os.kill(os.getpid(), signal.SIGINT)))


def test_lack_of_memory_halves_the_batch_and_changes_no_number(case, data, model, tmp_path, monkeypatch):
    most, asked = 20, []
    forward = model.forward

    def scarce(batch, layers=(), pooling=()):
        count = len(batch) if isinstance(batch, list) else batch.count
        asked.append(count)
        if count > most:
            raise OutOfMemory(f"no memory for a batch of {count}.")
        return forward(batch, layers, pooling)

    monkeypatch.setattr(model, "forward", scarce)
    captured = capture.run(case, data, model, batch_size=64, shard_size=64, progress=capture.silent)
    monkeypatch.undo()

    whole = capture.run(folder(tmp_path / "whole.case", data), data, model, batch_size=16, shard_size=64, progress=capture.silent)
    assert asked[1:4] == [64, 32, 16]
    assert captured.record.batch_size == 16
    assert np.array_equal(captured.probabilities, whole.probabilities)


def test_memory_for_not_even_one_is_said(case, data, model, monkeypatch):
    def none(batch, layers=(), pooling=()):
        if layers:
            raise OutOfMemory("no memory.")
        return type(model).forward(model, batch)

    monkeypatch.setattr(model, "forward", none)

    with pytest.raises(ModelError, match="not enough memory for even one instance at a time"):
        capture.run(case, data, model, progress=capture.silent)
    assert case.models == ()


def test_layers_can_be_added_later(case, data, model):
    capture.run(case, data, model, layers=["conv"], progress=capture.silent)
    before = files(case)

    captured = capture.run(case, data, model, layers=["relu"], progress=capture.silent)

    assert [layer.name for layer in captured.record.layers] == ["conv", "relu"]
    assert {name: value for name, value in files(case).items() if name in before} == before


def test_poolings_can_be_added_later(case, data, model):
    capture.run(case, data, model, layers=["conv"], pooling=["max"], progress=capture.silent)

    captured = capture.run(case, data, model, layers=["conv"], pooling=["std"], progress=capture.silent)

    expected = model.forward(data.load(range(len(data))), ["conv"], ["std"]).pooled["conv", "std"]
    assert np.allclose(captured.activations("conv", "std").array(), expected, rtol=1e-3, atol=1e-4)
    assert captured.record.pooling == ("max", "std")


def test_another_model_under_the_same_name_is_refused(case, data, model):
    capture.run(case, data, model, progress=capture.silent)
    with torch.no_grad():
        model.net.fc.bias += 1

    with pytest.raises(
        ModelError, match=r"'tiny' was captured here before, and now the weights are others\. Give this model a name of its own"
    ):
        capture.run(case, data, model, progress=capture.silent)


def test_other_data_are_refused(case, model):
    with pytest.raises(DataError, match=r"the case has 150 instances, this data set 9; make a case of its own for it"):
        capture.run(case, instances(9), model)
    with pytest.raises(DataError, match="ids or bytes of this data set are not those the case was made from"):
        capture.run(case, instances(seed=1), model)


def test_nan_names_layer_and_instance(tmp_path):
    class Divides(nn.Module):
        def forward(self, x):
            return x / x.sum((2, 3), keepdim=True)

    net = nn.Sequential(Divides(), nn.Flatten(), _Mended(), nn.Linear(36, 3))
    x = np.ones((20, 6, 6), np.uint8)
    x[13] = 0
    data = datasets.arrays(x, ids=[f"picture {i}" for i in range(20)])

    with pytest.raises(LayerError, match=r"layer '0' is not finite \(NaN or infinite\) for instance 'picture 13', row 13"):
        capture.run(
            folder(tmp_path / "a.case", data), data, models.torch(net, preprocess=models.to_tensor), layers=["0"], batch_size=4
        )


class _Mended(nn.Module):
    def forward(self, x):
        return torch.nan_to_num(x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": ["con"]}, r"no layer named 'con'; did you mean 'conv'\? Known: conv, relu, flatten, fc\."),
        ({"layers": []}, r"no layers were asked for\. Known: conv, relu, flatten, fc\."),
        ({"layers": ["x*"]}, r"no layer named 'x\*'"),
        ({"pooling": ["avg"]}, r"no pooling named 'avg'; Known: max, mean, std, min\."),
        ({"pooling": []}, "no pooling was asked for; there are max, mean, std, min"),
        ({"batch_size": 0}, "batch_size is 0; it is at least 1"),
    ],
)
def test_wishes_that_cannot_be_are_refused_before_anything_is_written(case, data, model, options, message):
    with pytest.raises(ModelError, match=message):
        capture.run(case, data, model, progress=capture.silent, **options)

    assert case.models == ()


def test_stars_stand_for_any_letters(case, data, model):
    record = capture.run(case, data, model, layers=["f*", "conv"], progress=capture.silent).record

    assert [layer.name for layer in record.layers] == ["conv", "flatten", "fc"]


def test_classes_in_another_order_are_refused(case, data):
    model = models.torch(network(), preprocess=models.to_tensor, classes=["b", "a", "c"])

    with pytest.raises(ModelError, match=r"same classes in another order: output 0 is 'b', label 0 is 'a'"):
        capture.run(case, data, model)


def test_another_count_of_classes_is_refused(tmp_path, model):
    data = datasets.arrays(np.zeros((2, 6, 6), np.uint8), [0, 1], classes=["a", "b"])

    with pytest.raises(ModelError, match=r"gives 3 values an instance, and the data have 2 classes.*give the reader classes="):
        capture.run(folder(tmp_path / "a.case", data), data, model)


def test_one_instance_is_enough(tmp_path, model):
    data = instances(1)

    assert capture.run(folder(tmp_path / "a.case", data), data, model, progress=capture.silent).probabilities.shape == (1, 3)


def test_an_instance_lost_since_stops_and_keeps_what_is_written(tmp_path):
    for i in range(20):
        Image.new("L", (6, 6), i).save(tmp_path / f"{i:02d}.png")
    data = datasets.image_folder(tmp_path)
    made, model = folder(tmp_path / "a.case", data), models.torch(network(), preprocess=models.to_tensor, name="m")
    lost = (tmp_path / "13.png").read_bytes()
    (tmp_path / "13.png").unlink()

    with pytest.raises(DataError, match=r"13\.png'.*It could be read when the data set was made"):
        capture.run(made, data, model, batch_size=2, shard_size=4)
    (tmp_path / "13.png").write_bytes(lost)
    seen = []
    capture.run(made, data, model, progress=lambda done, total, stage: seen.append(done))

    assert seen[0] == 12
