"""What do other people's packages bring? Views, analyses, readers and renderers of instances, named in their entry points.

================  ====================================================================
`discovery`       which are there, and which are broken and why
`modules`         the browser half of one: an ES module file that the server sends
`renderers`       `InstanceRenderer`: how an instance is shown that is no image and no text
================  ====================================================================

In the ``pyproject.toml`` of a package::

    [project.entry-points."underglass.views"]
    loudness = "my_package:VIEW"
    [project.entry-points."underglass.instances"]
    waveform = "my_package:RENDERER"
    [project.entry-points."underglass.readers"]
    wav_folder = "my_package:wav_folder"
    [project.entry-points."underglass.analyses"]
    loudness = "my_package:measure_loudness"
"""

from underglass.extensions.discovery import ANALYSES, GROUPS, INSTANCES, READERS, VIEWS, Broken, Found, find, load
from underglass.extensions.modules import BrowserHalf, Module
from underglass.extensions.renderers import InstanceRenderer, renderer_for

__all__ = [
    "ANALYSES",
    "GROUPS",
    "INSTANCES",
    "READERS",
    "VIEWS",
    "Broken",
    "BrowserHalf",
    "Found",
    "InstanceRenderer",
    "Module",
    "find",
    "load",
    "renderer_for",
]
