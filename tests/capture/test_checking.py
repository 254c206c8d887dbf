"""Does a check see what is wrong with a model and its data, and keep quiet when nothing is?"""

import numpy as np
import pytest
import torch
from tests.capture.cases import instances, network
from torch import nn

from underglass import capture, datasets, models
from underglass.capture.doubts import wilson
from underglass.errors import DataError, LayerError


def learned(n=400, shift=0, classes=3):
    """Images whose brightness is their class, and a network that knows it exactly."""
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, n)
    x = (labels[:, None, None] * 40 + random.integers(0, 10, (n, 6, 6))).astype(np.uint8)
    head = nn.Linear(36, classes)
    centres = (torch.arange(classes) * 40 + 4.5) / 255
    with torch.no_grad():
        head.weight[:] = 2 * centres[:, None] / 36 * 400
        head.bias[:] = -(centres**2) * 400
    net = nn.Sequential(nn.Flatten(), head).eval()
    return datasets.arrays(x, (labels + shift) % classes, classes=[f"c{i}" for i in range(classes)]), net


def warnings(data, net, **options):
    return capture.check(data, models.torch(net, **{"preprocess": models.to_tensor, **options})).warnings


def test_a_model_that_fits_is_not_doubted():
    data, net = learned()

    assert warnings(data, net, accuracy=1.0) == ()


def test_eight_instances_are_shown_with_what_they_are_taken_for():
    data, net = learned()

    report = capture.check(data, models.torch(net, preprocess=models.to_tensor))

    assert [one.id for one in report.examples] == data.table["id"].take(capture.probe_rows(len(data))).to_pylist()
    assert all(one.right for one in report.examples)
    assert (report.right, report.sampled) == (400, 400)


def test_ranges_before_and_after_preprocessing_are_the_probes_own():
    data = instances()
    raw = np.stack(data.load(capture.probe_rows(len(data))))

    report = capture.check(data, models.torch(network(), preprocess=models.to_tensor))

    assert report.raw is not None
    assert (report.raw.low, report.raw.high, report.raw.shape) == (raw.min(), raw.max(), (6, 6))
    assert report.inputs[0].high == pytest.approx(raw.max() / 255)
    assert report.inputs[0].shape == (1, 6, 6)


def test_a_stated_accuracy_out_of_reach_is_doubted():
    data, net = learned(shift=1)

    assert warnings(data, net, accuracy=0.99)[0].startswith(
        "accuracy is 0.0% on 400 instances (95 %: 0.0% to 1.0%), but 99.0% was stated: wrong preprocessing"
    )


def test_labels_counted_from_another_number_are_suspected():
    data, net = learned(shift=1, classes=5)

    assert any(one.startswith("labels fit outputs moved by +1") for one in warnings(data, net))


def test_values_that_are_not_normalised_are_doubted():
    data, net = learned()

    said = warnings(data, net, preprocess=lambda image: torch.tensor(image, dtype=torch.float32)[None])

    assert any("most networks take about −3 to 3 or 0 to 1. Are they normalised?" in one for one in said)


def test_division_by_255_twice_is_suspected():
    data, net = learned()

    said = warnings(data, net, preprocess=lambda image: models.to_tensor(image) / 255)

    assert any("were they divided by 255 twice?" in one for one in said)


def test_nothing_left_of_the_instances_is_said():
    data, net = learned()

    said = warnings(data, net, preprocess=lambda image: models.to_tensor(image) * 0)

    assert any("nothing of the instances is left after preprocess" in one for one in said)
    assert any("outputs are the same for all probe instances" in one for one in said)


def test_one_class_for_all_is_said():
    data, net = learned()
    with torch.no_grad():
        net[1].bias[2] = 1e4

    assert "every one of 400 instances is predicted 'c2'." in warnings(data, net)


def test_probabilities_taken_for_logits_are_noticed():
    data, net = learned()

    said = warnings(data, nn.Sequential(net, nn.Softmax(1)))

    assert any("these are probabilities already; say output='probabilities'" in one for one in said)


def test_training_mode_is_said_and_left_as_it_was():
    data, net = learned()
    net.train()

    said = warnings(data, net)

    assert said == ("the model is in training mode; it is run in evaluation mode, and its mode is restored after.",)
    assert net.training


def test_a_model_that_mixes_its_batch_is_noticed():
    data, net = learned()
    mixing = nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False), net)

    assert any("the model mixes the instances of a batch" in one for one in warnings(data, mixing))


def test_other_class_names_are_noticed():
    data, net = learned()

    said = warnings(data, net, classes=["c0", "cat", "c2"])

    assert "class 1 is 'cat' to the model and 'c1' in the data; they are taken for the same." in said


def test_the_report_is_readable_as_text():
    data, net = learned()

    text = str(capture.check(data, models.torch(net.train(), preprocess=models.to_tensor, accuracy=0.9)))

    assert "accuracy    100.0% (400 of 400), stated 90.0%" in text
    assert "! the model is in training mode" in text


def test_unlabelled_data_can_be_checked():
    _, net = learned()
    data = datasets.arrays(np.random.default_rng(0).integers(0, 99, (5, 6, 6), dtype=np.uint8))

    report = capture.check(data, models.torch(net, preprocess=models.to_tensor))

    assert report.sampled == 0
    assert [one.label for one in report.examples] == [None] * 5


def test_no_instances_and_unknown_layers_are_refused():
    data, net = learned()
    model = models.torch(net, preprocess=models.to_tensor)

    with pytest.raises(DataError, match="there are no instances to check the model with"):
        capture.check(datasets.arrays(np.zeros((0, 6, 6), np.uint8)), model)
    with pytest.raises(LayerError, match="no layer named 'conv'"):
        capture.check(data, model, layers=["conv"])


def test_the_interval_is_wilson_s():
    from scipy.stats import binomtest

    oracle = binomtest(37, 90).proportion_ci(method="wilson")

    assert wilson(37, 90) == pytest.approx((oracle.low, oracle.high), abs=1e-4)
