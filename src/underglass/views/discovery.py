"""Which views are there: ours by their file, other people's by their entry point."""

from __future__ import annotations

import importlib
import pkgutil
import re
from dataclasses import dataclass, replace
from typing import Any

from underglass.extensions.discovery import VIEWS, Broken, find
from underglass.views.view import View

OWN_ROOM = {"view", "discovery"}
GROUPS = ("case", "learned", "fails for", "labels", "learn")
NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
WORDS = ("why", "who", "what", "how", "when", "source", "limits")


@dataclass(frozen=True)
class Found:
    """The views by name, in the rail's order, and those of others that could not be used."""

    views: dict[str, View]
    broken: list[Broken]


def discover() -> Found:
    """Find all views; a broken one is reported and never stops the others."""
    views: dict[str, View] = {}
    package = importlib.import_module("underglass.views")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in OWN_ROOM:
            view = getattr(importlib.import_module(f"underglass.views.{module.name}"), "VIEW", None)
            if view is not None:
                views[view.name] = view

    def wrong(value: str, loaded: Any) -> str | None:
        reason = wrong_with(value, loaded)
        if reason is None and loaded.name in views:
            reason = f"underglass itself has a view of the name {loaded.name!r}"
        return reason

    found = find(VIEWS, wrong, together=True)
    theirs: dict[str, View] = {}
    broken = found.broken
    for entry, view in found.loaded.items():
        bringer, version = found.bringers[entry]
        name, title = view.name, view.title
        if name in theirs:  # then both stand in the rail, and pages say whose they mean
            name, title = f"{name}@{bringer}", f"{title} ({bringer})"
        if name in theirs:
            broken.append(Broken(entry, "view", bringer, "its package brings another view of that name"))
        else:
            theirs[name] = replace(view, name=name, title=title, by=f"{bringer} {version}".strip())
    views.update(theirs)
    in_order = sorted(views.values(), key=lambda view: (GROUPS.index(view.group), _place(view), view.name))
    return Found({view.name: view for view in in_order}, broken)


def wrong_with(value: str, loaded: Any) -> str | None:
    """What is wrong with a view of somebody else, or None."""
    if not isinstance(loaded, View):
        return f"{value} is a {type(loaded).__name__}, not a View"
    if not NAME.fullmatch(str(loaded.name)):
        return f"its name {loaded.name!r} is not made of small letters, digits and underscores"
    if loaded.group not in GROUPS:
        return f"its group {loaded.group!r} is none of {', '.join(GROUPS)}"
    missing = [word for word in WORDS if not str(loaded.card.get(word, "")).strip()]
    if missing:
        return f"its card does not say: {', '.join(missing)}"
    if loaded.browser_half is None:
        return 'it has no browser half: module=Path(__file__).with_name("….js")'
    _ = loaded.browser_half.digest  # raises what is wrong with its files
    return None


def _place(view: View) -> int:
    return view.order if view.order is not None else 1_000
