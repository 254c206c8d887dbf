"""How long does each operation of a model take on this machine?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from underglass.errors import ModelError

Progress = Callable[[int, int, str], None]
WARM = 1
"""Passes that are run before the ones that count: the first ones allocate and choose kernels."""


@dataclass(frozen=True)
class OperationTimes:
    """Times of one model.

    Attributes
    ----------
    seconds : operation id → median over the passes.
    spread : operation id → the larger distance of the two quartiles from the median, in seconds.
    whole : median seconds of a pass that is not watched.
    instances, passes, threads : on how many instances at once, how often, with how many threads.
    device : such as "cpu".
    """

    seconds: dict[str, float]
    spread: dict[str, float]
    whole: float
    instances: int
    passes: int
    threads: int
    device: str


def operation_times(model: Any, raw: Sequence[Any], *, passes: int = 7, progress: Progress | None = None) -> OperationTimes:
    """Run a model several times and time every operation.

    Parameters
    ----------
    model : as `underglass.models.torch` makes it.
    raw : raw instances, run as one batch.
    passes : that count; the median of each operation is taken.
    progress : called with passes done, all, and what is being done.

    Raises
    ------
    ModelError
        If the model's adapter cannot time its operations, or the model fails.
    """
    if not hasattr(model, "times"):
        raise ModelError(f"the operations of a {type(model).__name__} cannot be timed one by one.")
    batch = model.prepare(list(raw))
    runs: list[dict[str, float]] = []
    wholes: list[float] = []
    for number in range(WARM + passes):
        if progress is not None:
            progress(number, WARM + passes, f"a pass over {len(raw)} instances")
        seconds, whole = model.times(batch)
        if number >= WARM:
            runs.append(seconds)
            wholes.append(whole)
    if progress is not None:
        progress(WARM + passes, WARM + passes, "done")
    found, spread = {}, {}
    for name in runs[0]:
        values = np.array([run[name] for run in runs if name in run])
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        found[name], spread[name] = float(middle), float(max(middle - low, high - middle))
    return OperationTimes(found, spread, float(np.median(wholes)), len(raw), passes, model.threads, model.device)
