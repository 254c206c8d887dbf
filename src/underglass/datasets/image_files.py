"""How is a folder of pictures read, and where do its labels come from?"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from underglass.datasets.columns import columns_of, readable, to_arrow
from underglass.datasets.dataset import Instances, Progress, Skipped
from underglass.datasets.files import read_table
from underglass.datasets.instances import instance_table
from underglass.datasets.labels import encode
from underglass.datasets.pictures import SUFFIXES, Inspected, inspect_all, read_picture
from underglass.errors import DataError, unknown

SPLITS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}
FILE_COLUMNS = ("file", "filename", "file_name", "path", "image", "id")


def image_folder(
    path: str | Path,
    *,
    labels: Any = "folders",
    classes: Sequence[str] | None = None,
    split: Any = None,
    progress: Progress | None = None,
) -> Instances:
    """Read the pictures below a folder; an instance's id is its path relative to that folder.

    Parameters
    ----------
    path : folder
        Looked through with all that is below it; hidden files and folders are left aside.
    labels : "folders", mapping, table or None
        ``"folders"``: the name of the folder a picture lies in, one level down (or two, below folders called train,
        val, test …, which then are the split). Or a mapping from relative path to label; or a table (path of a CSV or
        Parquet file, or pandas, polars, Arrow) with a column ``file`` and a column ``label``, whose further columns
        become metadata. None: no labels.
    classes : names
        In the order of the model's outputs; sorted names without them.
    split : one word
        For all pictures, where folders or the table do not say it.
    progress : callable (done, total, stage)
        Called while the files are read; each is read once, to its last byte.

    Returns
    -------
    A `Dataset` with columns ``width`` and ``height`` (pixels). Its ``load`` gives (H, W, 3), of grey pictures (H, W),
    uint8. Files that are no whole pictures are in ``skipped`` with the reason, never replaced by anything.

    Raises
    ------
    DataError
        No such folder, no picture in it, or not one of them whole.
    """
    root = Path(path)
    if not root.is_dir():
        raise DataError(
            f"{str(root)!r} is {'a file' if root.exists() else 'not there'}; image_folder reads a folder of pictures."
        )
    files = sorted(found for found in _walk(root))
    if not files:
        raise DataError(f"no picture below {str(root)!r}; looked for {', '.join(SUFFIXES)}.")
    ids = [readable(file.as_posix()) for file in files]
    given = _Given.read(labels, root, ids, classes)
    seen = inspect_all([root / file for file in files], progress)
    keep = [i for i, one in enumerate(seen) if one.fault is None]
    skipped = [(ids[i], one.fault) for i, one in enumerate(seen) if one.fault is not None] + given.absent
    return assemble(
        kept=[root / files[i] for i in keep],
        ids=[ids[i] for i in keep],
        seen=[seen[i] for i in keep],
        labels=None if given.labels is None else [given.labels[i] for i in keep],
        classes=given.classes,
        split=split if given.split is None else [given.split[i] for i in keep],
        metadata={name: [values[i] for i in keep] for name, values in given.metadata.items()},
        skipped=skipped,
        description={"reader": "image_folder", "root": readable(str(root.resolve()))},
    )


def assemble(
    *,
    kept: Sequence[Path],
    ids: Any,
    seen: Sequence[Inspected],
    labels: Any,
    classes: Sequence[str] | None,
    split: Any,
    metadata: Mapping[str, Any],
    skipped: Sequence[Skipped],
    description: Mapping[str, Any],
) -> Instances:
    """A data set of picture files that were all read to their end.

    Raises
    ------
    DataError
        Not one of the pictures is whole.
    """
    if not kept and skipped:
        name, fault = skipped[0]
        raise DataError(f"not one of {len(skipped):,} pictures can be used; the first, {name!r}: {fault}.")
    codes, names = encode(labels, classes, len(kept))
    sizes = {
        "width": pa.array([one.width for one in seen], pa.int32()),
        "height": pa.array([one.height for one in seen], pa.int32()),
    }
    columns = {**{name: values for name, values in sizes.items() if name not in metadata}, **metadata}
    table = instance_table(len(kept), ids=ids, labels=codes, split=split, metadata=columns)
    paths = tuple(kept)

    def picture(row: int) -> Any:
        return read_picture(paths[row])

    return Instances(
        kind="image",
        classes=names,
        table=table,
        description=dict(description),
        identity=identity(table.column("id").to_pylist(), [one.digest for one in seen]),
        source=picture,
        show=picture,
        skipped=tuple(skipped),
    )


def identity(ids: Sequence[Any], digests: Sequence[str]) -> str:
    """32 hexadecimal digits over the ids and the digests of their files."""
    digest = hashlib.blake2b(digest_size=16)
    for name, one in zip(ids, digests, strict=True):
        digest.update(f"{name}\x00{one}\n".encode())
    return digest.hexdigest()


def _walk(root: Path) -> Iterator[Path]:
    """Relative paths of the pictures below; links are followed, each folder once."""
    visited: set[str] = set()
    for folder, below, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        below[:] = sorted(name for name in below if not _hidden(name)) if real not in visited else []
        if real in visited:
            continue
        visited.add(real)
        for name in files:
            if not _hidden(name) and name.lower().endswith(SUFFIXES):
                yield (Path(folder) / name).relative_to(root)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


class _Given:
    """What folders or a table say about the pictures found."""

    def __init__(
        self,
        labels: list[Any] | None = None,
        classes: Sequence[str] | None = None,
        split: list[str | None] | None = None,
        metadata: dict[str, list[Any]] | None = None,
        absent: list[Skipped] | None = None,
    ) -> None:
        self.labels, self.classes, self.split = labels, classes, split
        self.metadata, self.absent = metadata or {}, absent or []

    @classmethod
    def read(cls, labels: Any, root: Path, ids: list[str], classes: Sequence[str] | None) -> _Given:
        if labels is None:
            return cls(classes=classes)
        if isinstance(labels, str) and labels == "folders":
            return cls.by_folder(root, ids, classes)
        if isinstance(labels, str | Path):
            labels = read_table(labels)
        if isinstance(labels, Mapping) and not set(labels) & {*FILE_COLUMNS, "label"}:
            labels = {"file": list(labels), "label": list(labels.values())}
        return cls.by_table(labels, ids, classes)

    @classmethod
    def by_folder(cls, root: Path, ids: list[str], classes: Sequence[str] | None) -> _Given:
        parts = [name.split("/") for name in ids]
        tops = {part[0] for part in parts if len(part) > 1}
        is_split = bool(tops) and {top.lower() for top in tops} <= SPLITS and all(len(part) != 2 for part in parts)
        level = 1 if is_split else 0
        labels = [part[level] if len(part) > level + 1 else None for part in parts]
        if not any(labels):
            return cls(classes=classes)
        parents = [root / top for top in tops] if is_split else [root]
        folders = {
            readable(entry.name)
            for parent in parents
            for entry in os.scandir(parent)
            if entry.is_dir() and not _hidden(entry.name)
        }
        split = [part[0] if len(part) > 1 else None for part in parts] if is_split else None
        return cls(labels, classes if classes is not None else sorted(folders), split)

    @classmethod
    def by_table(cls, table: Any, ids: list[str], classes: Sequence[str] | None) -> _Given:
        columns = columns_of(table)
        if columns is None:
            raise DataError(f"labels is {type(table).__name__}; it may be 'folders', a mapping from file to label, or a table.")
        key = next((name for name in FILE_COLUMNS if name in columns), None)
        if key is None:
            raise DataError(
                f"the table of labels needs a column 'file' with paths relative to the folder; it has {', '.join(columns)}."
            )
        if "label" not in columns:
            raise DataError(unknown("column", "label", columns))
        lists = {name: to_arrow(name, values).to_pylist() for name, values in columns.items()}
        position = {readable(str(file)): i for i, file in enumerate(lists.pop(key))}
        rows = [position.get(name) for name in ids]
        if all(row is None for row in rows):
            raise DataError(
                "not one picture is in the table of labels: "
                f"files are called like {ids[0]!r}, the table says {next(iter(position), '')!r}."
            )
        aligned = {name: [None if row is None else values[row] for row in rows] for name, values in lists.items()}
        found = set(ids)
        absent = [(name, "in the table of labels, but no such file") for name in position if name not in found]
        return cls(aligned.pop("label"), classes, aligned.pop("split", None), aligned, absent)
