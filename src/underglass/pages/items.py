"""What can stand on a page? A view of a case, a text, a widget; and tabs to part them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, Self

from underglass.errors import DataError, unknown
from underglass.store.pages import COLUMNS
from underglass.views import View

if TYPE_CHECKING:
    from underglass.pages.composing import Page

SHOWN_FOR = "shown_for"
"""The one setting that belongs to the tile and not to its view: the filter or the model that it alone is shown for."""
TEXT_WIDTH, LINE_LETTERS = 12, 150


class HasViews(Protocol):
    """What a page asks of a case."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def views(self) -> Mapping[str, View]:
        """The views by name."""

    @property
    def widgets(self) -> Mapping[str, Any]:
        """The widgets by name."""

    def keep_page(self, page: Any) -> Any:
        """Keep a page in the case."""


@dataclass(frozen=True)
class Item:
    """What stands on a page, and where if somebody said so: (x, y, width, height) or (width, height), or None."""

    title: str | None = field(default=None, kw_only=True)
    place: tuple[int, ...] | None = field(default=None, kw_only=True)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows that it takes if nobody says."""
        return (COLUMNS, 8)

    def at(self, x: int, y: int, width: int, height: int) -> Self:
        """The same at a place, in columns of 12 and rows of 48 px."""
        return replace(self, place=(x, y, width, height))

    def sized(self, width: int, height: int) -> Self:
        """The same in another size, in columns of 12 and rows of 48 px."""
        return replace(self, place=(width, height))

    def titled(self, title: str) -> Self:
        """The same under a title of its own."""
        return replace(self, title=title)


@dataclass(frozen=True)
class CaseView(Item):
    """One view of a case, with its settings; made by ``case.view``."""

    case: HasViews
    name: str
    props: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """As the view says, and a row for what is written above it."""
        width, height = self.case.views[self.name].size
        return (width, height + int(self.title is not None or SHOWN_FOR in self.props))

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self.props.items())
        return f"<view {self.name!r}{settings} of case {self.case.name!r}>"

    def page(self) -> Page:
        """A page of this view alone."""
        from underglass.pages.composing import page

        return page([self.at(0, 0, COLUMNS, self.size[1])], title=self.title or self.case.views[self.name].title)

    def show(self, **options: Any) -> None:
        """Show it in the cell, in a notebook; else open it in the browser until it is interrupted."""
        self.page().show(**options)

    def as_widget(self, *, width: int | None = None, height: int | None = None, chrome: str | None = None) -> Any:
        """A widget for a layout of widgets, or of another size, in CSS pixels; see `underglass.hosts.notebook.widget`."""
        return import_module("underglass.hosts.notebook").widget(self, width=width, height=height, chrome=chrome)

    def _ipython_display_(self) -> None:
        import_module("underglass.hosts.notebook").show(self)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return import_module("underglass.hosts.notebook").mimebundle(self, **options)


@dataclass(frozen=True)
class Text(Item):
    """A text in Markdown: headings, lists, tables, links to http(s), code, bold and italics; HTML stays text."""

    text: str

    @property
    def size(self) -> tuple[int, int]:
        """The whole width, and as many rows as its lines are likely to need."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        pixels = sum(28 + 8 * line.startswith("# ") + 20 * (len(line) // LINE_LETTERS) for line in lines)
        return (TEXT_WIDTH, max(1, min(12, -(-(pixels + 24) // 48))))


@dataclass(frozen=True)
class Widget(Item):
    """A stock anywidget that was given to a case by ``case.add_widget``."""

    case: HasViews
    name: str

    @property
    def size(self) -> tuple[int, int]:
        """Half the width."""
        return (6, 8)


@dataclass(frozen=True)
class Tab:
    """One sheet of a page; made by ``tab``."""

    title: str
    items: tuple[Item, ...]
    layout: int | Sequence[Sequence[int]] | None = None


def markdown(text: str, *, title: str | None = None) -> Text:
    """A text on a page, in Markdown; HTML in it is shown as text and never run.

    Raises
    ------
    DataError
        It is no text.
    """
    if not isinstance(text, str):
        raise DataError(f"a text is a str, not a {type(text).__name__}")
    return Text(text, title=title)


def tab(title: str, items: Sequence[Any], *, layout: int | Sequence[Sequence[int]] | None = None) -> Tab:
    """One sheet of a page: a title, and what stands on it.

    Parameters
    ----------
    title : on the tab.
    items : as of ``page``.
    layout : as of ``page``.
    """
    if not isinstance(title, str) or not title.strip():
        raise DataError("a tab needs a title")
    return Tab(title.strip(), tuple(as_item(item) for item in items), layout)


def as_item(given: Any) -> Item:
    """What was put on a page; a plain text is Markdown.

    Raises
    ------
    DataError
        It cannot stand on a page.
    """
    if isinstance(given, Item):
        return given
    if isinstance(given, str):
        return markdown(given)
    raise DataError(
        f'a {type(given).__name__} cannot stand on a page: give case.view("…"), case.widget("…"), ug.markdown("…") or a text'
    )


def checked_view(case: HasViews, name: str, props: Mapping[str, Any]) -> CaseView:
    """A view of a case with settings that it knows.

    Raises
    ------
    DataError
        No such view or no such setting; names the nearest and the known ones.
    """
    if name not in case.views:
        raise DataError(unknown("view", name, case.views))
    if not case.views[name].drawn:
        raise DataError(f"{name!r} is a part of the app around the views and cannot stand on a page")
    known = case.views[name].props
    given = dict(props)
    shown = given.get(SHOWN_FOR)
    if isinstance(shown, str):
        given[SHOWN_FOR] = {"filter": shown}
    elif shown is not None and not _is_shown_for(shown):
        raise DataError(f'shown_for is a typed filter, or {{"filter": …, "model": …}}, not {shown!r}')
    for setting in given:
        if known is not None and setting not in known and setting != SHOWN_FOR:
            raise DataError(f"the view {name!r} has {unknown('setting', setting, [*known, SHOWN_FOR])}")
    return CaseView(case, name, given)


def _is_shown_for(given: Any) -> bool:
    return (
        isinstance(given, Mapping)
        and bool(given)
        and all(key in ("filter", "model") and isinstance(value, str) and bool(value) for key, value in given.items())
    )
