"""Probes: what needs the model itself. Model in, arrays out.

* `stream_maps`, `collect_maps`: a layer's whole output for some instances, as it comes or in one array
"""

from underglass.probes.maps import collect_maps, stream_maps

__all__ = ["collect_maps", "stream_maps"]
