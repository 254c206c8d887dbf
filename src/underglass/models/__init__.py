"""Models: one adapter a framework, all with the same few questions they answer.

* `torch`: any ``torch.nn.Module`` · `keras`: any Keras 3 model or file · `onnx`: any ONNX file · `load`: a file by its ending
* `Settings`: what may be said of a model when it is handed over, in the same words for every framework
* `to_tensor`, `pictures`: preprocessing of pictures, to be given by name rather than assumed
* `Model`, `Layer`, `Forward`, `Fingerprint`: what an adapter is and gives

No framework is imported until a model is made.
"""

from underglass.models.adapters import keras, onnx, to_tensor, torch
from underglass.models.files import load
from underglass.models.model import POOLINGS, Fingerprint, Forward, Layer, Model, OutOfMemory, Range
from underglass.models.picture_input import pictures
from underglass.models.settings import Settings

__all__ = [
    "POOLINGS",
    "Fingerprint",
    "Forward",
    "Layer",
    "Model",
    "OutOfMemory",
    "Range",
    "Settings",
    "keras",
    "load",
    "onnx",
    "pictures",
    "to_tensor",
    "torch",
]
