"""Is every file of a case still what was written? Compares the bytes on the disk with the hashes that were recorded."""

from __future__ import annotations

from pathlib import Path

from underglass.errors import CaseError
from underglass.store.fingerprints import hash_bytes, hash_file
from underglass.store.journal import FILE as EDITS
from underglass.store.journal import Journal
from underglass.store.manifest import FILE, SEALED, read_manifest
from underglass.store.media import MediaStore
from underglass.store.model_folder import LOG, ModelFolder
from underglass.store.names import to_folder
from underglass.store.results import ResultStore


def verify(folder: Path) -> list[str]:
    """Paths, relative to the case, of files that are missing, cut short or changed; ``case.json`` itself included.

    Raises
    ------
    CaseError
        If ``case.json`` cannot be read at all.
    """
    manifest, sealed = read_manifest(folder)
    bad = [] if sealed else [FILE]
    for path, recorded in manifest.files.items():
        if not ((folder / path).is_file() if recorded == SEALED else _is(folder / path, recorded)):
            bad.append(path)
    bad += [f"media/{name}" for name in MediaStore(folder / "media", manifest.instances).verify()]
    for name in manifest.models:
        bad += [f"models/{to_folder(name)}/{path}" for path in _model(folder / "models" / to_folder(name))]
    bad += [f"results/{path}" for path in ResultStore(folder / "results").verify()]
    if not (folder / EDITS).is_file():
        bad.append(EDITS)
    else:
        try:
            with Journal(folder / EDITS, instances=manifest.instances, data_fingerprint=manifest.data_fingerprint) as journal:
                if journal.verify() is not None:
                    bad.append(EDITS)
        except CaseError:
            bad.append(EDITS)
    return sorted(set(bad))


def _model(folder: Path) -> list[str]:
    try:
        model = ModelFolder(folder)
    except CaseError:
        return ["model.json"]
    if not model.record.done:
        return []
    bad = [name for name, recorded in model.files.items() if not _is(folder / name, recorded)]
    length, recorded = model.log
    try:
        data = (folder / LOG).read_bytes()[:length]
        shards = list(model.expected_files())
    except (OSError, KeyError):
        return [*bad, LOG]
    if hash_bytes(data) != recorded:
        bad.append(LOG)
    return bad + [name for name, value in shards if not _is(folder / name, value)]


def _is(path: Path, recorded: str) -> bool:
    return path.is_file() and hash_file(path) == recorded
