"""What is known about the influence between the units of some layers?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Kind: TypeAlias = Literal["convolution", "linear", "identity", "gradient"]


@dataclass(frozen=True)
class Hop:
    """One direct connection between two tensors; the arrays are parallel, an entry for each triple that was ever counted.

    Attributes
    ----------
    source, target : str
        Tensors: layers asked for, or hidden ones between them, named by the module or operation that gives them.
    kind : "convolution", "linear", "identity" (a residual connection), or "gradient", which is an estimate.
    source_units, target_units : int
        How many units the tensors have.
    subset, target_unit, source_unit : (entries,) int32
    count : (entries,) int64
        Instances of the subset in which the source is among the strongest of the target.
    total : (entries,) float64
        Its contributions, summed over those instances.
    """

    source: str
    target: str
    kind: Kind
    source_units: int
    target_units: int
    subset: Ints
    target_unit: Ints
    source_unit: Ints
    count: Ints
    total: Floats


@dataclass(frozen=True)
class Influence:
    """How the units of some layers feed each other.

    Attributes
    ----------
    layers : as asked for, in the order of execution.
    hops : in the order of execution of their targets.
    top : sources that could count for each unit and instance.
    instances : how many belong to any subset and were run.
    notes : what is estimated or missing, in words.
    """

    layers: tuple[str, ...]
    hops: tuple[Hop, ...]
    top: int
    instances: int
    notes: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether nothing is estimated."""
        return all(hop.kind != "gradient" for hop in self.hops)
