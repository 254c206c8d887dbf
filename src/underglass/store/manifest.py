"""What is in a case, by its own word? ``case.json``: schema, names, counts, and the hash of every file that must not change.

The file carries a seal, the hash of all its other fields, so that an edit by hand is seen. It is only ever replaced whole,
under the case's lock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from underglass.errors import CaseError
from underglass.store.fingerprints import hash_json
from underglass.store.locks import locked
from underglass.store.writing import write_json

SCHEMA = 1
FILE = "case.json"
LOCK = ".lock"
LIBRARIES = ("underglass", "numpy", "pyarrow")


@dataclass(frozen=True)
class Manifest:
    """The content of ``case.json``.

    Parameters
    ----------
    classes : names of the labels, in the order of their codes.
    instances : how many.
    source : plain JSON about where the instances came from (reader, description, root).
    data_fingerprint : of ids and bytes of the data.
    skipped : ``(id, reason)`` of instances that could not be read and are not in the case.
    models : names in the order of their capture.
    files : hash by path inside the case.
    created : ISO time, UTC.
    versions : of the libraries that made the case.
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

    def seal(self) -> str:
        """The hash that ``case.json`` must carry to be as it was written."""
        return hash_json(asdict(self))


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
    write_json(folder / FILE, {**asdict(manifest), "seal": manifest.seal()})


def read_manifest(folder: Path) -> tuple[Manifest, bool]:
    """The manifest, and whether it still bears the seal it was written with.

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
        fields = json.loads(path.read_bytes())
        schema = fields["schema"]
        if type(schema) is not int or schema < 1:
            raise ValueError(f"schema is {schema!r}")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CaseError(f"{path} is damaged ({_reason(error)}): restore it from a copy of the case") from error
    if schema > SCHEMA:
        raise CaseError(
            f"{folder} was made by a newer underglass (schema {schema}; this one reads up to {SCHEMA}): upgrade underglass to open it"
        )
    try:
        seal = fields.pop("seal", None)
        manifest = Manifest(
            **{
                **fields,
                "name": str(fields["name"]),
                "classes": tuple(str(name) for name in fields["classes"]),
                "instances": _count(fields["instances"]),
                "skipped": tuple((str(one), str(reason)) for one, reason in fields["skipped"]),
                "models": tuple(str(name) for name in fields["models"]),
                "files": {str(name): str(value) for name, value in fields["files"].items()},
            }
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CaseError(f"{path} is damaged ({_reason(error)}): restore it from a copy of the case") from error
    return manifest, seal == manifest.seal()


def change_manifest(folder: Path, change: Callable[[Manifest], Manifest]) -> Manifest:
    """Read, change and replace ``case.json`` while no other process does."""
    with locked(folder / LOCK):
        manifest, _ = read_manifest(folder)
        changed = change(manifest)
        if changed != manifest:
            write_manifest(folder, changed)
        return changed


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"instances is {value!r}")
    return value


def _reason(error: Exception) -> str:
    return f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error) or type(error).__name__
