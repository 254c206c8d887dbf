"""Which results are kept, and do they still hold?

A result is arrays and plain JSON, kept under its analysis and a key, with the hashes of the arrays it was computed
from. Whether it still holds is decided by these hashes alone: an edit that changes none of them stales nothing.

::

    results/<analysis>/<key>/result.json         replaced last, atomically: it names the files of the arrays
    results/<analysis>/<key>/<array>-<hash>.npy
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from underglass.errors import CaseError, DataError
from underglass.store import npy
from underglass.store.fingerprints import hash_array, hash_file
from underglass.store.locks import locked
from underglass.store.manifest import now
from underglass.store.names import to_folder
from underglass.store.sealed import read_sealed, write_sealed
from underglass.store.writing import PART, disk_errors, sync_file, write_file

FILE = "result.json"
LOCK = ".lock"


@dataclass(frozen=True)
class StoredResult:
    """A result as it was put: arrays (mapped read-only), JSON, the hashes of its inputs, and when (ISO, UTC)."""

    analysis: str
    key: str
    arrays: Mapping[str, np.ndarray[Any, Any]]
    meta: Any
    inputs: Mapping[str, str]
    created: str


class ResultStore:
    """The results of a case; `path` is its ``results`` folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(
        self, analysis: str, key: str, arrays: Mapping[str, np.ndarray[Any, Any]], meta: Any, inputs: Mapping[str, str]
    ) -> StoredResult:
        """Keep a result, in place of an earlier one under the same key: a reader sees the old or the new one, whole.

        Parameters
        ----------
        analysis, key
            What computed it, and which of its results this is; any text.
        arrays
            By name; numbers, truth values or fixed-width text of any shape.
        meta
            Plain JSON (no NaN).
        inputs
            Hash by name of every array it was computed from.

        Raises
        ------
        DataError
            If `meta` is not plain JSON or an array holds Python objects.
        CaseError
            If the disk is full; the earlier result stays.
        """
        fields: dict[str, Any] = {
            "analysis": analysis,
            "key": key,
            "created": now(),
            "meta": meta,
            "inputs": dict(inputs),
            "arrays": {},
        }
        _check_json(fields)
        for name, array in arrays.items():
            if np.asarray(array).dtype.hasobject:
                raise DataError(
                    f"array {name!r} of a {analysis} result holds Python objects: "
                    "only numbers, truth values and fixed-width text are kept"
                )
        folder = self._folder(analysis, key)
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            sync_file(folder.parent)
        with locked(folder / LOCK):
            for name, array in arrays.items():
                values = np.asarray(array)
                content = hash_array(values)
                file = f"{to_folder(name)}-{content}.npy"
                write_file(folder / file, *npy.pieces(values))
                fields["arrays"][name] = {"file": file, "hash": hash_file(folder / file)}
            write_sealed(folder / FILE, fields)
            self._sweep(folder, {entry["file"] for entry in fields["arrays"].values()})
        found = self.get(analysis, key)
        assert found is not None
        return found

    def get(self, analysis: str, key: str) -> StoredResult | None:
        """The result under a key, or None if there is none.

        Raises
        ------
        CaseError
            If its files are damaged; names the file.
        """
        folder = self._folder(analysis, key)
        for attempt in range(3):
            fields = _read(folder / FILE)
            if fields is None:
                return None
            try:
                arrays = {name: npy.open_array(folder / entry["file"]) for name, entry in fields["arrays"].items()}
            except CaseError:
                if attempt < 2 and _read(folder / FILE) != fields:
                    continue  # replaced by another process between the two reads
                raise
            return StoredResult(fields["analysis"], fields["key"], arrays, fields["meta"], fields["inputs"], fields["created"])
        raise CaseError(f"{folder / FILE} is being replaced again and again: try once more")

    def list(self, analysis: str) -> tuple[str, ...]:
        """Keys of an analysis' results, oldest first."""
        found = []
        for folder in (self.path / to_folder(analysis)).glob("*"):
            fields = _read(folder / FILE)
            if fields is not None:
                found.append((fields["created"], fields["key"]))
        return tuple(key for _, key in sorted(found))

    def analyses(self) -> tuple[str, ...]:
        """Names of the analyses that have results."""
        names = {fields["analysis"] for path in self.path.glob(f"*/*/{FILE}") if (fields := _read(path)) is not None}
        return tuple(sorted(names))

    def stale(self, analysis: str, key: str, inputs: Mapping[str, str]) -> builtins.list[str]:
        """Names of the inputs that are not what they were when the result was computed: changed, new or gone.

        An empty list means that the result holds. `inputs` are the hashes now.

        Raises
        ------
        CaseError
            If there is no such result.
        """
        fields = _read(self._folder(analysis, key) / FILE)
        if fields is None:
            raise CaseError(f"there is no {analysis} result under {key!r}")
        before: Mapping[str, str] = fields["inputs"]
        return [name for name in dict.fromkeys((*before, *inputs)) if before.get(name) != inputs.get(name)]

    def drop(self, analysis: str, key: str) -> None:
        """Take a result away; nothing happens if there is none."""
        folder = self._folder(analysis, key)
        if folder.is_dir():
            with locked(folder / LOCK):
                (folder / FILE).unlink(missing_ok=True)
                self._sweep(folder, set())

    def verify(self) -> builtins.list[str]:
        """Paths below ``results`` whose bytes are not what was put."""
        bad = []
        for path in sorted(self.path.glob(f"*/*/{FILE}")):
            try:
                fields = _read(path)
            except CaseError:
                bad.append(path)
                continue
            for entry in (fields or {"arrays": {}})["arrays"].values():
                file = path.parent / entry["file"]
                if not file.is_file() or hash_file(file) != entry["hash"]:
                    bad.append(file)
        return [path.relative_to(self.path).as_posix() for path in bad]

    def _folder(self, analysis: str, key: str) -> Path:
        return self.path / to_folder(analysis) / to_folder(key)

    @staticmethod
    def _sweep(folder: Path, keep: set[str]) -> None:
        for path in folder.iterdir():
            if (path.suffix == ".npy" and path.name not in keep) or path.name.endswith(PART):
                with contextlib.suppress(OSError):  # Windows keeps a file that somebody has mapped; the next put takes it
                    os.unlink(path)


def _read(path: Path) -> dict[str, Any] | None:
    """The fields of a result's file, None if it is missing."""
    try:
        fields = read_sealed(path)
        if any("/" in entry["file"] or "\\" in entry["file"] for entry in fields["arrays"].values()):
            raise ValueError("a file lies outside its folder")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CaseError(f"{path} is damaged ({error}): delete its folder and compute the result again") from error
    return fields


def _check_json(fields: Mapping[str, Any]) -> None:
    try:
        json.dumps(fields, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"what is kept beside a {fields['analysis']} result must be plain JSON, null where a number is not defined: {error}"
        ) from error
