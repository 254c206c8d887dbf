"""Which views are there: ours by their file, other people's by their entry point."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from importlib.metadata import entry_points

from underglass.views.view import View

GROUP = "underglass.views"
OWN_ROOM = {"view", "discovery"}
GROUPS = ("case", "learned", "fails for", "labels", "learn")


@dataclass(frozen=True)
class Found:
    """The views by name, in the rail's order, and the ones that could not be loaded with the reason."""

    views: dict[str, View]
    broken: dict[str, str]


def discover() -> Found:
    """Find all views; a broken one is reported and never stops the others."""
    views: list[View] = []
    broken: dict[str, str] = {}
    package = importlib.import_module("underglass.views")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in OWN_ROOM:
            view = getattr(importlib.import_module(f"underglass.views.{module.name}"), "VIEW", None)
            if view is not None:
                views.append(view)
    for entry in entry_points(group=GROUP):
        try:
            loaded = entry.load()
        except Exception as error:  # noqa: BLE001 - anything may be wrong in other people's code; it is reported
            broken[entry.name] = f"{type(error).__name__}: {error}"
            continue
        if isinstance(loaded, View):
            views.append(loaded)
        else:
            broken[entry.name] = f"{entry.value} is a {type(loaded).__name__}, not a View"
    views.sort(key=lambda view: (GROUPS.index(view.group), view.order if view.order is not None else 1_000, view.name))
    return Found({view.name: view for view in views}, broken)
