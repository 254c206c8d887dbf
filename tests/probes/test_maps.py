"""Are whole maps the model's own, in the order asked, and refused where they would not fit?"""

import numpy as np
import pytest
import torch
from torch import nn

from underglass import datasets, models
from underglass.errors import DataError, JobCancelled, LayerError
from underglass.probes import collect_maps, stream_maps


@pytest.fixture
def data():
    return datasets.arrays(np.random.default_rng(0).integers(0, 256, (40, 6, 6), dtype=np.uint8))


@pytest.fixture
def model():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 5, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(80, 3))
    return models.torch(net, preprocess=models.to_tensor)


def expected(data, model, rows):
    with torch.no_grad():
        return model.net[0](torch.stack([models.to_tensor(image) for image in data.load(rows)])).numpy()


def test_maps_come_in_the_order_asked(data, model):
    rows = [7, 3, 39, 3]

    assert np.allclose(collect_maps(data, model, rows, "0"), expected(data, model, rows), atol=1e-6)


def test_one_unit_keeps_its_axis(data, model):
    maps = collect_maps(data, model, range(40), "0", unit=2)

    assert maps.shape == (40, 1, 4, 4)
    assert np.allclose(maps[:, 0], expected(data, model, range(40))[:, 2], atol=1e-6)


def test_batches_say_where_they_stand(data, model):
    places = [(here.start, here.stop, maps.shape[0]) for here, maps in stream_maps(data, model, range(10), "0", batch_size=4)]

    assert places == [(0, 4, 4), (4, 8, 4), (8, 10, 2)]


def test_no_rows_give_no_maps(data, model):
    assert collect_maps(data, model, [], "0").shape == (0, 5, 4, 4)


def test_progress_may_end_the_work(data, model):
    def enough(done, total, stage):
        raise JobCancelled(f"{done} of {total}: {stage}")

    with pytest.raises(JobCancelled, match="4 of 40: maps of 0"):
        list(stream_maps(data, model, range(40), "0", batch_size=4, progress=enough))


@pytest.mark.parametrize(
    ("rows", "layer", "unit", "error", "message"),
    [
        ([40], "0", None, DataError, "there is no row 40; rows are 0 to 39"),
        ([0], "9", None, LayerError, r"no layer named '9'; Known: 0, 1, 2, 3\."),
        ([0], "0", 5, LayerError, "layer '0' has no unit 5; its units are 0 to 4"),
    ],
)
def test_what_is_not_there_is_said(data, model, rows, layer, unit, error, message):
    with pytest.raises(error, match=message):
        next(stream_maps(data, model, rows, layer, unit=unit))


def test_maps_too_large_for_memory_say_what_would_fit(data, model, monkeypatch):
    monkeypatch.setattr("underglass.probes.maps.MOST_BYTES", 32_000)

    with pytest.raises(LayerError, match=r"for 200 instances take .* ask for one unit, or for up to 100 instances"):
        collect_maps(data, model, [0] * 200, "0")
