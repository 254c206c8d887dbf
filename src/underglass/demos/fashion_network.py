"""Which network does the Fashion-MNIST demo look at, and what does it eat?"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from torch import nn

MEAN, SPREAD = 0.2860, 0.3530
"""Mean and standard deviation of the training pixels, on the scale 0 to 1."""


def build() -> Any:
    """A fresh network, conv16-conv32-fc64: 105,866 parameters, 28 × 28 grey in, ten logits out.

    Returns
    -------
    torch.nn.Sequential with the layers ``conv1, relu1, pool1, conv2, relu2, pool2, flatten, fc1, relu3, fc2``.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 16, 3, padding=1),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(16, 32, 3, padding=1),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc1=nn.Linear(32 * 7 * 7, 64),
            relu3=nn.ReLU(),
            fc2=nn.Linear(64, 10),
        )
    )


def to_tensor(image: np.ndarray[Any, Any]) -> Any:
    """One picture as the network wants it: (28, 28) uint8 → (1, 28, 28) float32, mean 0, spread 1."""
    return ((torch.from_numpy(np.require(image, requirements=["C", "W"])).float() / 255.0 - MEAN) / SPREAD).unsqueeze(0)
