"""Which extensions are installed? A broken one is reported with its reason and never stops the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from underglass.errors import DataError, unknown
from underglass.wire import BrokenInfo

VIEWS, ANALYSES, READERS, INSTANCES = "underglass.views", "underglass.analyses", "underglass.readers", "underglass.instances"
GROUPS = (VIEWS, ANALYSES, READERS, INSTANCES)
LONGEST_REASON = 300


@dataclass(frozen=True)
class Broken:
    """An extension that cannot be used: its name, its group's last word, the package that brings it, and why."""

    name: str
    kind: str
    package: str
    reason: str

    def info(self) -> BrokenInfo:
        """As pages are told of it."""
        return BrokenInfo(name=self.name, kind=self.kind, package=self.package, reason=self.reason)

    def __str__(self) -> str:
        return f"the {self.kind} {self.name!r} of {self.package} cannot be used: {self.reason}"


@dataclass(frozen=True)
class Found:
    """What a group's entry points hold, by name, who brings each (package and version), and those that are broken."""

    loaded: dict[str, Any] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    bringers: dict[str, tuple[str, str]] = field(default_factory=dict)


def find(group: str, check: Callable[[str, Any], str | None] = lambda name, loaded: None, *, together: bool = False) -> Found:
    """All extensions of a group.

    Parameters
    ----------
    group : one of `GROUPS`.
    check : says what is wrong with what an entry point holds, or None.
    together : whether two packages may bring one of the same name; the second, by the name of its package, is then
        called ``name@package``. Else it is broken.
    """
    found = Found()
    for entry in sorted(entry_points(group=group), key=lambda entry: package_of(entry).lower()):
        loaded, reason = _loaded(entry, check)
        package = package_of(entry)
        name = entry.name if not together or entry.name not in found.loaded else f"{entry.name}@{package}"
        if reason is None and name in found.loaded:
            reason = f"another package brings one of the name {name!r}"
        if reason is None:
            found.loaded[name] = loaded
            found.bringers[name] = (package, entry.dist.version if entry.dist is not None else "")
        else:
            found.broken.append(Broken(entry.name, kind_of(group), package, reason[:LONGEST_REASON]))
    return found


def load(group: str, name: str) -> Any:
    """One extension.

    Raises
    ------
    DataError
        None of that name is installed, or it cannot be loaded; says why.
    """
    named = {entry.name: entry for entry in entry_points(group=group)}
    if name not in named:
        raise DataError(unknown(kind_of(group), name, sorted(named)))
    loaded, reason = _loaded(named[name], lambda name, loaded: None)
    if reason is not None:
        raise DataError(str(Broken(name, kind_of(group), package_of(named[name]), reason)))
    return loaded


def kind_of(group: str) -> str:
    """What a group holds, in words.

    Examples
    --------
    >>> kind_of("underglass.views"), kind_of("underglass.analyses"), kind_of("underglass.instances")
    ('view', 'analysis', 'instance renderer')
    """
    return {VIEWS: "view", ANALYSES: "analysis", READERS: "reader", INSTANCES: "instance renderer"}[group]


def package_of(entry: EntryPoint) -> str:
    """The package that brings an entry point."""
    return entry.dist.name if entry.dist is not None else entry.value.partition(":")[0]


def _loaded(entry: EntryPoint, check: Callable[[str, Any], str | None]) -> tuple[Any, str | None]:
    try:
        loaded = entry.load()
        return loaded, check(entry.value, loaded)
    except Exception as error:  # noqa: BLE001 - anything may be wrong in other people's code; it is reported
        return None, f"{type(error).__name__}: {error}".strip()
    except SystemExit as error:
        return None, f"it ends Python when it is imported ({error})"
