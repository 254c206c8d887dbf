"""Are pictures of units found once, kept under the weights, and refused without the model?"""

import numpy as np
import pytest
import torch
from torch import nn

from underglass import Case, datasets, models
from underglass.errors import DataError, JobCancelled, LayerError
from underglass.probes.feature_visualization import Settings, visualize_units
from underglass.views import feature_images

STEPS = {"steps": 16}


def network(seed):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(1, 24, 3), nn.ReLU(), nn.Flatten(), nn.Linear(24 * 36, 2))
    return models.torch(net, preprocess=models.to_tensor, name="net")


@pytest.fixture
def case(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    with Case.create(tmp_path / "c.case", datasets.arrays(images, np.arange(40) % 2, classes=["a", "b"])) as made:
        made.capture(network(0), layers=["1"])
        yield made


def test_pictures_are_the_probes_and_kept(case):
    found = case.feature_visualization("1", [3, 5], **STEPS)
    expected = visualize_units(
        case.attached, case.dataset.load(feature_images._examples(case)), "1", [3, 5], settings=Settings(16)
    )

    assert list(found) == [3, 5]
    assert (found[5].images == expected.images[1]).all()
    assert found[5].activation[0] == pytest.approx(float(expected.activation[1, 0]))
    case.attached = None
    again = case.feature_visualization("1", [5], **STEPS)
    assert (again[5].images == found[5].images).all()


def test_other_settings_and_weights_are_other_pictures(case, monkeypatch):
    found = case.feature_visualization("1", [2], **STEPS)[2]
    other = case.feature_visualization("1", [2], steps=16, seed=1)[2]
    assert (found.images != other.images).any()

    monkeypatch.setattr(feature_images, "_inputs", lambda folder: {"weights": "of another training"})
    assert feature_images.kept(case, "1", [2], settings=STEPS) == {}


def test_an_attached_model_of_other_weights_is_refused(case):
    case.attach(network(1), verify=False)
    with pytest.raises(LayerError, match="the attached model has other weights than 'net' had when it was captured"):
        case.feature_visualization("1", [2], **STEPS)


def test_without_the_model_it_is_said(case):
    case.attached = None
    with pytest.raises(LayerError, match=r"need the model: a case carries no code\. Attach it: underglass open c\.case --model"):
        feature_images.start(case, "1", [0])


def test_a_stop_keeps_what_was_finished(case):
    def stop(done, total, stage):
        if done > 0.7 * total:
            raise JobCancelled("enough")

    with pytest.raises(JobCancelled):
        case.feature_visualization("1", range(24), progress=stop, **STEPS)
    assert list(feature_images.kept(case, "1", range(24), settings=STEPS)) == list(range(16))


def test_impossible_settings_are_refused_before_a_job_starts(case):
    with pytest.raises(DataError, match="no setting named 'step'"):
        feature_images.start(case, "1", [0], settings={"step": 3})


def test_a_job_makes_them(case):
    job = feature_images.start(case, "1", [1], settings=STEPS)
    case.jobs[job["id"] if isinstance(job, dict) else job.id].wait(timeout=30)
    assert 1 in feature_images.kept(case, "1", [1], settings=STEPS)
