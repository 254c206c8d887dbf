"""The default demo: what does a small network make of 2,000 pieces of clothing?

Fashion-MNIST (Zalando SE, MIT licence): grey pictures of 28 × 28 pixels in ten classes. The package ships a seeded 2,000 of
the 10,000 test pictures and the weights of a network trained on the other 60,000; `underglass.demos.fashion_training` is
how both were made.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass import datasets, models
from underglass.errors import needs

if TYPE_CHECKING:
    from underglass.models.torch_model import TorchModel

TITLE = "Fashion-MNIST, 2,000 pictures of clothing"
DESCRIPTION = "Fashion-MNIST test, 28 × 28 grey"
CLASSES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
LAYERS = ("conv1", "conv2", "fc1")
POOLING = ("max", "mean")

Array = np.ndarray[Any, Any]


def make() -> tuple[datasets.Instances, TorchModel]:
    """The pictures and the network.

    Returns
    -------
    dataset : 2,000 images (28, 28) uint8; ids are positions in the original test set; further columns as `measures` says.
    model : ``cnn``, conv16-conv32-fc64, with the accuracy it reaches on all 10,000 test pictures.

    Raises
    ------
    NotInstalled
        There is no torch.
    """
    return make_dataset(), make_model()


def make_dataset() -> datasets.Instances:
    """The 2,000 shipped pictures; needs no torch."""
    with np.load(io.BytesIO(_shipped("fashion.npz")), allow_pickle=False) as shipped:
        images, labels, ids = shipped["images"], shipped["labels"], shipped["ids"]
    made = datasets.arrays(images, labels, classes=CLASSES, ids=ids, split="test", metadata=measures(images))
    return replace(made, description={**made.description, "title": DESCRIPTION})


def make_model() -> TorchModel:
    """The network with its shipped weights."""
    try:
        import torch

        from underglass.demos.fashion_network import build, to_tensor
    except ImportError as error:
        raise needs("torch", "torch") from error
    net = build()
    net.load_state_dict(torch.load(io.BytesIO(_shipped("fashion_weights.pt")), map_location="cpu", weights_only=True))
    accuracy = json.loads(_shipped("fashion.json"))["accuracy"]
    return models.torch(net.eval(), preprocess=to_tensor, classes=CLASSES, output="logits", accuracy=accuracy, name="cnn")


def measures(images: Array) -> dict[str, Array]:
    """What can be said of a picture without a network, to ask for whom it fails.

    Parameters
    ----------
    images : (N, H, W) uint8
        Light things on black.

    Returns
    -------
    coverage : (N,) share of pixels that are not black, 0 to 1.
    brightness : (N,) mean of those pixels, 0 to 1.
    symmetry : (N,) 1 = its own mirror image, left to right; 0 = nothing in common.

    Examples
    --------
    >>> measures(np.array([[[255, 255], [0, 0]]], np.uint8))["symmetry"].tolist()
    [1.0]
    """
    values = images.astype(np.float64) / 255
    inked = images > 0
    amount = values.sum((1, 2))
    apart = np.abs(values - values[:, :, ::-1]).sum((1, 2)) / 2
    return {
        "coverage": inked.mean((1, 2)).round(3),
        "brightness": (amount / np.maximum(inked.sum((1, 2)), 1)).round(3),
        "symmetry": (1 - apart / np.maximum(amount, 1e-6)).round(3),
    }


def _shipped(name: str) -> bytes:
    return files("underglass.demos").joinpath("data", name).read_bytes()
