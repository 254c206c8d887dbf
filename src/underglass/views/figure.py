"""How is the model drawn in a paper? Python lays the figure out and answers with its scene; the browser paints it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from underglass.views.case_figure import CaseModel
from underglass.views.drawing import ANSWERS, font, scene_if_any
from underglass.views.view import View
from underglass.wire import Card

if TYPE_CHECKING:
    from underglass.case import Case


def for_pages(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: the figure as it was left, and its font."""
    drawn = CaseModel(case)
    yield "scene", {}, scene_if_any(drawn)
    yield "font", {}, font(drawn)


def _of_case(answer: Callable[..., Any]) -> Callable[..., Any]:
    """An answer about a model as one about a case, whose active model is meant if none is named."""

    def answered(case: Case, *, model: str | None = None, **arguments: Any) -> Any:
        return answer(CaseModel(case, model), **arguments)

    own = inspect.signature(answered).parameters
    asked = list(inspect.signature(answer).parameters.values())[1:]
    answered.__signature__ = inspect.Signature([own["case"], *asked, own["model"]])  # type: ignore[attr-defined]
    return answered


VIEW = View(
    name="figure",
    title="Figure",
    group="learned",
    question="How is the model drawn in a paper?",
    card=Card(
        why="To have a figure of the architecture that is right in every number, and as good as one drawn by hand.",
        who="Authors of papers, reports, slides and posters.",
        what="Layers from left to right: width is the number of features, height the resolution, colour the type. A dark glyph "
        "with a bold edge is an aggregate; ×3 are three equal ones in a row. The legend shows what is inside.",
        how="Click a glyph, shift-click another: all between them is picked, and becomes one glyph with Group. The list of types "
        "renames, colours, hides and deletes. Ctrl Z undoes a change of the figure.",
        when="Before writing. The Python beside it makes the same file again when the model has changed.",
        source="Bäuerle, van Onzenoodt, Ropinski 2021, Net2Vis. Hues: Okabe and Ito 2008; Tol 2021.",
        limits="Square roots by default: twice the width is some four times the features. The legend counts what is hidden.",
    ),
    alone="edits the one figure that is kept for the active model",
    calls={name: _of_case(answer) for name, answer in ANSWERS.items()},
    order=7,
    needs=("model",),
    props={"settings": "what was set by hand: keywords of underglass.figure, in plain JSON"},
    kept=for_pages,
)
