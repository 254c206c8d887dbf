"""What does a result about a layer rest on? The model, the instances that are not excluded, and what of it has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import LayerError

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder

Array = np.ndarray[Any, Any]


def model_of(case: Case, name: str | None) -> ModelFolder:
    """A captured model by name, or the active one.

    Raises
    ------
    LayerError
        If no model was captured.
    """
    if name is not None:
        return case.folder.model(name)
    if case.model is None:
        raise LayerError(
            "no model was captured in this case, so there are no layers to look into. "
            "Capture one: underglass capture my_pkg:make data/ --out my.case"
        )
    return case.model


def included(case: Case) -> Array:
    """Rows of the instances that are not excluded, int32, ascending."""
    return np.flatnonzero(~np.asarray(case.folder.journal.state().excluded)).astype(np.int32)


def in_words(case: Case, layer: str, stale: Sequence[str], before: int) -> list[str]:
    """What has changed, from the names of inputs that are not as they were.

    Parameters
    ----------
    case : Case
        As it is now.
    layer : str
        Whose activations the other inputs are.
    stale : sequence of str
        Names from `ResultStore.stale`: "instances", "weights", or a layer with its pooling.
    before : int
        How many instances were included then.
    """
    said = []
    for name in stale:
        if name == "instances":
            moved = len(included(case)) - before
            some = f"{abs(moved):,} {'instance' if abs(moved) == 1 else 'instances'}"
            said.append(f"{some} {'excluded' if moved < 0 else 'taken back'}" if moved else "other instances were excluded")
        elif name == "weights":
            said.append("the model got other weights")
        else:
            said.append(f"{layer} was captured again")
    return list(dict.fromkeys(said))
