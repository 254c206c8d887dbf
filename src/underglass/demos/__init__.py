"""Ready cases on real data.

* `fashion`: Fashion-MNIST and a small network, shipped with the package; the default
"""
