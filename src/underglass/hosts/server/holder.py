"""Which case is open? One at a time: the server follows its news, and the start page may switch it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from underglass.errors import CaseError
from underglass.hosts.server.answers import NotFound
from underglass.hosts.server.events import Events
from underglass.jobs import Jobs
from underglass.serving import Serving
from underglass.store import CaseFolder
from underglass.wire import CaseInfo, EditAnswer, InstanceDetail, ServerEvent


class HasCalls(Protocol):
    """What the server needs of a view."""

    @property
    def calls(self) -> Mapping[str, Callable[..., Any]]:
        """What its browser half may ask: functions of (case, **arguments) that give plain JSON, or bytes."""


class ServedCase(Protocol):
    """What the server needs of a case."""

    folder: CaseFolder

    @property
    def serving(self) -> Serving:
        """The tables that browsers ask."""

    @property
    def jobs(self) -> Jobs:
        """The queue of long work."""

    @property
    def views(self) -> Mapping[str, HasCalls]:
        """The views by name."""

    def info(self, author: str | None = None) -> CaseInfo:
        """The case's card."""

    def instance(self, row: int, layer: str | None = None) -> InstanceDetail:
        """What the side panel shows."""

    def edit(
        self,
        op: str,
        *,
        where: Mapping[str, Any] | None = None,
        rows: Any = None,
        value: Any = None,
        seen: Any = None,
        author: str | None = None,
    ) -> EditAnswer:
        """Make one edit."""

    def undo(self, author: str | None = None) -> EditAnswer:
        """Take back the last edit."""

    def redo(self, author: str | None = None) -> EditAnswer:
        """Do it again."""

    def use_model(self, name: str) -> None:
        """Make another model the active one."""

    def sync(self) -> int:
        """Take in edits of other processes; the data version after it."""

    def listen(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Hear of every new data version."""

    def close(self) -> None:
        """Let go of files, tables and threads."""


class Holder:
    """The open case, if any.

    Parameters
    ----------
    case
        To begin with; it belongs to who made it and is not closed here.
    events
        Told of its versions and jobs.
    """

    def __init__(self, case: ServedCase | None, events: Events) -> None:
        self._events = events
        self._guard = threading.Lock()
        self._case: ServedCase | None = None
        self._stops: list[Callable[[], None]] = []
        self._opened_here = False
        self.session = ""
        if case is not None:
            self._hold(case, opened_here=False)

    @property
    def case(self) -> ServedCase:
        """The open case.

        Raises
        ------
        NotFound
            If none is open: the page then shows the start page.
        """
        if self._case is None:
            raise NotFound("no case is open: choose one on the start page")
        return self._case

    @property
    def is_open(self) -> bool:
        """Whether a case is open."""
        return self._case is not None

    def switch(self, path: Path, opener: Callable[[Path], ServedCase]) -> None:
        """Open another case; all pages are told to show it. The one before stays open if that fails."""
        with self._guard:
            case = opener(path)
            try:
                case.info()
            except BaseException:
                case.close()
                raise
            before, mine = self._case, self._opened_here
            self._let_go()
            self._hold(case, opened_here=True)
        self._events.tell(ServerEvent(type="case", session=self.session))
        if before is not None and mine:
            before.close()

    def sync(self) -> None:
        """Take in what other processes edited."""
        if self._case is not None:
            self._case.sync()

    def hello(self) -> ServerEvent:
        """Where things stand."""
        event = ServerEvent(type="hello", session=self.session)
        if self._case is not None:
            event["version"] = self._case.serving.version
        return event

    def close(self) -> None:
        """Stop following; a case that was opened here is closed."""
        with self._guard:
            case, mine = self._case, self._opened_here
            self._let_go()
        if case is not None and mine:
            case.close()

    def _hold(self, case: ServedCase, *, opened_here: bool) -> None:
        self._case, self._opened_here = case, opened_here
        self.session = secrets.token_hex(8)
        assert case.serving.version  # the tables are made now, not while a page waits
        self._stops = [
            case.listen(lambda version: self._events.tell(ServerEvent(type="version", version=version))),
            case.jobs.listen(lambda job: self._events.tell(ServerEvent(type="job", job=job.info()))),
        ]

    def _let_go(self) -> None:
        for stop in self._stops:
            stop()
        self._case, self._stops = None, []


def opener() -> Callable[[Path], ServedCase]:
    """How a case is opened from its folder; no code in it is run."""
    from underglass.case import Case

    def open_case(path: Path) -> ServedCase:
        if not path.is_dir():
            raise CaseError(f"{path.name} is no longer there")
        return Case.open(path)

    return open_case
