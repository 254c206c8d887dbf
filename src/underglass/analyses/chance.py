"""Which patterns would be found if units had nothing to do with each other?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from underglass.analyses.patterns import Patterns, find_patterns

Array = np.ndarray[Any, Any]


def chance_patterns(activations: Array, *, seed: int = 0, **settings: Any) -> Patterns:
    """Find patterns after shuffling each unit over instances: every unit keeps its values, but none goes with another.

    What is found then is found by chance. In few units chance finds a good deal: half of 2,000 uniform points in the plane are in
    some pattern. Patterns less persistent than the most persistent of these (`above_chance`) are not evidence of anything. The
    comparison is meant for layers of many units: where there are two or three, each with a few frequent values, their
    combinations are groups too, shuffled or not.

    Parameters
    ----------
    activations : (instances, units) or (instances, parts, units)
        As for `find_patterns`; the parts of one unit stay together.
    seed : int
        Of the shuffling.
    **settings
        Of `find_patterns`, the same as for the patterns to be judged.
    """
    array = np.asarray(activations)
    random = np.random.default_rng(seed)
    shuffled = np.empty_like(array)
    for unit in range(array.shape[-1]):
        shuffled[..., unit] = array[random.permutation(len(array)), ..., unit]
    found = find_patterns(shuffled, **settings)
    return replace(found, settings=replace(found.settings, seed=seed))


def above_chance(patterns: Patterns, chance: Patterns) -> Array:
    """Which patterns are more persistent than every pattern that chance found, (patterns,) bool."""
    above: Array = patterns.persistence > chance.persistence.max(initial=0)
    return above
