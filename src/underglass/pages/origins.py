"""Whose view does a tile mean? Two packages can bring views of one name; what is called by it here may be another's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from underglass.errors import DataError
from underglass.views import View
from underglass.wire import Tile


def view_of(tile: Tile, views: Mapping[str, View]) -> str:
    """The name here of the view that a tile means.

    Raises
    ------
    DataError
        The package that brought it is not installed, and another brings a view of that name.
    """
    name, by = tile["view"] or "", tile.get("by", "")
    package = by.partition(" ")[0]
    base = name.partition("@")[0]
    named = [view for view in views.values() if view.name.partition("@")[0] == base]
    if not package or not named:
        return name
    for view in named:
        if view.by.partition(" ")[0] == package:
            return view.name
    raise DataError(absent(base, by, named[0].by))


def with_names_here(page: Mapping[str, Any], views: Mapping[str, View]) -> dict[str, Any]:
    """A page whose tiles call their views as they are called here.

    Raises
    ------
    DataError
        As of `view_of`.
    """
    tabs = [
        {**tab, "tiles": [{**tile, "view": view_of(tile, views)} if tile["kind"] == "view" else tile for tile in tab["tiles"]]}
        for tab in page["tabs"]
    ]
    return {**page, "tabs": tabs}


def absent(name: str, by: str, other: str) -> str:
    """Why a view that another package brings is not shown in its place.

    Examples
    --------
    >>> print(absent("bar", "ann 1.0", "ben 2.0"))
    the view 'bar' of ann 1.0 is not installed here; the one of that name is of ben 2.0. Install ann, or put that in its place
    """
    whose = f"of {other}" if other else "underglass's own"
    package = by.partition(" ")[0]
    return (
        f"the view {name!r} of {by} is not installed here; the one of that name is {whose}. "
        f"Install {package}, or put that in its place"
    )
