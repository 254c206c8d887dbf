"""What can be computed from arrays and tables alone?

One method per file, pure: arrays and tables in, a frozen dataclass out. No file imports another room: each is usable alone.

================  ================================================================
patterns          which instances does a layer treat alike? (NAP)
chance            which patterns would be found if units had nothing in common?
unit_statistics   how strongly does each unit respond to each group of instances?
top_instances     which instances excite each unit most, and which least?
projection        where does each instance lie, drawn in two dimensions?
neighbours        which instances does a layer place nearest to this one?
intervals         between which shares could the truth lie?
sampling          which instances stand for all?
================  ================================================================

The audits of groups (``subgroups`` …), labels (``label_issues`` …) and associations are imported by their module's name.

Under them: ``unit_scaling`` and ``principal_components`` prepare activations, ``trustworthiness`` judges pictures. The kernels
(``spanning_tree``, ``density_tree``, ``top_kernel``) are imported, and compiled, when they first run.

Analyses of other packages (entry points ``underglass.analyses``) stand here under their own names.
"""

from typing import Any

from underglass.analyses.chance import above_chance, chance_patterns
from underglass.analyses.intervals import wilson
from underglass.analyses.neighbours import Neighbours, nearest
from underglass.analyses.patterns import Patterns, PatternSettings, find_patterns
from underglass.analyses.projection import Projection, ProjectionSettings, project
from underglass.analyses.sampling import stratified
from underglass.analyses.top_instances import TopInstances, top
from underglass.analyses.unit_statistics import UnitStatistics, statistics
from underglass.errors import DataError

__all__ = [
    "Neighbours",
    "PatternSettings",
    "Patterns",
    "Projection",
    "ProjectionSettings",
    "TopInstances",
    "UnitStatistics",
    "above_chance",
    "chance_patterns",
    "find_patterns",
    "nearest",
    "project",
    "statistics",
    "stratified",
    "top",
    "wilson",
]


def __getattr__(name: str) -> Any:
    """An analysis that another package brings."""
    from underglass.extensions import ANALYSES, load

    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return load(ANALYSES, name)
    except DataError as error:
        raise AttributeError(str(error)) from None
