"""What is in a case, by its own word? ``case.json``: schema, names, counts, and the hash of every file that must not change.

The file carries a seal, the hash of all its other fields, so that an edit by hand is seen. It is only ever replaced whole,
under the case's lock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any

from underglass.errors import CaseError
from underglass.store.locks import locked
from underglass.store.sealed import open_sealed, write_sealed

SCHEMA = 1
FILE = "case.json"
LOCK = ".lock"
SEALED = "sealed"
LIBRARIES = ("underglass", "numpy", "pyarrow")


@dataclass(frozen=True)
class Manifest:
    """The content of ``case.json``.

    Parameters
    ----------
    classes
        Names of the labels, in the order of their codes.
    instances
        How many.
    source
        Plain JSON about where the instances came from (reader, description, root).
    data_fingerprint
        Of ids and bytes of the data.
    skipped
        ``(id, reason)`` of instances that could not be read and are not in the case.
    models
        Names in the order of their capture.
    files
        Hash by path inside the case; ``"sealed"`` for a file that carries the hash of its own content.
    created
        ISO time, UTC.
    versions
        Of the libraries that made the case.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    instances: int
    source: Mapping[str, Any]
    data_fingerprint: str
    skipped: tuple[tuple[str, str], ...] = ()
    models: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    @property
    def identity(self) -> str:
        """Tells this case from one with another name or other data; the same after a restart, and where it is captured anew."""
        said = f"{self.name}\0{self.data_fingerprint}"
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def now() -> str:
    """The time as it is written everywhere: ISO, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def library_versions() -> dict[str, str]:
    """Versions of the libraries that decide how files are written."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace ``case.json``."""
    write_sealed(folder / FILE, asdict(manifest))


def read_manifest(folder: Path) -> tuple[Manifest, bool]:
    """The manifest, and whether it is as it was written.

    Raises
    ------
    CaseError
        If the folder is no case, the file cannot be read, or a newer underglass wrote it.
    """
    path = folder / FILE
    if not folder.exists():
        raise CaseError(f"there is no case at {folder}")
    if not path.is_file():
        raise CaseError(f"{folder} is not a case: it has no {FILE}")
    try:
        fields, whole = open_sealed(path.read_bytes())
        schema = _count(fields["schema"])
        if schema > SCHEMA:
            raise CaseError(
                f"{folder} was made by a newer underglass (schema {schema}; this one reads up to {SCHEMA}): upgrade underglass"
            )
        return _manifest(fields), whole
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise CaseError(f"{path} is damaged ({reason}): restore it from a copy of the case") from error


def change_manifest(folder: Path, change: Callable[[Manifest], Manifest]) -> Manifest:
    """Read, change and replace ``case.json`` while no other process does."""
    with locked(folder / LOCK):
        manifest, _ = read_manifest(folder)
        changed = change(manifest)
        if changed != manifest:
            write_manifest(folder, changed)
        return changed


def _manifest(fields: Mapping[str, Any]) -> Manifest:
    """The manifest of plain fields; raises ValueError, KeyError, TypeError or AttributeError if they are none."""
    return Manifest(
        name=_text(fields["name"]),
        kind=_text(fields["kind"]),
        classes=tuple(_text(name) for name in fields["classes"]),
        instances=_count(fields["instances"]),
        source=dict(fields["source"]),
        data_fingerprint=_text(fields["data_fingerprint"]),
        skipped=tuple((_text(one), _text(reason)) for one, reason in fields["skipped"]),
        models=tuple(_text(name) for name in fields["models"]),
        files={_inside(path): _text(value) for path, value in fields["files"].items()},
        created=_text(fields["created"]),
        versions={_text(name): _text(value) for name, value in fields["versions"].items()},
        schema=fields["schema"],
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{value!r} is no count")
    return value


def _inside(path: Any) -> str:
    if PurePosixPath(_text(path)).is_absolute() or ".." in PurePosixPath(path).parts or "\\" in path or ":" in path:
        raise ValueError(f"{path!r} leads out of the case")
    return str(path)
