"""How does a page come of its items? Each gets an id and a place; the result is plain JSON, the same for every host."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from underglass.errors import DataError, EditError
from underglass.pages.items import CaseView, HasViews, Item, Tab, Text, Widget, as_item
from underglass.pages.placing import Place, place
from underglass.store.pages import VERSION, checked_page
from underglass.wire import Page as Spec
from underglass.wire import Tile

Layout = int | Sequence[Sequence[int]] | None


@dataclass(frozen=True)
class Page:
    """A composed page; made by ``ug.page``, or ``case.page(name)`` for one that the case keeps.

    Parameters
    ----------
    spec : plain JSON, as `underglass.wire.Page`; every host draws it.
    case : whose views stand on it; None for a page of texts alone.
    """

    spec: Spec
    case: HasViews | None = field(repr=False)

    @property
    def name(self) -> str:
        """Under which the case keeps it."""
        return self.spec["name"]

    @property
    def title(self) -> str:
        """For people."""
        return self.spec["title"]

    def __repr__(self) -> str:
        tiles = sum(len(tab["tiles"]) for tab in self.spec["tabs"])
        tabs = f" on {len(self.spec['tabs'])} tabs" if len(self.spec["tabs"]) > 1 else ""
        return f"<page {self.name!r}: {tiles} tile{'' if tiles == 1 else 's'}{tabs}>"

    def save(self) -> Page:
        """Keep the page in its case, in place of one of the same name; it can be undone."""
        self._case("kept").keep_page(self.spec)
        return self

    def show(self, **options: Any) -> None:
        """Show the page in the cell, in a notebook; else keep it and open it in the browser until it is interrupted."""
        notebook = import_module("underglass.hosts.notebook")
        if notebook.in_notebook():
            notebook.show(self, **options)
            return
        self.save()
        view = f"pages?p.page={quote(json.dumps(self.name))}"
        import_module("underglass.hosts.server").serve(self._case("shown"), view=view, **options)

    def export(self, path: str | Path, **options: Any) -> Any:
        """Write the page as a file that opens without a server."""
        return import_module("underglass.hosts.static").export(self._case("exported"), path, page=self.spec, **options)

    def as_widget(self, *, width: int | None = None, height: int | None = None, chrome: str | None = None) -> Any:
        """A widget for a layout of widgets, or of another size, in CSS pixels; see `underglass.hosts.notebook.widget`."""
        return import_module("underglass.hosts.notebook").widget(self, width=width, height=height, chrome=chrome)

    def _ipython_display_(self) -> None:
        import_module("underglass.hosts.notebook").show(self)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return import_module("underglass.hosts.notebook").mimebundle(self, **options)

    def _case(self, what: str) -> Any:
        if self.case is None:
            raise DataError(f"a page without a view of a case cannot be {what}: put a case.view(…) on it")
        return self.case


def page(items: Sequence[Any], *, title: str = "", layout: Layout = None, name: str | None = None) -> Page:
    """Compose a page.

    Parameters
    ----------
    items : views, texts and widgets, in reading order; or tabs
        From ``case.view``, ``ug.markdown`` (a plain text will do), ``case.widget``, ``ug.tab``; all of one case.
    title : for people.
    layout : number of equal columns
        Or one (x, y, width, height) for each item, in columns of 12 and rows of 48 px. Without, items follow in rows.
    name : under which the case keeps it; by default the title.

    Raises
    ------
    DataError
        Something cannot stand on a page, or the layout does not fit.

    Examples
    --------
    >>> page(["# What was learned"], title="Report").spec["tabs"][0]["tiles"][0]["text"]
    '# What was learned'
    """
    if isinstance(items, str | Item | Tab) or not isinstance(items, Sequence):
        raise DataError(f"a page takes a list of items, not a {type(items).__name__}")
    tabs = [item for item in items if isinstance(item, Tab)]
    if tabs and len(tabs) < len(items):
        raise DataError("a page has either tabs or items: put the items into a ug.tab")
    if tabs and layout is not None:
        raise DataError('the layout of a page with tabs is said for each: ug.tab("…", [...], layout=…)')
    sheets = tabs or [Tab("", tuple(as_item(item) for item in items), layout)]
    cases = {id(item.case): item.case for sheet in sheets for item in sheet.items if isinstance(item, CaseView | Widget)}
    if len(cases) > 1:
        names = " and ".join(repr(case.name) for case in cases.values())
        raise DataError(f"the views of a page are of one case, not of {names}")
    number = iter(range(1, 1_000_000))
    spec = {
        "name": name or title or "Page",
        "title": title or name or "",
        "tabs": [{"title": sheet.title, "tiles": _tiles(sheet, number)} for sheet in sheets],
        "version": VERSION,
    }
    try:
        return Page(checked_page(spec), next(iter(cases.values()), None))
    except EditError as error:
        raise DataError(str(error)) from None


def from_spec(spec: Mapping[str, Any], case: HasViews | None) -> Page:
    """A page of what was kept or written by hand; settings that nobody knows stay."""
    return Page(checked_page(spec), case)


def _tiles(sheet: Tab, number: Any) -> list[Tile]:
    sizes = [item.place[-2:] if item.place else item.size for item in sheet.items]
    places = list(place([(width, height) for width, height in sizes], sheet.layout))
    fixed = [(i, item.place) for i, item in enumerate(sheet.items) if item.place and len(item.place) == 4]
    if fixed and sheet.layout is None:
        places = _around(places, {i: (at[0], at[1], at[2], at[3]) for i, at in fixed})
    return [_tile(item, f"t{next(number)}", at) for item, at in zip(sheet.items, places, strict=True)]


def _around(places: list[Place], fixed: Mapping[int, Place]) -> list[Place]:
    """Places where some were said: the others follow below those."""
    below = max(y + height for _, y, _, height in fixed.values())
    others = [i for i in range(len(places)) if i not in fixed]
    moved = place([(places[i][2], places[i][3]) for i in others])
    found = dict(zip(others, ((x, y + below, width, height) for x, y, width, height in moved), strict=True))
    together = [fixed.get(i) or found[i] for i in range(len(places))]
    return place([(1, 1)] * len(together), together)


def _tile(item: Item, identifier: str, at: Place) -> Tile:
    x, y, width, height = at
    by = item.case.views[item.name].by if isinstance(item, CaseView) else ""
    tile = Tile(
        id=identifier,
        kind="text" if isinstance(item, Text) else "widget" if isinstance(item, Widget) else "view",
        view=item.name if isinstance(item, CaseView | Widget) else None,
        props=dict(item.props) if isinstance(item, CaseView) else {},
        text=item.text if isinstance(item, Text) else None,
        title=item.title,
        x=x,
        y=y,
        width=width,
        height=height,
    )
    if by:
        tile["by"] = by
    return tile
