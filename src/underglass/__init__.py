"""underglass: see what a neural network learned, where it fails, for whom, and which labels are wrong; then act.

::

    import underglass as ug

    case = ug.Case.create("fashion.case", ug.datasets.arrays(images, labels, classes=names))
    case.capture(ug.models.torch(net, preprocess=to_tensor, output="logits", accuracy=0.89))
    case.patterns("conv2")
    case.subset("unsure shirts", "label = 'Shirt' and confidence < .5")
    case.show()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from underglass import analyses, datasets, demos, errors, learn, models
    from underglass.architecture.groups import Group
    from underglass.audits import audit
    from underglass.case import Case
    from underglass.errors import UnderglassError
    from underglass.figures import figure
    from underglass.pages import markdown, page, tab

__version__ = "0.1.0"
__all__ = [
    "Case",
    "Group",
    "UnderglassError",
    "analyses",
    "audit",
    "datasets",
    "demos",
    "errors",
    "figure",
    "learn",
    "markdown",
    "models",
    "page",
    "tab",
]

LAZY = {
    "Case": "underglass.case",
    "audit": "underglass.audits",
    "UnderglassError": "underglass.errors",
    "figure": "underglass.figures",
    "page": "underglass.pages",
    "tab": "underglass.pages",
    "markdown": "underglass.pages",
    "Group": "underglass.architecture.groups",
}


def __getattr__(name: str) -> Any:
    """Import a room when it is first used, so that importing underglass costs nothing."""
    if name in LAZY:
        return getattr(import_module(LAZY[name]), name)
    if name in __all__:
        return import_module(f"underglass.{name}")
    raise AttributeError(f"module 'underglass' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
