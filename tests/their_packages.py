"""Packages of other people for tests, as if they were installed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from underglass.extensions.renderers import renderers

VIEW = """
from pathlib import Path
from underglass.views import View
from underglass.wire import Card

def doubled(case, number):
    return {{"number": 2 * number}}

VIEW = View(
    name={name!r}, title={name!r}, group="case", question="What is this?",
    card=Card(why="a", who="b", what="c", how="d", when="e", source="f", limits="g"),
    calls={{"doubled": doubled}}, order=80, size=(4, 4), module=Path(__file__).parent / "browser" / "view.js",
)
"""
Install = Callable[[str, dict[str, dict[str, str]], dict[str, str]], Path]


@contextmanager
def installing(folder: Path) -> Iterator[Install]:
    """Put packages on the path: ``install("theirs", {"underglass.views": {"x": "theirs:VIEW"}}, {"theirs.py": …})``."""
    made: list[str] = []
    places: list[str] = []

    def install(package: str, entries: dict[str, dict[str, str]], files: dict[str, str]) -> Path:
        place = folder / "site" / package
        about = place / f"{package}-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [line for group, named in entries.items() for line in (f"[{group}]", *(f"{k} = {v}" for k, v in named.items()))]
        (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for name, text in files.items():
            file = place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        add(place, package)
        return place

    def add(place: Path, package: str) -> None:
        sys.path.insert(0, str(place))
        importlib.invalidate_caches()
        made.append(package)
        places.append(str(place))
        renderers.cache_clear()

    install.add = add  # type: ignore[attr-defined]
    try:
        yield install
    finally:
        for place in places:
            sys.path.remove(place)
        for name in [name for name in sys.modules if name.split(".")[0] in made]:
            del sys.modules[name]
        renderers.cache_clear()
