"""What do views ask Python that can be answered beforehand? Each view says it itself, in `View.kept`.

A kept answer is found by its question: the view, the name of the call, and its arguments without what is null, empty, or the
name of the active model. ``answers.ts`` writes the same key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import UnderglassError
from underglass.hosts.static.blocks import packed

if TYPE_CHECKING:
    from underglass.case import Case

PART = "This page holds only some of the instances, and this view counts all of them: open the case with underglass."
PYTHON = "This view works with the model and with Python, and an exported page holds neither. Open the case with underglass."
WITHOUT_CALLS = ("restore", "summaries", "badge")
"""Calls that the shell makes of a view, not its browser half."""
ANSWERED_IN_PAGE = ("instances", "edits")
"""Views whose questions the page works out itself, because edits made in it change the answers."""

OF_THE_MODEL = ("architecture", "figure")
"""Views whose answers are of the model alone, whichever instances are there."""


def key_of(view: str, name: str, arguments: Mapping[str, Any], model: str | None) -> str:
    """What a question is kept under.

    Examples
    --------
    >>> key_of("projection", "summary", {"model": "cnn", "layer": "fc", "unit": None, "share": 1.0}, "cnn")
    'projection/summary {"layer":"fc","share":1}'
    """
    return f"{view}/{name} {json.dumps(_told(arguments, model), ensure_ascii=False, separators=(',', ':'))}"


def _told(value: Any, model: str | None) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        kept = {key: one for key, one in value.items() if one is not None and not (key == "model" and one == model)}
        told = {key: _told(kept[key], model) for key in sorted(kept)}
        return {key: one for key, one in told.items() if one != {}}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_told(one, model) for one in value]
    return value


def kept_answers(case: Case, views: Sequence[str], *, whole: bool) -> tuple[bytes, dict[str, str]]:
    """The answers of some views as a block for the page, and why views have none.

    Parameters
    ----------
    case : asked; long work is not begun, what was not found before the export stays unfound.
    views : names.
    whole : whether the page holds all instances; answers about all of them would be wrong of a part.
    """
    model = None if case.model is None else case.model.name
    answers: dict[str, Any] = {}
    parts: dict[str, bytes] = {}
    reasons: dict[str, str] = {}
    for name in views:
        view = case.views[name]
        if name in ANSWERED_IN_PAGE or not set(view.calls) - set(WITHOUT_CALLS):
            continue
        if view.kept is None:
            reasons[name] = PYTHON
            continue
        if not whole and name not in OF_THE_MODEL:
            reasons[name] = PART
            continue
        try:
            for call, arguments, answer in view.kept(case):
                key = key_of(name, call, arguments, model)
                if isinstance(answer, bytes):
                    parts[key] = answer
                else:
                    answers[key] = plain(answer)
        except UnderglassError as error:
            reasons[name] = str(error)
    return packed({"answers": answers, "model": model}, parts), reasons


def plain(value: Any) -> Any:
    """Plain JSON without NaN, as the server sends it."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
