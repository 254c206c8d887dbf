"""How does somebody begin a view of their own? With a project that works: a view in two files, ready to be changed."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from underglass.errors import DataError

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
PARTS = {
    "pyproject.toml.txt": "pyproject.toml",
    "readme.md.txt": "README.md",
    "view.py.txt": "{package}/__init__.py",
    "view.js.txt": "{package}/browser/{name}.js",
}


def project_files(name: str) -> dict[str, str]:
    """The files of a new view's project, by their path in it.

    Raises
    ------
    DataError
        The name is not made of small letters, digits and underscores.
    """
    if not NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        hint = f"; {near!r} would do" if NAME.fullmatch(near) else ""
        raise DataError(f"a view's name has small letters, digits and underscores, and begins with a letter, not {name!r}{hint}")
    words = {
        "name": name,
        "package": f"underglass_{name}",
        "dashed": name.replace("_", "-"),
        "title": name.replace("_", " ").capitalize(),
    }
    folder = files("underglass.extensions").joinpath("template")
    return {place.format(**words): _filled(folder.joinpath(part).read_text("utf-8"), words) for part, place in PARTS.items()}


def new_view(name: str, into: Path) -> Path:
    """Write the project of a new view; gives its folder.

    Raises
    ------
    DataError
        The name will not do, or the folder exists.
    """
    made = project_files(name)
    folder = into / f"underglass-{name.replace('_', '-')}"
    if folder.exists():
        raise DataError(f"{folder} exists already; nothing was written")
    with TemporaryDirectory(prefix=".underglass-", dir=into) as half:
        for path, text in made.items():
            file = Path(half) / "whole" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        (Path(half) / "whole").rename(folder)
    return folder


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"[[{word}]]", value)
    return text
