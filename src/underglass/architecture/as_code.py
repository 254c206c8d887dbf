"""The Python that makes a figure, for a person to keep with the paper."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LINE = 100


def as_code(start: str, settings: Mapping[str, Any], file: str) -> str:
    """Lines of Python.

    Parameters
    ----------
    start : all that comes before the settings, such as ``case.figure(``; its last line is the call.
    settings : keyword → plain JSON; groups as mappings.
    file : what the figure is saved as.

    Examples
    --------
    >>> print(as_code("figure = ug.figure(net, (1, 3, 8, 8), ", {"depth": 2, "palette": "okabe-ito"}, "net.svg"))
    figure = ug.figure(net, (1, 3, 8, 8), depth=2, palette="okabe-ito")
    figure.save("net.svg")
    """
    given = [f"{name}={_spelled(name, value)}" for name, value in settings.items()]
    head, last = start.rsplit("\n", 1) if "\n" in start else ("", start)
    call = f"{last}{', '.join(given)}".rstrip(", ") + ")"
    if len(call) > LINE:
        call = "\n".join([last.rstrip().rstrip(","), *(f"    {one}," for one in given), ")"])
        if last.rstrip().endswith(","):
            opened, first = last.rstrip().rstrip(",").split("(", 1)
            call = "\n".join([f"{opened}(", f"    {first},", *(f"    {one}," for one in given), ")"])
    return "\n".join([*([head] if head else []), call, f"figure.save({spelled(file)})"])


def spelled(value: Any) -> str:
    """Plain JSON as Python spells it, in double quotes.

    Examples
    --------
    >>> spelled({"a": [1, None, True], "b": "it's"})
    '{"a": [1, None, True], "b": "it\\'s"}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{spelled(key)}: {spelled(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(spelled(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _spelled(name: str, value: Any) -> str:
    if name != "groups":
        return spelled(value)
    lines = []
    for one in value:
        plain = [spelled(one[key]) for key in ("name", "first", "last")]
        more = [f"{key}={one[key]!r}" for key in ("active", "everywhere") if one.get(key) is False]
        lines.append(f"ug.Group({', '.join([*plain, *more])})")
    long = sum(map(len, lines)) > LINE - 20
    return "[\n        " + ",\n        ".join(lines) + ",\n    ]" if long else f"[{', '.join(lines)}]"
