"""How is a torch Dataset or DataLoader, or a Hugging Face dataset, read without knowing either?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from underglass.datasets.dataset import Array, Instances, Kind, Progress
from underglass.datasets.instances import instance_table
from underglass.datasets.labels import encode
from underglass.datasets.pictures import pixels, shown
from underglass.errors import DataError

INPUT_KEYS = ("image", "images", "pixel_values", "x", "input", "inputs", "text", "img")
LABEL_KEYS = ("label", "labels", "target", "y", "class")


def torch(
    data: Any,
    *,
    classes: Sequence[str] | None = None,
    ids: Any = None,
    split: Any = None,
    metadata: Any = None,
    progress: Progress | None = None,
) -> Instances:
    """Read a torch ``Dataset`` with positions, the one inside a ``DataLoader``, or one split of a Hugging Face dataset.

    The items are taken in the data set's own order (a loader's shuffling and batching are left aside) and read once to
    learn labels and fingerprint; after that an item is asked for when it is needed.

    Parameters
    ----------
    data : Dataset with positions, or DataLoader
        Gives ``(input, label)``, a mapping with one of the usual names, or the input alone; an input is a tensor, an
        array, a PIL image or a text.
    classes : names
        In the order of the model's outputs; without them, those that the data set itself names.
    ids : (N,) unique integers or strings
        0 … N − 1 without them.
    split : one word for all, or (N,) words
        Such as ``"train"`` and ``"test"``.
    metadata : dict of columns, or a pandas, polars or Arrow table
        (N,) each.
    progress : callable (done, total, stage)
        Called during the first reading.

    Returns
    -------
    A `Dataset` whose ``load`` gives arrays as they are, PIL images as (H, W[, 3]) uint8.

    Raises
    ------
    DataError
        A data set without length or positions, or one that gives another item each time (augmentation).
    """
    source = data.dataset if hasattr(data, "dataset") and hasattr(data, "batch_size") else data
    if not (hasattr(source, "__len__") and hasattr(source, "__getitem__")):
        raise DataError(
            f"{type(source).__name__} can only be run through once; instances need positions. Collect it first: list(dataset)."
        )
    count = len(source)
    classes = classes if classes is not None else _class_names(source)
    labels: list[Any] = []
    digest = hashlib.blake2b(digest_size=16)
    kind: Kind = "image"
    for row in range(count):
        value, label = _split_item(source[row])
        if row == 0:
            kind = _kind(value)
            _refuse_augmentation(source, value)
        labels.append(label)
        _digest(digest, value)
        if progress is not None and (row % 100 == 99 or row == count - 1):
            progress(row + 1, count, "reading the data set")
    given = None if all(label is None for label in labels) else labels
    codes, names = encode(given, classes, count)
    table = instance_table(count, ids=ids, labels=codes, split=split, metadata=metadata)
    digest.update(repr(table.column("id").to_pylist()).encode())

    def load(row: int) -> Any:
        return _split_item(source[row])[0]

    return Instances(
        kind=kind,
        classes=names,
        table=table,
        description={"reader": "torch", "dataset": type(source).__name__},
        identity=digest.hexdigest(),
        source=load,
        show=_shower(kind, load),
    )


def _class_names(source: Any) -> Sequence[str] | None:
    features = getattr(source, "features", None)
    if isinstance(features, Mapping):
        named = (getattr(features.get(key), "names", None) for key in LABEL_KEYS)
        return next((names for names in named if names), None)
    names = getattr(source, "classes", None)
    if isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names):
        return names
    return None


def _split_item(item: Any) -> tuple[Any, Any]:
    """Input and label (or None) of one item."""
    if isinstance(item, Mapping):
        key = next((key for key in INPUT_KEYS if key in item), None)
        if key is None:
            raise DataError(
                f"an item has the keys {', '.join(map(str, item))}; its input must be one of {', '.join(INPUT_KEYS)}."
            )
        return _raw(item[key]), _label(next((item[name] for name in LABEL_KEYS if name in item), None))
    if isinstance(item, tuple | list) and len(item) >= 2:
        return _raw(item[0]), _label(item[1])
    if isinstance(item, tuple | list) and len(item) == 1:
        return _raw(item[0]), None
    return _raw(item), None


def _raw(value: Any) -> Any:
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    if hasattr(value, "getbands"):
        return pixels(value)
    return value


def _label(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    if array.size != 1:
        raise DataError(f"a label has shape {array.shape}; it must be one class index or name.")
    return array.reshape(()).item()


def _kind(value: Any) -> Kind:
    if isinstance(value, str):
        return "text"
    if isinstance(value, np.ndarray) and value.ndim in (2, 3):
        return "image"
    return "row"


def _refuse_augmentation(source: Any, first: Any) -> None:
    again, _ = _split_item(source[0])
    same = np.array_equal(first, again) if isinstance(first, np.ndarray) else first == again
    if not same:
        raise DataError("item 0 differs when it is read again: turn augmentation and other randomness off for the study.")


def _digest(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).data)
    else:
        digest.update(repr(value).encode("utf-8", "surrogatepass") + b"\x00")


def _shower(kind: Kind, load: Any) -> Any:
    def picture(row: int) -> Array:
        return shown(load(row))

    if kind == "image":
        return picture
    return load if kind == "text" else lambda row: None
