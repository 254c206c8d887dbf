"""Which case is open? One at a time: the server follows its news, and the start page may switch it."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from underglass.errors import CaseError
from underglass.hosts.answering import NotFound, ServedCase
from underglass.hosts.server.events import Events
from underglass.wire import ServerEvent


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
        self._users_guard = threading.Lock()
        self._users: Counter[int] = Counter()
        self._leaving: set[int] = set()
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

    @contextmanager
    def using(self) -> Iterator[ServedCase]:
        """The open case for as long as one answer takes: if another is opened meanwhile, this one is closed after that.

        Raises
        ------
        NotFound
            If none is open.
        """
        with self._users_guard:
            case = self.case
            self._users[id(case)] += 1
        try:
            yield case
        finally:
            with self._users_guard:
                self._users[id(case)] -= 1
                last = not self._users[id(case)] and id(case) in self._leaving
                if last:
                    self._leaving.discard(id(case))
            if last:
                case.close()

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
            self._close_unused(before)

    def sync(self) -> None:
        """Take in what other processes edited."""
        if self.is_open:
            with self.using() as case:
                case.sync()

    def hello(self) -> ServerEvent:
        """Where things stand."""
        case = self._case
        event = ServerEvent(type="hello") if case is None else case.greeting()
        event["session"] = self.session
        return event

    def close(self) -> None:
        """Stop following; a case that was opened here is closed."""
        with self._guard:
            case, mine = self._case, self._opened_here
            self._let_go()
        if case is not None and mine:
            self._close_unused(case)

    def _close_unused(self, case: ServedCase) -> None:
        with self._users_guard:
            used = self._users[id(case)] > 0
            if used:
                self._leaving.add(id(case))
        if not used:
            case.close()

    def _hold(self, case: ServedCase, *, opened_here: bool) -> None:
        self._case, self._opened_here = case, opened_here
        self.session = secrets.token_hex(8)
        assert case.serving.version  # the tables are made now, not while a page waits
        self._stops = [case.follow(self._events.tell)]

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
