"""Classes as layers see them: counts, places and standing from what is kept, and nothing for a class without instances."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from underglass import Case, datasets, models
from underglass.analyses.activation_counts import aggregate_activations
from underglass.errors import DataError, LayerError
from underglass.views.classes import VIEW

call = VIEW.calls
CLASSES = ("cat", "dog", "emu", "nobody")


@pytest.fixture
def case(tmp_path):
    torch.manual_seed(0)
    labels = np.arange(60) % 3
    images = np.random.default_rng(0).integers(0, 60, (60, 8, 8), dtype=np.uint8)
    for row, code in enumerate(labels):
        images[row, :, 2 * code : 2 * code + 3] += 150
    net = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.Conv2d(12, 10, 3), nn.ReLU(), nn.Flatten(), nn.Linear(160, 4))
    with Case.create(tmp_path / "c.case", datasets.arrays(images, labels, classes=CLASSES)) as made:
        made.capture(models.torch(net, preprocess=models.to_tensor, output="logits", name="net"), layers=["1", "3"])
        yield made


def found(case, **arguments):
    return json.loads(json.dumps(call["summary"](case, **arguments), allow_nan=False))


def test_standing_is_what_predictions_and_probabilities_say(case):
    answer = found(case)
    labels, predictions, shares = case.labels(), case.predictions(), np.asarray(case.model.probabilities)

    for one in answer["classes"]:
        mine = labels == one["code"]
        assert one["n"] == mine.sum()
        assert one["correct"] == (predictions[mine] == one["code"]).sum()
        assert one["histogram"] == np.histogram(shares[mine, one["code"]], 20, (0, 1))[0].tolist()


def test_a_class_without_instances_has_no_place_and_no_likeness(case):
    answer = found(case)

    assert all(places[3] is None and None not in places[:3] for places in answer["places"].values())
    assert call["alike"](case, "3", 0)[3] is None
    assert call["alike"](case, "3", 3) == [None] * 4
    assert answer["classes"][3] == {"code": 3, "label": "nobody", "n": 0, "correct": 0, "histogram": [0] * 20}


def test_likeness_is_the_cosine_of_counts_and_not_of_unit_numbers(case):
    labels = case.labels()
    counts = aggregate_activations(case.model.activations("3", "max").array(), labels.astype(np.int64)).astype(float)

    alike = call["alike"](case, "3", 1)

    for code in range(3):
        expected = counts[code] @ counts[1] / np.linalg.norm(counts[code]) / np.linalg.norm(counts[1])
        assert alike[code] == pytest.approx(expected, abs=1e-9)
    assert alike[1] == pytest.approx(1)


def test_places_are_kept_and_move_with_the_labels(case):
    before = found(case)["places"]
    assert found(case)["places"] == before
    case.relabel([0, 3, 6, 9, 12, 15], "nobody")

    after = found(case)

    assert after["classes"][3]["n"] == 6
    assert after["places"]["3"][3] is not None


def test_an_excluded_instance_counts_nowhere(case):
    case.exclude(np.flatnonzero(case.labels() == 2))

    answer = found(case)

    assert answer["n"] == 40
    assert answer["classes"][2]["n"] == 0
    assert answer["places"]["1"][2] is None


def test_umap_is_refused_with_the_reason_where_there_are_few_classes(case):
    assert found(case)["methods"][1]["missing"].startswith(("UMAP needs 16 classes", "UMAP is not installed"))
    assert found(case, method="umap")["method"] == "pca"
    with pytest.raises(DataError, match="method"):
        call["summary"](case, method="tsne")
    with pytest.raises(LayerError, match="layer"):
        call["alike"](case, "5", 0)
