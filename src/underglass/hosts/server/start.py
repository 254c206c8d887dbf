"""Which cases were opened on this machine, and may this one be opened from a page?

The list is kept in the person's state folder. A page may open what is in the list, or what lies under a folder that was
named when the server was started; opening reads a folder and never runs code.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from underglass.errors import CaseError, UnderglassError
from underglass.store import CaseFolder
from underglass.wire import DemoInfo, InstanceKind, RecentCase, StartInfo

MOST_KEPT = 50
WANTED = RecentCase.__required_keys__


def state_folder() -> Path:
    """Where this program keeps what it remembers between runs, by each system's custom."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        given = os.environ.get("XDG_STATE_HOME", "")
        base = Path(given) if Path(given).is_absolute() else Path.home() / ".local" / "state"
    return base / "underglass"


class Recent:
    """The cases that were opened here, the last one first.

    Parameters
    ----------
    folder
        Where the list is kept.
    roots
        Folders whose cases may be opened from a page though they are not in the list.
    demos
        Cases that can be made here.
    """

    def __init__(self, folder: Path | None = None, *, roots: Sequence[Path] = (), demos: Sequence[DemoInfo] = ()) -> None:
        self._file = (folder or state_folder()) / "recent.json"
        self._roots = [root.resolve() for root in roots]
        self._demos = list(demos)

    @property
    def home(self) -> Path:
        """Where a case that a page asks for is made: the first folder named, else the person's state folder."""
        return self._roots[0] if self._roots else self._file.parent / "cases"

    def info(self) -> StartInfo:
        """What the start page shows; cases that are gone are left out."""
        return StartInfo(
            recent=[case for case in self._read() if (Path(case["path"]) / "case.json").is_file()], demos=self._demos
        )

    def add(self, folder: CaseFolder) -> None:
        """Put a case on top of the list; a list that cannot be written is no reason not to open the case."""
        entry = describe(folder)
        others = [case for case in self._read() if case["path"] != entry["path"]]
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(f".{os.getpid()}.part")
            part.write_text(json.dumps([entry, *others][:MOST_KEPT], ensure_ascii=False, indent=1), encoding="utf-8")
            part.replace(self._file)

    def allowed(self, path: Any) -> Path:
        """The folder a page asks to open.

        Raises
        ------
        CaseError
            If it was never opened here and lies outside the folders named, or is no case.
        """
        if not isinstance(path, str) or not path or "\0" in path:
            raise CaseError("the path of a case is a text")
        try:
            place = Path(path).resolve()
        except (OSError, RuntimeError, ValueError):
            raise CaseError("this is no path") from None
        known = {Path(case["path"]).resolve() for case in self._read()}
        if place not in known and not any(place.is_relative_to(root) for root in self._roots):
            raise CaseError(
                f"{place.name} was not opened on this machine before: open it once with `underglass open {place.name}`"
            )
        if not (place / "case.json").is_file():
            raise CaseError(f"{place.name} is no longer there")
        return place

    def _read(self) -> list[RecentCase]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        listed = found if isinstance(found, list) else []
        return [cast(RecentCase, case) for case in listed if isinstance(case, dict) and case.keys() >= WANTED]


def describe(folder: CaseFolder) -> RecentCase:
    """A case as the start page lists it."""
    manifest = folder.manifest
    record = None
    with contextlib.suppress(UnderglassError):
        record = folder.model().record
    return RecentCase(
        name=manifest.name,
        path=str(folder.path.resolve()),
        model=None if record is None else record.name,
        kind=cast(InstanceKind, manifest.kind),
        instances=manifest.instances,
        classes=len(manifest.classes),
        accuracy_stated=None if record is None else record.accuracy_stated,
        accuracy_captured=None if record is None else record.accuracy_captured,
        edits=folder.journal.sequence,
        opened=datetime.now(UTC).isoformat(timespec="seconds"),
    )
