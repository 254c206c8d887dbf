"""What stands in a cell? A small widget: it carries names, never data, and a stub that asks for the drawing code."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from underglass.errors import needs
from underglass.hosts.notebook.drawing import drawing, stub
from underglass.hosts.notebook.sessions import Session

try:
    import anywidget
    import traitlets
except ModuleNotFoundError as missing:
    raise needs("anywidget", "notebook") from missing


class CaseWidget(anywidget.AnyWidget):  # type: ignore[misc]
    """One view or page of a case, drawn in the browser.

    Its state is small: the name of its session, what stands on it, and how large. Everything else travels in messages.
    """

    _esm = stub()
    name = traitlets.Unicode().tag(sync=True)
    session = traitlets.Unicode().tag(sync=True)
    runtime = traitlets.Unicode().tag(sync=True)
    page = traitlets.Dict().tag(sync=True)
    chrome = traitlets.Unicode("bar").tag(sync=True)
    width = traitlets.Int(None, allow_none=True).tag(sync=True)
    height = traitlets.Int(None, allow_none=True).tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)
    picture = traitlets.Unicode("").tag(sync=True)
    """A data URL in a saved notebook; always empty while the kernel runs."""

    def __init__(self, session: Session, page: Mapping[str, Any], **settings: Any) -> None:
        self._session = session
        self._sending = threading.Lock()
        self.pictured: Callable[[bytes, str], None] | None = None
        """Called with a PNG and words each time the view has sent how it looks."""
        name = uuid4().hex
        super().__init__(model_id=name, name=name, session=session.key, runtime=drawing().hash, page=dict(page), **settings)
        _answer_where_asked(self.comm)
        self.on_msg(lambda widget, content, buffers: session.receive(self, content, buffers))

    def send(self, content: Mapping[str, Any], buffers: Sequence[bytes] | None = None) -> None:
        """Send a message to the page; from any thread."""
        if self.comm is not None:
            with self._sending:
                super().send(dict(content), list(buffers or []))

    def _ipython_display_(self) -> None:
        from underglass.hosts.notebook.showing import display

        display(self)

    def keep_picture(self, picture: bytes, words: str) -> None:
        """Hand the picture that the page has sent to whoever keeps it."""
        if self.pictured is not None:
            self.pictured(picture, words)


def _answer_where_asked(comm: Any) -> None:
    """Leave the page's messages in the subshell it chose.

    ipykernel 7.4 sends them to the loop that sent the comm's last message, which for a new widget is the one that runs the
    cell: views would wait for the cell's end though the kernel has subshells.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default
