"""Do the pictures excite the units, alone as in a batch, and is what is shown what the network saw?"""

import numpy as np
import pytest
import torch
from torch import nn

from underglass import models
from underglass.errors import DataError, JobCancelled, LayerError, ModelError
from underglass.probes.feature_visualization import Settings, reached, visualize_units
from underglass.probes.picture_space import picture_space
from underglass.probes.relu_rules import ReluRule

FEW = Settings(steps=24)


def bars():
    """A network whose unit 0 answers to upright edges and unit 1 to lying ones, by construction."""
    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 144, 2))
    upright = torch.tensor([[-1.0, 0, 1]] * 3)
    with torch.no_grad():
        net[0].weight[0] = upright
        net[0].weight[1] = upright.T
    return net


@pytest.fixture
def pictures():
    return list(np.random.default_rng(0).integers(0, 256, (12, 12, 12), dtype=np.uint8))


@pytest.fixture
def model():
    torch.manual_seed(0)
    return models.torch(bars(), preprocess=models.to_tensor)


def gradients(picture):
    values = picture.astype(np.float64)
    return np.abs(np.diff(values, axis=1)).sum(), np.abs(np.diff(values, axis=0)).sum()


def test_a_unit_for_upright_edges_gets_upright_edges(model, pictures):
    found = visualize_units(model, pictures, "1", [0, 1], settings=Settings(steps=64))

    across, down = zip(*(gradients(image[0, :, :, 0]) for image in found.images), strict=True)
    assert across[0] > 2 * down[0]
    assert down[1] > 2 * across[1]


def test_pictures_excite_more_than_any_instance(model, pictures):
    found = visualize_units(model, pictures, "1", [0, 1], settings=Settings(steps=64))

    assert (found.activation[:, 0] > 1.5 * found.best).all()


def test_what_is_shown_reaches_what_is_said(model, pictures):
    found = visualize_units(model, pictures, "1", [1, 0], settings=FEW)

    by_hand = torch.stack([torch.from_numpy(image[0, :, :, 0].copy())[None] / 255.0 for image in found.images])
    with torch.no_grad():
        maps = model.net[1](model.net[0](by_hand)).flatten(2).numpy()
    np.testing.assert_allclose(found.activation[:, 0], maps[[0, 1], [1, 0]].mean(1), rtol=1e-4)
    np.testing.assert_allclose(found.peak[:, 0], maps[[0, 1], [1, 0]].max(1), rtol=1e-4)
    np.testing.assert_allclose(reached(model, found.images[:, 0], found.space, "1"), maps, rtol=1e-4, atol=1e-5)


def test_a_batch_gives_what_one_by_one_gives(model, pictures):
    together = visualize_units(model, pictures, "3", [1, 0, 1], settings=FEW)
    alone = [visualize_units(model, pictures, "3", [unit], settings=FEW).images[0] for unit in (1, 0)]

    assert np.abs(together.images[0].astype(int) - alone[0]).max() <= 2
    assert np.abs(together.images[1].astype(int) - alone[1]).max() <= 2
    assert (together.images[0] == together.images[2]).all()


def test_diverse_pictures_are_less_alike(pictures):
    """Unit 2 takes upright and lying edges alike: left alone all its pictures hold both."""
    net = nn.Sequential(bars()[:2], nn.Conv2d(2, 3, 1, bias=False), nn.Flatten(), nn.Linear(432, 2))
    with torch.no_grad():
        net[1].weight[:, :, 0, 0] = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    model = models.torch(net, preprocess=models.to_tensor)

    def alike(weight):
        found = visualize_units(model, pictures, "1", [2], settings=Settings(steps=64, samples=2, diversity=weight))
        grams = [(maps @ maps.T).ravel() for maps in reached(model, found.images[0], found.space, "1")]
        return float(grams[0] @ grams[1] / np.linalg.norm(grams[0]) / np.linalg.norm(grams[1]))

    assert alike(100.0) < alike(0.0) - 0.02


def test_a_dead_unit_gets_a_picture_that_reaches_nothing(pictures):
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(300, 2))
    with torch.no_grad():
        net[0].weight[1], net[0].bias[1] = 0.0, -1.0
    found = visualize_units(models.torch(net, preprocess=models.to_tensor), pictures, "1", [1], settings=FEW)

    assert found.activation[0, 0] == 0
    assert np.ptp(found.images[0].astype(int)) < 40


def test_a_silent_unit_is_woken(pictures):
    """Off on the mean picture and on its noise, so that the plain gradient is zero at the start."""
    net = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Flatten(), nn.Linear(100, 2))
    with torch.no_grad():
        net[0].weight[0, 0], net[0].bias[0] = torch.tensor([[-1.0, 0, 1]] * 3), -1.5
    found = visualize_units(models.torch(net, preprocess=models.to_tensor), pictures, "1", [0], settings=Settings(steps=96))

    assert found.peak[0, 0] > 1


def test_the_model_is_left_as_it_was(model, pictures):
    model.net.train()
    before = [parameter.clone() for parameter in model.net.parameters()]
    visualize_units(model, pictures, "1", [0], settings=FEW)

    assert model.net.training
    assert all(parameter.grad is None for parameter in model.net.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, model.net.parameters(), strict=True))
    assert not model.net[1]._forward_hooks


def test_colour_preprocessing_is_measured(pictures):
    mean, spread = torch.tensor([0.4, 0.5, 0.6])[:, None, None], torch.tensor([0.2, 0.3, 0.4])[:, None, None]

    def swapped(image):
        return (models.to_tensor(image).flip(0) - mean) / spread

    model = models.torch(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(400, 2)), preprocess=swapped)
    colour = [np.random.default_rng(1).integers(0, 256, (12, 12, 3), dtype=np.uint8) for _ in range(4)]
    space = picture_space(model, colour)

    assert space.measured
    np.testing.assert_allclose(space.matrix, [[0, 0, 5], [0, 10 / 3, 0], [2.5, 0, 0]], atol=1e-5)
    np.testing.assert_allclose(space.offset, [-2, -5 / 3, -1.5], atol=1e-5)
    given = torch.from_numpy(np.stack(colour)).permute(0, 3, 1, 2).float() / 255
    np.testing.assert_allclose(space.to_input(given), model.prepare(colour).inputs, atol=1e-5)
    assert (space.to_pictures(model.prepare(colour).inputs) == np.stack(colour)).all()


def repeated(image):
    return models.to_tensor(image).repeat(3, 1, 1)


def test_grey_pictures_of_a_colour_network_stay_grey(pictures):
    model = models.torch(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(400, 2)),
        preprocess=repeated,
    )
    found = visualize_units(model, pictures, "0", [3], settings=FEW)

    assert found.space.matrix.shape == (3, 1)
    assert found.images.shape == (1, 1, 12, 12, 1)


def test_a_standardisation_per_picture_is_not_called_measured(pictures):
    def standardised(image):
        values = models.to_tensor(image)
        return (values - values.mean()) / (values.std() + 1e-6)

    model = models.torch(bars(), preprocess=standardised)
    found = visualize_units(model, pictures, "1", [0], settings=FEW)

    assert not found.space.measured
    assert "not linear" in found.space.words
    assert found.activation[0, 0] > 0


def test_a_size_the_model_cannot_take_is_refused(model, pictures):
    with pytest.raises(ModelError, match=r"the model cannot take the input \(1, 1, 20, 20\) float32"):
        visualize_units(model, pictures, "3", [0], settings=Settings(steps=2, size=20))
    assert visualize_units(model, pictures, "1", [0], settings=Settings(steps=2, size=20)).images.shape == (1, 1, 20, 20, 1)


def test_no_such_unit_is_refused(model, pictures):
    with pytest.raises(LayerError, match="layer '1' has no unit 2; its units are 0 to 1"):
        visualize_units(model, pictures, "1", [0, 2])


def test_a_table_model_is_refused():
    model = models.torch(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)))
    rows = [np.ones(4, np.float32)] * 3
    with pytest.raises(LayerError, match=r"takes one picture; this one takes \(3, 4\) float32"):
        visualize_units(model, rows, "0", [0])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"stepz": 3}, "no setting named 'stepz'; did you mean 'steps'"),
        ({"steps": 0}, "steps must lie between 1 and 4096; got 0"),
        ({"steps": True}, "setting 'steps' cannot be True"),
        ({"goal": "chanel"}, "did you mean 'channel'"),
        ({"size": 4}, "size must be 0 .* or between 8 and 1024 pixels; got 4"),
    ],
)
def test_impossible_settings_are_refused(values, words):
    with pytest.raises(DataError, match=words):
        Settings.read(values)


def test_progress_may_end_the_work(model, pictures):
    def enough(done, total, stage):
        raise JobCancelled(f"{done} of {total}: {stage}")

    with pytest.raises(JobCancelled, match="8 of 48: pictures for units of 1"):
        visualize_units(model, pictures, "1", [0, 1], settings=FEW, batch=1, progress=enough)


def test_every_way_to_write_a_rectifier_is_met():
    x = torch.tensor([-2.0, -1.0, 1.0, 7.0], requires_grad=True)
    ways = {
        "module": nn.ReLU(),
        "in place": lambda v: nn.ReLU(inplace=True)(v.clone()),
        "function": torch.relu,
        "method": lambda v: v.relu(),
        "six": nn.ReLU6(),
        "hardtanh": nn.Hardtanh(0, 6),
    }
    for name, way in ways.items():
        with ReluRule("linear"):
            (gradient,) = torch.autograd.grad(way(x).sum(), [x])
        assert gradient.tolist() == [1, 1, 1, 1], name
