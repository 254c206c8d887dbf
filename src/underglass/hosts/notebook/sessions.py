"""Who answers the widgets of a case? One session, in threads of its own, so that neither a cell nor the kernel's loop is held up.

Only what a page picks is taken where its message arrives, so that a cell that is run next finds it.

A page asks through any widget of the case; the answer goes back through the same one. News go to every page that listens,
through the widget it listened with last. Messages of a page::

    {"id": "<page>-7", "ask": "query", …}      as in `underglass.hosts.answering`
    {"id": …, "ask": "listen", "page": "<page>"}    from now on tell this page the news; gives the greeting
    {"id": …, "ask": "ping"}                        is anybody there?
    {"ask": "abort", "id": "<page>-7"}              nobody waits for that answer any more
    {"id": …, "ask": "parts", "runtime": …, "names": […]}    the code of views
    {"ask": "runtime", "hash": …}                   the code that draws first, and which parts the other parts need
    {"ask": "picture", "words": …} + PNG            how the view looks, for where no kernel runs

Answers are ``{"id", "json", "type", "version"}`` with buffers, or ``{"id", "error", "status", …}``; news ``{"news", "serial"}``.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
import threading
import weakref
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Protocol

from underglass.errors import UnderglassError
from underglass.hosts.answering import ServedCase, answer, refusal, to_json
from underglass.hosts.notebook.drawing import drawing
from underglass.serving import Stop
from underglass.wire import ServerEvent

THREADS = 8
MOST_PAGES = 16
"""Pages that are told the news; the one that listened longest ago is forgotten first."""
LOOKED_AT_EVERY = 1.0
"""Seconds between two looks for edits that other processes made to the case."""
Reject = (UnderglassError, ValueError, TypeError)


class Carrier(Protocol):
    """What a session needs of a widget."""

    def send(self, content: Mapping[str, Any], buffers: Sequence[bytes] | None = None) -> None:
        """Send a message to the page."""

    def keep_picture(self, picture: bytes, words: str) -> None:
        """Keep how the view looks."""


class Session:
    """A case and its widgets.

    Parameters
    ----------
    case
        That they show.
    key
        The same for the same case after the kernel was started anew, so that a page knows it again.
    """

    def __init__(self, case: ServedCase, key: str) -> None:
        self.case, self.key = case, key
        self.token = secrets.token_hex(8)
        self._pages: OrderedDict[str, Carrier] = OrderedDict()
        self._stops: dict[str, Stop] = {}
        self._serials = itertools.count(1)
        self._guard = threading.Lock()
        self._closed = threading.Event()
        assert case.serving.version  # the tables are made now, in the person's own thread
        self._stop_following = case.follow(self._tell)

    def receive(self, widget: Carrier, content: Any, buffers: Sequence[Any]) -> None:
        """Take a message of a page; returns at once, unless functions of a person's follow the selection."""
        if not isinstance(content, Mapping):
            return
        ask = content.get("ask")
        if ask == "abort":
            stop = self._stops.get(str(content.get("id")))
            if stop is not None:
                stop.set()
        elif ask == "runtime":
            _threads().submit(_send_drawing, widget, content.get("hash"))
        elif ask == "picture" and len(buffers) == 1:
            _threads().submit(widget.keep_picture, bytes(buffers[0]), str(content.get("words", "")))
        elif isinstance(content.get("id"), str):
            stop = self._stops[content["id"]] = Stop()
            if ask == "select":
                self._answer(widget, dict(content), stop)  # here and now, so that a cell run after it finds it
            else:
                _threads().submit(self._answer, widget, dict(content), stop)

    def _answer(self, widget: Carrier, asked: dict[str, Any], stop: Stop) -> None:
        number = asked["id"]
        try:
            if asked.get("ask") == "ping":
                widget.send({"id": number, "json": True})
            elif asked.get("ask") == "listen":
                widget.send({"id": number, "json": self._listen(widget, str(asked.get("page")))})
            elif asked.get("ask") == "parts":
                widget.send({"id": number, "json": None}, [drawing().parts(asked.get("runtime"), asked.get("names"))])
            else:
                reply = answer(self.case, asked, stop=stop)
                to_json(reply.json)  # what is no JSON is an error here, not silence in the browser
                said = {"id": number, "json": reply.json, "type": reply.type, "version": reply.version}
                widget.send(said, list(reply.buffers))
        except Exception as error:  # noqa: BLE001 - whatever breaks an answer is said to the page that waits for it
            status, body = refusal(error)
            widget.send({**body, "id": number, "status": status})
        finally:
            self._stops.pop(number, None)

    def _listen(self, widget: Carrier, page: str) -> ServerEvent:
        if self._closed.is_set():
            return ServerEvent(type="closed")
        with self._guard:
            first = not self._pages
            self._pages.pop(page, None)
            self._pages[page] = widget
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)
        if first:
            threading.Thread(target=self._look, name="underglass notebook", daemon=True).start()
        self.case.sync()
        event = self.case.greeting()
        event["session"] = self.token
        return event

    def _tell(self, event: ServerEvent) -> None:
        if event["type"] == "closed":
            self._closed.set()
        serial = next(self._serials)
        with self._guard:
            widgets = {id(widget): widget for widget in self._pages.values()}
        for widget in widgets.values():
            widget.send({"news": event, "serial": serial})

    def _look(self) -> None:
        """Take in edits of other processes until the case is closed."""
        while not self._closed.wait(LOOKED_AT_EVERY):
            try:
                self.case.sync()
            except Reject:
                continue  # what is wrong with the case is said to who asks for it


def session_of(case: ServedCase) -> Session:
    """The session of a case, made when first asked for."""
    with _sessions_guard:
        found: Session | None = case.__dict__.get("notebook_session")
        if found is None:
            found = Session(case, _key(case))
            case.__dict__["notebook_session"] = found
        return found


_sessions_guard = threading.Lock()
_keys: dict[str, weakref.ref[ServedCase]] = {}


def _key(case: ServedCase) -> str:
    """The case's own name for pages: of its path and data; a second open copy gets a number."""
    folder = case.folder
    said = f"{folder.path.resolve()}\0{folder.manifest.data_fingerprint}"
    base = hashlib.blake2b(said.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    for number in itertools.count(1):
        key = base if number == 1 else f"{base}-{number}"
        held = _keys.get(key)
        other = held() if held is not None else None
        if other is None or other is case or other.__dict__["notebook_session"]._closed.is_set():
            _keys[key] = weakref.ref(case)
            return key
    raise AssertionError


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="underglass notebook")


def _send_drawing(widget: Carrier, wanted: Any) -> None:
    have = drawing()
    if wanted == have.hash:
        widget.send({"runtime": have.hash, "needs": have.needs}, [have.first])
