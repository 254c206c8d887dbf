"""Of what are the tiny cases made that the captures' tests fill? Imported by name, also from processes that are killed."""

from collections import OrderedDict

import numpy as np
import torch
from torch import nn

from underglass import capture, datasets
from underglass.store import CaseFolder


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        OrderedDict(conv=nn.Conv2d(1, 8, 3), relu=nn.ReLU(inplace=True), flatten=nn.Flatten(), fc=nn.Linear(128, 3))
    ).eval()


def instances(n=150, seed=0):
    random = np.random.default_rng(seed)
    return datasets.arrays(random.integers(0, 256, (n, 6, 6), dtype=np.uint8), random.integers(0, 3, n), classes=["a", "b", "c"])


def folder(path, data):
    return CaseFolder.create(
        path,
        data.table,
        kind=data.kind,
        classes=data.classes,
        source=data.description,
        data_fingerprint=data.fingerprint,
        skipped=data.skipped,
        fill=lambda writer: capture.copy_media(data, writer),
    )
