"""Is every file of a case still what was written? Compares the bytes on the disk with the hashes that were recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from underglass.errors import CaseError
from underglass.store import npy
from underglass.store.fingerprints import hash_bytes, hash_file
from underglass.store.journal import FILE as EDITS
from underglass.store.journal import Journal
from underglass.store.manifest import FILE, read_manifest
from underglass.store.model_folder import LOG, PROBABILITIES, ModelFolder
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
        if not _is(folder / path, recorded):
            bad.append(path)
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
    bad = [name for name, recorded in model.files.items() if name != PROBABILITIES and not _is(folder / name, recorded)]
    length, recorded = model.log
    try:
        data = (folder / LOG).read_bytes()[:length]
    except OSError:
        data = b""
    if hash_bytes(data) != recorded:
        return [*bad, LOG]
    try:
        npy.open_array(folder / PROBABILITIES, dtype=np.float32, shape=(model.instances, len(model.record.classes)))
        if hash_file(folder / PROBABILITIES) != model.files.get(PROBABILITIES):
            bad.append(PROBABILITIES)
    except CaseError:
        bad.append(PROBABILITIES)
    return bad + [name for name, value in model.expected_files() if not _is(folder / name, value)]


def _is(path: Path, recorded: str) -> bool:
    return path.is_file() and hash_file(path) == recorded
