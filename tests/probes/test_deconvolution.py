"""Is the projection the transposed network, with the rectifiers' rules and the maxima's places as published?"""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from underglass import models
from underglass.errors import DataError
from underglass.probes.deconvolution import peak_boxes, project_unit


@pytest.fixture
def pictures():
    return list(np.random.default_rng(0).integers(0, 256, (5, 12, 12), dtype=np.uint8))


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 3)
    )


def by_hand(net, picture, unit, *, guided):
    """Zeiler and Fergus step by step: transposed convolutions, unpooling by the switches, rectified signals going down."""
    x = torch.from_numpy(picture)[None, None].float() / 255
    first = functional.conv2d(x, net[0].weight, net[0].bias)
    pooled, switches = functional.max_pool2d(functional.relu(first), 2, return_indices=True)
    second = functional.conv2d(pooled, net[3].weight, net[3].bias)
    rectified = functional.relu(second)
    signal = torch.zeros_like(rectified)
    at = rectified[0, unit].argmax()
    signal[0, unit].view(-1)[at] = 1.0
    signal = functional.relu(signal) * ((second > 0) if guided else 1)
    down = functional.conv_transpose2d(signal, net[3].weight)
    up = functional.max_unpool2d(down, switches, 2, output_size=first.shape[2:])
    up = functional.relu(up) * ((first > 0) if guided else 1)
    return functional.conv_transpose2d(up, net[0].weight)[0].detach().numpy(), int(at), rectified[0, unit].max().item()


@pytest.mark.parametrize("rule", ["deconvolution", "guided"])
def test_projection_is_the_published_walk_down(pictures, rule):
    net = network()
    found = project_unit(models.torch(net, preprocess=models.to_tensor), pictures, "4", 2, rule=rule)

    for at, picture in enumerate(pictures):
        values, position, peak = by_hand(net, picture, 2, guided=rule == "guided")
        np.testing.assert_allclose(found.values[at], values, atol=1e-6)
        assert found.position[at] == position
        assert found.peak[at] == pytest.approx(peak, rel=1e-5)


def test_rules_differ_where_there_are_rectifiers(pictures):
    model = models.torch(network(), preprocess=models.to_tensor)
    values = [project_unit(model, pictures, "4", 2, rule=rule).values for rule in ("deconvolution", "guided", "gradient")]

    assert not np.allclose(values[0], values[1])
    assert not np.allclose(values[1], values[2])


@pytest.mark.parametrize("rule", ["deconvolution", "guided", "gradient"])
def test_a_linear_network_gives_the_gradient_whatever_the_rule(pictures, rule):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(100, 3))
    model = models.torch(net, preprocess=models.to_tensor)
    x = torch.stack([models.to_tensor(one) for one in pictures]).requires_grad_(True)
    (gradient,) = torch.autograd.grad(net(x)[:, 1].sum(), [x])

    found = project_unit(model, pictures, "3", 1, rule=rule)

    np.testing.assert_allclose(found.values, gradient, atol=1e-7)


def test_values_are_of_brightness_whatever_the_preprocessing(pictures):
    """Four times the spread going in means four times as much for a step of brightness: here undone by the filter."""
    net, wide = network(), network()
    with torch.no_grad():
        wide[0].weight /= 4
    plain = project_unit(models.torch(net, preprocess=models.to_tensor), pictures, "4", 0)
    stretched = project_unit(models.torch(wide, preprocess=lambda one: models.to_tensor(one) * 4), pictures, "4", 0)

    np.testing.assert_allclose(stretched.values, plain.values, atol=1e-6)
    assert (stretched.pictures[..., 0] == np.stack(pictures)).all()


def test_images_are_grey_where_nothing_is(pictures):
    found = project_unit(models.torch(network(), preprocess=models.to_tensor), pictures, "4", 2)
    images = found.images()

    assert ((images == 127) | (images == 128))[found.values.transpose(0, 2, 3, 1) == 0].all()
    assert (np.abs(images.astype(int) - 127.5).max(axis=(1, 2, 3)) > 126).all()


def test_functions_without_a_rule_are_named(pictures):
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.SiLU(), nn.Conv2d(4, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(256, 2))
    assert project_unit(models.torch(net, preprocess=models.to_tensor), pictures, "3", 0).others == ("gelu", "silu")


def test_a_box_is_the_receptive_field_of_the_peak(pictures):
    net = network()
    model = models.torch(net, preprocess=models.to_tensor)
    boxes, shown = peak_boxes(model, pictures, "1", 3, share=1.0)
    position = project_unit(model, pictures, "1", 3).position

    rows, columns = np.divmod(position, 10)
    np.testing.assert_array_equal(boxes, np.stack([rows, columns, rows + 3, columns + 3], 1))
    assert (shown[..., 0] == np.stack(pictures)).all()


def test_a_box_behind_pooling_covers_what_the_field_covers(pictures):
    """Convolution 3, pooling 2, convolution 3: a field of 8 pixels that moves by 2."""
    model = models.torch(network(), preprocess=models.to_tensor)
    boxes, _ = peak_boxes(model, pictures, "4", 1, share=1.0)
    rows, columns = np.divmod(project_unit(model, pictures, "4", 1).position, 3)

    np.testing.assert_array_equal(boxes, np.stack([2 * rows, 2 * columns, 2 * rows + 8, 2 * columns + 8], 1))


def test_a_layer_without_positions_looks_at_the_whole_picture(pictures):
    boxes, _ = peak_boxes(models.torch(network(), preprocess=models.to_tensor), pictures, "6", 1)

    assert boxes.tolist() == [[0, 0, 12, 12]] * 5


def test_an_unknown_rule_is_refused(pictures):
    with pytest.raises(DataError, match="no rule named 'deconv'; did you mean 'deconvolution'"):
        project_unit(models.torch(network(), preprocess=models.to_tensor), pictures, "4", 2, rule="deconv")
