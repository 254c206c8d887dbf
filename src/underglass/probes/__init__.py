"""Probes: what needs the model itself. Model in, arrays out.

* `stream_maps`, `collect_maps`: a layer's whole output for some instances, as it comes or in one array
* `feature_visualization.visualize_units`: pictures that excite units
* `deconvolution.project_unit`, `deconvolution.peak_boxes`: what in a picture excites a unit, and where
* `influence`, `ablation`, `unit_sums`: what units do to the units and the class behind them
"""

from underglass.probes.maps import collect_maps, stream_maps

__all__ = ["collect_maps", "stream_maps"]
