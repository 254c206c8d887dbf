"""How does a stock anywidget run beside the views of a case? Its Python object stays here; pages hold its state and its module.

Any object with the standard's members will do: ``_esm`` and ``_css``, ``get_state``, and the messages of Jupyter widgets. In a
notebook it goes on working as before; pages of ours hear what it sends as well.
"""

from __future__ import annotations

import base64
import hashlib
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from underglass.errors import DataError
from underglass.extensions.modules import PREFIX, BrowserHalf
from underglass.roles import require

BYTES, NUMBER = "$bytes", "$number"
"""Marks of what plain JSON cannot say: bytes in base 64, and numbers that are not finite."""
NOT_STATE = {"layout", "tabbable", "tooltip", "style", "comm", "keys"}
NEEDED = ("_esm", "get_state", "set_state", "_send", "_handle_msg")
LONGEST = 10_000_000
"""Characters of a module or a style."""
Tell = Callable[[str, Mapping[str, Any]], None]


@dataclass
class Panel:
    """A widget of a case.

    Parameters
    ----------
    name : on pages and in addresses.
    widget : the object.
    tell : called with the name and a message for all pages, from any thread.
    """

    name: str
    widget: Any
    tell: Tell = field(repr=False)
    _guard: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        missing = [part for part in NEEDED if not hasattr(self.widget, part)]
        if missing:
            raise DataError(
                f"a {type(self.widget).__name__} is no anywidget: it has no {', '.join(missing)}; "
                "give an instance of a subclass of anywidget.AnyWidget"
            )
        if self.source.lstrip().startswith(("http://", "https://")):
            raise DataError(f"the module of the widget {self.name!r} lies on another machine; pages load nothing from there")
        send = self.widget._send

        def sent(message: Mapping[str, Any], buffers: Sequence[Any] | None = None) -> None:
            send(message, buffers)
            self.tell(self.name, packed_message(message, buffers))

        self.widget._send = sent

    @property
    def source(self) -> str:
        """Its ES module."""
        return _text(self.widget._esm, self.name)

    @property
    def style(self) -> str:
        """Its style sheet; empty if it has none."""
        return _text(getattr(self.widget, "_css", ""), self.name)

    def opened(self) -> dict[str, Any]:
        """What a page needs to show it: its state, and the addresses of its module and style."""
        half = self.browser_half
        return {
            "state": self.state(),
            "module": half.address("widget.js"),
            "style": half.address("widget.css") if self.style else None,
        }

    def state(self) -> dict[str, Any]:
        """Its synchronized traits, as plain JSON."""
        found = self.widget.get_state()
        return {key: packed(value) for key, value in found.items() if not key.startswith("_") and key not in NOT_STATE}

    def receive(self, message: Mapping[str, Any], page: str) -> None:
        """Take in what a page sends: ``{"method": "update", "state": …}`` or ``{"method": "custom", "content": …}``.

        Raises
        ------
        DataError
            It is neither; or the widget refuses it, with its own words.
        """
        require("annotator", "change a widget")
        method, given = message.get("method"), message.get("state")
        if method == "update" and isinstance(given, Mapping):
            self._set({key: unpacked(value) for key, value in given.items() if not key.startswith("_")}, page)
        elif method == "custom":
            data = {"method": "custom", "content": unpacked(message.get("content"))}
            with self._guard:
                self.widget._handle_msg(
                    {"content": {"data": data}, "buffers": [unpacked(one) for one in message.get("buffers") or []]}
                )
        else:
            raise DataError(f'a widget is sent "update" with a state or "custom" with a content, not {str(method)[:40]!r}')

    def _set(self, state: dict[str, Any], page: str) -> None:
        with self._guard:
            try:
                self.widget.set_state(state)
            except Exception as error:  # anything may be wrong in other people's code; it is said to the page
                raise DataError(f"the widget {self.name!r} failed: {type(error).__name__}: {error}") from error
        # a widget does not send back what it was sent, so that other pages would not hear of it
        now = self.state()
        self.tell(self.name, {"method": "update", "state": {key: now[key] for key in state if key in now}, "page": page})

    @property
    def browser_half(self) -> Text:
        """Its module and style as they are sent."""
        return Text(f"widget-{self.name}", {"widget.js": self.source, "widget.css": self.style})


@dataclass(frozen=True)
class Text(BrowserHalf):
    """Files that are texts in memory, sent like those of a `underglass.extensions.Module`."""

    name: str
    texts: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits over all of them."""
        return hashlib.sha256("\0".join(f"{name}\0{text}" for name, text in self.texts.items()).encode()).hexdigest()[:16]

    def address(self, file: str) -> str:
        """Where a page finds one, relative to the page."""
        return f"{PREFIX}/{self.name}/{self.digest}/{file}"

    def content(self, file: str) -> bytes | None:
        """Bytes of a file; None if there is none of that name."""
        return self.texts[file].encode() if file in self.texts else None


def packed(value: Any) -> Any:
    """A value as plain JSON.

    Examples
    --------
    >>> packed({"a": b"hi", "b": float("inf")})
    {'a': {'$bytes': 'aGk='}, 'b': {'$number': 'Infinity'}}
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return {BYTES: base64.b64encode(bytes(value)).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {NUMBER: "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, Mapping):
        return {str(key): packed(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set):
        return [packed(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def unpacked(value: Any) -> Any:
    """The value again.

    Examples
    --------
    >>> unpacked(packed([b"hi", 1.5]))
    [b'hi', 1.5]
    """
    if isinstance(value, Mapping):
        if set(value) == {BYTES} and isinstance(value[BYTES], str):
            return base64.b64decode(value[BYTES])
        if set(value) == {NUMBER}:
            return float(str(value[NUMBER]).replace("Infinity", "inf"))
        return {key: unpacked(part) for key, part in value.items()}
    return [unpacked(part) for part in value] if isinstance(value, list) else value


def packed_message(message: Mapping[str, Any], buffers: Sequence[Any] | None) -> dict[str, Any]:
    """A message of a widget with its buffers put back where they belong."""
    method = message.get("method")
    found: dict[str, Any] = {"method": "update" if method == "echo_update" else str(method)}
    if "state" in message:
        state = packed(message["state"])
        for path, buffer in zip(message.get("buffer_paths") or [], buffers or [], strict=False):
            at = state
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = packed(buffer)
        found["state"] = {key: value for key, value in state.items() if not key.startswith("_") and key not in NOT_STATE}
    else:
        found["content"] = packed(message.get("content"))
        found["buffers"] = [packed(buffer) for buffer in buffers or []]
    return found


def _text(given: Any, name: str) -> str:
    text = str(given or "")
    if len(text) > LONGEST:
        raise DataError(f"the module or style of the widget {name!r} has more than {LONGEST:,} characters")
    return text
