"""How do the instances of a case come back without the data they were read from, or with it where it still lies?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from underglass.datasets.array_data import fingerprint
from underglass.datasets.dataset import Array, Instances, Kind
from underglass.datasets.image_files import identity
from underglass.datasets.pictures import inspect_all, read_picture, shown
from underglass.errors import DataError

GIVE_IT = "Give the data set itself: case.attach(model, dataset)."


class Kept(Protocol):
    """What a case keeps of its pictures and texts."""

    def stack(self, rows: Sequence[int]) -> Array | None:
        """Pictures as they were put, (rows, height, width[, channels]) uint8, if all are of one size and unscaled."""

    def text(self, row: int) -> str | None:
        """An instance's text."""


def reopen(source: Mapping[str, Any], table: pa.Table, media: Kept, classes: Sequence[str] = ()) -> Instances:
    """The data set of a case, from what the case says of its source.

    Arrays, texts and rows of features come out of the case itself, if it holds them unscaled; pictures of a folder are
    read where they lay. The fingerprint is computed when asked for, from what is there now, so that it tells a change.

    Parameters
    ----------
    source : mapping
        The description that the reader gave.
    table : instances of the case
        One row each, in their order.
    media : pictures and texts of the case
        Anything with ``stack`` and ``text``.
    classes : names
        In the order of the labels.

    Raises
    ------
    DataError
        The case does not hold enough; the message says what is missing.
    """
    reader = source.get("reader")
    kind, load, identified = _found(source, table, media, str(reader))

    def show(row: int) -> Any:
        value = load(row)
        return shown(value) if kind == "image" else value if kind == "text" else None

    return Instances(kind, tuple(classes), table, dict(source), identified, load, show)


def _found(
    source: Mapping[str, Any], table: pa.Table, media: Kept, reader: str
) -> tuple[Kind, Callable[[int], Any], Callable[[], str]]:
    ids = table.column("id")
    if reader == "image_folder" or (reader == "table" and "image" in source):
        return _files(source, table)
    if reader == "table" and "features" in source:
        records = _records(source, table)
        return "row", records.__getitem__, lambda: fingerprint(ids, records)
    if reader in ("arrays", "table") and table.num_rows and media.text(0) is not None:
        texts = [media.text(row) for row in range(table.num_rows)]
        return "text", texts.__getitem__, lambda: fingerprint(ids, texts)
    if reader == "arrays":
        values = _values(source, table, media)
        return ("row" if values.ndim == 2 else "image"), values.__getitem__, lambda: fingerprint(ids, values)
    raise DataError(f"the case was made from {reader!r} data, which it cannot read again by itself. {GIVE_IT}")


def _files(source: Mapping[str, Any], table: pa.Table) -> tuple[Kind, Callable[[int], Any], Callable[[], str]]:
    root = Path(str(source.get("root")))
    if not root.is_dir():
        raise DataError(f"the pictures lay in {str(root)!r}, and that folder is not there now. {GIVE_IT}")
    names = table.column(str(source.get("image", "id"))).to_pylist()
    paths = [root / str(name) for name in names]

    def identified() -> str:
        return identity(table.column("id").to_pylist(), [one.digest for one in inspect_all(paths)])

    return "image", lambda row: read_picture(paths[row]), identified


def _records(source: Mapping[str, Any], table: pa.Table) -> list[dict[str, Any]]:
    moved = source.get("moved", {})
    columns = {str(name): table.column(moved.get(name, name)).to_pylist() for name in source["features"]}
    return (
        [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        if columns
        else [{}] * table.num_rows
    )


def _values(source: Mapping[str, Any], table: pa.Table, media: Kept) -> Array:
    """The array that the case was made from."""
    shape, kind = source.get("shape"), str(source.get("dtype"))
    if shape is not None and len(shape) == 1:
        names = [f"feature_{feature}" for feature in range(shape[0])]
        if set(names) <= set(table.column_names):
            return np.column_stack([table.column(name).to_numpy() for name in names]).astype(kind)
        raise DataError(f"rows of {shape[0]} features are more than the case keeps. {GIVE_IT}")
    stack = media.stack(range(table.num_rows)) if shape is not None and kind == "uint8" else None
    if stack is None or shape is None:
        raise DataError(f"the case keeps its pictures only as they are shown, not as they were ({kind} {shape or ''}). {GIVE_IT}")
    if list(stack.shape[1:]) == list(shape):
        return stack
    if stack.ndim == 4 and [stack.shape[3], *stack.shape[1:3]] == list(shape):
        return np.moveaxis(stack, 3, 1)
    if stack[0].size == int(np.prod(shape)):
        return stack.reshape(-1, *shape)
    raise DataError(f"the case keeps {stack.shape[1:]} of pictures that were {tuple(shape)}. {GIVE_IT}")
