"""What belongs side by side? A page that somebody composed of views, texts and widgets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from underglass.errors import DataError, unknown
from underglass.views.view import View
from underglass.wire import Card, Page

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.pages.widgets import Panel


def read(case: Case, name: str) -> Page:
    """A page that the case keeps."""
    pages = case.folder.journal.state().pages
    if name not in pages:
        raise DataError(unknown("page", name, pages))
    page: Page = pages[name]
    return page


def kept_answers(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: the pages of the case."""
    for name, page in case.folder.journal.state().pages.items():
        yield "read", {"name": name}, dict(page)


def open_widget(case: Case, name: str) -> dict[str, Any]:
    """What a page needs to show a stock anywidget: its state, and the addresses of its module and style."""
    return _panel(case, name).opened()


def send_widget(case: Case, name: str, message: dict[str, Any], page: str = "") -> None:
    """Send a message of a page to a stock anywidget."""
    _panel(case, name).receive(message, page)


def _panel(case: Case, name: str) -> Panel:
    if name not in case.widgets:
        there = "A widget is there for as long as the Python that gave it"
        raise DataError(f"{unknown('widget', name, case.widgets)} {there}: case.add_widget({name!r}, …).")
    return case.widgets[name]


VIEW = View(
    name="pages",
    title="Pages",
    group="case",
    question="What belongs side by side?",
    card=Card(
        why="A finding needs several views at once, with words between them, in an order that others can follow.",
        who="Whoever explains a case to others, and who looks at the same few views every day.",
        what="Views, texts and widgets in the order somebody gave them. All share the filter above and the selection below.",
        how="Arrange moves and resizes by pointer or keyboard, adds and removes. A tile can be shown for a filter or a model of "
        "its own; tiles of the same view then share their scales.",
        when="When you know which views matter; to hand a case over.",
        source="Symphony (Bäuerle et al. 2022): components composed where people work.",
        limits="A page shows what its views show: the card of each says its own limits.",
    ),
    calls={"read": read, "open_widget": open_widget, "send_widget": send_widget},
    props={"page": "the name of the page", "tab": "which tab, from 0", "tiles": "settings of tiles that differ from the page's"},
    size=(12, 16),
    kept=kept_answers,
)
