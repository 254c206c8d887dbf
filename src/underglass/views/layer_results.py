"""What does a result about a layer rest on? The model, the instances that are not excluded, and what of it has changed since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.capture.given import GIVEN
from underglass.errors import CaseError, LayerError

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder
    from underglass.store.results import StoredResult

Array = np.ndarray[Any, Any]
Progress = Callable[[int, int, str], None]


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


def how_to_attach(case: Case, folder: ModelFolder) -> str:
    """The command that opens a case with a captured model: what it was made of then, or where to write what makes it."""
    made = folder.record.factory
    return f"underglass open {case.folder.path.name} --model {made if made and made != GIVEN else 'my_pkg:make'}"


def included(case: Case) -> Array:
    """Rows of the instances that are not excluded, int32, ascending."""
    return np.flatnonzero(~np.asarray(case.folder.journal.state().excluded)).astype(np.int32)


def kept_results(case: Case, analysis: str, form: int) -> list[StoredResult]:
    """The newest result of every place (the key up to its last slash), oldest first.

    A result of another form (made by another version) or with damaged files is left out: it is computed anew when it is
    asked for, and never keeps a case from being opened.
    """
    newest = {key.rpartition("/")[0]: key for key in case.folder.results.list(analysis)}
    found = [kept_result(case, analysis, key, form) for key in newest.values()]
    return [kept for kept in found if kept is not None and kept.meta["model"] in case.folder.models]


def kept_result(case: Case, analysis: str, key: str | None, form: int) -> StoredResult | None:
    """The result under a key, None if there is none that this version can read."""
    try:
        kept = case.folder.results.get(analysis, key) if key is not None else None
    except CaseError:
        return None
    return kept if kept is not None and kept.meta.get("form") == form else None


def newest_key(case: Case, analysis: str, place: str) -> str | None:
    """The key of the newest result of a place."""
    return next((key for key in reversed(case.folder.results.list(analysis)) if key.rpartition("/")[0] == place), None)


def drop_oldest(case: Case, analysis: str, place: str, keep: int) -> None:
    """Keep only the newest results of a place."""
    for old in [key for key in case.folder.results.list(analysis) if key.rpartition("/")[0] == place][:-keep]:
        case.folder.results.drop(analysis, old)


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
