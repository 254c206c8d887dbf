"""Who acts? A viewer looks, an annotator edits, the owner does everything; asked where something changes, whatever way it came.

Python's own callers are owners. A host that lets other people in says who acts before it does what they ask for::

    with acting(Person("annotator", "ana")):
        case.tag([1, 2], "odd")
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from underglass.errors import RoleError

Role = Literal["viewer", "annotator", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "annotator", "owner")
"""From the least to the most that one may do."""


@dataclass(frozen=True)
class Person:
    """Somebody at a page.

    Parameters
    ----------
    role
        What they may do.
    name
        Who they are where the host knows it, which then signs their edits; None where they say so themselves.
    """

    role: Role
    name: str | None = None


_OWNER = Person("owner")
_acting: ContextVar[Person] = ContextVar("underglass_acting", default=_OWNER)


def who() -> Person:
    """Who acts in this thread or task."""
    return _acting.get()


@contextmanager
def acting(person: Person) -> Iterator[None]:
    """What is done within is done by a person."""
    token = _acting.set(person)
    try:
        yield
    finally:
        _acting.reset(token)


def may(least: Role) -> bool:
    """Whether who acts has at least a role.

    Examples
    --------
    >>> with acting(Person("annotator")):
    ...     may("viewer"), may("annotator"), may("owner")
    (True, True, False)
    """
    return ROLES.index(who().role) >= ROLES.index(least)


def require(least: Role, what: str) -> None:
    """Refuse who may not.

    Parameters
    ----------
    least
        The role it takes.
    what
        What they wanted to do, as in "you may not …".

    Raises
    ------
    RoleError
        If who acts has a lesser role; says which one it takes.

    Examples
    --------
    >>> with acting(Person("viewer")):
    ...     require("annotator", "change it")
    Traceback (most recent call last):
    ...
    underglass.errors.RoleError: you may look at this case but not change it: it takes an annotator, and you are a viewer
    """
    if may(least):
        return
    article = "the" if least == "owner" else "an"
    mine = who().role
    done = "look at this case" if mine == "viewer" else "edit this case"
    raise RoleError(f"you may {done} but not {what}: it takes {article} {least}, and you are a{'n' * (mine[0] in 'ao')} {mine}")
