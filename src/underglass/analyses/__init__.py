"""What can be computed from arrays and tables alone?

One method per file, pure: arrays and tables in, a frozen dataclass out. No file imports another room: each is usable alone.

======================  ==========================================================
patterns                which instances does a layer treat alike? (NAP)
======================  ==========================================================

Under them: ``unit_scaling`` and ``principal_components`` prepare activations; ``spanning_tree`` and ``density_tree`` hold the
compiled kernels of ``patterns`` and are imported when it first runs.
"""

from underglass.analyses.patterns import Patterns, PatternSettings, find_patterns

__all__ = ["PatternSettings", "Patterns", "find_patterns"]
