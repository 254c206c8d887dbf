"""What is a composed page, as a case keeps it? Its shape is checked here; what its views and their settings mean, others say.

Settings (``props``) are kept as they are, those of a newer version or of somebody else's view included.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from underglass.errors import EditError, unknown
from underglass.store.edits import checked_name
from underglass.wire import Page, Tab, Tile

VERSION = 1
"""Of the format of pages; a page of a newer one is refused, of an older one brought up."""
COLUMNS = 12
MOST_ROWS = 400
MOST_TABS, MOST_TILES = 40, 200
LARGEST = 2_000_000
"""Bytes of a page as JSON."""
KINDS = {"view": "view", "text": "text", "widget": "view"}
"""What a tile of each kind must say."""


def checked_page(given: Any) -> Page:
    """A page whose parts are what they must be.

    Raises
    ------
    EditError
        If not; names the tile, and what is allowed.
    """
    if not isinstance(given, Mapping):
        raise EditError("a page is an object with a name, a title and tabs")
    version = given.get("version", VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise EditError(f"a page's version is a number from 1, not {version!r}")
    if version > VERSION:
        raise EditError(f"the page was made by a newer underglass (page version {version}; this one reads up to {VERSION})")
    name = checked_name("page", given.get("name"))
    title = given.get("title", "")
    if not isinstance(title, str):
        raise EditError("a page's title is text")
    tabs = given.get("tabs")
    if not isinstance(tabs, Sequence) or isinstance(tabs, str) or not 1 <= len(tabs) <= MOST_TABS:
        raise EditError(f"a page has 1 to {MOST_TABS} tabs")
    page = {**given, "name": name, "title": title, "tabs": [_tab(tab) for tab in tabs], "version": VERSION}
    ids = [tile["id"] for tab in page["tabs"] for tile in tab["tiles"]]
    if len(ids) > MOST_TILES:
        raise EditError(f"the page has {len(ids)} tiles; at most {MOST_TILES} are kept")
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise EditError(f"two tiles of the page have the id {twice[0]!r}")
    try:
        text = json.dumps(page, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise EditError(f"a page must be plain JSON: {error}") from error
    if len(text.encode("utf-8", "replace")) > LARGEST:
        raise EditError(f"the page is larger than {LARGEST:,} bytes")
    return cast(Page, json.loads(text))


def _tab(given: Any) -> Tab:
    if not isinstance(given, Mapping) or not isinstance(given.get("title", ""), str):
        raise EditError("a tab has a title and tiles")
    tiles = given.get("tiles")
    if not isinstance(tiles, Sequence) or isinstance(tiles, str):
        raise EditError("a tab's tiles are a list")
    return cast(Tab, {**given, "title": given.get("title", ""), "tiles": [_tile(tile) for tile in tiles]})


def _tile(given: Any) -> Tile:
    if not isinstance(given, Mapping) or not isinstance(given.get("id"), str) or not given["id"]:
        raise EditError("a tile has an id, which is text")
    name, kind = given["id"], given.get("kind")
    if kind not in KINDS:
        raise EditError(f"tile {name!r}: {unknown('kind of tile', str(kind), KINDS)}")
    needed = given.get(KINDS[kind])
    if not isinstance(needed, str) or (kind != "text" and not needed):
        raise EditError(f"tile {name!r}: a tile of the kind {kind!r} needs its {KINDS[kind]}, which is text")
    props = given.get("props") or {}
    if not isinstance(props, Mapping) or not all(isinstance(key, str) for key in props):
        raise EditError(f"tile {name!r}: props are settings by name")
    if not isinstance(given.get("by", ""), str):
        raise EditError(f"tile {name!r}: by is a package and its version, which is text")
    texts = {key: given.get(key) for key in ("view", "text", "title")}
    if not all(value is None or isinstance(value, str) for value in texts.values()):
        raise EditError(f"tile {name!r}: view, text and title are text or nothing")
    place = {key: given.get(key) for key in ("x", "y", "width", "height")}
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in place.values()):
        raise EditError(f"tile {name!r}: x, y, width and height are whole numbers of columns and rows")
    x, y, width, height = cast("tuple[int, int, int, int]", tuple(place.values()))
    if not (x >= 0 and width >= 1 and x + width <= COLUMNS):
        raise EditError(f"tile {name!r}: columns {x} to {x + width} are not within 0 to {COLUMNS}")
    if not (y >= 0 and height >= 1 and y + height <= MOST_ROWS):
        raise EditError(f"tile {name!r}: rows {y} to {y + height} are not within 0 to {MOST_ROWS}")
    return cast(Tile, {**given, **texts, **place, "id": name, "kind": kind, "props": dict(props)})
