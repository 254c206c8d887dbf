"""What is a case on the disk? A folder that holds one study; this opens it and hands out its parts."""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa

from underglass.errors import CaseError, DataError, ModelError, unknown
from underglass.store.fingerprints import hash_file
from underglass.store.instances import FILE as INSTANCES
from underglass.store.instances import check_instances, read_instances, write_instances
from underglass.store.journal import FILE as EDITS
from underglass.store.journal import Journal
from underglass.store.locks import Busy, locked
from underglass.store.manifest import SEALED, Manifest, change_manifest, library_versions, now, read_manifest, write_manifest
from underglass.store.media import MediaStore
from underglass.store.media_writer import MediaWriter
from underglass.store.model_folder import RECORD, ModelFolder
from underglass.store.names import to_folder
from underglass.store.patches import Applied, apply_patch, export_patch
from underglass.store.picks import Picks
from underglass.store.records import ModelRecord
from underglass.store.results import ResultStore
from underglass.store.shards import LOCK as SHARDS_LOCK
from underglass.store.shards import ShardWriter
from underglass.store.verification import verify
from underglass.store.writing import disk_errors, sync_file

KINDS = ("image", "text", "row")
Kind = Literal["image", "text", "row"]
UNFINISHED, BUSY = ".unfinished", ".busy"
ASIDE = "aside"
THERE = "{} is there already: choose another path, or open it"


class CaseFolder:
    """A case; made by `create` or `open`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._manifest, _ = read_manifest(path)
        self._stamp = self._seen()

    def __repr__(self) -> str:
        return f"CaseFolder({str(self.path)!r}, {self.manifest.instances} instances)"

    @classmethod
    def create(
        cls,
        path: str | Path,
        instances: pa.Table,
        *,
        kind: Kind,
        classes: Sequence[str],
        source: Mapping[str, Any],
        data_fingerprint: str,
        skipped: Sequence[tuple[str, str]] = (),
        name: str | None = None,
        fill: Callable[[MediaWriter], None] | None = None,
    ) -> Self:
        """Make a case: all of it is there in the end, or nothing.

        Parameters
        ----------
        path
            Where; must not exist. By custom it ends in ``.case``.
        instances
            See `check_instances`.
        kind
            ``"image"``, ``"text"`` or ``"row"``: what an instance is.
        classes
            Names of the labels, all different.
        source
            Plain JSON about where the instances came from; ``root`` is the folder that media links lie in.
        data_fingerprint
            Of ids and bytes of the data.
        skipped
            ``(id, reason)`` of instances that could not be read.
        name
            For people; by default the folder's name without ``.case``.
        fill
            Adds the media before the case appears.

        Raises
        ------
        CaseError
            If the path exists, or the disk is full.
        DataError
            If the instances are not what they must be.
        """
        place = Path(path)
        if place.exists() or place.is_symlink():
            raise CaseError(THERE.format(place))
        if kind not in KINDS:
            raise DataError(unknown("kind of instances", kind, KINDS))
        table = check_instances(instances, classes)
        manifest = Manifest(
            name=name or place.name.removesuffix(".case"),
            kind=kind,
            classes=tuple(str(one) for one in classes),
            instances=table.num_rows,
            source=dict(source),
            data_fingerprint=data_fingerprint,
            skipped=tuple((str(one), str(reason)) for one, reason in skipped),
            created=now(),
            versions=library_versions(),
        )
        with _draft(place) as draft:
            cls._fill(draft, manifest, table, fill)
        return cls(place)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a case.

        Raises
        ------
        CaseError
            If there is none, it is damaged, or a newer underglass made it.
        """
        return cls(Path(path))

    @classmethod
    def _fill(cls, folder: Path, manifest: Manifest, table: pa.Table, fill: Callable[[MediaWriter], None] | None) -> None:
        write_instances(folder, table)
        manifest = replace(manifest, files={INSTANCES: hash_file(folder / INSTANCES)})
        try:
            write_manifest(folder, manifest)
        except (TypeError, ValueError) as error:
            raise DataError(f"the description of the source must be plain JSON: {error}") from error
        Journal(folder / EDITS, instances=manifest.instances, data_fingerprint=manifest.data_fingerprint).close()
        for name in ("media", "models", "results"):
            (folder / name).mkdir()
        if fill is not None:
            with cls(folder).media.writing() as writer:
                fill(writer)

    @property
    def name(self) -> str:
        """For people."""
        return self.manifest.name

    @property
    def manifest(self) -> Manifest:
        """What is in the case, other processes' changes included."""
        stamp = self._seen()
        if stamp != self._stamp:
            self._manifest, _ = read_manifest(self.path)
            self._stamp = stamp
        return self._manifest

    @cached_property
    def instances(self) -> pa.Table:
        """``row`` int32, ``id``, ``label`` int32 (class index, null unlabelled), ``split``, and the person's own columns."""
        return read_instances(self.path, self.manifest.instances)

    @cached_property
    def source_labels(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Labels of the source, ``(instances,)`` int32, −1 unlabelled, read-only."""
        labels: np.ndarray[Any, np.dtype[np.int32]] = self.instances["label"].fill_null(-1).to_numpy().astype(np.int32)
        labels.flags.writeable = False
        return labels

    def labels(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Labels as they are now, edits laid over the source, ``(instances,)`` int32, −1 unlabelled."""
        return self.journal.state().label_codes(self.source_labels)

    @cached_property
    def media(self) -> MediaStore:
        """Images and texts of the instances."""
        root = self.manifest.source.get("root")
        return MediaStore(
            self.path / "media",
            self.manifest.instances,
            root=Path(root) if isinstance(root, str) else None,
            written=lambda: self._record("media/media.json"),
        )

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the captured models (finished or not), in the order of their capture."""
        return self.manifest.models

    @property
    def finished(self) -> tuple[ModelFolder, ...]:
        """The models whose capture is done, as they were together at one moment, in the order of their capture."""
        while True:
            names = self.models
            try:
                return tuple(one for one in map(self._model, names) if one.record.done)
            except CaseError:
                if self.models == names:
                    raise  # else one was set aside while we looked

    def model(self, name: str | None = None) -> ModelFolder:
        """A captured model; without a name, the only or the last finished one.

        Raises
        ------
        ModelError
            If there is none of that name; names the nearest.
        """
        names = self.models
        if not names:
            raise ModelError("no model has been captured into this case")
        if name is not None:
            if name not in names:
                raise ModelError(unknown("model", name, names))
            return self._model(name)
        folders = [self._model(one) for one in names]
        return next((one for one in reversed(folders) if one.record.done), folders[-1])

    def model_writer(self, record: ModelRecord) -> ShardWriter:
        """Write a capture; a context manager. Goes on where a capture of the same name stopped.

        Raises
        ------
        CaseError
            On entering: if a capture of that name is there with other settings or of another model, or is running.
        """
        if not record.name.strip():
            raise ModelError("a model needs a name")
        return ShardWriter(self._model_path(record.name), record, self.manifest.instances, self._record_model)

    def remove_model(self, name: str) -> None:
        """Remove a captured model with its activations."""
        self.set_aside_model(name)
        shutil.rmtree(self.path / ASIDE / to_folder(name))

    @property
    def aside(self) -> tuple[str, ...]:
        """Names of models that were set aside and can be taken back, in the order of the alphabet."""
        folder, names = self.path / ASIDE, set()
        for one in folder.iterdir() if folder.is_dir() else ():
            with suppress(CaseError):  # it was taken back while we looked, or is damaged and cannot be
                names.add(ModelFolder(one).name)
        return tuple(sorted(names.difference(self.models)))

    def set_aside_model(self, name: str) -> None:
        """Take a model out of the case and keep its files, so that it can be taken back; an older one of that name is forgotten.

        Raises
        ------
        ModelError
            If there is no such model.
        """
        folder, place = self.model(name), self.path / ASIDE / to_folder(name)
        record = f"models/{to_folder(name)}/{RECORD}"

        def change(manifest: Manifest) -> Manifest:
            models = tuple(one for one in manifest.models if one != name)
            return replace(manifest, models=models, files={one: value for one, value in manifest.files.items() if one != record})

        with locked(folder.path / SHARDS_LOCK, wait=False), disk_errors(folder.path):
            place.parent.mkdir(exist_ok=True)
            if place.exists():
                shutil.rmtree(place)
            change_manifest(self.path, change)
            folder.path.rename(place)

    def take_back_model(self, name: str) -> None:
        """Put a model that was set aside where it was.

        Raises
        ------
        ModelError
            If none of that name is aside, or another has taken its name.
        """
        if name in self.models:
            raise ModelError(f"another model is called {name!r} by now; remove that one first.")
        if name not in self.aside:
            raise ModelError(unknown("model that was set aside", name, self.aside))
        place = self._model_path(name)
        with disk_errors(place):
            if place.exists():
                shutil.rmtree(place)  # what is left of a capture that never began
            (self.path / ASIDE / to_folder(name)).rename(place)
        self._record_model(name)

    @cached_property
    def results(self) -> ResultStore:
        """Results of analyses."""
        return ResultStore(self.path / "results")

    @property
    def picks(self) -> Picks:
        """The rows of the last picks that addresses may name."""
        return Picks(self.path / "picks")

    @cached_property
    def journal(self) -> Journal:
        """The edits."""
        manifest = self.manifest
        if not (self.path / EDITS).exists():
            lost = f"{self.path / EDITS} is missing: the edits of this case are lost, and new ones start from the source"
            warnings.warn(lost, stacklevel=3)
        return Journal(
            self.path / EDITS,
            instances=manifest.instances,
            data_fingerprint=manifest.data_fingerprint,
            classes=manifest.classes,
            source_labels=lambda: self.source_labels,
        )

    def export_patch(self, path: str | Path) -> int:
        """Write all edits as a patch (lines of JSON) that `apply_patch` makes on a copy of the case; how many rows."""
        return export_patch(self.journal, Path(path))

    def apply_patch(self, path: str | Path) -> Applied:
        """Make the edits of a patch; see `underglass.store.patches`.

        Raises
        ------
        EditError
            If it is for other data, damaged, or changes what was changed here as well; nothing is changed then.
        """
        return apply_patch(self.journal, Path(path))

    def verify(self) -> list[str]:
        """Paths of files whose bytes differ from what was recorded; empty if the case is whole."""
        return verify(self.path)

    def close(self) -> None:
        """Let go of the journal's file; the case can be used again afterwards."""
        if "journal" in self.__dict__:
            self.journal.close()
            del self.__dict__["journal"]

    def _model(self, name: str) -> ModelFolder:
        model = ModelFolder(self._model_path(name))
        if model.instances != self.manifest.instances:
            raise CaseError(
                f"{model.path} was captured on {model.instances} instances, and this case has {self.manifest.instances}: "
                "capture the model again"
            )
        return model

    def _model_path(self, name: str) -> Path:
        return self.path / "models" / to_folder(name)

    def _record(self, path: str) -> None:
        """Note in the manifest that a file with a seal of its own must be there."""
        change_manifest(self.path, lambda m: replace(m, files={**m.files, path: SEALED}))

    def _record_model(self, name: str) -> None:
        path = f"models/{to_folder(name)}/{RECORD}"

        def change(manifest: Manifest) -> Manifest:
            models = manifest.models if name in manifest.models else (*manifest.models, name)
            return replace(manifest, models=models, files={**manifest.files, path: SEALED})

        change_manifest(self.path, change)

    def _seen(self) -> tuple[int, int, int] | None:
        try:
            found = (self.path / "case.json").stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


@contextmanager
def _draft(place: Path) -> Iterator[Path]:
    """A hidden folder that becomes `place` at the end, or is removed; what killed processes left of theirs goes too."""
    with disk_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        for left in place.parent.glob(f".{glob.escape(place.name)}.*{UNFINISHED}"):
            with suppress(Busy, OSError), locked(left / BUSY, wait=False):
                shutil.rmtree(left)
        draft = place.parent / f".{place.name}.{secrets.token_hex(4)}{UNFINISHED}"
        draft.mkdir()
    try:
        with locked(draft / BUSY):
            yield draft
            (draft / BUSY).unlink()
            with disk_errors(place):
                sync_file(draft)
                if place.exists():
                    raise CaseError(THERE.format(place))
                try:
                    os.rename(draft, place)
                except OSError as error:
                    if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                        raise CaseError(THERE.format(place)) from error
                    raise
                sync_file(place.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
