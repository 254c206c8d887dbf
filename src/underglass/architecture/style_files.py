"""A style as a file, JSON or TOML, and one style for several figures, so that equal sizes look equal in all of them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from underglass.architecture.style import SETTINGS, Range, Style
from underglass.errors import UnderglassError, unknown

ENDINGS = (".json", ".toml")
MAPPINGS = ("colours", "textures", "aliases")


def style_settings(style: Style) -> dict[str, Any]:
    """All settings that are not as they would be anyway, in plain JSON."""
    found: dict[str, Any] = {}
    for one in fields(Style):
        value = getattr(style, one.name)
        usual = one.default if one.default is not MISSING else {}
        if value != usual:
            found[one.name] = list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
    return found


def style_from(given: Mapping[str, Any]) -> Style:
    """A style from settings.

    Raises
    ------
    UnderglassError
        A setting is not known, or is not what it must be.
    """
    for name in given:
        if name not in SETTINGS:
            raise UnderglassError(unknown("setting", str(name), SETTINGS))
    for name in MAPPINGS:
        if name in given and not isinstance(given[name], Mapping):
            raise UnderglassError(f"{name} is {given[name]!r}; give a table of types, such as {{'Conv2d': ...}}.")
    return Style(**given)


def write_style(style: Style, path: str | Path) -> Path:
    """Write a style; the ending says whether as JSON or as TOML."""
    place = Path(path)
    settings = style_settings(style)
    if _ending(place) == ".json":
        text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
    else:
        plain = [f"{name} = {_toml(value)}" for name, value in settings.items() if not isinstance(value, dict)]
        tables = [
            "\n".join(["", f"[{name}]", *(f"{_toml(kind)} = {_toml(one)}" for kind, one in value.items())])
            for name, value in settings.items()
            if isinstance(value, dict)
        ]
        text = "\n".join([*plain, *tables, ""])
    place.write_text(text, encoding="utf-8")
    return place


def read_style(path: str | Path) -> Style:
    """Read what `write_style` wrote, or what a person did.

    Raises
    ------
    UnderglassError
        There is no such file, it is neither JSON nor TOML, or a setting in it is not known: the file is named.
    """
    place = Path(path)
    ending = _ending(place)
    try:
        text = place.read_text(encoding="utf-8")
        settings = json.loads(text) if ending == ".json" else tomllib.loads(text)
        if not isinstance(settings, dict):
            raise ValueError("it holds no settings")
        return style_from(settings)
    except (OSError, ValueError, UnderglassError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UnderglassError(f"the style file {place} cannot be used: {reason}") from error


def shared_ranges(ranges: Sequence[Mapping[str, Range | None]]) -> dict[str, Range | None]:
    """Ranges that hold all given ones.

    Examples
    --------
    >>> shared_ranges([{"unit_range": (1.0, 8.0)}, {"unit_range": (2.0, 10.0)}, {"unit_range": None}])
    {'unit_range': (1.0, 10.0)}
    """
    found: dict[str, Range | None] = {}
    for one in ranges:
        for name, pair in one.items():
            before = found.get(name)
            both = (min(before[0], pair[0]), max(before[1], pair[1])) if before and pair else (before or pair)
            found[name] = both
    return found


def _ending(path: Path) -> str:
    if path.suffix.lower() not in ENDINGS:
        raise UnderglassError(unknown("kind of style file", path.suffix or path.name, ENDINGS))
    return path.suffix.lower()


def _toml(value: Any) -> str:
    """A value as TOML: JSON's spelling, but for the one letter that JSON leaves as it is and TOML refuses."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
