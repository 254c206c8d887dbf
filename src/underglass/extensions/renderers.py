"""How is an instance shown that is no image and no text? A sound or a film, by a renderer that somebody's package brings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from underglass.extensions.discovery import INSTANCES, Found, find
from underglass.extensions.modules import Module
from underglass.wire import RendererInfo

PREFIX = "renderer-"


@dataclass(frozen=True)
class InstanceRenderer:
    """Draws instances of some media types, small in grids and large in the side panel.

    Parameters
    ----------
    name : in addresses; letters, digits and underscores.
    title : for people: "Waveform".
    media : media types that it can draw; ``*`` stands for any letters: ``("audio/*",)``.
    module : its browser half, an ES module file whose ``mount(element, context, {row, url, type, size})`` gives
        ``{update, describe, destroy}``; ``size`` is ``"tile"`` or ``"panel"``.
    """

    name: str
    title: str
    media: tuple[str, ...]
    module: Path

    def draws(self, types: Iterable[str]) -> bool:
        """Whether it can draw one of some media types."""
        return any(fnmatchcase(one, pattern) for one in types for pattern in self.media)

    @property
    def module_name(self) -> str:
        """In addresses, where a view may have the same name."""
        return f"{PREFIX}{self.name}"

    @cached_property
    def browser_half(self) -> Module:
        """Its module as it is sent."""
        return Module(Path(self.module))

    def info(self) -> RendererInfo:
        """As pages are told of it."""
        return RendererInfo(name=self.name, title=self.title, module=self.browser_half.address(self.module_name))


@cache
def renderers() -> Found:
    """The renderers that are installed, and those that are broken."""
    return find(INSTANCES, _wrong)


def renderer_for(types: Iterable[str]) -> InstanceRenderer | None:
    """The first renderer that draws one of some media types; images and texts are drawn without."""
    wanted = [one for one in types if not one.startswith(("image/", "text/"))]
    drawing = (one for one in renderers().loaded.values() if one.draws(wanted))
    return next(drawing, None)


def _wrong(value: str, loaded: Any) -> str | None:
    if not isinstance(loaded, InstanceRenderer):
        return f"{value} is a {type(loaded).__name__}, not an InstanceRenderer"
    if not loaded.name.replace("_", "").isalnum():
        return f"its name {loaded.name!r} holds more than letters, digits and underscores"
    _ = loaded.browser_half.digest
    return None
