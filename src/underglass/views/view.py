"""What a view is: its question, its card, and what its browser half may ask of Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import Any

from underglass.extensions.modules import Module
from underglass.wire import Card, ViewGroup, ViewInfo

Call = Callable[..., Any]
Kept = Callable[[Any], Iterable[tuple[str, Mapping[str, Any], Any]]]
"""Of a case: questions that the view's browser half asks, as name of the call and arguments, with their answers."""


@dataclass(frozen=True)
class View:
    """One component in two halves: this one, and ``web/src/views/<name>.ts``, or the `module` of somebody else's view.

    Parameters
    ----------
    name : the same in Python, TypeScript, addresses and docs.
    title : the word in the rail.
    group : which of the people's questions it answers.
    question : the view's title, a question; the browser half may put names into it.
    card : why, for whom, what, how, when, from where, and within which limits.
    calls : what the browser half may ask: functions of (case, **arguments) that give plain JSON, or bytes.
    order : place within its group in the rail; None keeps it out of the rail (a part of another page).
    needs : what a case must have for the view to be listed: "model", "labels", "label sets", "activations".
    props : its settings by name, each explained in a line; None where any are taken.
    size : columns of 12 and rows of 48 px that it takes on a page, if nobody says.
    beside : whether it can be drawn for a model beside the active one, because it asks nothing of Python or says of which model.
    alone : why it cannot, after its title: "asks for …"; said in the place of a tile that wants another model.
    drawn : whether it has a browser half; False for what only the app around the views asks.
    module : the browser half of a view that is not ours: an ES module file beside its Python half.
    by : package and version that bring it; empty for our own. Found out, never said by the view itself.
    kept : what an exported page keeps of the answers, so that the view works in it without Python; quick to work out.
    """

    name: str
    title: str
    group: ViewGroup
    question: str
    card: Card
    calls: Mapping[str, Call] = field(default_factory=dict)
    order: int | None = None
    needs: tuple[str, ...] = ()
    props: Mapping[str, str] | None = None
    size: tuple[int, int] = (12, 14)
    beside: bool = False
    alone: str = ""
    drawn: bool = True
    module: Path | None = None
    by: str = ""
    kept: Kept | None = None

    @cached_property
    def browser_half(self) -> Module | None:
        """Its module as it is sent; None for our own views, which come with the page."""
        return None if self.module is None else Module(Path(self.module))

    def info(self, *, listed: bool = True) -> ViewInfo:
        """The view as the rail and its frame need it."""
        return ViewInfo(
            name=self.name,
            listed=listed and self.order is not None,
            title=self.title,
            group=self.group,
            question=self.question,
            card=self.card,
            fits=listed and self.drawn,
            size=self.size,
            beside=self.beside,
            alone=self.alone,
            by=self.by,
            by_model=[name for name, call in self.calls.items() if "model" in signature(call).parameters],
            module=None if self.browser_half is None else self.browser_half.address(self.name),
        )
