"""Models: one adapter a framework, all with the same few questions they answer.

* `torch`: any ``torch.nn.Module``
* `to_tensor`: the plainest preprocessing of a picture, to be given by name rather than assumed
* `Model`, `Layer`, `Forward`, `Fingerprint`: what an adapter is and gives

No framework is imported until a model is made.
"""

from underglass.models.adapters import to_tensor, torch
from underglass.models.model import POOLINGS, Fingerprint, Forward, Layer, Model, OutOfMemory, Range

__all__ = ["POOLINGS", "Fingerprint", "Forward", "Layer", "Model", "OutOfMemory", "Range", "to_tensor", "torch"]
